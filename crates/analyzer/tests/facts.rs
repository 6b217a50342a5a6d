//! Facts that are put together from several streams or from memory: which source wins, and what is unknown rather than
//! zero.

use dumplens_analyzer::{Facts, Options, Process, Question};
use dumplens_core::Dump;
use dumplens_synth::{self as synth, Exception, Kuser, Misc, SystemInfo, SystemMemory, presets};

const X64: presets::Addresses = presets::tiny::X64;

fn report(process: &synth::Process) -> Facts {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    Facts::gather(&Process::gather(&dump), Question::Lists, &Options::default())
}

fn changed(change: impl FnOnce(&mut synth::Process)) -> Facts {
    let mut process = presets::tiny();
    change(&mut process);
    report(&process)
}

fn codes(report: &Facts) -> Vec<&str> {
    report.warnings.iter().map(|w| w.code.as_str()).collect()
}

#[test]
fn a_dump_without_a_time_has_none() {
    let report = changed(|p| p.time_date_stamp = 0);
    assert_eq!((report.dump.created.as_deref(), report.process.uptime_seconds), (None, None));
    assert_eq!(report.process.created.as_deref(), Some("2023-11-14T22:13:20Z"));
    assert_eq!(codes(&report), [""; 0]);
}

/// Writers that do not know when the process was created give the dump's own time.
#[test]
fn an_uptime_of_zero_is_not_believed() {
    let created = |time| changed(|p| p.misc.as_mut().unwrap().create_time = time);
    assert_eq!(created(1_700_000_599).process.uptime_seconds, Some(1));
    assert_eq!(created(1_700_000_600).process.uptime_seconds, None);
    assert_eq!(codes(&created(1_700_000_600)), [""; 0]);
    let future = created(1_700_000_610);
    assert_eq!(future.process.uptime_seconds, None);
    assert_eq!(codes(&future), ["process_from_the_future"]);
    assert!(future.warnings[0].message.contains("10 s after"), "{}", future.warnings[0].message);
    let unknown = created(0);
    assert_eq!((unknown.process.created, unknown.process.uptime_seconds), (None, None));
}

#[test]
fn the_process_id_is_in_the_tebs_too() {
    assert_eq!(changed(|p| p.misc = Some(Misc { pid: 77, ..Misc::default() })).process.id, Some(77));
    assert_eq!(changed(|p| p.misc = None).process.id, Some(presets::PID));
    assert_eq!(
        changed(|p| {
            p.misc = None;
            p.memory.clear();
        })
        .process
        .id,
        None
    );
}

/// By the PEB's image base; without a PEB the first of the list, which it is by convention.
#[test]
fn the_program_is_the_module_at_the_image_base() {
    assert!(changed(|p| p.modules.reverse()).process.image.unwrap().ends_with("app.exe"));
    let without = changed(|p| {
        p.modules.reverse();
        p.memory.clear();
    });
    assert!(without.process.image.unwrap().ends_with("ntdll.dll"));
    assert_eq!(changed(|p| p.modules.clear()).process.image, None);
}

#[test]
fn wow64_is_told_by_tebs_or_by_the_native_processor() {
    assert_eq!(report(&presets::tiny()).process.wow64, Some(false));
    assert_eq!(report(&presets::tiny_wow64()).process.wow64, Some(true));
    let x86 = |native_architecture| {
        let mut process = presets::tiny_x86();
        process.put(synth::KUSER_SHARED_DATA, &Kuser { native_architecture, ..Kuser::default() }.to_bytes());
        report(&process).process.wow64
    };
    assert_eq!((x86(9), x86(12), x86(0)), (Some(true), Some(true), Some(false)));
    let mut silent = presets::tiny_x86();
    silent.memory.clear();
    assert_eq!(report(&silent).process.wow64, None);
}

#[test]
fn the_size_of_ram_is_known_without_its_stream() {
    let of = |written: Option<SystemMemory>| changed(|p| p.system_memory = written).system.memory;
    let stream = of(Some(SystemMemory { physical_pages: 1000, ..SystemMemory::default() })).unwrap();
    assert_eq!((stream.physical_bytes, stream.commit_bytes), (Some(4_096_000), Some(24 << 30)));
    // KUSER_SHARED_DATA has 0x800000 pages.
    let shared = of(None).unwrap();
    assert_eq!((shared.physical_bytes, shared.commit_bytes), (Some(32 << 30), None));
    assert!(
        changed(|p| {
            p.system_memory = None;
            p.memory.clear();
        })
        .system
        .memory
        .is_none()
    );
}

#[test]
fn the_uptime_of_the_system_is_that_of_the_shared_page() {
    assert_eq!(report(&presets::tiny()).system.uptime_seconds, Some(258_600.0));
    let zero = changed(|p| p.put(synth::KUSER_SHARED_DATA, &[0; 0x400]));
    assert_eq!((zero.system.uptime_seconds, zero.system.time), (None, None));
    let time = report(&presets::tiny()).system.time;
    assert_eq!(time.as_deref(), Some("2023-11-14T22:23:20Z"));
}

