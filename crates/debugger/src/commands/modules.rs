//! `lm`: modules.

use std::fmt::Write as _;

use dumplens_core::{Module, last_name};

use super::module_status::{Symbols, status};
use super::{At, Command};
use crate::clock;
use crate::error::{Result, SYNTAX, caret};
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::pattern;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[Command::new(
    "lm",
    "lm[f|n|t|v|1m|sm|o|l|e|u] [m PATTERN] [a ADDR]",
    "modules: f with path, n with image name, t with time stamp, v with all details, 1m names only, sm sorted by name",
    run,
)];

#[derive(Debug, Clone, Default)]
struct Show {
    path: bool,
    image: bool,
    time: bool,
    verbose: bool,
    names_only: bool,
    by_name: bool,
    loaded: bool,
    /// No modules that were unloaded.
    of_now: bool,
    pdb: bool,
    browse: bool,
    user: bool,
    kernel: bool,
    pattern: Option<String>,
    address: Option<u64>,
}

fn run(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let mut show = Show::default();
    let unknown = letters(session, line, &mut show)?;
    if let Some(option) = unknown {
        out.line(format!("Unknown option '{option}'"));
    }
    if show.browse {
        out.line("Browse full module list");
    }
    if !show.names_only {
        out.line(if session.x86 {
            "start    end        module name"
        } else {
            "start             end                 module name"
        });
    }
    let mut order: Vec<usize> = session.order.iter().copied().filter(|n| fits(session, &show, *n)).collect();
    if show.by_name {
        order.sort_by_key(|n| session.module_name(*n).to_ascii_lowercase());
    }
    for index in order {
        if out.stopped() {
            return Ok(());
        }
        let row = row(session, &show, index);
        out.text(&row);
    }
    if show.address.is_none() && !show.loaded && !show.of_now {
        unloaded(session, &show, out);
    }
    Ok(())
}

/// The options; an unknown one is told and the others count.
fn letters(session: &mut Session<'_, '_>, line: &mut Line, show: &mut Show) -> Result<Option<char>> {
    let mut unknown = None;
    loop {
        line.blanks();
        if line.is_end() {
            return Ok(unknown);
        }
        let c = line.next();
        match c {
            b'f' => show.path = true,
            b'n' => show.image = true,
            b't' => show.time = true,
            b'v' => show.verbose = true,
            b'D' => show.browse = true,
            b'i' | b'r' => {}
            b'k' => show.kernel = true,
            b'u' => show.user = true,
            b'o' => show.of_now = true,
            b'l' | b'e' => show.loaded = true,
            b'p' => show.pdb = true,
            b'1' if matches!(line.peek(), b'm') => {
                line.pos += 1;
                show.names_only = true;
            }
            b'1' => return caret(SYNTAX, line.pos),
            b's' if matches!(line.peek(), b'm') => {
                line.pos += 1;
                show.by_name = true;
            }
            b'm' | b'M' => {
                line.blanks();
                if line.is_end() {
                    return caret("Non-empty string required in", line.pos);
                }
                let word = if line.peek() == b'"' { line.string().unwrap_or_default() } else { line.word() };
                show.pattern = Some(word);
            }
            b'a' | b'A' => show.address = Some(expr::address(session, line)?).filter(|address| *address != 0),
            other => {
                unknown = Some(char::from(other));
                line.rest();
            }
        }
    }
}

fn fits(session: &Session<'_, '_>, show: &Show, index: usize) -> bool {
    let module = &session.process.modules[index];
    let name = || session.module_name(index);
    !session.unloaded.contains(&index)
        && show.pattern.as_ref().is_none_or(|pattern| pattern::matches(pattern, &name()))
        && show.address.is_none_or(|address| (module.base..module.end()).contains(&address))
        && (!show.loaded || session.is_loaded(index))
}

fn row(session: &mut Session<'_, '_>, show: &Show, index: usize) -> String {
    let name = session.module_name(index);
    if show.names_only {
        return format!("{name}\n");
    }
    let mut module = session.process.modules[index].clone();
    module.name = session.module_path(index).to_owned();
    let mut text = format!("{} {}   {name:<8}", session.address(module.base), session.address(module.end()));
    if show.path {
        let _ = write!(text, " {}", module.name);
    } else if show.image {
        let _ = write!(text, " {:<12}", last_name(&module.name));
        if show.time {
            let _ = write!(text, "  {}", stamp(module.time_date_stamp));
        }
    } else if show.time {
        let _ = write!(text, "  {}", stamp(module.time_date_stamp));
    } else if show.pdb {
        let pdb = session.symbols.pdb_of(index);
        let _ = write!(text, " {:<12}", pdb.as_deref().unwrap_or("<none>"));
    } else {
        text.push_str(&status(session, &module, index));
    }
    text.push('\n');
    if show.verbose {
        text.push_str(&verbose(session, &module, index, show));
    }
    text
}

/// `Tue Sep  6 13:56:14 2033 (77C87C7E)`.
fn stamp(seconds: u32) -> String {
    match seconds {
        0 => "unavailable (00000000)".to_owned(),
        0x8000_0000.. => format!("***** Invalid ({seconds:08X})"),
        _ => format!("{} ({seconds:08X})", clock::time_t(seconds)),
    }
}

fn verbose(session: &mut Session<'_, '_>, module: &Module, index: usize, show: &Show) -> String {
    let mut text = String::new();
    let file = last_name(&module.name);
    if !matches!(session.symbols_of(index), Symbols::Deferred) {
        let _ = writeln!(text, "    Loaded symbol image file: {file}");
    }
    let _ = writeln!(text, "    Image path: {}\n    Image name: {file}", module.name);
    if show.browse {
        text.push_str("    Browse all global symbols  functions  data\n");
    }
    let _ = writeln!(text, "    Timestamp:        {}", stamp(module.time_date_stamp));
    let _ = writeln!(text, "    CheckSum:         {:08X}", module.checksum);
    let _ = writeln!(text, "    ImageSize:        {:08X}", module.size);
    text.push_str(&crate::version::rows(session.memory, module));
    text
}

fn unloaded(session: &Session<'_, '_>, show: &Show, out: &mut Out<'_>) {
    let Some(unloaded) = session.process.dump.unloaded_modules().ok().flatten() else { return };
    let fits = |name: &str| show.pattern.as_ref().is_none_or(|pattern| pattern::matches(pattern, name));
    let list = unloaded.list.iter().filter(|module| fits(last_name(&module.name))).collect::<Vec<_>>();
    if list.is_empty() {
        return;
    }
    if !show.names_only {
        out.line("\nUnloaded modules:");
    }
    for module in list {
        let end = module.base.saturating_add(u64::from(module.size));
        let name = last_name(&module.name);
        if show.names_only {
            out.line(name);
            continue;
        }
        out.line(format!("{} {}   {name:<8}", session.address(module.base), session.address(end)));
        if show.time || show.verbose {
            out.line(format!("    Timestamp: {}", stamp(module.time_date_stamp)));
            out.line(format!("    Checksum:  {:08X}", module.checksum));
            out.line(format!("    ImageSize:  {:08X}", module.size));
        }
        if out.stopped() {
            return;
        }
    }
}
