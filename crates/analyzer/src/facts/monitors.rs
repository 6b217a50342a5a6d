//! Locks of .NET's Monitor among the waits: who waits to enter which, and who holds it.

use crate::managed::{LockReport, ManagedReport};
use crate::process::Process;
use crate::space::Hex;
use crate::stack::is_framework;
use crate::waits::{Edge, ObjectReport, ThreadWaitReport, Timeout, Via, WaitKind};

use super::{FrameReport, ThreadReport};

/// What a monitor is among objects that are waited for.
const MONITOR: &str = "Monitor";

/// The links between threads that wait to enter a monitor and those that hold it. In the waits of those threads the monitor
/// takes the place of what the runtime waits by, which says nothing.
pub(super) fn links(
    process: &Process<'_>,
    managed: Option<&ManagedReport>,
    threads: &[ThreadReport],
    waits: &mut [ThreadWaitReport],
) -> Vec<Edge> {
    let mut links = Vec::new();
    for lock in managed.iter().flat_map(|managed| &managed.locks) {
        // A thread that the stacks do not show may be the one that really waits.
        let counted = lock.waiting_thread_ids.len() as u64 == u64::from(lock.waiters);
        for id in &lock.waiting_thread_ids {
            let stack = threads.iter().find(|thread| thread.id == *id).and_then(|t| t.frames.as_deref());
            let entered = stack.is_some_and(|frames| entered(process, frames));
            let timeout = put(waits, *id, lock, entered);
            links.extend(lock.owner_thread_id.filter(|owner| owner != id).map(|to| Edge {
                from: *id,
                to,
                via: Via {
                    kind: MONITOR.to_owned(),
                    address: Some(lock.object),
                    handle: None,
                    name: Some(lock.type_name.clone()),
                },
                proven: timeout != Some(Timeout::Finite),
                certain: counted && timeout == Some(Timeout::Infinite),
            }));
        }
        if let Some(id) = lock.in_wait_thread_id {
            let wait = waits.iter_mut().find(|thread| thread.id == id).and_then(|t| t.wait.as_deref_mut());
            if let Some(wait) = wait {
                (wait.kind, wait.objects) = (WaitKind::ConditionVariable, vec![object(lock)]);
            }
        }
    }
    links
}

/// Puts the lock into a thread's wait, if that is known. Whether it ends by itself: `entered` says that it does not.
fn put(waits: &mut [ThreadWaitReport], id: u32, lock: &LockReport, entered: bool) -> Option<Timeout> {
    let by_frames = entered.then_some(Timeout::Infinite);
    let of = waits.iter_mut().find(|thread| thread.id == id);
    let Some(wait) = of.and_then(|thread| thread.wait.as_deref_mut()) else { return by_frames };
    wait.timeout = wait.timeout.or(by_frames);
    (wait.kind, wait.objects) = (WaitKind::Object, vec![object(lock)]);
    wait.timeout
}

fn object(lock: &LockReport) -> ObjectReport {
    ObjectReport {
        address: Some(Hex(lock.object.0)),
        kind: Some(MONITOR.to_owned()),
        name: Some(lock.type_name.clone()),
        owner_thread_id: lock.owner_thread_id,
        proven: true,
        waiters: Some(lock.waiters),
        ..ObjectReport::default()
    }
}

/// Whether the innermost method shows a wait without a timeout: it is `Monitor.Enter`, or one of the program's own, which
/// called the runtime by the instructions that `lock` is made of. `Monitor.TryEnter` is a method of its own.
fn entered(process: &Process<'_>, frames: &[FrameReport]) -> bool {
    let mut methods = frames.iter().enumerate().filter_map(|(n, frame)| {
        let lookup = frame.ip.0.saturating_sub(u64::from(!frame.exact));
        Some((n, process.method_at(lookup)?.method))
    });
    match methods.next() {
        Some((waiting, Some(method))) if waiting > 0 => {
            method.starts_with("System.Threading.Monitor.Enter") || !is_framework(&method)
        }
        // What runs itself does not wait.
        _ => false,
    }
}
