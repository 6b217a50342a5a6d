//! .NET: the types of the objects.

use super::{safe, table, text};
use crate::facts::number::size_text;
use crate::findings::grouped;
use crate::managed::TypeReport;
use crate::render::text::holders;
use crate::render::text::managed::runtime_line;
use crate::report::Report;

/// Types that a ticket shows.
const MOST: usize = 15;

/// Nothing without a runtime.
pub(super) fn managed(out: &mut String, report: &Report) {
    let Some(managed) = &report.facts.managed else { return };
    out.push_str("\n### .NET\n\n");
    for runtime in &managed.runtimes {
        out.push_str(&format!("- {}\n", safe(&runtime_line(runtime))));
    }
    if !managed.types.is_empty() {
        let row = |one: &TypeReport| {
            vec![
                grouped(one.count),
                size_text(one.size_bytes),
                format!("{:.1}%", one.share * 100.0),
                text(&one.name),
            ]
        };
        let columns = [">Objects", ">Size", ">Share", "Type"];
        table(out, &columns, managed.types.iter().take(MOST).map(row));
    }
    if let Some(held) = managed.holders.as_deref() {
        for (title, rows) in
            [("Held by", holders::rows(held)), ("How the largest types are held", holders::paths(held))]
        {
            if rows.is_empty() {
                continue;
            }
            let cells =
                |(objects, bytes, by): &holders::Row| vec![grouped(*objects), size_text(*bytes), text(by)];
            table(out, &[">Objects", ">Size", title], rows.iter().map(cells));
        }
    }
}
