//! The commit charge: which pages are part of it, and their sum.

use dumplens_core::process::kuser;
use dumplens_core::{MemoryInfo, MemoryState, MemoryType, Protection};

use super::AddressSpace;
use super::groups::Group;
use super::owners::{WRITABLE, WRITE_COPY};

/// What a commit charge consists of (Windows Internals, Memory management): private pages, except those that the kernel shares with
/// every process, and image and mapped pages that were copied or can be copied on write.
pub(super) fn private_commit(groups: &[Group], space: &AddressSpace<'_>) -> u64 {
    let charged = |g: &&Group| {
        let (_, state, kind, protect) = g.key;
        is_charged(state, kind, protect)
    };
    let sum: u64 = groups.iter().filter(charged).map(|g| g.sum.size).sum();
    sum.saturating_sub(shared_with_kernel(space))
}

/// Whether pages are part of the process's commit charge.
pub(crate) fn is_charged(state: MemoryState, kind: MemoryType, protect: Protection) -> bool {
    state.is_commit()
        && match kind {
            MemoryType::PRIVATE => true,
            MemoryType::IMAGE => protect.0 & (WRITABLE | WRITE_COPY) != 0,
            MemoryType::MAPPED => protect.0 & WRITE_COPY != 0,
            _ => false,
        }
}

/// Whether a region is one of the pages that the kernel shares with every process, which are charged to nobody.
pub(crate) fn is_shared_with_kernel(region: &MemoryInfo) -> bool {
    (kuser::ADDRESS..kuser::ADDRESS + 0x1_0000).contains(&region.base)
        && region.state.is_commit()
        && region.kind == MemoryType::PRIVATE
        && region.size <= 0x1000
}

/// KUSER_SHARED_DATA and the hypervisor's page behind it: private by type, charged to nobody.
fn shared_with_kernel(space: &AddressSpace<'_>) -> u64 {
    let pages = kuser::ADDRESS..kuser::ADDRESS + 0x1_0000;
    let regions = (space.regions.first_behind(pages.start)..).map_while(|index| space.regions.get(index));
    let inside = regions.take_while(|r| r.base < pages.end);
    inside.filter(is_shared_with_kernel).map(|r| r.size).sum()
}
