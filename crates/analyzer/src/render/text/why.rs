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
/// Columns below which nothing is folded.
const NARROWEST: usize = 30;

/// The whole answer of `dumplens why`.
pub fn why(report: &Report) -> String {
    prose(report, WIDTH)
}

/// The same, wrapped at this many columns; only a longer word makes a longer line.
pub fn why_within(report: &Report, columns: usize) -> String {
    let columns = columns.max(NARROWEST);
    prose(report, columns.min(WIDTH)).lines().map(|line| folded(line, columns) + "\n").collect()
}

fn prose(report: &Report, width: usize) -> String {
    let mut out = String::new();
    let Some(verdict) = &report.verdict else {
        return out;
    };
    wrap(&mut out, "", &escape::line(&verdict.title), width);
    out.push_str(&format!("{}\n\n", label(verdict)));
    for (label, lines) in ticket::head(report) {
        field(&mut out, label, &lines);
    }
    for (n, finding) in report.findings.iter().enumerate() {
        out.push('\n');
        step(&mut out, n + 1, finding, width);
    }
    if let Some(function) = verdict.allocation.as_ref().and_then(|a| a.function.as_deref()) {
        out.push_str(&format!("\nRequested by {}\n", escape::line(function)));
    }
    list(&mut out, "What would change this:", &verdict.unless, width);
    list(&mut out, "What to do:", &verdict.advice, width);
    warnings(&mut out, &report.facts.warnings);
    out
}

/// `[allocation_failure, commit_limit, confidence high]`.
fn label(verdict: &VerdictReport) -> String {
    let cause = verdict.cause.map(|cause| format!(", {cause}")).unwrap_or_default();
    format!("[{}{cause}, confidence {}]", verdict.kind, verdict.confidence.name())
}

fn step(out: &mut String, number: usize, finding: &Finding, width: usize) {
    wrap(out, &format!("{number:>3}. "), &escape::line(&finding.title), width);
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

fn list(out: &mut String, heading: &str, lines: &[String], width: usize) {
    if lines.is_empty() {
        return;
    }
    out.push_str(&format!("\n{heading}\n"));
    for line in lines {
        wrap(out, "  - ", &escape::line(line), width);
    }
}

/// Prose, broken between words; lines after the first are indented as far as the first.
fn wrap(out: &mut String, first: &str, text: &str, width: usize) {
    let indent = " ".repeat(first.len());
    let mut line = first.to_owned();
    for word in text.split(' ') {
        if line.chars().count() > indent.len() && line.chars().count() + word.chars().count() > width {
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

/// A line that is too long, broken between words. What follows stands two columns further in, or below the text of a label.
fn folded(line: &str, columns: usize) -> String {
    if line.chars().count() <= columns {
        return line.to_owned();
    }
    let label = line.find(":  ").map(|at| at + 1 + leading(&line[at + 1..]));
    let own = leading(line);
    let (begin, indent) = label.filter(|at| *at <= columns / 2).map_or((own, own + 2), |at| (at, at));
    let (head, rest) = line.split_at(begin);
    let (mut out, mut at, mut begun) = (String::new(), head.to_owned(), false);
    for word in rest.split(' ') {
        if begun && at.chars().count() + word.chars().count() > columns {
            out.push_str(at.trim_end());
            out.push('\n');
            (at, begun) = (" ".repeat(indent), false);
        }
        // Blanks between columns mean nothing where a line begins.
        if begun || !word.is_empty() {
            at.push_str(word);
            at.push(' ');
            begun = true;
        }
    }
    out + at.trim_end()
}

/// How many blanks a text begins with.
fn leading(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn lines_are_folded_between_words() {
        assert_eq!(folded("short", 30), "short");
        assert_eq!(
            folded("Program:    app.exe 1.2.3.4, dump of 2026-11-22T20:49:19Z", 40),
            "Program:    app.exe 1.2.3.4, dump of\n            2026-11-22T20:49:19Z"
        );
        assert_eq!(
            folded("       what()                                 bad allocation", 50),
            "       what()                                 bad\n         allocation"
        );
        // What is longer than the terminal stays whole: it may be copied.
        let path = "x".repeat(50);
        assert_eq!(folded(&format!("  a {path}"), 30), format!("  a\n    {path}"));
    }
}
