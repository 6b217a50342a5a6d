//! One self-contained page: the verdict, a picture of the address space, tables and stacks.
//!
//! All text is in the HTML and can be read and printed without scripts; the files in `page/` draw the picture. Nothing
//! is fetched: the policy of the page forbids it, and allows only the one script and the one style sheet that it names
//! by hash.

mod census;
mod data;
mod escape;
mod facts;
mod free;
mod lists;
mod managed;
mod memory;
mod owners;
mod stacks;
mod treemap;
mod waits;

use super::judgement::{self, Judgement};
use crate::contents::CensusReport;
use crate::facts::SpaceMap;
use crate::report::Report;
use dumplens_core::last_name;
use escape::{safe, text};

/// How the page looks.
pub const STYLE: &str = include_str!("page.css");
/// What draws the picture.
pub const SCRIPT: &str = concat!(
    "\"use strict\";\n(() => {\n",
    include_str!("page/regions.js"),
    include_str!("page/clusters.js"),
    include_str!("page/draw.js"),
    include_str!("page/choose.js"),
    include_str!("page/parts.js"),
    include_str!("page/start.js"),
    "})();\n"
);
/// SHA-256 of [`STYLE`] in base 64, as browsers want it: lines end in a line feed. A test keeps it true.
pub const STYLE_HASH: &str = "sha256-rF/KSP/a2kdnG+n+Q39xNacxfmqS+1J1oiYZnnwYDTQ=";
/// SHA-256 of [`SCRIPT`].
pub const SCRIPT_HASH: &str = "sha256-t09OKKS7Cq3Rn5LolEGJe85LnLPHHf6xxS5tRGOCKvQ=";

/// The whole page.
pub fn page(report: &Report, map: &SpaceMap) -> String {
    let judgement = judgement::of(report);
    let mut out = String::with_capacity(256 << 10);
    head(&mut out, &report.facts.dump.path, &safe(&judgement.title));
    verdict(&mut out, &judgement);
    facts::facts(&mut out, report);
    waits::waits(&mut out, report);
    census::of_report(&mut out, report);
    picture(&mut out, map);
    memory::memory(&mut out, report);
    free::free(&mut out, report, map);
    managed::managed(&mut out, report);
    stacks::stacks(&mut out, report);
    lists::lists(&mut out, report);
    let data = data::data(report, map);
    foot(
        &mut out,
        &format!(
            "<script type=\"application/json\" id=\"data\">{data}</script>\n<script>{SCRIPT}</script>\n"
        ),
    );
    out
}

/// A page of the census alone. It has no script.
pub fn census(census: Option<&CensusReport>, path: &str, bits: u32) -> String {
    let mut out = String::with_capacity(64 << 10);
    head(&mut out, path, "What fills the memory");
    let heading = format!("<h1>What fills the memory of {}</h1>", text(last_name(path)));
    match census.filter(|census| census.private_bytes > 0) {
        Some(census) => census::section(&mut out, &heading, census, bits),
        None => {
            out.push_str(&format!(
                "{heading}\n<p>The dump has no memory map that shows private memory.</p>\n"
            ));
        }
    }
    foot(&mut out, "");
    out
}

