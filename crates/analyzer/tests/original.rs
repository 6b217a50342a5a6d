//! What an exception stands for, what makers' codes and streams say, and what a fault used: from what was put in.

use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::Dump;
use dumplens_synth::{self as synth, presets};

const X64: presets::Addresses = presets::tiny::X64;

fn report(process: &synth::Process) -> Report {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    Report::answer(&Process::gather(&dump), Question::Why, &Options::default())
}

/// Kind and title of the verdict.
fn verdict(process: &synth::Process) -> (String, String) {
    let verdict = report(process).verdict.expect("a verdict");
    (verdict.kind.to_string(), verdict.title)
}

/// The tiny process with another exception.
fn raised(code: u32, parameters: &[u64]) -> synth::Process {
    let mut process = presets::tiny();
    let exception = process.exception.as_mut().expect("an exception");
    (exception.code, exception.parameters) = (code, parameters.to_vec());
    process
}

/// `std::bad_alloc`, passed on as another code; with its parameters, or without.
fn passed_on(code: u32, with_parameters: bool) -> synth::Process {
    let mut process = presets::tiny_bad_alloc();
    let exception = process.exception.as_mut().expect("an exception");
    exception.code = code;
    if !with_parameters {
        exception.parameters.clear();
    }
    process
}

#[test]
fn parameters_that_were_taken_over() {
    for code in [0xc000_041d, 0xc000_0602] {
        let report = report(&passed_on(code, true));
        let original = report.facts.exception.as_ref().and_then(|e| e.original.as_deref()).expect("opened");
        assert_eq!(original.exception.code.0, 0xe06d_7363, "{code:#x}");
        assert_eq!(original.by, "parameters", "{code:#x}");
        assert_eq!(report.verdict.expect("a verdict").kind, "allocation_failure", "{code:#x}");
        assert!(report.findings.iter().any(|finding| finding.id == "wrapped_exception"), "{code:#x}");
    }
    // The same signature as that of the throw itself.
    let id = |process: &synth::Process| report(process).signature.map(|signature| signature.id);
    assert_eq!(id(&passed_on(0xc000_041d, true)), id(&presets::tiny_bad_alloc()));
    // Nothing tells what left the callback.
    assert_eq!(verdict(&passed_on(0xc000_041d, false)).0, "other_exception");
}

/// What it stands for is lost: it is not the cause itself.
#[test]
fn an_exception_whose_original_is_not_in_the_dump() {
    for code in [0xc000_041d, 0xc000_0025, 0xc000_0026, 0xc000_0144, 0xc000_027b] {
        let (kind, title) = verdict(&raised(code, &[]));
        assert!(title.contains("it stands for") && title.contains("not in the dump"), "{code:#x}: {title}");
        assert_eq!(kind, "other_exception");
    }
    // RaiseFailFastException needs no other exception.
    assert!(!verdict(&raised(0xc000_0602, &[])).1.contains("stands for"));
}

/// A debugger may write a dump at any event.
#[test]
fn events_that_are_not_errors() {
    for code in [0x4001_0006, 0x4001_000a, 0x406d_1388, 0x4001_0005] {
        assert_eq!(verdict(&raised(code, &[])).0, "on_request", "{code:#x}");
    }
    // DBG_TERMINATE_PROCESS; a fatal error that a program reports (RIP).
    for code in [0x4001_0004, 0x4001_0007] {
        assert_eq!(verdict(&raised(code, &[])).0, "other_exception", "{code:#x}");
    }
}

