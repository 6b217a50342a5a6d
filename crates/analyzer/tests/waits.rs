//! Who waits for what: each system call on each processor, owners, groups, chains and cycles.

use dumplens_analyzer::waits::{ChainReport, ThreadWaitReport, WaitReport, WaitsReport};
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::Dump;
use dumplens_synth::presets::entering::{Between, SECTIONS};
use dumplens_synth::presets::waits::{self, Waiter, id};
use dumplens_synth::presets::{PID, entering, waiting};
use dumplens_synth::{self as synth, Arch, CriticalSection, Handle, Information, SectionDebug, Width};

const DATA: u64 = waits::DATA;
const RUNS: u32 = 0x103;

fn answer(process: &synth::Process, question: Question) -> Report {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    Report::answer(&Process::gather(&dump), question, &Options::default())
}

fn read(process: &synth::Process) -> WaitsReport {
    *answer(process, Question::Waits).facts.waits.expect("waits")
}

fn wait(waits: &WaitsReport, thread: usize) -> &WaitReport {
    let of = |thread: &ThreadWaitReport| format!("thread {:#x} is not known to wait", thread.id);
    let thread = &waits.threads[thread];
    thread.wait.as_deref().unwrap_or_else(|| panic!("{}", of(thread)))
}

fn handle(handle: u64, kind: &str, information: Vec<Information>) -> Handle {
    Handle { handle, type_name: Some(kind.into()), information, ..Handle::default() }
}

/// Call, kind, timeout, and handles or address, as it is told.
fn told(wait: &WaitReport) -> (String, &'static str, Option<&'static str>, Vec<u64>) {
    let place = |o: &dumplens_analyzer::waits::ObjectReport| o.address.or(o.handle).map_or(0, |at| at.0);
    (
        wait.call.clone(),
        wait.kind.name(),
        wait.timeout.map(dumplens_analyzer::waits::Timeout::name),
        wait.objects.iter().map(place).collect(),
    )
}

const TWO_SECONDS: u64 = DATA + 0x10;
const HANDLES: u64 = DATA + 0x20;

/// Every row of the table of calls: what is given to it, and what is to be told.
fn rows() -> Vec<(Waiter, &'static str, Option<&'static str>, Vec<u64>)> {
    let forever = Some("infinite");
    vec![
        (Waiter::new("NtWaitForSingleObject", &[0x40, 0, 0]), "object", forever, vec![0x40]),
        (Waiter::new("NtWaitForSingleObject", &[0x40, 0, TWO_SECONDS]), "object", Some("finite"), vec![0x40]),
        (Waiter::new("NtSignalAndWaitForSingleObject", &[0x44, 0x40, 0, 0]), "object", forever, vec![0x40]),
        (
            Waiter::new("NtWaitForMultipleObjects", &[2, HANDLES, 1, 0, 0]),
            "any_object",
            forever,
            vec![0x40, 0x44],
        ),
        (
            Waiter::new("NtWaitForMultipleObjects", &[2, HANDLES, 0, 0, 0]),
            "all_objects",
            forever,
            vec![0x40, 0x44],
        ),
        (Waiter::new("NtDelayExecution", &[0, TWO_SECONDS]), "delay", Some("finite"), vec![]),
        (Waiter::new("NtRemoveIoCompletion", &[0x48, 0, 0, 0, 0]), "completion_port", forever, vec![0x48]),
        (
            Waiter::new("NtRemoveIoCompletionEx", &[0x48, 0, 1, 0, TWO_SECONDS, 0]),
            "completion_port",
            Some("finite"),
            vec![0x48],
        ),
        (
            Waiter::new("NtWaitForWorkViaWorkerFactory", &[0x4c, 0, 1, 0, 0]),
            "worker_factory",
            None,
            vec![0x4c],
        ),
        (Waiter::new("NtWaitForAlertByThreadId", &[DATA + 0x800, 0]), "address", forever, vec![DATA + 0x800]),
        (
            Waiter::new("NtWaitForKeyedEvent", &[0, DATA + 0x801, 0, 0]),
            "keyed_event",
            forever,
            vec![DATA + 0x800],
        ),
        (Waiter::new("NtAlpcSendWaitReceivePort", &[0x50, 0, 0, 0, 0, 0, 0, 0]), "port", forever, vec![0x50]),
        (Waiter::new("NtReadFile", &[0x54, 0, 0, 0]), "io", None, vec![0x54]),
        (
            Waiter::new("NtUserMsgWaitForMultipleObjectsEx", &[1, HANDLES, u64::from(u32::MAX), 0x4ff, 0]),
            "message",
            forever,
            vec![0x40],
        ),
    ]
}

