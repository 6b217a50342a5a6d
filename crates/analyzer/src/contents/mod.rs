//! What fills the memory: the census.
//!
//! ```text
//! pieces ─ ledger ─> every byte of the private commit under one use     map alone
//!        └ groups ─> allocations and large blocks of equal size         map and heaps' lists
//! heaps' blocks ─ blocks ─> by size, in use or free, by class           read forward, once
//! page runs ─ plan ─ pass ─> kinds of pages, vftables' addresses        all, or a sample with its 95% interval
//! the largest of these ─ shape ─> what their words are                  16 runs each
//! ```
//!
//! The core gives blocks, bytes and type information; each file here judges one thing, and says what proves it and what
//! fools it. Nothing here shows a byte of what was read: names of classes, sizes and counts only.

mod blocks;
mod classes;
mod committed;
mod estimate;
mod groups;
mod ledger;
mod lookup;
mod model;
mod pages;
mod pass;
mod plan;
mod refs;
mod rows;
mod shape;
mod sizeof;
mod vftables;

use dumplens_core::process::heap::{BlockReader, BlockState};
use dumplens_core::{Memory, Width};

use self::groups::Group;
use self::ledger::charged;
use self::lookup::Lookup;
pub use self::model::{
    BlockSizeRow, CensusReport, ClassProof, ClassReport, DuplicatesReport, Extent, GroupKind, GroupReport,
    PageKind, PageRow, ReadingReport, RepeatedImageReport, ShapeKind, ShapeReport, Use, UseReport,
};
use self::pass::{Found, Task};
use self::plan::Plan;
pub use self::refs::{Holder, HolderKind, RefsReport, Target, refs};
use self::shape::Shapes;
use self::vftables::Candidates;
use crate::process::Process;

/// Bytes of private memory up to which all is read without being asked to.
const WHOLE_BELOW: u64 = 1 << 30;
/// Units of a sample: 25 MiB.
const UNITS: u64 = 400;
/// Committed bytes of heap segments of a sample: 48 of the largest, so that there are enough for an interval.
const SEGMENTS: u64 = 768 << 20;

/// Bytes of private memory up to which it is looked for who holds the largest groups, and how many of them: each costs a pass.
const HOLDER_BELOW: u64 = 256 << 20;
const HELD: usize = 3;

/// Bytes that are read ahead at most where blocks are followed.
const AHEAD: u64 = 256 << 10;

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading {
    /// Nothing: the map and the heaps' own lists.
    #[default]
    Map,
    /// The same, and 128 KiB of each of the two groups that hold most, for their shape. What is read is recorded
    /// ([`dumplens_core::Dump::record_reads`]).
    Leader,
    /// All where the private memory is below 1 GiB, else a sample.
    Enough,
    /// A sample, whatever the size: for measurements.
    Sample,
    /// All that the dump keeps.
    Whole,
}

/// How a census is taken.
#[derive(Clone, Copy)]
pub struct CensusOptions<'o> {
    /// How much is read.
    pub reading: Reading,
    /// What a sample is drawn by; `None` for the dump's own number, which gives the same sample each time.
    pub seed: Option<u64>,
    /// Classes and sizes of blocks that are listed.
    pub rows: usize,
    /// Whether text that was found may be shown: a few characters of what is all text.
    pub strings: bool,
    /// Told how many bytes were read, and how many there are.
    pub progress: Option<&'o (dyn Fn(u64, u64) + Sync)>,
    /// The name that symbols have for an address, of vftables that carry none themselves.
    pub symbol: Option<&'o dyn Fn(u64) -> Option<String>>,
}

impl std::fmt::Debug for CensusOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CensusOptions")
            .field("reading", &self.reading)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl Default for CensusOptions<'_> {
    fn default() -> Self {
        CensusOptions {
            reading: Reading::Map,
            seed: None,
            rows: 20,
            strings: false,
            progress: None,
            symbol: None,
        }
    }
}

