//! Text for people, one file for each question.

mod address;
mod allocations;
mod blocks;
mod census;
mod diff;
pub(in crate::render) mod exception;
mod heaps;
pub(in crate::render) mod holders;
pub(super) mod info;
pub(in crate::render) mod managed;
mod modules;
mod refs;
mod regions;
mod report;
mod site;
pub(super) mod stack;
pub(super) mod summary;
pub(super) mod threads;
pub(super) mod waits;
mod why;

pub use address::address;
pub use allocations::allocations;
pub use blocks::{block_header, block_row, block_sizes};
pub use census::{SHOWN as CENSUS_ROWS, census};
pub use diff::diff;
pub use heaps::heaps;
pub use info::info;
pub use managed::{managed, object_row};
pub use modules::modules;
pub use refs::refs;
pub use regions::{region_header, region_row};
pub use report::report;
pub use site::site;
pub use stack::stacks;
pub use summary::{largest_row, summary, summary_row};
pub use threads::threads;
pub use waits::waits;
pub use why::{why, why_within};

use super::escape;
use crate::facts::WarningReport;
use crate::report::Report;

/// `label:` padded to a column, then the lines of the value; nothing for an empty value.
fn field(out: &mut String, label: &str, value: &[String]) {
    for (n, line) in value.iter().enumerate() {
        let label = if n == 0 { format!("{label}:") } else { String::new() };
        out.push_str(format!("{label:<12}{line}").trim_end());
        out.push('\n');
    }
}

/// The warnings, at the end of every answer.
fn warnings(out: &mut String, warnings: &[WarningReport]) {
    if warnings.is_empty() {
        return;
    }
    out.push('\n');
    out.extend(warnings.iter().map(warning));
}

/// One warning, on one line.
pub fn warning(warning: &WarningReport) -> String {
    format!("warning: {} [{}]\n", escape::line(&warning.message), warning.code)
}

/// The comment's lines, made safe.
fn comment(report: &Report) -> Vec<String> {
    report.facts.dump.comment.as_deref().map(escape::lines).unwrap_or_default()
}
