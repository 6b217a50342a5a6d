//! What is kept of a report: one row of the table, or of the store.

use dumplens_analyzer::Report;
use dumplens_analyzer::verdict::signature::SignatureReport;
use serde::{Deserialize, Serialize};

/// A dump in one row. The store keeps rows as JSON: fields are added, never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// `signature.id`.
    pub(crate) signature: String,
    /// `signature.family`.
    pub(crate) family: String,
    /// `verdict.kind`.
    pub(crate) kind: String,
    /// `verdict.cause`.
    pub(crate) cause: Option<String>,
    /// `verdict.confidence`.
    pub(crate) confidence: Option<String>,
    /// `verdict.allocation.requested_bytes`.
    pub(crate) requested_bytes: Option<u64>,
    /// `signature.what`.
    pub(crate) what: Option<String>,
    /// The blamed frame: module and offset, or a method of .NET.
    pub(crate) module: Option<String>,
    /// Its function, where symbols told.
    pub(crate) function: Option<String>,
    /// `process.image`.
    pub(crate) program: Option<String>,
    /// When the dump was written, by itself or else by its file's time; RFC 3339.
    pub(crate) time: Option<String>,
    /// Length of the file.
    pub(crate) size_bytes: u64,
    /// Whether memory that it lists is missing.
    pub(crate) truncated: bool,
    /// How many warnings its report has.
    pub(crate) warnings: u64,
    /// `process.version`.
    #[serde(default)]
    pub(crate) version: Option<String>,
    /// What fills the memory, in one sentence: the finding `memory_filled_by`.
    #[serde(default)]
    pub(crate) filled_by: Option<String>,
}

impl Row {
    /// The row of a report that has a verdict; `modified` is the time of its file.
    pub(crate) fn new(report: &Report, modified: Option<String>) -> Option<Row> {
        let (verdict, signature) = (report.verdict.as_ref()?, report.signature.as_ref()?);
        Some(Row {
            signature: signature.id.clone(),
            family: signature.family.clone(),
            kind: verdict.kind.to_string(),
            cause: verdict.cause.map(|cause| cause.to_string()),
            confidence: Some(verdict.confidence.name().to_owned()),
            requested_bytes: verdict.allocation.as_ref().map(|a| a.requested_bytes),
            what: signature.what.clone(),
            module: module(signature),
            function: signature.frames.first().and_then(|frame| frame.function.clone()),
            program: report.facts.process.image.clone(),
            time: report.facts.dump.created.clone().or(modified),
            size_bytes: report.facts.dump.size_bytes,
            truncated: report.facts.dump.truncated,
            warnings: report.facts.warnings.len() as u64,
            version: report.facts.process.version.clone(),
            filled_by: filled_by(report),
        })
    }
}

fn filled_by(report: &Report) -> Option<String> {
    report.findings.iter().find(|finding| finding.id == "memory_filled_by").map(|found| found.title.clone())
}

/// `app+0x1234`, or the program where no frame is to blame, or a method of .NET.
fn module(signature: &SignatureReport) -> Option<String> {
    let frame = signature.frames.first().map(|frame| format!("{}+{}", frame.module, frame.offset));
    frame.or_else(|| signature.program.clone()).or_else(|| signature.methods.first().cloned())
}
