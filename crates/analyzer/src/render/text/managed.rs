//! .NET: runtimes, types, exceptions, what was refused, locks.

use super::holders;
use crate::facts::number::{hex, size_text};
use crate::findings::grouped;
use crate::managed::{
    GcRefusal, ListedObject, LockReport, ManagedExceptionReport, ManagedReport, RuntimeReport, TypeReport,
};
use crate::render::escape;

/// Frames of an exception that are shown.
const FRAMES: usize = 32;

/// The whole answer of `dumplens managed`; `None` stands for a process without .NET.
pub fn managed(report: Option<&ManagedReport>, bits: u32) -> String {
    let Some(report) = report else { return "no .NET runtime is loaded\n".to_owned() };
    let mut out = String::new();
    for one in &report.runtimes {
        runtime(&mut out, one);
    }
    if let Some(line) = walk(report) {
        out.push_str(&format!("\n{line}\n"));
    }
    types(&mut out, report);
    out.extend(report.holders.as_deref().map(holders::held));
    out.extend(report.strings.as_ref().map(holders::strings));
    for exception in &report.exceptions {
        out.push('\n');
        self::exception(&mut out, exception);
    }
    out.extend(report.refused.as_ref().map(|refused| format!("\n{}\n", self::refused(refused))));
    locks(&mut out, report, bits);
    out
}

/// `.NET 10.0.9, workstation GC, 3 managed threads`.
pub(crate) fn runtime_line(report: &RuntimeReport) -> String {
    let version = report.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    let name = format!("{}{version}", report.family);
    match (&report.collector, &report.refusal) {
        (Some(collector), _) => {
            let moving = if report.gc_in_progress == Some(true) { ", a collection in progress" } else { "" };
            format!("{name}, {collector} GC, {} managed threads{moving}", report.thread_count)
        }
        (None, Some(why)) => format!("{name}, not read: {}", escape::line(why)),
        (None, None) => name,
    }
}

fn runtime(out: &mut String, report: &RuntimeReport) {
    out.push_str(&format!("{}  ({})\n", runtime_line(report), escape::line(&report.module)));
    if report.gc_in_progress == Some(true) {
        out.push_str("  objects were being marked or moved: all counts are approximate\n");
    }
    if !report.generations.is_empty() {
        out.push_str(&format!("  {:<10}{:>9}{:>13}{:>13}\n", "", "Segments", "Objects", "Committed"));
    }
    for one in &report.generations {
        out.push_str(&format!(
            "  {:<10}{:>9}{:>13}{:>13}\n",
            one.name,
            one.segments,
            size_text(one.size_bytes),
            size_text(one.committed_bytes)
        ));
    }
}

fn walk(report: &ManagedReport) -> Option<String> {
    let walk = report.walk?;
    let mut line = format!(
        "{} objects with {} of {} types; {} free in {} pieces between them",
        grouped(walk.objects),
        size_text(walk.size_bytes),
        grouped(report.type_count),
        size_text(walk.free_bytes),
        grouped(walk.free_objects)
    );
    if !walk.complete {
        line += "; the walk was ended early, so these are only some of them";
    }
    if walk.missing_bytes > 0 {
        line += &format!("; {} of the heaps are not in the dump", size_text(walk.missing_bytes));
    }
    if walk.breaks > 0 {
        let (bytes, breaks) = (size_text(walk.skipped_bytes), grouped(walk.breaks));
        line += &format!("; {bytes} in {breaks} places hold no objects that can be read");
    }
    Some(line)
}

fn types(out: &mut String, report: &ManagedReport) {
    if report.types.is_empty() {
        return;
    }
    out.push_str(&format!("\n{:>12}{:>13}{:>9}  {:<12}Type\n", "Count", "Size", "Share", "Generation"));
    for one in &report.types {
        out.push_str(&type_row(one));
    }
    let left = report.type_count.saturating_sub(report.types.len() as u64);
    if left > 0 {
        out.push_str(&format!("{left} more types (--all)\n"));
    }
}

fn type_row(one: &TypeReport) -> String {
    format!(
        "{:>12}{:>13}{:>8.1}%  {:<12}{}\n",
        grouped(one.count),
        size_text(one.size_bytes),
        one.share * 100.0,
        generation(one),
        escape::line(&one.name)
    )
}

