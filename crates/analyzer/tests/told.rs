//! What streams and codes tell, in forms that other writers give them.

use dumplens_analyzer::verdict::Confidence;
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::Dump;
use dumplens_synth::{self as synth, UnloadedModule, presets};

const X64: presets::Addresses = presets::tiny::X64;

fn report(process: &synth::Process) -> Report {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    Report::answer(&Process::gather(&dump), Question::Why, &Options::default())
}

/// The tiny process with another exception.
fn raised(code: u32, parameters: &[u64]) -> synth::Process {
    let mut process = presets::tiny();
    let exception = process.exception.as_mut().expect("an exception");
    (exception.code, exception.parameters) = (code, parameters.to_vec());
    process
}

/// Unreal's crash context, in UTF-16 or in UTF-8.
fn with_context(mut process: synth::Process, inner: &str, wide: bool) -> synth::Process {
    let text = format!("<?xml version=\"1.0\"?><FGenericCrashContext>{inner}</FGenericCrashContext>");
    let wide_text = || text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bytes = if wide { wide_text() } else { text.clone().into_bytes() };
    process.extra_streams.push((0x1_0000, bytes));
    process
}

/// Kind, confidence, requested bytes and title.
fn told(process: &synth::Process) -> (String, Confidence, Option<u64>, String) {
    let verdict = report(process).verdict.expect("a verdict");
    let bytes = verdict.allocation.map(|allocation| allocation.requested_bytes);
    (verdict.kind.to_string(), verdict.confidence, bytes, verdict.title)
}

#[test]
fn unreal_says_that_it_was_out_of_memory() {
    let size = "<MemoryStats.OOMAllocationSize>777777</MemoryStats.OOMAllocationSize>";
    let by_type = format!("<CrashType>OutOfMemory</CrashType>{size}");
    let by_flag = format!("<CrashType>Crash</CrashType><MemoryStats.bIsOOM>True</MemoryStats.bIsOOM>{size}");
    // An assertion of the engine, another exception, and none.
    let none = synth::Process { exception: None, ..presets::tiny() };
    for process in [raised(0x4000, &[0]), raised(0x8000_0003, &[0]), none] {
        for wide in [true, false] {
            let (kind, _, bytes, title) = told(&with_context(process.clone(), &by_type, wide));
            assert_eq!((kind.as_str(), bytes), ("allocation_failure", Some(777_777)), "{title}");
        }
    }
    let (kind, _, bytes, _) = told(&with_context(raised(0x4000, &[0]), &by_flag, true));
    assert_eq!((kind.as_str(), bytes), ("allocation_failure", Some(777_777)));
    // The flag stays set: of another exception it does not say that memory ended the program.
    let crashed = with_context(raised(0xc000_0005, &[1, 0]), &by_flag, true);
    assert_eq!(told(&crashed).0, "access_violation");
    let finding = report(&crashed).findings.into_iter().find(|finding| finding.id == "unreal_crash");
    let finding = finding.expect("what the engine recorded");
    assert!(finding.title.contains("777,777 bytes") && finding.confidence == Confidence::Low);
}

#[test]
fn an_assertion_whose_message_is_not_kept_may_be_of_memory() {
    let (kind, confidence, _, title) = told(&raised(0x4000, &[0]));
    assert_eq!((kind.as_str(), confidence), ("assertion_or_breakpoint", Confidence::Medium));
    assert!(title.contains("not in the dump"), "{title}");
}

/// `NTSTATUS_FROM_WIN32`, and results of other components.
#[test]
fn refusals_of_other_makers() {
    for code in [0xc007_000e, 0xc007_05af, 0x800a_0007, 0x8009_0300, 0x8009_000e, 0x8010_0006] {
        let (kind, .., title) = told(&raised(code, &[]));
        assert_eq!(kind, "allocation_failure", "{code:#x}: {title}");
    }
    for code in [0xc007_0002, 0x800a_000d, 0x8009_0301] {
        assert_eq!(told(&raised(code, &[])).0, "other_exception", "{code:#x}");
    }
}

