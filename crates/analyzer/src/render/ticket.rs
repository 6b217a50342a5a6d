//! What a ticket needs at its head: the program and its version, when, where, and the signature.

use super::escape;
use super::text::stack;
use crate::report::Report;
use crate::verdict::{BlamedPlace, Kind};
use dumplens_core::last_name;

/// Frames of the blamed stack that are shown, and more up to the blamed one.
const FRAMES: usize = 4;
const MOST_FRAMES: usize = 8;

/// Labels and lines, each made safe.
pub(super) fn head(report: &Report) -> Vec<(&'static str, Vec<String>)> {
    let mut lines = vec![("Program", vec![program(report)])];
    if let Some(place) = report.verdict.as_ref().and_then(|verdict| verdict.place.as_ref()) {
        lines.push(("Place", vec![self::place(place)]));
    }
    lines.push(("Stack", frames(report)));
    if let Some(signature) = &report.signature {
        lines.push(("Signature", vec![signature.id.clone()]));
    }
    lines.retain(|(_, lines)| !lines.is_empty());
    lines
}

/// `app.exe 1.2.3.4, dump of 2025-03-01T10:00:00Z`.
fn program(report: &Report) -> String {
    let process = &report.facts.process;
    let path = process.image.as_deref().unwrap_or("not known");
    let mut line = escape::line(last_name(path));
    if let Some(version) = &process.version {
        line += &format!(" {}", escape::line(version));
    }
    if let Some(created) = &report.facts.dump.created {
        line += &format!(", dump of {created}");
    }
    line
}

/// `thread 0x1a2c, app+0x1234, function`.
fn place(place: &BlamedPlace) -> String {
    let function = place.function.as_deref().map(|name| format!(", {}", escape::line(name)));
    format!(
        "thread {:#x}, {}+{}{}",
        place.thread_id,
        escape::line(&place.module),
        place.offset,
        function.unwrap_or_default()
    )
}

/// The methods that a managed exception passed through: the native frames are the runtime's.
fn managed(report: &Report) -> Option<Vec<String>> {
    let verdict = report.verdict.as_ref()?;
    let thrown = report.facts.managed.as_ref()?.exception_of(report.facts.exception.as_ref()?.thread_id)?;
    let refused = verdict.kind == Kind::AllocationFailure && thrown.is_out_of_memory();
    let frames = (verdict.kind == Kind::ManagedException || refused).then_some(&thrown.frames)?;
    (!frames.is_empty()).then(|| frames.iter().take(MOST_FRAMES).map(|frame| escape::line(frame)).collect())
}

/// The first frames of the exception's thread.
fn frames(report: &Report) -> Vec<String> {
    if let Some(frames) = managed(report) {
        return frames;
    }
    let Some(thread) = report.facts.crashed_thread() else { return Vec::new() };
    let rows = thread.frames.as_deref().unwrap_or_default();
    let blamed = thread.blame.as_ref().map_or(0, |blame| blame.frame + 1);
    let bits = report.facts.dump.pointer_bits;
    rows.iter().take(blamed.clamp(FRAMES, MOST_FRAMES)).map(|frame| stack::site(frame, bits)).collect()
}
