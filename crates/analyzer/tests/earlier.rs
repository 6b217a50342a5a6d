//! Exceptions that left their records on stacks: which are found, and what is taken for none.

use dumplens_analyzer::facts::{EarlierReport, Stacks};
use dumplens_analyzer::{Facts, Options, Process, Question};
use dumplens_core::Dump;
use dumplens_synth::{self as synth, CppThrow, Exception, SystemInfo, Width, presets};

const X64: presets::Addresses = presets::tiny::X64;
const X86: presets::Addresses = presets::tiny::X86;
const VIEW32: presets::Addresses = presets::wow64::VIEW32;
/// From each stack pointer to the base of its stack.
const IN_USE: u64 = 0x800;
/// In the code of app.exe.
const CODE: u64 = 0x1004;

fn report(process: &synth::Process, question: Question) -> Facts {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    Facts::gather(&Process::gather(&dump), question, &Options::default())
}

fn all() -> Question {
    Question::Stacks(Stacks::All)
}

/// What is found on the stack of the first thread.
fn found(process: &synth::Process) -> Vec<EarlierReport> {
    report(process, all()).threads[0].exceptions.clone().expect("a stack that was searched").into_vec()
}

fn codes(process: &synth::Process) -> Vec<u64> {
    found(process).iter().map(|e| e.code.0).collect()
}

/// A small process whose stacks have room above their stack pointers, and zeros there.
fn roomy(mut process: synth::Process, at: presets::Addresses) -> synth::Process {
    for (number, thread) in process.threads.iter_mut().enumerate() {
        thread.context.as_mut().expect("registers").sp = at.stack_base(number) - IN_USE;
    }
    if let Some(context) = process.exception.as_mut().and_then(|e| e.context.as_mut()) {
        context.sp = at.stack_base(0) - IN_USE;
    }
    for thread in 0..2 {
        process.put(at.stack_base(thread) - 0x1000, &[0; 0x1000]);
    }
    process
}

fn x64() -> synth::Process {
    roomy(presets::tiny(), X64)
}

fn x86() -> synth::Process {
    roomy(presets::tiny_x86(), X86)
}

fn raised(code: u32, parameters: &[u64]) -> Exception {
    let parameters = parameters.to_vec();
    Exception { code, address: X64.app + CODE, parameters, ..Exception::default() }
}

/// `app::Error`, thrown by app.exe of either width; its object lies on the stack of the first thread.
fn thrown(process: &mut synth::Process, at: presets::Addresses) -> Exception {
    let types =
        [".?AVError@app@@", ".?AVruntime_error@std@@", ".?AVexception@std@@"].map(String::from).to_vec();
    let object = at.stack_base(0) - 0x100;
    let throw =
        CppThrow { width: at.width, image: at.app, rva: 0x2800, object, types, ..CppThrow::default() };
    Exception { address: at.ntdll + CODE, ..throw.raise(process) }
}

/// Puts a record at a distance from the base of the first thread's stack.
fn put(process: &mut synth::Process, at: presets::Addresses, before: u64, exception: &Exception) {
    process.put(at.stack_base(0) - before, &exception.record_bytes(at.width));
}

fn with(exceptions: &[(u64, Exception)]) -> synth::Process {
    let mut process = x64();
    for (before, exception) in exceptions {
        put(&mut process, X64, *before, exception);
    }
    process
}

#[test]
fn a_throw_of_either_width_is_found_with_its_type() {
    for (mut process, at) in [(x64(), X64), (x86(), X86)] {
        let exception = thrown(&mut process, at);
        put(&mut process, at, 0x500, &exception);
        let [found] = found(&process).try_into().expect("one exception");
        assert_eq!((found.at.0, found.in_use), (at.stack_base(0) - 0x500, Some(true)));
        assert_eq!((found.code.0, found.flags.0), (0xe06d_7363, 1));
        assert_eq!(found.name.as_deref(), Some("Visual C++ exception"));
        assert_eq!((found.module.as_deref(), found.offset.map(|o| o.0)), (Some("ntdll"), Some(CODE)));
        assert_eq!(found.address.0, at.ntdll + CODE);
        assert_eq!(found.cpp_type.as_deref(), Some("app::Error"));
        let parameters: Vec<u64> = found.parameters.iter().map(|p| p.0).collect();
        assert_eq!(parameters, exception.parameters);
    }
}

