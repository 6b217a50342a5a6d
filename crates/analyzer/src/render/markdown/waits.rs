//! Who waits on whom: the chains open, the threads folded.

use super::escape::{block, text};
use crate::render::text::waits::{body, lines, title};
use crate::report::Report;

/// Chains that are shown.
const MOST_CHAINS: usize = 8;
/// Bytes of the folded part.
const MOST_FOLDED: usize = 8 << 10;

/// The section; nothing where waits were not looked for, or nobody waits.
pub(super) fn waits(out: &mut String, report: &Report) {
    let Some(waits) = report.facts.waits.as_deref() else { return };
    if waits.threads.iter().all(|thread| thread.wait.is_none()) {
        return;
    }
    out.push_str("\n### Who waits on whom\n\n");
    for chain in waits.chains.iter().take(MOST_CHAINS) {
        let heading = if chain.deadlock { "Deadlock" } else { "Chain" };
        out.push_str(&format!("- {heading}: {}\n", text(&title(chain))));
        for line in lines(waits, chain) {
            out.push_str(&format!("  - {}\n", text(&line)));
        }
    }
    let mut all = String::new();
    body(&mut all, &report.facts, waits);
    let end = all.char_indices().map(|(at, _)| at).take_while(|at| *at <= MOST_FOLDED).last().unwrap_or(0);
    if end < all.len() && all.len() > MOST_FOLDED {
        let whole = all[..end].rfind('\n').unwrap_or(0);
        all.truncate(whole);
        all.push_str("\n… the rest: dumplens waits DUMP\n");
    }
    out.push_str(&format!("\n<details><summary>All threads</summary>\n\n{}\n</details>\n", block(&all)));
}
