//! The exception of a report: what the code means, what was accessed, what can be known of a throw.

use dumplens_analyzer::facts::{AccessKind, AccessReport, Chance, ExceptionReport};
use dumplens_analyzer::report::Report;
use dumplens_analyzer::{Facts, Options, Process, Question};
use dumplens_core::Dump;
use dumplens_synth::{self as synth, Exception, SystemInfo, presets};

const X64: presets::Addresses = presets::tiny::X64;
const X86: presets::Addresses = presets::tiny::X86;

fn report(process: &synth::Process) -> Facts {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    Facts::gather(&Process::gather(&dump), Question::Summary, &Options::default())
}

fn raised(mut process: synth::Process, code: u32, flags: u32, parameters: &[u64]) -> ExceptionReport {
    let thread_id = process.threads[0].id;
    let parameters = parameters.to_vec();
    process.exception =
        Some(Exception { thread_id, code, flags, address: 1, parameters, ..Exception::default() });
    report(&process).exception.expect("an exception")
}

fn accessed(process: synth::Process, code: u32, parameters: &[u64]) -> AccessReport {
    raised(process, code, 0, parameters).access.expect("an access")
}

#[test]
fn whether_it_was_seen_first_or_last_is_not_recorded() {
    for (flags, noncontinuable) in [(0, false), (1, true), (0x80, false), (0x81, true)] {
        let exception = raised(presets::tiny(), 0xc000_001d, flags, &[]);
        assert_eq!(exception.chance, Some(Chance::NotRecorded));
        assert_eq!(exception.noncontinuable, Some(noncontinuable), "{flags:#x}");
        assert_eq!(exception.name.as_deref(), Some("STATUS_ILLEGAL_INSTRUCTION"));
        assert!(exception.meaning.is_some_and(|meaning| meaning.contains("instruction")));
        assert!(exception.access.is_none() && exception.cpp.is_none() && exception.fast_fail.is_none());
    }
}

#[test]
fn the_reason_of_a_fast_failure() {
    let of = |parameters: &[u64]| raised(presets::tiny(), 0xc000_0409, 1, parameters);
    let reason = of(&[7]).fast_fail.expect("a reason");
    assert_eq!((reason.code.0, reason.name.as_deref()), (7, Some("FAST_FAIL_FATAL_APP_EXIT")));
    assert!(of(&[7]).meaning.is_some_and(|meaning| meaning.contains("FAST_FAIL_FATAL_APP_EXIT")));
    let unknown = of(&[0x7777]);
    assert_eq!(unknown.fast_fail.map(|reason| reason.name), Some(None));
    assert!(unknown.meaning.is_some_and(|meaning| meaning.contains("reason 30583")));
    assert!(of(&[]).fast_fail.is_none() && of(&[1 << 40]).fast_fail.is_none());
    assert!(raised(presets::tiny(), 0xc000_0005, 0, &[7]).fast_fail.is_none());
}

#[test]
fn a_null_pointer() {
    let access = accessed(presets::tiny(), 0xc000_0005, &[0, 0x10]);
    assert_eq!(
        (access.kind.map(AccessKind::name), access.address.0, access.null_page),
        (Some("read"), 0x10, true)
    );
    assert_eq!(access.region.as_ref().map(|r| r.state.as_str()), Some("MEM_FREE"));
    assert!(!access.non_canonical && access.module.is_none() && access.status.is_none());
    assert!(accessed(presets::tiny(), 0xc000_0005, &[1, 0xffff]).null_page);
    assert!(!accessed(presets::tiny(), 0xc000_0005, &[1, 0x1_0000]).null_page);
}

#[test]
fn the_region_of_the_address() {
    let code = accessed(presets::tiny(), 0xc000_0005, &[1, X64.app + 0x1004]);
    assert_eq!((code.kind.map(AccessKind::name), code.module.as_deref()), (Some("write"), Some("app")));
    assert_eq!(code.offset.map(|offset| offset.0), Some(0x1004));
    let region = code.region.expect("a region");
    assert_eq!((region.state.as_str(), region.usage.as_str()), ("MEM_COMMIT", "Image"));
    assert_eq!(
        (region.protect.as_deref(), region.kind.as_deref()),
        (Some("PAGE_EXECUTE_READ"), Some("MEM_IMAGE"))
    );
    let stack = accessed(presets::tiny(), 0xc000_0005, &[8, X64.stack_base(0) - 0x80]);
    assert_eq!(
        (stack.kind.map(AccessKind::name), stack.module, stack.null_page),
        (Some("execute"), None, false)
    );
    assert_eq!(stack.region.map(|region| region.usage), Some("Stack".to_owned()));
    assert_eq!(stack.below_stack_limit_bytes, None, "it is committed");
    assert_eq!(accessed(presets::tiny(), 0xc000_0005, &[2, 0x10]).kind, None);
    // Outside the map, and in a dump that has none.
    assert!(accessed(presets::tiny(), 0xc000_0005, &[0, 0xffff_8000_0000_0000]).region.is_none());
    let mut unmapped = presets::tiny();
    (unmapped.regions, unmapped.memory) = (None, Vec::new());
    assert!(accessed(unmapped, 0xc000_0005, &[0, 0x10]).region.is_none());
}