fn table(arch: Arch) -> synth::Process {
    let waiters: Vec<Waiter> = rows().into_iter().map(|(waiter, ..)| waiter).collect();
    let mut process = waiting(arch, &waiters);
    let step = if arch == Arch::X86 { 4 } else { 8 };
    process.put(TWO_SECONDS, &(-20_000_000_i64).to_le_bytes());
    process.put(HANDLES, &0x40_u64.to_le_bytes());
    process.put(HANDLES + step, &0x44_u64.to_le_bytes());
    let kinds = ["Event", "Semaphore", "IoCompletion", "TpWorkerFactory", "ALPC Port", "File"];
    process.handles = (0..).zip(kinds).map(|(n, kind)| handle(0x40 + 4 * n, kind, Vec::new())).collect();
    process
}

fn check_table(arch: Arch) {
    let waits = read(&table(arch));
    for (n, (waiter, kind, timeout, objects)) in rows().into_iter().enumerate() {
        assert_eq!(
            told(wait(&waits, n)),
            (waiter.call.to_owned(), kind, timeout, objects),
            "{arch:?}, row {n}"
        );
        assert_eq!(wait(&waits, n).known_by.name(), "export");
    }
    assert_eq!(wait(&waits, 1).timeout_ms, Some(2000));
    assert_eq!(wait(&waits, 0).objects[0].kind.as_deref(), Some("Event"));
    assert_eq!(wait(&waits, 6).objects[0].kind.as_deref(), Some("IoCompletion"));
}

#[test]
fn every_call_on_x64() {
    check_table(Arch::X64);
}

#[test]
fn every_call_on_x86() {
    check_table(Arch::X86);
}

#[test]
fn every_call_on_arm64() {
    check_table(Arch::Arm64);
}

/// Builds before 26200 give back neither r8 nor r9: what is there is no timeout.
#[test]
fn registers_that_the_kernel_does_not_give_back_are_not_believed() {
    let mut process = table(Arch::X64);
    for thread in &mut process.threads {
        let context = thread.context.as_mut().expect("registers");
        context.general.iter_mut().filter(|(n, _)| *n == 10).for_each(|(_, value)| *value = 0);
    }
    let waits = read(&process);
    assert_eq!(told(wait(&waits, 0)).2, None);
    assert_eq!(told(wait(&waits, 1)), ("NtWaitForSingleObject".into(), "object", None, vec![0x40]));
    assert_eq!(told(wait(&waits, 4)).1, "any_object", "whether all are wanted is not known");
    assert_eq!(wait(&waits, 5).timeout_ms, Some(2000), "rdx is given back");
}

/// Small dumps keep no exports: the build gives the numbers their meaning, and the arguments must fit.
#[test]
fn calls_by_their_numbers() {
    let mut process = table(Arch::X64);
    // Nothing of ntdll and win32u but the stubs' addresses.
    process.memory.retain(|range| range.start != waits::NTDLL && range.start != waits::WIN32U);
    let images = |start: u64| {
        [waits::NTDLL, waits::WIN32U].iter().any(|base| (*base..base + 0x1_0000).contains(&start))
    };
    process.memory.retain(|range| !images(range.start));
    let waits = read(&process);
    let known: Vec<Option<&str>> =
        waits.threads.iter().map(|t| t.wait.as_deref().map(|wait| wait.call.as_str())).collect();
    let expected = [
        Some("NtWaitForSingleObject"),
        Some("NtWaitForSingleObject"),
        None, // no fixed number, and its first argument says nothing
        Some("NtWaitForMultipleObjects"),
        Some("NtWaitForMultipleObjects"),
        Some("NtDelayExecution"),
        Some("NtRemoveIoCompletion"),
        Some("NtRemoveIoCompletionEx"),
        Some("NtWaitForWorkViaWorkerFactory"),
        Some("NtWaitForAlertByThreadId"),
        None,
        Some("NtAlpcSendWaitReceivePort"),
        Some("NtReadFile"),
        Some("NtUserMsgWaitForMultipleObjectsEx"),
    ];
    assert_eq!(known, expected);
    assert_eq!(wait(&waits, 0).known_by.name(), "number");
    // A number whose arguments do not fit is none: a file's handle is no address, and no handle is 0x7777.
    for thread in &mut process.threads {
        let context = thread.context.as_mut().expect("registers");
        context.general.iter_mut().filter(|(n, _)| *n == 1).for_each(|(_, value)| *value = 0x7777);
    }
    assert!(read(&process).threads.iter().all(|thread| thread.wait.is_none()));
}

