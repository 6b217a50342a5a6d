//! Who waits for what: cycles and chains first, then every thread; idle ones are folded.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::ops::Range;

use super::warnings;
use crate::facts::{Facts, ThreadReport};
use crate::render::escape;
use crate::report::Report;
use crate::waits::{ChainReport, ThreadWaitReport, WaitKind, WaitReport, WaitsReport, words};

/// Chains, groups and locks that are shown; JSON has more.
const MOST: usize = 20;
/// Threads of one chain.
const MOST_OF_CHAIN: usize = 12;
/// Threads of a fold that are named.
const NAMED: usize = 12;
/// Columns of what is waited for.
const WAIT: usize = 64;

/// The whole answer of `dumplens waits`. `shown` says which threads of the list the table has.
pub fn waits(report: &Report, shown: Range<usize>) -> String {
    let mut out = String::new();
    if let Some(waits) = report.facts.waits.as_deref() {
        part(&mut out, &report.facts, waits, shown);
    } else {
        out.push_str("waits are known for Windows only\n");
    }
    warnings(&mut out, &report.facts.warnings);
    out
}

/// The same without warnings, as a part of other answers.
pub(in crate::render) fn body(out: &mut String, facts: &Facts, waits: &WaitsReport) {
    part(out, facts, waits, 0..usize::MAX);
}

fn part(out: &mut String, facts: &Facts, waits: &WaitsReport, shown: Range<usize>) {
    for chain in waits.chains.iter().take(MOST) {
        let heading = if chain.deadlock { "Deadlock" } else { "Chain" };
        let _ = writeln!(out, "{heading}: {}", escape::line(&title(chain)));
        for line in lines(waits, chain) {
            let _ = writeln!(out, "  {}", escape::line(&line));
        }
        out.push('\n');
    }
    more(out, waits.chains.len(), "chains");
    threads(out, facts, waits, shown);
    folded(out, waits);
    groups(out, waits);
    locks(out, waits);
    rest(out, waits);
}

/// `0x114 -> 0x118 -> 0x114`.
pub(in crate::render) fn title(chain: &ChainReport) -> String {
    let back = chain.threads.first().filter(|_| chain.deadlock);
    let hidden = chain.threads.len().saturating_sub(MOST_OF_CHAIN);
    let more = (hidden > 0).then(|| format!("… {hidden} more"));
    let id = |id: &u32| format!("{id:#x}");
    let shown = chain.threads.iter().take(MOST_OF_CHAIN).map(id);
    shown.chain(more).chain(back.map(id)).collect::<Vec<String>>().join(" -> ")
}

/// A line for each link, and one for the end.
pub(in crate::render) fn lines(waits: &WaitsReport, chain: &ChainReport) -> Vec<String> {
    let last = chain.threads.last().and_then(|id| wait_of(waits, *id));
    let links = chain.links.iter().take(MOST_OF_CHAIN).map(words::link);
    let hidden = chain.links.len().saturating_sub(MOST_OF_CHAIN);
    let more = (hidden > 0).then(|| "… and so on: --format json has more".to_owned());
    links.chain(more).chain([words::end(chain, last)]).collect()
}

fn wait_of(waits: &WaitsReport, id: u32) -> Option<&WaitReport> {
    waits.threads.iter().find(|thread| thread.id == id)?.wait.as_deref()
}

fn more(out: &mut String, all: usize, what: &str) {
    if let Some(more) = all.checked_sub(MOST).filter(|more| *more > 0) {
        let _ = writeln!(out, "… and {more} more {what}: --format json has them\n");
    }
}

/// Threads that wait, but for idle ones, and those that do not.
fn threads(out: &mut String, facts: &Facts, waits: &WaitsReport, shown: Range<usize>) {
    let _ = writeln!(out, "{:>8}  {:<WAIT$}  In", "Id", "Waits for");
    let rows = waits.threads.iter().zip(&facts.threads).skip(shown.start).take(shown.len());
    for (thread, of) in rows.filter(|(thread, _)| !is_idle(thread)) {
        let what = match thread.wait.as_deref() {
            Some(wait) => escape::line(&words::wait(wait)),
            None if thread.runs => "-".to_owned(),
            None => "not known".to_owned(),
        };
        let place = of.place().map(|place| escape::line(&place)).unwrap_or_default();
        let name = name(of);
        let line = format!("{:>8x}  {what:<WAIT$}  {place}{name}", thread.id);
        let _ = writeln!(out, "{}", line.trim_end());
    }
    if waits.threads.is_empty() {
        out.push_str("no threads in the dump\n");
    }
}

