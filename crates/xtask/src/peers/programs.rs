//! The programs that are compared, and what each of them answers.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::install;
use super::subjects::Subject;
use crate::cargo;

/// A program, or a command of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Summary,
    Why,
    Harness,
    Stackwalk,
    PypiMinidump,
    Udmp,
}

/// A program that could be had.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) who: Who,
    /// With its version.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// What stands before the dump.
    before: Vec<OsString>,
}

impl Who {
    pub(super) fn is_own(self) -> bool {
        matches!(self, Who::Summary | Who::Why)
    }

    /// What is measured, for the document.
    pub(super) fn answers(self) -> &'static str {
        match self {
            Who::Summary => {
                "`!address -summary`: bytes and regions by usage (image, stack, heap, TEB, PEB …), type, state and \
                 protection; largest region of each; system, process, exception with its C++ type, commit limit"
            }
            Who::Why => {
                "all of that, the stack of the thread of the exception, heaps, and what happened, with evidence"
            }
            Who::Harness => {
                "49 lines: bytes by type, state and protection, bytes of images, largest free region"
            }
            Who::Stackwalk => {
                "JSON: system, exception, modules, handles, and the stacks of all threads, without symbols; \
                 nothing about the address space"
            }
            Who::PypiMinidump => {
                "a script of 30 lines: bytes by type and state, largest free region; the package parses every stream first"
            }
            Who::Udmp => "a script of 35 lines: bytes by type, state and protection, largest free region",
        }
    }
}

impl Program {
    pub(super) fn on(&self, subject: &Subject) -> Command {
        let mut command = self.command(&self.before);
        command.arg(&subject.path);
        command
    }

    /// Starts the program and ends it, without a dump.
    pub(super) fn starting(&self) -> Command {
        self.command(["--version"])
    }

    pub(super) fn command<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(&self, args: I) -> Command {
        let mut command = Command::new(&self.path);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

fn program(who: Who, name: String, path: PathBuf, before: Vec<OsString>) -> Program {
    Program { who, name, path, before }
}

/// Builds ours: `summary` and `why`.
pub(super) fn own() -> anyhow::Result<Vec<Program>> {
    eprintln!("building ...");
    let dumplens = cargo::build("dumplens", "dumplens")?;
    let own = |who, name: &str| program(who, format!("dumplens {name}"), dumplens.clone(), vec![name.into()]);
    Ok(vec![own(Who::Summary, "summary"), own(Who::Why, "why")])
}

/// The program of a release, which was built elsewhere.
pub(super) fn released(path: &Path) -> Program {
    program(Who::Summary, "dumplens, static".to_owned(), path.to_owned(), Vec::new())
}

/// Finds the others in `dir`, or installs them there.
pub(super) fn others(dir: &Path, skipped: &mut Vec<String>) -> anyhow::Result<Vec<Program>> {
    let version = cargo::locked_version("minidump")?;
    let harness = cargo::build("dumplens-xtask", "minidump_totals")?;
    let mut programs = vec![program(Who::Harness, format!("minidump {version}"), harness, Vec::new())];
    let stackwalk = install::stackwalk(dir, &version).map(|path| {
        program(Who::Stackwalk, format!("minidump-stackwalk {version}"), path, vec!["--json".into()])
    });
    let python = |who, package: &install::Package| {
        install::python(dir, package).map(|(python, script)| {
            let name = format!("PyPI {} {}", package.name, package.version);
            program(who, name, python, vec![script.into_os_string()])
        })
    };
    let pypi = python(Who::PypiMinidump, &install::MINIDUMP);
    let udmp = python(Who::Udmp, &install::UDMP);
    for (name, found) in [("minidump-stackwalk", stackwalk), ("PyPI minidump", pypi), ("udmp-parser", udmp)] {
        match found {
            Ok(program) => programs.push(program),
            Err(error) => {
                let line = format!("{name} could not be had: {error:#}");
                eprintln!("{line}");
                skipped.push(line);
            }
        }
    }
    Ok(programs)
}
