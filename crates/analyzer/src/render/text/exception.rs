//! Exceptions: the dump's own, and those that left their records on stacks.

use crate::facts::RegionReport;
use crate::facts::number::{hex, size_text};
use crate::facts::{
    AccessKind, AccessReport, AdjustedKind, AnalysisReport, CppReport, EarlierReport, ExceptionReport,
    OperandKind, ThreadReport,
};
use crate::render::escape;
use crate::report::Report;

/// Earlier exceptions that are listed where there is little room.
const SHOWN: usize = 8;

/// Code, name and C++ type on one line.
pub(super) fn brief(exception: &ExceptionReport) -> String {
    let name = exception.name.as_deref().unwrap_or("no known name");
    let thrown = exception.cpp.as_ref().and_then(|cpp| cpp.type_name.as_deref());
    let thrown = thrown.map(|thrown| format!(": {}", escape::line(thrown))).unwrap_or_default();
    format!("{:08x} ({name}{thrown}) in thread {:#x}", exception.code.0, exception.thread_id)
}

/// What `.lastevent` and `.exr` tell, and what it means.
pub(super) fn lines(report: &Report, exception: &ExceptionReport) -> Vec<String> {
    let pid = report.facts.process.id.map_or_else(|| "?".to_owned(), |id| format!("{id:x}"));
    let name = exception.name.as_deref().unwrap_or("no known name");
    let code = exception.code.0;
    let chance = exception.chance.map(|chance| format!(" (first or second chance: {chance})"));
    let noncontinuable =
        if exception.noncontinuable == Some(true) { " (the program could not continue)" } else { "" };
    let mut lines = vec![format!(
        "{pid}.{:x}: {name} - code {code:08x}{}",
        exception.thread_id,
        chance.unwrap_or_default()
    )];
    lines.extend(exception.meaning.as_deref().map(escape::line));
    lines.push(format!("at {}, flags {}{noncontinuable}", exception.address, exception.flags));
    let parameters: Vec<String> = exception.parameters.iter().map(ToString::to_string).collect();
    if !parameters.is_empty() {
        lines.push(format!("parameters {}", parameters.join(" ")));
    }
    lines
        .extend(exception.access.as_ref().map(|access| self::access(access, report.facts.dump.pointer_bits)));
    lines.extend(exception.cpp.iter().flat_map(cpp));
    lines.extend(exception.original.as_deref().map(|original| {
        format!(
            "stands in for {} (identified by {})",
            brief(&original.exception),
            original.by.name().replace('_', " ")
        )
    }));
    lines.extend(exception.analysis.iter().flat_map(|found| analysis(found, report.facts.dump.pointer_bits)));
    lines
}

/// Bit flips that are listed where there is little room.
const FLIPS: usize = 3;

/// The reason, the instruction, and what it accessed.
fn analysis(found: &AnalysisReport, bits: u32) -> Vec<String> {
    let mut lines = vec![format!("reason {}", escape::line(&found.reason))];
    lines.extend(found.instruction.as_ref().map(|code| format!("instruction {}", escape::line(code))));
    let accesses = found.accesses.iter().flatten();
    lines.extend(accesses.map(|operand| {
        let kind = operand.kind.map_or("access", OperandKind::name).replace('_', " and ");
        format!("  {kind} at {}", hex(operand.address.0, bits))
    }));
    lines.extend(found.adjusted_address.as_ref().map(|adjusted| match adjusted.kind {
        AdjustedKind::NullOffset => format!("  a null pointer with an offset of {}", adjusted.address),
        AdjustedKind::NonCanonical => {
            format!("  the non-canonical address: {}", hex(adjusted.address.0, bits))
        }
    }));
    let flips = found.bit_flips.iter().flatten();
    lines.extend(flips.take(FLIPS).map(|flip| {
        let register = flip.register.as_deref().map(|name| format!(" in {name}")).unwrap_or_default();
        let confidence = flip.confidence.map(|c| format!(" (confidence {c:.2})")).unwrap_or_default();
        format!("  {}{register} would be accessible, one bit away{confidence}", hex(flip.address.0, bits))
    }));
    lines
}

