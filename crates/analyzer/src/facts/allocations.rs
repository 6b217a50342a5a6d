//! The allocations of the address space: the largest, and how many there are of which size.

use std::cmp::Reverse;
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Hex;
use crate::process::{Process, hints};
use crate::space::{Allocation, Allocations, Equals, SizeClass};

/// One allocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AllocationReport {
    /// First address.
    pub base: Hex,
    /// Bytes from its base to its end.
    pub size_bytes: u64,
    /// Committed bytes.
    pub committed_bytes: u64,
    /// Reserved bytes.
    pub reserved_bytes: u64,
    /// Regions.
    pub regions: u64,
    /// `MEM_PRIVATE`, `MEM_MAPPED` or `MEM_IMAGE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Usage of its first region.
    pub usage: String,
    /// A guess at its purpose, such as `V8 cage`.
    pub hint: Option<String>,
}

/// Private allocations of similar size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SizeClassReport {
    /// Minimum size.
    pub from_bytes: u64,
    /// Upper limit of the size, exclusive; `None` for the last class.
    pub below_bytes: Option<u64>,
    /// How many.
    #[serde(rename = "count")]
    pub allocations: u64,
    /// Their bytes.
    pub size_bytes: u64,
    /// Their committed bytes.
    pub committed_bytes: u64,
}

/// The allocations of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AllocationsReport {
    /// How many there are.
    pub count: u64,
    /// The ten largest, in descending order.
    #[serde(rename = "list")]
    pub largest: Vec<AllocationReport>,
    /// A histogram of the private allocations.
    pub private_sizes: Vec<SizeClassReport>,
    /// Private allocations grouped by size, the group with the most committed bytes first; at most ten sizes.
    #[serde(default)]
    pub private_equals: Vec<EqualsReport>,
}

/// Private allocations of one size with committed memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EqualsReport {
    /// Bytes of each.
    pub size_bytes: u64,
    /// How many there are.
    pub count: u64,
    /// Committed bytes of all of them.
    pub committed_bytes: u64,
    /// Base of the first.
    pub first: Hex,
    /// Usage of the first.
    pub usage: String,
    /// A guess at the purpose of the first one.
    pub hint: Option<String>,
}

/// The largest allocations, and how the private ones are spread over sizes.
pub(super) fn all(process: &Process<'_>) -> AllocationsReport {
    let Allocations { count, largest, private_sizes, private_equals } = Allocations::of(&process.space);
    let class = |c: SizeClass| SizeClassReport {
        from_bytes: c.from,
        below_bytes: c.below,
        allocations: c.allocations,
        size_bytes: c.bytes,
        committed_bytes: c.committed,
    };
    AllocationsReport {
        count,
        largest: largest.iter().map(|a| allocation(process, a)).collect(),
        private_sizes: private_sizes.into_iter().map(class).collect(),
        private_equals: private_equals.into_iter().map(|of| equals(process, of)).collect(),
    }
}

impl AllocationsReport {
    /// Lists others of the largest: those that `range` names in the order of size, of equal ones the lowest first.
    pub fn list(&mut self, process: &Process<'_>, range: Range<usize>) {
        let known = std::mem::take(&mut self.largest);
        let mut all: Vec<(u64, u64)> =
            Allocation::all(&process.space).map(|one| (one.size(), one.base)).collect();
        all.sort_unstable_by_key(|(size, base)| (Reverse(*size), *base));
        let named = all.into_iter().skip(range.start).take(range.len());
        // A guess at what one is for reads some of it.
        let row = |(_, base)| {
            let listed = known.iter().find(|row| row.base.0 == base).cloned();
            listed.or_else(|| Some(allocation(process, &Allocation::all_from(&process.space, base).next()?)))
        };
        self.largest = named.filter_map(row).collect();
    }
}

fn equals(process: &Process<'_>, of: Equals) -> EqualsReport {
    let piece = process.space.piece_at(of.first);
    let one = Allocation::all_from(&process.space, of.first).next();
    EqualsReport {
        size_bytes: of.size,
        count: of.count,
        committed_bytes: of.committed,
        first: of.first.into(),
        usage: piece.map_or_else(String::new, |piece| piece.usage.to_string()),
        hint: one.and_then(|one| hints::of(process, &one)).map(str::to_owned),
    }
}

fn allocation(process: &Process<'_>, allocation: &Allocation) -> AllocationReport {
    let piece = process.space.piece_at(allocation.base);
    AllocationReport {
        base: allocation.base.into(),
        size_bytes: allocation.size(),
        committed_bytes: allocation.committed,
        reserved_bytes: allocation.reserved,
        regions: allocation.regions.len() as u64,
        kind: allocation.kind.to_string(),
        usage: piece.map_or_else(String::new, |piece| piece.usage.to_string()),
        hint: hints::of(process, allocation).map(str::to_owned),
    }
}