fn foot(out: &mut String, scripts: &str) {
    out.push_str(&format!(
        "</main>\n<footer>dumplens {}. Contents of memory are not in this page.</footer>\n{scripts}</body>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    ));
}

fn head(out: &mut String, path: &str, title: &str) {
    out.push_str(&format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src '{SCRIPT_HASH}'; \
         style-src '{STYLE_HASH}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}: {title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n",
        text(last_name(path)),
    ));
}

fn verdict(out: &mut String, judgement: &Judgement) {
    out.push_str(&format!("<header>\n<h1>{}</h1>\n", safe(&judgement.title)));
    if !judgement.labels.is_empty() {
        let labels = judgement.labels.iter().map(|label| format!("<li>{}</li>", text(label)));
        out.push_str(&format!("<ul class=labels>{}</ul>\n", labels.collect::<String>()));
    }
    if !judgement.head.is_empty() {
        let rows = judgement.head.iter().map(|(label, lines)| {
            let lines: Vec<String> = lines.iter().map(|line| safe(line)).collect();
            format!("<tr><th>{label}</th><td><code>{}</code></td></tr>", lines.join("<br>"))
        });
        out.push_str(&format!("<table class=ticket>{}</table>\n", rows.collect::<String>()));
    }
    out.push_str("</header>\n");
    if judgement.steps.is_empty() && judgement.lists.is_empty() {
        return;
    }
    out.push_str("<div class=verdict>\n<section aria-label=\"Evidence\"><h2>Why</h2>\n<ol class=steps>\n");
    for step in &judgement.steps {
        out.push_str(&format!("<li>{}", safe(&step.text)));
        for [what, at, value] in &step.evidence {
            let at = if at.is_empty() { String::new() } else { format!(" at <code>{}</code>", safe(at)) };
            out.push_str(&format!(
                "<div class=evidence><span>{}{at}</span> <b>{}</b></div>",
                safe(what),
                safe(value)
            ));
        }
        if !step.windbg.is_empty() {
            out.push_str(&format!("<div class=muted>WinDbg: <code>{}</code></div>", safe(&step.windbg)));
        }
        out.push_str("</li>\n");
    }
    out.push_str("</ol></section>\n");
    if !judgement.lists.is_empty() {
        out.push_str("<aside>");
        for (heading, lines) in &judgement.lists {
            let lines = lines.iter().map(|line| format!("<li>{}</li>", safe(line)));
            out.push_str(&format!("<h2>{heading}</h2><ul>{}</ul>\n", lines.collect::<String>()));
        }
        out.push_str("</aside>");
    }
    out.push_str("</div>\n");
}

/// The picture's place; the script fills it.
fn picture(out: &mut String, map: &SpaceMap) {
    out.push_str("<section id=space>\n<h2>Address space</h2>\n");
    if map.rows.is_empty() {
        out.push_str("<p>The dump contains no regions.</p></section>\n");
        return;
    }
    owners::owners(out, map);
    let merged = map.merged_below.map(|below| {
        let (regions, below) = (map.regions, crate::facts::number::size_text(below));
        format!(" There are {regions} regions: neighbours smaller than {below} are drawn as one.")
    });
    out.push_str(&format!(
        "<h3>Every region</h3>\n<p class=note>In order of address, line by line. Width grows with the logarithm of the size, \
         and large free gaps stand between the blocks with their size. Solid is committed, hatched reserved, \
         outlined free. Regions that touch without a gap are of one allocation.{}</p>\n\
         <noscript><p class=note>The picture is drawn by a script, and scripts are off. The tables below need \
         none.</p></noscript>\n<div id=map hidden></div>\n</section>\n",
        merged.unwrap_or_default()
    ));
}

/// The class by which the style colours a usage: its letters, of `<unknown>`, `Heap64` and `GC gen0` too.
fn usage_class(name: &str) -> &'static str {
    let word = name.split(' ').next().unwrap_or_default();
    let letters = word.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
    match letters.as_str() {
        "image" => "u-image",
        "stack" => "u-stack",
        "heap" => "u-heap",
        "pageheap" => "u-pageheap",
        "teb" => "u-teb",
        "peb" => "u-peb",
        "gc" => "u-gc",
        "other" => "u-other",
        "unknown" => "u-unknown",
        _ => "",
    }
}

/// A bar as wide as its share of the widest.
fn bar(part: u64, whole: u64, class: &str) -> String {
    let share = if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 };
    format!(
        "<svg class=\"bar {class}\" aria-hidden=true><rect width=\"{share:.2}%\" height=\"100%\" rx=2 /></svg>"
    )
}

/// A table with its heads: those that begin with `>` are numbers.
fn table(out: &mut String, class: &str, heads: &[&str], rows: impl Iterator<Item = String>) {
    let heads = heads.iter().map(|head| match head.strip_prefix('>') {
        Some(head) => format!("<th scope=col class=n>{head}</th>"),
        None => format!("<th scope=col>{head}</th>"),
    });
    let rows = rows.map(|row| format!("<tr>{row}</tr>\n"));
    let (heads, rows) = (heads.collect::<String>(), rows.collect::<String>());
    out.push_str(&format!(
        "<div class=scroll><table class=\"{class}\"><thead><tr>{heads}</tr>\
         </thead>\n<tbody>{rows}</tbody></table></div>\n"
    ));
}
