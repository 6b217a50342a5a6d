//! Runs of memory that hold code: of one code heap, or of one image.

use std::collections::HashSet;

use super::super::Runtime;
use super::super::layout::{CodeLayout, CodeMap};

/// What a `RangeSection` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) begin: u64,
    pub(super) end: u64,
    /// Its code heap; 0 of an image, and of stubs.
    pub(super) heaps: u64,
    /// The `Module` of an image; 0 of anything else.
    pub(super) module: u64,
}

/// Levels of the tree, and the bits of an address that its last level leaves: 57 bits in all.
const LEVELS: u32 = 5;
const LAST_BITS: u32 = 17;
/// Fragments at one leaf: an image and a few heaps share 128 kB at most.
const FRAGMENTS: u32 = 4096;
/// `RANGE_SECTION_CODEHEAP` and `RANGE_SECTION_READYTORUN` of .NET Core 3.
const CODE_HEAP: u32 = 2;
const READY_TO_RUN: u32 = 4;
/// Sections of .NET Core 3: one for each code heap and image.
const SECTIONS: usize = 1 << 16;

impl Runtime<'_> {
    /// The section that holds an address.
    pub(super) fn section_at(&self, layout: &CodeLayout, ip: u64) -> Option<Section> {
        let first = match &self.contract {
            Some(contract) => contract.variable("ExecutionManagerCodeRangeMapAddress")?,
            None => *self.dac.first()?,
        };
        let at = match layout.map {
            CodeMap::Tree(fragment) => self.in_tree(first, fragment, ip)?,
            CodeMap::Chain { next, .. } => self.in_chain(self.reader.pointer(first, 0)?, next, layout, ip)?,
        };
        self.section(layout, at).filter(|section| (section.begin..section.end).contains(&ip))
    }

    fn section(&self, layout: &CodeLayout, at: u64) -> Option<Section> {
        let word = |offset: u64| self.reader.word(at.wrapping_add(offset));
        let place = layout.section;
        let (begin, end) = (word(place.begin)?, word(place.end)?);
        let (mut heaps, mut module) = (word(place.heaps)?, word(place.module)?);
        if let CodeMap::Chain { flags, .. } = layout.map {
            let flags = self.reader.u32(at.wrapping_add(flags))?;
            heaps = if flags & CODE_HEAP == 0 { 0 } else { heaps };
            module = if flags & READY_TO_RUN == 0 { 0 } else { module };
        }
        Some(Section { begin, end, heaps, module })
    }

    /// Each level takes eight bits of the address. The lowest bit of a pointer marks what is being taken out.
    fn in_tree(&self, top: u64, [next, begin, end, section]: [u64; 4], ip: u64) -> Option<u64> {
        let word = |at: u64| self.reader.word(at).map(|word| word & !1).filter(|word| *word != 0);
        let mut at = top;
        for level in (0..LEVELS).rev() {
            let index = ip >> LAST_BITS.wrapping_add(level.wrapping_mul(8)) & 0xff;
            at = word(at.wrapping_add(index.wrapping_mul(8)))?;
        }
        for _ in 0..FRAGMENTS {
            let of = |offset: u64| self.reader.word(at.wrapping_add(offset));
            if (of(begin)?..of(end)?).contains(&ip) {
                return of(section);
            }
            at = word(at.wrapping_add(next))?;
        }
        None
    }

    fn in_chain(&self, first: u64, next: u64, layout: &CodeLayout, ip: u64) -> Option<u64> {
        let (mut at, mut seen) = (first, HashSet::new());
        while seen.len() < SECTIONS && seen.insert(at) {
            let section = self.section(layout, at)?;
            if (section.begin..section.end).contains(&ip) {
                return Some(at);
            }
            at = self.reader.pointer(at, next)?;
        }
        None
    }
}
