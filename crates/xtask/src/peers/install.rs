//! Peers that are not ours to build: found in the directory, or else installed into it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// A package of PyPI, and the script that is run on it.
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    script: &'static str,
    text: &'static str,
}

pub(super) const MINIDUMP: Package = Package {
    name: "minidump",
    version: "0.0.24",
    script: "pypi_minidump.py",
    text: include_str!("scripts/pypi_minidump.py"),
};
pub(super) const UDMP: Package = Package {
    name: "udmp-parser",
    version: "0.7.0",
    script: "udmp_totals.py",
    text: include_str!("scripts/udmp_totals.py"),
};

/// minidump-stackwalk, of the version that the `minidump` crate has.
pub(super) fn stackwalk(dir: &Path, version: &str) -> anyhow::Result<PathBuf> {
    let root = dir.join(format!("stackwalk-{version}"));
    let path = root.join("bin").join(format!("minidump-stackwalk{}", env::consts::EXE_SUFFIX));
    if !path.exists() {
        eprintln!("installing minidump-stackwalk {version} ...");
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command.args([
            "install",
            "minidump-stackwalk",
            "--locked",
            "--quiet",
            "--version",
            version,
            "--root",
        ]);
        quiet(command.arg(&root).env_remove("CARGO_TARGET_DIR"))?;
    }
    Ok(path)
}

/// An interpreter that has the package, and the script.
pub(super) fn python(dir: &Path, package: &Package) -> anyhow::Result<(PathBuf, PathBuf)> {
    let venv = dir.join("venv");
    let python = if cfg!(windows) { venv.join("Scripts/python.exe") } else { venv.join("bin/python") };
    if !python.exists() {
        let system = if cfg!(windows) { "python" } else { "python3" };
        quiet(Command::new(system).args(["-m", "venv"]).arg(&venv))?;
    }
    let script = dir.join(package.script);
    fs::write(&script, package.text).with_context(|| script.display().to_string())?;
    if !has(&python, package) {
        eprintln!("installing {} {} ...", package.name, package.version);
        let wanted = format!("{}=={}", package.name, package.version);
        let args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &wanted];
        quiet(Command::new(&python).args(args))?;
    }
    Ok((python, script))
}

fn has(python: &Path, package: &Package) -> bool {
    let asked = format!("import importlib.metadata as m; print(m.version({:?}))", package.name);
    let output = Command::new(python).args([OsStr::new("-c"), asked.as_ref()]).output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == package.version)
}

fn quiet(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    bail!("{}", said.trim().lines().next_back().unwrap_or("it failed"));
}