/// The code, or the HRESULT that .NET passes, names the limit where the thread's last status says nothing.
#[test]
fn the_limit_that_a_code_names() {
    let cause = |code: u32, parameters: &[u64]| {
        let verdict = report(&raised(code, parameters)).verdict.expect("a verdict");
        assert!(verdict.confidence <= Confidence::Medium);
        verdict.cause.map(dumplens_analyzer::verdict::Cause::name)
    };
    let named = [(0x12d, 1455, "commit_limit"), (0x44, 1816, "quota"), (0x9a, 1450, "system_resources")];
    for (status, error, wanted) in named {
        for code in [0xc000_0000 | status, 0xd000_0000 | status, 0x8007_0000 | error, 0xc007_0000 | error] {
            assert_eq!(cause(code, &[]), Some(wanted), "{code:#x}");
            assert_eq!(cause(0xe043_4352, &[code.into(), 0, 0, 0, X64.app]), Some(wanted), "{code:#x}");
        }
    }
    assert_eq!(cause(0x8007_000e, &[]), Some("undetermined"));
}

#[test]
fn codes_of_dotnet_are_not_the_programs() {
    for code in [0x8013_1513, 0x8013_1577, 0x8013_1401] {
        let (.., title) = told(&raised(code, &[]));
        assert!(!title.contains("program's own"), "{title}");
    }
    assert!(told(&raised(0xe123_4567, &[])).3.contains("program's own"));
}

/// A call went to a module that is gone, and the caller is in another one.
#[test]
fn frames_in_unloaded_modules_have_their_names() {
    const CALLED: u64 = 0x7a00_1234;
    const CALLER: u64 = 0x7b00_0500;
    let unloaded = |base: u64, name: &str| UnloadedModule {
        base,
        size: 0x1_0000,
        checksum: 0,
        time_date_stamp: 1,
        name: name.into(),
    };
    let mut process = raised(0xc000_0005, &[8, CALLED]);
    process.unloaded = vec![unloaded(0x7a00_0000, "old_0.dll"), unloaded(0x7b00_0000, "old_1.dll")];
    let exception = process.exception.as_mut().expect("an exception");
    exception.address = CALLED;
    let context = exception.context.as_mut().expect("registers");
    context.ip = CALLED;
    let sp = context.sp;
    process.put(sp, &CALLER.to_le_bytes());
    let report = report(&process);
    let frames = report.facts.crashed_thread().and_then(|thread| thread.frames.as_deref()).expect("frames");
    let named: Vec<_> = frames.iter().take(2).map(|f| (f.module.as_deref(), f.offset.map(|o| o.0))).collect();
    assert_eq!(
        named,
        [(Some("<Unloaded_old_0.dll>"), Some(0x1234)), (Some("<Unloaded_old_1.dll>"), Some(0x500))]
    );
}

/// `MINIDUMP_BREAKPAD_INFO`: validity, the thread that wrote the dump, the thread that asked for it.
#[test]
fn the_threads_of_breakpad() {
    let of = |fields: &[u32]| {
        let mut process = presets::tiny();
        process.exception = None;
        let bytes = fields.iter().flat_map(|field| field.to_le_bytes()).collect();
        process.extra_streams.push((0x4767_0001, bytes));
        report(&process)
    };
    let ids = |fields: &[u32]| {
        let breakpad = of(fields).facts.dump.breakpad;
        breakpad.map(|info| (info.writing_thread_id, info.requesting_thread_id))
    };
    assert_eq!(ids(&[3, 0x3ec, 0x3e8]), Some((Some(0x3ec), Some(0x3e8))));
    assert_eq!(ids(&[2, 0x3ec, 0x3e8]), Some((None, Some(0x3e8))));
    assert_eq!(ids(&[0, 0x3ec, 0x3e8]), None);
    let text = dumplens_analyzer::render::text::info(&of(&[3, 0x3ec, 0x3e8]));
    assert!(text.contains("requested by thread 0x3e8, written by thread 0x3ec"), "{text}");
    let cut = of(&[3, 0x3ec]);
    assert!(cut.facts.dump.breakpad.is_none());
    assert!(cut.facts.warnings.iter().any(|warning| warning.message.contains("BreakpadInfo")));
}