/// Of a 64-bit dump of a 32-bit process: the stack that the program used.
#[test]
fn the_32_bit_stack_of_a_wow64_thread() {
    let mut process = presets::tiny_wow64();
    let exception = Exception { address: VIEW32.app + CODE, ..raised(0xc000_0005, &[0, 0x10]) };
    put(&mut process, VIEW32, 0x400, &exception);
    let [found] = found(&process).try_into().expect("one exception");
    assert_eq!((found.at.0, found.in_use), (VIEW32.stack_base(0) - 0x400, None));
    assert_eq!((found.code.0, found.module.as_deref()), (0xc000_0005, Some("app")));
}

/// What calls left that have returned comes last, the nearest first.
#[test]
fn records_below_the_stack_pointer_are_said_to_be() {
    let (divided, illegal, accessed) =
        (raised(0xc000_0094, &[]), raised(0xc000_001d, &[]), raised(0xc000_0005, &[1, 0x45]));
    let process = with(&[(0xe00, divided), (0x900, illegal), (0x100, accessed)]);
    let places: Vec<_> =
        found(&process).iter().map(|e| (X64.stack_base(0) - e.at.0, e.code.0, e.in_use)).collect();
    let wanted = [
        (0x100, 0xc000_0005, Some(true)),
        (0x900, 0xc000_001d, Some(false)),
        (0xe00, 0xc000_0094, Some(false)),
    ];
    assert_eq!(places, wanted);
}

/// Handlers copy records, and unwinding marks them.
#[test]
fn copies_are_one_exception() {
    let first = raised(0xc000_0005, &[1, 0x45]);
    let unwinding = Exception { flags: 2, ..first.clone() };
    let other = raised(0xc000_0005, &[1, 0x46]);
    let process = with(&[(0x700, first.clone()), (0x600, unwinding), (0x500, other), (0x900, first)]);
    assert_eq!(codes(&process), [0xc000_0005; 2]);
    assert_eq!(found(&process)[0].at.0, X64.stack_base(0) - 0x700);
}

/// On whichever stack it lies.
#[test]
fn the_dumps_own_exception_is_not_an_earlier_one() {
    let mut process = x64();
    let own = process.exception.clone().expect("an exception");
    put(&mut process, X64, 0x600, &own);
    process.put(X64.stack_base(1) - 0x600, &own.record_bytes(Width::W64));
    let report = report(&process, all());
    assert!(report.threads.iter().all(|t| t.exceptions.as_deref() == Some(&[][..])));
    process.exception = None;
    assert_eq!(codes(&process), [0xc000_0005], "without it, it is one");
}

