//! The shape of memory: what its words are, at which distance they repeat, and what that proves it to be.
//!
//! Sixteen runs of eight pages are looked at, whatever the size: of one allocation, or of several that are equally large. A
//! type gets its name only where its layout is proved ([`elements`], [`nodes`], [`pixels`]); else the columns are told in
//! words.

mod elements;
mod judged;
mod nodes;
mod period;
mod pixels;
mod strings;
mod words;

use std::collections::HashSet;

use dumplens_core::{Memory, Width, Window};

use super::AHEAD;
use super::kinds::{PageKind, ShapeKind};
use super::lookup::Lookup;
use super::model::ShapeReport;
use super::pages;
use super::vftables::Candidates;
use elements::{Layout, Match};
use judged::{Judged, by_numbers, by_pages, by_words, merged, named, rounded, says_something};
use words::Around;
pub(crate) use words::Word;

/// Runs that are looked at where there is no hurry.
pub(super) const RUNS: u64 = 16;
/// Extents that are looked at.
const EXTENTS: usize = 32;
/// Bytes of a run.
const RUN: u64 = 32 << 10;
/// Bytes of a block, of several of one size, that are looked at.
const BLOCK: u64 = 4 << 10;
/// Members of a group that are judged, each alone.
const MEMBERS: usize = 8;
/// The share of them that must be alike.
const MOSTLY: f64 = 0.75;
/// The share of words that must have the kind of their column, where a block is an element.
const COLUMNS: f64 = 0.75;

/// A run of words.
#[derive(Debug)]
pub(super) struct Run {
    /// Address of the first word.
    address: u64,
    /// Its number, counted from where elements are counted from.
    first: usize,
    values: Vec<u64>,
    kinds: Vec<Word>,
}

/// What shapes are looked for with.
pub(super) struct Shapes<'l, 'd> {
    pub(super) memory: Memory<'d>,
    pub(super) lookup: &'l Lookup,
    pub(super) candidates: &'l Candidates<'l>,
    /// The block in use that holds an address: its first byte, and its bytes.
    pub(super) block: &'l dyn Fn(u64) -> Option<(u64, u64)>,
    /// The name of the class whose vftable lies at an address.
    pub(super) class_name: &'l dyn Fn(u64) -> Option<String>,
    /// Runs that are looked at.
    pub(super) runs: u64,
}

/// A run of memory of which a shape is looked for: elements are counted from `base`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) base: u64,
    pub(super) end: u64,
}

/// What was read.
#[derive(Debug, Default)]
struct Looked {
    runs: Vec<Run>,
    kinds: Vec<PageKind>,
    bytes: u64,
    /// Bytes that were to be looked at.
    wanted: u64,
}

impl Shapes<'_, '_> {
    /// The shape of allocations or large blocks of equal size: each is judged alone, and what most of them are is the shape.
    pub(super) fn of(&self, extents: &[Extent], width: Width) -> ShapeReport {
        let most = MEMBERS.min(usize::try_from(self.runs).unwrap_or(1));
        let members = extents.len().clamp(1, most) as u64;
        let one = |extent: &Extent| {
            let extent = std::slice::from_ref(extent);
            self.judge(&self.look(extent, width, members), extent, width)
        };
        let shapes: Vec<ShapeReport> = extents.iter().take(most).map(one).collect();
        let key = |shape: &ShapeReport| (shape.kind, shape.name.clone(), shape.element_bytes);
        let alike = |shape: &ShapeReport| shapes.iter().filter(|other| key(other) == key(shape)).count();
        let Some(most) = shapes.iter().max_by_key(|shape| alike(shape)) else {
            return Judged { kind: ShapeKind::NotKept, ..Judged::default() }.of(&Looked::default());
        };
        let (same, all) = (alike(most) as f64, shapes.len() as f64);
        let average = |of: fn(&ShapeReport) -> f64| rounded(shapes.iter().map(of).sum::<f64>() / all);
        let used_share = average(|shape| shape.used_share);
        let read_bytes = shapes.iter().map(|shape| shape.read_bytes).sum();
        if same >= MOSTLY * all {
            let share = rounded(most.share * same / all);
            return ShapeReport { share, used_share, read_bytes, ..most.clone() };
        }
        let kinds: HashSet<_> = shapes.iter().map(key).collect();
        let columns = vec![format!("{} shapes in {}", kinds.len(), shapes.len())];
        let (kind, name, element_bytes, share_by_chance) = (ShapeKind::Mixed, None, None, None);
        let share = 1.0;
        ShapeReport { kind, name, element_bytes, share, share_by_chance, columns, used_share, read_bytes }
    }

