//! .NET: the runtimes and the types of their objects.

use super::escape::{number, text};
use super::{bar, table};
use crate::facts::number::size_text;
use crate::findings::grouped;
use crate::managed::TypeReport;
use crate::render::text::holders;
use crate::render::text::managed::runtime_line;
use crate::report::Report;

/// Nothing without a runtime.
pub(super) fn managed(out: &mut String, report: &Report) {
    let Some(managed) = &report.facts.managed else { return };
    out.push_str("<section><h2>.NET</h2>\n");
    for runtime in &managed.runtimes {
        out.push_str(&format!("<p class=note>{}</p>\n", super::escape::safe(&runtime_line(runtime))));
    }
    if !managed.types.is_empty() {
        let most = managed.types.iter().map(|one| one.size_bytes).max().unwrap_or_default();
        let row = |one: &TypeReport| {
            format!(
                "<th scope=row class=text>{}</th>{}{}<td class=barcell>{}</td>",
                text(&one.name),
                number(grouped(one.count)),
                number(size_text(one.size_bytes)),
                bar(one.size_bytes, most, "")
            )
        };
        table(out, "rows", &["Type", ">Objects", ">Size", ""], managed.types.iter().map(row));
    }
    if let Some(held) = managed.holders.as_deref() {
        for (title, rows) in
            [("Held by", holders::rows(held)), ("How the largest types are held", holders::paths(held))]
        {
            if rows.is_empty() {
                continue;
            }
            let cells = |(objects, bytes, by): &holders::Row| {
                format!(
                    "<th scope=row class=text>{}</th>{}{}",
                    text(by),
                    number(grouped(*objects)),
                    number(size_text(*bytes))
                )
            };
            table(out, "", &[title, ">Objects", ">Size"], rows.iter().map(cells));
        }
    }
    out.push_str("</section>\n");
}
