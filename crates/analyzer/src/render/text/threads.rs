//! The threads: `~`, `!teb` and `!gle -all` in one table.

use super::warnings;
use crate::facts::number::hex;
use crate::facts::{CodeReport, StackReport, ThreadReport};
use crate::render::escape;
use crate::report::Report;

/// The whole answer of `dumplens threads`.
pub fn threads(report: &Report) -> String {
    let mut out = String::new();
    let bits = report.facts.dump.pointer_bits;
    let crashed = report.facts.exception.as_ref().map(|e| e.thread_id);
    let width = if bits == 32 { 9 } else { 18 };
    out.push_str(&format!(
        "   ~  {:>8}{:>width$}{:>width$}{:>width$}{:>width$}  Last error, last status, name, top frame\n",
        "Id", "TEB", "Stack from", "Limit", "Stack base"
    ));
    for thread in &report.facts.threads {
        let mark = if crashed == Some(thread.id) { '#' } else { ' ' };
        row(&mut out, thread, mark, bits, width);
    }
    if report.facts.threads.is_empty() {
        out.push_str("no threads in the dump\n");
    }
    if crashed.is_some() {
        out.push_str("\n# the thread of the exception. Last error and last status are from the last call that set them.\n");
    }
    warnings(&mut out, &report.facts.warnings);
    out
}

fn row(out: &mut String, thread: &ThreadReport, mark: char, bits: u32, width: usize) {
    let bounds = |stack: Option<&StackReport>| match stack {
        Some(s) => [s.reserved_from.map(|h| h.0), s.limit.map(|h| h.0), Some(s.base.0)]
            .map(|n| n.map_or("?".into(), |n| hex(n, bits))),
        None => ["?".to_owned(), "?".to_owned(), "?".to_owned()],
    };
    let [from, limit, base] = bounds(thread.stack.as_deref());
    let teb = hex(thread.teb32.unwrap_or(thread.teb).0, bits);
    let name = thread.name.as_deref().map(|n| format!(", \"{}\"", escape::line(n))).unwrap_or_default();
    let top = thread.top.as_deref().map(|top| format!(", {}", escape::line(top))).unwrap_or_default();
    let (error, status) = (code(thread.last_error.as_ref(), 0), code(thread.last_status.as_ref(), 8));
    out.push_str(&format!(
        "{mark}{:>4}  {:>8x}{teb:>width$}{from:>width$}{limit:>width$}{base:>width$}  {error}, {status}{name}{top}\n",
        thread.index, thread.id
    ));
}

/// A code with its name: decimal for a Win32 error, hex for what is none, hex of 8 digits for an NTSTATUS.
pub(in crate::render) fn code(code: Option<&CodeReport>, hex_digits: usize) -> String {
    let Some(code) = code else { return "?".to_owned() };
    let number = match code.code.0 {
        status if hex_digits > 0 => format!("{status:08x}"),
        error @ ..=0xffff => error.to_string(),
        other => format!("{other:#x}"),
    };
    match &code.name {
        Some(name) => format!("{number} {name}"),
        None => number,
    }
}
