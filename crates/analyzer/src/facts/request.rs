//! What the exception's thread asked for.

use super::{EarlierReport, ThreadReport, stack};
use crate::exceptions::{code, wrapper};
use crate::request::{self, RefusedPointer, Request};
use crate::stack::Walker;

/// Frames among which a function that allocates is looked for: a throw stands near it.
const NEAR: usize = 10;
/// The same where the program ended itself: between the two stand the runtime and the search for a handler.
const FAR: usize = 48;

/// What the exception's thread asked for, if its stack tells.
pub(super) fn own(walker: &Walker<'_, '_>) -> Option<Request> {
    let process = walker.process();
    let exception = process.exception().filter(|_| process.is_windows())?;
    let passes_on = wrapper::passes_on(exception.code) || exception.record != 0;
    let near = match u64::from(exception.code) {
        code::STACK_BUFFER_OVERRUN | code::FATAL_APP_EXIT => FAR,
        _ if passes_on => FAR,
        _ => NEAR,
    };
    let index = process.threads.iter().position(|thread| thread.id == exception.thread_id)?;
    request::find(walker.code(), &walker.walk(index), near)
}

/// What the crashed thread had asked for when an earlier exception of it said that memory was refused. The thread then
/// has the stack that tells it.
pub(super) fn earlier(walker: &Walker<'_, '_>, threads: &mut [ThreadReport]) -> Option<Request> {
    let id = walker.process().exception()?.thread_id;
    let thread = threads.iter_mut().find(|thread| thread.id == id)?;
    let (at, address) = refused_before(thread).map(|record| (record.at, record.address.0))?;
    let walked = walker.walk_raised(thread.index, at.0, address)?;
    let request = request::find(walker.code(), &walked, NEAR)?;
    thread.raised = Some(Box::new(stack::raised(walker.process(), at, &walked)));
    Some(Request { earlier: true, ..request })
}

/// The record on a thread's stack that says so, if a call in progress left one.
pub(crate) fn refused_before(thread: &ThreadReport) -> Option<&EarlierReport> {
    let mut records = thread.exceptions.iter().flatten();
    records.find(|record| record.in_use == Some(true) && record.says_refused())
}

/// The call that returned the null pointer by which the exception's thread accessed memory.
pub(super) fn refused(walker: &Walker<'_, '_>) -> Option<RefusedPointer> {
    let process = walker.process();
    let exception = process.exception().filter(|_| process.is_windows())?;
    let violation = u64::from(exception.code) == code::ACCESS_VIOLATION;
    let index = process.threads.iter().position(|thread| thread.id == exception.thread_id)?;
    violation.then(|| request::find_refused(walker.code(), &walker.walk(index))).flatten()
}
