//! Committed bytes between two addresses, with a bounded look at the regions between: a damaged heap can list 100,000 blocks
//! that each reach over a million regions.

use std::cell::OnceCell;

use dumplens_core::MemoryInfo;

use crate::space::AddressSpace;

/// Regions that are added up for one question. Of more, sums are made once for all questions.
const FEW: usize = 256;

/// Committed bytes of an address space.
#[derive(Debug)]
pub(super) struct Committed<'s, 'd> {
    space: &'s AddressSpace<'d>,
    /// Those below each region, and one more.
    below: OnceCell<Vec<u64>>,
}

impl<'s, 'd> Committed<'s, 'd> {
    pub(super) fn new(space: &'s AddressSpace<'d>) -> Committed<'s, 'd> {
        Committed { space, below: OnceCell::new() }
    }

    /// Committed bytes between two addresses.
    pub(super) fn between(&self, base: u64, end: u64) -> u64 {
        if base >= end {
            return 0;
        }
        let regions = &self.space.regions;
        let (first, behind) = (regions.first_behind(base), regions.first_behind(end));
        if behind - first > FEW {
            return self.up_to(end).saturating_sub(self.up_to(base));
        }
        let inside = |region: MemoryInfo| {
            let until = region.base.saturating_add(region.size).min(end);
            until.saturating_sub(region.base.max(base))
        };
        let touched = regions.iter_from(first).take(behind - first + 1);
        touched.filter(|region| region.state.is_commit()).fold(0, |sum, region| sum + inside(region))
    }

    /// Committed bytes below an address.
    fn up_to(&self, address: u64) -> u64 {
        let index = self.space.regions.first_behind(address);
        let whole = self.sums().get(index).copied().unwrap_or(0);
        let inside = self.space.regions.get(index).filter(|r| r.base < address && r.state.is_commit());
        whole.saturating_add(inside.map_or(0, |region| address - region.base))
    }

    fn sums(&self) -> &[u64] {
        self.below.get_or_init(|| {
            let mut sum = 0u64;
            let bytes = |region: MemoryInfo| if region.state.is_commit() { region.size } else { 0 };
            let add = |region| {
                let before = sum;
                sum = sum.saturating_add(bytes(region));
                before
            };
            let mut below: Vec<u64> = self.space.regions.iter().map(add).collect();
            below.push(sum);
            below
        })
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use dumplens_core::{MemoryState, MemoryType, Protection};

    use super::*;
    use crate::space::Coverage;

    #[test]
    fn few_regions_are_added_up_as_many_are() {
        let states = [MemoryState::COMMIT, MemoryState::RESERVE, MemoryState::FREE, MemoryState::COMMIT];
        let regions = (0..1000u64).zip(states.into_iter().cycle()).map(|(n, state)| MemoryInfo {
            // A gap before every tenth.
            base: n * 0x3000 + if n % 10 == 0 { 0x1000 } else { 0 },
            size: if n % 10 == 0 { 0x2000 } else { 0x3000 },
            allocation_base: 0,
            allocation_protect: Protection(4),
            state,
            protect: Protection(4),
            kind: MemoryType::PRIVATE,
        });
        let space = AddressSpace {
            regions: Cow::Owned(regions.collect()),
            coverage: Coverage::Part,
            spans: Vec::new(),
        };
        let committed = Committed::new(&space);
        for base in (0..1000 * 0x3000).step_by(0x3_4800) {
            for length in [0, 1, 0x800, 0x3000, 0x9800, 255 * 0x3000, 300 * 0x3000, u64::MAX >> 1] {
                let sums = committed.up_to(base + length) - committed.up_to(base);
                assert_eq!(committed.between(base, base + length), sums, "{base:#x} {length:#x}");
            }
        }
        assert_eq!(committed.between(0x5000, 0x4000), 0);
    }
}