/// How and where, and what lies there.
fn access(access: &AccessReport, bits: u32) -> String {
    let kind = access.kind.map_or("access", AccessKind::name);
    if access.non_canonical {
        return format!(
            "{kind}; the address is not recorded: it was not canonical, or an SSE operand was not aligned"
        );
    }
    let mut parts = vec![format!("{kind} at {}", hex(access.address.0, bits))];
    if access.null_page {
        parts.push("where nothing is allocated (null pointer dereference)".to_owned());
    }
    parts.extend(access.module.as_deref().map(|module| {
        let offset = access.offset.map(|offset| format!("+{offset}")).unwrap_or_default();
        format!("{}{offset}", escape::line(module))
    }));
    parts.extend(access.region.as_deref().map(region));
    parts.extend(
        access
            .below_stack_limit_bytes
            .map(|bytes| format!("{} below the committed part of the thread's stack", size_text(bytes))),
    );
    parts.extend(access.status.as_ref().map(|status| {
        let name = status.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        format!("the page could not be read: {:08x}{name}", status.code.0)
    }));
    parts.join(", ")
}

fn region(region: &RegionReport) -> String {
    let free = region.state == "MEM_FREE";
    let protect = region.protect.as_deref().filter(|_| !free);
    let usage = Some(region.usage.as_str()).filter(|_| !free);
    let parts = [Some(region.state.as_str()), protect, region.kind.as_deref(), usage];
    let mut text = parts.into_iter().flatten().map(escape::line).collect::<Vec<_>>().join(" ");
    if let Some(detail) = &region.detail {
        text += &format!(" [{}]", escape::line(detail));
    }
    text
}

/// The thrown type, its bases, its text, and what is not known of them.
pub(in crate::render) fn cpp(cpp: &CppReport) -> Vec<String> {
    let mut lines = vec![match &cpp.type_name {
        Some(name) => format!("thrown type {}", escape::line(name)),
        None => "thrown type unknown".to_owned(),
    }];
    if !cpp.bases.is_empty() {
        let bases: Vec<String> = cpp.bases.iter().map(|b| escape::line(b)).collect();
        lines.push(format!("bases {}", bases.join(", ")));
    }
    lines.extend(cpp.what.as_ref().map(|what| format!("what() \"{}\"", escape::line(what))));
    lines.extend(cpp.problem.as_ref().map(|problem| format!("({problem})")));
    lines
}

/// The earlier exceptions of all threads; none if none was found, or no stack was searched.
pub(super) fn earlier(report: &Report) -> Vec<String> {
    let bits = report.facts.dump.pointer_bits;
    let of = |thread: &'_ ThreadReport| {
        let index = thread.index;
        let exceptions = thread.exceptions.iter().flatten();
        exceptions.map(|found| format!("~{index}: {}", record(found, bits))).collect::<Vec<_>>()
    };
    let mut lines: Vec<String> = report.facts.threads.iter().flat_map(of).collect();
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if more > 0 {
        lines.push(format!("{more} more"));
    }
    if !lines.is_empty() {
        lines.push(
            "(from records found on stacks; when they were raised, and who caught them, is not known)"
                .to_owned(),
        );
    }
    lines
}

/// The earlier exceptions of one thread, below its frames.
pub(super) fn earlier_of(out: &mut String, thread: &ThreadReport, bits: u32) {
    let found = thread.exceptions.as_deref().unwrap_or_default();
    if found.is_empty() {
        return;
    }
    out.push_str("    earlier exceptions, by records found on the stack:\n");
    for exception in found {
        out.push_str(&format!("      {}\n", record(exception, bits)));
    }
}

fn record(found: &EarlierReport, bits: u32) -> String {
    let name = found.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
    let thrown = found.cpp_type.as_deref().map(|thrown| format!(": {}", escape::line(thrown)));
    let module = found.module.as_deref().map(escape::line);
    let place = match (module, found.offset) {
        (Some(module), Some(offset)) => format!("{module}+{offset}"),
        _ => found.address.to_string(),
    };
    let parameters = found.parameters.iter().take(2).map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let parameters = Some(parameters).filter(|text| !text.is_empty() && found.cpp_type.is_none());
    let parameters = parameters.map(|text| format!(" ({text})")).unwrap_or_default();
    let over = if found.in_use == Some(false) { ", below the stack pointer" } else { "" };
    format!(
        "{:08x}{name}{}{parameters} at {place}, record at {}{over}",
        found.code.0,
        thrown.unwrap_or_default(),
        hex(found.at.0, bits)
    )
}
