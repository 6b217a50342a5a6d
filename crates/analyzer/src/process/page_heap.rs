//! Full page heap: every block has pages of its own, followed by an inaccessible page.
//!
//! Its structures are not documented, so it is recognized by its pattern, and only
//! where `NtGlobalFlag` says that page heap is enabled. The pattern is that of a dump of Windows 11 (build 26200) with
//! page heap: allocations of many blocks, `PAGE_READWRITE` pages and one `MEM_RESERVE` page in turn, ten thousand
//! times, with larger gaps where blocks were freed.

use dumplens_core::MemoryType;

use super::Process;
use crate::space::Allocation;
use crate::space::PAGE;
use crate::space::WRITABLE;

/// Whether the allocation is made of at least two blocks, with nothing between them but inaccessible pages, and mostly
/// one of these. Other allocators leave gaps too, but larger ones.
pub(crate) fn has_pattern(process: &Process<'_>, allocation: &Allocation) -> bool {
    let (mut blocks, mut gaps, mut single, mut in_block) = (0u32, 0u32, 0u32, false);
    for region in allocation.regions.clone().filter_map(|index| process.space.regions.get(index)) {
        let inaccessible = !region.state.is_commit() || region.protect.is_inaccessible();
        if region.kind != MemoryType::PRIVATE || !(inaccessible || region.protect.0 & WRITABLE != 0) {
            return false;
        }
        if !inaccessible {
            blocks += u32::from(!in_block);
        } else if in_block {
            gaps += 1;
            single += u32::from(region.size == PAGE);
        }
        in_block = !inaccessible;
    }
    blocks >= 2 && !in_block && single * 2 >= gaps
}
