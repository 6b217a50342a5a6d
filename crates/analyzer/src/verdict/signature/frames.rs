//! Which frames a signature is made of: the innermost of the program's own code, past those that only report.

use super::{FRAMES, SignatureFrame};
use crate::exceptions::{code, is_fault};
use crate::facts::{ExceptionReport, Facts, FrameReport, Hex};
use crate::process::module_names::module_name;
use crate::stack::{Trust, is_system};
use crate::symbols::Source;
use crate::verdict::place::stored_calls;
use crate::verdict::{Kind, VerdictReport};

/// The frames of the program's code that the exception's thread ran in.
pub(super) fn blamed(facts: &Facts, verdict: &VerdictReport) -> Vec<SignatureFrame> {
    let Some(exception) = facts.exception_meant() else { return Vec::new() };
    if let Some(frame) = of_program(facts) {
        return vec![frame];
    }
    let stored = stored_calls(facts).take(FRAMES).map(|(module, offset)| SignatureFrame {
        module: module_name(&module.path).to_lowercase(),
        offset,
        debug_id: module.debug_id.clone(),
        function: None,
    });
    let stored: Vec<SignatureFrame> = stored.collect();
    if !stored.is_empty() {
        return stored;
    }
    let request = facts.request.as_ref().filter(|_| verdict.allocation.is_some());
    // What was refused before the program ended itself: whoever asked, and not the block that caught it.
    let earlier = request.is_some_and(|request| request.earlier);
    let raised = facts.crashed_thread().and_then(|thread| thread.raised.as_ref()).filter(|_| earlier);
    let frames = raised.map_or(facts.crashed_frames(), |raised| &raised.frames);
    let rows: Vec<&FrameReport> =
        frames.iter().filter(|row| !row.inline && row.trust != Trust::Unproven).collect();
    let start = match request {
        Some(request) => request.frame + 1,
        // What cannot be executed did nothing: whoever called it did.
        None if rows.len() > 1
            && exception.access.as_ref().is_some_and(|a| a.address == exception.address) =>
        {
            1
        }
        None => reporters(facts, exception, &rows),
    };
    let rows = rows.get(start..).unwrap_or_default();
    // Of a 32-bit program's fault no more than the place may be known: different places are different causes.
    if let Some(row) = rows.first().filter(|row| row.trust == Trust::ExceptionRecord)
        && is_fault(exception.code.0)
    {
        return place(facts, row).into_iter().collect();
    }
    let own = |row: &FrameReport| frame(facts, row);
    if verdict.kind == Kind::StackOverflow {
        let circle = recursion(rows.iter().filter_map(|row| own(row)).collect());
        if !circle.is_empty() {
            return circle;
        }
    }
    let Some(first) = rows.iter().position(|row| own(row).is_some()) else { return Vec::new() };
    // A scanned caller may be left over from an earlier call: it would tell dumps of one cause apart.
    let sure = |n: usize, row: &FrameReport| n == 0 || row.trust != Trust::Scan;
    let rows = rows.iter().skip(first).take(FRAMES).enumerate();
    rows.map_while(|(n, row)| own(row).filter(|_| sure(n, row))).collect()
}

/// Of the frames that are on the stack more than once, the lowest ones. Where in its circle a recursion met the end of the
/// stack is chance; of what the circle consists is not.
fn recursion(mut frames: Vec<SignatureFrame>) -> Vec<SignatureFrame> {
    let place = |frame: &SignatureFrame| (frame.module.clone(), frame.offset);
    frames.sort_by_key(place);
    let repeated = frames.chunk_by(|a, b| place(a) == place(b)).filter(|same| same.len() > 1);
    repeated.take(FRAMES).map(|same| same[0].clone()).collect()
}

