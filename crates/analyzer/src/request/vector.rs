//! The container itself: three pointers, first <= last <= end, whose growth by half is what was asked for. No symbol is
//! needed for it, and hardly anything else adds up like this.

use dumplens_core::ReadMemory;

use super::caller::paddings;
use crate::stack::code::Code;
use crate::stack::{Registers, Stack};

/// A vector that was about to grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vector {
    /// Where its three pointers lie.
    pub address: u64,
    /// Its first element.
    pub first: u64,
    /// Behind its last element.
    pub last: u64,
    /// Behind its room.
    pub end: u64,
    /// Bytes of one element, if the arithmetic tells: a half of an odd number of elements is rounded down.
    pub element_size: Option<u64>,
    /// What `std::_Allocate` adds to the bytes of the new room.
    pub padding: u64,
}

/// Bytes of a frame that are looked through for pointers.
const FRAME_BYTES: u64 = 0x400;

/// A vector that fits, pointed to from the registers or stack slots of the frames given.
pub(super) fn find(
    code: &Code<'_, '_>,
    stack: &Stack,
    frames: std::ops::Range<usize>,
    bytes: u64,
) -> Option<Vector> {
    let bits = code.process.dump.width().bits();
    let size = u64::from(bits / 8);
    for frame in stack.frames.get(frames)? {
        let slots = (0..FRAME_BYTES / size).map(|n| frame.sp + n * size);
        let pointed = slots.clone().filter_map(|slot| pointer(code, slot, size));
        let candidates = registers(&frame.registers).chain(pointed).chain(slots);
        let found = candidates.into_iter().find_map(|at| vector(code, at, size, bits, bytes));
        if found.is_some() {
            return found;
        }
    }
    None
}

fn registers(registers: &Registers) -> impl Iterator<Item = u64> {
    (0..16).filter_map(|number| registers.get(number))
}

fn pointer(code: &Code<'_, '_>, at: u64, size: u64) -> Option<u64> {
    match size {
        8 => code.pages.read_u64(at).ok(),
        _ => code.pages.read_u32(at).ok().map(u64::from),
    }
}

/// The three pointers at an address, if they are a full vector whose growth is what was asked for.
fn vector(code: &Code<'_, '_>, at: u64, size: u64, bits: u32, bytes: u64) -> Option<Vector> {
    if at == 0 || !at.is_multiple_of(size) {
        return None;
    }
    let first = pointer(code, at, size)?;
    let last = pointer(code, at + size, size)?;
    let end = pointer(code, at + 2 * size, size)?;
    let old = last.checked_sub(first).filter(|old| *old > 0 && last == end)?;
    let in_memory = code.process.space.region_at(first).is_some_and(|region| region.state.is_commit());
    if !in_memory {
        return None;
    }
    let (padding, elements) = paddings(bits, bytes)
        .chain([0])
        .find_map(|padding| Some((padding, grows_by_half(old, bytes.checked_sub(padding)?)?)))?;
    let element_size = match elements {
        Elements::Of(size) => Some(size),
        Elements::Any => None,
    };
    Some(Vector { address: at, first, last, end, element_size, padding })
}

/// Of which size elements are so that room for `old` bytes grown by half is `new` bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Elements {
    /// Of any size: there is an even number of them.
    Any,
    /// Of this size only.
    Of(u64),
}

fn grows_by_half(old: u64, new: u64) -> Option<Elements> {
    // n elements of s bytes: new = s * (n + n / 2), so 3 * old - 2 * new = s where n is odd, and 0 where it is even.
    let rest = old.checked_mul(3)?.checked_sub(new.checked_mul(2)?)?;
    match rest {
        0 => Some(Elements::Any),
        size if old.is_multiple_of(size) && old / size % 2 == 1 => Some(Elements::Of(size)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Elements, grows_by_half};

    #[test]
    fn growth_tells_the_size_of_an_element() {
        let grown = |n: u64, size: u64| (n + n / 2) * size;
        for size in [1, 4, 8, 16, 24, 40, 4096] {
            assert_eq!(grows_by_half(1001 * size, grown(1001, size)), Some(Elements::Of(size)));
            assert_eq!(grows_by_half(1000 * size, grown(1000, size)), Some(Elements::Any));
            assert_eq!(grows_by_half(1001 * size, grown(1001, size) + size), None);
        }
        assert_eq!(grows_by_half(1 << 20, 2 << 20), None, "doubling");
        assert_eq!(grows_by_half(u64::MAX, 8), None);
    }
}