    /// The shape of blocks of one size.
    pub(super) fn of_blocks(&self, blocks: &[u64], size: u64, width: Width) -> ShapeReport {
        let mut near = Window::new(self.memory, AHEAD);
        let extents: Vec<Extent> =
            blocks.iter().map(|at| Extent { base: *at, end: at.saturating_add(size) }).collect();
        let looked = self.look(&extents, width, 1);
        if looked.bytes < looked.wanted / 2 {
            return self.judge(&looked, &extents, width);
        }
        if let Some(class) = self.class(blocks, width, &mut near) {
            return ShapeReport { element_bytes: Some(size), ..class.of(&looked) };
        }
        if let Some((node, share)) = nodes::find(blocks, size, width, &mut near) {
            let columns = vec![node.parts().to_owned()];
            let name = Some(node.name().to_owned());
            let shape = Judged { kind: ShapeKind::Named, name, share, columns, ..Judged::default() };
            return ShapeReport { element_bytes: Some(size), ..shape.of(&looked) };
        }
        let shape = self.judge(&looked, &extents, width);
        let words = usize::try_from(size).unwrap_or(0) / width.bytes();
        if !matches!(shape.kind, ShapeKind::Mixed | ShapeKind::Words | ShapeKind::Columns)
            || words == 0
            || words > 32
        {
            return shape;
        }
        // The size of the block is the size of the element.
        let found = period::columns(&looked.runs, words).filter(|found| found.score >= COLUMNS);
        let Some(found) = found.filter(|found| says_something(&found.columns)) else { return shape };
        let columns = merged(&found.columns, width);
        let judged = Judged { kind: ShapeKind::Columns, share: found.score, columns, ..Judged::default() };
        ShapeReport { element_bytes: Some(size), ..judged.of(&looked) }
    }

    /// Nine in ten of the blocks begin with one vftable's address.
    fn class(&self, blocks: &[u64], width: Width, near: &mut Window<'_>) -> Option<Judged> {
        let mut words: Vec<u64> = blocks.iter().filter_map(|at| near.word(*at, width)).collect();
        words.sort_unstable();
        let middle = *words.get(words.len() / 2)?;
        let same = words.iter().filter(|word| **word == middle).count();
        let fits = same * 10 >= blocks.len() * 9 && self.candidates.hold(middle, width);
        let name = (self.class_name)(middle).filter(|_| fits)?;
        let share = same as f64 / blocks.len() as f64;
        Some(Judged { kind: ShapeKind::Objects, name: Some(name), share, ..Judged::default() })
    }

    /// Reads runs, spread evenly over the extents; fewer where there are `members` like them.
    fn look(&self, extents: &[Extent], width: Width, members: u64) -> Looked {
        let mut looked = Looked::default();
        let many = extents.len().clamp(1, EXTENTS) as u64 * members;
        let (each, most) = ((self.runs / many).max(1), if many > self.runs { BLOCK } else { RUN });
        for extent in extents.iter().take(EXTENTS) {
            let size = extent.end.saturating_sub(extent.base);
            if each > 1 && size <= each * most {
                self.run(extent.base, size, *extent, width, &mut looked);
                continue;
            }
            let step = (size / each).max(1);
            for n in 0..each {
                let skip = (n * step) / pages::PAGE as u64 * pages::PAGE as u64;
                let from = extent.base.saturating_add(skip);
                self.run(from, most.min(extent.end.saturating_sub(from)), *extent, width, &mut looked);
            }
        }
        looked
    }

