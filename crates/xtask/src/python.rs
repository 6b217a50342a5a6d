//! `cargo xtask python`: builds the wheel, installs it into an environment of its own, and runs its tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};

use crate::cargo;

/// What the environment has beside the wheel.
const TOOLS: [&str; 3] = ["maturin>=1.9,<2", "pytest>=8", "mypy>=1.18"];

/// Builds the Python wheel, and runs its tests against the program
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// As it is shipped; by default without optimisation, which is built sooner
    #[arg(long)]
    release: bool,
    /// The Python to build and test with
    #[arg(long, default_value = "python3")]
    python: PathBuf,
}

/// Runs the chore.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let profile = if options.release { "release" } else { "dev" };
    let source = cargo::root().join("crates/python");
    let target = cargo::target_dir()?.join("python");
    let venv = target.join("venv");
    done(Command::new(&options.python).args(["-m", "venv"]).arg(&venv))?;
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    done(pip(&python).args(TOOLS))?;
    let wheels = target.join("wheels");
    // A wheel of an earlier version would be taken for this one.
    if wheels.exists() {
        fs::remove_dir_all(&wheels)?;
    }
    let mut maturin = Command::new(&python);
    maturin.args(["-m", "maturin", "build", "--profile", profile]).current_dir(&source);
    done(maturin.arg("--out").arg(&wheels).env("CARGO_TARGET_DIR", target.join("build")))?;
    done(pip(&python).args(["--force-reinstall", "--no-index", "--no-deps"]).arg(wheel(&wheels)?))?;
    let program = cargo::build_in(profile, "dumplens", "dumplens")?;
    let mut tests = Command::new(&python);
    done(tests.args(["-m", "pytest", "-q"]).env("DUMPLENS_PROGRAM", program).current_dir(&source))?;
    // What the type hints say against what the module has.
    let mut hints = Command::new(&python);
    done(
        hints
            .args(["-m", "mypy.stubtest", "dumplens", "--ignore-missing-stub", "--ignore-disjoint-bases"])
            .arg("--allowlist")
            .arg(source.join("tests/stubtest.txt"))
            .current_dir(&target),
    )?;
    Ok(ExitCode::SUCCESS)
}

fn pip(python: &Path) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip
}

fn wheel(folder: &Path) -> anyhow::Result<PathBuf> {
    let wheel = fs::read_dir(folder)?.next().context("maturin built no wheel")??;
    Ok(wheel.path())
}

/// Runs a command; fails if it does.
fn done(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    if !status.success() {
        bail!("{command:?}: {status}");
    }
    Ok(())
}