/// That which has the most of a type's bytes, and `+` if others have some too.
fn generation(one: &TypeReport) -> String {
    let most = one.generations.iter().max_by_key(|generation| generation.size_bytes);
    let others = if one.generations.len() > 1 { "+" } else { "" };
    most.map(|generation| format!("{}{others}", generation.name)).unwrap_or_default()
}

fn exception(out: &mut String, exception: &ManagedExceptionReport) {
    let thread = exception.thread_id.map(|id| format!("Thread {id:#x}: ")).unwrap_or_default();
    let last = if exception.current { "" } else { " (thrown last; it may have been caught)" };
    out.push_str(&format!("{thread}{}{last}\n", heading(exception)));
    let mut next = Some(exception);
    while let Some(one) = next {
        for frame in one.frames.iter().take(FRAMES) {
            out.push_str(&format!("    at {}\n", escape::line(frame)));
        }
        let hidden = one.frame_count.saturating_sub(one.frames.len().min(FRAMES) as u64);
        if hidden > 0 {
            out.push_str(&format!("    … {hidden} more\n"));
        }
        next = one.inner.as_deref();
        out.extend(next.map(|inner| format!("  inside it: {}\n", heading(inner))));
    }
}

/// Class, message and HRESULT.
fn heading(exception: &ManagedExceptionReport) -> String {
    let message = exception.message.as_deref().map(|message| format!(": {}", escape::line(message)));
    let code = exception.hresult.map(|code| format!(" [{code}]"));
    let name = escape::line(&exception.type_name);
    format!("{name}{}{}", message.unwrap_or_default(), code.unwrap_or_default())
}

fn refused(refused: &GcRefusal) -> String {
    let size = refused.requested_bytes.map_or_else(
        || "an allocation, of which size is not known".to_owned(),
        |bytes| format!("{} bytes", grouped(bytes)),
    );
    let limit = refused.limit_bytes.map(|limit| format!(", its limit is {}", size_text(limit)));
    format!(
        "The collector last refused {size} ({}): its segments have committed {}{}; the system would still have \
         committed {} MB.",
        refused.reason,
        size_text(refused.committed_bytes),
        limit.unwrap_or_default(),
        grouped(refused.available_pagefile_mb)
    )
}

fn locks(out: &mut String, report: &ManagedReport, bits: u32) {
    if !report.locks.is_empty() {
        out.push_str("\nLocks:\n");
    }
    for one in &report.locks {
        out.push_str(&lock_row(one, bits));
    }
    for cycle in &report.deadlocks {
        let names: Vec<String> = cycle.iter().map(|id| format!("{id:#x}")).collect();
        out.push_str(&format!("Deadlock: threads {} wait for each other.\n", names.join(", ")));
    }
}

fn lock_row(lock: &LockReport, bits: u32) -> String {
    let owner = match (lock.owner_thread_id, lock.held) {
        (Some(id), _) if lock.recursion > 1 => format!("held by {id:#x}, entered {} times", lock.recursion),
        (Some(id), _) => format!("held by {id:#x}"),
        (None, true) => "held, by whom is not known".to_owned(),
        (None, false) => "free".to_owned(),
    };
    let ids: Vec<String> = lock.waiting_thread_ids.iter().map(|id| format!("{id:#x}")).collect();
    let waiting = match lock.waiters {
        0 => String::new(),
        waiters if ids.is_empty() => format!(", {waiters} wait for it"),
        waiters => format!(", {waiters} wait for it: {}", ids.join(", ")),
    };
    let pulse = lock.in_wait_thread_id.map(|id| format!(", {id:#x} is in Monitor.Wait")).unwrap_or_default();
    let name = escape::line(&lock.type_name);
    format!("  {}  {name}: {owner}{waiting}{pulse}\n", hex(lock.object.0, bits))
}

/// An object in a list.
pub fn object_row(object: &ListedObject, bits: u32) -> String {
    format!(
        "{}{:>14}  {:<7}{}\n",
        hex(object.address.0, bits),
        object.size_bytes,
        object.generation,
        escape::line(&object.type_name)
    )
}
