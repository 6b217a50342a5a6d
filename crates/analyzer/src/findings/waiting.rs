//! # What it detects
//! A dump without an exception, such as a person or a watchdog takes of a hanging process: what each thread waits for.
//!
//! # What proves it
//! The innermost function of each thread's stack: the names of the waiting system calls show what they wait for.
//!
//! # What fools it
//! Waiting threads are normal: idle workers wait too. Two threads that wait for each other's locks appear here only as
//! two threads that wait for locks.
//!
//! # Example
//! `The dump contains no exception. Of 12 threads: 9 waiting for work, 2 waiting for an object, 1 elsewhere.`
//!
//! # Source
//! The exports of ntdll and win32u; the stacks.

use std::collections::BTreeMap;

use super::{Confidence, Crash, Found, raising};
use crate::facts::ThreadReport;

/// Functions in which a thread waits, and for what.
const WAITS: [(&str, &str); 14] = [
    ("WaitForSingleObject", "for an object"),
    ("WaitForMultipleObjects", "for one of several objects"),
    ("SignalAndWaitForSingleObject", "for an object"),
    ("WaitForAlertByThreadId", "for a lock or a condition"),
    ("WaitForKeyedEvent", "for a lock"),
    ("DelayExecution", "for time to pass"),
    ("WaitForWorkViaWorkerFactory", "for work"),
    ("WaitForWorkerFactory", "for work"),
    ("RemoveIoCompletion", "for I/O to complete"),
    ("AlpcSendWaitReceivePort", "for an ALPC reply"),
    ("DeviceIoControlFile", "for a device"),
    ("ReadFile", "for a file"),
    ("UserGetMessage", "for a window message"),
    ("UserMsgWaitForMultipleObjectsEx", "for a message or an object"),
];
/// Threads that are listed one by one.
const LISTED: usize = 16;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    if crash.facts.exception.is_some() || crash.facts.threads.is_empty() {
        return None;
    }
    let all = crash.facts.threads.len();
    let done: Vec<Does> = crash.facts.threads.iter().enumerate().map(|(n, of)| does(crash, n, of)).collect();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for does in &done {
        if let Does::Wait(what) = does {
            *kinds.entry(what).or_default() += 1;
        }
    }
    let unknown = done.iter().filter(|does| matches!(does, Does::NotKnown)).count();
    let others = all.saturating_sub(kinds.values().sum::<usize>() + unknown);
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(what, count)| (std::cmp::Reverse(*count), *what));
    let mut words: Vec<String> =
        kinds.iter().map(|(what, count)| format!("{count} waiting {what}")).collect();
    if others > 0 {
        words.push(format!("{others} elsewhere"));
    }
    if unknown > 0 {
        words.push(format!("{unknown} not known"));
    }
    let threads = if all == 1 { "thread" } else { "threads" };
    let (confidence, begin) = match (&crash.facts.exception_lost, raising::of(crash)) {
        (Some(_), _) => {
            (Confidence::Low, "The exception is lost, so it is not known whether a thread crashed")
        }
        (None, Some(_)) => (Confidence::Medium, "The dump was written without exception information"),
        (None, None) if unknown == all => (Confidence::Medium, "The dump contains no exception"),
        (None, None) => (Confidence::High, "The dump contains no exception"),
    };
    let title = format!("{begin}. Of {all} {threads}: {}.", words.join(", "));
    let mut found = Found::new(confidence, title);
    for (thread, does) in crash.facts.threads.iter().zip(&done).take(LISTED) {
        let label = format!("thread {:#x}", thread.id);
        let Some(ip) = thread.ip else {
            found = found.with(label, "not known");
            continue;
        };
        let place = thread.place().unwrap_or_else(|| "no module".to_owned());
        let value = match does {
            Does::Wait(what) => format!("waits {what}, in {place}"),
            _ => format!("in {place}"),
        };
        found = found.with_at(label, ip.0, value);
    }
    Some(found)
}

/// What a thread does, as far as the dump shows it.
enum Does {
    Wait(&'static str),
    Run,
    NotKnown,
}

/// By the innermost function on its stack that is known by its name; where there are no names, by what is known of its wait.
fn does(crash: &Crash<'_>, n: usize, thread: &ThreadReport) -> Does {
    let of = crash.facts.waits.as_ref().and_then(|waits| waits.threads.get(n));
    let wait = of.and_then(|of| of.wait.as_deref());
    let call = thread.frames.as_ref().and_then(|frames| frames.first()?.function.as_deref());
    let named = |name: &str| {
        // On x86 an export is a guess, but system calls are all exported, and lie one behind the other.
        let name = name.strip_prefix("Nt").or(name.strip_prefix("Zw"))?;
        WAITS.iter().find(|(wait, _)| name.starts_with(wait)).map(|(_, what)| *what)
    };
    match call.and_then(named).or_else(|| named(&wait?.call)) {
        Some(what) => Does::Wait(what),
        None if wait.is_some() => Does::Wait("for something else"),
        None if thread.ip.is_none() || of.is_some_and(|of| !of.runs) => Does::NotKnown,
        None => Does::Run,
    }
}
