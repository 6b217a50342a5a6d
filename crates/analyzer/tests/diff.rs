//! Two dumps of one process: what a comparison finds is what was put in between them.

#[path = "diff/handmade.rs"]
mod handmade;
#[path = "diff/identity.rs"]
mod identity;
#[path = "diff/lacking.rs"]
mod lacking;

use dumplens_analyzer::diff::{Change, Difference, Row, Side};
use dumplens_analyzer::{Facts, Options, Process, Question};
use dumplens_core::Dump;
use dumplens_synth::presets::heaps::leak::{
    self, AFTER, ALLOCATED, ARENA, ASKED, BEFORE, FREED, Moment, leak,
};
use dumplens_synth::{Process as Written, Width};

const PAGE: u64 = 0x1000;
/// The hours between the two.
const HOURS: u64 = 4;
const STACK: u64 = 0x10_0000;

/// A process as the bytes of its dump.
fn bytes(process: &Written) -> Vec<u8> {
    process.to_bytes().0
}

/// What changed between two dumps.
fn between(old: Vec<u8>, new: Vec<u8>) -> Difference {
    let (old, new) = (Dump::open(old).expect("a dump"), Dump::open(new).expect("a dump"));
    let (old, new) = (Process::gather(&old), Process::gather(&new));
    let options = |path: &str| Options { path: path.to_owned(), ..Options::default() };
    let facts = |process, path| Facts::gather(process, Question::Lists, &options(path));
    let (before, after) = (facts(&old, "old.dmp"), facts(&new, "new.dmp"));
    Difference::between(&Side { process: &old, facts: &before }, &Side { process: &new, facts: &after })
}

fn grown(width: Width) -> Difference {
    between(bytes(&leak(width, BEFORE)), bytes(&leak(width, AFTER)))
}

