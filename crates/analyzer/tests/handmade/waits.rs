//! Two threads that wait for each other, one idle, and names that nobody should have to see.

use dumplens_analyzer::facts::{Hex, WaitsReport};
use dumplens_analyzer::waits::{
    CallSource, ChainEnd, ChainReport, Edge, EndedReport, LockReport, ObjectReport, ThreadWaitReport,
    Timeout, Via, WaitGroupReport, WaitKind, WaitReport,
};

pub(crate) fn waits(ids: [u32; 3]) -> WaitsReport {
    let [first, second, third] = ids;
    let section = |address: u64, owner| ObjectReport {
        address: Some(Hex(address)),
        kind: Some("CriticalSection".into()),
        location: Some("app+0x2c3d0".into()),
        owner_thread_id: Some(owner),
        proven: true,
        waiters: Some(1),
        ..ObjectReport::default()
    };
    let mutex = ObjectReport {
        handle: Some(Hex(0x4c)),
        kind: Some("Mutant".into()),
        name: Some("\\BaseNamedObjects\\<b>\u{202e}one\u{7}</b>|`x`".into()),
        owner_thread_id: Some(first),
        proven: true,
        ..ObjectReport::default()
    };
    let wait = |call: &str, kind, objects| {
        Some(Box::new(WaitReport {
            call: call.into(),
            known_by: CallSource::Export,
            kind,
            timeout: Some(Timeout::Infinite),
            timeout_ms: None,
            objects,
        }))
    };
    let factory =
        ObjectReport { handle: Some(Hex(0x90)), kind: Some("TpWorkerFactory".into()), ..mutex.clone() };
    let idle = ObjectReport { owner_thread_id: None, name: None, proven: false, ..factory };
    let thread =
        |id, wait, ms| ThreadWaitReport { id, wait, processor_ms: Some(ms), runs: true, has_windows: None };
    let via = |object: &ObjectReport| Via {
        kind: object.kind.clone().unwrap_or_default(),
        address: object.address,
        handle: object.handle,
        name: object.name.clone().or(object.location.clone()),
    };
    let edge =
        |from, to, object: &ObjectReport| Edge { from, to, via: via(object), proven: true, certain: true };
    let held = section(0x7ff6_a1b2_c3d0, second);
    let links = vec![edge(first, second, &held), edge(second, first, &mutex)];
    WaitsReport {
        chains: vec![ChainReport {
            threads: vec![first, second],
            ends: ChainEnd::Cycle,
            deadlock: true,
            links,
        }],
        groups: vec![WaitGroupReport {
            address: None,
            handle: Some(Hex(0x4c)),
            kind: mutex.kind.clone(),
            threads: vec![second, third],
        }],
        locks: vec![LockReport {
            address: Hex(0x7ff6_a1b2_c3d0),
            location: Some("app+0x2c3d0".into()),
            owner_thread_id: second,
            recursion: 2,
            waiters: 1,
            contentions: Some(17),
        }],
        threads: vec![
            thread(first, wait("NtWaitForAlertByThreadId", WaitKind::CriticalSection, vec![held]), 1500),
            thread(second, wait("NtWaitForSingleObject", WaitKind::Object, vec![mutex]), 20),
            thread(third, wait("NtWaitForWorkViaWorkerFactory", WaitKind::WorkerFactory, vec![idle]), 0),
        ],
        loader_lock: None,
        ended: Some(EndedReport {
            ended_threads: 3,
            thread_handles: 7,
            ended_processes: 0,
            process_handles: 1,
        }),
        busiest: vec![first, second],
        proof: Vec::new(),
    }
}
