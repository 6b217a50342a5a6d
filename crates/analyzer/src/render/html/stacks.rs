//! Threads and their stacks: the exception's open, the others folded.

use super::escape::{number, safe, text, words};
use super::table;
use crate::facts::number::{hex, size_text};
use crate::facts::{FrameReport, ThreadReport};
use crate::render::text::stack::{Same, guesses, note, program_bits, site};
use crate::render::text::threads::code;
use crate::report::Report;

/// Rows of all folded stacks together: a page of a thousand deep stacks would not open.
const MOST_ROWS: usize = 10_000;

/// The stack of the exception's thread, the table of threads, the other stacks.
pub(super) fn stacks(out: &mut String, report: &Report) {
    if report.facts.threads.is_empty() {
        return;
    }
    let bits = report.facts.dump.pointer_bits;
    let crashed = report.facts.exception.as_ref().map(|e| e.thread_id);
    out.push_str("<section id=stacks><h2>Stacks</h2>\n");
    if let Some(note) = note(report) {
        out.push_str(&format!("<p class=note>{}</p>", text(&note.replace('\n', " "))));
    }
    let (first, others): (Vec<_>, Vec<_>) = report.facts.threads.iter().partition(|t| Some(t.id) == crashed);
    for thread in first {
        stack(out, thread, true, bits);
    }
    let (mut left, mut hidden) = (MOST_ROWS, 0);
    let same = Same::new(&report.facts.threads);
    for thread in others.into_iter().filter(|thread| thread.same_stack_as.is_none()) {
        let rows: usize = [thread.frames.as_ref(), thread.native.as_ref().map(|native| &native.frames)]
            .into_iter()
            .flatten()
            .map(Vec::len)
            .sum();
        if rows > left {
            hidden += 1;
            continue;
        }
        left -= rows;
        stack(out, thread, false, bits);
        if let Some(others) = same.of(thread) {
            out.push_str(&format!("<p class=note>the same stack: {}</p>\n", text(&others)));
        }
    }
    if hidden > 0 {
        out.push_str(&format!("<p class=note>{hidden} more stacks: dumplens stack DUMP --thread all</p>\n"));
    }
    out.push_str("</section>\n");
    threads(out, report, crashed);
}

fn stack(out: &mut String, thread: &ThreadReport, crashed: bool, bits: u32) {
    let Some(frames) = &thread.frames else { return };
    let open = if crashed { " open" } else { "" };
    let mark = if crashed { " <em>exception</em>" } else { "" };
    let name = thread.name.as_deref().filter(|name| !name.is_empty());
    let name = name.map(|name| format!(" “{}”", text(name))).unwrap_or_default();
    let top = match thread.top.as_deref() {
        Some(top) if !crashed => format!("<span>{}</span>", text(top)),
        _ => String::new(),
    };
    out.push_str(&format!(
        "<details class=stack{open}><summary>Thread {} · {:#x}{name}{mark}{top}</summary>\n",
        thread.index, thread.id
    ));
    let blamed = thread.blame.as_ref().map(|blame| blame.frame);
    rows(out, frames, thread.stopped.as_deref(), blamed, program_bits(thread, bits));
    if let Some(native) = &thread.native {
        out.push_str("<p class=note>64-bit stack</p>");
        rows(out, &native.frames, Some(&native.stopped), None, bits);
    }
    out.push_str("</details>\n");
}

fn rows(out: &mut String, frames: &[FrameReport], stopped: Option<&str>, blamed: Option<usize>, bits: u32) {
    let rows = frames.iter().enumerate().map(|(n, frame)| row(n, frame, blamed == Some(n), bits));
    table(out, "frames", &[">#", ">Stack pointer", "Where", "How it is known"], rows);
    out.push_str(&format!("<p class=note>stopped: {}</p>", text(stopped.unwrap_or("not walked"))));
}

fn row(number: usize, frame: &FrameReport, blamed: bool, bits: u32) -> String {
    let sp = if frame.inline { "inline".to_owned() } else { text(&hex(frame.sp.0, bits)) };
    let blame = if blamed { "<em>first outside system and runtime</em>" } else { "" };
    let guesses = guesses(frame);
    let known =
        if guesses.is_empty() { frame.trust.name().replace('_', " ") } else { guesses.replace('_', " ") };
    // `site` makes names safe for people; what is left is HTML's business.
    let site = safe(&site(frame, bits));
    format!(
        "<td class=n>{number}</td><td class=n>{sp}</td><td class=site>{site}{blame}</td><td class=muted>{known}</td>"
    )
}

fn threads(out: &mut String, report: &Report, crashed: Option<u32>) {
    out.push_str(&format!(
        "<section><details><summary><h2>Threads <small>{}</small></h2></summary>\n",
        report.facts.threads.len()
    ));
    let row = |thread: &ThreadReport| {
        let mark = if Some(thread.id) == crashed { "<br><em>exception</em>" } else { "" };
        let stack = thread.stack.as_deref();
        let size = |bytes: Option<u64>| number(bytes.map(size_text).unwrap_or_default());
        format!(
            "{}<th scope=row>{:#x}{mark}</th>{}{}{}{}{}{}{}",
            number(thread.index),
            thread.id,
            words(thread.name.as_deref().unwrap_or_default()),
            words(thread.top.as_deref().unwrap_or_default()),
            words(&code(thread.last_error.as_ref(), 0)),
            words(&code(thread.last_status.as_ref(), 8)),
            size(stack.and_then(|s| s.in_use_bytes)),
            size(stack.and_then(|s| s.committed_bytes)),
            size(stack.and_then(|s| s.reserved_bytes)),
        )
    };
    let heads = [
        ">#",
        "Id",
        "Name",
        "Executing",
        "Last error",
        "Last status",
        ">Stack in use",
        ">Committed",
        ">Reserved",
    ];
    table(out, "threads", &heads, report.facts.threads.iter().map(row));
    out.push_str("</details></section>\n");
}
