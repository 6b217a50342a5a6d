//! The blocks of a heap, added up: how much is in use, and by which sizes.

use std::collections::HashMap;

use dumplens_core::process::heap::{BlockState, Blocks};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Facts;
use super::blocks::reader;
use crate::process::Process;

/// Committed bytes of all heaps up to which they are counted without being asked to: some hundredths of a second.
const SMALL: u64 = 16 << 20;
/// Sizes that are counted separately; blocks of all others are counted together.
const MOST_SIZES: usize = 1 << 16;

/// Totals of the blocks of a heap, or of all heaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeapBlocksReport {
    /// Blocks in use by the program.
    pub busy_blocks: u64,
    /// Requested bytes of these blocks.
    pub busy_bytes: u64,
    /// Committed bytes that are neither requested nor free: headers, rounding, and the heap's own data.
    pub overhead_bytes: u64,
    /// Committed bytes that are free: fragmentation.
    pub free_bytes: u64,
    /// Faults in the blocks; some blocks are not counted.
    pub faults: Vec<String>,
    /// The requested sizes, those with the most bytes first; `None` if they were not requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizes: Option<Vec<BlockSizeReport>>,
}

/// Blocks of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockSizeReport {
    /// The requested size; `None` for the row of all other sizes.
    pub size_bytes: Option<u64>,
    /// How many blocks.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Adds up the blocks of a heap.
#[derive(Debug, Default)]
struct Count {
    busy: (u64, u64),
    free: u64,
    sizes: HashMap<u64, u64>,
    others: (u64, u64),
    faults: Vec<String>,
}

impl Count {
    fn add(&mut self, blocks: &mut Blocks<'_, '_>, with_sizes: bool) {
        for block in blocks.by_ref() {
            match block.state {
                BlockState::Busy => {
                    self.busy = (self.busy.0 + 1, self.busy.1.saturating_add(block.size));
                    if with_sizes {
                        self.size(block.size);
                    }
                }
                BlockState::Free => self.free = self.free.saturating_add(block.taken),
                BlockState::Internal => {}
            }
        }
        self.faults.extend(blocks.faults().iter().map(|fault| fault.fault.to_string()));
    }

    fn size(&mut self, size: u64) {
        if self.sizes.len() < MOST_SIZES || self.sizes.contains_key(&size) {
            *self.sizes.entry(size).or_default() += 1;
        } else {
            self.others = (self.others.0 + 1, self.others.1.saturating_add(size));
        }
    }

    /// Adds what another heap has.
    fn join(&mut self, other: Count) {
        self.busy = (self.busy.0 + other.busy.0, self.busy.1.saturating_add(other.busy.1));
        self.free = self.free.saturating_add(other.free);
        for (size, blocks) in other.sizes {
            *self.sizes.entry(size).or_default() += blocks;
        }
        self.others = (self.others.0 + other.others.0, self.others.1.saturating_add(other.others.1));
        self.faults.extend(other.faults);
    }

    /// Free space may be decommitted: of what is committed, it is what is left at most.
    fn report(&self, committed: u64, with_sizes: bool) -> HeapBlocksReport {
        let free_bytes = self.free.min(committed.saturating_sub(self.busy.1));
        HeapBlocksReport {
            busy_blocks: self.busy.0,
            busy_bytes: self.busy.1,
            overhead_bytes: committed.saturating_sub(self.busy.1).saturating_sub(free_bytes),
            free_bytes,
            faults: self.faults.clone(),
            sizes: with_sizes.then(|| self.rows()),
        }
    }

    fn rows(&self) -> Vec<BlockSizeReport> {
        let row = |(size, blocks): (&u64, &u64)| BlockSizeReport {
            size_bytes: Some(*size),
            blocks: *blocks,
            bytes: size.saturating_mul(*blocks),
        };
        let mut rows: Vec<BlockSizeReport> = self.sizes.iter().map(row).collect();
        rows.sort_unstable_by_key(|row| std::cmp::Reverse((row.bytes, row.size_bytes)));
        if self.others.0 > 0 {
            rows.push(BlockSizeReport { size_bytes: None, blocks: self.others.0, bytes: self.others.1 });
        }
        rows
    }
}

impl Facts {
    /// Counts the blocks of every heap, if `always` or if the heaps are small; with the sizes that were asked for, if they
    /// are wanted. Returns what the heaps have together; `None` if nothing was counted.
    pub fn count_blocks(
        &mut self,
        process: &Process<'_>,
        always: bool,
        with_sizes: bool,
    ) -> Option<HeapBlocksReport> {
        let committed = || self.heaps.iter().map(|heap| heap.committed_bytes);
        let is_small = committed().fold(0, u64::saturating_add) <= SMALL;
        if !always && !is_small {
            return None;
        }
        let reader = reader(process);
        let (mut all, mut whole) = (Count::default(), 0u64);
        for (report, heap) in self.heaps.iter_mut().zip(&process.heaps.list) {
            let mut count = Count::default();
            count.add(&mut reader.blocks(heap), with_sizes);
            report.block_use = Some(count.report(report.committed_bytes, with_sizes));
            whole = whole.saturating_add(report.committed_bytes);
            all.join(count);
        }
        Some(all.report(whole, with_sizes))
    }
}
