//! Markdown, for a ticket: the headline, the evidence, the tables that matter, the stack of the exception; what is
//! long is folded. Made for GitHub's dialect, and readable as plain text.

mod census;
mod diff;
mod escape;
mod managed;
mod memory;
mod stacks;
mod waits;

pub use census::census;
pub use diff::diff;

use super::judgement::{self, Judgement};
use super::text::exception::cpp;
use super::text::summary::head_lines;
use crate::facts::WarningReport;
use crate::report::Report;
use escape::{code, safe, safe_code, text};

/// The whole report as a person would paste it.
pub fn report(report: &Report) -> String {
    let mut out = String::new();
    verdict(&mut out, &judgement::of(report));
    facts(&mut out, report);
    waits::waits(&mut out, report);
    memory::memory(&mut out, report);
    census::of_report(&mut out, report);
    managed::managed(&mut out, report);
    stacks::stacks(&mut out, report);
    warnings(&mut out, &report.facts.warnings);
    out.push_str(&format!("\n<sub>dumplens {}</sub>\n", env!("CARGO_PKG_VERSION")));
    out
}

fn verdict(out: &mut String, judgement: &Judgement) {
    out.push_str(&format!("## {}\n", safe(&judgement.title)));
    if !judgement.labels.is_empty() {
        let labels: Vec<String> = judgement.labels.iter().map(|label| code(label)).collect();
        out.push_str(&format!("\n{}\n", labels.join(" · ")));
    }
    if !judgement.head.is_empty() {
        out.push('\n');
    }
    for (label, lines) in &judgement.head {
        let lines: Vec<String> = lines.iter().map(|line| safe_code(line)).collect();
        out.push_str(&format!("- {label}: {}\n", lines.join(" ← ")));
    }
    if !judgement.steps.is_empty() {
        out.push('\n');
    }
    for (n, step) in judgement.steps.iter().enumerate() {
        out.push_str(&format!("{}. {}\n", n + 1, safe(&step.text)));
        for [what, at, value] in &step.evidence {
            let at = if at.is_empty() { String::new() } else { format!(" at {}", safe_code(at)) };
            let value = if value.is_empty() { String::new() } else { format!(": {}", safe_code(value)) };
            out.push_str(&format!("   - {}{at}{value}\n", safe(what)));
        }
        if !step.windbg.is_empty() {
            out.push_str(&format!("   - WinDbg: {}\n", safe_code(&step.windbg)));
        }
    }
    for (heading, lines) in &judgement.lists {
        out.push_str(&format!("\n**{heading}**\n\n"));
        for line in lines {
            out.push_str(&format!("- {}\n", safe(line)));
        }
    }
}

/// Dump, system, process, exception: one row each.
fn facts(out: &mut String, report: &Report) {
    let mut rows: Vec<(&str, Vec<String>)> = head_lines(report);
    let thrown = report.facts.exception.as_ref().and_then(|exception| exception.cpp.as_ref());
    rows.extend(thrown.map(|thrown| ("Thrown", cpp(thrown))));
    rows.extend(
        report.facts.process.command_line.as_deref().map(|line| ("Command", super::escape::lines(line))),
    );
    out.push_str("\n| | |\n|---|---|\n");
    for (label, lines) in rows.iter().filter(|(_, lines)| !lines.is_empty()) {
        let lines: Vec<String> = lines.iter().map(|line| safe(line)).collect();
        out.push_str(&format!("| {label} | {} |\n", lines.join("<br>")));
    }
}

fn warnings(out: &mut String, warnings: &[WarningReport]) {
    if warnings.is_empty() {
        return;
    }
    out.push_str("\n### Warnings\n\n");
    for warning in warnings {
        out.push_str(&format!("- {} {}\n", code(&warning.code), text(&warning.message)));
    }
}

/// A table: the names of its columns, those before a `>` on the right.
fn table(out: &mut String, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let names: Vec<&str> = columns.iter().map(|column| column.trim_start_matches('>')).collect();
    let sides: Vec<&str> = columns.iter().map(|c| if c.starts_with('>') { "--:" } else { "---" }).collect();
    out.push_str(&format!("\n| {} |\n|{}|\n", names.join(" | "), sides.join("|")));
    for row in rows {
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
}