fn name(thread: &ThreadReport) -> String {
    thread.name.as_deref().map(|name| format!(" \"{}\"", escape::line(name))).unwrap_or_default()
}

fn is_idle(thread: &ThreadWaitReport) -> bool {
    thread.wait.as_deref().is_some_and(WaitReport::is_idle)
}

/// Idle threads, one line for each thing that they wait for.
fn folded(out: &mut String, waits: &WaitsReport) {
    let mut folds: BTreeMap<(WaitKind, String), Vec<u32>> = BTreeMap::new();
    for thread in waits.threads.iter().filter(|thread| is_idle(thread)) {
        let Some(wait) = thread.wait.as_deref() else { continue };
        // Each thread of a program may have a completion port of its own: they are one line all the same.
        let what = match wait.kind {
            WaitKind::CompletionPort => "completion ports".to_owned(),
            _ => words::wait(wait),
        };
        folds.entry((wait.kind, what)).or_default().push(thread.id);
    }
    if !folds.is_empty() {
        out.push_str("\nIdle\n");
    }
    for ((_, what), ids) in folds {
        let _ = writeln!(out, "  {:>4}  wait for {}: {}", ids.len(), escape::line(&what), list(&ids));
    }
}

fn list(ids: &[u32]) -> String {
    let mut named: Vec<String> = ids.iter().take(NAMED).map(|id| format!("{id:x}")).collect();
    if ids.len() > NAMED {
        named.push(format!("and {} more", ids.len() - NAMED));
    }
    named.join(" ")
}

fn groups(out: &mut String, waits: &WaitsReport) {
    let idle: HashSet<u32> = waits.threads.iter().filter(|t| is_idle(t)).map(|thread| thread.id).collect();
    let busy = |ids: &[u32]| ids.iter().any(|id| !idle.contains(id));
    let groups: Vec<_> = waits.groups.iter().filter(|group| busy(&group.threads)).collect();
    if !groups.is_empty() {
        out.push_str("\nThreads that wait for the same object\n");
    }
    for group in groups.iter().take(MOST) {
        let what = words::object(&crate::waits::ObjectReport {
            handle: group.handle,
            address: group.address,
            kind: group.kind.clone(),
            ..Default::default()
        });
        let _ =
            writeln!(out, "  {:>4}  {}: {}", group.threads.len(), escape::line(&what), list(&group.threads));
    }
    if groups.len() > MOST {
        let _ = writeln!(out, "  … and {} more", groups.len() - MOST);
    }
}

fn locks(out: &mut String, waits: &WaitsReport) {
    if !waits.locks.is_empty() {
        out.push_str("\nHeld critical sections\n");
    }
    for lock in waits.locks.iter().take(MOST) {
        let place = lock.location.as_deref().map(|place| format!(" ({})", escape::line(place)));
        let _ = writeln!(
            out,
            "  {}{}: by thread {:#x}, entered {} times, {} wait",
            lock.address,
            place.unwrap_or_default(),
            lock.owner_thread_id,
            lock.recursion,
            lock.waiters
        );
    }
    if waits.locks.len() > MOST {
        let _ = writeln!(out, "  … and {} more", waits.locks.len() - MOST);
    }
}

/// Who used the processor, and handles of what has ended.
fn rest(out: &mut String, waits: &WaitsReport) {
    if !waits.busiest.is_empty() {
        out.push_str("\nMost processor time\n");
    }
    for id in &waits.busiest {
        let Some(thread) = waits.threads.iter().find(|thread| thread.id == *id) else { continue };
        let seconds = f64::from(thread.processor_ms.unwrap_or(0)) / 1000.0;
        let what = match thread.wait.as_deref() {
            Some(wait) => format!("waits for {}", escape::line(&words::wait(wait))),
            None if thread.runs => "not waiting".to_owned(),
            None => "not known".to_owned(),
        };
        let _ = writeln!(out, "  {id:>8x}  {seconds:>10.3} s  {what}");
    }
    if let Some(ended) = waits.ended.filter(|ended| ended.ended_threads + ended.ended_processes > 0) {
        let _ = writeln!(
            out,
            "\nHandles to ended threads: {} of {}; to ended processes: {} of {}",
            ended.ended_threads, ended.thread_handles, ended.ended_processes, ended.process_handles
        );
    }
}
