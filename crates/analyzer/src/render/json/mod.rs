//! JSON: the shape of the report, with two rules for everything that is printed.
//!
//! - A count above 2^53 does not survive most readers: it becomes null, and a hex string beside it holds it. That
//!   stands under the same key with `_hex` for `_bytes`, or behind it.
//! - Characters that act on a terminal are written as `\u` escapes; a reader gets them back unchanged.
//!
//! Both are applied while the data is written: nothing is held twice.

mod rules;

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::ser::{CompactFormatter, PrettyFormatter};
use serde_json::{Serializer, Value};

pub(super) use self::rules::hex_key;
use self::rules::{Rules, restore};
use crate::facts::{
    DumpReport, ExceptionReport, HeapReport, MemoryReport, ModuleReport, ProcessReport, UnloadedModuleReport,
};
use crate::facts::{SystemReport, ThreadReport, WarningReport};
use crate::findings::Finding;
use crate::report::{Report, SCHEMA_VERSION, Tool};
use crate::verdict::VerdictReport;

/// Writes data pretty-printed, ending in a newline.
pub fn write(out: &mut dyn Write, data: &impl Serialize) -> io::Result<()> {
    let mut out = out;
    data.serialize(&mut Serializer::with_formatter(&mut out, Rules::new(PrettyFormatter::new())))?;
    out.write_all(b"\n")
}

/// Pretty-printed, ending in a newline.
pub fn pretty(data: &impl Serialize) -> String {
    let mut out = Vec::new();
    // Plain data with string keys cannot fail to serialise, nor a Vec to be written to.
    let _ = write(&mut out, data);
    String::from_utf8(out).unwrap_or_default()
}

/// On one line, without a newline.
pub fn compact(data: &impl Serialize) -> String {
    let mut out = Vec::new();
    let _ = data.serialize(&mut Serializer::with_formatter(&mut out, Rules::new(CompactFormatter)));
    String::from_utf8(out).unwrap_or_default()
}

/// Data that has no version of its own, with what a reader of it must know.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Versioned<T> {
    /// Version of this shape.
    schema_version: u32,
    /// Who made the answer.
    tool: Tool,
    #[serde(flatten)]
    data: T,
}

impl<T: Serialize> Versioned<T> {
    /// The data, with the version of its shape and of this program.
    pub fn new(data: T) -> Versioned<T> {
        Versioned { schema_version: SCHEMA_VERSION, tool: Tool::this(), data }
    }
}

/// The answer to a question about a part of the process, and what was wrong with the dump.
#[derive(Debug, Serialize)]
pub struct Answer<'r, T> {
    #[serde(flatten)]
    answer: Option<&'r T>,
    warnings: &'r [WarningReport],
}

impl<'r, T: Serialize> Answer<'r, T> {
    /// What `dumplens waits` and `census` print; only the warnings if there is no answer.
    pub fn versioned(answer: Option<&'r T>, warnings: &'r [WarningReport]) -> Versioned<Answer<'r, T>> {
        Versioned::new(Answer { answer, warnings })
    }
}

/// The parts of a report that answer one question.
#[derive(Debug, Serialize)]
pub struct Part<'r> {
    schema_version: u32,
    tool: &'r Tool,
    #[serde(skip_serializing_if = "Option::is_none")]
    dump: Option<&'r DumpReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<&'r SystemReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<&'r ProcessReport>,
    exception: Option<&'r ExceptionReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'r VerdictReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<&'r [Finding]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threads: Option<&'r [ThreadReport]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modules: Option<&'r [ModuleReport]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unloaded_modules: Option<&'r [UnloadedModuleReport]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heaps: Option<&'r [HeapReport]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<&'r MemoryReport>,
    warnings: &'r [WarningReport],
}

impl<'r> Part<'r> {
    /// Dump, system, process, exception.
    pub fn info(report: &'r Report) -> Part<'r> {
        Part {
            schema_version: report.schema_version,
            tool: &report.tool,
            dump: Some(&report.facts.dump),
            system: Some(&report.facts.system),
            process: Some(&report.facts.process),
            exception: report.facts.exception.as_ref(),
            verdict: None,
            findings: None,
            threads: None,
            modules: None,
            unloaded_modules: None,
            heaps: None,
            memory: None,
            warnings: &report.facts.warnings,
        }
    }

    /// As [`Part::info`], and the address space.
    pub fn summary(report: &'r Report) -> Part<'r> {
        Part { memory: Some(&report.facts.memory), ..Part::info(report) }
    }

    /// Exception and threads.
    pub fn threads(report: &'r Report) -> Part<'r> {
        Part { threads: Some(&report.facts.threads), ..Part::bare(report) }
    }

    /// Exception and heaps.
    pub fn heaps(report: &'r Report) -> Part<'r> {
        Part { heaps: Some(&report.facts.heaps), ..Part::bare(report) }
    }

    /// The modules, and those that were unloaded.
    pub fn modules(report: &'r Report) -> Part<'r> {
        Part {
            modules: Some(&report.facts.modules),
            unloaded_modules: Some(&report.facts.unloaded_modules),
            ..Part::bare(report)
        }
    }

    /// The process, the address space with its allocations, modules and threads.
    pub fn allocations(report: &'r Report) -> Part<'r> {
        Part {
            process: Some(&report.facts.process),
            threads: Some(&report.facts.threads),
            modules: Some(&report.facts.modules),
            memory: Some(&report.facts.memory),
            ..Part::bare(report)
        }
    }

    /// Exception, verdict and findings.
    pub fn verdict(report: &'r Report) -> Part<'r> {
        Part { verdict: report.verdict.as_ref(), findings: Some(&report.findings), ..Part::bare(report) }
    }

    /// The exception and nothing else.
    fn bare(report: &'r Report) -> Part<'r> {
        Part { dump: None, system: None, process: None, ..Part::info(report) }
    }
}

/// Reads a printed report back, numbers above 2^53 too. Fails if the text is not a report of this version.
pub fn read(text: &str) -> io::Result<Report> {
    let mut value: Value = serde_json::from_str(text)?;
    restore(&mut value);
    Ok(Report::deserialize(value)?)
}
