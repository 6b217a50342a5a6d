//! The verdict: what happened in one sentence, then the chain of evidence, what would change it, and what to do.

use super::{field, warnings};
use crate::findings::{Evidence, Finding};
use crate::render::{escape, ticket};
use crate::report::Report;
use crate::verdict::VerdictReport;

/// Columns of the names of evidence.
const NAMES: usize = 38;
/// Columns of a line of prose.
const WIDTH: usize = 110;

/// The whole answer of `dumplens why`.
pub fn why(report: &Report) -> String {
    let mut out = String::new();
    let Some(verdict) = &report.verdict else {
        return out;
    };
    wrap(&mut out, "", &escape::line(&verdict.title));
    out.push_str(&format!("{}\n\n", label(verdict)));
    for (label, lines) in ticket::head(report) {
        field(&mut out, label, &lines);
    }
    for (n, finding) in report.findings.iter().enumerate() {
        out.push('\n');
        step(&mut out, n + 1, finding);
    }
    if let Some(function) = verdict.allocation.as_ref().and_then(|a| a.function.as_deref()) {
        out.push_str(&format!("\nRequested by {}\n", escape::line(function)));
    }
    list(&mut out, "What would change this:", &verdict.unless);
    list(&mut out, "What to do:", &verdict.advice);
    warnings(&mut out, &report.facts.warnings);
    out
}

/// `[allocation_failure, commit_limit, confidence high]`.
fn label(verdict: &VerdictReport) -> String {
    let cause = verdict.cause.map(|cause| format!(", {cause}")).unwrap_or_default();
    format!("[{}{cause}, confidence {}]", verdict.kind, verdict.confidence.name())
}

fn step(out: &mut String, number: usize, finding: &Finding) {
    wrap(out, &format!("{number:>3}. "), &escape::line(&finding.title));
    for evidence in &finding.evidence {
        out.push_str(&row(evidence));
    }
    let windbg =
        if finding.windbg.is_empty() { String::new() } else { format!("   WinDbg: {}", finding.windbg) };
    out.push_str(&format!("     [{}, confidence {}]{windbg}\n", finding.id, finding.confidence.name()));
}

/// `       commit limit                      40.000 GB`.
fn row(evidence: &Evidence) -> String {
    let what = escape::line(&evidence.what);
    let at = evidence.at.map(|at| format!(" at {at}")).unwrap_or_default();
    let value = evidence.value.as_deref().map(escape::line).unwrap_or_default();
    format!("       {:<NAMES$} {value}", format!("{what}{at}")).trim_end().to_owned() + "\n"
}

fn list(out: &mut String, heading: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    out.push_str(&format!("\n{heading}\n"));
    for line in lines {
        wrap(out, "  - ", &escape::line(line));
    }
}

/// Prose, broken between words; lines after the first are indented as far as the first.
fn wrap(out: &mut String, first: &str, text: &str) {
    let indent = " ".repeat(first.len());
    let mut line = first.to_owned();
    for word in text.split(' ') {
        if line.len() > indent.len() && line.len() + word.len() > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            line.clone_from(&indent);
        }
        line.push_str(word);
        line.push(' ');
    }
    out.push_str(line.trim_end());
    out.push('\n');
}