/// The processor gives no address; Windows reports a read of the highest one. Only x64 has such addresses.
#[test]
fn an_address_that_is_not_canonical() {
    let x64 = accessed(presets::tiny(), 0xc000_0005, &[0, u64::MAX]);
    assert!(x64.non_canonical && x64.region.is_none() && x64.module.is_none());
    let x86 = accessed(presets::tiny_x86(), 0xc000_0005, &[0, 0xffff_ffff]);
    assert!(!x86.non_canonical);
}

#[test]
fn a_page_that_could_not_be_read() {
    let access = accessed(presets::tiny(), 0xc000_0006, &[8, X64.app + 0x1004, 0xc000_009c]);
    let status = access.status.expect("a status");
    assert_eq!((status.code.0, status.name.as_deref()), (0xc000_009c, Some("STATUS_DEVICE_DATA_ERROR")));
    assert_eq!((access.kind.map(AccessKind::name), access.module.as_deref()), (Some("execute"), Some("app")));
    // Writers extend the sign of an NTSTATUS.
    let extended = accessed(presets::tiny(), 0xc000_0006, &[0, 0x5000, 0xffff_ffff_c000_009c]);
    assert_eq!(extended.status.map(|status| status.code.0), Some(0xc000_009c));
    assert!(accessed(presets::tiny(), 0xc000_0006, &[0, 0x5000]).status.is_none());
    assert!(accessed(presets::tiny(), 0xc000_0005, &[0, 0x5000, 0xc000_009c]).status.is_none());
}

/// One page of the stack is committed, three guard pages lie below it.
#[test]
fn how_far_below_the_committed_stack() {
    for (process, at) in [(presets::tiny(), X64), (presets::tiny_x86(), X86)] {
        let limit = at.stack_base(0) - 0x1000;
        let below = |address| accessed(process.clone(), 0xc000_00fd, &[1, address]).below_stack_limit_bytes;
        assert_eq!(below(limit - 8), Some(8));
        assert_eq!(below(at.stacks[0]), Some(0xf_f000));
        assert_eq!((below(at.stacks[0] - 8), below(limit)), (None, None));
        assert_eq!(below(at.stack_base(1) - 0x2000), None, "another thread's");
    }
}

#[test]
fn records_that_lack_what_was_accessed() {
    for parameters in [&[][..], &[0]] {
        assert!(raised(presets::tiny(), 0xc000_0005, 0, parameters).access.is_none());
    }
    assert!(
        raised(presets::tiny(), 0xc000_0017, 0, &[0, 0x10]).access.is_none(),
        "the code says no such thing"
    );
}

#[test]
fn a_type_that_is_not_in_the_dump_is_not_guessed() {
    type Change = fn(&mut synth::Process);
    let thrown = |change: fn(&mut synth::Process)| {
        let mut process = presets::tiny_bad_alloc();
        change(&mut process);
        report(&process).exception.and_then(|e| e.cpp).expect("a C++ exception")
    };
    let whole = thrown(|_| {});
    assert_eq!(
        (whole.type_name.as_deref(), whole.bases.as_slice()),
        (Some("std::bad_alloc"), &["std::exception".to_owned()][..])
    );
    assert_eq!((whole.what.as_deref(), whole.problem), (Some("bad allocation"), None));
    // The text is the object's own, and told whatever became of the type.
    let cases: [(Change, &str); 5] = [
        (|p| p.exception.as_mut().unwrap().parameters[2] = 0, "names no ThrowInfo"),
        (|p| p.exception.as_mut().unwrap().parameters[2] = 0x1234_5678, "ThrowInfo lies in no image"),
        (|p| p.exception.as_mut().unwrap().parameters[2] = X64.app + 0xf_f000, "ThrowInfo"),
        (|p| p.put(X64.app + 0x280c, &[0; 4]), "ThrowInfo at 0x7ff640002800 is damaged"),
        (|p| p.exception.as_mut().unwrap().parameters.truncate(2), "not those of a C++ throw"),
    ];
    for (change, problem) in cases {
        let cpp = thrown(change);
        let text = (!problem.contains("not those of")).then(|| "bad allocation".to_owned());
        assert_eq!((cpp.type_name, cpp.decorated, cpp.what), (None, None, text), "{problem}");
        assert!(cpp.problem.as_deref().is_some_and(|p| p.contains(problem)), "{:?}", cpp.problem);
    }
    let lost = thrown(|p| p.exception.as_mut().unwrap().parameters[1] = 0x1234_5678);
    assert_eq!((lost.type_name.as_deref(), lost.what), (Some("std::bad_alloc"), None));
    assert!(lost.problem.is_some_and(|p| p.starts_with("what() cannot be read")));
}

