//! How much of its stack a thread has, and how much it ever used.

use dumplens_core::process::Teb;

use crate::process::{PAGE, Process};

/// Bytes at the low end of a stack that are looked at for the deepest use; a stack is mostly dirty to its last
/// committed page.
pub(crate) const LOOKED_AT: u64 = 1 << 20;

/// The lowest address of the committed stack whose byte is not zero: how far down the thread has ever written. `None`
/// if the dump does not keep that part of the stack, or all that is looked at is zero.
pub(crate) fn deepest(process: &Process<'_>, teb: &Teb<'_>) -> Option<u64> {
    let (limit, base) = (teb.stack_limit, teb.stack_base);
    let length = base.checked_sub(limit)?.min(LOOKED_AT);
    let mut done = 0;
    while done < length {
        let page = process.dump.memory().bytes(limit + done, (length - done).min(PAGE)).ok()?;
        if let Some(first) = page.iter().position(|byte| *byte != 0) {
            return Some(limit + done + first as u64);
        }
        done += page.len() as u64;
    }
    None
}
