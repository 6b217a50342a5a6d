//! Exceptions that left their records on stacks.

use super::{Question, ThreadReport, Warning};
use crate::exceptions::{ExceptionWarning, earlier::Search};
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
    let crashed = process.dump.exception().ok().flatten().map(|e| e.thread_id);
    let mut search = Search::new(process);
    for first in [true, false] {
        for (thread, of) in threads.iter_mut().zip(&process.threads) {
            let is_crashed = crashed == Some(of.id);
            let walked = question
                .stacks()
                .is_some_and(|stacks| stacks.include(thread.index, is_crashed || crashed.is_none()));
            let wanted = question.is_judged() || walked;
            if wanted && is_crashed == first {
                thread.exceptions = search.of(of, walker).map(Vec::into_boxed_slice);
            }
        }
    }
    if search.unsearched > 0 || search.left_out > 0 {
        let (threads, records) = (search.unsearched, search.left_out);
        warnings.push(ExceptionWarning::EarlierExceptionsCut { threads, records }.into());
    }
}
