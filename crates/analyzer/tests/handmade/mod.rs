//! One report written by hand, for the renderers: no dump, no computation, nothing that could hide a mistake of theirs.

pub(crate) mod exceptions;
pub(crate) mod regions;
pub(crate) mod waits;

use dumplens_analyzer::facts::{
    AllocationReport, AllocationsReport, CodeReport, CountersReport, DumpReport, Facts, FrameReport,
    HandleCount, HeapBlocksReport, HeapCountersReport, HeapKind, HeapReport, Hex, LayoutProof, MemoryReport,
    ModuleReport, PlaceReport, ProcessReport, RowReport, SizeClassReport, StackReport, StreamReport,
    SystemMemoryReport, SystemReport, ThreadReport, WarningReport,
};
use dumplens_analyzer::report::{Report, Tool};
use dumplens_analyzer::stack::Trust;

use dumplens_analyzer::findings::{Evidence, Finding};
use dumplens_analyzer::verdict::signature::{SignatureFrame, SignatureReport};
use dumplens_analyzer::verdict::{
    AllocationFailure, BlamedPlace, Cause, Confidence, Kind, Origin, VerdictReport,
};

#[allow(clippy::unnecessary_wraps)] // as the fields want it
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// An x64 process that threw `std::bad_alloc`.
pub(crate) fn report() -> Report {
    Report {
        schema_version: 2,
        tool: Tool { name: "dumplens".into(), version: "1.2.3".into() },
        facts: Facts {
            exception_lost: None,
            dump: dump(),
            system: system(),
            process: process(),
            exception: Some(exceptions::thrown()),
            assertion: None,
            unreal: None,
            threads: vec![main_thread(), wow64_thread(), bare_thread()],
            unloaded_modules: Vec::new(),
            waits: Some(Box::new(waits::waits([1000, 1004, 1008]))),
            modules: vec![module()],
            heaps: heaps(),
            broken_blocks: Vec::new(),
            memory: memory(),
            census: None,
            managed: None,
            warnings: vec![WarningReport {
                code: "memory_cut".into(),
                message: "the dump is cut off: 4096 bytes of the memory it lists are not in the file".into(),
            }],
            request: None,
            refused_pointer: None,
        },
        verdict: Some(verdict()),
        signature: Some(signature()),
        findings: findings(),
    }
}

fn signature() -> SignatureReport {
    SignatureReport {
        id: "v2-0123456789ab".into(),
        family: "v2-ba9876543210".into(),
        version: 2,
        kind: Kind::AllocationFailure,
        cause: Some(Cause::CommitLimit),
        what: None,
        program: None,
        frames: vec![SignatureFrame {
            module: "app".into(),
            offset: Hex(0x1042),
            debug_id: text("0102030405060708090A0B0C0D0E0F101"),
            function: text("grow\u{1b}[2J"),
        }],
        methods: Vec::new(),
        size_class_bytes: Some(1 << 31),
        fingerprint: ["dumplens".into(), "v2-0123456789ab".into()],
    }
}

fn dump() -> DumpReport {
    let stream = |kind, name: &str, size_bytes| StreamReport { kind, name: name.into(), size_bytes };
    DumpReport {
        path: "C:\\dumps\\app.dmp".into(),
        size_bytes: 123_456_789,
        flags: Hex(0x46_1826),
        created: text("2023-11-14T22:23:20Z"),
        arch: text("x86_64"),
        pointer_bits: 64,
        truncated: true,
        missing_bytes: 4096,
        redacted: false,
        kept_bytes: 120 << 20,
        crashpad: None,
        breakpad: None,
        comment: text("\r\n*** procdump64.exe -ma 4242\r\n*** Manual dump"),
        streams: vec![
            stream(7, "SystemInfoStream", 56),
            stream(9, "Memory64ListStream", 4112),
            stream(0x4d7a_0001, "stream 0x4d7a0001", 12),
        ],
    }
}