fn row(rows: &[Row], name: &str) -> Change {
    rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no row {name}: {rows:#?}")).change
}

fn codes(difference: &Difference) -> Vec<&str> {
    difference.warnings.iter().map(|warning| warning.code.as_str()).collect()
}

/// A figure that was this and became that, in [`HOURS`] hours.
fn was_and_is(old: u64, new: u64) -> Change {
    let delta = i64::try_from(new).expect("small") - i64::try_from(old).expect("small");
    #[allow(clippy::cast_precision_loss)]
    Change { old: Some(old), new: Some(new), delta: Some(delta), per_hour: Some(delta as f64 / HOURS as f64) }
}

/// Bytes of a large block of which [`ASKED`] bytes were asked for: with its header, in whole pages.
const BLOCK: u64 = ASKED + PAGE;

#[test]
fn everything_that_was_put_in_is_found() {
    for width in [Width::W64, Width::W32] {
        let d = grown(width);
        assert_eq!(codes(&d), Vec::<&str>::new());
        assert_eq!((d.interval.seconds, d.interval.clock.as_deref()), (Some(14_400), Some("dump_times")));
        let heap = &d.heaps.as_ref().expect("heaps").rows[0];
        assert_eq!(heap.large_blocks, was_and_is(BEFORE.blocks, AFTER.blocks));
        assert_eq!(heap.large_bytes, was_and_is(BEFORE.blocks * BLOCK, AFTER.blocks * BLOCK));
        assert_eq!(heap.committed.delta, heap.large_bytes.delta);
        assert_eq!((heap.presence.as_str(), heap.index), ("both", 0));
        let threads = d.threads.as_ref().expect("threads");
        assert_eq!(threads.count, was_and_is(3, 6));
        assert_eq!((threads.new, threads.gone), (Some(3), Some(0)));
        assert_eq!(threads.stacks_committed.delta, Some(3 * 4 * 0x1000));
        let starts = &threads.by_start.rows;
        assert_eq!(starts.len(), 1);
        assert_eq!(starts[0].start, Some(format!("app+{:#x}", leak::LEAKED_START)));
        assert_eq!(starts[0].count, was_and_is(1, 4));
        let handles = d.handles.as_ref().expect("handles");
        assert_eq!((row(handles, "all").delta, row(handles, "Event").delta), (Some(100), Some(100)));
        assert_eq!(row(handles, "File").delta, Some(0));
    }
}

/// Of each exact size, how many more there are; a thing that did not change is no row.
#[test]
fn sizes_are_counted_exactly() {
    for width in [Width::W64, Width::W32] {
        let d = grown(width);
        let rows = &d.sizes.as_ref().expect("sizes").rows;
        let of = |what: &str, size: u64, usage: &str| {
            let row = rows
                .iter()
                .find(|r| (r.what.as_str(), r.size_bytes, r.usage.as_str()) == (what, size, usage));
            row.unwrap_or_else(|| panic!("no {what} of {size}: {rows:#?}"))
        };
        let blocks = of("heap_block", ASKED, "Heap");
        assert_eq!(blocks.count, was_and_is(BEFORE.blocks, AFTER.blocks));
        assert_eq!(blocks.committed, was_and_is(BEFORE.blocks * BLOCK, AFTER.blocks * BLOCK));
        let allocations = of("allocation", ALLOCATED, "<unknown>");
        assert_eq!(allocations.count, was_and_is(BEFORE.allocations, AFTER.allocations));
        let arena = of("allocation", ARENA, "<unknown>");
        assert_eq!((arena.count.delta, arena.bytes.delta), (Some(0), Some(0)));
        assert_eq!(arena.committed, was_and_is(BEFORE.arena, AFTER.arena));
        assert_eq!(of("allocation", FREED, "<unknown>").count, was_and_is(1, 0));
        assert_eq!(of("allocation", STACK, "Stack").count.delta, Some(3));
        assert_eq!(of("allocation", 2 * PAGE, "TEB").count.delta, Some(3));
        assert_eq!(rows.len(), 6, "{rows:#?}");
        // The heap's own figure comes first of what grew: most of it is these blocks.
        assert_eq!(d.fastest[0].bytes.delta, heap_growth());
    }
}

fn heap_growth() -> Option<i64> {
    i64::try_from((AFTER.blocks - BEFORE.blocks) * BLOCK).ok()
}

/// New, gone, grown in place: by address, with the bytes of all of them.
#[test]
fn allocations_are_matched_by_address() {
    let d = grown(Width::W64);
    let all = d.allocations.as_ref().expect("allocations");
    let [blocks, calls, threads] = [
        AFTER.blocks - BEFORE.blocks,
        AFTER.allocations - BEFORE.allocations,
        u64::from(AFTER.threads - BEFORE.threads),
    ];
    // A thread has a stack and a TEB.
    assert_eq!(all.new.count, blocks + calls + 2 * threads);
    let committed = blocks * BLOCK + calls * ALLOCATED + threads * (4 * PAGE + 2 * PAGE);
    assert_eq!(all.new.committed_delta, i64::try_from(committed).expect("small"));
    assert_eq!((all.gone.count, all.gone.size_delta), (1, -i64::try_from(FREED).expect("small")));
    assert_eq!(
        (all.gone.largest[0].base.0, all.gone.largest[0].size),
        (0x260_3100_0000, was_and_is(FREED, 0))
    );
    assert_eq!((all.grown.count, all.grown.size_delta, all.grown.committed_delta), (1, 0, 0x20_0000));
    let arena = &all.grown.largest[0];
    assert_eq!((arena.base.0, arena.committed), (0x260_3000_0000, was_and_is(BEFORE.arena, AFTER.arena)));
    assert_eq!(all.shrunk.count, 0);
    assert_eq!(all.new.largest.len(), 10);
    assert!(all.new.largest.iter().all(|a| a.usage == "Heap" && a.committed.new == Some(BLOCK)));
    // The other way round, what was new is gone.
    let back = between(bytes(&leak(Width::W64, AFTER)), bytes(&leak(Width::W64, BEFORE)));
    let turned = back.allocations.expect("allocations");
    assert_eq!((turned.gone.count, turned.new.count, turned.shrunk.count), (all.new.count, 1, 1));
    assert_eq!(turned.same, all.same);
}

/// The totals are the sums of what was put in.
#[test]
fn totals_add_up() {
    for width in [Width::W64, Width::W32] {
        let (old, new) = (leak(width, BEFORE), leak(width, AFTER));
        let sum = |p: &Written, state: u32| -> u64 {
            p.regions.as_ref().expect("regions").iter().filter(|r| r.state == state).map(|r| r.size).sum()
        };
        let d = between(bytes(&old), bytes(&new));
        for (name, state) in [("committed", 0x1000), ("reserved", 0x2000), ("free", 0x1_0000)] {
            assert_eq!(row(&d.memory, name), was_and_is(sum(&old, state), sum(&new, state)), "{name}");
        }
        let usage = d.usage.as_ref().expect("usage");
        let grown: i64 = usage.iter().map(|u| u.committed.delta.expect("known")).sum();
        assert_eq!(Some(grown), row(&d.memory, "committed").delta);
        let size: i64 = usage.iter().map(|u| u.size.delta.expect("known")).sum();
        assert_eq!(size, 0, "the address space is as large as it was");
        let charge = |p: &Written| p.vm_counters.expect("counters").private_usage;
        assert_eq!(row(&d.counters, "commit charge"), was_and_is(charge(&old), charge(&new)));
    }
}

/// A limit, what is left of it, and the hours at this rate.
#[test]
fn projections_are_what_is_left_by_what_is_taken() {
    let d = grown(Width::W64);
    let machine = d.projections.iter().find(|p| p.by == "machine").expect("of the machine");
    // 40 GiB less 0x610000 pages; 0x10000 pages in 4 hours.
    assert_eq!(machine.left_bytes, (0xA0_0000 - 0x61_0000) * PAGE);
    assert_eq!((machine.per_hour, machine.hours), (f64::from(64 << 20), 252.0));
    assert_eq!(machine.at.as_deref(), Some("2023-11-25T14:23:20Z"));
    assert!(d.projections.iter().all(|p| p.limit == "commit_limit"));
    let d = grown(Width::W32);
    let space = d.projections.iter().find(|p| p.limit == "address_space").expect("of 32 bits");
    let free = row(&d.memory, "free");
    assert_eq!(space.left_bytes, free.new.expect("known"));
    assert_eq!(Some(-space.per_hour), free.per_hour);
    let hours: Vec<f64> = d.projections.iter().map(|p| p.hours).collect();
    assert!(hours.is_sorted() && hours.len() == 3, "{hours:?}");
}

/// What shrinks or stays reaches nothing.
#[test]
fn nothing_is_projected_without_growth() {
    let still = Moment { seconds: 3600, ..BEFORE };
    let d = between(bytes(&leak(Width::W64, BEFORE)), bytes(&leak(Width::W64, still)));
    assert_eq!((d.projections, d.fastest), (Vec::new(), Vec::new()));
    assert_eq!(row(&d.memory, "committed").per_hour, Some(0.0));
    let d = between(
        bytes(&leak(Width::W64, AFTER)),
        bytes(&leak(Width::W64, Moment { seconds: 5 * 3600, ..BEFORE })),
    );
    assert_eq!(d.projections, Vec::new());
}
