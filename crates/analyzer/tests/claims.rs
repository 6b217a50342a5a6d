//! What is claimed, and how surely, where a dump says less, or contradicts itself.

use std::path::Path;

use dumplens_analyzer::verdict::Confidence;
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::{Dump, FileSource};
use dumplens_synth::presets::{self, causes};
use dumplens_synth::{self as synth, SystemMemory};

const GIB: u64 = 1 << 30;
/// `ExceptionStream`.
const EXCEPTION: u32 = 6;

fn answer(bytes: Vec<u8>) -> Report {
    of(&Dump::open(bytes).expect("a dump that opens"))
}

fn of(dump: &Dump) -> Report {
    Report::answer(&Process::gather(dump), Question::Why, &Options::default())
}

fn fixture(name: &str) -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name).join("dump.dmp");
    of(&Dump::open(FileSource::open(&path).expect("a fixture")).expect("a dump that opens"))
}

fn warned(report: &Report, code: &str) -> bool {
    report.facts.warnings.iter().any(|warning| warning.code == code)
}

/// A case of known cause, by its name.
fn case(name: &str) -> synth::Process {
    let named = causes::all().into_iter().map(|make| make()).find(|case| case.name == name);
    named.expect("a case of this name").process
}

#[test]
fn a_lost_exception_is_not_none() {
    let mut bytes = case("story-commit-limit").to_bytes().0;
    let long = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (count, directory) = (long(&bytes, 8) as usize, long(&bytes, 12) as usize);
    let entry = (0..count).map(|n| directory + 12 * n).find(|at| long(&bytes, *at) == EXCEPTION).unwrap();
    bytes[entry + 8..entry + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    let report = answer(bytes);
    assert!(report.facts.exception_lost.is_some() && warned(&report, "stream_outside_file"));
    let verdict = report.verdict.expect("a verdict");
    assert_eq!((verdict.kind.name(), verdict.confidence), ("exception_lost", Confidence::Low));
    assert!(verdict.title.contains("lost"), "{}", verdict.title);
    assert!(
        report.findings.iter().all(|f| !f.title.starts_with("The dump contains no exception")),
        "{:?}",
        report.findings
    );
}

/// The thread still stands where it raised, and the record lies in that frame.
#[test]
fn an_exception_that_the_writer_was_not_given() {
    let mut process = case("story-commit-limit");
    let context = process.exception.take().expect("an exception").context;
    process.threads[0].context = context;
    let report = answer(process.to_bytes().0);
    let verdict = report.verdict.expect("a verdict");
    assert_eq!((verdict.kind.name(), verdict.confidence), ("exception_lost", Confidence::Medium));
    assert!(verdict.title.starts_with("std::bad_alloc is being thrown"), "{}", verdict.title);
}

#[test]
fn a_dump_without_an_exception_is_none() {
    let process = synth::Process { exception: None, ..presets::tiny() };
    let verdict = answer(process.to_bytes().0).verdict.expect("a verdict");
    assert_eq!((verdict.kind.name(), verdict.confidence), ("no_exception", Confidence::High));
}

#[test]
fn figures_that_contradict_each_other_are_not_believed() {
    let with = |change: fn(&mut SystemMemory)| {
        let mut process = case("story-commit-limit");
        change(process.system_memory.as_mut().expect("the machine's figures"));
        let report = answer(process.to_bytes().0);
        let contradict = warned(&report, "figures_contradict");
        let shares =
            report.findings.iter().any(|finding| finding.title.contains("% of the machine's commit limit"));
        let verdict = report.verdict.expect("a verdict");
        assert_eq!(verdict.kind.name(), "allocation_failure");
        (contradict, verdict.confidence, shares)
    };
    assert_eq!(with(|_| {}), (false, Confidence::High, true));
    let wrong: [fn(&mut SystemMemory); 3] = [
        // Less than the process alone has, and less than RAM.
        |m| m.commit_limit = GIB / 4096,
        |m| m.committed_pages = 4 * m.commit_limit,
        |m| m.peak_commitment = m.committed_pages / 2,
    ];
    for change in wrong {
        let (contradict, confidence, shares) = with(change);
        assert!(contradict && confidence <= Confidence::Medium && !shares, "{confidence:?}");
    }
}

/// Who holds the memory is told by what is committed, equal sizes together.
#[test]
fn owners_are_chosen_by_committed_bytes() {
    let report = fixture("story-commit-limit");
    let equals = &report.facts.memory.allocations.as_ref().expect("a map").private_equals;
    assert_eq!((equals[0].count, equals[0].size_bytes), (283, 64 << 20));
    let owners = report.findings.iter().find(|finding| finding.id == "largest_owners").expect("owners");
    assert!(owners.title.contains("283 allocations of 64.000 MB"), "{}", owners.title);
    let advice = report.verdict.expect("a verdict").advice;
    assert!(advice.iter().any(|line| line.contains("Look first at 283 allocations")), "{advice:?}");
}

#[test]
fn the_debugger_is_asked_for_the_frame_that_is_meant() {
    let report = fixture("story-commit-limit");
    let size = report.findings.iter().find(|finding| finding.id == "requested_size").expect("a size");
    assert_eq!(size.windbg, "k; .frame /r 3");
}

/// A throw that a catch block dealt with before the program gave up: the frames that findings name are not on the stack.
#[test]
fn the_stack_of_an_earlier_exception_is_told() {
    let report = fixture("handled-then-abort");
    let named = report.findings.iter().any(|f| f.title.contains("when the earlier exception was thrown"));
    let raised = report.facts.threads.iter().find_map(|thread| thread.raised.as_ref());
    assert_eq!(named, raised.is_some());
    assert!(raised.is_none_or(|raised| raised.frames.len() > 3));
}

/// The exception lies where the map has no memory.
#[test]
fn an_exception_where_no_memory_is() {
    let mut process = case("story-commit-limit");
    process.exception.as_mut().expect("an exception").address = 0x10_0000_0000;
    let report = answer(process.to_bytes().0);
    assert!(warned(&report, "exception_address_no_memory"));
    assert!(report.verdict.expect("a verdict").confidence <= Confidence::Medium);
}