/// A thread in a stub that does not wait, and one that runs.
#[test]
fn who_does_not_wait() {
    let waits = read(&waiting(Arch::X64, &[Waiter::new("NtClose", &[0x40]), Waiter::running()]));
    assert!(waits.threads.iter().all(|thread| thread.wait.is_none()));
    assert!(waits.chains.is_empty() && waits.groups.is_empty());
}

/// The thread of a 32-bit program in a 64-bit dump: its registers are where WOW64 keeps them.
#[test]
fn a_wow64_thread() {
    use dumplens_synth::presets::wow64::{VIEW32, VIEW64};
    let mut process = synth::presets::tiny_wow64();
    process.exception = None;
    let (eip, esp) = (VIEW32.waiting_frames()[0], VIEW32.stack_base(1) - 0x200);
    let reserved = VIEW64.stack_base(1) - 0x800;
    let context = synth::Context { general: vec![(0, 4)], ..synth::Context::at(eip, esp, 0) };
    process.put(VIEW64.tebs[1] + 0x1488, &reserved.to_le_bytes());
    process.put(reserved, &[0, 0, 0x4c, 0x01]);
    process.put(reserved + 4, &context.to_bytes(Arch::X86));
    // The return address, the handle, not alertable, no timeout.
    let words = [VIEW32.waiting_frames()[1], 0x40, 0, 0];
    process.put(esp, &words.map(|word| u32::try_from(word).expect("32 bits").to_le_bytes()).concat());
    process.handles = vec![handle(0x40, "Mutant", vec![Information::mutant_owner(PID, 1000)])];
    let waits = read(&process);
    let of = wait(&waits, 1);
    assert_eq!(told(of), ("NtWaitForSingleObject".into(), "object", Some("infinite"), vec![0x40]));
    assert_eq!((of.objects[0].kind.as_deref(), of.objects[0].owner_thread_id), (Some("Mutant"), Some(1000)));
}

fn section_at(n: u64) -> u64 {
    DATA + 0x1000 + 0x40 * n
}

/// Waits for the section as Windows 8 and later do: at its LockCount, with a timeout of 30 days.
fn enters(n: u64, arch: Arch) -> Waiter {
    let count = section_at(n) + if arch == Arch::X86 { 4 } else { 8 };
    Waiter::new("NtWaitForAlertByThreadId", &[count, DATA + 0x18])
}

fn hold(process: &mut synth::Process, n: u64, owner: u32, waiters: i32) {
    let width = if process.arch == Arch::X86 { Width::W32 } else { Width::W64 };
    process.put(section_at(n), &CriticalSection::held(owner, waiters).to_bytes(width));
    process.put(DATA + 0x18, &(-25_912_000_000_000_i64).to_le_bytes());
}

/// Threads that each wait for the section that the next holds.
fn ring(arch: Arch, threads: u32) -> synth::Process {
    let waiters: Vec<Waiter> = (0..threads).map(|n| enters(n.into(), arch)).collect();
    let mut process = waiting(arch, &waiters);
    for n in 0..threads {
        hold(&mut process, n.into(), id((n + 1) % threads), 1);
    }
    process
}

fn ids(chain: &ChainReport) -> Vec<u32> {
    chain.threads.clone()
}

#[test]
fn cycles_of_two_and_five() {
    for arch in [Arch::X64, Arch::X86, Arch::Arm64] {
        for threads in [2, 5] {
            let waits = read(&ring(arch, threads));
            assert_eq!(waits.chains.len(), 1);
            let chain = &waits.chains[0];
            assert_eq!((ids(chain), chain.deadlock), ((0..threads).map(id).collect(), true));
            assert_eq!(chain.ends.name(), "cycle");
            let object = &wait(&waits, 0).objects[0];
            assert_eq!(object.address.map(|at| at.0), Some(section_at(0)));
            assert_eq!((object.owner_thread_id, object.proven, object.waiters), (Some(id(1)), true, Some(1)));
            assert_eq!(waits.locks.len(), threads as usize);
        }
    }
}

