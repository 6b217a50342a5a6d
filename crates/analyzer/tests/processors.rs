//! Processors and systems other than x64 and x86 Windows: what is the same, and what cannot be known.

use dumplens_analyzer::report::Report;
use dumplens_analyzer::{Options, Process, Question};
use dumplens_core::Dump;
use dumplens_synth::{self as synth, Arch, Context, Exception, Module, Range, Region, SystemInfo, Thread};

const APP: u64 = 0x7ff6_5c20_0000;
const STACK: u64 = 0x7c_1120_0000;
const CODE: u64 = APP + 0x1000;
/// What an access violation and an illegal instruction are.
const ACCESS_VIOLATION: u32 = 0xc000_0005;
const ILLEGAL_INSTRUCTION: u32 = 0xc000_001d;
/// `blr x8`, `brk #1`.
const BLR: u32 = 0xd63f_0100;
const BRK: u32 = 0xd420_0020;

fn report(process: &synth::Process) -> Report {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    Report::answer(&Process::gather(&dump), Question::Why, &Options::default())
}

fn title(report: &Report) -> &str {
    report.verdict.as_ref().map_or("", |verdict| &verdict.title)
}

/// An ARM64 thread whose frame record leads to `APP + 0x1800`, while x30 is `APP + 0x1500`.
fn arm64(code: u32, address: u64, parameters: &[u64]) -> synth::Process {
    let (sp, fp) = (STACK - 0x400, STACK - 0x3e0);
    let mut process = synth::Process {
        arch: Arch::Arm64,
        memory: vec![Range { start: APP, size: 0x2000 }, Range { start: sp, size: 0x400 }],
        modules: vec![Module {
            base: APP,
            size: 0x2000,
            path: "C:\\Acme\\app.exe".into(),
            ..Module::default()
        }],
        ..synth::Process::default()
    };
    process.put(fp, &[0u64.to_le_bytes(), (APP + 0x1800).to_le_bytes()].concat());
    let context = Context { lr: APP + 0x1500, ..Context::at(address, sp, fp) };
    process.threads.push(Thread { id: 1, context: Some(context.clone()), ..Thread::default() });
    process.exception = Some(Exception {
        thread_id: 1,
        code,
        address,
        parameters: parameters.to_vec(),
        context: Some(context),
        ..Exception::default()
    });
    process
}

fn frames(report: &Report) -> Vec<u64> {
    report.facts.threads[0].frames.iter().flatten().map(|frame| frame.ip.0).collect()
}

/// A call puts the return address into x30, before any frame record.
#[test]
fn a_bad_call_on_arm64_leads_to_the_caller() {
    for (target, kind) in [(0, 8), (0x2534_0000_0019, 8), (0x2534_0000_0018, 0)] {
        let mut process = arm64(ACCESS_VIOLATION, target, &[kind, target]);
        process.put(APP + 0x14fc, &BLR.to_le_bytes());
        let told = report(&process);
        assert_eq!(frames(&told), [target, APP + 0x1500, APP + 0x1800], "{target:#x}");
        let place = told.verdict.and_then(|verdict| verdict.place).expect("a place");
        assert_eq!(place.offset.0, 0x1500);
    }
    // What is before it is no call, or one that names another target.
    for word in [0_u32, 0x9400_0010] {
        let mut process = arm64(ACCESS_VIOLATION, 0, &[8, 0]);
        process.put(APP + 0x14fc, &word.to_le_bytes());
        assert_eq!(frames(&report(&process)), [0, APP + 0x1800], "{word:#x}");
    }
}

/// A system call's stub makes no frame record. What lies in its own module may be left over from a call of its own.
#[test]
fn a_stub_on_arm64_leads_to_its_caller() {
    let ntdll = 0x7ffb_5000_0000;
    let with = |lr: u64, recorded: u64, code: bool| {
        let mut process = arm64(0xc000_0008, ntdll + 0x1000, &[]);
        process.modules.push(Module {
            base: ntdll,
            size: 0x2000,
            path: "C:\\ntdll.dll".into(),
            ..Module::default()
        });
        let fp = STACK - 0x3e0;
        process.put(fp, &[0u64.to_le_bytes(), recorded.to_le_bytes()].concat());
        process.put(APP + 0x14fc, &BLR.to_le_bytes());
        if !code {
            process.memory.retain(|range| range.start != APP);
        }
        let exception = process.exception.as_mut().expect("an exception");
        exception.context.as_mut().expect("registers").lr = lr;
        frames(&report(&process))
    };
    let (stub, caller, outer) = (ntdll + 0x1000, APP + 0x1500, APP + 0x1800);
    assert_eq!(with(caller, outer, true), [stub, caller, outer]);
    assert_eq!(with(caller, outer, false), [stub, caller, outer]);
    // Signed; the same as in the record; in the stub's own module; behind no call.
    assert_eq!(with(caller | 0x0055_8000_0000_0000, outer, true), [stub, caller, outer]);
    assert_eq!(with(caller, caller, true), [stub, caller]);
    assert_eq!(with(ntdll + 0x1100, outer, true), [stub, outer]);
    assert_eq!(with(APP + 0x1600, outer, true), [stub, outer]);
}

