//! Exceptions that left their records on stacks.

use super::{Question, ThreadReport, Warning};
use crate::exceptions::{ExceptionWarning, earlier::Search};
use dumplens_core::Ahead;

use crate::process::Thread;
use crate::stack::Walker;

/// Searches the stacks that are walked, and for a verdict all of them; that of the exception first.
pub(super) fn fill(
    walker: &Walker<'_, '_>,
    question: Question,
    threads: &mut [ThreadReport],
    warnings: &mut Vec<Warning>,
) {
    let process = walker.process();
    if !process.is_windows() || (question.stacks().is_none() && !question.is_judged()) {
        return;
    }
    let crashed = process.exception().map(|e| e.thread_id);
    let mut search = Search::new(process);
    // The registers of all threads were read for their reports: those of the exception's thread are others, and so are those
    // of 32-bit halves.
    let sp = |report: &ThreadReport, of: &Thread<'_>| match report.sp {
        Some(sp) if crashed != Some(of.id) && of.teb32.is_none() && of.listed => Some(sp.0),
        _ => walker.sp(of),
    };
    for first in [true, false] {
        let mut ahead = Ahead::new(process.dump.memory());
        for n in 0..threads.len().min(process.threads.len()) {
            if !first && question.is_judged() {
                let rest = threads[n..].iter().zip(&process.threads[n..]);
                ahead.before(n, rest.map(|(report, of)| Search::place(of, report.sp.map(|sp| sp.0))));
            }
            let (thread, of) = (&mut threads[n], &process.threads[n]);
            let is_crashed = crashed == Some(of.id);
            let walked = question
                .stacks()
                .is_some_and(|stacks| stacks.include(thread.index, is_crashed || crashed.is_none()));
            let wanted = question.is_judged() || walked;
            if wanted && is_crashed == first {
                thread.exceptions = search.of(of, sp(thread, of)).map(Vec::into_boxed_slice);
            }
        }
    }
    if search.unsearched > 0 || search.left_out > 0 {
        let (threads, records) = (search.unsearched, search.left_out);
        warnings.push(ExceptionWarning::EarlierExceptionsCut { threads, records }.into());
    }
}
