//! Where everything went in the file.

use crate::memory::Range;

/// One MINIDUMP_DIRECTORY entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamPlace {
    /// StreamType.
    pub stream_type: u32,
    /// File offset of the 12-byte directory entry: type, size, RVA.
    pub entry: u64,
    /// File offset of the stream.
    pub rva: u32,
    /// DataSize, bytes.
    pub size: u32,
}

/// One kept range and the file offset of its first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RangePlace {
    /// First address, never sign-extended.
    pub start: u64,
    /// Bytes.
    pub size: u64,
    /// File offset.
    pub offset: u64,
}

/// Where everything went: for tests that patch bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Directory, in order.
    pub streams: Vec<StreamPlace>,
    /// Kept memory, in list order.
    pub ranges: Vec<RangePlace>,
    /// File offset of the first byte of memory (BaseRva of the Memory64List).
    pub data_rva: u64,
    /// Size of the file, bytes.
    pub file_size: u64,
}

impl Layout {
    /// The first stream of this type.
    pub fn stream(&self, stream_type: u32) -> Option<StreamPlace> {
        self.streams.iter().copied().find(|stream| stream.stream_type == stream_type)
    }

    /// File offset of the byte at `va`, in the first range that has it.
    pub fn offset_of(&self, va: u64) -> Option<u64> {
        let holds = |range: &&RangePlace| va.checked_sub(range.start).is_some_and(|at| at < range.size);
        self.ranges.iter().find(holds).map(|range| range.offset + (va - range.start))
    }

    /// Lays `ranges` one after another from `data_rva`.
    pub(crate) fn place(&mut self, ranges: &[Range], data_rva: u64) {
        let mut offset = data_rva;
        self.data_rva = data_rva;
        self.ranges = ranges
            .iter()
            .map(|range| {
                let place = RangePlace { start: range.start, size: range.size, offset };
                offset += range.size;
                place
            })
            .collect();
        self.file_size = offset;
    }
}
