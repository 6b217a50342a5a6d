//! `HEAP_ENTRY`: what stands in the header of a block of an NT heap, and how it is encoded.

/// How the entries of a heap are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As they are, without a checksum.
    Plain,
    /// XORed with these 8 bytes, with a checksum.
    Key(u64),
    /// The dump does not contain what would show it.
    Unknown,
}

/// The eight bytes of a HEAP_ENTRY that mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Granules; of a large block, the bytes that were not asked for.
    pub(super) size: u16,
    pub(super) flags: u8,
    /// Size of the block before, granules.
    pub(super) previous: u16,
    pub(super) unused: u8,
}

impl Encoding {
    /// What stands in an entry; `None` if its checksum is wrong or the key is not known.
    pub(super) fn decode(self, stored: u64) -> Option<Entry> {
        let key = match self {
            Encoding::Plain => 0,
            Encoding::Key(key) => key,
            Encoding::Unknown => return None,
        };
        let [size_low, size_high, flags, checksum, previous_low, previous_high, _, unused] =
            (stored ^ key).to_le_bytes();
        let sound = self == Encoding::Plain || size_low ^ size_high ^ flags == checksum;
        sound.then_some(Entry {
            size: u16::from_le_bytes([size_low, size_high]),
            flags,
            previous: u16::from_le_bytes([previous_low, previous_high]),
            unused,
        })
    }
}
