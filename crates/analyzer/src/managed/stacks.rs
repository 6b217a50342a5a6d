//! The words of the stacks of a runtime's threads.

use dumplens_core::clr::Runtime;

use crate::process::Process;

/// Bytes of a stack that are read.
const STACK: u64 = 1 << 20;
/// Bytes of all stacks.
const STACKS: u64 = 64 << 20;

/// Calls `take` with each thread's id and the words of its stack in use, as far as the dump keeps them.
pub(super) fn each(process: &Process<'_>, runtime: &Runtime<'_>, take: &mut dyn FnMut(u32, Vec<u64>)) {
    let mut left = STACKS;
    let managed = |id: u32| runtime.threads().iter().any(|t| t.os_id == id);
    for thread in process.threads.iter().filter(|thread| managed(thread.id)) {
        let Some(teb) = thread.teb else { continue };
        let start = process.dump.context(thread.index).map_or(teb.stack_limit, |context| context.sp);
        let start = start.max(teb.stack_limit);
        let length = teb.stack_base.saturating_sub(start).min(STACK).min(left);
        left -= length;
        take(thread.id, words(process, start, length));
    }
}

/// The words of a run of memory, as far as the dump keeps it.
fn words(process: &Process<'_>, start: u64, length: u64) -> Vec<u64> {
    let memory = process.dump.memory();
    let bytes = memory.bytes(start, memory.available(start, length)).unwrap_or_default();
    let size = process.dump.width().bytes();
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    bytes.chunks_exact(size).map(word).collect()
}
