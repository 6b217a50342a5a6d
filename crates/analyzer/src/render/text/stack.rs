//! Call stacks as `k` prints them. In each row `RetAddr` is where that frame returns to: the instruction pointer of
//! the next one.

use std::collections::{HashMap, HashSet};

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
    let listed: HashSet<usize> = report.facts.threads.iter().map(|thread| thread.index).collect();
    // A stack that equals another one is shown with that one, if that is in the list.
    let told = |other: u32| usize::try_from(other).is_ok_and(|index| listed.contains(&index));
    let own = report.facts.threads.iter().filter(|thread| !thread.same_stack_as.is_some_and(told));
    let same = Same::new(&report.facts.threads);
    for (n, thread) in own.enumerate() {
        if n > 0 {
            out.push('\n');
        }
        stack(&mut out, thread, crashed == Some(thread.id), bits);
        if let Some(others) = same.of(thread) {
            out.push_str(&format!("    the same stack: {}\n", escape::line(&others)));
        }
    }
    if report.facts.threads.is_empty() {
        out.push_str("no threads in the dump\n");
    }
    if report.facts.threads.iter().any(|t| t.blame.is_some()) {
        out.push_str("\n> the first frame outside system and runtime modules\n");
    }
    if let Some(note) = note(report) {
        out.push_str(note);
    }
    if report.facts.threads.iter().any(|t| t.exceptions.as_ref().is_some_and(|found| !found.is_empty())) {
        out.push_str(EARLIER);
    }
    warnings(&mut out, &report.facts.warnings);
    out
}

/// The threads whose stacks are the same, by the index of the one whose stack is shown.
pub(in crate::render) struct Same<'r>(HashMap<u32, Vec<&'r ThreadReport>>);

impl<'r> Same<'r> {
    pub(in crate::render) fn new(threads: &'r [ThreadReport]) -> Same<'r> {
        let mut all: HashMap<u32, Vec<&ThreadReport>> = HashMap::new();
        for thread in threads {
            if let Some(index) = thread.same_stack_as {
                all.entry(index).or_default().push(thread);
            }
        }
        Same(all)
    }

    /// Those whose stack is the same as that of a thread: `~3 Id 1a4 "name", …`.
    pub(in crate::render) fn of(&self, thread: &ThreadReport) -> Option<String> {
        const SHOWN: usize = 16;
        let others = self.0.get(&u32::try_from(thread.index).ok()?)?;
        let name =
            |t: &ThreadReport| t.name.as_deref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
        let shown = others.iter().take(SHOWN).map(|t| format!("~{} Id {:x}{}", t.index, t.id, name(t)));
        let mut list = shown.collect::<Vec<_>>().join(", ");
        if let Some(more) = others.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            list += &format!(" and {more} more");
        }
        Some(list)
    }
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
A 64-bit dump of a 32-bit process: first comes the program's own stack, then the 64-bit one below it. x86 code has no
unwind tables: a frame_pointer row can hide a caller without a frame of its own, and a scan row can be left over from an
earlier call. An exception_record row is the place of the exception; the rows behind it are where the thread stood later.
";

/// What is to be said of stacks that no unwind tables prove.
pub(in crate::render) fn note(report: &Report) -> Option<&'static str> {
    let facts = &report.facts;
    if facts.dump.pointer_bits == 32 {
        return (!facts.threads.is_empty() && facts.dump.arch.as_deref() == Some("x86")).then_some(X86);
    }
    let any = facts.threads.iter().any(|thread| thread.native.is_some());
    (any && facts.process.wow64 == Some(true)).then_some(WOW64)
}

/// The stack of one thread, as `k` prints it.
pub(in crate::render) fn stack(out: &mut String, thread: &ThreadReport, crashed: bool, bits: u32) {
    let name = thread.name.as_deref().map(|n| format!(" \"{}\"", escape::line(n))).unwrap_or_default();
    let mark = if crashed { '#' } else { ' ' };
    out.push_str(&format!("{mark}{:>3}  Id: {:x}{name}\n", thread.index, thread.id));
    let frames = thread.frames.as_deref().unwrap_or_default();
    let blamed = thread.blame.as_ref().map(|blame| blame.frame);
    rows(out, frames, thread.stopped.as_deref(), blamed, program_bits(thread, bits));
    if let Some(native) = &thread.native {
        out.push_str("    64-bit stack\n");
        rows(out, &native.frames, Some(&native.stopped), None, bits);
    }
    exception::earlier_of(out, thread, bits);
    if let Some(raised) = &thread.raised {
        let record = padded_hex(raised.record.0, bits);
        out.push_str(&format!(
            "    the stack as it was when the exception recorded at {record} was raised:\n"
        ));
        rows(out, &raised.frames, Some(&raised.stopped), None, bits);
    }
}

/// 32 for the program's own stack in the 64-bit dump of a 32-bit process.
pub(in crate::render) fn program_bits(thread: &ThreadReport, bits: u32) -> u32 {
    if thread.native.is_some() { 32 } else { bits }
}

fn rows(out: &mut String, frames: &[FrameReport], stopped: Option<&str>, blamed: Option<usize>, bits: u32) {
    let width = if bits == 32 { 8 } else { 17 };
    let sp = if bits == 32 { "StackPtr" } else { "Child-SP" };
    out.push_str(&format!("  # {sp:<width$} {:<width$} Call Site\n", "RetAddr"));
    for (n, frame) in frames.iter().enumerate() {
        let returns = frames.iter().skip(n + 1).find(|f| !f.inline).filter(|_| !frame.inline);
        row(out, frame, n, returns.map(|f| f.ip.0), blamed == Some(n), bits);
    }
    out.push_str(&format!("    stopped: {}\n", stopped.unwrap_or("not walked")));
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
        Trust::Context | Trust::UnwindInfo | Trust::Leaf | Trust::FrameData => None,
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
