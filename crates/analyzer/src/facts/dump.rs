//! The file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Hex, Options, Warning, clock};
use crate::process::module_names::module_name;
use crate::process::{Process, known};

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DumpReport {
    /// As given by the caller.
    pub path: String,
    /// Length of the file.
    pub size_bytes: u64,
    /// `MINIDUMP_TYPE`.
    pub flags: Hex,
    /// When it was written.
    pub created: Option<String>,
    /// `x86`, `x86_64`, `arm64`, `arm`; `None` if not known.
    pub arch: Option<String>,
    /// 32 or 64; guessed (with a warning) if the processor is not known.
    pub pointer_bits: u32,
    /// Whether memory that the dump lists is missing from the file; for a trimmed copy, from the original.
    pub truncated: bool,
    /// Bytes of memory that are listed but not in the file.
    pub missing_bytes: u64,
    /// Whether `trim --redact` made it. What was removed is unknown, not 0.
    pub redacted: bool,
    /// Bytes of process memory in the file.
    pub kept_bytes: u64,
    /// The writer's comment.
    pub comment: Option<String>,
    /// What the program gave Crashpad to send with the dump; `None` if Crashpad did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crashpad: Option<Box<CrashpadReport>>,
    /// Which threads asked for the dump and wrote it; `None` if neither Breakpad nor Crashpad says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakpad: Option<BreakpadReport>,
    /// The streams, in the order of the directory.
    pub streams: Vec<StreamReport>,
}

/// The threads that Breakpad or Crashpad worked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BreakpadReport {
    /// The thread that asked for the dump.
    pub requesting_thread_id: Option<u32>,
    /// The thread that wrote it.
    pub writing_thread_id: Option<u32>,
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StreamReport {
    /// `MINIDUMP_STREAM_TYPE`.
    #[serde(rename = "type")]
    pub kind: u32,
    /// Its name.
    pub name: String,
    /// Its length as listed.
    pub size_bytes: u64,
}

/// What the program gave Crashpad to send with the dump.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CrashpadReport {
    /// The report's GUID.
    pub report_id: Option<String>,
    /// The installation's GUID.
    pub client_id: Option<String>,
    /// The annotations, the program's first, then each module's.
    pub annotations: Vec<AnnotationReport>,
}

/// An annotation of the program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnnotationReport {
    /// The debugger's name of the module that it belongs to; `None` for the program's own.
    pub module: Option<String>,
    /// Its name; empty if it has none.
    pub name: String,
    /// Its text; `None` unless secrets were requested, because annotations can contain URLs and command lines.
    pub value: Option<String>,
}

fn breakpad(process: &Process<'_>, warnings: &mut Vec<Warning>) -> Option<BreakpadReport> {
    let info = known(process.dump.breakpad_info(), warnings).flatten()?;
    Some(BreakpadReport {
        requesting_thread_id: info.requesting_thread_id,
        writing_thread_id: info.dump_thread_id,
    })
}

fn crashpad(
    process: &Process<'_>,
    options: &Options,
    warnings: &mut Vec<Warning>,
) -> Option<Box<CrashpadReport>> {
    let info = known(process.dump.crashpad_info(), warnings).flatten()?;
    warnings.extend(info.damage.into_iter().map(Warning::from));
    let module = |index: Option<u32>| {
        let module = process.modules.get(usize::try_from(index?).ok()?)?;
        Some(module_name(&module.name).to_owned())
    };
    let annotations = info.annotations.into_iter();
    let annotations = annotations.map(|of| AnnotationReport {
        module: module(of.module),
        name: of.name,
        value: options.include_secrets.then_some(of.value),
    });
    Some(Box::new(CrashpadReport {
        report_id: info.report_id,
        client_id: info.client_id,
        annotations: annotations.collect(),
    }))
}

/// What is known of the file.
pub(super) fn of(process: &Process<'_>, options: &Options, warnings: &mut Vec<Warning>) -> DumpReport {
    let dump = process.dump;
    let memory = dump.memory();
    let trimmed = known(dump.trimmed(), warnings).flatten();
    let missing_bytes =
        memory.missing_bytes().saturating_add(trimmed.map_or(0, |original| original.missing_bytes));
    let stream = |s: &dumplens_core::StreamLocation| StreamReport {
        kind: s.kind.0,
        name: s.kind.to_string(),
        size_bytes: s.size,
    };
    DumpReport {
        path: options.path.clone(),
        size_bytes: dump.size(),
        flags: dump.header().flags.into(),
        created: clock::from_unix(dump.header().time_date_stamp),
        arch: dump.arch().map(|arch| arch.to_string()),
        pointer_bits: dump.width().bits(),
        truncated: missing_bytes > 0
            || trimmed.is_some_and(|original| original.truncated)
            || dump.streams().iter().any(|s| s.present < s.size),
        missing_bytes,
        redacted: trimmed.is_some_and(|original| original.kept.is_some()),
        kept_bytes: memory.listed_bytes().saturating_sub(memory.missing_bytes()),
        comment: comment(process, warnings),
        crashpad: crashpad(process, options, warnings),
        breakpad: breakpad(process, warnings),
        streams: dump.streams().iter().map(stream).collect(),
    }
}

/// The comment of the dump's writer, as it is.
fn comment(process: &Process<'_>, warnings: &mut Vec<Warning>) -> Option<String> {
    let comment = known(process.dump.comment(), warnings)??;
    if comment.repaired {
        warnings.push(Warning::CommentRepaired);
    }
    // The writer may have left two: ProcDump's, say, and the program's own.
    let second = known(process.dump.second_comment(), warnings).flatten().map(|second| second.text);
    match second.filter(|second| !second.is_empty() && !comment.text.contains(second.as_str())) {
        Some(second) => Some(format!("{}\n{second}", comment.text)),
        None => Some(comment.text),
    }
}
