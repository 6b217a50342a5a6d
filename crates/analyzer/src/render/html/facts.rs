//! What file, what machine, what process; and the numbers that a person looks at first.

use super::escape::safe;
use crate::facts::number::size_text;
use crate::render::escape::lines;
use crate::render::text::exception::cpp;
use crate::render::text::summary::head_lines;
use crate::report::Report;

/// The tiles, then the list.
pub(super) fn facts(out: &mut String, report: &Report) {
    let mut tiles = String::new();
    for (name, bytes, class) in self::tiles(report) {
        if let Some(bytes) = bytes {
            let bytes = size_text(bytes);
            tiles += &format!("<div class=\"tile{class}\"><dt>{name}</dt><dd>{bytes}</dd></div>");
        }
    }
    if !tiles.is_empty() {
        out.push_str(&format!("<dl class=tiles>{tiles}</dl>\n"));
    }
    let mut rows = head_lines(report);
    let thrown = report.facts.exception.as_ref().and_then(|exception| exception.cpp.as_ref());
    rows.extend(thrown.map(|thrown| ("Thrown", cpp(thrown))));
    rows.extend(report.facts.process.command_line.as_deref().map(|line| ("Command", lines(line))));
    out.push_str("<section><h2>Dump</h2>\n<dl class=facts>\n");
    for (label, lines) in rows.iter().filter(|(_, lines)| !lines.is_empty()) {
        let lines: Vec<String> = lines.iter().map(|line| safe(line)).collect();
        out.push_str(&format!("<dt>{label}</dt><dd>{}</dd>\n", lines.join("<br>")));
    }
    out.push_str("</dl></section>\n");
}

/// Name, bytes, and a class for the one that the others are compared with.
fn tiles(report: &Report) -> Vec<(&'static str, Option<u64>, &'static str)> {
    let memory = &report.facts.memory;
    let asked = report.verdict.as_ref().and_then(|verdict| verdict.allocation.as_ref());
    let system = report.facts.system.memory.as_ref();
    let left = system.and_then(|m| m.commit_limit_bytes?.checked_sub(m.commit_bytes?));
    let private = report.facts.process.counters.as_ref().and_then(|c| c.private_bytes);
    vec![
        ("Requested", asked.map(|asked| asked.requested_bytes), " asked"),
        ("Largest free region", memory.largest_free.map(|place| place.size_bytes), ""),
        ("Free", memory.free_bytes, ""),
        ("Committed", memory.commit_bytes, ""),
        ("Reserved", memory.reserve_bytes, ""),
        ("Private commit", private.or(memory.private_commit_estimate_bytes), ""),
        ("System commit left", left, ""),
    ]
}