#[test]
fn a_trap_on_arm64_is_deliberate() {
    let mut process = arm64(ILLEGAL_INSTRUCTION, CODE, &[]);
    process.put(CODE, &BRK.to_le_bytes());
    assert!(title(&report(&process)).contains("on purpose by an instruction that exists only to fail (brk)"));
    // Zeros are what memory is that is not code.
    let told = report(&arm64(ILLEGAL_INSTRUCTION, CODE, &[]));
    assert!(!title(&told).contains("purpose"), "{}", title(&told));
}

#[test]
fn an_address_of_the_kernel_is_called_so() {
    for address in [0xffff_8000_0000_1000, u64::MAX] {
        let told = report(&arm64(ACCESS_VIOLATION, CODE, &[0, address]));
        assert!(title(&told).contains("an address of the kernel"), "{}", title(&told));
    }
    let mut mapped = arm64(ACCESS_VIOLATION, CODE, &[0, 0x7fff_ffff_8000]);
    mapped.regions = Some(vec![Region::free(0, 0x7fff_ffff_0000)]);
    assert!(title(&report(&mapped)).contains("beyond the addresses"), "{}", title(&report(&mapped)));
}

/// CONTEXT of 32-bit ARM has 0x1a0 bytes: flags 0, r0 4, sp 0x38, lr 0x3c, pc 0x40.
#[test]
fn registers_of_32_bit_arm() {
    let mut raw = vec![0; 0x1a0];
    for (at, value) in [(0, 0x20_0007_u32), (0x38, 0x5f_fc00), (0x3c, 0x40_1500), (0x40, 0x40_1234)] {
        raw[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    let context = Context { raw: Some(raw), ..Context::default() };
    let mut process = synth::Process {
        arch: Arch::Other(5),
        memory: vec![Range { start: 0x5f_f000, size: 0x1000 }],
        modules: vec![Module {
            base: 0x40_0000,
            size: 0x2000,
            path: "C:\\app.exe".into(),
            ..Module::default()
        }],
        threads: vec![Thread { id: 1, context: Some(context.clone()), ..Thread::default() }],
        ..synth::Process::default()
    };
    process.exception = Some(Exception {
        thread_id: 1,
        code: ACCESS_VIOLATION,
        address: 0x40_1234,
        parameters: vec![0, 0x10],
        context: Some(context),
        ..Exception::default()
    });
    let told = report(&process);
    assert_eq!(frames(&told), [0x40_1234]);
    assert!(told.facts.warnings.iter().all(|w| w.code != "contexts_unusable"), "{:?}", told.facts.warnings);
    assert_eq!(told.facts.dump.arch.as_deref(), Some("arm"));
}

fn of_system(platform_id: u32, code: u32) -> Report {
    let mut process = arm64(code, 0, &[]);
    process.system = Some(SystemInfo { platform_id, ..SystemInfo::default() });
    report(&process)
}

/// Breakpad's and Crashpad's codes of a dump that the program asked for: Linux, Android, macOS.
#[test]
fn dumps_on_request_on_other_systems() {
    for (system, code) in [(0x8201, u32::MAX), (0x8203, u32::MAX), (0x8101, 0x4350_7378)] {
        let told = of_system(system, code);
        let verdict = told.verdict.expect("a verdict");
        assert_eq!(verdict.kind.name(), "on_request", "{system:#x}: {}", verdict.title);
    }
    // SIGSEGV is none; and to Windows such a code means nothing.
    for (system, code) in [(0x8201, 11), (2, u32::MAX)] {
        assert_ne!(of_system(system, code).verdict.expect("a verdict").kind.name(), "on_request");
    }
}

#[test]
fn other_systems_are_called_what_they_are() {
    let fuchsia = of_system(0x8206, 0x101);
    let warning = fuchsia.facts.warnings.iter().find(|w| w.code == "not_windows").expect("a warning");
    assert!(warning.message.contains("Fuchsia"), "{}", warning.message);
    assert!(!title(&fuchsia).contains("program's own"), "{}", title(&fuchsia));
    assert!(title(&of_system(0x8101, 10)).contains("EXC_CRASH"));
    // Nothing of Windows is looked for in them.
    let missed = fuchsia.facts.warnings.iter().find(|w| w.code == "memory_not_kept");
    assert!(missed.is_none_or(|w| !w.message.contains("7ffe0000")), "{missed:?}");
}
