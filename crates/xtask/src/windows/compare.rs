//! The same questions to the program of Windows and to that of this system: the answers must be equal, byte for byte.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use super::tools::Tools;
use crate::cargo;

/// What is asked of each dump, which stands at `DUMP`.
const QUESTIONS: [&[&str]; 8] = [
    &["report", "DUMP", "--format", "json"],
    &["report", "DUMP", "--format", "html"],
    &["report", "DUMP", "--format", "markdown"],
    &["why", "DUMP"],
    &["summary", "DUMP"],
    &["regions", "DUMP", "--format", "csv"],
    &["stack", "DUMP", "--thread", "all"],
    &["scan", "--jsonl", "DUMP"],
];

/// How the answers compare.
#[derive(Debug, Default)]
pub(super) struct Compared {
    dumps: usize,
    answers: usize,
    bytes: usize,
    pub(super) different: usize,
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Compared { dumps, answers, bytes, different } = self;
        write!(f, "answers of both programs: {answers} on {dumps} dumps, {bytes} bytes, {different} differ")
    }
}

/// Asks everything of all dumps of fixtures and of `more`.
pub(super) fn all(tools: &Tools, program: &Path, more: &[PathBuf]) -> anyhow::Result<Compared> {
    let own = cargo::build_in(tools.profile(), "dumplens", "dumplens")?;
    let mut dumps = Vec::new();
    for place in [cargo::root().join("fixtures")].iter().chain(more) {
        find(place, &mut dumps).with_context(|| place.display().to_string())?;
    }
    dumps.sort();
    let mut compared = Compared { dumps: dumps.len(), ..Compared::default() };
    for dump in &dumps {
        // By its name alone, from its own folder: each system writes paths in its own way.
        let (Some(folder), Some(name)) = (dump.parent(), dump.file_name()) else { continue };
        for question in QUESTIONS {
            let arguments = question.iter().map(|part| if *part == "DUMP" { name } else { part.as_ref() });
            let arguments: Vec<_> = arguments.collect();
            let here = answer(Command::new(&own).args(&arguments).current_dir(folder))?;
            let there = answer(tools.wine(program).args(&arguments).current_dir(folder))?;
            compared.answers += 1;
            compared.bytes += here.1.len();
            if here != there {
                compared.different += 1;
                println!("differs: {} {}", question.join(" "), dump.display());
            }
        }
    }
    Ok(compared)
}

fn find(place: &Path, dumps: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !place.is_dir() {
        dumps.push(place.canonicalize()?);
        return Ok(());
    }
    for entry in fs::read_dir(place)? {
        let path = entry?.path();
        if path.is_dir() || path.extension().is_some_and(|ending| ending == "dmp") {
            find(&path, dumps)?;
        }
    }
    Ok(())
}

/// Exit code, and what was printed on standard output.
fn answer(command: &mut Command) -> anyhow::Result<(Option<i32>, Vec<u8>)> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).env_remove("_NT_SYMBOL_PATH").output();
    let output = output.with_context(|| format!("{command:?}"))?;
    Ok((output.status.code(), output.stdout))
}