/// Takes the census of a process; `None` where the dump has no memory map to say what is private.
pub fn census(process: &Process<'_>, options: &CensusOptions<'_>) -> Option<CensusReport> {
    process.space.is_mapped().then_some(())?;
    let groups = groups::of(process, charged(process));
    let seed = options.seed.unwrap_or_else(|| seed(process));
    if matches!(options.reading, Reading::Map | Reading::Leader) {
        let read = options.reading == Reading::Leader;
        let shapes = if read { leaders(process, &groups) } else { Vec::new() };
        return Some(rows::report(process, &groups, None, &shapes, options));
    }
    let lookup = Lookup::new(&process.space);
    let candidates = Candidates::new(&lookup);
    let whole_below = match options.reading {
        Reading::Whole => u64::MAX,
        Reading::Sample => 0,
        Reading::Map | Reading::Leader | Reading::Enough => WHOLE_BELOW,
    };
    let memory = process.dump.memory().unnoted();
    let plan = plan::of(memory, || charged(process), (whole_below, UNITS, seed));
    let found = scan(process, &plan, &candidates, options);
    let most = if whole_below == u64::MAX { u64::MAX } else { SEGMENTS };
    let heaps = blocks::read(&blocks::Reading { process, candidates: &candidates, most, seed });
    let read = rows::Contents { lookup: &lookup, plan: &plan, found: &found, heaps: &heaps };
    let shapes = shapes(process, &groups, &read, &candidates);
    let mut report = rows::report(process, &groups, Some(&read), &shapes, options);
    let small = plan.units.len() as u64 == plan.all() && plan.kept() <= HOLDER_BELOW;
    let is_alone = |group: &GroupReport| matches!(group.kind, GroupKind::Allocation | GroupKind::LargeBlock);
    let mut held: Vec<&mut GroupReport> =
        report.groups.iter_mut().take(HELD).filter(|group| small && is_alone(group)).collect();
    let examples: Vec<u64> = held.iter().map(|group| group.example.0).collect();
    for (group, holder) in held.iter_mut().zip(refs::holders(process, &examples)) {
        group.holder = holder;
    }
    for group in &mut report.groups {
        if options.strings {
            group.text = group.shape.as_ref().and_then(|shape| text(memory, group, shape.kind));
        }
    }
    Some(report)
}

/// Some characters of a group that is all text, from its middle.
fn text(memory: Memory<'_>, group: &GroupReport, kind: ShapeKind) -> Option<String> {
    const LOOKED_AT: u64 = 4096;
    const SHOWN: usize = 80;
    let unit = match kind {
        ShapeKind::Ascii => 1,
        ShapeKind::Utf16 => 2,
        _ => return None,
    };
    let at = group.example.0.checked_add(group.size_bytes / 2)? & !1;
    let bytes = memory.bytes(at, memory.available(at, LOOKED_AT.min(group.size_bytes / 2))).ok()?;
    let printable =
        |unit: &[u8]| (0x20..0x7f).contains(&unit[0]) && unit.get(1).is_none_or(|high| *high == 0);
    let units: Vec<&[u8]> = bytes.chunks_exact(unit).collect();
    let longest = units.split(|unit| !printable(unit)).max_by_key(|run| run.len())?;
    let text: String = longest.iter().take(SHOWN).map(|unit| char::from(unit[0])).collect();
    (!text.is_empty()).then_some(text)
}

/// A number that the dump itself gives.
fn seed(process: &Process<'_>) -> u64 {
    let header = process.dump.header();
    let mut state = process.dump.size() ^ u64::from(header.time_date_stamp) << 32 ^ process.id.unwrap_or(0);
    plan::next(&mut state)
}

fn scan(
    process: &Process<'_>,
    plan: &Plan,
    candidates: &Candidates<'_>,
    options: &CensusOptions<'_>,
) -> Found {
    let (narrow, width) = (process.wow64 == Some(true), process.dump.width());
    let width = move |at: u64| if narrow && at < 1 << 32 { Width::Bits32 } else { width };
    let wanted: u64 = plan.units.iter().map(|unit| unit.bytes).sum();
    let done = std::sync::atomic::AtomicU64::new(0);
    let progress = options.progress;
    let tell = |bytes: u64| {
        let so_far = done.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed) + bytes;
        if let Some(progress) = progress {
            progress(so_far, wanted);
        }
    };
    let task = Task {
        memory: process.dump.memory().unnoted(),
        candidates,
        width: &width,
        progress: progress.map(|_| &tell as &(dyn Fn(u64) + Sync)),
        compares: plan.units.len() as u64 == plan.all(),
    };
    pass::read(plan, &task)
}

/// The shapes of the groups that hold most, from a few pages of them.
fn leaders(process: &Process<'_>, groups: &[Group]) -> Vec<ShapeReport> {
    const LEADERS: usize = 2;
    const RUNS: u64 = 4;
    let lookup = Lookup::new(&process.space);
    let shapes = Shapes {
        memory: process.dump.memory(),
        lookup: &lookup,
        candidates: &Candidates::new(&lookup),
        // Nothing is read but the runs, so that a copy that keeps them gives the same answer.
        block: &|_| None,
        class_name: &|_| None,
        runs: RUNS,
    };
    let reader = BlockReader::new(process.dump.memory(), &process.heaps.list);
    let chosen = rows::chosen(process, groups, None);
    let groups = chosen.iter().take(LEADERS).filter_map(|one| match one {
        rows::Chosen::Group(group) => Some(*group),
        rows::Chosen::Blocks { .. } => None,
    });
    groups.map(|group| shapes.of(&extents(process, &reader, group), width_of(process, group))).collect()
}

