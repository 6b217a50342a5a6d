//! The renderers, from a comparison that was written by hand.

use dumplens_analyzer::diff::{
    AllocationChange, AllocationGroup, AllocationsDifference, Change, Check, Difference, Grower, HeapRow,
    Identity, Interval, Kind, ModuleRow, Projection, Row, SideReport, SizeRow, StartRow, Table,
    ThreadsDifference, UsageRow,
};
use dumplens_analyzer::facts::{HeapKind, Hex, WarningReport};
use dumplens_analyzer::render::{markdown, text};
use dumplens_analyzer::report::Tool;

const MB: u64 = 1 << 20;

fn change(old: u64, new: u64) -> Change {
    Change::new(Some(old), Some(new), Some(7200))
}

fn row(name: &str, unit: &str, change: Change) -> Row {
    Row { name: name.into(), unit: unit.into(), change }
}

fn side(path: &str, hour: u64) -> SideReport {
    SideReport {
        path: path.into(),
        created: Some(format!("2026-11-23T{:02}:00:00Z", 8 + hour)),
        arch: Some("x86".into()),
        pointer_bits: 32,
        truncated: hour > 0,
        process_id: Some(77),
        image: Some("C:\\app\\server.exe".into()),
        process_created: None,
        uptime_seconds: Some(3600 * (1 + hour)),
        warnings: Vec::new(),
    }
}

fn table<T>(by: &str, rows: Vec<T>, left_out: u64) -> Table<T> {
    Table { matched_by: by.into(), rows, left_out }
}

fn group(count: u64, delta: i64, largest: Vec<AllocationChange>) -> AllocationGroup {
    AllocationGroup { count, size_delta: delta, committed_delta: delta, largest }
}

fn heap(presence: &str, index: usize, old: Option<u64>, new: Option<u64>) -> HeapRow {
    HeapRow {
        presence: presence.into(),
        index,
        bits: 32,
        kind: HeapKind::Nt,
        old_handle: old.map(Hex),
        new_handle: new.map(Hex),
        committed: change(old.map_or(0, |_| MB), new.map_or(0, |_| 3 * MB)),
        reserved: Change::new(None, Some(5), Some(7200)),
        large_blocks: change(0, 2),
        large_bytes: change(0, 2 * MB),
    }
}

fn size() -> SizeRow {
    SizeRow {
        what: "heap_block".into(),
        usage: "Heap".into(),
        size_bytes: MB,
        count: change(1, 1101),
        bytes: change(MB, 1101 * MB),
        committed: change(MB, 1101 * MB),
    }
}

fn difference() -> Difference {
    let check =
        Check { what: "process_id".into(), old: Some("77".into()), new: Some("77".into()), same: Some(true) };
    let changed = |base, old, new| AllocationChange {
        base: Hex(base),
        kind: "MEM_PRIVATE".into(),
        usage: "Heap".into(),
        size: change(old, new),
        committed: change(old / 2, new / 2),
    };
    let mut new = side("new.dmp", 2);
    new.warnings = vec![WarningReport { code: "regions_gap".into(), message: "a gap".into() }];
    Difference {
        schema_version: 2,
        tool: Tool { name: "dumplens".into(), version: "1.2.3".into() },
        identity: Identity { kind: Kind::SameProcess, certain: false, checks: vec![check] },
        interval: Interval { seconds: Some(7200), clock: Some("dump_times".into()) },
        old: side("old\u{1b}.dmp", 0),
        new,
        fastest: vec![Grower {
            kind: "heap".into(),
            name: "heap 0 at 0x500000".into(),
            bytes: change(MB, 1101 * MB),
            count: None,
        }],
        projections: vec![Projection {
            limit: "address_space".into(),
            by: "process".into(),
            left_bytes: 1100 * MB,
            per_hour: 550.0 * 1_048_576.0,
            hours: 2.0,
            at: Some("2026-11-23T12:00:00Z".into()),
        }],
        memory: vec![
            row("private commit by the map", "bytes", change(MB, 1101 * MB)),
            row("free", "bytes", change(1500 * MB, 400 * MB)),
            row("regions", "count", Change::new(Some(5), None, Some(7200))),
        ],
        counters: vec![row("page faults", "count", change(10, 25))],
        usage: Some(vec![UsageRow {
            name: "Heap".into(),
            size: change(2 * MB, 1102 * MB),
            committed: change(MB, 1101 * MB),
            regions: change(1, 1101),
        }]),
        heaps: Some(table(
            "handle",
            vec![
                heap("both", 0, Some(0x50_0000), Some(0x50_0000)),
                heap("new", 1, None, Some(0x60_0000)),
                heap("gone", 2, Some(0x70_0000), None),
            ],
            0,
        )),
        modules: Some(table(
            "path",
            vec![ModuleRow {
                presence: "new".into(),
                path: "C:\\x\\a.dll".into(),
                size: change(0, MB),
                private: Change::new(Some(0), None, Some(7200)),
            }],
            3,
        )),
        census: None,
        managed: None,
        sizes: Some(table("usage and size", vec![size()], 12)),
        threads: Some(ThreadsDifference {
            count: change(4, 5),
            stacks_committed: change(4 * 65536, 5 * 65536),
            stacks_reserved: Change::new(None, None, Some(7200)),
            new: Some(2),
            gone: Some(1),
            by_start: table(
                "module and offset",
                vec![
                    StartRow { start: Some("server+0x1000".into()), count: change(1, 3) },
                    StartRow { start: None, count: change(1, 0) },
                ],
                0,
            ),
        }),
        handles: Some(vec![row("all", "count", change(10, 12))]),
        allocations: Some(AllocationsDifference {
            new: group(12, 12 << 20, vec![changed(0x100_0000, 0, MB)]),
            gone: group(1, -4096, vec![changed(0x200_0000, 4096, 0)]),
            grown: group(1, 1 << 20, vec![changed(0x300_0000, MB, 2 * MB)]),
            shrunk: AllocationGroup::default(),
            same: 100,
        }),
        warnings: vec![WarningReport { code: "diff_identity_unsure".into(), message: "not sure".into() }],
    }
}

#[test]
fn text() {
    insta::assert_snapshot!(text::diff(&difference()));
}

#[test]
fn ticket() {
    let ticket = markdown::diff(&difference()).replace(env!("CARGO_PKG_VERSION"), "(version)");
    insta::assert_snapshot!(ticket);
}

/// Without a time between them, no column of rates.
#[test]
fn without_rates() {
    let mut difference = difference();
    difference.interval.seconds = Some(-7200);
    let shown = text::diff(&difference);
    assert!(!shown.contains("Per hour") && shown.contains("0 days 2:00:00 the wrong way round"), "{shown}");
    assert!(!markdown::diff(&difference).contains("Per hour"));
}
