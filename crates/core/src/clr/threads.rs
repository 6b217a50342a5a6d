//! The runtime's own list of threads.

use std::collections::HashSet;

use super::contract::Contract;
use super::layout::{ContextPlace, Layout, ThreadLayout};
use super::reader::Reader;

/// A thread that the runtime knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManagedThread {
    /// Its `Thread`.
    pub address: u64,
    /// The operating system's id; 0 of one that has ended.
    pub os_id: u32,
    /// The runtime's id; `None` where the version's place for it is not known.
    pub managed_id: Option<u32>,
}

/// The threads, and what else the list leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Threads {
    pub(crate) list: Vec<ManagedThread>,
    /// The thread that suspends the others for a collection; `None` if it is not known whether there is one.
    pub(crate) gc_thread: Option<u64>,
    /// Whether the list ended where its own count says.
    pub(crate) whole: bool,
}

/// Threads of a process.
const THREADS: u32 = 1 << 16;

/// Reads the list, by the contract or, without one, by its shape among the candidates.
pub(crate) fn read(
    reader: &Reader<'_>,
    layout: &Layout,
    contract: Option<&Contract>,
    dac: &[u64],
) -> Threads {
    let value = |name| contract.and_then(|contract| contract.variable(name)).and_then(|at| reader.word(at));
    if let Some(contract) = contract {
        let head = contract.offset("ThreadStore", "FirstThreadLink");
        let count = contract.offset("ThreadStore", "ThreadCount");
        let store = value("ThreadStore").filter(|store| *store != 0);
        let links = store.zip(head).zip(count).and_then(|((store, head), count)| {
            let count = reader.u32(store.wrapping_add(count))?;
            Some(follow(reader, store.wrapping_add(head), count))
        });
        let gc_thread = value("GCThread");
        return listed(reader, &layout.thread, links.unwrap_or_default(), gc_thread);
    }
    // Where the chain's head and its count stand in `ThreadStore` (2.1 to 8).
    let (head, count) = (reader.width().pick(36, 64), reader.width().pick(36 + 12, 64 + 24));
    let links = dac.iter().find_map(|entry| {
        let store = reader.pointer(*entry, 0)?;
        let count = reader.u32(store.wrapping_add(count)).filter(|count| (1..=THREADS).contains(count))?;
        Some(follow(reader, store.wrapping_add(head), count)).filter(|links| links.1)
    });
    let links = links.unwrap_or_default();
    let gc_thread = gc_thread(reader, &layout.thread, &links.0, dac);
    listed(reader, &layout.thread, links, gc_thread)
}

/// The links of a chain, and whether they are as many as its count says.
fn follow(reader: &Reader<'_>, head: u64, count: u32) -> (Vec<u64>, bool) {
    let (mut links, mut seen, mut next) = (Vec::new(), HashSet::new(), reader.word(head));
    while let Some(link) = next.filter(|link| *link != 0) {
        if links.len() >= THREADS as usize || links.len() > count as usize || !seen.insert(link) {
            return (links, false);
        }
        links.push(link);
        next = reader.word(link);
    }
    let whole = next == Some(0) && links.len() == count as usize;
    (links, whole)
}

fn listed(
    reader: &Reader<'_>,
    layout: &ThreadLayout,
    (links, whole): (Vec<u64>, bool),
    gc_thread: Option<u64>,
) -> Threads {
    let thread = |link: u64| {
        let address = link.wrapping_sub(layout.link);
        Some(ManagedThread {
            address,
            os_id: reader.u32(address.wrapping_add(layout.os_id))?,
            managed_id: layout.managed_id.and_then(|at| reader.u32(address.wrapping_add(at))),
        })
    };
    Threads { list: links.into_iter().filter_map(thread).collect(), gc_thread, whole }
}

/// The variable behind that of the finalizer's thread, which is the only candidate before it that holds a thread of the
/// list.
fn gc_thread(reader: &Reader<'_>, layout: &ThreadLayout, links: &[u64], dac: &[u64]) -> Option<u64> {
    let is_thread = |at: u64| links.contains(&at.wrapping_add(layout.link));
    let finalizer = dac.iter().position(|entry| reader.word(*entry).is_some_and(is_thread))?;
    reader.word(*dac.get(finalizer.checked_add(1)?)?)
}

/// Where objects are being put: a pointer, and how far it may go.
pub(crate) fn context(reader: &Reader<'_>, layout: &Layout, thread: &ManagedThread) -> Option<(u64, u64)> {
    let at = match layout.thread.context {
        ContextPlace::Inline(offset) => thread.address.wrapping_add(offset),
        ContextPlace::Locals(locals, offset) => reader.pointer(thread.address, locals)?.wrapping_add(offset),
    };
    Some((reader.word(at)?, reader.word(at.wrapping_add(reader.size()))?))
}
