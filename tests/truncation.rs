//! A full dump cut off at every byte: below the header it is refused, behind it it opens and tells what is known; what
//! lies before the cut is never lost, and what is lost is never passed over.

mod support;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dumplens_analyzer::facts::ModuleReport;
use dumplens_analyzer::render::{json, text};
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::{Damage, Dump, StreamType};
use dumplens_synth::{Layout, presets};
use support::{ask_everything, run, str, write};

/// The smallest dump that has everything, 23 KB; of a process so young that it has no heap, since a heap's structure is
/// mostly zeros, which this dump does not keep.
fn whole() -> (Vec<u8>, Layout) {
    let mut process = presets::tiny();
    let peb = presets::tiny::X64.peb;
    for (process_heap_or_list, bytes) in [(0x30, 8), (0xe8, 4), (0xf0, 8)] {
        process.put(peb + process_heap_or_list, &[0; 8][..bytes]);
    }
    process.trimmed().to_bytes()
}

fn report(dump: &Dump) -> Report {
    Report::answer(&Process::gather(dump), Question::Lists, &Options::default())
}

/// Cuts at every byte of a range, and checks each.
fn cut_in(range: impl FnOnce(&Layout) -> Range<u64>) {
    let (bytes, layout) = whole();
    let known = report(&Dump::open(bytes.clone()).unwrap());
    assert_eq!(known.facts.warnings, []);
    for cut in range(&layout) {
        let left = bytes[..usize::try_from(cut).unwrap()].to_vec();
        let checked = catch_unwind(AssertUnwindSafe(|| check(left, &layout, &known)));
        assert!(checked.is_ok(), "cut off after {cut} bytes, as above");
    }
}

fn check(left: Vec<u8>, layout: &Layout, known: &Report) {
    let cut = left.len() as u64;
    let first_stream = u64::from(layout.streams[0].rva);
    let dump = match (Dump::open(left), cut) {
        (Ok(dump), _) if cut > first_stream => dump,
        (Ok(_), _) => panic!("opened without a byte of any stream"),
        (Err(error), 0) => return assert_eq!(error.to_string(), "the file is empty"),
        (Err(error), 1..4) => return assert!(error.to_string().starts_with("not a minidump: "), "{error}"),
        (Err(error), 4..32) => {
            return assert_eq!(
                error.to_string(),
                format!("the minidump is cut off after {cut} bytes, inside its header")
            );
        }
        (Err(error), _) if cut <= first_stream => {
            return assert!(error.to_string().contains("none of which can be read"), "{error}");
        }
        (Err(error), _) => panic!("refused: {error}"),
    };
    let report = report(&dump);
    let ends =
        |kind: StreamType| layout.stream(kind.0).map(|s| u64::from(s.rva) + u64::from(s.size)).unwrap();
    for (kind, same) in PARTS {
        assert!(
            ends(*kind) > cut || same(&report, known),
            "{kind} is in the file, and what it tells is lost"
        );
    }
    assert!(!report.facts.warnings.is_empty(), "nothing is said of the missing bytes");
    if cut >= ends(StreamType::MEMORY64_LIST) {
        let missing = layout.file_size - cut;
        let [Damage::MemoryCut { missing: found, .. }] = dump.memory_damage() else {
            panic!("{:?}", dump.memory_damage());
        };
        assert_eq!(
            (*found, report.facts.dump.missing_bytes, report.facts.dump.truncated),
            (missing, missing, true)
        );
        let said = format!("{missing} bytes of the memory it lists are not in the file");
        assert!(report.facts.warnings.iter().any(|w| w.code == "memory_cut" && w.message.contains(&said)));
        assert!(
            report
                .facts
                .warnings
                .iter()
                .all(|w| ["memory_cut", "tebs_unusable", "peb_unread"].contains(&w.code.as_str()))
        );
    }
    // The renderers; JSON and addresses only now and then, since they take most of the time.
    if cut.is_multiple_of(97) {
        ask_everything(&dump);
    } else {
        let texts = [text::summary(&report), text::info(&report), text::threads(&report)];
        assert!(texts.iter().all(|text| text.contains("warning: ")));
    }
    if cut.is_multiple_of(31) {
        serde_json::from_str::<serde_json::Value>(&json::pretty(&report)).expect("JSON that parses");
    }
}

/// A stream, and whether two reports agree in what it tells.
type Part = (StreamType, fn(&Report, &Report) -> bool);

