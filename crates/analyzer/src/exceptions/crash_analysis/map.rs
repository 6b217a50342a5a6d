//! The memory map that the crate is given.

use dumplens_core::{MemoryInfo, Protection};

use crate::process::Process;

/// Regions that are given; more take over 10 ms.
pub(super) const MOST_REGIONS: usize = 1 << 16;

/// What can be accessed, in as few regions as that takes; `None` if there are too many.
///
/// The crate takes what is reserved or free for memory if it does not know how it was accessed, misses that
/// copy-on-write pages can be read, and adds 1 to the end of a region: so none of these are given.
pub(super) fn accessible(process: &Process<'_>) -> Option<Vec<MemoryInfo>> {
    let mut all: Vec<MemoryInfo> = Vec::new();
    for region in process.space.regions.iter() {
        let Some(protect) = plain(region.protect).filter(|_| region.state.is_commit()) else { continue };
        let Some(end) = region.end().filter(|end| *end < u64::MAX) else { continue };
        if let Some(last) = all.last_mut()
            && last.end() == Some(region.base)
            && last.protect == protect
        {
            last.size = end - last.base;
        } else if all.len() == MOST_REGIONS {
            return None;
        } else {
            all.push(MemoryInfo { protect, ..region });
        }
    }
    Some(all)
}

/// The same access without copy-on-write; `None` for guard pages, and where nothing is allowed.
fn plain(protect: Protection) -> Option<Protection> {
    const GUARD: u32 = 0x100;
    let base = match protect.0 & 0xff {
        0x08 => 0x04,
        0x80 => 0x40,
        allowed @ (0x02 | 0x04 | 0x10 | 0x20 | 0x40) => allowed,
        _ => return None,
    };
    (protect.0 & GUARD == 0).then_some(Protection(base))
}
