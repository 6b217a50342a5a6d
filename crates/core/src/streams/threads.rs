//! ThreadListStream (3): a count and `MINIDUMP_THREAD`s, 0x30 bytes each.

use minidump::MinidumpThread;
use zerocopy::IntoBytes;

use super::table::Table;
use crate::arch::Width;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::extract::{Extract, Losses, NOWHERE};
use crate::format::MINIDUMP_THREAD;
use crate::limits;

/// One `MINIDUMP_THREAD`. Its stack is in [`crate::Dump::memory`], its registers in [`crate::Dump::context`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ThreadEntry {
    /// `ThreadId`.
    pub id: u32,
    /// `SuspendCount`.
    pub suspend_count: u32,
    /// `PriorityClass` (winbase.h `*_PRIORITY_CLASS`).
    pub priority_class: u32,
    /// `Priority`.
    pub priority: u32,
    /// Address of the TEB; zero where there is none.
    pub teb: u64,
    /// First address of the part of the stack that the writer wanted to keep.
    pub stack_start: u64,
}

impl ThreadEntry {
    pub(crate) fn of(thread: &MinidumpThread<'_>) -> ThreadEntry {
        ThreadEntry {
            id: thread.raw.thread_id,
            suspend_count: thread.raw.suspend_count,
            priority_class: thread.raw.priority_class,
            priority: thread.raw.priority,
            teb: thread.raw.teb,
            stack_start: thread.raw.stack.start_of_memory_range,
        }
    }
}

/// Where the registers and the stack of a thread are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Places {
    /// Where the context lies in the file, and how many bytes it has; none if 0.
    pub(crate) context: (u64, u32),
    /// Where the stack begins that the writer kept, and how many bytes it has; none if 0.
    pub(crate) stack: (u64, u32),
}

/// Copies the threads. Contexts and stacks stay behind: the first are read when they are asked for
/// ([`crate::Dump::context`]), the second through [`crate::Memory`]. Returns where they lie.
pub(crate) fn copy(
    at: &StreamLocation,
    width: Width,
    out: &mut Extract<'_, '_>,
    damage: &mut Vec<Damage>,
) -> Result<Vec<Places>, Damage> {
    let table = Table::plain(out.meta, at, size_of::<MINIDUMP_THREAD>(), limits::THREADS, damage)?;
    let mut threads: Vec<MINIDUMP_THREAD> = table.entries(out.meta)?;
    let mut losses = Losses::default();
    let mut places = Vec::with_capacity(threads.len());
    for (index, thread) in (0u64..).zip(threads.iter_mut()) {
        thread.teb = width.normalise(thread.teb.get()).into();
        thread.stack_start = width.normalise(thread.stack_start.get()).into();
        let stack = (thread.stack_start.get(), thread.stack.data_size.get());
        thread.stack = NOWHERE;
        let (rva, size) = (u64::from(thread.thread_context.rva.get()), thread.thread_context.data_size.get());
        thread.thread_context = NOWHERE;
        let whole =
            size <= limits::CONTEXT_BYTES && out.meta.present(rva, u64::from(size)) == u64::from(size);
        if !whole {
            losses.lost("context", index);
        }
        // An RVA of 0 is the file's header: the writer had no context.
        let context = if whole && rva != 0 { (rva, size) } else { (0, 0) };
        places.push(Places { context, stack });
    }
    losses.report(at.kind, damage);
    out.stream(at.kind, &[&count(threads.len()), threads.as_bytes()])?;
    Ok(places)
}

/// Guesses the size of a pointer from the first thread's context: 0x2cc bytes on x86, more elsewhere.
pub(crate) fn guess_width(at: &StreamLocation, out: &Extract<'_, '_>) -> Option<Width> {
    const CONTEXT_X86: u32 = 0x2cc;
    let table = Table::plain(out.meta, at, size_of::<MINIDUMP_THREAD>(), 1, &mut Vec::new()).ok()?;
    let first = *table.entries::<MINIDUMP_THREAD>(out.meta).ok()?.first()?;
    Some(if first.thread_context.data_size.get() == CONTEXT_X86 { Width::Bits32 } else { Width::Bits64 })
}

/// The 32-bit count that stands before a plain list.
pub(super) fn count(entries: usize) -> [u8; 4] {
    u32::try_from(entries).unwrap_or(0).to_le_bytes()
}