const PARTS: &[Part] = &[
    (StreamType::SYSTEM_INFO, |a, b| {
        (&a.facts.system.os, &a.facts.dump.arch) == (&b.facts.system.os, &b.facts.dump.arch)
    }),
    (StreamType::MISC_INFO, |a, b| {
        (
            a.facts.process.id,
            &a.facts.process.created,
            a.facts.process.user_seconds,
            &a.facts.system.build_string,
        ) == (
            b.facts.process.id,
            &b.facts.process.created,
            b.facts.process.user_seconds,
            &b.facts.system.build_string,
        )
    }),
    (StreamType::THREAD_LIST, |a, b| {
        a.facts.threads.len() == b.facts.threads.len()
            && a.facts
                .threads
                .iter()
                .zip(&b.facts.threads)
                .all(|(a, b)| (a.id, a.teb, a.ip, a.sp) == (b.id, b.teb, b.ip, b.sp))
    }),
    (StreamType::THREAD_INFO_LIST, |a, b| {
        a.facts.threads.iter().zip(&b.facts.threads).all(|(a, b)| a.start_address == b.start_address)
    }),
    (StreamType::THREAD_NAMES, |a, b| {
        a.facts.threads.iter().zip(&b.facts.threads).all(|(a, b)| a.name == b.name)
    }),
    (StreamType::MODULE_LIST, |a, b| {
        // How many of a module's pages are private is told by the memory map.
        let told =
            |m: &ModuleReport| (m.base, m.size_bytes, m.path.clone(), m.version.clone(), m.debug_id.clone());
        a.facts.modules.iter().map(told).eq(b.facts.modules.iter().map(told))
    }),
    (StreamType::EXCEPTION, |a, b| {
        let told = |r: &Report| {
            let e = r.facts.exception.as_ref()?;
            Some((e.code, e.address, e.flags, e.thread_id, e.parameters.clone()))
        };
        told(a).is_some() && told(a) == told(b)
    }),
    (StreamType::HANDLE_DATA, |a, b| {
        a.facts.process.handles.is_some() && a.facts.process.handles == b.facts.process.handles
    }),
    (StreamType::COMMENT_W, |a, b| {
        a.facts.dump.comment.is_some() && a.facts.dump.comment == b.facts.dump.comment
    }),
    (StreamType::SYSTEM_MEMORY_INFO, |a, b| {
        a.facts.system.memory.is_some() && a.facts.system.memory == b.facts.system.memory
    }),
    (StreamType::PROCESS_VM_COUNTERS, |a, b| {
        a.facts.process.counters.is_some() && a.facts.process.counters == b.facts.process.counters
    }),
    (StreamType::MEMORY_INFO_LIST, |a, b| {
        let totals = |r: &Report| {
            let m = &r.facts.memory;
            (
                m.complete,
                m.regions,
                [m.total_bytes, m.commit_bytes, m.reserve_bytes, m.free_bytes],
                m.largest_free,
            )
        };
        // Without the TEBs fewer regions are split, so the rows' counts differ; their bytes do not.
        let bytes = |r: &Report| {
            let rows = r.facts.memory.state.iter().chain(&r.facts.memory.kind).chain(&r.facts.memory.protect);
            rows.map(|row| (row.name.clone(), row.size_bytes)).collect::<Vec<_>>()
        };
        totals(a) == totals(b) && bytes(a) == bytes(b)
    }),
];

fn end_of_directory(layout: &Layout) -> u64 {
    layout.streams.last().map_or(0, |s| s.entry + 12)
}

#[test]
fn in_header_and_directory() {
    cut_in(|layout| 0..end_of_directory(layout));
}

#[test]
fn in_the_small_streams() {
    cut_in(|layout| {
        end_of_directory(layout)..layout.stream(StreamType::MEMORY_INFO_LIST.0).unwrap().rva.into()
    });
}

#[test]
fn in_memory_map_and_memory_list() {
    cut_in(|layout| layout.stream(StreamType::MEMORY_INFO_LIST.0).unwrap().rva.into()..layout.data_rva);
}

#[test]
fn in_the_first_half_of_the_memory() {
    cut_in(|layout| layout.data_rva..layout.data_rva.midpoint(layout.file_size));
}

#[test]
fn in_the_second_half_of_the_memory() {
    cut_in(|layout| layout.data_rva.midpoint(layout.file_size)..layout.file_size);
}

/// While the map is cut itself, its totals are smaller than the process was, and must not pass for them.
#[test]
fn totals_of_a_map_that_is_cut_off_are_not_given_as_the_process_s() {
    let (bytes, layout) = whole();
    let map = layout.stream(StreamType::MEMORY_INFO_LIST.0).unwrap();
    let half = (map.rva + 16 + (map.size - 16) / 2) as usize;
    let report = report(&Dump::open(bytes[..half].to_vec()).unwrap());
    let codes: Vec<_> = report.facts.warnings.iter().map(|w| w.code.as_str()).collect();
    assert!(codes.contains(&"stream_cut") && codes.contains(&"entries_cut"), "{codes:?}");
    assert!(!report.facts.memory.complete, "half a map");
    assert_eq!(
        (report.facts.memory.total_bytes, report.facts.memory.largest_free),
        (None, None),
        "unknown, not half of it"
    );
}

#[test]
fn the_binary_says_so_too() {
    let (bytes, layout) = whole();
    let first_stream = layout.streams[0].rva as usize;
    for cut in (0..bytes.len()).step_by(509) {
        let (_directory, path) = write("cut.dmp", &bytes[..cut]);
        let run = run(&["summary", str(&path)]);
        if cut <= first_stream {
            assert_eq!((run.code, run.stderr.lines().count()), (Some(1), 1), "{cut}: {}", run.stderr);
            assert!(run.stderr.starts_with(&format!("dumplens: {}: ", path.display())), "{}", run.stderr);
        } else {
            assert!(run.text().contains("\nwarning: "), "{cut}");
        }
    }
}
