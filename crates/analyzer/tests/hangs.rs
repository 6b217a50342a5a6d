//! What is concluded from waits: deadlocks, chains, lost owners, and what only looks like them.

use dumplens_analyzer::verdict::Confidence;
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::Dump;
use dumplens_synth::presets::waits::{self, Waiter, id};
use dumplens_synth::presets::{PID, waiting};
use dumplens_synth::{self as synth, Arch, CriticalSection, Exception, Handle, Information, Width};

const DATA: u64 = waits::DATA;
const RUNS: u32 = 0x103;

fn answer(process: &synth::Process, question: Question) -> Report {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    Report::answer(&Process::gather(&dump), question, &Options::default())
}

/// The kind is the same whether one asks why or for everything.
fn why(process: &synth::Process) -> Report {
    let report = answer(process, Question::Why);
    let everything = answer(process, Question::Everything);
    assert_eq!(report.verdict, everything.verdict);
    assert_eq!(report.signature, everything.signature);
    report
}

fn kind(report: &Report) -> &'static str {
    report.verdict.as_ref().expect("a verdict").kind.name()
}

fn title<'r>(report: &'r Report, id: &str) -> Option<&'r str> {
    report.findings.iter().find(|finding| finding.id == id).map(|finding| finding.title.as_str())
}

fn section_at(n: u64) -> u64 {
    DATA + 0x1000 + 0x40 * n
}

fn enters(n: u64, site: u64) -> Waiter {
    Waiter { site, ..Waiter::new("NtWaitForAlertByThreadId", &[section_at(n) + 8, 0]) }
}

fn hold(process: &mut synth::Process, n: u64, owner: u32, waiters: i32) {
    process.put(section_at(n), &CriticalSection::held(owner, waiters).to_bytes(Width::W64));
}

/// Threads that each wait for the section that the next holds, each at its own place in the program.
fn ring(sites: &[u64]) -> synth::Process {
    let waiters: Vec<Waiter> = (0..).zip(sites).map(|(n, site)| enters(n, *site)).collect();
    let mut process = waiting(Arch::X64, &waiters);
    let threads = u32::try_from(sites.len()).expect("few");
    for n in 0..threads {
        hold(&mut process, n.into(), id((n + 1) % threads), 1);
    }
    process
}

/// Two threads that wait for each other's mutexes.
fn mutexes() -> synth::Process {
    let waits = |handle| Waiter::new("NtWaitForSingleObject", &[handle, 0, 0]);
    let mut process = waiting(Arch::X64, &[waits(0x80), waits(0x84)]);
    let mutex = |handle, owner| Handle {
        handle,
        type_name: Some("Mutant".into()),
        information: vec![Information::mutant(0, false), Information::mutant_owner(PID, owner)],
        ..Handle::default()
    };
    process.handles = vec![mutex(0x80, id(1)), mutex(0x84, id(0))];
    process
}

#[test]
fn a_deadlock_is_the_verdict() {
    let report = why(&ring(&[1, 2]));
    let verdict = report.verdict.as_ref().expect("a verdict");
    assert_eq!((kind(&report), verdict.confidence), ("deadlock", Confidence::High));
    let expected = format!(
        "Deadlock: thread {:#x} waits for the critical section at {:#x}, held by thread {:#x}; thread {:#x} waits for the \
         critical section at {:#x}, held by thread {:#x}.",
        id(0),
        section_at(0),
        id(1),
        id(1),
        section_at(1),
        id(0)
    );
    assert_eq!(verdict.title, expected);
    let finding = report.findings.iter().find(|finding| finding.id == "deadlock").expect("the finding");
    assert_eq!(finding.evidence.len(), 2);
    assert_eq!(finding.evidence[0].at.map(|at| at.0), Some(section_at(0)));
    assert!(title(&report, "wait_chain").is_none());
    let five = why(&ring(&[1, 2, 3, 4, 5]));
    assert!(five.verdict.expect("a verdict").title.contains("and so on through 2 more threads"));
    assert_eq!(kind(&why(&mutexes())), "deadlock");
}

/// The same circle is one signature, whichever of its threads came first; another place is another.
#[test]
fn the_signature_does_not_depend_on_ids() {
    let of = |sites: &[u64]| why(&ring(sites)).signature.expect("a signature");
    let one = of(&[1, 2, 3]);
    assert_eq!(one.frames.len(), 3);
    assert_eq!((one.kind.name(), &one.id), ("deadlock", &of(&[2, 3, 1]).id));
    assert_eq!(one.id, of(&[3, 1, 2]).id);
    assert_ne!(one.id, of(&[1, 3, 2]).id, "they go around the other way");
    assert_ne!(one.id, of(&[1, 2, 4]).id);
    assert_eq!(one.family, of(&[1, 2, 4]).family);
}

