//! Builds the rows of the report from what the passes found.

use std::collections::{BTreeMap, HashMap};

use super::classes::{self, Counted};
use super::estimate::{Figure, Read, Sums, figure};
use super::groups::{Group, Grouped};
use super::kinds::{GroupKind, Use};
use super::ledger::Places;
use super::lookup::Lookup;
use super::model::{
    BlockSizeRow, CensusReport, DuplicatesReport, GroupReport, PageRow, RepeatedImageReport, ShapeReport,
    UseReport,
};
use super::pass::{Found, KINDS};
use super::plan::Plan;
use super::tally::{Examples, HeapRead, HeapsRead};
use super::{CensusOptions, bare, reading};
use crate::process::Process;
use crate::process::module_names::module_name;

/// Groups that are listed.
const GROUPS: usize = 20;
/// The share of the private commit from which on a group is listed, as one in so many.
const WORTH: u64 = 200;
/// Allocations smaller than this, together, are no group.
const LEAST: u64 = 4 << 10;

/// What was read from memory.
pub(super) struct Contents<'c> {
    pub(super) lookup: &'c Lookup,
    pub(super) plan: &'c Plan,
    pub(super) found: &'c Found,
    pub(super) heaps: &'c HeapsRead,
}

/// A group that is listed.
pub(super) enum Chosen<'c> {
    Group(&'c Group),
    Blocks { size: u64, count: Figure, examples: &'c Examples },
}

impl Chosen<'_> {
    fn bytes(&self) -> u64 {
        match self {
            Chosen::Group(group) => group.committed,
            Chosen::Blocks { size, count, .. } => size.saturating_mul(count.value),
        }
    }
}

/// The groups that are listed, those of most bytes first.
pub(super) fn chosen<'c>(groups: &'c Grouped, read: Option<&Contents<'c>>) -> Vec<Chosen<'c>> {
    let worth = (groups.places.private / WORTH).max(LEAST);
    let mut list: Vec<Chosen<'_>> = groups.list.iter().map(Chosen::Group).collect();
    if let Some(read) = read {
        let large = |size: u64| groups.list.iter().any(|g| g.kind == GroupKind::LargeBlock && g.size == size);
        for row in sizes(read.heaps).into_iter().filter(|row| !large(row.size_bytes)) {
            if let Some(examples) = read.heaps.examples.get(&row.size_bytes) {
                list.push(Chosen::Blocks {
                    size: row.size_bytes,
                    count: Figure { value: row.blocks, margin: row.blocks_margin },
                    examples,
                });
            }
        }
    }
    list.retain(|one| one.bytes() >= worth);
    list.sort_by_key(|one| std::cmp::Reverse(one.bytes()));
    list.truncate(GROUPS);
    list
}

/// The whole report.
pub(super) fn report(
    process: &Process<'_>,
    groups: &Grouped,
    read: Option<&Contents<'_>>,
    shapes: &[ShapeReport],
    options: &CensusOptions<'_>,
) -> CensusReport {
    let chosen = chosen(groups, read);
    let mut report = CensusReport { reading: reading(read), ..CensusReport::default() };
    report.groups = chosen.iter().map(group).collect();
    for (group, shape) in report.groups.iter_mut().zip(shapes) {
        group.shape = Some(shape.clone());
    }
    report.private_bytes = groups.places.private;
    report.uses = uses(&groups.places, &report.groups, read);
    report.repeated_images = repeated_images(process);
    let Some(read) = read else { return report };
    let mut sizes = sizes(read.heaps);
    report.sizes_left_out = sizes.len().saturating_sub(options.rows) as u64;
    sizes.truncate(options.rows);
    report.sizes = sizes;
    let counted = Counted { heaps: read.heaps, pointers: &read.found.pointers, read: &read.found.read };
    let (classes, pointed) = classes::of(process, read.lookup, &counted, options);
    (report.classes, report.classes_left_out) = classes;
    (report.vftables, report.vftables_left_out) = pointed;
    report.pages = pages(read.found);
    report.duplicates = read.plan.is_whole().then(|| {
        let (pages, one_in) = read.found.pages.repeated();
        DuplicatesReport { bytes: pages.saturating_mul(super::pages::PAGE as u64), one_in }
    });
    report.faults.clone_from(&read.heaps.faults);
    report
}

fn group(chosen: &Chosen<'_>) -> GroupReport {
    match chosen {
        Chosen::Group(group) => {
            let example = group.examples.first().map_or(0, |example| example.0);
            GroupReport {
                count: group.count,
                bytes: group.committed,
                ..bare(group.kind, group.usage.to_string(), group.size, example)
            }
        }
        Chosen::Blocks { size, count, examples } => {
            let example = examples.list.first().map_or(0, |(_, address)| *address);
            let bytes = times(*count, *size);
            GroupReport {
                count: count.value,
                count_margin: count.margin,
                bytes: bytes.value,
                bytes_margin: bytes.margin,
                ..bare(GroupKind::Block, "Heap".to_owned(), *size, example)
            }
        }
    }
}

fn times(count: Figure, size: u64) -> Figure {
    let product = |n: u64| n.saturating_mul(size);
    Figure { value: product(count.value), margin: count.margin.map(product) }
}