#[test]
fn a_record_that_another_names() {
    let mut process = passed_on(0xc000_0025, false);
    let thrown = presets::tiny_bad_alloc().exception.expect("an exception");
    let at = X64.stack_base(0) - 0x300;
    let mut record = Vec::new();
    record.extend(thrown.code.to_le_bytes());
    record.extend(1u32.to_le_bytes());
    record.extend(0u64.to_le_bytes());
    record.extend(thrown.address.to_le_bytes());
    record.extend(4u64.to_le_bytes());
    record.extend(thrown.parameters.iter().flat_map(|parameter| parameter.to_le_bytes()));
    process.put(at, &record);
    process.exception.as_mut().expect("an exception").record = at;
    let found = report(&process);
    let original = found.facts.exception.as_ref().and_then(|e| e.original.as_deref()).expect("opened");
    assert_eq!((original.by.name(), original.at.map(|at| at.0)), ("exception_record", Some(at)));
    assert_eq!(verdict(&process).0, "allocation_failure");
    // One that names itself ends the search.
    process.put(at + 8, &at.to_le_bytes());
    assert_eq!(verdict(&process).0, "allocation_failure");
}

#[test]
fn stowed_errors() {
    let stowed = |result: u32| {
        let (array, at) = (X64.stack_base(0) - 0x400, X64.stack_base(0) - 0x300);
        let mut process = raised(0xc000_027b, &[array, 1]);
        process.put(array, &at.to_le_bytes());
        let head = [0x38, 0x5345_3032, result, 0x3e9].map(u32::to_le_bytes).concat();
        process.put(at, &head);
        process.put(at + 0x10, &[0; 8]);
        process
    };
    assert_eq!(verdict(&stowed(0x8007_000e)).0, "allocation_failure");
    let (kind, title) = verdict(&stowed(0x8000_4005));
    assert_eq!(kind, "other_exception");
    assert!(title.contains("E_FAIL"), "{title}");
    // Where the error was stored tells more than where the program ended: the first calls that are not Windows'.
    let from = |calls: &[u64]| {
        let mut process = stowed(0x8000_4005);
        let (at, trace) = (X64.stack_base(0) - 0x300, X64.stack_base(0) - 0x200);
        process.put(
            at + 0xc,
            &[0x3e9_u32, 0, 0, 8, calls.len().try_into().expect("few")].map(u32::to_le_bytes).concat(),
        );
        process.put(at + 0x10, &X64.ntdll.to_le_bytes());
        process.put(at + 0x20, &trace.to_le_bytes());
        process.put(trace, &calls.iter().flat_map(|call| call.to_le_bytes()).collect::<Vec<u8>>());
        let report = report(&process);
        (report.signature.expect("a signature"), report.verdict.and_then(|verdict| verdict.place))
    };
    let (one, place) = from(&[X64.ntdll + 0x100, X64.app + 0x1180, X64.app + 0x1190]);
    assert_eq!(place.map(|place| place.offset.0), Some(0x1180));
    assert_eq!(one.frames.iter().map(|frame| frame.offset.0).collect::<Vec<_>>(), [0x1180, 0x1190]);
    assert_ne!(one.id, from(&[X64.ntdll + 0x100, X64.app + 0x11a0, X64.app + 0x1190]).0.id);
    // Nothing but Windows' own calls says nothing.
    assert_eq!(from(&[X64.ntdll + 0x100]).0.id, from(&[]).0.id);
    // An array that leads nowhere, of any length.
    assert_eq!(verdict(&raised(0xc000_027b, &[u64::MAX - 8, u64::MAX])).0, "other_exception");
}

#[test]
fn codes_of_makers() {
    let kind = |code, parameters: &[u64]| verdict(&raised(code, parameters)).0;
    assert_eq!(kind(0xcfff_ffff, &[]), "hang");
    assert_eq!(kind(0x0517_a7ed, &[0, 0]), "on_request");
    assert_eq!(kind(0xc000, &[0]), "allocation_failure");
    assert_eq!(kind(0x4000, &[0]), "assertion_or_breakpoint");
    assert_eq!(kind(0xe043_4352, &[0xffff_ffff_8007_05af, 0, 0, 0, 0]), "allocation_failure");
    assert_eq!(kind(0xe043_4352, &[0x8013_1509, 0, 0, 0, 0]), "other_exception");
    assert_eq!(kind(0x8007_000e, &[]), "allocation_failure");
    // A program's own codes are no Win32 errors.
    for code in [8, 0x5af] {
        assert_eq!(kind(code, &[]), "other_exception", "{code:#x}");
    }
    assert!(verdict(&raised(0x8013_1623, &[])).1.contains("COR_E_FAILFAST"));
}

