//! Threads: the exception's stack open, the others folded.

use super::escape::{block, code, html_code};
use super::table;
use crate::facts::ThreadReport;
use crate::render::text::stack::{Same, note, stack};
use crate::report::Report;

/// Rows of a stack that are shown from its top; an overflowed one has hundreds that are all alike.
const FROM_TOP: usize = 60;
/// And from its bottom.
const FROM_BOTTOM: usize = 12;
/// Threads in the table.
const MOST_THREADS: usize = 100;
/// Bytes of folded stacks. GitHub takes no more than 65,536 characters in all.
const MOST_FOLDED: usize = 32 << 10;

/// Threads and stacks.
pub(super) fn stacks(out: &mut String, report: &Report) {
    let crashed = report.facts.exception.as_ref().map(|e| e.thread_id);
    let (first, others): (Vec<_>, Vec<_>) = report.facts.threads.iter().partition(|t| Some(t.id) == crashed);
    for thread in first {
        out.push_str(&format!("\n### Stack of the exception's thread {:#x}\n\n", thread.id));
        out.push_str(&lines(thread, true, report.facts.dump.pointer_bits));
        if let Some(note) = note(report) {
            out.push_str(&format!("\n{note}"));
        }
    }
    if !report.facts.threads.is_empty() {
        threads(out, report, crashed);
    }
    folded(out, &report.facts.threads, &others, report.facts.dump.pointer_bits);
}

fn threads(out: &mut String, report: &Report, crashed: Option<u32>) {
    let count = report.facts.threads.len();
    out.push_str(&format!("\n<details><summary>Threads: {count}</summary>\n"));
    let row = |thread: &ThreadReport| {
        let mark = if Some(thread.id) == crashed { " ◀" } else { "" };
        let words = |text: Option<&str>| text.map(code).unwrap_or_default();
        let error = thread.last_error.as_ref();
        let error = error.map(|e| e.name.clone().unwrap_or_else(|| e.code.0.to_string()));
        let id = format!("{:#x}{mark}", thread.id);
        vec![
            thread.index.to_string(),
            id,
            words(thread.name.as_deref()),
            words(thread.top.as_deref()),
            words(error.as_deref()),
        ]
    };
    table(
        out,
        &[">#", "Id", "Name", "Executing", "Last error"],
        report.facts.threads.iter().take(MOST_THREADS).map(row),
    );
    if count > MOST_THREADS {
        out.push_str(&format!("\n{} more are not shown.\n", count - MOST_THREADS));
    }
    out.push_str("\n</details>\n");
}

fn folded(out: &mut String, all: &[ThreadReport], threads: &[&ThreadReport], bits: u32) {
    let own = threads.iter().filter(|thread| thread.same_stack_as.is_none());
    let walked = own.filter(|thread| thread.frames.as_ref().is_some_and(|frames| !frames.is_empty()));
    let end = out.len() + MOST_FOLDED;
    let (same, mut left) = (Same::new(all), 0);
    for thread in walked {
        let name = thread.name.as_deref().filter(|name| !name.is_empty());
        let name = name.map(|name| format!(" {}", html_code(name))).unwrap_or_default();
        let mut stack = lines(thread, false, bits);
        if let Some(others) = same.of(thread) {
            stack += &format!("\nThe same stack: {}\n", code(&others));
        }
        if left > 0 || out.len() + stack.len() > end {
            left += 1;
            continue;
        }
        let title = format!("Stack of thread {:#x}{name}", thread.id);
        out.push_str(&format!("\n<details><summary>{title}</summary>\n\n{stack}\n</details>\n"));
    }
    if left > 0 {
        out.push_str(&format!("\nThe stacks of {left} more threads: `dumplens stack DUMP --thread all`\n"));
    }
}

/// The stack as a block; of a long one, what stands between its ends is left out.
fn lines(thread: &ThreadReport, crashed: bool, bits: u32) -> String {
    let mut text = String::new();
    stack(&mut text, thread, crashed, bits);
    let rows: Vec<&str> = text.lines().collect();
    if rows.len() <= FROM_TOP + FROM_BOTTOM {
        return block(&text);
    }
    let left = format!("    … {} rows …", rows.len() - FROM_TOP - FROM_BOTTOM);
    let (top, bottom) = (&rows[..FROM_TOP], &rows[rows.len() - FROM_BOTTOM..]);
    block(&[top, &[left.as_str()], bottom].concat().join("\n"))
}