/// A section, a mutex, the end of a thread, and the loader's lock: each holds up the next.
fn mixed() -> synth::Process {
    let waiters = [
        enters(0, Arch::X64),
        Waiter::new("NtWaitForSingleObject", &[0x80, 0, 0]),
        Waiter::new("NtWaitForMultipleObjects", &[2, HANDLES, 0, 0, 0]),
        Waiter {
            waits_for_loader_lock: true,
            ..Waiter::new("NtWaitForAlertByThreadId", &[DATA + 0xF008, 0])
        },
        Waiter::running(),
    ];
    let mut process = waiting(Arch::X64, &waiters);
    hold(&mut process, 0, id(1), 1);
    process.put(DATA + 0xF000, &CriticalSection::held(id(0), 1).to_bytes(Width::W64));
    process.put(HANDLES, &0x84_u64.to_le_bytes());
    process.put(HANDLES + 8, &0x88_u64.to_le_bytes());
    process.handles = vec![
        handle(0x80, "Mutant", vec![Information::mutant(0, false), Information::mutant_owner(PID, id(2))]),
        handle(0x84, "Thread", vec![Information::thread(RUNS, PID, id(4))]),
        handle(0x88, "Thread", vec![Information::thread(RUNS, PID, id(3))]),
    ];
    process
}

#[test]
fn a_cycle_of_mixed_objects() {
    let waits = read(&mixed());
    let chain = &waits.chains[0];
    assert_eq!((ids(chain), chain.deadlock), ([0, 1, 2, 3].map(id).to_vec(), true));
    let kinds: Vec<&str> = chain.links.iter().map(|link| link.via.kind.as_str()).collect();
    assert_eq!(kinds, ["CriticalSection", "Mutant", "Thread", "CriticalSection"]);
    assert_eq!(chain.links[3].via.name.as_deref(), Some("LdrpLoaderLock"));
    assert_eq!(waits.loader_lock.map(|at| at.0), Some(DATA + 0xF000));
}

/// As `mixed`, but one link is not what it has to be.
fn no_deadlock(change: impl Fn(&mut synth::Process)) -> WaitsReport {
    let mut process = mixed();
    change(&mut process);
    let waits = read(&process);
    assert!(waits.chains.iter().all(|chain| !chain.deadlock), "{:?}", waits.chains);
    waits
}

#[test]
fn a_cycle_with_one_link_that_is_not_proven() {
    let owner = |information: Vec<Information>| {
        move |process: &mut synth::Process| process.handles[0].information.clone_from(&information)
    };
    // Whoever holds the mutex is not known, or is in another process, or has ended.
    no_deadlock(owner(vec![Information::mutant(0, false)]));
    no_deadlock(owner(vec![Information::mutant_owner(PID + 1, id(2))]));
    no_deadlock(owner(vec![Information::mutant_owner(0, 0)]));
    let waits = no_deadlock(owner(vec![Information::mutant_owner(PID, 9999)]));
    // Windows would have taken the mutex from a thread that ended: the list lacks its owner.
    assert!(!wait(&waits, 1).objects[0].owner_ended);
    assert_eq!(waits.chains[0].ends.name(), "owner_lost");
    // One of two objects would do.
    let any = |process: &mut synth::Process| {
        let context = process.threads[2].context.as_mut().expect("registers");
        context.general.iter_mut().filter(|(n, _)| *n == 8).for_each(|(_, value)| *value = 1);
    };
    let waits = no_deadlock(any);
    assert!(waits.chains.iter().any(|chain| chain.links.iter().any(|link| !link.proven)));
    // A wait for two seconds ends by itself.
    no_deadlock(|process| {
        process.put(TWO_SECONDS, &(-20_000_000_i64).to_le_bytes());
        let context = process.threads[1].context.as_mut().expect("registers");
        context.general.iter_mut().filter(|(n, _)| *n == 8).for_each(|(_, value)| *value = TWO_SECONDS);
    });
    // A thread that has ended is waited for no longer.
    no_deadlock(|process| process.handles[2].information = vec![Information::thread(0, PID, id(3))]);
}

