//! Builds gap-free region lists the way VirtualQueryEx reports them.

use crate::constants::{
    MEM_COMMIT, MEM_IMAGE, MEM_MAPPED, MEM_PRIVATE, MEM_RESERVE, PAGE_EXECUTE_READWRITE,
    PAGE_EXECUTE_WRITECOPY, PAGE_GUARD, PAGE_NOACCESS, PAGE_READWRITE, PAGE_WRITECOPY,
};
use crate::memory::{Range, Region};

/// Exclusive end of the user address space of an x64 process.
pub const TOP_X64: u64 = 0x7FFF_FFFF_0000;
/// The same for a 32-bit process with 4 GiB (LARGEADDRESSAWARE on 64-bit Windows).
pub const TOP_X86_4GB: u64 = 0xFFFF_0000;
/// The same for a 32-bit process with 2 GiB.
pub const TOP_X86_2GB: u64 = 0x7FFF_0000;

/// One part of an allocation: pages of one state, protection and type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Bytes.
    pub size: u64,
    /// MEM_COMMIT or MEM_RESERVE.
    pub state: u32,
    /// PAGE_*; ignored for reserved memory.
    pub protect: u32,
    /// MEM_PRIVATE, MEM_MAPPED or MEM_IMAGE.
    pub kind: u32,
}

impl Part {
    /// Committed private memory.
    pub fn private(size: u64, protect: u32) -> Self {
        Part { size, state: MEM_COMMIT, protect, kind: MEM_PRIVATE }
    }

    /// Reserved private memory.
    pub fn reserved(size: u64) -> Self {
        Part { size, state: MEM_RESERVE, protect: 0, kind: MEM_PRIVATE }
    }

    /// Committed view of a section that is not an image.
    pub fn mapped(size: u64, protect: u32) -> Self {
        Part { size, state: MEM_COMMIT, protect, kind: MEM_MAPPED }
    }

    /// Committed memory of an image.
    pub fn image(size: u64, protect: u32) -> Self {
        Part { size, state: MEM_COMMIT, protect, kind: MEM_IMAGE }
    }
}

/// Allocations of a process, in any order.
#[derive(Clone, Debug, Default)]
pub struct AddressSpace {
    used: Vec<Region>,
}

impl AddressSpace {
    /// One allocation at `base`, made of consecutive parts. AllocationProtect is PAGE_EXECUTE_WRITECOPY for images
    /// and otherwise the protection (without PAGE_GUARD) of the last committed part.
    pub fn allocate(&mut self, base: u64, parts: &[Part]) {
        let committed = parts.iter().rev().find(|part| part.state == MEM_COMMIT);
        let allocation_protect = match committed {
            Some(part) if part.kind == MEM_IMAGE => PAGE_EXECUTE_WRITECOPY,
            Some(part) => part.protect & !PAGE_GUARD,
            None => crate::constants::PAGE_READWRITE,
        };
        let mut at = base;
        for part in parts {
            let protect = if part.state == MEM_RESERVE { 0 } else { part.protect };
            self.used.push(Region {
                base: at,
                allocation_base: base,
                allocation_protect,
                size: part.size,
                state: part.state,
                protect,
                kind: part.kind,
            });
            at += part.size;
        }
    }

    /// Every region from 0 to `top`, in address order, with the gaps free.
    pub fn regions(&self, top: u64) -> Vec<Region> {
        let mut used = self.used.clone();
        used.sort_by_key(|region| region.base);
        let mut all = Vec::with_capacity(2 * used.len() + 1);
        let mut end = 0;
        for region in used {
            if region.base > end {
                all.push(Region::free(end, region.base - end));
            }
            end = region.base + region.size;
            all.push(region);
        }
        if end < top {
            all.push(Region::free(end, top - end));
        }
        all
    }

    /// The region that holds an address, if anything was allocated there.
    pub(crate) fn at(&self, address: u64) -> Option<&Region> {
        self.used.iter().find(|region| (region.base..region.base + region.size).contains(&address))
    }

    /// Whether the processor allows an access: 0 read, 1 write, 8 execute.
    pub(crate) fn allows(&self, address: u64, access: u64) -> bool {
        let committed = self.at(address).filter(|region| region.state == MEM_COMMIT);
        committed.is_some_and(|region| match access {
            1 => matches!(region.protect, PAGE_READWRITE | PAGE_EXECUTE_READWRITE | PAGE_WRITECOPY),
            8 => region.protect & 0xF0 != 0 && region.protect & PAGE_GUARD == 0,
            _ => region.protect & (PAGE_GUARD | PAGE_NOACCESS) == 0,
        })
    }

    /// What a full dump keeps: committed regions that can be read, in address order.
    pub fn kept(&self) -> Vec<Range> {
        let kept = |region: &&Region| {
            region.state == MEM_COMMIT && region.protect & (PAGE_GUARD | PAGE_NOACCESS) == 0
        };
        let range = |region: &Region| Range { start: region.base, size: region.size };
        let mut ranges: Vec<_> = self.used.iter().filter(kept).map(range).collect();
        ranges.sort_by_key(|range| range.start);
        ranges
    }
}
