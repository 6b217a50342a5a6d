//! Call stacks as `k` prints them. In each row `RetAddr` is where that frame returns to: the instruction pointer of
//! the next one.

use super::{exception, warnings};
use crate::facts::number::padded_hex;
use crate::facts::{FrameReport, ThreadReport};
use crate::render::escape;
use crate::report::Report;
use crate::stack::Trust;
use crate::symbols::Source;

/// The whole answer of `dumplens stack`.
pub fn stacks(report: &Report) -> String {
    let mut out = String::new();
    let bits = report.facts.dump.pointer_bits;
    let crashed = report.facts.exception.as_ref().map(|e| e.thread_id);
    for (n, thread) in report.facts.threads.iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        stack(&mut out, thread, crashed == Some(thread.id), bits);
    }
    if report.facts.threads.is_empty() {
        out.push_str("no threads in the dump\n");
    }
    if report.facts.threads.iter().any(|t| t.blame.is_some()) {
        out.push_str("\n> the first frame outside system and runtime\n");
    }
    if bits == 32 && !report.facts.threads.is_empty() {
        out.push_str(X86);
    } else if report.facts.process.wow64 == Some(true) {
        out.push_str(WOW64);
    }
    if report.facts.threads.iter().any(|t| t.exceptions.as_ref().is_some_and(|found| !found.is_empty())) {
        out.push_str(EARLIER);
    }
    warnings(&mut out, &report.facts.warnings);
    out
}

pub(in crate::render) const X86: &str = "\
x86 code has no unwind tables: a frame_pointer row can hide a caller without a frame of its own, and a scan row can be
left over from an earlier call.
";
const EARLIER: &str = "\
Earlier exceptions are secondary evidence: what was left on the stack says neither when they happened nor who caught
them.
";
pub(in crate::render) const WOW64: &str = "\
A 64-bit dump of a 32-bit process: these are the 64-bit stacks, below the program's own.
";

/// The stack of one thread, as `k` prints it.
pub(in crate::render) fn stack(out: &mut String, thread: &ThreadReport, crashed: bool, bits: u32) {
    let name = thread.name.as_deref().map(|n| format!(" \"{}\"", escape::line(n))).unwrap_or_default();
    let mark = if crashed { '#' } else { ' ' };
    out.push_str(&format!("{mark}{:>3}  Id: {:x}{name}\n", thread.index, thread.id));
    let blamed = thread.blame.as_ref().map(|blame| blame.frame);
    rows(out, thread.frames.as_deref().unwrap_or_default(), blamed, bits);
    out.push_str(&format!("    stopped: {}\n", thread.stopped.as_deref().unwrap_or("not walked")));
    exception::earlier_of(out, thread, bits);
    if let Some(raised) = &thread.raised {
        let record = padded_hex(raised.record.0, bits);
        out.push_str(&format!(
            "    the stack as it was when the exception recorded at {record} was raised:\n"
        ));
        rows(out, &raised.frames, None, bits);
        out.push_str(&format!("    stopped: {}\n", raised.stopped));
    }
}

fn rows(out: &mut String, frames: &[FrameReport], blamed: Option<usize>, bits: u32) {
    let width = if bits == 32 { 8 } else { 17 };
    let sp = if bits == 32 { "StackPtr" } else { "Child-SP" };
    out.push_str(&format!("  # {sp:<width$} {:<width$} Call Site\n", "RetAddr"));
    for (n, frame) in frames.iter().enumerate() {
        let returns = frames.iter().skip(n + 1).find(|f| !f.inline).filter(|_| !frame.inline);
        row(out, frame, n, returns.map(|f| f.ip.0), blamed == Some(n), bits);
    }
}

fn row(out: &mut String, frame: &FrameReport, number: usize, returns: Option<u64>, blamed: bool, bits: u32) {
    let width = if bits == 32 { 8 } else { 17 };
    let (sp, returns) = if frame.inline {
        ("(Inline)".to_owned(), "-".repeat(width))
    } else {
        // Of the last frame it is not known where it returns to, or nowhere.
        (padded_hex(frame.sp.0, bits), returns.map_or("-".repeat(width), |ip| padded_hex(ip, bits)))
    };
    let mark = if blamed { '>' } else { ' ' };
    let guesses = guesses(frame);
    let trust = if guesses.is_empty() { String::new() } else { format!("  ({guesses})") };
    let line = format!("{mark}{number:02x} {sp:<width$} {returns:<width$} {}{trust}", site(frame, bits));
    out.push_str(line.trim_end());
    out.push('\n');
}

/// What of a row is not certain: `nearest export, scan`; empty if nothing.
pub(in crate::render) fn guesses(frame: &FrameReport) -> String {
    let trust = match frame.trust {
        Trust::Context | Trust::UnwindInfo | Trust::Leaf => None,
        guess => Some(guess.name()),
    };
    let name = frame.source.filter(|source| *source == Source::NearestExport).map(|_| "nearest export");
    name.into_iter().chain(trust).collect::<Vec<&str>>().join(", ")
}

/// `module!function+0x10 [file @ 3]`, `module+0x1234`, or the address.
pub(in crate::render) fn site(frame: &FrameReport, bits: u32) -> String {
    let Some(module) = frame.module.as_deref().map(escape::line) else {
        return padded_hex(frame.ip.0, bits);
    };
    let function = frame.function.as_deref().map(|f| format!("!{}", escape::line(f))).unwrap_or_default();
    let offset = frame.offset.filter(|offset| offset.0 != 0);
    let offset = offset.map(|offset| format!("+{offset}")).unwrap_or_default();
    let line = frame.file.as_deref().map(|file| match frame.line {
        Some(line) => format!(" [{} @ {line}]", escape::line(file)),
        None => format!(" [{}]", escape::line(file)),
    });
    format!("{module}{function}{offset}{}", line.unwrap_or_default())
}
