//! Waits in words: the same in findings and in every renderer.

use super::report::{ChainEnd, ChainReport, Edge, ObjectReport, Timeout, Via, WaitKind, WaitReport};
use crate::space::Hex;

/// Objects that are listed one by one.
const MOST: usize = 4;

/// `thread 0x1a4 waits for the critical section at 0x7ff6 (app+0x30), held by thread 0x2b0`.
pub(crate) fn link(edge: &Edge) -> String {
    let (from, to) = (edge.from, edge.to);
    if edge.via.kind == "Thread" && from == to {
        return format!("thread {from:#x} waits for its own end");
    }
    if edge.via.kind == "Thread" {
        return format!("thread {from:#x} waits for thread {to:#x} to end");
    }
    let held = if edge.proven { "held by" } else { "apparently held by" };
    format!("thread {from:#x} waits for {}, {held} thread {to:#x}", via(&edge.via))
}

/// What stands between two threads.
pub(crate) fn via(via: &Via) -> String {
    let name = via.name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
    noun(&via.kind, via.address, via.handle) + &name
}

/// One object.
pub(crate) fn object(object: &ObjectReport) -> String {
    let kind = object.kind.as_deref().unwrap_or("object");
    if let Some(thread) = object.owner_thread_id.filter(|_| kind == "Thread") {
        let ended = if object.owner_ended { ", which has ended" } else { "" };
        return format!("thread {thread:#x}{ended}");
    }
    let other = object.other_process.map(|other| match other.thread_id {
        Some(thread) => format!("thread {thread:#x} of process {:#x}", other.process_id),
        None => format!("process {:#x}", other.process_id),
    });
    if let Some(other) = other.as_deref().filter(|_| ["Thread", "Process"].contains(&kind)) {
        return other.to_owned();
    }
    let name = object.name.as_deref().or(object.location.as_deref());
    let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
    let owner = match object.owner_thread_id {
        Some(owner) if object.owner_ended => format!(", held by thread {owner:#x}, which has ended"),
        Some(owner) => format!(", held by thread {owner:#x}"),
        None => other.map(|other| format!(", held by {other}")).unwrap_or_default(),
    };
    format!("{}{name}{owner}", noun(kind, object.address, object.handle))
}

fn noun(kind: &str, address: Option<Hex>, handle: Option<Hex>) -> String {
    let noun = match kind {
        "CriticalSection" => "the critical section",
        "SrwLock" => "the SRW lock",
        "Address" => "the address",
        "Monitor" => "the monitor",
        "Mutant" => "the mutex",
        "IoCompletion" => "the completion port",
        "TpWorkerFactory" => "the worker factory",
        "object" => "the object",
        other => &format!("the {}", other.to_ascii_lowercase()),
    };
    match (address, handle) {
        (Some(at), _) if kind == "Address" => format!("{noun} {at}"),
        (Some(at), _) => format!("{noun} at {at}"),
        (None, Some(handle)) => format!("{noun} {handle}"),
        (None, None) => noun.to_owned(),
    }
}

/// What a thread waits for, without its name: `the event 0x264, no timeout`.
pub(crate) fn wait(wait: &WaitReport) -> String {
    let mut objects: Vec<String> = wait.objects.iter().take(MOST).map(object).collect();
    if let Some(more) = wait.objects.len().checked_sub(MOST).filter(|more| *more > 0) {
        objects.push(format!("{more} more"));
    }
    let list = objects.join(", ");
    let what = match (wait.kind, wait.objects.is_empty()) {
        (WaitKind::AnyObject, false) => format!("any of {}: {list}", wait.objects.len()),
        (WaitKind::AllObjects, false) => format!("all of {}: {list}", wait.objects.len()),
        (WaitKind::Message, false) => format!("a window message, or {list}"),
        (WaitKind::ConditionVariable, false) => format!("a condition variable, with {list}"),
        (WaitKind::Port, false) => format!("another process, through {list}"),
        (WaitKind::Io, false) => format!("I/O on {list}"),
        (_, false) => list,
        (kind, true) => unknown(kind).to_owned(),
    };
    format!("{what}{}", timeout(wait))
}

fn unknown(kind: WaitKind) -> &'static str {
    match kind {
        WaitKind::Object => "an object",
        WaitKind::AnyObject | WaitKind::AllObjects => "several objects",
        WaitKind::CriticalSection => "a critical section",
        WaitKind::SrwLock => "an SRW lock",
        WaitKind::ConditionVariable => "a condition variable",
        WaitKind::Address => "something at an address",
        WaitKind::KeyedEvent => "a lock",
        WaitKind::Delay => "time to pass",
        WaitKind::CompletionPort => "I/O to complete",
        WaitKind::WorkerFactory => "work",
        WaitKind::Port => "another process",
        WaitKind::Message => "a window message",
        WaitKind::Io => "I/O",
    }
}

fn timeout(wait: &WaitReport) -> String {
    match (wait.timeout, wait.timeout_ms) {
        (Some(Timeout::Infinite), _) if wait.kind == WaitKind::CriticalSection => String::new(),
        (Some(Timeout::Infinite), _) => ", without a timeout".to_owned(),
        (Some(Timeout::Finite), Some(ms)) => format!(", for at most {ms} ms"),
        (Some(Timeout::Finite), None) => ", for a limited time".to_owned(),
        (None, _) => String::new(),
    }
}

/// How a chain ends, as the rest of a sentence about its last thread.
pub(crate) fn end(chain: &ChainReport, last: Option<&WaitReport>) -> String {
    let thread = match chain.threads.last() {
        Some(id) => format!("thread {id:#x}"),
        None => "nobody".to_owned(),
    };
    let waits = |of: &str| match last {
        Some(last) => format!("{thread} waits for {}{of}", wait(last)),
        None => format!("{thread} waits{of}"),
    };
    match chain.ends {
        ChainEnd::Cycle if chain.deadlock => "none of them can go on".to_owned(),
        ChainEnd::Cycle => {
            "they wait in a circle, but a part of it is not proven or can end by itself".to_owned()
        }
        ChainEnd::Running => format!("{thread} is not waiting"),
        ChainEnd::NotKnown => format!("the dump does not show whether {thread} waits"),
        ChainEnd::OwnerEnded => format!("{thread} has ended"),
        ChainEnd::OwnerLost => format!("the dump does not contain {thread}"),
        ChainEnd::Object => waits("; it is not known who will signal it"),
        ChainEnd::Lock => waits("; its owner is not known"),
        ChainEnd::Signalled => waits("; that is signalled, so the wait is over"),
        ChainEnd::Delay | ChainEnd::Io | ChainEnd::OtherProcess | ChainEnd::Idle => waits(""),
    }
}
