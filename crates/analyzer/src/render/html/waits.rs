//! Who waits on whom: each chain as a small drawing and in words, then every thread.

use super::escape::{self, safe, text};
use super::table;
use crate::facts::ThreadReport;
use crate::render::text::waits::{lines, title};
use crate::report::Report;
use crate::waits::{ChainReport, ThreadWaitReport, WaitReport, WaitsReport, words};

/// Chains that are drawn.
const MOST_CHAINS: usize = 20;
/// Threads of one drawing.
const MOST_BOXES: usize = 8;
/// Threads in the table.
const MOST_ROWS: usize = 2_000;

/// The section; nothing where waits were not looked for.
pub(super) fn waits(out: &mut String, report: &Report) {
    let Some(waits) = report.facts.waits.as_deref() else { return };
    if waits.threads.iter().all(|thread| thread.wait.is_none()) {
        return;
    }
    out.push_str("<section id=waits><h2>Who waits on whom</h2>\n");
    for chain in waits.chains.iter().take(MOST_CHAINS) {
        self::chain(out, waits, chain);
    }
    if waits.chains.len() > MOST_CHAINS {
        let more = waits.chains.len() - MOST_CHAINS;
        out.push_str(&format!("<p class=note>{more} more chains: dumplens waits DUMP --format json</p>\n"));
    }
    let waiting = waits.threads.iter().filter(|thread| thread.wait.is_some()).count();
    out.push_str(&format!("<details><summary>{waiting} of {} threads wait</summary>\n", waits.threads.len()));
    let rows = waits.threads.iter().zip(&report.facts.threads).take(MOST_ROWS);
    table(out, "", &["Id", "Waits for", "In", ">Processor time"], rows.map(|(thread, of)| row(thread, of)));
    out.push_str("</details></section>\n");
}

fn row(thread: &ThreadWaitReport, of: &ThreadReport) -> String {
    let what = thread.wait.as_deref().map(|wait: &WaitReport| words::wait(wait));
    let time = thread.processor_ms.map(|ms| format!("{:.3} s", f64::from(ms) / 1000.0)).unwrap_or_default();
    format!(
        "<th scope=row>{:#x}</th>{}{}<td class=n>{time}</td>",
        thread.id,
        escape::words(what.as_deref().unwrap_or_default()),
        escape::words(of.place().as_deref().unwrap_or_default()),
    )
}

fn chain(out: &mut String, waits: &WaitsReport, chain: &ChainReport) {
    let heading = if chain.deadlock { "Deadlock" } else { "Chain" };
    out.push_str(&format!("<h3>{heading}: {}</h3>\n", text(&title(chain))));
    if !chain.links.is_empty() {
        drawing(out, chain);
    }
    let lines = lines(waits, chain).into_iter().map(|line| format!("<li>{}</li>", text(&line)));
    out.push_str(&format!("<ul>{}</ul>\n", lines.collect::<String>()));
}

/// Boxes in a row, an arrow from each to the next with what stands between them, and of a circle one back to the first.
fn drawing(out: &mut String, chain: &ChainReport) {
    const STEP: usize = 190;
    const BOX: usize = 90;
    let boxes = chain.threads.len().min(MOST_BOXES);
    let whole = boxes == chain.threads.len();
    let (width, height) = (STEP * boxes, if chain.deadlock { 86 } else { 48 });
    out.push_str(&format!(
        "<div class=scroll><svg role=img aria-label=\"{}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         fill=\"none\" stroke=\"currentColor\" font-size=\"12\">",
        text(&title(chain))
    ));
    for (n, id) in chain.threads.iter().take(boxes).enumerate() {
        let x = STEP * n + 1;
        out.push_str(&format!(
            "<rect x=\"{x}\" y=\"8\" width=\"{BOX}\" height=\"30\" rx=\"4\" /><text x=\"{}\" y=\"28\" \
             text-anchor=\"middle\" fill=\"currentColor\" stroke=\"none\">{id:#x}</text>",
            x + BOX / 2
        ));
    }
    for (n, link) in chain.links.iter().take(boxes.saturating_sub(usize::from(whole))).enumerate() {
        let (from, to) = (STEP * n + BOX + 1, STEP * (n + 1) - 3);
        let dashes = if link.proven { "" } else { " stroke-dasharray=\"4 3\"" };
        out.push_str(&format!(
            "<path d=\"M{from} 23H{to}m-6 -4l6 4l-6 4\"{dashes} /><text x=\"{}\" y=\"16\" text-anchor=\"middle\" \
             fill=\"currentColor\" stroke=\"none\">{}</text>",
            from.midpoint(to),
            safe(&short(&link.via.kind))
        ));
    }
    if let Some(back) = chain.links.last().filter(|_| chain.deadlock && whole) {
        let (from, to) = (STEP * (boxes - 1) + 1 + BOX / 2, 1 + BOX / 2);
        out.push_str(&format!(
            "<path d=\"M{from} 38V66H{to}V40m-4 6l4 -6l4 6\" /><text x=\"{}\" y=\"80\" text-anchor=\"middle\" \
             fill=\"currentColor\" stroke=\"none\">{}</text>",
            from.midpoint(to),
            safe(&short(&back.via.kind))
        ));
    }
    out.push_str("</svg></div>\n");
}

/// A type's name, as long as an arrow.
fn short(kind: &str) -> String {
    crate::render::escape::line(kind).chars().take(15).collect()
}
