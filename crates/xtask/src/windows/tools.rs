//! What the chore needs beside the project's own toolchain: Debian's Rust, mingw and Wine.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::cargo;

pub(super) const TARGET: &str = "x86_64-pc-windows-gnu";
/// Debian's, beside rustup's own.
const CARGO: &str = "/usr/bin/cargo";
const RUSTC: &str = "/usr/bin/rustc";
/// What each of them is installed with.
const PACKAGES: &str = "apt-get install rustc-web cargo-web rust-web-src gcc-mingw-w64-x86-64 wine wine64";

/// Where things are.
pub(super) struct Tools {
    release: bool,
    /// A directory of its own: its compiler is another one.
    target: PathBuf,
}

/// What became of tests.
#[derive(Debug, Default)]
pub(super) struct Tests {
    pub(super) passed: u64,
    pub(super) failed: u64,
    ignored: u64,
}

impl fmt::Display for Tests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "tests under Wine: {} passed, {} failed, {} ignored",
            self.passed, self.failed, self.ignored
        )
    }
}

impl Tools {
    /// Fails, with what to install, if one of them is missing.
    pub(super) fn find(release: bool) -> anyhow::Result<Tools> {
        for (program, argument) in [
            (CARGO, "--version"),
            (RUSTC, "--version"),
            ("x86_64-w64-mingw32-gcc", "--version"),
            ("wine", "--version"),
        ] {
            let status =
                Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
            if !status.is_ok_and(|status| status.success()) {
                bail!("{program} is not there or does not run; on Debian: {PACKAGES}");
            }
        }
        Ok(Tools { release, target: cargo::target_dir()?.join("windows") })
    }

    pub(super) fn rustc() -> anyhow::Result<String> {
        first_line(Command::new(RUSTC).arg("--version"))
    }

    pub(super) fn wine_version() -> anyhow::Result<String> {
        first_line(Command::new("wine").arg("--version"))
    }

    /// Builds the program; returns where it is.
    pub(super) fn build(&self) -> anyhow::Result<PathBuf> {
        let status = self.cargo("build").args(["--package", "dumplens"]).status()?;
        if !status.success() {
            bail!("the program for Windows was not built");
        }
        let folder = if self.release { "release" } else { "debug" };
        Ok(self.target.join(TARGET).join(folder).join("dumplens.exe"))
    }

    /// The profile that programs are built in.
    pub(super) fn profile(&self) -> &'static str {
        if self.release { "release" } else { "dev" }
    }

    /// Runs the tests of packages, each of their programs under Wine, and lets their output through.
    pub(super) fn test(&self, packages: &[&str]) -> anyhow::Result<Tests> {
        let mut command = self.cargo("test");
        command.args(["--no-fail-fast", "--lib", "--bins", "--tests"]).stdout(Stdio::piped());
        for package in packages {
            command.args(["--package", package]);
        }
        let mut child = command.spawn()?;
        let mut tests = Tests::default();
        for line in BufReader::new(child.stdout.take().context("a pipe")?).lines() {
            let line = line?;
            println!("{line}");
            tests.count(&line);
        }
        let status = child.wait()?;
        if !status.success() && tests.failed == 0 {
            bail!("the tests for Windows were not built, or did not come to an end");
        }
        Ok(tests)
    }

    /// A command that runs a program of Windows.
    pub(super) fn wine(&self, program: &Path) -> Command {
        let mut command = Command::new("wine");
        command.arg(program);
        self.for_wine(&mut command);
        command
    }

    /// Makes Wine's own folder, once.
    pub(super) fn prepare_wine(&self) -> anyhow::Result<()> {
        let mut command = Command::new("wineboot");
        self.for_wine(command.arg("-i").stdout(Stdio::null()).stderr(Stdio::null()));
        if !command.status().context("wineboot")?.success() {
            bail!("wineboot -i failed");
        }
        self.complete_wine()
    }

    /// Gives Wine the library that Rust's own wants and that it does not have before version 9.
    fn complete_wine(&self) -> anyhow::Result<()> {
        let library = self.target.join("wine/drive_c/windows/system32/bcryptprimitives.dll");
        if library.exists() {
            return Ok(());
        }
        let source = cargo::root().join("crates/xtask/src/windows/bcryptprimitives.c");
        let mut gcc = Command::new("x86_64-w64-mingw32-gcc");
        gcc.args(["-shared", "-O1", "-o"]).arg(library).arg(source).arg("-ladvapi32");
        if !gcc.status()?.success() {
            bail!("{gcc:?} failed");
        }
        Ok(())
    }

    fn for_wine(&self, command: &mut Command) {
        // No registry and no drives of whoever runs this; no display, and no words of Wine's own.
        command.env("WINEPREFIX", self.target.join("wine")).env("WINEDEBUG", "-all").env_remove("DISPLAY");
    }

    fn cargo(&self, what: &str) -> Command {
        let mut command = Command::new(CARGO);
        command.current_dir(cargo::root()).arg(what).args(["-Zbuild-std", "--target", TARGET]);
        command.args(["--profile", self.profile()]);
        // What the cargo and the toolchain that run this chore have set is not for the other ones.
        for name in ["CARGO", "RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH", "RUSTFLAGS", "RUSTC_WRAPPER"] {
            command.env_remove(name);
        }
        command
            .env("RUSTC", RUSTC)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_DIR", &self.target)
            // With them each program has two hundred megabytes, which Wine reads into memory: bounds of memory would
            // not hold, nor the disk.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_DEV_STRIP", "symbols")
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", "wine");
        self.for_wine(&mut command);
        command
    }
}

impl Tests {
    /// `test result: ok. 12 passed; 0 failed; 1 ignored; …`
    fn count(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for count in counts.split("; ") {
            match count.split_once(' ').map(|(number, what)| (number.parse().unwrap_or(0), what)) {
                Some((number, "passed")) => self.passed += number,
                Some((number, "failed")) => self.failed += number,
                Some((number, "ignored")) => self.ignored += number,
                _ => {}
            }
        }
    }
}

fn first_line(command: &mut Command) -> anyhow::Result<String> {
    let output = command.env_remove("LD_LIBRARY_PATH").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}
