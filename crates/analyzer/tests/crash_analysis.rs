//! What is said of the crashing instruction: operands by the registers, better addresses, bit flips; and that no bytes
//! at the instruction pointer harm.
#![cfg(feature = "processor")]

use dumplens_analyzer::facts::{AnalysisReport, OperandKind};
use dumplens_analyzer::{Options, Process, Question, Report, render};
use dumplens_core::Dump;
use dumplens_synth::{self as synth, Exception, damage, presets};

const X64: presets::Addresses = presets::tiny::X64;
const ACCESS_VIOLATION: u32 = 0xc000_0005;
const RCX: usize = 1;
/// Far from everything in the presets.
const NOWHERE: u64 = 0x0123_4567_8000;

fn report(bytes: Vec<u8>) -> Report {
    let dump = Dump::open(bytes).expect("a dump that opens");
    Report::answer(&Process::gather(&dump), Question::Lists, &Options::default())
}

/// `code` at the instruction pointer, `rcx`, and an access violation with these parameters.
fn crashed(code: &[u8], rcx: u64, parameters: [u64; 2]) -> synth::Process {
    let mut process = presets::tiny();
    let mut context = process.threads[0].context.clone().expect("a context");
    context.general = vec![(RCX, rcx)];
    process.put(context.ip, code);
    process.exception = Some(Exception {
        thread_id: process.threads[0].id,
        code: ACCESS_VIOLATION,
        address: context.ip,
        parameters: parameters.to_vec(),
        context: Some(context),
        ..Exception::default()
    });
    process
}

fn analysed(process: &synth::Process) -> AnalysisReport {
    let report = report(process.to_bytes().0);
    *report.facts.exception.expect("an exception").analysis.expect("an analysis")
}

fn operands(found: &AnalysisReport) -> Option<Vec<(u64, Option<&str>)>> {
    Some(
        found
            .accesses
            .as_ref()?
            .iter()
            .map(|operand| (operand.address.0, operand.kind.map(OperandKind::name)))
            .collect(),
    )
}

fn adjusted(found: &AnalysisReport) -> Option<(&str, u64)> {
    found.adjusted_address.as_ref().map(|adjusted| (adjusted.kind.name(), adjusted.address.0))
}

/// `mov rax, [rcx]`
const LOAD: &[u8] = &[0x48, 0x8b, 0x01];

#[test]
fn an_operand_in_a_register() {
    let found = analysed(&crashed(LOAD, NOWHERE, [0, NOWHERE]));
    assert_eq!(found.reason, "EXCEPTION_ACCESS_VIOLATION_READ");
    let instruction = found.instruction.as_deref().expect("an instruction");
    assert!(instruction.starts_with("mov rax") && instruction.contains("rcx"), "{instruction}");
    assert_eq!(operands(&found), Some(vec![(NOWHERE, Some("read"))]));
    assert_eq!(adjusted(&found), None);
    // mov [rcx+0x20], rax
    let found = analysed(&crashed(&[0x48, 0x89, 0x41, 0x20], NOWHERE, [1, NOWHERE + 0x20]));
    assert_eq!(found.reason, "EXCEPTION_ACCESS_VIOLATION_WRITE");
    assert_eq!(operands(&found), Some(vec![(NOWHERE + 0x20, Some("write"))]));
}

#[test]
fn an_address_that_is_not_canonical() {
    let freed = 0xdddd_dddd_dddd_dddd;
    let found = analysed(&crashed(LOAD, freed, [0, u64::MAX]));
    assert_eq!(adjusted(&found), Some(("non_canonical", freed)));
    // ret, to an address that is not canonical
    let mut process = crashed(&[0xc3], 0, [0, u64::MAX]);
    let sp = process.threads[0].context.as_ref().expect("a context").sp;
    process.put(sp, &freed.to_le_bytes());
    let found = analysed(&process);
    assert_eq!(adjusted(&found), Some(("non_canonical", freed)));
    assert_eq!(operands(&found), Some(vec![(sp, Some("read"))]), "the return address");
}