/// What lies where a thread waits is believed to be a section only if all of it is one.
#[test]
fn what_is_no_section() {
    let with = |change: fn(&mut CriticalSection)| {
        let mut process = ring(Arch::X64, 2);
        let mut section = CriticalSection::held(id(1), 1);
        change(&mut section);
        process.put(section_at(0), &section.to_bytes(Width::W64));
        let waits = read(&process);
        assert!(waits.chains.iter().all(|chain| !chain.deadlock));
        told(wait(&waits, 0)).1
    };
    assert_eq!(with(|section| section.lock_count = -1), "address");
    assert_eq!(with(|section| section.lock_count = -5), "address");
    assert_eq!(with(|section| section.lock_count = -2), "address", "nobody waits");
    assert_eq!(
        with(|section| section.lock_count = -2 - 4 * 3),
        "address",
        "more wait than there are threads"
    );
    assert_eq!(with(|section| section.recursion_count = 0), "address");
    assert_eq!(with(|section| section.owning_thread = 0), "address");
    assert_eq!(with(|section| section.owning_thread |= 1 << 40), "address");
    assert_eq!(with(|section| section.lock_semaphore = 0x44), "address");
    assert_eq!(with(|section| section.owning_thread = id(0).into()), "address", "it would hold it itself");
}

#[test]
fn an_owner_that_ended() {
    let waiters = [enters(0, Arch::X64), enters(0, Arch::X64)];
    let mut process = waiting(Arch::X64, &waiters);
    hold(&mut process, 0, 0x7770, 2);
    let waits = read(&process);
    let object = &wait(&waits, 0).objects[0];
    assert_eq!((object.owner_thread_id, object.owner_ended, object.proven), (Some(0x7770), true, false));
    assert_eq!((waits.chains[0].ends.name(), waits.chains[0].deadlock), ("owner_ended", false));
    assert_eq!((waits.groups.len(), waits.groups[0].threads.len()), (1, 2));
    // Its DEBUG says that it is one.
    let debug = DATA + 0x2000;
    let section = CriticalSection { debug_info: debug, ..CriticalSection::held(0x7770, 2) };
    process.put(section_at(0), &section.to_bytes(Width::W64));
    let names = |section| SectionDebug { section, ..SectionDebug::default() }.to_bytes(Width::W64);
    process.put(debug, &names(section_at(0)));
    assert!(wait(&read(&process), 0).objects[0].proven);
    process.put(debug, &names(section_at(1)));
    assert_eq!(told(wait(&read(&process), 0)).1, "address", "its DEBUG is another's");
}

/// A list of threads that lost some does not tell who ended; a handle tells who did not.
#[test]
fn an_owner_that_the_list_lacks() {
    let joins = Waiter::new("NtWaitForSingleObject", &[0x80, 0, 0]);
    let mut process = waiting(Arch::X64, &[enters(0, Arch::X64), joins, Waiter::running()]);
    hold(&mut process, 0, id(2), 1);
    process.handles = vec![handle(0x80, "Thread", vec![Information::thread(RUNS, PID, id(2))])];
    let ends = |bytes: Vec<u8>| {
        let dump = Dump::open(bytes).expect("a dump that opens");
        let report = Report::answer(&Process::gather(&dump), Question::Waits, &Options::default());
        let chains = report.facts.waits.expect("waits").chains;
        let mut ends: Vec<_> = chains.iter().map(|chain| (chain.threads[0], chain.ends.name())).collect();
        ends.sort_unstable();
        ends
    };
    assert_eq!(ends(process.to_bytes().0), [(id(0), "running"), (id(1), "running")]);
    process.threads.truncate(2);
    let mut bytes = process.to_bytes().0;
    assert_eq!(ends(bytes.clone()), [(id(0), "owner_ended"), (id(1), "owner_lost")]);
    // The list said that there are three.
    let long = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
    let entries = (0..long(8)).map(|n| long(12) + 12 * n);
    let list =
        entries.map(|at| (long(at), long(at + 8))).find(|(stream, _)| *stream == 3).expect("threads").1;
    bytes[list] = 3;
    assert_eq!(ends(bytes), [(id(0), "owner_lost"), (id(1), "owner_lost")]);
}

