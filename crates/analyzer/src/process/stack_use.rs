//! How much of its stack a thread has, and how much it ever used.

use dumplens_core::process::Teb;

use super::Process;
use crate::space::PAGE;

/// Bytes at the low end of a stack that are looked at for the deepest use; a stack is mostly dirty to its last
/// committed page.
pub(crate) const LOOKED_AT: u64 = 1 << 20;

/// Bytes that are read at once.
const TOGETHER: u64 = 1 << 14;

/// What is looked at first for that of most stacks.
pub(crate) fn lowest(teb: &Teb<'_>) -> (u64, u64) {
    (teb.stack_limit, teb.stack_base.saturating_sub(teb.stack_limit).min(PAGE + TOGETHER))
}

/// The lowest address of the committed stack whose byte is not zero: how far down the thread has ever written. `None`
/// if the dump does not keep that part of the stack, or all that is looked at is zero.
pub(crate) fn deepest(process: &Process<'_>, teb: &Teb<'_>) -> Option<u64> {
    let (limit, base) = (teb.stack_limit, teb.stack_base);
    let length = base.checked_sub(limit)?.min(LOOKED_AT);
    let memory = process.dump.memory();
    let (mut buffer, mut done) = (Vec::new(), 0);
    while done < length {
        // Most stacks are dirty in their lowest page; of others, much is read at once.
        let wanted = (length - done).min(if done == 0 { PAGE } else { TOGETHER });
        let kept = memory.available(limit + done, wanted);
        buffer.resize(usize::try_from(kept).ok()?, 0);
        memory.read(limit + done, &mut buffer).ok()?;
        if let Some(first) = first_dirty(&buffer) {
            return Some(limit + done + first as u64);
        }
        if kept < wanted {
            return None;
        }
        done += kept;
    }
    None
}

/// Position of the first byte that is not zero. Most are, so many are looked at together.
fn first_dirty(bytes: &[u8]) -> Option<usize> {
    const LINE: usize = 64;
    let is_clean = |line: &[u8; LINE]| line.iter().fold(0, |any, byte| any | byte) == 0;
    let clean = bytes.as_chunks().0.iter().take_while(|line| is_clean(line)).count() * LINE;
    bytes[clean..].iter().position(|byte| *byte != 0).map(|at| clean + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_dirty_byte_is_found_wherever_it_lies() {
        for at in [0, 63, 64, 200, 255, 256] {
            let mut bytes = [0; 257];
            bytes[at] = 1;
            bytes[256] = 1;
            assert_eq!(first_dirty(&bytes), Some(at));
        }
        assert_eq!((first_dirty(&[0; 257]), first_dirty(&[])), (None, None));
    }
}
