//! A 32-bit program in a 64-bit dump: its own width, and what is known of it without TEBs.

use dumplens_analyzer::report::Report;
use dumplens_analyzer::{Options, Process, Question};
use dumplens_core::Dump;
use dumplens_synth::presets::wow64::{VIEW32, VIEW64};
use dumplens_synth::{self as synth, Exception, presets};

/// Where `app.exe` is hit.
const SITE: u64 = VIEW32.app + 0x1010;
/// What a writer extends the sign of a 32-bit number to.
const ONES: u64 = 0xffff_ffff_0000_0000;
const ACCESS_VIOLATION: u32 = 0xc000_0005;
const CHROMIUM: u32 = 0xe000_0008;

/// The thread's registers are those of wow64cpu.dll.
fn raised(code: u32, address: u64, parameters: &[u64]) -> synth::Process {
    let mut process = presets::tiny_wow64();
    process.exception = Some(Exception {
        thread_id: process.threads[0].id,
        code,
        address,
        parameters: parameters.to_vec(),
        context: process.threads[0].context.clone(),
        ..Exception::default()
    });
    process
}

/// As a small dump is: the page of the PEBs and TEBs is not in it.
fn without_tebs(mut process: synth::Process) -> synth::Process {
    process.memory.retain(|range| range.start != VIEW64.peb);
    process
}

fn report(process: &synth::Process) -> Report {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    Report::answer(&Process::gather(&dump), Question::Why, &Options::default())
}

fn title(report: &Report) -> &str {
    report.verdict.as_ref().map_or("", |verdict| &verdict.title)
}

/// Windows extends the sign of each field of a 32-bit EXCEPTION_RECORD; others leave anything in the upper halves.
#[test]
fn addresses_have_32_bits() {
    let plain = report(&raised(ACCESS_VIOLATION, SITE, &[1, 0x8000_1000]));
    assert!(title(&plain).contains("wrote to 0x80001000"), "{}", title(&plain));
    for upper in [ONES, 0x1234_5678_0000_0000] {
        let told = report(&raised(ACCESS_VIOLATION, SITE, &[1 | upper, 0x8000_1000 | upper]));
        assert_eq!(title(&told), title(&plain), "{upper:#x}");
    }
    let extended = report(&raised(ACCESS_VIOLATION, SITE | ONES, &[1, 0x8000_1000 | ONES]));
    assert_eq!(title(&extended), title(&plain));
    let id = |report: &Report| report.signature.as_ref().map(|signature| signature.id.clone());
    assert_eq!(id(&extended), id(&plain));

    let freed = report(&raised(ACCESS_VIOLATION, SITE, &[0, 0xdddd_dde5 | ONES]));
    assert!(title(&freed).contains("freed memory"), "{}", title(&freed));
    let request = report(&raised(CHROMIUM, SITE, &[0x200_0000 | ONES, 0]));
    let allocation = request.verdict.and_then(|verdict| verdict.allocation).expect("a request");
    assert_eq!(allocation.requested_bytes, 0x200_0000);
}

/// 64-bit code below 4 GB, as that of Windows 7: its registers say so.
#[test]
fn addresses_of_64_bit_code_keep_64() {
    let mut process = raised(ACCESS_VIOLATION, presets::wow64::WOW64CPU + 0x1000, &[0, 0x12_3456_7890]);
    let exception = process.exception.as_mut().expect("an exception");
    let context = exception.context.as_mut().expect("registers");
    context.ip = exception.address;
    assert!(title(&report(&process)).contains("read 0x1234567890"));
}

/// Two places of the program are two signatures, although the thread's registers are those of one place.
#[test]
fn the_site_is_known_without_tebs() {
    let of = |address| report(&without_tebs(raised(ACCESS_VIOLATION, address, &[0, 0x40])));
    let (first, second) = (of(SITE), of(VIEW32.app + 0x1080));
    let place = first.verdict.as_ref().and_then(|verdict| verdict.place.clone()).expect("a place");
    assert_eq!((place.module.as_str(), place.offset.0), ("app", 0x1010));
    assert_eq!(first.facts.process.wow64, Some(true));
    let id = |report: &Report| report.signature.as_ref().map(|signature| signature.id.clone());
    assert_ne!(id(&first), id(&second));
    let threads = &first.facts.threads;
    assert_eq!(threads[0].frames.as_ref().map(Vec::len), Some(1), "no 32-bit register is known");
    assert!(threads[0].native.is_some(), "the 64-bit stack is");
}

/// The 64-bit address space is not the program's, whatever the dump lacks.
#[test]
fn limits_are_those_of_the_program_without_tebs_and_without_a_processor() {
    let request = raised(CHROMIUM, SITE, &[0xc000_0000, 0]);
    let mut unknown = request.clone();
    unknown.system = None;
    for process in [without_tebs(request), unknown] {
        let told = report(&process);
        let program = told.facts.memory.program_space.as_ref().expect("a 32-bit program");
        assert!(program.total_bytes <= 1 << 32);
        assert!(told.findings.iter().all(|finding| !finding.title.contains(" TB")), "{:?}", told.findings);
    }
}

/// Without its file header, whether the program can use more than 2 GB is a guess.
#[test]
fn a_guessed_limit_is_not_certain() {
    let of = |process: &synth::Process| {
        let told = report(process);
        let aware = told.facts.memory.program_space.as_ref().expect("a program").large_address_aware;
        (aware, told.verdict.expect("a verdict").confidence.name())
    };
    let request = raised(CHROMIUM, SITE, &[0xf000_0000, 0]);
    assert_eq!(of(&request), (Some(true), "high"));
    // The PEB still leads to the header.
    let mut no_modules = request.clone();
    no_modules.modules.clear();
    assert_eq!(of(&no_modules).0, Some(true));
    let mut no_header = request;
    no_header.memory.retain(|range| range.start != VIEW32.app);
    assert_eq!(of(&no_header), (None, "low"));
}