/// Threads at one address are one group; a chain that leads into a cycle is none itself.
#[test]
fn groups_and_what_leads_into_a_cycle() {
    let mut waiters: Vec<Waiter> = (0..2).map(|n| enters(n, Arch::X64)).collect();
    waiters.extend([enters(0, Arch::X64), enters(0, Arch::X64)]);
    waiters.extend((0..4).map(|_| Waiter::new("NtWaitForAlertByThreadId", &[DATA + 0x800, 0])));
    let mut process = waiting(Arch::X64, &waiters);
    hold(&mut process, 0, id(1), 3);
    hold(&mut process, 1, id(0), 1);
    let waits = read(&process);
    let groups: Vec<(Option<u64>, usize)> =
        waits.groups.iter().map(|group| (group.address.map(|at| at.0), group.threads.len())).collect();
    assert_eq!(groups, [(Some(DATA + 0x800), 4), (Some(section_at(0)), 3)]);
    let deadlocks: Vec<Vec<u32>> = waits.chains.iter().filter(|chain| chain.deadlock).map(ids).collect();
    assert_eq!(deadlocks, [[id(0), id(1)]]);
    let others: Vec<Vec<u32>> = waits.chains.iter().filter(|chain| !chain.deadlock).map(ids).collect();
    assert_eq!(others, [[id(2), id(1), id(0)], [id(3), id(1), id(0)]]);
}

#[test]
fn handles_of_what_has_ended_and_who_is_busy() {
    let mut process = waiting(
        Arch::X64,
        &[
            Waiter { processor_ms: 5, ..Waiter::new("NtWaitForSingleObject", &[0x40, 0, 0]) },
            Waiter { processor_ms: 9_000, ..Waiter::running() },
            Waiter::running(),
        ],
    );
    process.handles = vec![handle(0x40, "Event", vec![Information::event(1, false)])];
    process.handles.extend((0..30).map(|n| {
        let status = if n < 20 { 0 } else { RUNS };
        handle(0x100 + 4 * n, "Thread", vec![Information::thread(status, PID, 0x9000)])
    }));
    process.handles.push(handle(0x400, "Process", vec![Information::process(1, 77)]));
    let waits = read(&process);
    let ended = waits.ended.expect("object information");
    assert_eq!(
        (ended.ended_threads, ended.thread_handles, ended.ended_processes, ended.process_handles),
        (20, 30, 1, 1)
    );
    assert_eq!(waits.busiest, [id(1), id(0)]);
    assert_eq!(waits.threads[1].processor_ms, Some(9_000));
    assert!(read(&waiting(Arch::X64, &[Waiter::running()])).ended.is_none());
}

/// Without an exception all stacks are read; of a crash waits explain nothing, and are not looked for.
#[test]
fn who_asks() {
    let process = ring(Arch::X64, 2);
    for (question, asks) in [(Question::Why, true), (Question::Everything, true), (Question::Lists, false)] {
        assert_eq!(answer(&process, question).facts.waits.is_some(), asks, "{question:?}");
    }
    let crashed = synth::presets::tiny();
    assert!(answer(&crashed, Question::Why).facts.waits.is_none());
    assert!(answer(&crashed, Question::Everything).facts.waits.is_some());
}

/// As under Wine: the registers hold nothing of use, and the stack has the section's address.
#[test]
fn sections_by_the_stack() {
    let waits = read(&entering(Between::Sleeps));
    let object = &wait(&waits, 0).objects[0];
    assert_eq!(object.address.map(|at| at.0), Some(SECTIONS[1]));
    assert_eq!((object.owner_thread_id, object.proven, object.by_code), (Some(id(1)), true, false));
    assert!(waits.chains[0].deadlock && waits.chains[0].links.iter().all(|link| link.certain));
    // Of two sections that others hold it is not known which is waited for.
    let mut process = entering(Between::Sleeps);
    let slot = process.threads[0].stack_start + 0x38;
    process.put(SECTIONS[0] + 0x80, &CriticalSection::held(id(1), 1).to_bytes(Width::W64));
    process.put(slot, &(SECTIONS[0] + 0x80).to_le_bytes());
    let waits = read(&process);
    assert!(!wait(&waits, 0).objects[0].proven && !waits.chains[0].deadlock);
    // Nothing on the stack is none.
    let mut process = entering(Between::Sleeps);
    let slot = process.threads[0].stack_start + 0x30;
    process.put(slot, &[0; 8]);
    let waits = read(&process);
    assert_eq!((wait(&waits, 0).kind.name(), wait(&waits, 0).objects.len()), ("critical_section", 0));
    // A section in an image's data, if it is the only one that another thread holds, may be it.
    let data = DATA + 0x80;
    let regions = process.regions.as_mut().expect("a map");
    let region = regions.iter_mut().find(|region| region.base == DATA).expect("the program's data");
    region.kind = synth::MEM_IMAGE;
    let waits = read(&process);
    let object = &wait(&waits, 0).objects[0];
    assert_eq!((object.address.map(|at| at.0), object.proven), (Some(data + 0x40), false));
    assert!(waits.chains.iter().all(|chain| !chain.deadlock));
}

