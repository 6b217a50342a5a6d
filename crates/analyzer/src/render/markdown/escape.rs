//! Strings out of a dump, for Markdown: none may become a heading, a table's border, a link, a mention or HTML.

use crate::render::escape;

/// Prose with strings of the dump in it. Each character that could act is escaped, whether or not it would here.
pub(super) fn text(text: &str) -> String {
    safe(&escape::line(text))
}

/// As [`text`], for lines that another renderer has made safe for people. What acts on them is not let through either.
pub(super) fn safe(safe: &str) -> String {
    let mut out = String::with_capacity(safe.len());
    for (at, c) in safe.char_indices() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A pipe ends a table's cell wherever it stands, escaped or not, depending on the reader.
            '|' => out.push_str("&#124;"),
            // Mentions are looked for after all escapes are gone, but not in code.
            '@' => out.push_str("<code>@</code>"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '$' => out.extend(['\\', c]),
            // http://, and lists: at the start of a line `-`, `+` and `1.` are marks.
            ':' if safe[at..].starts_with("://") => out.push_str("&#58;"),
            '.' | ')' if begins_item(&safe[..at], &safe[at + 1..]) => out.extend(['\\', c]),
            '.' if ends_in_www(&safe[..at]) => out.push_str("&#46;"),
            '-' | '+' | '=' if at == 0 => out.extend(['\\', c]),
            c if escape::is_unsafe(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Whether a mark between the two makes a line an item of a numbered list.
fn begins_item(before: &str, after: &str) -> bool {
    let number = !before.is_empty() && before.bytes().all(|b| b.is_ascii_digit());
    number && (after.is_empty() || after.starts_with(' '))
}

fn ends_in_www(before: &str) -> bool {
    before.as_bytes().last_chunk::<3>().is_some_and(|last| last.eq_ignore_ascii_case(b"www"))
}

/// A name as code, in a line or a table's cell. Where back-ticks would not hold it, HTML with entities does.
pub(super) fn code(text: &str) -> String {
    safe_code(&escape::line(text))
}

/// As [`code`], for lines that another renderer has made safe for people.
pub(super) fn safe_code(line: &str) -> String {
    match line.trim().is_empty() {
        true => String::new(),
        false if line.contains(|c| c == '`' || c == '|' || escape::is_unsafe(c)) => {
            format!("<code>{}</code>", entities(line))
        }
        false => format!("`{line}`"),
    }
}

/// Code inside HTML, such as the title of something folded.
pub(super) fn html_code(text: &str) -> String {
    format!("<code>{}</code>", entities(&escape::line(text)))
}

/// Everything but letters, digits and spaces as entities: nothing is left for Markdown.
fn entities(safe: &str) -> String {
    let mut out = String::with_capacity(safe.len() * 2);
    for c in safe.chars() {
        match c {
            c if c.is_ascii_punctuation() => out.push_str(&format!("&#{};", u32::from(c))),
            c if escape::is_unsafe(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Lines that are safe to show, as a block of code that none of them can end.
pub(super) fn block(lines: &str) -> String {
    let longest = lines.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", lines.trim_end())
}
