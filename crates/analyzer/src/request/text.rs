//! A string of Microsoft's library: 16 bytes that hold short text or a pointer to longer text, the length, the room.

use super::caller::paddings;
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

/// Room that lies in the string itself, in bytes.
const SHORT: u64 = 16;

/// A string at an address whose growth by half is what was asked for.
pub(super) fn at(places: Places<'_, '_, '_>, at: u64, bytes: u64) -> Option<Text> {
    let characters = places.pointer(at)?;
    let length = places.pointer(at.checked_add(SHORT)?)?;
    let capacity = places.pointer(at.checked_add(SHORT + places.pointer_bytes())?)?;
    if length > capacity || !places.is_committed(characters) {
        return None;
    }
    let (character_bytes, padding) = [1, 2].into_iter().find_map(|width| {
        let new = grown(capacity, width)?;
        let padding =
            paddings(places.bits(), bytes).chain([0]).find(|p| bytes.checked_sub(*p) == Some(new))?;
        Some((width, padding))
    })?;
    // Behind the last character stands a zero, and before it none.
    let end = characters.checked_add(length.checked_mul(character_bytes)?)?;
    let ends = places.character(end, character_bytes)? == 0;
    let goes_on = length > 0 && places.character(end.checked_sub(character_bytes)?, character_bytes)? != 0;
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