fn system() -> SystemReport {
    SystemReport {
        os: text("Windows NT 10.0.19045"),
        build: Some(19045),
        build_string: text("19041.1.amd64fre.vb_release.191206-1406"),
        service_pack: text("Service Pack 1"),
        processors: Some(8),
        uptime_seconds: Some(981_363.996),
        time: text("2023-11-14T22:23:20Z"),
        memory: Some(SystemMemoryReport {
            physical_bytes: Some(32 << 30),
            available_bytes: Some(8 << 30),
            commit_bytes: Some(39 << 30),
            commit_limit_bytes: Some(40 << 30),
            commit_peak_bytes: Some(40 << 30),
        }),
    }
}

fn process() -> ProcessReport {
    let handles = |kind: &str, count| HandleCount { kind: kind.into(), count };
    ProcessReport {
        id: Some(4242),
        image: text("C:\\Program Files\\Acme\\app.exe"),
        version: text("1.2.3.4"),
        command_line: text("app.exe --serve 8080"),
        created: text("2023-11-14T22:13:20Z"),
        uptime_seconds: Some(600),
        user_seconds: Some(120),
        kernel_seconds: Some(30),
        wow64: Some(false),
        pebs: vec![Hex(0x40_0001_0000)],
        handle_count: None,
        handles: Some(vec![handles("Event", 1200), handles("File", 30), handles("", 2)]),
        counters: Some(CountersReport {
            private_bytes: Some(5 << 30),
            pagefile_bytes: 4 << 30,
            peak_pagefile_bytes: 6 << 30,
            working_set_bytes: 1 << 30,
            peak_working_set_bytes: 2 << 30,
            private_working_set_bytes: Some(3 << 20),
            virtual_bytes: Some(7 << 30),
            peak_virtual_bytes: Some((1 << 53) + 1),
            shared_commit_bytes: Some(0),
            job_shared_commit_bytes: None,
            job_private_commit_bytes: None,
            job_private_commit_limit_bytes: None,
            job_total_commit_limit_bytes: None,
            page_faults: 12345,
        }),
    }
}

fn main_thread() -> ThreadReport {
    ThreadReport {
        raised: None,
        id: 1000,
        index: 0,
        name: text("main"),
        teb: Hex(0x40_0001_1000),
        teb32: None,
        stack: Some(Box::new(StackReport {
            base: Hex(0x40_0030_0000),
            limit: Some(Hex(0x40_002f_f000)),
            reserved_from: Some(Hex(0x40_0020_0000)),
            reserved_bytes: Some(0xf_c000),
            committed_bytes: Some(0x4000),
            guard_bytes: Some(0x3000),
            deepest_bytes: Some(0xe00),
            in_use_bytes: Some(0x800),
        })),
        stack64: None,
        last_error: Some(CodeReport { code: Hex(1455), name: text("ERROR_COMMITMENT_LIMIT") }),
        last_status: Some(CodeReport { code: Hex(0xc000_012d), name: text("STATUS_COMMITMENT_LIMIT") }),
        suspend_count: 0,
        ip: Some(Hex(0x7ffb_1234_5678)),
        sp: Some(Hex(0x40_002f_f800)),
        start_address: Some(Hex(0x7ff6_4000_1050)),
        top: Some("ntdll+0x5678".into()),
        top_ip: Some(0x7ffb_1234_5678),
        start_symbol: Box::default(),
        frames: None,
        stopped: None,
        same_stack_as: None,
        native: None,
        listed: true,
        blame: None,
        is_ending: false,
        exit_code: None,
        exceptions: Some(exceptions::earlier().into()),
    }
}

/// A frame as symbols will make it, one without, one inlined and one outside all modules.
pub(crate) fn frames() -> Vec<FrameReport> {
    let plain = FrameReport {
        exact: false,
        source: None,
        export: None,
        ip: Hex(0x7ffb_1234_5678),
        sp: Hex(0x40_002f_f800),
        inline: false,
        module: text("ntdll"),
        function: None,
        offset: Some(Hex(0x5678)),
        file: None,
        line: None,
        module_index: None,
        trust: Trust::Context,
    };
    let app = FrameReport {
        ip: Hex(0x7ff6_4000_1044),
        sp: Hex(0x40_002f_f840),
        module: text("app"),
        function: text("Recorder::append"),
        offset: Some(Hex(0x32)),
        file: text("C:\\src\\recorder.cpp"),
        line: Some(27),
        trust: Trust::UnwindInfo,
        ..plain.clone()
    };
    let inlined = FrameReport { inline: true, function: text("push\u{202e}"), line: None, ..app.clone() };
    let nowhere = FrameReport { module: None, offset: None, trust: Trust::Scan, ..plain.clone() };
    vec![plain, inlined, app, nowhere]
}