/// Text of 128 UTF-16 units.
fn units(text: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.resize(0x100, 0);
    bytes
}

#[test]
fn the_assertion_stream() {
    let mut process = raised(0xc000_000d, &[]);
    let texts = ["count <= capacity", "copy_items", "d:\\build\\items.cpp"].map(units).concat();
    let numbers = [217u32, 1].map(u32::to_le_bytes).concat();
    process.extra_streams.push((0x4767_0002, [texts, numbers].concat()));
    let (kind, title) = verdict(&process);
    assert_eq!(kind, "assertion_or_breakpoint");
    for told in ["invalid parameter", "count <= capacity", "copy_items", "items.cpp:217"] {
        assert!(title.contains(told), "{title}");
    }
    // Cut short: a damaged stream, and no assertion.
    process.extra_streams[0].1.truncate(0x100);
    assert_eq!(verdict(&process).0, "other_exception");
}

#[test]
fn unreals_crash_context() {
    let context = |inner: &str| {
        let mut process = raised(0x4000, &[0]);
        let text = format!("<?xml version=\"1.0\"?><FGenericCrashContext>{inner}</FGenericCrashContext>");
        process.extra_streams.push((0x1_0000, text.encode_utf16().flat_map(u16::to_le_bytes).collect()));
        process
    };
    let out = "<MemoryStats.bIsOOM>1</MemoryStats.bIsOOM><MemoryStats.OOMAllocationSize>3221225472</MemoryStats.OOMAllocationSize>";
    let verdict_of = report(&context(out)).verdict.expect("a verdict");
    assert_eq!(verdict_of.kind, "allocation_failure");
    assert_eq!(verdict_of.allocation.map(|a| a.requested_bytes), Some(3_221_225_472));
    let (kind, title) = verdict(&context("<ErrorMessage>Assertion failed: a &amp;&amp; b</ErrorMessage>"));
    assert_eq!(kind, "assertion_or_breakpoint");
    assert!(title.contains("Assertion failed: a && b"), "{title}");
}

/// limit 24 GiB, 300 pages left: fields 1 and 2 of field 1 of field 7, as protobuf writes them.
#[test]
fn what_the_stability_report_says_could_be_committed() {
    let mut process = raised(0xe000_0008, &[4 << 20]);
    process.system_memory = None;
    process
        .extra_streams
        .push((0x4b6b_0002, vec![0x3a, 10, 0x0a, 8, 0x08, 0x80, 0x80, 0x80, 0x03, 0x10, 0xac, 0x02]));
    let memory = report(&process).facts.system.memory.expect("figures");
    assert_eq!(memory.commit_limit_bytes, Some(24 << 30));
    assert_eq!(memory.commit_bytes, Some((24 << 30) - 300 * 4096));
    process.extra_streams[0].1.truncate(3);
    let found = report(&process).facts;
    assert!(found.system.memory.is_none_or(|memory| memory.commit_limit_bytes.is_none()));
}

/// The instruction at the exception, and the registers, by their numbers.
fn faulted(code: &[u8], registers: &[(usize, u64)], how: u64, address: u64) -> Option<String> {
    faulted_in(raised(0xc000_0005, &[how, address]), X64.app + 0x1100, code, registers)
}

fn faulted_in(
    mut process: synth::Process,
    at: u64,
    code: &[u8],
    registers: &[(usize, u64)],
) -> Option<String> {
    let exception = process.exception.as_mut()?;
    exception.address = at;
    let context = exception.context.as_mut()?;
    context.ip = at;
    context.general.extend(registers);
    process.put(at, code);
    let verdict = report(&process).verdict?;
    Some(format!("{} [{}]", verdict.title, verdict.confidence.name()))
}

