//! What each owner has: the regions of stacks, heaps and modules added up.

use std::collections::HashMap;

use dumplens_core::{MemoryInfo, MemoryState};

use super::AddressSpace;
use super::{Owner, Usage};

/// What one owner has of one usage, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Holdings {
    /// `MEM_COMMIT`, guard pages too.
    pub(crate) committed: u64,
    /// `MEM_RESERVE`.
    pub(crate) reserved: u64,
    /// `PAGE_GUARD`.
    pub(crate) guard: u64,
    /// Pages that can be written and are no longer shared with a file: `PAGE_READWRITE`, `PAGE_EXECUTE_READWRITE`.
    pub(crate) writable: u64,
    /// Pages that are copied when they are written: `PAGE_WRITECOPY`, `PAGE_EXECUTE_WRITECOPY`.
    pub(crate) write_copy: u64,
}

const GUARD: u32 = 0x100;
/// `PAGE_READWRITE` and `PAGE_EXECUTE_READWRITE`.
pub(crate) const WRITABLE: u32 = 0x04 | 0x40;
/// `PAGE_WRITECOPY` and `PAGE_EXECUTE_WRITECOPY`.
pub(crate) const WRITE_COPY: u32 = 0x08 | 0x80;

impl Holdings {
    fn add(&mut self, region: &MemoryInfo, size: u64) {
        match region.state {
            MemoryState::COMMIT => self.committed += size,
            MemoryState::RESERVE => self.reserved += size,
            _ => return,
        }
        let count =
            |bits: u32| if region.state.is_commit() && region.protect.0 & bits != 0 { size } else { 0 };
        self.guard += count(GUARD);
        self.writable += count(WRITABLE);
        self.write_copy += count(WRITE_COPY);
    }
}

/// What every owner has, in one pass over the spans.
pub(crate) fn holdings(space: &AddressSpace<'_>) -> HashMap<(Owner, Usage), Holdings> {
    let mut all: HashMap<(Owner, Usage), Holdings> = HashMap::new();
    for span in &space.spans {
        let holdings = all.entry((span.owner, span.usage)).or_default();
        for index in space.regions.first_behind(span.base).. {
            let Some(region) = space.regions.get(index).filter(|r| r.base < span.end) else { break };
            let from = region.base.max(span.base);
            let until = region.base.saturating_add(region.size).min(span.end);
            holdings.add(&region, until.saturating_sub(from));
        }
    }
    all
}
