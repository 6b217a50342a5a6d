//! Verdicts on synthetic processes: what kind of end it was, and why memory was refused. The size that was asked for is
//! given by the exception here; how it is worked out of code and stack is tested on dumps of real programs.

use dumplens_analyzer::verdict::{Cause, Confidence, Kind, VerdictReport};
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::Dump;
use dumplens_synth::{self as synth, Exception, SystemMemory, Teb, VmCounters, presets};

const X64: presets::Addresses = presets::tiny::X64;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

fn verdict(process: &synth::Process) -> VerdictReport {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    Report::answer(&Process::gather(&dump), Question::Why, &Options::default()).verdict.expect("a verdict")
}

/// A process that raised an exception, with nothing known of the machine.
fn raised(code: u32, parameters: &[u64]) -> synth::Process {
    let mut process = presets::tiny();
    (process.system_memory, process.vm_counters) = (None, None);
    let thread_id = process.threads[0].id;
    let context = process.threads[0].context.clone();
    process.exception =
        Some(Exception { thread_id, code, parameters: parameters.to_vec(), context, ..Exception::default() });
    last_error(&mut process, 0, 0);
    process
}

fn last_error(process: &mut synth::Process, error: u32, status: u32) {
    let at = X64.tebs[0];
    process.put(at + 0x68, &error.to_le_bytes());
    process.put(at + 0x1250, &status.to_le_bytes());
}

/// STATUS_NO_MEMORY names the bytes that a heap was asked for.
fn refused(bytes: u64) -> synth::Process {
    raised(0xc000_0017, &[bytes])
}

/// A machine that may commit 40 GiB and has so much left.
fn with_commit_left(mut process: synth::Process, left: u64) -> synth::Process {
    let (limit, committed) = (40 * GIB / 4096, (40 * GIB - left) / 4096);
    process.system_memory = Some(SystemMemory {
        commit_limit: limit,
        committed_pages: committed,
        peak_commitment: committed,
        ..SystemMemory::default()
    });
    process
}

fn cause(process: &synth::Process) -> (&'static str, Confidence) {
    let verdict = verdict(process);
    assert_eq!(verdict.kind, "allocation_failure");
    assert!(!verdict.because.is_empty() && verdict.title.ends_with('.'), "{verdict:?}");
    (verdict.cause.expect("a cause").name(), verdict.confidence)
}

#[test]
fn kinds() {
    let kind = |code, parameters: &[u64]| verdict(&raised(code, parameters)).kind;
    assert_eq!(kind(0xc000_0005, &[0, 0x10]), "access_violation");
    assert_eq!(kind(0xc000_00fd, &[]), "stack_overflow");
    assert_eq!(kind(0xc000_0409, &[2]), "fail_fast");
    assert_eq!(kind(0xc000_0409, &[7]), "abort");
    assert_eq!(kind(0x8000_0003, &[]), "assertion_or_breakpoint");
    assert_eq!(kind(0xc000_0094, &[]), "other_exception");
    assert_eq!(kind(0xe06d_7363, &[]), "cpp_exception");
    assert_eq!(kind(0xe000_0008, &[64 << 20]), "allocation_failure");
    let mut none = presets::tiny();
    none.exception = None;
    assert_eq!(verdict(&none).kind, "no_exception");
}

/// Written, read or executed, and where.
#[test]
fn an_access_violation_says_what_was_done() {
    let title = |kind| verdict(&raised(0xc000_0005, &[kind, 0x1234])).title;
    assert!(title(0).contains("read 0x1234"), "{}", title(0));
    assert!(title(1).contains("wrote to 0x1234"), "{}", title(1));
    assert!(title(8).contains("executed 0x1234"), "{}", title(8));
}

#[test]
fn more_than_any_process_has() {
    assert_eq!(cause(&refused(129 * TIB)), ("request_exceeds_address_space", Confidence::High));
}

