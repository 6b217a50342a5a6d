//! What the verdict says, gathered for those renderers that lay it out as they like.

use super::escape;
use crate::findings::{Evidence, Finding, grouped};
use crate::report::Report;

/// Headline, label and evidence. All strings are made safe by [`escape::line`].
#[derive(Debug)]
pub(super) struct Judgement {
    /// One sentence.
    pub(super) title: String,
    /// `allocation_failure`, `commit_limit`, `confidence high`; empty without a verdict.
    pub(super) labels: Vec<String>,
    /// Program, place, first frames and signature: what a ticket begins with.
    pub(super) head: Vec<(&'static str, Vec<String>)>,
    /// What speaks for it, step by step.
    pub(super) steps: Vec<Step>,
    /// Headings and what stands under them: what was asked for, what would change the verdict, what to do.
    pub(super) lists: Vec<(&'static str, Vec<String>)>,
}

/// One step of the evidence.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) text: String,
    /// What it is, where, and its value; the last two may be empty.
    pub(super) evidence: Vec<[String; 3]>,
    /// The WinDbg command that shows the same; empty if there is none.
    pub(super) windbg: String,
}

/// Of a report without a verdict, the exception is the headline.
pub(super) fn of(report: &Report) -> Judgement {
    let Some(verdict) = &report.verdict else {
        return Judgement {
            title: without(report),
            labels: Vec::new(),
            head: Vec::new(),
            steps: Vec::new(),
            lists: Vec::new(),
        };
    };
    let confidence = format!("confidence {}", verdict.confidence.name());
    let labels =
        [Some(verdict.kind.to_string()), verdict.cause.map(|cause| cause.to_string()), Some(confidence)];
    let safe = |lines: &[String]| lines.iter().map(|line| escape::line(line)).collect();
    let mut lists: Vec<(&str, Vec<String>)> = vec![
        ("What was requested", asked(report)),
        ("What would change this", safe(&verdict.unless)),
        ("What to do", safe(&verdict.advice)),
    ];
    lists.retain(|(_, lines)| !lines.is_empty());
    Judgement {
        title: escape::line(&verdict.title),
        labels: labels.into_iter().flatten().collect(),
        head: super::ticket::head(report),
        steps: steps(report),
        lists,
    }
}

fn without(report: &Report) -> String {
    match &report.facts.exception {
        Some(exception) => {
            let name = exception.name.as_deref().map_or_else(|| "An exception".to_owned(), escape::line);
            format!("{name} ({:#010x}) in thread {:#x}", exception.code.0, exception.thread_id)
        }
        None => match &report.facts.exception_lost {
            Some(why) => format!("The exception is lost: {}.", escape::line(why)),
            None => "The dump contains no exception.".to_owned(),
        },
    }
}

/// The findings, or where there are none the sentences of the verdict.
fn steps(report: &Report) -> Vec<Step> {
    if !report.findings.is_empty() {
        return report.findings.iter().map(step).collect();
    }
    let because = report.verdict.iter().flat_map(|verdict| &verdict.because);
    let bare = |line: &String| Step { text: escape::line(line), evidence: Vec::new(), windbg: String::new() };
    because.map(bare).collect()
}

fn step(finding: &Finding) -> Step {
    let row = |e: &Evidence| {
        let at = e.at.map(|at| at.to_string()).unwrap_or_default();
        [escape::line(&e.what), at, e.value.as_deref().map(escape::line).unwrap_or_default()]
    };
    Step {
        text: escape::line(&finding.title),
        evidence: finding.evidence.iter().map(row).collect(),
        windbg: escape::line(&finding.windbg),
    }
}

/// What the failed allocation was for.
fn asked(report: &Report) -> Vec<String> {
    let Some(allocation) = report.verdict.as_ref().and_then(|verdict| verdict.allocation.as_ref()) else {
        return Vec::new();
    };
    let mut lines =
        vec![format!("{} bytes ({})", grouped(allocation.requested_bytes), allocation.requested_hex)];
    if let Some((count, size)) = allocation.element_count.zip(allocation.element_size) {
        let padding = allocation.padding.map(|p| format!(", and {p} bytes more")).unwrap_or_default();
        lines.push(format!("{} elements of {size} bytes{padding}", grouped(count)));
    }
    lines.extend(allocation.container.map(|at| format!("for the container at {at}")));
    lines.extend(allocation.function.as_deref().map(|name| format!("by {}", escape::line(name))));
    lines
}