/// 0xc0000005 may be a program's own number there; only signals and their codes have names.
#[test]
fn another_system_has_nothing_of_windows() {
    let mut linux = presets::tiny();
    linux.system = Some(SystemInfo { platform_id: 0x8201, ..SystemInfo::default() });
    linux.regions = None;
    for (code, name) in [(11, "SIGSEGV"), (0xe06d_7363, ""), (0xc000_0005, "")] {
        let exception = raised(linux.clone(), code, 1, &[0x1993_0520, 0x10, 0, 0]);
        let called = exception.name.unwrap_or_default();
        assert!(
            called.starts_with(name) && !called.contains("STATUS_") && !called.contains("C++"),
            "{called}"
        );
        assert_eq!((exception.meaning, exception.chance, exception.noncontinuable), (None, None, None));
        assert!(exception.access.is_none() && exception.cpp.is_none());
    }
}

/// The object that Delphi raised: its class says whether memory was refused. 32 bits, as of 2009 and later: the table's own
/// address at -58h, the class's name at -38h, the parent's at -30h.
#[test]
fn delphi_says_by_the_class_that_memory_was_refused() {
    const OBJECT: u32 = 0x0510_0000;
    let of = |classes: &[&str]| {
        let mut process = presets::tiny_x86();
        process.memory.push(synth::Range { start: OBJECT.into(), size: 0x2000 });
        let table = |n: usize| OBJECT + 0x400 + 0x200 * u32::try_from(n).expect("few classes");
        process.put(OBJECT.into(), &table(0).to_le_bytes());
        for (n, class) in classes.iter().enumerate() {
            let fields = [(table(n) - 0x58, table(n)), (table(n) - 0x38, table(n) + 0x40)];
            let parent = [(table(n) - 0x30, table(n) + 0x80), (table(n) + 0x80, table(n + 1))];
            let parent = parent.into_iter().filter(|_| n + 1 < classes.len());
            for (at, value) in fields.into_iter().chain(parent) {
                process.put(at.into(), &value.to_le_bytes());
            }
            let name = [&[u8::try_from(class.len()).expect("a short name")], class.as_bytes()].concat();
            process.put((table(n) + 0x40).into(), &name);
        }
        let thread_id = process.threads[0].id;
        let parameters = vec![0x40_1000, OBJECT.into(), 0, 0, 0, 0, 0];
        process.exception =
            Some(Exception { thread_id, code: 0x0eed_fade, flags: 1, parameters, ..Exception::default() });
        let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
        let report = Report::answer(&Process::gather(&dump), Question::Why, &Options::default());
        let verdict = report.verdict.expect("a verdict");
        let kind = verdict.kind.name();
        (kind, report.facts.exception.and_then(|e| e.cpp).and_then(|cpp| cpp.type_name), verdict.title)
    };
    let (kind, class, _) = of(&["EOutOfMemory", "EHeapException", "Exception", "TObject"]);
    assert_eq!((kind, class.as_deref()), ("allocation_failure", Some("EOutOfMemory")));
    let (kind, class, _) = of(&["ETooLarge", "EOutOfMemory", "Exception"]);
    assert_eq!((kind, class.as_deref()), ("allocation_failure", Some("ETooLarge")));
    let (kind, class, title) = of(&["EConvertError", "Exception"]);
    assert_eq!((kind, class.as_deref()), ("other_exception", Some("EConvertError")));
    assert!(title.contains("EConvertError"), "{title}");
    assert_eq!(of(&[]).0, "other_exception");
}
