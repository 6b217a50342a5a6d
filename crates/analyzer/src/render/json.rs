//! JSON: the shape of the report, with two rules for everything that is printed.
//!
//! - A count above 2^53 does not survive most readers: it becomes null, and a hex string beside it holds it. That
//!   stands under the same key with `_hex` for `_bytes`, or behind it.
//! - Characters that act on a terminal are written as `\u` escapes; a reader gets them back unchanged.
//!
//! Both are applied while the data is written: nothing is held twice.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};
use serde_json::{Serializer, Value};

use super::escape;
use crate::facts::{
    DumpReport, ExceptionReport, HeapReport, MemoryReport, ModuleReport, ProcessReport, UnloadedModuleReport,
};
use crate::facts::{SystemReport, ThreadReport, WarningReport};
use crate::findings::Finding;
use crate::report::{Report, SCHEMA_VERSION, Tool};
use crate::verdict::VerdictReport;

/// The largest integer that a JSON reader working with doubles keeps.
const MOST_EXACT: u64 = 1 << 53;

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

/// The key of the hex string beside a number: `size_hex` of `size_bytes`.
pub(super) fn hex_key(key: &str) -> String {
    format!("{}_hex", key.strip_suffix("_bytes").unwrap_or(key))
}

/// Reads a printed report back, numbers above 2^53 too. Fails if the text is not a report of this version.
pub fn read(text: &str) -> io::Result<Report> {
    let mut value: Value = serde_json::from_str(text)?;
    restore(&mut value);
    Ok(Report::deserialize(value)?)
}

/// Puts the numbers that are printed as hex strings into their places.
fn restore(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(restore),
        Value::Object(fields) => {
            let number = |hex: &Value| u64::from_str_radix(hex.as_str()?.strip_prefix("0x")?, 16).ok();
            let nulls = fields.iter().filter(|(_, value)| value.is_null()).map(|(key, _)| key);
            let large: Vec<(String, u64)> =
                nulls.filter_map(|key| Some((key.clone(), number(fields.get(&hex_key(key))?)?))).collect();
            for (key, number) in large {
                fields.insert(key, number.into());
            }
            fields.values_mut().for_each(restore);
        }
        _ => {}
    }
}

/// Another formatter, with the two rules.
struct Rules<F> {
    inner: F,
    /// The key being written, or written last.
    key: String,
    in_key: bool,
}

impl<F> Rules<F> {
    fn new(inner: F) -> Rules<F> {
        Rules { inner, key: String::new(), in_key: false }
    }
}

impl<F: Formatter> Formatter for Rules<F> {
    fn write_u64<W: ?Sized + Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        if value <= MOST_EXACT {
            return self.inner.write_u64(writer, value);
        }
        self.inner.write_null(writer)?;
        self.inner.end_object_value(writer)?;
        self.inner.begin_object_key(writer, false)?;
        write!(writer, "\"{}\"", hex_key(&self.key))?;
        self.inner.end_object_key(writer)?;
        self.inner.begin_object_value(writer)?;
        write!(writer, "\"{value:#x}\"")
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if self.in_key {
            self.key.push_str(fragment);
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(escape::is_unsafe) {
            let (safe, from) = rest.split_at(at);
            writer.write_all(safe.as_bytes())?;
            let mut chars = from.chars();
            for unit in chars.next().unwrap_or_default().encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.key.clear();
        self.in_key = true;
        self.inner.begin_object_key(writer, first)
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.in_key = false;
        self.inner.end_object_key(writer)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_object_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_object(writer)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.inner.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_array_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Sizes {
        small_bytes: u64,
        large_bytes: u64,
        name: &'static str,
    }

    #[test]
    fn large_counts_keep_their_value_as_hex() {
        let data = Sizes { small_bytes: 1 << 53, large_bytes: (1 << 53) + 1, name: "x" };
        assert_eq!(
            compact(&data),
            r#"{"small_bytes":9007199254740992,"large_bytes":null,"large_hex":"0x20000000000001","name":"x"}"#
        );
        let lines = "{\n  \"small_bytes\": 9007199254740992,\n  \"large_bytes\": null,\n  \
                     \"large_hex\": \"0x20000000000001\",\n  \"name\": \"x\"\n}\n";
        assert_eq!(pretty(&data), lines);
    }

    #[test]
    fn hostile_strings_are_escaped_and_come_back_whole() {
        let data = Sizes { small_bytes: 0, large_bytes: 0, name: "\u{9b}2J\u{202e}\u{e0041}\x1b\"\\" };
        let json = compact(&data);
        assert!(json.is_ascii() && !json.contains('\x1b'), "{json}");
        let back: Value = serde_json::from_str(&json).expect("valid JSON");
        assert_eq!(back["name"], data.name);
    }
}