/// The 32-bit half is what the program sees.
fn wow64_thread() -> ThreadReport {
    ThreadReport {
        id: 0xfffe,
        index: 1,
        name: None,
        teb32: Some(Hex(0x21_4000)),
        exceptions: Some(Box::default()),
        stack: Some(Box::new(StackReport {
            base: Hex(0x60_0000),
            limit: Some(Hex(0x5f_f000)),
            reserved_from: None,
            reserved_bytes: None,
            committed_bytes: None,
            guard_bytes: None,
            deepest_bytes: None,
            in_use_bytes: None,
        })),
        stack64: main_thread().stack,
        last_error: Some(CodeReport { code: Hex(0), name: text("ERROR_SUCCESS") }),
        last_status: Some(CodeReport { code: Hex(0xdead_beef), name: None }),
        ..main_thread()
    }
}

/// Of a dump that keeps no TEB.
fn bare_thread() -> ThreadReport {
    ThreadReport {
        id: 12,
        index: 2,
        name: text(""),
        teb: Hex(0),
        stack: None,
        last_error: None,
        last_status: None,
        suspend_count: 1,
        ip: None,
        sp: None,
        top: None,
        top_ip: None,
        start_address: None,
        exceptions: None,
        ..main_thread()
    }
}

fn module() -> ModuleReport {
    ModuleReport {
        base: Hex(0x7ff6_4000_0000),
        size_bytes: 0x3000,
        path: "C:\\Program Files\\Acme\\app.exe".into(),
        version: text("1.2.3.4"),
        time_date_stamp: Hex(0x6550_0001),
        pdb: text("C:\\build\\app.pdb"),
        debug_id: text("131211101514171618191A1B1C1D1E1F1"),
        private_bytes: Some(0x3000),
        write_copy_bytes: Some(0x1000),
    }
}

fn allocations() -> AllocationsReport {
    let cage = AllocationReport {
        base: Hex(0x100_0000_0000),
        size_bytes: 8 << 30,
        committed_bytes: 0x1000,
        reserved_bytes: (8 << 30) - 0x1000,
        regions: 2,
        kind: "MEM_PRIVATE".into(),
        usage: "<unknown>".into(),
        hint: text("aligned like a cage"),
    };
    let module = AllocationReport {
        base: Hex(0x7ff6_4000_0000),
        size_bytes: 0x3000,
        committed_bytes: 0x3000,
        reserved_bytes: 0,
        regions: 3,
        kind: "MEM_IMAGE".into(),
        usage: "Image".into(),
        hint: None,
    };
    let class = |from_bytes, below_bytes, allocations, size_bytes, committed_bytes| SizeClassReport {
        from_bytes,
        below_bytes,
        allocations,
        size_bytes,
        committed_bytes,
    };
    AllocationsReport {
        private_equals: Vec::new(),
        count: 9,
        largest: vec![cage, module],
        private_sizes: vec![
            class(0, Some(0x1_0000), 3, 0x6000, 0x5000),
            class(64 << 30, None, 1, 100 << 30, 0x1000),
        ],
    }
}

/// An allocation of the story: 60,540,697 elements of 16 bytes.
fn verdict() -> VerdictReport {
    VerdictReport {
        kind: Kind::AllocationFailure,
        title: "An allocation of 923.778 MB failed because the machine's commit limit was reached.".into(),
        confidence: Confidence::High,
        place: Some(BlamedPlace {
            thread_id: 0x1a2c,
            module: "app".into(),
            offset: Hex(0x1042),
            function: text("grow\u{1b}[2J"),
        }),
        cause: Some(Cause::CommitLimit),
        because: vec!["std::bad_alloc was thrown.".into(), "968651191 = 60540697 x 16 + 0x27.".into()],
        allocation: Some(AllocationFailure {
            origin: Origin::VectorReallocation,
            requested_bytes: 968_651_191,
            requested_hex: Hex(968_651_191),
            element_size: Some(16),
            element_count: Some(60_540_697),
            padding: Some(0x27),
            container: Some(Hex(0x40_002f_fec8)),
            function: text("std::vector<Sample>::_Emplace_reallocate\u{1b}[2J"),
        }),
        unless: vec!["The figures are those of the time of the dump, not of the failure.".into()],
        advice: vec!["Reserve once what it will need.\u{1b}[31m".into()],
    }
}