#[test]
fn handles_are_counted_by_type() {
    let handles = report(&presets::tiny()).process.handles.unwrap();
    let counts: Vec<_> = handles.iter().map(|h| (h.kind.as_str(), h.count)).collect();
    assert_eq!(counts, [("File", 2), ("Event", 1), ("Key", 1)]);
    assert_eq!(changed(|p| p.handles.clear()).process.handles, None);
}

#[test]
fn last_errors_have_their_names() {
    let threads = report(&presets::tiny()).threads;
    let error = threads[0].last_error.as_ref().unwrap();
    assert_eq!((error.code.0, error.name.as_deref()), (8, Some("ERROR_NOT_ENOUGH_MEMORY")));
    let status = threads[0].last_status.as_ref().unwrap();
    assert_eq!((status.code.0, status.name.as_deref()), (0xc000_0017, Some("STATUS_NO_MEMORY")));
    // Zero is a code too, of the call that succeeded.
    assert_eq!(threads[1].last_error.as_ref().map(|e| e.code.0), Some(0));
}

/// In a WOW64 thread the program's last error is in its 32-bit TEB.
#[test]
fn last_errors_of_wow64_threads_are_the_programs() {
    let threads = report(&presets::tiny_wow64()).threads;
    assert_eq!(threads[0].last_error.as_ref().map(|e| e.code.0), Some(8));
    assert_eq!(threads[0].stack.as_ref().map(|s| s.base.0), Some(presets::wow64::VIEW32.stack_base(0)));
}

#[test]
fn a_stack_begins_where_it_was_allocated() {
    let stack = |process| report(&process).threads[0].stack.clone().unwrap();
    let whole = stack(presets::tiny());
    assert_eq!(
        (whole.base.0, whole.limit.map(|limit| limit.0)),
        (X64.stack_base(0), Some(X64.stack_base(0) - 0x1000))
    );
    assert_eq!(whole.reserved_from.map(|h| h.0), Some(X64.stacks[0]));
    // A TEB that claims what was allocated for something else is believed no further than the allocation.
    let mut greedy = presets::tiny();
    greedy.put(X64.tebs[0] + 0x1478, &(X64.stacks[0] - 0x1_0000).to_le_bytes());
    assert_eq!(stack(greedy).reserved_from.map(|h| h.0), Some(X64.stacks[0]));
}

#[test]
fn the_exception_of_a_thread_that_is_not_listed_is_told_all_the_same() {
    let report =
        changed(|p| p.exception = Some(Exception { thread_id: 0xdead, code: 5, ..Exception::default() }));
    assert_eq!(report.exception.map(|e| (e.thread_id, e.code.0)), Some((0xdead, 5)));
    assert_eq!(report.warnings[0].code, "exception_thread_unknown");
}

/// No TEBs, PEB or shared page are looked for in what another system left there.
#[test]
fn of_linux_only_what_linux_has() {
    let report = changed(|p| {
        p.system = Some(SystemInfo { platform_id: 0x8201, ..SystemInfo::default() });
        p.regions = None;
    });
    assert_eq!(codes(&report), ["not_windows"]);
    assert_eq!((report.system.uptime_seconds, report.process.wow64), (None, None));
    assert!(report.threads.iter().all(|t| t.stack.is_none() && t.last_error.is_none() && t.ip.is_some()));
    assert_eq!((report.memory.free_bytes, report.memory.largest_free), (None, None));
    assert_eq!(report.threads[0].name.as_deref(), Some("main"));
}

/// Registers that are there and cannot be used are not passed over in silence.
#[test]
fn registers_of_another_processor_are_a_warning() {
    let (mut bytes, layout) = presets::tiny().to_bytes();
    let entry = layout.stream(3).expect("threads").rva as usize + 4 + 0x30;
    let place: [u8; 4] = bytes[entry + 0x2c..][..4].try_into().expect("four bytes");
    // ContextFlags of x64; the bit is ARM64's.
    let flags = u32::from_le_bytes(place) as usize + 0x30;
    bytes[flags..flags + 4].copy_from_slice(&0x40_001f_u32.to_le_bytes());
    let dump = Dump::open(bytes).expect("a dump that opens");
    let report = Facts::gather(&Process::gather(&dump), Question::Lists, &Options::default());
    assert_eq!((report.threads[0].ip.is_some(), report.threads[1].ip), (true, None));
    assert_eq!(codes(&report), ["contexts_unusable"]);
    let first = format!("thread {:#x}", presets::tiny().threads[1].id);
    assert!(report.warnings[0].message.contains(&first), "{}", report.warnings[0].message);
}
