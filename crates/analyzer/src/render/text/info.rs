//! What `vertarget`, `.time`, `.lastevent`, `||` and the stream list tell.

use super::summary::{process_line, system_line};
use super::{comment, field, warnings};
use crate::render::escape;
use crate::render::number::size_text;
use crate::report::{CppReport, ExceptionReport, Report};

/// The whole answer of `dumplens info`.
pub fn info(report: &Report) -> String {
    let mut out = String::new();
    let dump = &report.dump;
    let about =
        format!("{} ({}, {} bytes)", escape::line(&dump.path), size_text(dump.size_bytes), dump.size_bytes);
    field(&mut out, "Dump", &[about]);
    field(&mut out, "Written", &[dump.created.clone().unwrap_or_else(|| "not known".to_owned())]);
    field(&mut out, "Flags", &[dump.flags.to_string()]);
    field(&mut out, "Keeps", &[kept(report)]);
    field(&mut out, "Comment", &comment(report));
    field(&mut out, "System", &[system_line(report)]);
    field(
        &mut out,
        "Build",
        &report.system.build_string.as_deref().map(escape::line).into_iter().collect::<Vec<_>>(),
    );
    field(&mut out, "Process", &[process_line(&report.process)]);
    field(&mut out, "Started", &report.process.created.clone().into_iter().collect::<Vec<_>>());
    field(&mut out, "CPU time", &cpu_time(report).into_iter().collect::<Vec<_>>());
    field(
        &mut out,
        "Command",
        &report.process.command_line.as_deref().map(escape::line).into_iter().collect::<Vec<_>>(),
    );
    field(&mut out, "Last event", &last_event(report));
    field(&mut out, "Threads", &[report.threads.len().to_string()]);
    field(&mut out, "Modules", &[report.modules.len().to_string()]);
    field(&mut out, "Handles", &handles(report).into_iter().collect::<Vec<_>>());
    out.push_str("\nStreams:\n");
    for stream in &dump.streams {
        out.push_str(&format!(
            "  {:>10}  {:<28}{:>14} bytes\n",
            format!("{:#x}", stream.kind),
            stream.name,
            stream.size_bytes
        ));
    }
    warnings(&mut out, &report.warnings);
    out
}

fn kept(report: &Report) -> String {
    let kept = size_text(report.dump.kept_bytes);
    match report.dump.missing_bytes {
        0 => format!("{kept} of the process's memory"),
        missing => {
            format!("{kept} of the process's memory; {} more are listed but cut off", size_text(missing))
        }
    }
}

fn cpu_time(report: &Report) -> Option<String> {
    let (user, kernel) = report.process.user_seconds.zip(report.process.kernel_seconds)?;
    Some(format!("{user} s user, {kernel} s kernel"))
}

fn last_event(report: &Report) -> Vec<String> {
    let Some(exception) = &report.exception else {
        return vec!["no exception in the dump".to_owned()];
    };
    let pid = report.process.id.map_or_else(|| "?".to_owned(), |id| format!("{id:x}"));
    let name = exception.name.as_deref().unwrap_or("no known name");
    // Of Windows exceptions a debugger would say which chance it is.
    let windows = report.system.os.as_deref().is_none_or(|os| os.starts_with("Windows"));
    let chance = if windows { " (first or second chance: a dump does not say)" } else { "" };
    let mut lines = vec![
        format!("{pid}.{:x}: {name} - code {:08x}{chance}", exception.thread_id, exception.code.0),
        format!("at {}, flags {}", exception.address, exception.flags),
    ];
    lines.extend(parameters(exception));
    lines.extend(exception.cpp.iter().flat_map(cpp));
    lines
}

/// The thrown type, its bases, its text, and what is not known of them.
pub(in crate::render) fn cpp(cpp: &CppReport) -> Vec<String> {
    let mut lines = vec![match &cpp.type_name {
        Some(name) => format!("C++ type {}", escape::line(name)),
        None => "C++ exception, type unknown".to_owned(),
    }];
    if !cpp.bases.is_empty() {
        let bases: Vec<String> = cpp.bases.iter().map(|b| escape::line(b)).collect();
        lines.push(format!("bases {}", bases.join(", ")));
    }
    lines.extend(cpp.what.as_ref().map(|what| format!("what() \"{}\"", escape::line(what))));
    lines.extend(cpp.problem.as_ref().map(|problem| format!("({problem})")));
    lines
}

fn parameters(exception: &ExceptionReport) -> Option<String> {
    let all: Vec<String> = exception.parameters.iter().map(ToString::to_string).collect();
    (!all.is_empty()).then(|| format!("parameters {}", all.join(" ")))
}

fn handles(report: &Report) -> Option<String> {
    const SHOWN: usize = 6;
    let counts = report.process.handles.as_ref()?;
    let total: u64 = counts.iter().map(|c| c.count).sum();
    let name = |kind: &str| {
        if kind.is_empty() { "type not known".to_owned() } else { escape::line(kind) }
    };
    let mut parts: Vec<String> =
        counts.iter().take(SHOWN).map(|c| format!("{} {}", c.count, name(&c.kind))).collect();
    if counts.len() > SHOWN {
        parts.push(format!("{} of other types", counts.iter().skip(SHOWN).map(|c| c.count).sum::<u64>()));
    }
    Some(if parts.is_empty() { total.to_string() } else { format!("{total} ({})", parts.join(", ")) })
}
