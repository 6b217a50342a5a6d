//! The nibble map of a code heap: where the methods begin in it.
//!
//! Each nibble describes 32 bytes of code; the highest nibble of a u32 describes the first. It is 0 if no method begins
//! there, and n + 1 if one begins 4n bytes into them, so no nibble is above 8. If a single method covers the range of a
//! u32, .NET 10 stores in it where that method begins; the lowest nibble is then above 8.

use super::super::reader::Reader;

/// Bytes of code for one nibble, and for one u32.
const BUCKET: u64 = 32;
const ROW: u64 = 8 * BUCKET;
/// Rows that are searched backwards: 1 MB of one method's code.
const ROWS: u64 = 4096;

/// The first instruction of the last method that begins at or before an address, by the heap that holds it.
pub(super) fn method_start(
    reader: &Reader<'_>,
    [start, end, base, map]: &[u64; 4],
    heap: u64,
    ip: u64,
) -> Option<u64> {
    let field = |offset: &u64| reader.word(heap.wrapping_add(*offset));
    if !(field(start)?..field(end)?).contains(&ip) {
        return None;
    }
    let (base, map) = (field(base)?, field(map)?);
    let offset = ip.checked_sub(base)?;
    let row = offset.checked_div(ROW)?;
    for back in 0..ROWS {
        let row = row.checked_sub(back)?;
        let word = reader.u32(map.wrapping_add(row.wrapping_mul(4)))?;
        let begins = match word & 0xf {
            9.. => Some(begin_of(word)),
            _ => last_in(word, row, offset),
        };
        if let Some(begins) = begins.filter(|begins| *begins <= offset) {
            return base.checked_add(begins);
        }
    }
    None
}

/// The start that stands in place of nibbles, relative to the heap.
fn begin_of(word: u32) -> u64 {
    let within = u64::from(word & 0xf).saturating_sub(9).wrapping_mul(4);
    u64::from(word & !0xf).wrapping_add(within)
}

/// The last start of a row at or before an offset.
fn last_in(word: u32, row: u64, offset: u64) -> Option<u64> {
    let start = |bucket: u64| {
        let shift = 28u32.saturating_sub(u32::try_from(bucket).ok()?.wrapping_mul(4));
        let nibble = u64::from(word >> shift & 0xf).checked_sub(1)?;
        let at = row.wrapping_mul(8).wrapping_add(bucket).wrapping_mul(BUCKET);
        Some(at.wrapping_add(nibble.wrapping_mul(4)))
    };
    (0..8u64).rev().filter_map(start).find(|start| *start <= offset)
}

#[cfg(test)]
mod tests {
    use super::{begin_of, last_in};

    #[test]
    fn a_nibble_is_where_in_its_32_bytes_a_method_begins() {
        // Methods at 0x24 (bucket 1, 4 bytes in) and 0xe0 (bucket 7).
        let word = 0x0200_0001;
        assert_eq!(last_in(word, 0, 0x23), None);
        assert_eq!(last_in(word, 0, 0x24), Some(0x24));
        assert_eq!(last_in(word, 0, 0xdf), Some(0x24));
        assert_eq!(last_in(word, 0, 0xff), Some(0xe0));
        assert_eq!(last_in(word, 2, 0x2ff), Some(0x2e0));
    }

    #[test]
    fn a_row_may_be_a_start() {
        assert_eq!(begin_of(0x1239), 0x1230);
        assert_eq!(begin_of(0x123b), 0x1238);
    }
}
