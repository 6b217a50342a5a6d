//! Strings for HTML: what acts on a reader goes through [`escape`], what acts on a browser becomes an entity.

use std::fmt::Display;

use crate::render::escape;

/// Text between tags, or in a quoted attribute.
pub(super) fn text(text: &str) -> String {
    safe(&escape::line(text))
}

/// As [`text`], for lines that another renderer has made safe for people. What acts on them is not let through either.
pub(super) fn safe(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if escape::is_unsafe(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// A string that may be missing.
pub(super) fn maybe(value: Option<&str>) -> String {
    value.map(text).unwrap_or_default()
}

/// JSON inside a script element, which only `</script` or `<!--` could leave: no `<` is left in it.
pub(super) fn island(json: &str) -> String {
    json.replace('<', "\\u003c")
}

/// A cell of words, which may be long: its column keeps a width, and the words wrap in it.
pub(super) fn words(line: &str) -> String {
    format!("<td class=text>{}</td>", text(line))
}

/// A cell of numbers.
pub(super) fn number(value: impl Display) -> String {
    format!("<td class=n>{}</td>", text(&value.to_string()))
}
