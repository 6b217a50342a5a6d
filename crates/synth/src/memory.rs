//! Address space and kept memory.

use std::collections::BTreeMap;

use crate::bytes::to_usize;
use crate::constants::{MEM_FREE, PAGE, PAGE_NOACCESS};

/// One MINIDUMP_MEMORY_INFO: what VirtualQueryEx said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// BaseAddress.
    pub base: u64,
    /// AllocationBase; 0 for free memory.
    pub allocation_base: u64,
    /// AllocationProtect; 0 for free memory.
    pub allocation_protect: u32,
    /// RegionSize, bytes.
    pub size: u64,
    /// MEM_COMMIT, MEM_RESERVE or MEM_FREE.
    pub state: u32,
    /// PAGE_*; 0 for reserved memory.
    pub protect: u32,
    /// Type: MEM_PRIVATE, MEM_MAPPED or MEM_IMAGE; 0 for free memory.
    pub kind: u32,
}

impl Region {
    /// Free memory, with the fields that Windows gives it.
    pub fn free(base: u64, size: u64) -> Self {
        Region { base, size, state: MEM_FREE, protect: PAGE_NOACCESS, ..Region::default() }
    }
}

/// Memory that the dump keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// First address.
    pub start: u64,
    /// Bytes.
    pub size: u64,
}

/// Where kept memory goes in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemoryForm {
    /// Stream 9: 64-bit sizes, data at the very end of the file.
    #[default]
    Memory64List,
    /// Stream 5: 32-bit sizes and file offsets; the file must stay below 4 GiB.
    MemoryList,
}

/// Contents of memory by page; whatever was not put is zero. Filled by [`Process::put`](crate::Process::put).
#[derive(Clone, Debug, Default)]
pub struct Contents {
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Contents {
    /// Later bytes replace earlier ones; bytes past the top of the address space are dropped.
    pub(crate) fn put(&mut self, va: u64, bytes: &[u8]) {
        let (mut va, mut rest) = (va, bytes);
        while !rest.is_empty() {
            let inside = to_usize(va % PAGE);
            let (now, later) = rest.split_at(rest.len().min(to_usize(PAGE) - inside));
            let page = self.pages.entry(va / PAGE).or_insert_with(|| vec![0; to_usize(PAGE)]);
            page[inside..inside + now.len()].copy_from_slice(now);
            rest = later;
            let Some(next) = va.checked_add(now.len() as u64) else {
                return;
            };
            va = next;
        }
    }

    /// Bytes that were put inside `range`: (distance from its start, bytes).
    pub(crate) fn inside(&self, range: Range) -> impl Iterator<Item = (u64, &[u8])> {
        let last = range.start.saturating_add(range.size.saturating_sub(1));
        let pages = (range.size > 0).then(|| self.pages.range(range.start / PAGE..=last / PAGE));
        pages.into_iter().flatten().map(move |(number, page)| {
            let base = number * PAGE;
            let from = base.max(range.start);
            let until = to_usize(last.min(base + (PAGE - 1)) - base) + 1;
            (from - range.start, &page[to_usize(from - base)..until])
        })
    }

    /// The parts of `range` that hold anything but zero, one per page, cut at multiples of 16 bytes.
    pub(crate) fn written(&self, range: Range) -> impl Iterator<Item = Range> {
        self.inside(range).filter_map(move |(at, bytes)| {
            let first = bytes.iter().position(|&byte| byte != 0)? & !15;
            let last = bytes.iter().rposition(|&byte| byte != 0)? | 15;
            let size = (last + 1).min(bytes.len()) - first;
            Some(Range { start: range.start + at + first as u64, size: size as u64 })
        })
    }
}