/// The width of the pointers in a group.
fn width_of(process: &Process<'_>, group: &Group) -> Width {
    let first = group.examples.first().map_or(0, |example| example.0);
    match group.heap.and_then(|heap| process.heaps.list.get(heap)) {
        Some(heap) => heap.width,
        None => classes::width_at(process, first),
    }
}

/// The shapes of the largest groups, in the order of [`rows::chosen`].
fn shapes(
    process: &Process<'_>,
    groups: &[Group],
    read: &rows::Contents<'_>,
    candidates: &Candidates<'_>,
) -> Vec<ShapeReport> {
    let memory = process.dump.memory().unnoted();
    let reader = BlockReader::new(memory, &process.heaps.list);
    let block = |at: u64| {
        let block = reader.at(at).filter(|block| block.state == BlockState::Busy)?;
        Some((block.address, block.size))
    };
    let class_name = |vftable: u64| classes::name(process, read.lookup, vftable);
    let (lookup, runs) = (read.lookup, shape::RUNS);
    let shapes = Shapes { memory, lookup, candidates, block: &block, class_name: &class_name, runs };
    let shape = |chosen: &rows::Chosen<'_>| match chosen {
        rows::Chosen::Group(group) => shapes.of(&extents(process, &reader, group), width_of(process, group)),
        rows::Chosen::Blocks { size, examples, .. } => {
            let addresses: Vec<u64> = examples.list.iter().map(|(_, address)| *address).collect();
            let width = examples
                .list
                .first()
                .map_or(process.dump.width(), |(heap, _)| process.heaps.list[*heap].width);
            let of_width = |(heap, _): &&(usize, u64)| process.heaps.list[*heap].width == width;
            let same = examples.list.iter().filter(of_width).count() == addresses.len();
            let addresses = if same {
                addresses
            } else {
                examples.list.iter().filter(of_width).map(|(_, address)| *address).collect()
            };
            shapes.of_blocks(&addresses, *size, width)
        }
    };
    rows::chosen(process, groups, Some(read)).iter().map(shape).collect()
}

/// Where elements are counted from: the first address of an allocation, or what the program was given of a block.
fn extents(process: &Process<'_>, reader: &BlockReader<'_, '_>, group: &Group) -> Vec<shape::Extent> {
    let user = |base: u64| {
        let heap = process.heaps.list.get(group.heap?)?;
        let part = heap.parts.iter().find(|part| part.base == base)?;
        let mut blocks = reader.blocks_in(heap, std::slice::from_ref(part));
        let block = blocks.find(|block| block.state == BlockState::Busy)?;
        Some(shape::Extent { base: block.address, end: block.address.saturating_add(block.size) })
    };
    let extent = |(base, end): &(u64, u64)| {
        let own = (group.kind == GroupKind::LargeBlock).then(|| user(*base)).flatten();
        own.unwrap_or(shape::Extent { base: *base, end: *end })
    };
    group.examples.iter().map(extent).collect()
}

/// What was read, in figures.
fn reading(read: Option<&rows::Contents<'_>>) -> ReadingReport {
    let Some(read) = read else { return ReadingReport::default() };
    let segments = &read.heaps.segments.read;
    let units: u64 = read.found.read.iter().map(|stratum| stratum.done).sum();
    let drawn = read.plan.units.len() as u64;
    let whole = drawn == read.plan.all() && read.heaps.is_whole();
    ReadingReport {
        extent: if whole { Extent::Whole } else { Extent::Sample },
        units,
        units_of: read.plan.all(),
        kept_bytes: read.plan.kept(),
        segments_read_bytes: segments.read_bytes(),
        segments_bytes: segments.bytes,
    }
}

/// A group without its shape.
fn bare(kind: GroupKind, usage: String, size_bytes: u64, example: u64) -> GroupReport {
    let exact = Some(0);
    GroupReport {
        kind,
        usage,
        size_bytes,
        count: 0,
        count_margin: exact,
        bytes: 0,
        bytes_margin: exact,
        example: example.into(),
        shape: None,
        holder: None,
        text: None,
    }
}
