//! What `k` and its variants print.

use std::fmt::Write as _;

use dumplens_analyzer::stack::Stack;
use dumplens_analyzer::symbols::Variable;

use crate::frames::Row;
use crate::out::Out;
use crate::session::Session;

/// What a `k` shows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Show {
    /// The letter of the variant, in lower case but for `P`; 0 for none.
    pub(super) kind: u8,
    pub(super) numbers: bool,
    pub(super) sizes: bool,
    pub(super) no_source: bool,
}

/// The header and up to `count` frames.
pub(super) fn print(
    session: &mut Session<'_, '_>,
    stack: &Stack,
    show: Show,
    count: usize,
    out: &mut Out<'_>,
) {
    out.line(header(session.x86, show));
    let rows = session.rows(stack, count);
    let mut warned = count == 1;
    let mut before: Option<u64> = None;
    for (n, row) in rows.iter().enumerate() {
        if out.stopped() {
            return;
        }
        if session.x86 && !warned {
            warned = warning(session, &rows, n, out);
        }
        let mut text = String::new();
        if show.numbers {
            let _ = write!(text, "{n:02x} ");
        }
        if show.sizes {
            let size =
                before.and_then(|before| row.child.checked_sub(before)).map(|size| format!("{size:x}"));
            let _ = write!(text, "{:>9} ", size.unwrap_or_default());
        }
        before = Some(row.child);
        text.push_str(&columns(session, stack, row, show));
        let called = parameters(session, stack, row, show);
        let _ = write!(text, "{}", site(session, row, show, &called));
        text.push_str(&how_called(session, stack, row, show));
        out.line(text);
    }
}

/// What an x86 stack without unwind information is told with: before the second guessed frame.
fn warning(session: &mut Session<'_, '_>, rows: &[Row], n: usize, out: &mut Out<'_>) -> bool {
    if rows[n].unknown {
        out.line("WARNING: Frame IP not in any known module. Following frames may be wrong.");
        return true;
    }
    let by_pdb = session.module_at(rows[n].ip).is_some_and(|m| session.symbols.pdb_of(m).is_some());
    if !by_pdb {
        out.line("WARNING: Stack unwind information not available. Following frames may be wrong.");
        return true;
    }
    false
}

fn header(x86: bool, show: Show) -> String {
    let mut text = String::new();
    if show.numbers {
        text.push_str(" # ");
    }
    if show.sizes {
        text.push_str("  Memory  ");
    }
    text.push_str(match (show.kind, x86) {
        (b'c', false) => "Call Site",
        (b'c', true) => "",
        (b'b' | b'v', true) => "ChildEBP RetAddr  Args to Child              ",
        (_, true) => "ChildEBP RetAddr  ",
        (b'b', false) => {
            "RetAddr           : Args to Child                                                           : Call Site"
        }
        (b'v', false) => {
            "Child-SP          RetAddr           : Args to Child                                                           : Call Site"
        }
        _ => "Child-SP          RetAddr           Call Site",
    });
    text
}

fn columns(session: &Session<'_, '_>, stack: &Stack, row: &Row, show: Show) -> String {
    let dashes = "--------`--------";
    let (child, returns) = (session.address(row.child), session.address(row.returns));
    let args = || match row.inline {
        true if session.x86 => ["--------"; 3].join(" "),
        true => [dashes; 4].join(" "),
        false => arguments(session, stack, row),
    };
    match (show.kind, session.x86, row.inline) {
        (b'c', ..) => String::new(),
        (b'b' | b'v', true, true) => format!("(Inline) -------- {} ", args()),
        (b'b' | b'v', true, false) => format!("{child} {returns} {} ", args()),
        (_, true, true) => "(Inline) -------- ".to_owned(),
        (_, true, false) => format!("{child} {returns} "),
        (b'b', false, true) => format!("(Inline Function) : {} : ", args()),
        (b'b', false, false) => format!("{returns} : {} : ", args()),
        (b'v', false, true) => format!("(Inline Function) {dashes} : {} : ", args()),
        (b'v', false, false) => format!("{child} {returns} : {} : ", args()),
        (_, false, true) => format!("(Inline Function) {dashes} "),
        (_, false, false) => format!("{child} {returns} "),
    }
}

