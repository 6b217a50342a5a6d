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
    Scan,
    Harness,
    Stackwalk,
    PypiMinidump,
    Udmp,
    Floor,
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
    /// What makes it start and end, without a dump.
    start: Vec<OsString>,
}

impl Who {
    pub(super) fn is_own(self) -> bool {
        matches!(self, Who::Summary | Who::Why | Who::Scan)
    }

    pub(super) fn is_peer(self) -> bool {
        matches!(self, Who::Harness | Who::Stackwalk | Who::PypiMinidump | Who::Udmp)
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
            Who::Scan => "what `why` finds, its signature and its row in the table of causes",
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
            Who::Floor => "nothing: reads the bytes before the memory once, in pieces of 128 KiB",
        }
    }
}

impl Program {
    pub(super) fn on(&self, subject: &Subject) -> Option<Command> {
        let mut command = self.command(&self.before);
        command.arg(&subject.path);
        if self.who == Who::Floor {
            command.arg(subject.metadata?.to_string());
        }
        Some(command)
    }

    pub(super) fn starting(&self) -> Command {
        self.command(&self.start)
    }

    pub(super) fn command<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(&self, args: I) -> Command {
        let mut command = Command::new(&self.path);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// Builds ours, finds or installs the others into `dir`.
pub(super) fn all(dir: &Path, skipped: &mut Vec<String>) -> anyhow::Result<Vec<Program>> {
    eprintln!("building ...");
    let dumplens = cargo::build("dumplens", "dumplens")?;
    let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    let program = |who, name: String, path: &Path, before, start| {
        let path = path.to_owned();
        Program { who, name, path, before, start }
    };
    let own = |who, name: &str, before: &[&str]| {
        program(who, format!("dumplens {name}"), &dumplens, words(before), words(&["--version"]))
    };
    let mut programs = vec![
        own(Who::Summary, "summary", &["summary"]),
        own(Who::Why, "why", &["why"]),
        own(Who::Scan, "scan", &["scan"]),
    ];
    let version = cargo::locked_version("minidump")?;
    let harness = cargo::build("dumplens-xtask", "minidump_totals")?;
    programs.push(program(Who::Harness, format!("minidump {version}"), &harness, words(&[]), words(&[])));
    let stackwalk = install::stackwalk(dir, &version).map(|path| {
        let name = format!("minidump-stackwalk {version}");
        program(Who::Stackwalk, name, &path, words(&["--json"]), words(&["--version"]))
    });
    let python = |who, package: &install::Package| {
        install::python(dir, package).map(|(python, script)| {
            let script = vec![script.into_os_string()];
            program(
                who,
                format!("PyPI {} {}", package.name, package.version),
                &python,
                script.clone(),
                script,
            )
        })
    };
    let pypi = python(Who::PypiMinidump, &install::MINIDUMP);
    let udmp = python(Who::Udmp, &install::UDMP);
    for (name, found) in [("minidump-stackwalk", stackwalk), ("PyPI minidump", pypi), ("udmp-parser", udmp)] {
        match found {
            Ok(program) => programs.push(program),
            Err(error) => skipped.push(format!("{name} could not be had: {error:#}")),
        }
    }
    let floor = cargo::build("dumplens-xtask", "read_floor")?;
    programs.push(program(Who::Floor, "floor".to_owned(), &floor, words(&[]), words(&[])));
    for line in &*skipped {
        eprintln!("{line}");
    }
    Ok(programs)
}
