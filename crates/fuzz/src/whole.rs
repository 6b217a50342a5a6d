//! Files.

use std::hint::black_box;
use std::io::Cursor;

use dumplens_analyzer::contents::{self, CensusOptions, Reading};
use dumplens_analyzer::render::{json, text};
use dumplens_analyzer::symbols::pdb;

use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::Dump;

use crate::MOST_BYTES;

/// A PDB: its identity, and functions at a few addresses.
pub fn pdb(bytes: &[u8]) {
    if bytes.len() > MOST_BYTES {
        return;
    }
    let _ = black_box(pdb::identify(Cursor::new(bytes)));
    // What panics below the reader is stopped where it is used; a hang or growth is not.
    let _ = std::panic::catch_unwind(|| {
        let _ = black_box(pdb::frames_at(Cursor::new(bytes), None, &[0, 0x1000, 0x1042, 0x1358, u32::MAX]));
        let _ = black_box(pdb::layouts(Cursor::new(bytes), 50));
    });
}

/// A symbol file of Breakpad: functions at a few addresses, and all names.
pub fn symbol_file(bytes: &[u8]) {
    if bytes.len() > MOST_BYTES {
        return;
    }
    // As of PDBs, what panics below the reader is stopped where it is used.
    let _ = std::panic::catch_unwind(|| {
        let _ =
            black_box(pdb::sym_frames_at(Cursor::new(bytes), None, &[0, 0x1040, 0x1049, 0x1100, u32::MAX]));
    });
}

/// A dump: its streams and its lists, without what they mean.
pub fn container(bytes: &[u8]) {
    if bytes.len() > MOST_BYTES {
        return;
    }
    let Ok(dump) = Dump::open(bytes.to_vec()) else { return };
    let _ = black_box((dump.system_info(), dump.misc_info(), dump.threads(), dump.thread_names()));
    let _ = black_box((dump.thread_infos(), dump.modules(), dump.unloaded_modules(), dump.handles()));
    let _ = black_box((
        dump.system_memory(),
        dump.vm_counters(),
        dump.trimmed(),
        dump.comment(),
        dump.exception(),
    ));
    if let Ok(Some(tables)) = dump.function_tables() {
        let _ = black_box([0x1000, 0x7ff6_4000_1000, u64::MAX].map(|at| tables.at(at).is_some()));
    }
    let _ = black_box((dump.context(0), dump.context(1), dump.memory_info().is_ok()));
    for range in dump.memory().ranges().take(1024) {
        let _ = black_box(dump.memory().bytes(range.start, range.size.min(64)));
        let _ = black_box(dump.memory().u64(range.start.wrapping_sub(4)));
    }
}

/// A dump from one end to the other: facts, stacks of all threads, names, findings, verdict, and all of it as text and as
/// JSON.
///
/// # Panics
///
/// If minidump-processor panicked: the report says so and goes on, but somebody should look.
pub fn report(bytes: &[u8]) {
    if bytes.len() > MOST_BYTES {
        return;
    }
    let Ok(dump) = Dump::open(bytes.to_vec()) else { return };
    let process = Process::gather(&dump);
    let census = Reading::Leader;
    let options = Options { path: "a.dmp".to_owned(), include_secrets: true, census, ..Options::default() };
    let report = Report::answer(&process, Question::Everything, &options);
    let panicked = report.facts.warnings.iter().find(|warning| warning.message.contains("panicked"));
    assert!(panicked.is_none(), "{panicked:?}");
    let all =
        [text::summary, text::info, text::threads, text::stacks, text::heaps, text::allocations, text::why];
    for render in all {
        black_box(render(&report));
    }
    black_box(json::compact(&report));
    let wanted = CensusOptions { reading: Reading::Whole, ..CensusOptions::default() };
    let taken = contents::census(&process, &wanted);
    black_box(text::census(taken.as_ref(), &[], dump.width().bits(), &text::CENSUS_ROWS));
    let held = taken.and_then(|census| contents::refs(&process, census.groups.first()?.example.0));
    black_box(text::refs(held.as_ref(), &[], dump.width().bits()));
}
