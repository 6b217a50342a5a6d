//! A string of Microsoft's library: 16 bytes that hold short text or a pointer to longer text, the length, the room.

use super::caller;
use super::places::Places;

/// A string that was about to grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// Where it lies.
    pub address: u64,
    /// Where its characters lie.
    pub characters: u64,
    /// How many there are, without the zero behind them.
    pub length: u64,
    /// How many there is room for.
    pub capacity: u64,
    /// Bytes of one.
    pub character_bytes: u64,
    /// What `std::_Allocate` adds to the bytes of the new room.
    pub padding: u64,
}

impl Text {
    /// Where its numbers lie, in a process with pointers of so many bytes: the pointer, the length and the room.
    pub(super) fn numbers(&self, pointer: u64) -> [(u64, u64); 2] {
        [(self.address, pointer), (self.address.wrapping_add(SHORT), 2 * pointer)]
    }
}

/// Room that lies in the string itself, in bytes.
const SHORT: u64 = 16;

/// A string at an address whose growth by half is what was asked for.
pub(super) fn at(places: Places<'_, '_, '_>, at: u64, bytes: u64, padding: Option<u64>) -> Option<Text> {
    let characters = places.pointer(at)?;
    let length = places.pointer(at.checked_add(SHORT)?)?;
    let capacity = places.pointer(at.checked_add(SHORT + places.pointer_bytes())?)?;
    if length > capacity || !places.is_committed(characters) {
        return None;
    }
    let (character_bytes, padding) = [1, 2].into_iter().find_map(|width| {
        let new = grown(capacity, width)?;
        let (padding, _) =
            caller::contents(places.bits(), bytes, padding).find(|(_, contents)| *contents == new)?;
        Some((width, padding))
    })?;
    let behind = characters.checked_add(capacity.checked_mul(character_bytes)?)?;
    if !places.may_be_committed(behind) {
        return None;
    }
    // Behind the last character stands a zero, and before it none. A redacted copy keeps the numbers of a string that had
    // both, and not its characters.
    let end = characters.checked_add(length.checked_mul(character_bytes)?)?;
    let last = end.checked_sub(character_bytes)?;
    let is = |at: u64, wanted: fn(u16) -> bool| {
        places.character(at, character_bytes).map_or(places.is_redacted(at), wanted)
    };
    let (ends, goes_on) = (is(end, |unit| unit == 0), length > 0 && is(last, |unit| unit != 0));
    (ends && goes_on).then_some(Text { address: at, characters, length, capacity, character_bytes, padding })
}

/// Bytes for half as many characters more, and the zero. `None` for text that lies in the string itself.
fn grown(capacity: u64, character_bytes: u64) -> Option<u64> {
    if capacity < SHORT / character_bytes {
        return None;
    }
    capacity.checked_add(capacity / 2)?.checked_add(1)?.checked_mul(character_bytes)
}

#[cfg(test)]
mod tests {
    use super::grown;

    /// 15 characters fit in the string; 31 are the first room outside it (E.1).
    #[test]
    fn rooms() {
        assert_eq!((grown(15, 1), grown(7, 2)), (None, None));
        assert_eq!((grown(31, 1), grown(47, 1)), (Some(47), Some(71)));
        assert_eq!(grown(15, 2), Some(46));
        assert_eq!(grown(u64::MAX, 1), None);
    }
}