#[test]
fn a_null_pointer_and_an_offset() {
    let found = analysed(&crashed(&[0x48, 0x8b, 0x41, 0x10], 0, [0, 0x10]));
    assert_eq!(adjusted(&found), Some(("null_offset", 0x10)));
    assert_eq!(found.bit_flips, Some(Vec::new()), "a null pointer is none");
}

#[test]
fn operands_relative_to_the_instruction_count_from_its_end() {
    // mov rax, [rip+0x1000], 7 bytes
    let process = crashed(&[0x48, 0x8b, 0x05, 0x00, 0x10, 0x00, 0x00], 0, [0, NOWHERE]);
    let ip = process.threads[0].context.as_ref().expect("a context").ip;
    assert_eq!(operands(&analysed(&process)), Some(vec![(ip + 7 + 0x1000, Some("read"))]));
}

#[test]
fn what_hangs_on_a_segment_base_is_not_told() {
    // mov rax, gs:[0x30]
    let code = [0x65, 0x48, 0x8b, 0x04, 0x25, 0x30, 0x00, 0x00, 0x00];
    let found = analysed(&crashed(&code, 0, [0, NOWHERE]));
    assert!(found.instruction.is_some());
    assert_eq!((operands(&found), adjusted(&found)), (None, None));
}

#[test]
fn one_bit_away_from_memory() {
    let heap = X64.heap + 0x100;
    let flipped = heap ^ (1 << 46);
    let found = analysed(&crashed(LOAD, flipped, [0, flipped]));
    let flips = found.bit_flips.as_deref().expect("a memory map");
    assert!(
        flips.iter().any(|flip| flip.address.0 == heap && flip.register.as_deref() == Some("rcx")),
        "{flips:?}"
    );
    assert!(flips.iter().all(|flip| flip.confidence.is_some_and(|c| c > 0.0 && c < 1.0)), "{flips:?}");
    let mut process = crashed(LOAD, flipped, [0, flipped]);
    process.regions = None;
    assert_eq!(analysed(&process).bit_flips, None, "without a memory map nobody can say");
}

/// What the crate does not know has the name that it has elsewhere.
#[test]
fn reasons_of_other_runtimes() {
    let reason = |code| {
        let mut process = crashed(LOAD, NOWHERE, [0, 0]);
        process.exception.as_mut().expect("an exception").code = code;
        analysed(&process).reason
    };
    assert_eq!(reason(0x8013_1623), "COR_E_FAILFAST");
    assert_eq!((reason(0xe000_1337), reason(0x5af)), ("0xe0001337".to_owned(), "0x5af".to_owned()));
}

#[test]
fn of_other_code_only_the_reason() {
    let mut x86 = presets::tiny_x86();
    let exception = x86.exception.as_mut().expect("the preset has an exception");
    (exception.code, exception.parameters) = (ACCESS_VIOLATION, vec![1, 4]);
    let found = analysed(&x86);
    assert_eq!(found.reason, "EXCEPTION_ACCESS_VIOLATION_WRITE");
    assert_eq!((&found.instruction, operands(&found), &found.bit_flips), (&None, None, &None));

    let thrown = analysed(&presets::tiny_bad_alloc());
    assert_eq!((&thrown.instruction, operands(&thrown), &thrown.bit_flips), (&None, None, &None));

    let mut wow64 = crashed(LOAD, NOWHERE, [0, NOWHERE]);
    let context = wow64.exception.as_mut().and_then(|e| e.context.as_mut()).expect("a context");
    let mut raw = context.to_bytes(synth::Arch::X64);
    raw[0x38] = 0x23; // SegCs
    context.raw = Some(raw);
    let found = analysed(&wow64);
    assert_eq!((&found.instruction, operands(&found)), (&None, None));
}

