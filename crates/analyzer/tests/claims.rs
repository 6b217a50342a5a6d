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
    let wrong: [fn(&mut SystemMemory); 4] = [
        // Less than the process alone has, and less than RAM.
        |m| m.commit_limit = GIB / 4096,
        |m| m.committed_pages = 4 * m.commit_limit,
        // One call returns both: a little more is wrong, too.
        |m| m.committed_pages = m.commit_limit + m.commit_limit / 40,
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

/// A file that ends too early may have lost what threads wait for.
#[test]
fn a_cut_file_is_not_surely_without_an_exception() {
    let (mut bytes, _) = synth::Process { exception: None, ..presets::tiny() }.to_bytes();
    bytes.truncate(bytes.len() * 9 / 10);
    let report = answer(bytes);
    assert!(warned(&report, "memory_cut"));
    let verdict = report.verdict.expect("a verdict");
    assert_eq!((verdict.kind.name(), verdict.confidence), ("no_exception", Confidence::Medium));
}

/// The stack pointer of the exception's thread, set to `sp`: what is said of it.
fn stack_pointer(sp: u64) -> Option<String> {
    let mut process = presets::tiny();
    process.exception.as_mut().and_then(|e| e.context.as_mut()).expect("registers").sp = sp;
    let report = answer(process.to_bytes().0);
    let found = report.findings.iter().find(|finding| finding.id == "stack_pointer");
    found.map(|finding| finding.title.clone())
}

#[test]
fn a_stack_pointer_in_no_stack_is_told() {
    const PLACES: presets::Addresses = presets::tiny::X64;
    for sp in [0x4141_4141, 0x4141_4141_4141_4141, PLACES.heap, PLACES.stack_base(1) + 8, u64::MAX] {
        let told = stack_pointer(sp).unwrap_or_else(|| panic!("{sp:#x}"));
        assert!(told.contains(&format!("{sp:#x}, is in no thread's stack")), "{told}");
    }
    let other = stack_pointer(PLACES.stack_base(1) - 0x100).expect("that of another thread");
    assert!(other.contains("is in the stack of thread"), "{other}");
    for sp in [PLACES.stack_base(0) - 8, PLACES.stack_base(0) - 0x400] {
        assert_eq!(stack_pointer(sp), None, "{sp:#x}");
    }
}

#[test]
fn an_instruction_that_exists_only_to_fail() {
    let verdict = |code: &[u8]| {
        let mut process = presets::tiny();
        let exception = process.exception.as_mut().expect("an exception");
        (exception.code, exception.parameters) = (0xc000_001d, Vec::new());
        let at = exception.address;
        process.put(at, code);
        answer(process.to_bytes().0).verdict.expect("a verdict")
    };
    let (on_purpose, wrong) = (verdict(&[0x0f, 0x0b]), verdict(&[0xff, 0xff]));
    assert_eq!((on_purpose.kind.name(), wrong.kind.name()), ("other_exception", "other_exception"));
    assert!(
        on_purpose.title.contains("on purpose") && !wrong.title.contains("on purpose"),
        "{}",
        wrong.title
    );
}