#[test]
fn what_is_not_the_record_of_an_exception() {
    let ok = raised(0xc000_0005, &[1, 0x45]);
    let with_address = |address| Exception { address, ..ok.clone() };
    let cases = [
        ("a static record", with_address(0)),
        ("its address is in data of an image", with_address(X64.app + 0x2000)),
        ("its address is on the heap", with_address(X64.heap + 0x10)),
        ("its address is in no memory", with_address(0x1234_5678)),
        ("flags that do not exist", Exception { flags: 0x100, ..ok.clone() }),
        ("a record before it that cannot be", Exception { record: 0x1234_5678, ..ok.clone() }),
        ("no code", raised(0, &[1, 0x45])),
        ("success", raised(0x103, &[])),
        ("a text for a debugger", raised(0x4001_0006, &[5, 0x45])),
        ("the name of a thread", raised(0x406d_1388, &[0x1000, 0x45, 1, 0])),
        ("a status that is not raised", raised(0xc000_0034, &[])),
        ("a status that is returned, too", raised(0xc000_0017, &[])),
        ("an access without an address", raised(0xc000_0005, &[1])),
        ("an access of a kind that does not exist", raised(0xc000_0005, &[2, 0x45])),
        ("a page that was read all the same", raised(0xc000_0006, &[0, 0x45])),
        ("no number of a throw", raised(0xe06d_7363, &[0x1993_051f, 0x10, 0x20, 0x30])),
        ("a throw of the other width", raised(0xe06d_7363, &[0x1993_0520, 0x10, 0x20])),
        ("a reason that does not exist", raised(0xc000_0409, &[0x7777])),
        ("nothing was thrown", raised(0x2047_4343, &[])),
    ];
    for (why, exception) in cases {
        assert_eq!(codes(&with(&[(0x500, exception)])), [0; 0], "{why}");
    }
    assert_eq!(codes(&with(&[(0x500, ok.clone())])), [0xc000_0005]);
    // A byte off, it is not aligned; one of its words lies below the stack.
    assert_eq!(codes(&with(&[(0x501, ok.clone())])), [0; 0]);
    // What it names as the record before it must be one, too.
    let after = Exception { record: X64.stack_base(0) - 0x700, ..ok };
    assert_eq!(codes(&with(&[(0x500, after.clone())])), [0; 0]);
    let before = raised(0xc000_0094, &[]);
    assert_eq!(codes(&with(&[(0x700, before), (0x500, after)])), [0xc000_0094, 0xc000_0005]);
}

#[test]
fn statuses_that_say_more_are_exceptions() {
    let fatal = Exception { flags: 1, ..raised(0xc000_0017, &[]) };
    for exception in [
        raised(0xc000_0017, &[0x1000]),
        fatal,
        raised(0x8000_0003, &[0]),
        raised(0xe000_0008, &[0x10_0000]),
        raised(0xe043_4352, &[0x8007_000e, 0, 0, 0, 0x10]),
        raised(0x2047_4343, &[0x10]),
        raised(0xc000_0409, &[7]),
    ] {
        let code = u64::from(exception.code);
        assert_eq!(codes(&with(&[(0x500, exception)])), [code]);
    }
}

/// Type information that is damaged, missing or of another image: an exception all the same, of unknown type.
#[test]
fn a_throw_whose_type_is_not_known() {
    let changes: [fn(&mut synth::Process, &mut Exception); 4] = [
        |_, e| e.parameters[2] = 0,
        |_, e| e.parameters[2] = 0x1234_5678,
        |process, _| process.put(X64.app + 0x280c, &[0; 4]),
        |process, _| process.put(X64.app + 0x2870, b"no type"),
    ];
    for change in changes {
        let mut process = x64();
        let mut exception = thrown(&mut process, X64);
        change(&mut process, &mut exception);
        put(&mut process, X64, 0x500, &exception);
        let [found] = found(&process).try_into().expect("one exception");
        assert_eq!((found.code.0, found.cpp_type), (0xe06d_7363, None));
    }
}

/// Each byte of a record set to each of four values: found or not, and what is found is whole.
#[test]
fn mutated_records() {
    let mut base = x64();
    let exception = thrown(&mut base, X64);
    let record = exception.record_bytes(Width::W64);
    let (mut one, mut none) = (0, 0);
    for at in 0..record.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut process = base.clone();
            let mut bytes = record.clone();
            bytes[at] = value;
            process.put(X64.stack_base(0) - 0x500, &bytes);
            match found(&process).as_slice() {
                [] => none += 1,
                [found] => {
                    one += 1;
                    assert_eq!((found.code.0, found.parameters.len()), (0xe06d_7363, 4));
                    assert_eq!(found.module.as_deref().map(|m| ["app", "ntdll"].contains(&m)), Some(true));
                }
                more => panic!("{more:?}"),
            }
        }
    }
    assert!(one > 20 && none > 20, "{one} {none}");
}