#[test]
fn info_shows_reason_instruction_and_what_it_used() {
    let text = render::text::info(&report(crashed(LOAD, NOWHERE, [0, NOWHERE]).to_bytes().0));
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    assert!(lines.contains(&"reason EXCEPTION_ACCESS_VIOLATION_READ"), "{text}");
    assert!(lines.iter().any(|line| line.starts_with("instruction mov rax")), "{text}");
    assert!(lines.contains(&"read at 123`45678000"), "{text}");
    let text = render::text::info(&report(crashed(LOAD, 0xdddd_dddd_dddd_dddd, [0, u64::MAX]).to_bytes().0));
    assert!(text.contains("the non-canonical address: dddddddd`dddddddd"), "{text}");
}

#[test]
fn none_without_details() {
    let dump = Dump::open(crashed(LOAD, 0, [0, 0]).to_bytes().0).expect("a dump that opens");
    let report = Report::answer(&Process::gather(&dump), Question::Summary, &Options::default());
    assert_eq!(report.facts.exception.expect("an exception").analysis, None);
}

/// Minidump-processor takes 8 from the stack pointer of a `call` and of a `push`.
#[test]
fn stack_pointers_near_zero() {
    for sp in [0, 7, 8, u64::MAX - 7, u64::MAX] {
        for code in [&[0x50][..], &[0xff, 0x11], &[0xff, 0x31], &[0xc3], &[0x58]] {
            let mut process = crashed(code, NOWHERE, [1, 0]);
            process.exception.as_mut().and_then(|e| e.context.as_mut()).expect("a context").sp = sp;
            let report = report(process.to_bytes().0);
            assert!(!lacks(&report), "{sp:#x} {code:x?}: {:?}", report.facts.warnings);
        }
    }
}

fn lacks(report: &Report) -> bool {
    report.facts.warnings.iter().any(|warning| warning.code == "crash_analysis_lacks")
}

#[test]
fn damaged_dumps() {
    let mut analysed = 0;
    for variant in damage::variants() {
        let Ok(dump) = Dump::open(variant.bytes) else { continue };
        let report = Report::answer(&Process::gather(&dump), Question::Lists, &Options::default());
        assert!(!report.facts.warnings.iter().any(|w| w.message.contains("panicked")), "{}", variant.name);
        analysed += usize::from(report.facts.exception.is_some_and(|e| e.analysis.is_some()));
    }
    assert!(analysed > 50, "only {analysed} had anything to analyse");
}

/// Whatever stands at the instruction pointer, and in all registers. DUMPLENS_MUTATIONS says how many, 1000 without.
#[test]
fn any_bytes_as_instruction() {
    let process = crashed(LOAD, NOWHERE, [0, u64::MAX]).trimmed();
    let ip = process.threads[0].context.as_ref().expect("a context").ip;
    let (bytes, layout) = process.to_bytes();
    let at = usize::try_from(layout.offset_of(ip).expect("code is kept")).expect("small");
    let registers = bytes.windows(8).position(|w| w == NOWHERE.to_le_bytes()).expect("rcx") - 8;
    let runs = std::env::var("DUMPLENS_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(1000u64);
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state ^ (state >> 29)).rotate_left(17)
    };
    let mut decoded = 0;
    for _ in 0..runs {
        let mut bytes = bytes.clone();
        let kept = (bytes.len() - at).min(15);
        for byte in &mut bytes[at..at + kept] {
            *byte = next().to_le_bytes()[3];
        }
        for register in 0..16 {
            let value = next() >> (next() % 64);
            bytes[registers + 8 * register..][..8].copy_from_slice(&value.to_le_bytes());
        }
        let code = bytes[at..at + kept].to_vec();
        let report = report(bytes);
        assert!(!lacks(&report), "{code:x?}: {:?}", report.facts.warnings);
        let analysis = report.facts.exception.and_then(|e| e.analysis).expect("an analysis");
        decoded += u64::from(analysis.instruction.is_some());
    }
    assert!(decoded > runs / 4, "only {decoded} were instructions");
}
