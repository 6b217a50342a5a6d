//! Who has committed most, to scale: what the picture's logarithm hides.

use super::escape::{number, text};
use super::{bar, table, usage_class};
use crate::facts::SpaceMap;
use crate::facts::number::size_text;
use crate::render::text::summary::percent;

/// A bar for each usage class that has committed memory; nothing where none has.
pub(super) fn owners(out: &mut String, map: &SpaceMap) {
    let whole = map.committed.iter().fold(0, |sum: u64, (_, bytes)| sum.saturating_add(*bytes));
    let most = map.committed.first().map(|(_, bytes)| *bytes).unwrap_or_default();
    if most == 0 {
        return;
    }
    let known = if map.complete { "" } else { ", as far as the dump shows" };
    out.push_str(&format!("<h3>Committed, to scale: {}{known}</h3>\n", size_text(whole)));
    let row = |(usage, bytes): &(String, u64)| {
        format!(
            "<th scope=row>{}</th>{}{}<td class=barcell>{}</td>",
            text(usage),
            number(size_text(*bytes)),
            number(percent(*bytes, Some(whole))),
            bar(*bytes, most, usage_class(usage))
        )
    };
    table(out, "rows owners", &["Usage", ">Size", ">Of commit", ""], map.committed.iter().map(row));
}
