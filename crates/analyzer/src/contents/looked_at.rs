//! The shapes of the groups that are listed: which of their bytes are looked at.

use dumplens_core::Width;
use dumplens_core::process::heap::{BlockReader, BlockState};

use super::groups::{Group, Grouped};
use super::kinds::GroupKind;
use super::lookup::Lookup;
use super::model::ShapeReport;
use super::shape::{self, Shapes};
use super::tally::Examples;
use super::vftables::Candidates;
use super::{classes, rows};
use crate::process::Process;

/// The shapes of the groups that hold most, from a few pages of them.
pub(super) fn leaders(process: &Process<'_>, groups: &Grouped, lookup: &Lookup) -> Vec<ShapeReport> {
    const LEADERS: usize = 2;
    const RUNS: u64 = 4;
    let shapes = Shapes {
        memory: process.dump.memory(),
        lookup,
        candidates: &Candidates::new(lookup),
        // Nothing is read but the runs, so that a copy that keeps them gives the same answer.
        block: &|_| None,
        class_name: &|_| None,
        runs: RUNS,
    };
    let reader = BlockReader::new(process.dump.memory(), &process.heaps.list);
    let chosen = rows::chosen(groups, None);
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
pub(super) fn of(
    process: &Process<'_>,
    groups: &Grouped,
    read: &rows::Contents<'_>,
    candidates: &Candidates<'_>,
) -> Vec<ShapeReport> {
    let reader = BlockReader::new(process.dump.memory().unnoted(), &process.heaps.list);
    with_shapes(process, &reader, read, candidates, |shapes| {
        let shape = |chosen: &rows::Chosen<'_>| match chosen {
            rows::Chosen::Group(group) => {
                shapes.of(&extents(process, &reader, group), width_of(process, group))
            }
            rows::Chosen::Blocks { size, examples, .. } => {
                let (addresses, width) = alike(process, examples);
                shapes.of_blocks(&addresses, *size, width)
            }
        };
        rows::chosen(groups, Some(read)).iter().map(shape).collect()
    })
}

/// Some characters of the groups of these shapes: of the first example of each, where it is text or has strings.
pub(super) fn texts(
    process: &Process<'_>,
    groups: &Grouped,
    read: &rows::Contents<'_>,
    candidates: &Candidates<'_>,
    shapes: &[ShapeReport],
) -> Vec<Option<String>> {
    let reader = BlockReader::new(process.dump.memory().unnoted(), &process.heaps.list);
    let chosen = rows::chosen(groups, Some(read));
    with_shapes(process, &reader, read, candidates, |looker| {
        let text = |(chosen, shape): (&rows::Chosen<'_>, &ShapeReport)| {
            let (extent, width) = match chosen {
                rows::Chosen::Group(group) => {
                    (*extents(process, &reader, group).first()?, width_of(process, group))
                }
                rows::Chosen::Blocks { size, examples, .. } => {
                    let (addresses, width) = alike(process, examples);
                    let base = *addresses.first()?;
                    (shape::Extent { base, end: base.saturating_add(*size) }, width)
                }
            };
            looker.text(extent, shape, width)
        };
        chosen.iter().zip(shapes).map(text).collect()
    })
}

/// Calls a function with what shapes are looked for with.
fn with_shapes<T>(
    process: &Process<'_>,
    reader: &BlockReader<'_, '_>,
    read: &rows::Contents<'_>,
    candidates: &Candidates<'_>,
    call: impl FnOnce(&Shapes<'_, '_>) -> T,
) -> T {
    let block = |at: u64| {
        let block = reader.at(at).filter(|block| block.state == BlockState::Busy)?;
        Some((block.address, block.size))
    };
    let class_name = |vftable: u64| classes::name(process, read.lookup, vftable);
    call(&Shapes {
        memory: process.dump.memory().unnoted(),
        lookup: read.lookup,
        candidates,
        block: &block,
        class_name: &class_name,
        runs: shape::RUNS,
    })
}

/// Blocks of heaps whose pointers are equally wide, and that width.
fn alike(process: &Process<'_>, examples: &Examples) -> (Vec<u64>, Width) {
    let of = |heap: usize| process.heaps.list[heap].width;
    let width = examples.list.first().map_or(process.dump.width(), |(heap, _)| of(*heap));
    let alike = examples.list.iter().filter(|(heap, _)| of(*heap) == width);
    (alike.map(|(_, address)| *address).collect(), width)
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
