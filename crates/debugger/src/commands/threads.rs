//! `~`: threads, and commands in them.

use std::fmt::Write as _;

use super::{At, Command};
use crate::error::{Result, Stop, caret};
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[Command::new(
    "~",
    "~, ~*, ~N, ~Ns, ~*k, ~N e COMMANDS, ~~[ID]s",
    "threads, and commands run in their context",
    threads,
)];

/// Which threads.
enum Which {
    All,
    One(usize),
}

const ILLEGAL: &str = "Illegal thread error in";

fn threads(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    let which = which(session, line)?;
    line.blanks();
    let named = which.is_some();
    let which = which.unwrap_or(Which::All);
    if line.is_end() {
        for index in members(session, &which) {
            print(session, index, session.thread, named, out);
        }
        return Ok(());
    }
    match line.peek() {
        b's' | b'S' if matches!(which, Which::One(_)) && !is_word(line.at(1)) => {
            line.pos += 1;
            if let Which::One(index) = which {
                session.set_thread(index);
            }
            shown(session, out);
            Ok(())
        }
        b'e' | b'E' => {
            line.pos += 1;
            each(session, line, at, &which, out)
        }
        b'f' | b'F' | b'u' | b'U' | b'n' | b'N' | b'm' | b'M' => {
            line.rest();
            Err(Stop::Error(crate::error::Error::Plain("Operation not supported by current debuggee".into())))
        }
        _ => in_each(session, line, at, &which, out),
    }
}

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric()
}

/// What stands between `~` and the command; `None` for nothing.
fn which(session: &mut Session<'_, '_>, line: &mut Line) -> Result<Option<Which>> {
    let count = session.process.threads.len();
    match line.peek() {
        b'*' => {
            line.pos += 1;
            Ok(Some(Which::All))
        }
        b'.' => {
            line.pos += 1;
            Ok(Some(Which::One(session.thread)))
        }
        b'#' => {
            line.pos += 1;
            Ok(Some(Which::One(session.event_thread)))
        }
        b'~' => by_id(session, line).map(Some),
        c if c.is_ascii_digit() => {
            let begin = line.pos;
            while line.peek().is_ascii_digit() {
                line.pos += 1;
            }
            match line.from(begin).parse::<usize>().ok().filter(|n| *n < count) {
                Some(index) => Ok(Some(Which::One(index))),
                None => caret(ILLEGAL, line.pos),
            }
        }
        _ => Ok(None),
    }
}

/// `~~[1a2c]`.
fn by_id(session: &mut Session<'_, '_>, line: &mut Line) -> Result<Which> {
    line.pos += 1;
    if !line.take(b'[') {
        return caret(ILLEGAL, line.pos + 1);
    }
    let id = expr::number(session, line)?;
    line.take(b']');
    let found = session.process.threads.iter().position(|thread| u64::from(thread.id) == id);
    match found {
        Some(index) => Ok(Which::One(index)),
        None => caret(ILLEGAL, line.pos),
    }
}

fn members(session: &Session<'_, '_>, which: &Which) -> Vec<usize> {
    match which {
        Which::All => (0..session.process.threads.len()).collect(),
        Which::One(index) => vec![*index],
    }
}

/// What `~Ns` prints: of x86 the registers too.
pub(super) fn shown(session: &mut Session<'_, '_>, out: &mut Out<'_>) {
    if session.x86 {
        session.show_registers(out);
        return;
    }
    if let Some(state) = session.state() {
        session.show_instruction(&state, true, out);
    }
}

/// `~*e COMMANDS`: the rest of the list for each.
fn each(
    session: &mut Session<'_, '_>,
    line: &mut Line,
    at: At,
    which: &Which,
    out: &mut Out<'_>,
) -> Result<()> {
    line.blanks();
    let commands = line.between(line.pos, line.text.len());
    line.pos = line.text.len();
    let current = session.thread;
    let mut result = Ok(());
    for index in members(session, which) {
        session.thread = index;
        result = session.run_list(&commands, at.depth + 1, out);
        // An error in one thread is told, and the next one has its turn.
        match result {
            Ok(()) | Err(Stop::Failed) => result = Ok(()),
            Err(_) => break,
        }
    }
    session.thread = current;
    result
}

/// `~*k`, `~0r`: one command for each, with the thread's own line before it where there are several.
fn in_each(
    session: &mut Session<'_, '_>,
    line: &mut Line,
    at: At,
    which: &Which,
    out: &mut Out<'_>,
) -> Result<()> {
    let current = session.thread;
    let scope = session.context.take();
    let begin = line.pos;
    let titled = matches!(which, Which::All) && line.peek().eq_ignore_ascii_case(&b'k');
    let mut result = Ok(());
    let same = matches!(which, Which::One(index) if *index == current);
    if same {
        session.context = scope.clone();
    }
    for index in members(session, which) {
        session.thread = index;
        if titled {
            out.text("\n");
            print(session, index, current, false, out);
        }
        line.pos = begin;
        line.end = line.text.len();
        result = session.run_command(line, at.depth, out);
        if result.is_err() || out.stopped() {
            break;
        }
    }
    session.thread = current;
    session.context = scope;
    result
}

fn print(session: &mut Session<'_, '_>, index: usize, current: usize, long: bool, out: &mut Out<'_>) {
    let process = session.process;
    let Some(thread) = process.threads.get(index) else { return };
    let mark = if index == current {
        '.'
    } else if index == session.event_thread && session.exception.is_some() {
        '#'
    } else {
        ' '
    };
    let suspend = thread.suspend_count.cast_signed();
    if thread.teb_address == 0 {
        out.line(format!("Unable to get thread data for thread {index}"));
    }
    let teb = session.address(thread.teb_address);
    out.line(format!(
        "{mark} {index:2}  Id: {:x}.{:x} Suspend: {suspend} Teb: {teb} Unfrozen",
        session.process_id(),
        thread.id
    ));
    if !long {
        return;
    }
    let mut text = String::new();
    let info =
        session.process.dump.thread_infos().ok().flatten().and_then(|infos| infos.get(&thread.id).cloned());
    let entry = session.process.dump.threads().ok().flatten().and_then(|list| list.get(index).cloned());
    if let Some(start) = info.as_ref().map(|info| info.start_address).filter(|start| *start != 0) {
        let site = session.site(start);
        let _ = match site {
            Some(site) => writeln!(text, "      Start: {site} ({})", session.address(start)),
            None => writeln!(text, "      Start: {}", session.address(start)),
        };
    }
    if let Some(entry) = entry {
        let _ = write!(text, "      Priority: {}", entry.priority.cast_signed());
        if entry.priority_class != 0 {
            let _ = write!(text, "  Priority class: {}", entry.priority_class);
        }
        if let Some(affinity) = info.map(|info| info.affinity).filter(|affinity| *affinity != 0) {
            // The engine shows its low 32 bits.
            let _ = write!(text, "  Affinity: {:x}", affinity & 0xffff_ffff);
        }
        text.push('\n');
    }
    out.text(&text);
}
