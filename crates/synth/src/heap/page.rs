//! Page heap: every block has pages of its own and a page behind it that cannot be touched.

use super::truth::{HeapClass, HeapKind, HeapRange, HeapTruth};
use crate::address_space::{AddressSpace, Part};
use crate::arch::Width;
use crate::bytes::Fields;
use crate::constants::{PAGE, PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE};
use crate::process::Process;

/// NtGlobalFlag: page heap.
pub const FLG_HEAP_PAGE_ALLOCS: u32 = 0x0200_0000;

/// A page heap: one reservation with a page that fakes a _HEAP, _DPH_HEAP_ROOT, and a range for each block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageHeap {
    /// The handle, base of the reservation; _DPH_HEAP_ROOT is one page higher.
    pub address: u64,
    /// Pointer width.
    pub width: Width,
    /// Pages of the reservation.
    pub reservation: u32,
    /// What was asked for, bytes: each block gets the pages for it and one more.
    pub blocks: Vec<u64>,
    /// Whether the page behind a block is committed PAGE_NOACCESS or only reserved.
    pub guard_committed: bool,
}

/// Where the first block's range begins, counted from the handle.
const FIRST_BLOCK: u64 = 0x3000;

impl PageHeap {
    /// Address of the range and of the bytes of every block: they end with the page that can be touched, as far as
    /// granules of 8 or 16 bytes allow.
    pub fn places(&self) -> Vec<[u64; 2]> {
        let granule = 2 * self.width.bytes() as u64;
        let mut start = self.address + FIRST_BLOCK;
        let mut places = Vec::new();
        for &size in &self.blocks {
            let end = start + size.next_multiple_of(PAGE);
            places.push([start, end - size.next_multiple_of(granule)]);
            start = end + PAGE;
        }
        places
    }

    /// Adds the reservation.
    pub fn allocate(&self, space: &mut AddressSpace) {
        let guard =
            if self.guard_committed { Part::private(PAGE, PAGE_NOACCESS) } else { Part::reserved(PAGE) };
        let mut parts = vec![Part::private(PAGE, PAGE_READONLY), Part::private(PAGE, PAGE_READWRITE), guard];
        for size in &self.blocks {
            parts.extend([Part::private(size.next_multiple_of(PAGE), PAGE_READWRITE), guard]);
        }
        let used: u64 = parts.iter().map(|part| part.size).sum();
        let rest = Part::reserved(u64::from(self.reservation) * PAGE - used);
        match parts.last_mut() {
            Some(last) if !self.guard_committed && !self.blocks.is_empty() => last.size += rest.size,
            _ => parts.push(rest),
        }
        space.allocate(self.address, &parts);
    }

    /// Writes the fake page (0xEE), the signature of _DPH_HEAP_ROOT, and something into each block.
    pub fn put(&self, process: &mut Process) {
        process.put(self.address, &[0xEE; 0x1000]);
        let mut root = Fields::flat(8);
        root.u32(0, 0xFFEE_DDCC);
        root.u32(4, 2);
        process.put(self.address + PAGE, &root.bytes);
        for [_, bytes] in self.places() {
            process.put(bytes, &[0xC0; 8]);
        }
    }

    /// The whole reservation.
    pub fn truth(&self) -> HeapTruth {
        let end = self.address + u64::from(self.reservation) * PAGE;
        let whole = HeapRange { start: self.address, end, class: HeapClass::PageHeap };
        HeapTruth::new(self.address, HeapKind::Page, self.width, vec![whole])
    }
}