/// Where nothing tells whether a wait has a timeout, the circle is there, but less sure.
#[test]
fn without_timeouts_it_is_less_sure() {
    let mut process = mutexes();
    for thread in &mut process.threads {
        let context = thread.context.as_mut().expect("registers");
        context.general.iter_mut().filter(|(n, _)| *n == 10).for_each(|(_, value)| *value = 0x1234);
    }
    let report = why(&process);
    let verdict = report.verdict.as_ref().expect("a verdict");
    assert_eq!((kind(&report), verdict.confidence), ("deadlock", Confidence::Medium));
    // With a timeout that is seen it is none.
    let mut process = mutexes();
    process.put(DATA, &(-10_000_000_i64).to_le_bytes());
    let context = process.threads[0].context.as_mut().expect("registers");
    context.general.iter_mut().filter(|(n, _)| *n == 8).for_each(|(_, value)| *value = DATA);
    let report = why(&process);
    assert_eq!(kind(&report), "no_exception");
    assert!(title(&report, "wait_chain").expect("a chain").contains("in a circle"));
}

#[test]
fn a_circle_that_is_not_proven_is_a_chain() {
    let mut process = ring(&[1, 2]);
    process.put(section_at(1), &CriticalSection::default().to_bytes(Width::W64));
    let report = why(&process);
    assert_eq!(kind(&report), "no_exception");
    assert!(title(&report, "deadlock").is_none());
    let chain = title(&report, "wait_chain").expect("a chain");
    assert!(chain.starts_with("Thread 0x3e8 waits for the critical section at"), "{chain}");
    assert!(chain.contains("its owner is not known"), "{chain}");
    assert_eq!(report.verdict.as_ref().expect("a verdict").title, chain);
}

/// A thread that waits has not ended, also where no thread is known to hold up another.
#[test]
fn a_wait_without_any_owner() {
    let report = why(&waiting(Arch::X64, &[Waiter::new("NtWaitForSingleObject", &[0x40, 0, 0])]));
    let chain = title(&report, "wait_chain").expect("a chain");
    let expected = format!(
        "Thread {:#x} waits for the object 0x40, without a timeout; it is not known who will signal it.",
        id(0)
    );
    assert_eq!((kind(&report), chain), ("no_exception", expected.as_str()));
}

/// What the kernel said about an object tells whether a wait for it is over, and who is waited for; the type may be missing.
#[test]
fn what_the_object_itself_says() {
    let with = |kind: Option<&str>, information: Information| {
        let waiter = || Waiter::new("NtWaitForSingleObject", &[0x40, 0, 0]);
        let mut process = waiting(Arch::X64, &[waiter(), waiter()]);
        process.handles = vec![Handle {
            handle: 0x40,
            type_name: kind.map(Into::into),
            information: vec![information],
            ..Handle::default()
        }];
        let report = why(&process);
        let verdict = report.verdict.as_ref().expect("a verdict");
        (kind_and_confidence(&report), verdict.title.clone())
    };
    let (medium, high) = ("no_exception, medium".to_owned(), "no_exception, high".to_owned());
    let (sure, title) = with(Some("Event"), Information::event(0, false));
    assert!(sure == medium && title.contains("not known who will signal it"), "{sure}: {title}");
    for (kind, information) in [
        ("Event", Information::event(0, true)),
        ("Mutant", Information::mutant(1, false)),
        ("Thread", Information::thread(0, PID, id(1))),
    ] {
        let (sure, title) = with(Some(kind), information);
        assert!(sure == high && title.starts_with("The dump contains no exception."), "{sure}: {title}");
    }
    let (sure, title) = with(None, Information::thread(RUNS, PID + 4, 0x5000));
    assert!(sure == medium && title.contains(&format!("thread 0x5000 of process {:#x}", PID + 4)), "{title}");
    let (_, title) = with(Some("Mutant"), Information::mutant_owner(PID + 4, 0x5000));
    assert!(title.contains("the mutex 0x40, held by thread 0x5000 of process"), "{title}");
    let (sure, title) = with(None, Information::thread(RUNS, PID, id(0)));
    assert_eq!(sure, "deadlock, high");
    assert_eq!(title, format!("Deadlock: thread {:#x} waits for its own end.", id(0)));
}

fn kind_and_confidence(report: &Report) -> String {
    format!("{}, {}", kind(report), report.verdict.as_ref().expect("a verdict").confidence.name())
}

