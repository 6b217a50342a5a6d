//! Asking cargo: where things are, and to build them.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates.and_then(Path::parent).expect("this crate lies in crates/xtask")
}

/// The directory that builds go to.
pub(crate) fn target_dir() -> anyhow::Result<PathBuf> {
    let metadata = run(&["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata: Value = serde_json::from_slice(&metadata)?;
    let dir = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    Ok(PathBuf::from(dir))
}

/// Builds a binary in the release profile and returns its path.
///
/// Each package is built by a command of its own: built together they would share features, and a program would
/// not be measured as its users get it.
pub(crate) fn build(package: &str, bin: &str) -> anyhow::Result<PathBuf> {
    build_in("release", package, bin)
}

/// As [`build`], in the profile named.
pub(crate) fn build_in(profile: &str, package: &str, bin: &str) -> anyhow::Result<PathBuf> {
    let format = "--message-format=json-render-diagnostics";
    let messages =
        run(&["build", "--profile", profile, "--quiet", "--package", package, "--bin", bin, format])?;
    for line in messages.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{")) {
        let message: Value = serde_json::from_slice(line)?;
        if let (Some(path), true) = (message["executable"].as_str(), message["target"]["name"] == bin) {
            return Ok(PathBuf::from(path));
        }
    }
    bail!("cargo built {bin} but did not say where it is")
}

/// The version of a package in Cargo.lock.
pub(crate) fn locked_version(package: &str) -> anyhow::Result<String> {
    let path = root().join("Cargo.lock");
    let lock = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let entry = format!("name = \"{package}\"\nversion = \"");
    let lock = lock.replace("\r\n", "\n");
    let version = lock.split_once(&entry).and_then(|(_, rest)| rest.split('"').next());
    Ok(version.with_context(|| format!("{package} is not in Cargo.lock"))?.to_owned())
}

/// Runs cargo in the workspace; returns what it printed.
fn run(args: &[&str]) -> anyhow::Result<Vec<u8>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    let output = command.args(args).current_dir(root()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("`cargo {}` failed", args.join(" "));
    }
    Ok(output.stdout)
}