/// Eight of a thread; the rest is counted.
#[test]
fn a_stack_full_of_exceptions() {
    let mut process = x64();
    for n in 0..20 {
        put(&mut process, X64, 0x780 - n * 0x40, &raised(0xc000_0005, &[1, 0x100 + n]));
    }
    let report = report(&process, all());
    let found = report.threads[0].exceptions.as_ref().expect("searched");
    assert_eq!(
        found.iter().map(|e| e.parameters[1].0).collect::<Vec<_>>(),
        (0x100..0x108).collect::<Vec<_>>()
    );
    let [warning] = report.warnings.try_into().expect("one warning");
    assert_eq!(warning.code, "earlier_exceptions_cut");
    assert!(
        warning.message.contains("12 earlier exceptions on stacks are left out, and 0 stacks"),
        "{}",
        warning.message
    );
}

/// 256 of all threads together, here of 40 that share a stack.
#[test]
fn threads_full_of_exceptions() {
    let mut process = x64();
    for n in 0..8 {
        put(&mut process, X64, 0x780 - n * 0x40, &raised(0xc000_0005, &[1, 0x100 + n]));
    }
    let first = process.threads[0].clone();
    process.threads.resize(40, synth::Thread { id: 5000, ..first });
    let report = report(&process, all());
    let found: Vec<_> =
        report.threads.iter().map(|t| t.exceptions.as_deref().map_or(0, <[_]>::len)).collect();
    assert_eq!(found.iter().sum::<usize>(), 256);
    assert_eq!((found[0], found[39]), (8, 0));
    assert!(
        report.warnings.iter().any(|w| w.message.contains("56 earlier exceptions on stacks are left out")),
        "{:?}",
        report.warnings
    );
}

/// Searching costs: it is done for the stacks that are walked, and for a verdict for all.
#[test]
fn only_what_is_wanted_is_searched() {
    let mut process = x64();
    put(&mut process, X64, 0x500, &raised(0xc000_0005, &[1, 0x45]));
    let searched = |question| {
        let threads = report(&process, question).threads;
        threads.iter().map(|t| t.exceptions.as_deref().map(<[_]>::len)).collect::<Vec<_>>()
    };
    let stacks = |stacks| searched(Question::Stacks(stacks));
    assert_eq!(searched(Question::Threads), [None, None]);
    assert_eq!(stacks(Stacks::Thread(1)), [None, Some(0)]);
    assert_eq!(stacks(Stacks::Exception), [Some(1), None]);
    assert_eq!(stacks(Stacks::All), [Some(1), Some(0)]);
    assert_eq!(searched(Question::Why), [Some(1), Some(0)]);
}

#[test]
fn stacks_that_are_not_there() {
    let mut process = x64();
    process.memory.retain(|range| range.start < X64.stacks[0] || range.start >= X64.stack_base(0));
    let found: Vec<_> = report(&process, all()).threads.iter().map(|t| t.exceptions.is_some()).collect();
    assert_eq!(found, [false, true], "what is not kept is not known to be without");
    let mut linux = with(&[(0x500, raised(0xc000_0005, &[1, 0x45]))]);
    linux.system = Some(SystemInfo { platform_id: 0x8201, ..SystemInfo::default() });
    assert!(report(&linux, all()).threads.iter().all(|t| t.exceptions.is_none()));
}

/// A minidump of stacks and modules: no TEBs say where a stack ends, and no map what is executable.
#[test]
fn a_dump_that_keeps_little() {
    let mut process = with(&[(0x500, raised(0xc000_0005, &[1, 0x45])), (0x900, raised(0xc000_001d, &[]))]);
    process.regions = None;
    process.memory = vec![synth::Range { start: X64.stack_base(0) - IN_USE, size: IN_USE }];
    assert_eq!(codes(&process), [0xc000_0005], "what is below the stack pointer is not in the dump");
}
