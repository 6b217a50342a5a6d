//! What lies at an address, by the memory map alone: private memory, image, code, read-only data of an image.

use dumplens_core::{MemoryInfo, MemoryType};

use crate::space::AddressSpace;

/// `PAGE_READONLY`, and `PAGE_WRITECOPY`, which is what read-only data of some images is.
const READ_ONLY: u32 = 0x02 | 0x08;
/// `PAGE_EXECUTE` and what can be read or written besides.
const EXECUTE: u32 = 0xf0;

/// Runs of addresses by what they are; each list is sorted and does not overlap.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    private: Runs,
    images: Runs,
    code: Runs,
    read_only: Runs,
}

impl Lookup {
    pub(super) fn new(space: &AddressSpace<'_>) -> Lookup {
        let mut lookup = Lookup::default();
        for region in space.regions.iter().filter(|region| region.state.is_commit()) {
            if region.kind == MemoryType::PRIVATE && !region.protect.is_inaccessible() {
                lookup.private.add(&region);
            }
            if region.kind == MemoryType::IMAGE {
                lookup.images.add(&region);
                if region.protect.0 & EXECUTE != 0 {
                    lookup.code.add(&region);
                }
                if region.protect.0 & READ_ONLY != 0 {
                    lookup.read_only.add(&region);
                }
            }
        }
        lookup
    }

    /// Committed private memory that can be read.
    #[inline]
    pub(super) fn is_private(&self, address: u64) -> bool {
        self.private.hold(address)
    }

    /// An image.
    #[inline]
    pub(super) fn is_image(&self, address: u64) -> bool {
        self.images.hold(address)
    }

    /// Code of an image.
    #[inline]
    pub(super) fn is_code(&self, address: u64) -> bool {
        self.code.hold(address)
    }

    /// Data of an image that the program cannot write.
    #[inline]
    pub(super) fn is_constant(&self, address: u64) -> bool {
        self.read_only.hold(address)
    }

    /// Where constants of images lie, as at most two windows of addresses: base and length. Programs and DLLs are up to
    /// 2^47 apart, and one window over both would hold the heaps too.
    pub(super) fn constants(&self) -> [(u64, u64); 2] {
        let list = &self.read_only.list;
        let (Some(first), Some(last)) = (list.first(), list.last()) else { return [(0, 0); 2] };
        let gaps = list.windows(2).enumerate().map(|(n, pair)| (pair[1].0 - pair[0].1, n));
        match gaps.max_by_key(|(gap, n)| (*gap, usize::MAX - n)) {
            Some((_, n)) => [(first.0, list[n].1 - first.0), (list[n + 1].0, last.1 - list[n + 1].0)],
            None => [(first.0, last.1 - first.0), (0, 0)],
        }
    }
}

#[derive(Debug, Default)]
struct Runs {
    list: Vec<(u64, u64)>,
}

impl Runs {
    /// Adds a region behind all others.
    fn add(&mut self, region: &MemoryInfo) {
        let end = region.base.saturating_add(region.size);
        match self.list.last_mut() {
            Some(last) if last.1 == region.base => last.1 = end,
            _ => self.list.push((region.base, end)),
        }
    }

    #[inline]
    fn hold(&self, address: u64) -> bool {
        let behind = self.list.partition_point(|(base, _)| *base <= address);
        behind > 0 && address < self.list[behind - 1].1
    }
}