/// x64: the four words at Child-SP of the next frame; x86: the three behind the return address.
fn arguments(session: &Session<'_, '_>, stack: &Stack, row: &Row) -> String {
    let (base, size, count) = if session.x86 {
        (Some(row.child.wrapping_add(8)), 4, 3)
    } else {
        (stack.frames.get(row.physical + 1).map(|next| next.sp), 8, 4)
    };
    let word = |n: u64| match base {
        Some(base) if !session.options.no_memory => {
            session.unit(base.wrapping_add(n * size), size).unwrap_or(0)
        }
        _ => 0,
    };
    (0..count).map(|n| session.address(word(n))).collect::<Vec<_>>().join(" ")
}

/// `(type name = value, …)` of `kp`; of `kP` one in a line. Nothing where no PDB describes the function.
fn parameters(session: &mut Session<'_, '_>, stack: &Stack, row: &Row, show: Show) -> String {
    if !matches!(show.kind, b'p' | b'P') || row.inline {
        return String::new();
    }
    let Some(at) = session.in_frame(stack, row.physical) else { return String::new() };
    let Some(function) = session.symbols.function_at(at.lookup()) else { return String::new() };
    let one = |variable: &Variable| {
        let value = session.variable(&at, variable);
        let value = value.unwrap_or_else(|| "<Value unavailable error>".to_owned());
        format!("{} {} = {value}", variable.of.text, variable.name)
    };
    let of_function = |variable: &&Variable| variable.parameter && variable.name != "this";
    let all: Vec<String> = function.variables.iter().filter(of_function).map(one).collect();
    match (all.is_empty(), show.kind) {
        (true, _) => "(void)".to_owned(),
        (false, b'P') => format!("(\n\t\t\t{})", all.join(", \n\t\t\t")),
        (false, _) => format!("({})", all.join(", ")),
    }
}

/// ` (FPO: [1,0,4]) (CONV: cdecl)` of `kv` on x86: parameters and locals in words, bytes of saved registers, and how the
/// function is called.
fn how_called(session: &mut Session<'_, '_>, stack: &Stack, row: &Row, show: Show) -> String {
    if show.kind != b'v' || !session.x86 || row.inline {
        return String::new();
    }
    let Some(at) = session.in_frame(stack, row.physical) else { return String::new() };
    let Some(function) = session.symbols.function_at(at.lookup()) else { return String::new() };
    let fpo = match function.frame {
        Some(frame) => {
            // Three bits are kept of them (`FPO_DATA.cbRegs`).
            format!("[{},{},{}]", frame.params / 4, frame.locals / 4, frame.saved & 7)
        }
        None => "[Non-Fpo]".to_owned(),
    };
    let convention = match function.signature.convention {
        0 | 1 => "cdecl",
        2 | 3 => "pascal",
        4 | 5 => "fastcall",
        7 | 8 => "stdcall",
        0xb => "thiscall",
        0x16 => "clrcall",
        0x18 => "vectorcall",
        _ => "unknown",
    };
    format!(" (FPO: {fpo}) (CONV: {convention})")
}

fn site(session: &Session<'_, '_>, row: &Row, show: Show, called: &str) -> String {
    if show.kind == b'c' {
        return row.site.clone();
    }
    let mut text = row.place(called);
    if show.kind == b'v' && row.inline {
        let _ = write!(text, " (Inline Function @ {})", session.address(row.ip));
    }
    if let Some((file, line)) = row.source.as_ref().filter(|_| session.lines && !show.no_source) {
        let _ = write!(text, " [{file} @ {line}]");
    }
    text
}
