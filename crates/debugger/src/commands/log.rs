//! `.logopen` and related commands: a copy of the output in a file.

use super::{At, Command};
use crate::error::Result;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new(
        ".logfile",
        ".logopen FILE, .logclose, .logfile",
        "writes a copy of the output to a file",
        logfile,
    ),
    Command::new(".logopen", "", "", logopen).files(),
    Command::new(".logappend", "", "", logopen).files(),
    Command::new(".logclose", "", "", logclose),
];

fn logfile(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    match &session.log_name {
        Some(name) => out.line(format!("Current log file is '{name}'")),
        None => out.line("No log file open"),
    }
    Ok(())
}

/// The one file that a session writes: it was named by the user, and a file that is there is not written over.
fn logopen(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let append = line.text.get(at.begin + 4).is_some_and(|c| c.eq_ignore_ascii_case(&b'a'));
    let name = line.quoted_rest();
    let name =
        name.split_whitespace().find(|word| !word.starts_with("/t")).unwrap_or("dbgeng.log").to_owned();
    let mut options = std::fs::OpenOptions::new();
    if append {
        options.append(true).create(true)
    } else {
        options.write(true).create_new(true)
    };
    match options.open(name.trim_matches('"')) {
        Ok(file) => {
            out.log = Some(Box::new(file));
            out.line(format!("Opened log file '{name}'"));
            session.log_name = Some(name);
        }
        Err(_) => out.line(format!("Unable to open log file '{name}'")),
    }
    Ok(())
}

fn logclose(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    match session.log_name.take() {
        Some(name) => out.line(format!("Closing open log file {name}")),
        None => out.line("No log file open"),
    }
    out.log = None;
    Ok(())
}