/// Every byte of the private commit under one use.
fn uses(places: &Places, groups: &[GroupReport], read: Option<&Contents<'_>>) -> Vec<UseReport> {
    let mut sums: BTreeMap<Use, (u64, Option<u64>)> = BTreeMap::new();
    let mut add = |of: Use, bytes: u64, margin: Option<u64>| {
        let sum = sums.entry(of).or_insert((0, Some(0)));
        *sum = (sum.0 + bytes, sum.1.zip(margin).map(|(a, b)| a.saturating_add(b)));
    };
    for (of, bytes) in &places.others {
        add(*of, *bytes, Some(0));
    }
    if read.is_none() {
        add(Use::HeapUnread, places.heaps.values().sum(), Some(0));
    }
    let unclaimed = places.unclaimed;
    let listed: u64 = groups
        .iter()
        .filter(|g| g.kind == GroupKind::Allocation)
        .map(|g| g.bytes)
        .fold(0, u64::saturating_add);
    let grouped = listed.min(unclaimed);
    add(Use::Groups, grouped, Some(0));
    add(Use::Unexplained, unclaimed - grouped, Some(0));
    // Of a sample, all heaps are judged by the segments that were drawn of any.
    let all = read.map(|read| read.heaps.together()).unwrap_or_default();
    let of_each = read.filter(|read| read.heaps.is_whole());
    let tallies: Vec<(u64, &HeapRead)> = match (read, of_each) {
        (None, _) => Vec::new(),
        (Some(_), None) => vec![(places.heaps.values().sum(), &all)],
        (_, Some(read)) => {
            places.heaps.iter().filter_map(|(n, of)| Some((*of, read.heaps.heaps.get(*n)?))).collect()
        }
    };
    for (committed, heap) in tallies {
        let figure = |sums: &Sums, large: u64| {
            let of_segments = figure([(sums, &heap.read)].into_iter());
            (of_segments.value.saturating_add(large), of_segments.margin)
        };
        let [large_busy, large_free, large_unread] = heap.large;
        let (busy, busy_margin) = figure(&heap.busy, large_busy);
        let (free, free_margin) = figure(&heap.free, large_free);
        let busy = busy.min(committed);
        // Free space may be decommitted: of what is committed, it is what is left at most.
        let free = free.min(committed - busy);
        let (unread, unread_margin) = figure(&heap.unread, large_unread);
        let unread = unread.min(committed - busy - free);
        add(Use::HeapBusy, busy, busy_margin);
        add(Use::HeapFree, free, free_margin);
        add(Use::HeapUnread, unread, unread_margin);
        let margins = [busy_margin, free_margin, unread_margin];
        let margin = margins.into_iter().try_fold(0u64, |sum, margin| Some(sum.saturating_add(margin?)));
        add(Use::HeapOverhead, committed - busy - free - unread, margin);
    }
    let row = |(of, (bytes, bytes_margin)): (Use, (u64, Option<u64>))| UseReport { of, bytes, bytes_margin };
    let mut rows: Vec<UseReport> = sums.into_iter().map(row).filter(|row| row.bytes > 0).collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.bytes), row.of));
    rows
}

/// Blocks by size over all heaps, those of most bytes first.
fn sizes(heaps: &HeapsRead) -> Vec<BlockSizeRow> {
    let mut counts: HashMap<u64, Figure> = HashMap::new();
    for (size, sums) in &heaps.segments.sizes {
        counts.insert(*size, figure([(sums, &heaps.segments.read)].into_iter()));
    }
    for (size, blocks) in &heaps.large.sizes {
        let count = counts.entry(*size).or_insert(Figure::exact(0));
        count.value = count.value.saturating_add(*blocks);
    }
    let row = |(size_bytes, blocks): (u64, Figure)| {
        let bytes = times(blocks, size_bytes);
        BlockSizeRow {
            size_bytes,
            blocks: blocks.value,
            blocks_margin: blocks.margin,
            bytes: bytes.value,
            bytes_margin: bytes.margin,
        }
    };
    let mut rows: Vec<BlockSizeRow> = counts.into_iter().map(row).collect();
    rows.sort_unstable_by_key(|row| std::cmp::Reverse((row.bytes, row.size_bytes)));
    rows
}

fn pages(found: &Found) -> Vec<PageRow> {
    let row = |n: usize| {
        let strata = found.kinds.iter().map(move |kinds| &kinds[n]).zip(&found.read);
        let bytes = figure(strata.map(|(sums, read): (&Sums, &Read)| (sums, read)));
        PageRow { kind: KINDS[n], bytes: bytes.value, bytes_margin: bytes.margin }
    };
    let mut rows: Vec<PageRow> = (0..KINDS.len()).map(row).filter(|row| row.bytes > 0).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.bytes));
    rows
}

/// Images of one name, size and time that are there more than once.
fn repeated_images(process: &Process<'_>) -> Vec<RepeatedImageReport> {
    const LISTED: usize = 20;
    let mut counts: HashMap<(String, u32, u32), u64> = HashMap::new();
    for module in &process.modules {
        let name = module_name(&module.name).to_ascii_lowercase();
        *counts.entry((name, module.size, module.time_date_stamp)).or_default() += 1;
    }
    let many = counts.into_iter().filter(|((name, ..), count)| *count > 1 && !name.is_empty());
    let row = |((name, size, _), count): ((String, u32, u32), u64)| RepeatedImageReport {
        name,
        count,
        size_bytes: u64::from(size),
    };
    let mut rows: Vec<RepeatedImageReport> = many.map(row).collect();
    rows.sort_by_key(|row| {
        (std::cmp::Reverse(row.size_bytes.saturating_mul(row.count - 1)), row.name.clone())
    });
    rows.truncate(LISTED);
    rows
}
