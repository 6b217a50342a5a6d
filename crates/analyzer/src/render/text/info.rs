//! The contents of `vertarget`, `.time`, `.lastevent`, `||` and the list of streams.

use super::summary::{process_line, system_line};
use super::{comment, exception, field, warnings};
use crate::facts::number::size_text;
use crate::facts::{AnnotationReport, CrashpadReport, DumpReport};
use crate::render::escape;
use crate::report::Report;

/// The whole answer of `dumplens info`.
pub fn info(report: &Report) -> String {
    let mut out = String::new();
    let dump = &report.facts.dump;
    let about =
        format!("{} ({}, {} bytes)", escape::line(&dump.path), size_text(dump.size_bytes), dump.size_bytes);
    field(&mut out, "Dump", &[about]);
    field(&mut out, "Written", &[dump.created.clone().unwrap_or_else(|| "not known".to_owned())]);
    field(&mut out, "Flags", &[dump.flags.to_string()]);
    field(&mut out, "Keeps", &[kept(report)]);
    field(&mut out, "Comment", &comment(report));
    field(&mut out, "Crashpad", &dump.crashpad.as_deref().map(crashpad).unwrap_or_default());
    field(&mut out, "Breakpad", &breakpad(dump).into_iter().collect::<Vec<_>>());
    field(&mut out, "System", &[system_line(report)]);
    field(
        &mut out,
        "Build",
        &report.facts.system.build_string.as_deref().map(escape::line).into_iter().collect::<Vec<_>>(),
    );
    field(&mut out, "Process", &[process_line(&report.facts.process)]);
    field(&mut out, "Started", &report.facts.process.created.clone().into_iter().collect::<Vec<_>>());
    field(&mut out, "CPU time", &cpu_time(report).into_iter().collect::<Vec<_>>());
    field(
        &mut out,
        "Command",
        &report.facts.process.command_line.as_deref().map(escape::line).into_iter().collect::<Vec<_>>(),
    );
    field(&mut out, "Last event", &last_event(report));
    field(&mut out, "Earlier", &exception::earlier(report));
    field(&mut out, "Threads", &[report.facts.threads.len().to_string()]);
    field(&mut out, "Modules", &[report.facts.modules.len().to_string()]);
    field(&mut out, ".NET", &managed(report));
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
    warnings(&mut out, &report.facts.warnings);
    out
}

fn kept(report: &Report) -> String {
    let dump = &report.facts.dump;
    let mut kept = format!("{} of the process's memory", size_text(dump.kept_bytes));
    if dump.redacted {
        kept += ", redacted";
    }
    match dump.missing_bytes {
        0 => kept,
        missing => format!("{kept}; {} more are listed but cut off", size_text(missing)),
    }
}

fn cpu_time(report: &Report) -> Option<String> {
    let (user, kernel) = report.facts.process.user_seconds.zip(report.facts.process.kernel_seconds)?;
    Some(format!("{user} s user, {kernel} s kernel"))
}

fn last_event(report: &Report) -> Vec<String> {
    let Some(exception) = &report.facts.exception else {
        return vec![match &report.facts.exception_lost {
            Some(why) => format!("lost: {why}"),
            None => "no exception in the dump".to_owned(),
        }];
    };
    exception::lines(report, exception)
}

fn managed(report: &Report) -> Vec<String> {
    let managed = report.facts.managed.iter();
    managed.flat_map(|managed| &managed.runtimes).map(super::managed::runtime_line).collect()
}

fn handles(report: &Report) -> Option<String> {
    const SHOWN: usize = 6;
    let counts = report.facts.process.handles.as_ref()?;
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

/// The threads that asked for the dump and wrote it.
fn breakpad(dump: &DumpReport) -> Option<String> {
    let info = dump.breakpad.as_ref()?;
    let asked = info.requesting_thread_id.map(|id| format!("requested by thread {id:#x}"));
    let wrote = info.writing_thread_id.map(|id| format!("written by thread {id:#x}"));
    Some(asked.into_iter().chain(wrote).collect::<Vec<_>>().join(", "))
}

/// Identities and annotations, one to a line.
fn crashpad(info: &CrashpadReport) -> Vec<String> {
    let ids = [("report", &info.report_id), ("client", &info.client_id)];
    let ids = ids.into_iter().filter_map(|(what, id)| Some(format!("{what} {}", id.as_deref()?)));
    let annotation = |of: &AnnotationReport| {
        let module = of.module.as_deref().map(|name| format!("{}: ", escape::line(name))).unwrap_or_default();
        let value = of.value.as_deref().map(|value| format!(" = {}", escape::line(value)));
        format!("{module}{}{}", escape::line(&of.name), value.unwrap_or_default())
    };
    ids.chain(info.annotations.iter().map(annotation)).collect()
}