#[test]
fn what_a_fault_used() {
    let told = |code: &[u8], registers: &[(usize, u64)], how, address, words: &[&str]| {
        let title = faulted(code, registers, how, address).expect("a title");
        for word in words {
            assert!(title.contains(word), "{title}: {word}");
        }
    };
    let not_canonical = u64::MAX;
    // mov dword ptr [rax],1
    let write = [0xc7, 0x00, 1, 0, 0, 0];
    told(
        &write,
        &[(0, 0xdddd_dddd_dddd_dddd)],
        0,
        not_canonical,
        &["wrote to 0xdddddddddddddddd", "freed", "high"],
    );
    told(&write, &[(0, u64::from_le_bytes(*b"filename"))], 0, not_canonical, &["text", "filename"]);
    // mov [r14+rdi*8],rax
    let indexed = [0x49, 0x89, 0x04, 0xfe];
    told(&indexed, &[(14, 0), (7, 1_000_000)], 1, 0x7a_1200, &["null pointer", "r14", "0xf4240 in rdi"]);
    // mov dword ptr [0],1
    let constant = [0xc7, 0x04, 0x25, 0, 0, 0, 0, 1, 0, 0, 0];
    told(&constant, &[], 1, 0, &["constant address 0x0", "on purpose"]);
    // cmp eax,7fh uses no memory; mov rax,[rcx] reads, and elsewhere.
    told(&[0x83, 0xf8, 0x7f], &[], 1, 0x7f, &["uses no memory", "medium"]);
    told(&[0x48, 0x8b, 0x01], &[(1, 0x5000)], 1, 0x5000, &["does not access it in this way", "medium"]);
    told(&[0x48, 0x8b, 0x01], &[(1, 0x5000)], 0, 0x12_3456_0000, &["another address", "medium"]);
    told(&[0x48, 0x8b, 0x01], &[(1, 0)], 0, 0, &["read 0x0", "null pointer dereference (rcx)", "high"]);
    // call rax; jmp rax; call [rsp], to an address that is not canonical, and of which the record says nothing.
    let freed = [(0, 0xdddd_dddd_dddd_dddd)];
    told(
        &[0xff, 0xd0],
        &freed,
        0,
        not_canonical,
        &["called or jumped to 0xdddddddddddddddd", "freed", "high"],
    );
    told(&[0xff, 0xe0], &freed, 0, not_canonical, &["called or jumped to 0xdddddddddddddddd", "high"]);
    // lea rax,[rax] and hlt use no memory; only the second may fail as a read of -1.
    told(&[0x48, 0x8d, 0x00], &freed, 0, not_canonical, &["uses no memory", "medium"]);
    told(&[0xf4], &freed, 0, not_canonical, &["reports as -1; see the registers. The", "medium"]);
    // A pointer of -1 is canonical.
    let failed = [(1, u64::MAX)];
    told(&[0x48, 0x8b, 0x01], &failed, 0, not_canonical, &["a pointer of -1 (rcx), as", "high"]);
    told(&[0x48, 0x8b, 0x41, 0x08], &failed, 0, 7, &["a pointer of -1 (rcx) with an offset", "high"]);
    told(&[0x48, 0x8b, 0x01], &[(1, 0)], 8, 0x18, &["executed 0x18", "at another address", "medium"]);
    // movaps [ecx+8],xmm0 in 32-bit code, where the record names no address either.
    let mut x86 = presets::tiny_x86();
    let exception = x86.exception.as_mut().expect("an exception");
    (exception.code, exception.parameters) = (0xc000_0005, vec![0, u64::from(u32::MAX)]);
    let crooked =
        faulted_in(x86, presets::tiny::X86.app + 0x1100, &[0x0f, 0x29, 0x41, 0x08], &[(1, 0x12_ff00)])
            .expect("a title");
    assert!(crooked.contains("wrote to 0x12ff08: an operand that must be aligned to 16 bytes"), "{crooked}");
}