/// The preset has some 126 TiB free in one piece and 128 TiB in all.
#[test]
fn address_space() {
    let regions = presets::tiny().regions.expect("a map");
    let free: Vec<_> = regions.iter().filter(|region| region.state == 0x1_0000).collect();
    let all = free.iter().map(|region| region.size).sum::<u64>();
    let region = free.iter().max_by_key(|region| region.size).expect("something free");
    let (lowest, largest) = (region.base, region.size);
    assert_eq!(cause(&refused(all + 1)).0, "address_space_exhausted");
    assert_eq!(cause(&refused(largest + 0x10_0000)), ("address_space_fragmented", Confidence::High));
    // A block needs a header and a random number of pages beside its bytes: it may or may not have fitted.
    let usable = largest - (lowest.next_multiple_of(0x1_0000) - lowest);
    assert_eq!(cause(&refused(usable)), ("address_space_fragmented", Confidence::Medium));
    assert_eq!(cause(&refused(usable + 1)), ("address_space_fragmented", Confidence::High));
    assert_ne!(cause(&refused(largest - 0x10_0000)).0, "address_space_fragmented");
}

#[test]
fn commit_limit() {
    // The machine could not commit as much, whatever the thread says.
    assert_eq!(cause(&with_commit_left(refused(GIB), GIB - 4096)), ("commit_limit", Confidence::High));
    // It could when the dump was written, but the thread says that it could not.
    let mut told = with_commit_left(refused(GIB), 2 * GIB);
    last_error(&mut told, 1455, 0xc000_012d);
    assert_eq!(cause(&told), ("commit_limit", Confidence::Medium));
    // The thread alone.
    let mut alone = refused(GIB);
    last_error(&mut alone, 1455, 0);
    assert_eq!(cause(&alone), ("commit_limit", Confidence::Medium));
}

#[test]
fn job_limit() {
    let mut process = with_commit_left(refused(GIB), 20 * GIB);
    // JobSharedCommitUsage, JobPrivateCommitUsage, JobPeakPrivateCommitUsage, JobPrivateCommitLimit, JobTotalCommitLimit.
    let counters =
        |used, limit| VmCounters { flags: 0x1f, job: [0, used, used, limit, 0], ..VmCounters::default() };
    process.vm_counters = Some(counters(GIB, GIB + 4096));
    assert_eq!(cause(&process), ("job_limit", Confidence::High));
    process.vm_counters = Some(counters(GIB, 4 * GIB));
    assert_eq!(cause(&process).0, "external_limit_suspected");
    process.vm_counters = Some(counters(GIB, 0));
    assert_eq!(cause(&process).0, "external_limit_suspected", "a limit of zero is none");
}

/// Room everywhere, or nothing known of the machine: neither is a proof of anything.
#[test]
fn what_is_not_known_is_not_claimed() {
    assert_eq!(
        cause(&with_commit_left(refused(GIB), 20 * GIB)),
        ("external_limit_suspected", Confidence::Low)
    );
    assert_eq!(cause(&refused(GIB)), ("undetermined", Confidence::Low));
    let mut without_map = refused(GIB);
    without_map.regions = None;
    let verdict = verdict(&without_map);
    assert_eq!(verdict.cause, Some(Cause::Undetermined));
    assert!(verdict.because.iter().any(|line| line.contains("no complete memory map")), "{verdict:?}");
}

/// A thrown bad_alloc whose stack has no operator new: no size is made up.
#[test]
fn a_size_is_not_guessed() {
    let verdict = verdict(&presets::tiny_bad_alloc());
    assert_eq!((verdict.kind, verdict.cause), (Kind::AllocationFailure, Some(Cause::Undetermined)));
    assert_eq!(verdict.allocation, None);
    assert!(verdict.because[0].contains("std::bad_alloc"), "{verdict:?}");
}

#[test]
fn the_teb_is_where_the_tests_think() {
    let teb = Teb { last_error: 0x1122_3344, last_status: 0x5566_7788, ..Teb::default() };
    let bytes = teb.to_bytes(synth::Width::W64);
    assert_eq!(
        (&bytes[0x68..0x6c], &bytes[0x1250..0x1254]),
        (&[0x44, 0x33, 0x22, 0x11][..], &[0x88, 0x77, 0x66, 0x55][..])
    );
}
