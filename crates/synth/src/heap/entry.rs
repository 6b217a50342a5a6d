//! HEAP_ENTRY, the header of a block.

use crate::arch::Width;

/// Flags: in use.
pub const BUSY: u8 = 0x01;
/// Flags: something is recorded beside the entry.
pub(super) const EXTRA: u8 = 0x02;
/// Flags: the heap's own, such as what holds the low-fragmentation heap.
pub const VIRTUAL: u8 = 0x08;
/// Flags: nothing follows in the segment.
pub const LAST: u8 = 0x10;

/// The 8 bytes of a HEAP_ENTRY that mean something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapEntry {
    /// Size, granules of 8 (x86) or 16 bytes; bytes not used in the entry of a large block.
    pub size: u16,
    /// Flags.
    pub flags: u8,
    /// PreviousSize, granules.
    pub previous_size: u16,
    /// SegmentOffset.
    pub segment_offset: u8,
    /// UnusedBytes.
    pub unused_bytes: u8,
}

impl HeapEntry {
    /// The 8 bytes. With a key SmallTagIndex is the checksum (byte 0 ^ byte 1 ^ byte 2) and all 8 are XORed with the key.
    pub fn to_bytes(self, encoding: Option<[u8; 8]>) -> [u8; 8] {
        let (size, previous) = (self.size.to_le_bytes(), self.previous_size.to_le_bytes());
        let tag = if encoding.is_some() { size[0] ^ size[1] ^ self.flags } else { 0 };
        let plain = [
            size[0],
            size[1],
            self.flags,
            tag,
            previous[0],
            previous[1],
            self.segment_offset,
            self.unused_bytes,
        ];
        let key = encoding.unwrap_or_default();
        std::array::from_fn(|i| plain[i] ^ key[i])
    }
}

/// Size of a HEAP_ENTRY and of a granule, bytes.
pub(crate) fn granule(width: Width) -> usize {
    2 * width.bytes()
}

/// Where the meaningful 8 bytes lie in a HEAP_ENTRY: the 64-bit one begins with data of the block before.
pub(crate) fn meaning(width: Width) -> usize {
    granule(width) - 8
}
