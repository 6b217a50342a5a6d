//! The verdict: what happened in one sentence, then what speaks for it.

use super::warnings;
use crate::render::escape;
use crate::report::Report;

/// The whole answer of `dumplens why`.
pub fn why(report: &Report) -> String {
    let mut out = String::new();
    let Some(verdict) = &report.verdict else {
        return out;
    };
    out.push_str(&format!("{}\n", escape::line(&verdict.title)));
    let confidence = format!("{:?}", verdict.confidence).to_lowercase();
    match verdict.cause {
        Some(cause) => out.push_str(&format!("[{}, {cause}, confidence {confidence}]\n", verdict.kind)),
        None => out.push_str(&format!("[{}, confidence {confidence}]\n", verdict.kind)),
    }
    if !verdict.because.is_empty() {
        out.push('\n');
    }
    for (n, line) in verdict.because.iter().enumerate() {
        out.push_str(&format!("{:>3}. {}\n", n + 1, escape::line(line)));
    }
    if let Some(function) = verdict.allocation.as_ref().and_then(|a| a.function.as_deref()) {
        out.push_str(&format!("\nAsked for by {}\n", escape::line(function)));
    }
    warnings(&mut out, &report.warnings);
    out
}
