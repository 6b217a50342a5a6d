//! The lines of `--jsonl` and `--csv`: one for each file.

use std::path::Path;

use dumplens_analyzer::Report;
use dumplens_analyzer::render::csv::cell;
use dumplens_analyzer::render::json;
use dumplens_analyzer::report::SCHEMA_VERSION;
use serde::Serialize;

use super::row::Row;
use crate::remote::without_secrets;
use dumplens_scan::Failure;

/// A line of `--jsonl`: the path as it was given, and one of three.
#[derive(Serialize)]
struct Line<'l> {
    path: &'l str,
    /// Of lines without a report: that has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'l Failure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<&'l Row>,
    #[serde(flatten)]
    report: Option<&'l Report>,
}

const VERSION: Option<u32> = Some(SCHEMA_VERSION);

/// The report, with the path before its fields.
pub(crate) fn report(path: &Path, report: &Report) -> String {
    line(path, &Line { path: "", schema_version: None, error: None, known: None, report: Some(report) })
}

/// The row of a dump that the store knows.
pub(crate) fn known(path: &Path, row: &Row) -> String {
    line(path, &Line { path: "", schema_version: VERSION, error: None, known: Some(row), report: None })
}

/// Why there is no report.
pub(crate) fn error(path: &Path, failure: &Failure) -> String {
    line(path, &Line { path: "", schema_version: VERSION, error: Some(failure), known: None, report: None })
}

fn line(path: &Path, line: &Line<'_>) -> String {
    let path = without_secrets(path);
    let mut line = json::compact(&Line { path: &path, ..*line });
    line.push('\n');
    line
}

/// The columns of `--csv`.
const COLUMNS: [&str; 19] = [
    "path",
    "error",
    "message",
    "signature",
    "family",
    "kind",
    "cause",
    "confidence",
    "requested_bytes",
    "what",
    "module",
    "function",
    "program",
    "time",
    "size_bytes",
    "truncated",
    "warnings",
    "version",
    "filled_by",
];

/// The line of column names.
pub(crate) fn csv_head() -> String {
    record(COLUMNS.map(str::to_owned))
}

/// A dump.
pub(crate) fn csv_row(path: &Path, row: &Row) -> String {
    let text = |text: &Option<String>| text.as_deref().map(cell).unwrap_or_default();
    record([
        cell(&without_secrets(path)),
        String::new(),
        String::new(),
        // A store that the row comes from may be another's.
        cell(&row.signature),
        cell(&row.family),
        cell(&row.kind),
        text(&row.cause),
        text(&row.confidence),
        row.requested_bytes.map(|bytes| bytes.to_string()).unwrap_or_default(),
        text(&row.what),
        text(&row.module),
        text(&row.function),
        text(&row.program),
        text(&row.time),
        row.size_bytes.to_string(),
        row.truncated.to_string(),
        row.warnings.to_string(),
        text(&row.version),
        text(&row.filled_by),
    ])
}

/// A file without a report.
pub(crate) fn csv_error(path: &Path, failure: &Failure) -> String {
    let mut cells: [String; COLUMNS.len()] = Default::default();
    cells[0] = cell(&without_secrets(path));
    failure.code.name().clone_into(&mut cells[1]);
    cells[2] = cell(&failure.message);
    record(cells)
}

fn record(cells: [String; COLUMNS.len()]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // A Vec takes everything, and all records have the same length.
    let _ = writer.write_record(cells);
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}