/// Without the sections' memory the code tells which ones the threads entered, if it is plain.
#[test]
fn sections_by_the_code() {
    let lost = |between| {
        let mut process = entering(between);
        process.memory.retain(|range| range.start != DATA);
        read(&process)
    };
    let waits = lost(Between::Sleeps);
    let object = &wait(&waits, 0).objects[0];
    assert_eq!(object.address.map(|at| at.0), Some(SECTIONS[1]));
    assert_eq!((object.owner_thread_id, object.by_code), (Some(id(1)), true));
    let chain = &waits.chains[0];
    assert!(chain.deadlock && chain.links.iter().all(|link| !link.certain));
    for between in [Between::Leaves, Between::Branches] {
        let waits = lost(between);
        assert!(waits.chains.iter().all(|chain| !chain.deadlock), "{between:?}");
        let object = &wait(&waits, 0).objects[0];
        assert_eq!((object.address.map(|at| at.0), object.owner_thread_id), (Some(SECTIONS[1]), None));
    }
    // What is kept is asked, whatever the code says: here both sections are free.
    let mut process = entering(Between::Sleeps);
    for section in SECTIONS {
        process.put(section, &CriticalSection::default().to_bytes(Width::W64));
    }
    assert!(read(&process).chains.iter().all(|chain| !chain.deadlock));
}

/// A circle of 12,000 threads, and as many that wait for one of two: neither takes the square of their number.
#[test]
fn many_threads() {
    const THREADS: u32 = 12_000;
    let begin = std::time::Instant::now();
    let waiters: Vec<Waiter> =
        (0..THREADS).map(|n| Waiter::new("NtWaitForSingleObject", &[4 + 4 * u64::from(n), 0, 0])).collect();
    let mut process = waiting(Arch::X64, &waiters);
    let mutex = |n: u32| {
        let owner = id((n + 1) % THREADS);
        Handle {
            object_name: Some(format!("mutex {n}")),
            ..handle(4 + 4 * u64::from(n), "Mutant", vec![Information::mutant_owner(PID, owner)])
        }
    };
    process.handles = (0..THREADS).map(mutex).collect();
    let report = answer(&process, Question::Everything);
    let chain = &report.facts.waits.as_ref().expect("waits").chains[0];
    assert_eq!((chain.threads.len(), chain.links.len(), chain.deadlock), (THREADS as usize, 64, true));
    assert_eq!(report.verdict.as_ref().expect("a verdict").kind.name(), "deadlock");
    assert!(dumplens_analyzer::render::text::waits(&report, 0..usize::MAX).len() < 10 << 20);
    let waiters: Vec<Waiter> = (0..THREADS).map(|n| enters((n % 2).into(), Arch::X64)).collect();
    let mut process = waiting(Arch::X64, &waiters);
    hold(&mut process, 0, id(1), 5_999);
    hold(&mut process, 1, id(0), 5_999);
    let report = answer(&process, Question::Everything);
    let waits = report.facts.waits.as_ref().expect("waits");
    assert_eq!((waits.groups.len(), waits.groups[0].threads.len()), (2, THREADS as usize / 2));
    assert!(waits.chains.len() <= 256 && waits.chains[0].deadlock);
    assert!(dumplens_analyzer::render::text::waits(&report, 0..usize::MAX).contains("6000"));
    assert!(begin.elapsed().as_secs() < 120, "{:?}", begin.elapsed());
}
