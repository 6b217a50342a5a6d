//! Committed bytes between two addresses, without a look at the regions between: a damaged heap can list 100,000 blocks that
//! each reach over a million regions.

use crate::space::AddressSpace;

/// Committed bytes below each region of an address space.
#[derive(Debug)]
pub(super) struct Committed<'s, 'd> {
    space: &'s AddressSpace<'d>,
    /// One more than there are regions.
    below: Vec<u64>,
}

impl<'s, 'd> Committed<'s, 'd> {
    pub(super) fn new(space: &'s AddressSpace<'d>) -> Committed<'s, 'd> {
        let mut below = Vec::with_capacity(space.regions.len() + 1);
        let mut sum = 0u64;
        below.push(sum);
        for region in space.regions.iter() {
            sum = sum.saturating_add(if region.state.is_commit() { region.size } else { 0 });
            below.push(sum);
        }
        Committed { space, below }
    }

    /// Committed bytes between two addresses.
    pub(super) fn between(&self, base: u64, end: u64) -> u64 {
        if base < end { self.up_to(end).saturating_sub(self.up_to(base)) } else { 0 }
    }

    /// Committed bytes below an address.
    fn up_to(&self, address: u64) -> u64 {
        let index = self.space.regions.first_behind(address);
        let whole = self.below.get(index).copied().unwrap_or(0);
        let inside = self.space.regions.get(index).filter(|r| r.base < address && r.state.is_commit());
        whole.saturating_add(inside.map_or(0, |region| address - region.base))
    }
}
