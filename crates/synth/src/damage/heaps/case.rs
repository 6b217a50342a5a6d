//! What damage is done with.

use super::Lost;
use crate::constants::PAGE;
use crate::heap::{HeapClass, HeapRange, Truth};
use crate::memory::Range;
use crate::process::Process;

pub(super) use crate::presets::heaps::{
    nt_24h2_x64 as chain, nt_win10_x64 as nt, nt_wow64 as wow64, segment_2004 as segment,
};

/// Address in the middle of a large free region of every process here.
pub(super) const FREE: u64 = 0x300_0000_0000;

/// A process being damaged.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) process: Process,
    pub(super) truth: Truth,
    pub(super) lost: Lost,
}

impl Case {
    pub(super) fn u64(&mut self, va: u64, value: u64) {
        self.process.put(va, &value.to_le_bytes());
    }

    pub(super) fn u32(&mut self, va: u64, value: u32) {
        self.process.put(va, &value.to_le_bytes());
    }

    pub(super) fn handle(&self, heap: usize) -> u64 {
        self.truth.heaps[heap].handle
    }

    /// A range of a heap: the `number`-th of its class.
    pub(super) fn range(&self, heap: usize, class: HeapClass, number: usize) -> HeapRange {
        self.truth.heaps[heap].of(class).nth(number).expect("the preset has it")
    }

    /// Base of a segment.
    pub(super) fn segment(&self, heap: usize, number: usize) -> u64 {
        self.range(heap, HeapClass::Segment, number).start
    }

    pub(super) fn lose_heaps(&mut self, heaps: &[usize]) {
        let handles = heaps.iter().map(|&heap| self.handle(heap));
        let handles: Vec<u64> = handles.collect();
        self.lost.heaps.extend(handles);
    }

    pub(super) fn lose(&mut self, heap: usize, class: HeapClass, numbers: &[usize]) {
        for &number in numbers {
            let range = self.range(heap, class, number);
            self.lost.ranges.push(range);
        }
    }

    pub(super) fn lose_segments(&mut self, heap: usize, numbers: &[usize]) {
        self.lose(heap, HeapClass::Segment, numbers);
    }

    pub(super) fn lose_blocks(&mut self, heap: usize, numbers: &[usize]) {
        self.lose(heap, HeapClass::LargeBlock, numbers);
    }

    /// Leaves a page out of the kept memory.
    pub(super) fn forget(&mut self, page: u64) {
        let before = self.process.memory.len();
        self.process.memory.retain(|range| range.start != page);
        assert_eq!(self.process.memory.len(), before - 1, "{page:#x} was not kept");
    }

    /// Keeps only the first bytes of a page.
    pub(super) fn cut(&mut self, page: u64, size: u64) {
        let kept = self.process.memory.iter_mut().find(|range| range.start == page);
        kept.expect("the page is kept").size = size;
    }

    /// Keeps these pages whatever they hold.
    pub(super) fn keep(&mut self, start: u64, size: u64) {
        let memory = &mut self.process.memory;
        memory.retain(|range| range.start < start || range.start >= start + size);
        memory.extend((0..size / PAGE).map(|page| Range { start: start + page * PAGE, size: PAGE }));
        memory.sort_by_key(|range| range.start);
    }
}

#[cfg(test)]
mod tests {
    use super::{FREE, chain, nt, segment, wow64};
    use crate::constants::MEM_FREE;

    #[test]
    fn free_memory_is_free() {
        for make in [chain, nt, segment, wow64] {
            let regions = make().0.regions.unwrap_or_default();
            let found = regions.iter().find(|region| region.base <= FREE && FREE - region.base < region.size);
            assert_eq!(found.map(|region| region.state), Some(MEM_FREE));
        }
    }
}