/// How many of the innermost frames only report what happened.
fn reporters(facts: &Facts, exception: &ExceptionReport, rows: &[&FrameReport]) -> usize {
    if throws(facts, exception, rows) {
        return 2;
    }
    if exception.code.0 == GNU_CPP {
        // RaiseException, _Unwind_RaiseException, __cxa_throw.
        return 3;
    }
    // Exported functions by which a runtime ends itself, such as V8's.
    let fatal = |row: &&FrameReport| row.export.as_deref().is_some_and(is_fatal);
    rows.iter().take(NEAR).rposition(fatal).map_or(0, |n| n + 1)
}

/// What GNU compilers' `throw` raises.
const GNU_CPP: u64 = 0x2047_4343;
/// Frames among which a runtime's fatal error is looked for.
const NEAR: usize = 8;

/// Whether an export is a function by which a runtime says that it cannot go on; decorated or not.
fn is_fatal(export: &str) -> bool {
    const FATAL: [&str; 6] = [
        "FatalOOM",
        "OS::Abort",
        "Abort@OS@base@v8",
        "OnFatalError",
        "OOMErrorHandler",
        "FatalProcessOutOfMemory",
    ];
    export == "abort" || FATAL.iter().any(|name| export.contains(name))
}

/// The place of a 32-bit program's exception in a 64-bit dump, whose stack is that of the code that switches processors.
fn of_program(facts: &Facts) -> Option<SignatureFrame> {
    let exception = facts.exception_of_program()?;
    let module = facts.modules.get(exception.module_index?)?;
    Some(SignatureFrame {
        module: module_name(&module.path).to_lowercase(),
        offset: Hex(exception.address.0.saturating_sub(module.base.0)),
        debug_id: module.debug_id.clone(),
        function: None,
    })
}

/// Whether frame 0 raised a C++ exception: frame 1 is then `_CxxThrowException`, in whatever module it was linked into.
fn throws(facts: &Facts, exception: &ExceptionReport, rows: &[&FrameReport]) -> bool {
    let raised = exception.module_index;
    let top = rows.first().and_then(|row| row.module_index);
    let module = raised.and_then(|index| facts.modules.get(index));
    exception.code.0 == code::CPP && raised == top && module.is_some_and(|m| is_system(&m.path))
}

/// The frame of a row; `None` if its code is not the program's own.
pub(super) fn frame(facts: &Facts, row: &FrameReport) -> Option<SignatureFrame> {
    let module = facts.modules.get(row.module_index?)?;
    // What .NET was linked into is .NET.
    let runtimes = facts.managed.iter().flat_map(|managed| &managed.runtimes);
    let hosts = || runtimes.clone().any(|runtime| runtime.family == ".NET" && runtime.module == module.path);
    place(facts, row).filter(|_| !is_system(&module.path) && !hosts())
}

/// The frame of a row; `None` if its code lies in no module.
fn place(facts: &Facts, row: &FrameReport) -> Option<SignatureFrame> {
    let module = facts.modules.get(row.module_index?)?;
    // The nearest export is a guess.
    let sure = row.source.is_some_and(|source| source != Source::NearestExport);
    Some(SignatureFrame {
        module: module_name(&module.path).to_lowercase(),
        offset: Hex(row.ip.0.saturating_sub(module.base.0)),
        debug_id: module.debug_id.clone(),
        function: row.function.clone().filter(|_| sure),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recursion_is_the_same_wherever_it_ended() {
        let frame = |offset: u64| SignatureFrame {
            module: "app".to_owned(),
            offset: Hex(offset),
            debug_id: None,
            function: None,
        };
        let circle = [0x50, 0x20, 0x30];
        let found = |from: usize| {
            // A leaf that ran when the stack ended, the circle, and who began it.
            let turns = circle.iter().cycle().skip(from).take(20).copied();
            let stack = std::iter::once(0x900 + from as u64).chain(turns).chain([0x10, 0x11]);
            recursion(stack.map(frame).collect()).iter().map(|f| f.offset.0).collect::<Vec<_>>()
        };
        assert_eq!([found(0), found(1), found(2)], [[0x20, 0x30]; 3].map(|f| f.to_vec()));
        assert!(recursion([1, 2, 3].map(frame).to_vec()).is_empty());
    }
}