fn findings() -> Vec<Finding> {
    let evidence = |what: &str, at, value: &str| Evidence { what: what.into(), at, value: text(value) };
    let long = "A vector of 16-byte elements was growing by half, and this sentence goes on for so long that it has to \
                be broken between two words: 968,651,191 = 60,540,697 x 16 + 0x27.";
    vec![
        Finding {
            id: "bad_alloc".into(),
            title: "std::bad_alloc was thrown in thread 0x3e8.".into(),
            confidence: Confidence::High,
            evidence: vec![evidence("exception", Some(Hex(0x7ffb_1234_5678)), "0xe06d7363\u{202e}")],
            windbg: ".exr -1".into(),
        },
        Finding {
            id: "vector_growth".into(),
            title: long.into(),
            confidence: Confidence::Medium,
            evidence: vec![
                evidence("vector", Some(Hex(0x40_002f_fec8)), "first, last, end"),
                Evidence { what: "nothing known of it".into(), at: None, value: None },
            ],
            windbg: String::new(),
        },
    ]
}

/// Two heaps: one in order, one of a WOW64 process with a fault.
fn heaps() -> Vec<HeapReport> {
    let counters = HeapCountersReport {
        reserved_bytes: Some(0x20_0000),
        committed_bytes: Some(0x8_0000),
        large_bytes: Some(0x10_1000),
        segments: Some(2),
        free_bytes: Some(0x1_2000),
        agree: Some(true),
    };
    let sound = HeapReport {
        index: 0,
        handle: Hex(0x1f1_0000_0000),
        bits: 64,
        kind: HeapKind::Nt,
        layout: text("Windows 8 to 11, x64"),
        basis: Some(LayoutProof::Verified),
        metadata: false,
        flags: Some(Hex(2)),
        segments: 2,
        large_blocks: 1,
        large_bytes: 0x10_1000,
        large_user_bytes: 0x10_0000,
        largest_block: Some(PlaceReport { base: Hex(0x1f2_0000_0000), size_bytes: 0x10_1000 }),
        large_from_bytes: Some(0xf_f000),
        committed_bytes: 0x18_1000,
        reserved_bytes: 0x18_0000,
        block_use: Some(HeapBlocksReport {
            busy_blocks: 1234,
            busy_bytes: 0x15_0000,
            overhead_bytes: 0x1_f000,
            free_bytes: 0x1_2000,
            faults: Vec::new(),
            sizes: None,
        }),
        counters,
        faults: Vec::new(),
    };
    let broken = HeapReport {
        index: 1,
        handle: Hex(0x70_0000),
        bits: 32,
        kind: HeapKind::Unknown,
        layout: None,
        basis: None,
        block_use: None,
        largest_block: None,
        counters: HeapCountersReport { agree: Some(false), large_bytes: None, ..counters },
        faults: vec!["at 0x700000: no heap signature".into()],
        ..sound.clone()
    };
    vec![sound, broken]
}

fn row(name: &str, regions: u64, size_bytes: u64, largest: (u64, u64)) -> RowReport {
    let largest = PlaceReport { base: Hex(largest.0), size_bytes: largest.1 };
    RowReport { name: name.into(), regions, size_bytes, largest }
}

