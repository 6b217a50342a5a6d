//! A vector: three pointers, first <= last <= end, whose growth equals the request. No symbols are needed, and hardly
//! anything else fits by chance.

use super::caller;
use super::places::Places;

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
    /// Bytes of one element, if the arithmetic shows it: a half of an odd number of elements is rounded down.
    pub element_size: Option<u64>,
    /// What `std::_Allocate` adds to the bytes of the new room.
    pub padding: u64,
    /// How much larger the new room was to be.
    pub growth: Growth,
    /// Whether its elements are known to lie in committed memory up to the end.
    pub committed: bool,
}

impl Vector {
    /// Whether no room was left.
    pub fn is_full(&self) -> bool {
        self.last == self.end
    }
}

/// How a library lets its vectors grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// By a half of the old room: Microsoft's.
    Half,
    /// To twice the old room: libstdc++, libc++.
    Double,
}

/// From how many bytes on a vector that has room left is believed: of smaller ones there are many.
const LARGE: u64 = 1024;

/// A vector at an address whose growth is what was asked for.
pub(super) fn at(places: Places<'_, '_, '_>, at: u64, bytes: u64, padding: Option<u64>) -> Option<Vector> {
    let size = places.pointer_bytes();
    let first = places.pointer(at)?;
    let last = places.pointer(at.checked_add(size)?)?;
    let end = places.pointer(at.checked_add(2 * size)?)?;
    let (used, room) = (last.checked_sub(first)?, end.checked_sub(first)?);
    if used == 0 || used > room || (used < room && room < LARGE) {
        return None;
    }
    // `last` and `end` may be the first addresses behind an allocation: what counts is the byte before.
    if !places.is_committed(first) || ![last - 1, end - 1].iter().all(|at| places.may_be_committed(*at)) {
        return None;
    }
    let by_half = caller::contents(places.bits(), bytes, padding)
        .find_map(|(padding, contents)| Some((padding, grows_by_half(room, contents)?)));
    let doubled = || (used == room && bytes.checked_sub(room)? == room).then_some((0, Elements::Any));
    let growth = if by_half.is_some() { Growth::Half } else { Growth::Double };
    let (padding, elements) = by_half.or_else(doubled)?;
    let element_size = match elements {
        Elements::Of(size) => Some(size).filter(|size| used.is_multiple_of(*size)),
        Elements::Any => None,
    };
    let committed = [last - 1, end - 1].iter().all(|at| places.is_committed(*at));
    Some(Vector { address: at, first, last, end, element_size, padding, growth, committed })
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
        assert_eq!(grows_by_half(1 << 20, 2 << 20), None, "to twice as much");
        assert_eq!(grows_by_half(u64::MAX, 8), None);
    }
}