    fn run(&self, from: u64, len: u64, extent: Extent, width: Width, looked: &mut Looked) {
        let have = self.memory.available(from, len);
        looked.wanted += len;
        let Ok(bytes) = self.memory.bytes(from, have) else { return };
        if bytes.is_empty() {
            return;
        }
        looked.bytes += have;
        let around = Around { lookup: self.lookup, width, own: (extent.base, extent.end) };
        let word = width.bytes();
        for (n, page) in bytes.chunks(pages::PAGE).enumerate() {
            let kind = pages::kind(page);
            looked.kinds.push(kind);
            if kind == PageKind::Zero {
                continue;
            }
            let address = from + (n * pages::PAGE) as u64;
            let first = usize::try_from(address - extent.base).unwrap_or(0) / word;
            let mut values: Vec<u64> = Vec::with_capacity(page.len() / word);
            width.each_word(page, |word| values.push(word));
            let kinds = values.iter().map(|value| around.kind(*value)).collect::<Vec<_>>();
            match looked.runs.last_mut() {
                Some(last) if last.address + (last.values.len() * word) as u64 == address => {
                    last.values.extend(values);
                    last.kinds.extend(kinds);
                }
                _ => looked.runs.push(Run { address, first, values, kinds }),
            }
        }
    }

    fn judge(&self, looked: &Looked, extents: &[Extent], width: Width) -> ShapeReport {
        let own = extents.first().map_or((0, 0), |extent| (extent.base, extent.end));
        let around = Around { lookup: self.lookup, width, own };
        // A few pages say nothing of the others.
        let judged = if looked.bytes == 0 || looked.bytes < looked.wanted / 2 {
            Judged { kind: ShapeKind::NotKept, ..Judged::default() }
        } else {
            by_pages(looked)
                .or_else(|| self.by_type(&looked.runs, &around))
                .or_else(|| by_numbers(&looked.runs, width))
                .or_else(|| by_words(&looked.runs, width))
                .unwrap_or_else(|| Judged { columns: period::composition(&looked.runs), ..Judged::default() })
        };
        judged.of(looked)
    }

    /// Elements of a type whose layout is proved, or of a size at which words repeat.
    fn by_type(&self, runs: &[Run], around: &Around<'_>) -> Option<Judged> {
        let period = period::by_kinds(runs);
        let mut near = Window::new(self.memory, AHEAD);
        let found = elements::find(runs, period.as_ref().map(|p| p.words), around, &mut near);
        if let Some(found) = found.filter(|found| self.is_proved(found, runs, around.width)) {
            return Some(named(&found, around.width));
        }
        let period = period.filter(|period| says_something(&period.columns))?;
        Some(Judged {
            kind: ShapeKind::Columns,
            element: Some((period.words * around.width.bytes()) as u64),
            share: period.score,
            chance: Some(period.chance),
            columns: merged(&period.columns, around.width),
            ..Judged::default()
        })
    }

    /// Of vectors, what they bound are blocks of a heap.
    fn is_proved(&self, found: &Match, runs: &[Run], width: Width) -> bool {
        const LOOKED_AT: usize = 4;
        if found.layout != Layout::Vector {
            return true;
        }
        let each = runs.iter().filter_map(|run| {
            let (_, element) = elements::elements(run, (found.words, found.offset), width).next()?;
            let element = element.get(..3)?;
            (element[0] != 0).then_some((element[0], element[2]))
        });
        let bounded = |(begin, limit): (u64, u64)| {
            // Large storage is aligned, and begins behind a pointer to its block.
            (self.block)(begin)
                .is_some_and(|(at, size)| begin - at <= 64 && limit - at <= size.saturating_add(8))
        };
        let checked: Vec<bool> = each.take(LOOKED_AT).map(bounded).collect();
        !checked.is_empty() && checked.iter().all(|is| *is)
    }
}