/// 7FFFFFFF0000 in all, 124BAC000 of it busy. 1550000 is 21.3125 MB, which is printed as 21.312.
fn memory() -> MemoryReport {
    let free = row("Free", 9, 0x7ffe_db44_4000, (0x1f1_0000_1000, 0x7dff_0000_0000));
    let unknown = row("<unknown>", 20, 0x1_2345_6000, (0x7fff_0000_0000, 0x1_0000_0000));
    let image = row("Image", 12, 0x155_0000, (0x7ff6_4000_1000, 0x9b_a000));
    let stack = row("Stack", 6, 0x20_0000, (0x40_0020_0000, 0xf_d000));
    let teb = row("TEB", 2, 0x4000, (0x40_0001_1000, 0x2000));
    let peb = row("PEB", 1, 0x1000, (0x40_0001_0000, 0x1000));
    let other = row("Other", 1, 0x1000, (0x7ffe_0000, 0x1000));
    let guard = "PAGE_READWRITE | PAGE_GUARD";
    MemoryReport {
        complete: true,
        regions: Some(50),
        classified_regions: 51,
        total_bytes: Some(0x7fff_ffff_0000),
        busy_bytes: Some(0x1_24ba_c000),
        commit_bytes: Some(0x220_0000),
        reserve_bytes: Some(0x1_229a_c000),
        free_bytes: Some(0x7ffe_db44_4000),
        largest_free: Some(free.largest),
        fragmentation: Some(0.25),
        program_space: None,
        private_commit_estimate_bytes: Some(0x200_0000),
        allocations: Some(allocations()),
        kind: vec![
            row("MEM_PRIVATE", 29, 0x1_2300_0000, (0x7fff_0000_0000, 0x1_0000_0000)),
            row("MEM_IMAGE", 12, 0x155_0000, image.largest_place()),
            row("MEM_MAPPED", 1, 0x65_c000, (0x1f1_0000_0000, 0x65_c000)),
        ],
        state: vec![
            row("MEM_FREE", 9, 0x7ffe_db44_4000, free.largest_place()),
            row("MEM_RESERVE", 12, 0x1_229a_c000, unknown.largest_place()),
            row("MEM_COMMIT", 30, 0x220_0000, (0x7ff6_4000_1000, 0x9b_a000)),
        ],
        protect: vec![
            row("PAGE_READONLY", 20, 0x210_0000, (0x7ff6_4000_1000, 0x9b_a000)),
            row(guard, 10, 0x10_0000, (0x40_0020_0000, 0x3000)),
        ],
        usage: vec![free, unknown, image, stack, teb, peb, other],
    }
}

trait LargestPlace {
    fn largest_place(&self) -> (u64, u64);
}

impl LargestPlace for RowReport {
    fn largest_place(&self) -> (u64, u64) {
        (self.largest.base.0, self.largest.size_bytes)
    }
}

/// The same report as far as a minidump without a memory map goes, whose writer said little else.
pub(crate) fn report_without_map() -> Report {
    let mut report = report();
    report.facts.dump.created = None;
    report.facts.dump.comment = None;
    report.facts.dump.arch = None;
    (report.facts.dump.missing_bytes, report.facts.dump.truncated) = (0, false);
    report.facts.system = SystemReport {
        os: None,
        build: None,
        build_string: None,
        service_pack: None,
        processors: None,
        uptime_seconds: None,
        time: None,
        memory: None,
    };
    report.facts.process = ProcessReport {
        id: None,
        image: None,
        version: None,
        command_line: None,
        created: None,
        uptime_seconds: None,
        user_seconds: None,
        kernel_seconds: None,
        wow64: None,
        pebs: Vec::new(),
        handle_count: None,
        handles: None,
        counters: None,
    };
    report.facts.exception = None;
    report.facts.threads = Vec::new();
    report.facts.modules = Vec::new();
    report.facts.heaps = Vec::new();
    report.verdict = None;
    report.facts.memory = MemoryReport {
        complete: false,
        regions: None,
        classified_regions: 2,
        total_bytes: None,
        busy_bytes: None,
        commit_bytes: None,
        reserve_bytes: None,
        free_bytes: None,
        largest_free: None,
        fragmentation: None,
        program_space: None,
        private_commit_estimate_bytes: None,
        allocations: None,
        usage: vec![
            row("Image", 1, 0x3000, (0x40_0000, 0x3000)),
            row("<unknown>", 1, 0x1000, (0x1000, 0x1000)),
        ],
        kind: Vec::new(),
        state: Vec::new(),
        protect: Vec::new(),
    };
    report.facts.warnings = Vec::new();
    report
}