#[test]
fn a_chain_ends_in_one_that_runs() {
    let mut process = waiting(Arch::X64, &[enters(0, 1), enters(1, 2), Waiter::running()]);
    hold(&mut process, 0, id(1), 1);
    hold(&mut process, 1, id(2), 1);
    let report = why(&process);
    let chain = title(&report, "wait_chain").expect("a chain");
    assert!(chain.ends_with(&format!("thread {:#x} is not waiting.", id(2))), "{chain}");
    let finding = report.findings.iter().find(|finding| finding.id == "wait_chain").expect("it");
    assert_eq!((kind(&report), finding.confidence), ("no_exception", Confidence::High));
}

#[test]
fn an_owner_that_ended() {
    let mut process = waiting(Arch::X64, &[enters(0, 1), enters(0, 1)]);
    hold(&mut process, 0, 0x7770, 2);
    let report = why(&process);
    let lost = title(&report, "orphaned_lock").expect("the finding");
    assert_eq!(
        lost,
        format!(
            "The critical section at {:#x}, held by thread 0x7770, which has ended: 2 threads wait for it.",
            section_at(0)
        )
    );
    assert_eq!(kind(&report), "no_exception");
}

#[test]
fn the_loaders_lock() {
    let lock = DATA + 0xF000;
    let waits = || Waiter::new("NtWaitForAlertByThreadId", &[lock + 8, 0]);
    let joins = Waiter::new("NtWaitForSingleObject", &[0x40, 0, 0]);
    let mut process = waiting(Arch::X64, &[joins, waits(), waits()]);
    process.put(lock, &CriticalSection::held(id(0), 2).to_bytes(Width::W64));
    process.handles = vec![Handle {
        handle: 0x40,
        type_name: Some("Thread".into()),
        information: vec![Information::thread(RUNS, PID, id(1))],
        ..Handle::default()
    }];
    let report = why(&process);
    assert_eq!(kind(&report), "deadlock");
    let expected = format!(
        "Thread {:#x} holds the loader lock and waits for thread {:#x}, without a timeout; 2 threads wait for the lock.",
        id(0),
        id(1)
    );
    assert_eq!(title(&report, "loader_lock"), Some(expected.as_str()));
}

fn raised(mut process: synth::Process, code: u32) -> synth::Process {
    let context = process.threads[0].context.clone();
    process.exception = Some(Exception { thread_id: id(0), code, context, ..Exception::default() });
    process
}

/// Windows says of a hang that it is one; a crash is none, whoever waits for whom.
#[test]
fn dumps_with_an_exception() {
    let waits = Waiter::new("NtWaitForSingleObject", &[0x40, 0, 0]);
    let report = why(&raised(waiting(Arch::X64, &[waits]), 0xcfff_ffff));
    assert_eq!(kind(&report), "hang");
    assert!(title(&report, "wait_chain").is_some());
    let report = why(&raised(ring(&[1, 2]), 0xcfff_ffff));
    assert_eq!(kind(&report), "deadlock");
    for code in [0xc000_0005, 0x8000_0003, 0xe06d_7363] {
        let report = why(&raised(ring(&[1, 2]), code));
        assert_ne!(kind(&report), "deadlock", "{code:#x}");
        assert!(title(&report, "deadlock").is_none() && title(&report, "wait_chain").is_none());
    }
}

/// Threads that wait for their next task are no chain.
#[test]
fn idle_threads_are_no_hang() {
    let waiters = [
        Waiter::new("NtUserMsgWaitForMultipleObjectsEx", &[0, 0, u64::from(u32::MAX), 0x4ff, 0]),
        Waiter::new("NtRemoveIoCompletion", &[0x48, 0, 0, 0, 0]),
        Waiter::new("NtWaitForWorkViaWorkerFactory", &[0x4c, 0, 1, 0, 0]),
    ];
    let report = why(&waiting(Arch::X64, &waiters));
    assert_eq!(kind(&report), "no_exception");
    assert!(title(&report, "wait_chain").is_none());
}

#[test]
fn handles_of_what_has_ended() {
    let with = |count: u32| {
        let mut process = waiting(Arch::X64, &[Waiter::running()]);
        let handle = |n| Handle {
            handle: 4 * u64::from(n),
            type_name: Some("Thread".into()),
            information: vec![Information::thread(0, PID, 0x9000 + n)],
            ..Handle::default()
        };
        process.handles = (1..=count).map(handle).collect();
        title(&why(&process), "ended_handles").map(str::to_owned)
    };
    assert_eq!(with(10), None);
    let expected = "1,200 of 1,200 handles to threads belong to threads that have ended: the program does not close them.";
    assert_eq!(with(1200).as_deref(), Some(expected));
}
