//! The table of signatures.

use std::path::Path;

use dumplens_analyzer::render::{escape, number};

use super::groups::{Group, Groups};
use super::row::Row;
use crate::page::Page;
use dumplens_scan::Failure;

/// Characters that a cell of hostile text may have.
const WIDEST: usize = 60;

/// A table whose columns are as wide as what they hold, up to a bound that wider cells pass; the last column is not padded.
pub(crate) fn columns<const N: usize>(head: [&str; N], rows: &[[String; N]], right: &[usize]) -> String {
    let width = |n: usize| {
        let cells = rows.iter().map(|row| row[n].chars().count());
        cells.chain([head[n].chars().count()]).filter(|width| *width <= WIDEST).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut out = String::new();
    for row in std::iter::once(&head.map(str::to_owned)).chain(rows) {
        let mut line = String::new();
        for (n, cell) in row.iter().enumerate() {
            let fill = " ".repeat(widths[n].saturating_sub(cell.chars().count()));
            let (before, after) = if right.contains(&n) { (fill.as_str(), "") } else { ("", fill.as_str()) };
            line += &format!("{before}{cell}{after}  ");
        }
        out += line.trim_end();
        out.push('\n');
    }
    out
}

/// The signatures, most frequent first; then the files that failed, and how many there were of what.
pub(crate) fn table(groups: &Groups, page: Page) -> String {
    let mut rows: Vec<[String; 10]> = groups.sorted().into_iter().map(group).collect();
    let piece = page.cut(&mut rows);
    if groups.others > 0 {
        let dash = || "-".to_owned();
        let what = "(further signatures)".to_owned();
        let mut row = std::array::from_fn(|_| dash());
        (row[0], row[1]) = (groups.others.to_string(), what);
        rows.push(row);
    }
    let head = [
        "Count",
        "Verdict",
        "Requested",
        "Cause",
        "Module",
        "Signature",
        "First seen",
        "Last seen",
        "Version",
        "Newest",
    ];
    let mut out = if rows.is_empty() { String::new() } else { columns(head, &rows, &[0, 2]) + "\n" };
    for (path, failure) in &groups.named {
        out += &self::failure(path, failure);
    }
    let unnamed = groups.failures() - groups.named.len() as u64;
    if unnamed > 0 {
        out += &format!("failed: and {unnamed} more; --jsonl and --csv list them\n");
    }
    if !groups.named.is_empty() {
        out.push('\n');
    }
    out + &sum(groups) + "\n" + &piece.note("signatures")
}

/// `400 dumps (390 known to the store), 6 signatures, 2 failed`
pub(crate) fn sum(groups: &Groups) -> String {
    let plural = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let known = match groups.known {
        0 => String::new(),
        known => format!(" ({known} known to the store)"),
    };
    let signatures = plural(groups.sorted().len() as u64, "signature");
    let more = if groups.others > 0 { " and more" } else { "" };
    format!("{}{known}, {signatures}{more}, {} failed", plural(groups.dumps, "dump"), groups.failures())
}

/// `2 of 400 files failed: 1 not_a_dump, 1 timed_out`; `None` if none did.
pub(crate) fn failed(groups: &Groups) -> Option<String> {
    let failures = groups.failures();
    let parts: Vec<String> =
        groups.failed.iter().map(|(code, count)| format!("{count} {}", code.name())).collect();
    let all = groups.dumps + failures;
    (failures > 0).then(|| format!("{failures} of {all} files failed: {}", parts.join(", ")))
}

fn group(group: &Group) -> [String; 10] {
    let newest = &group.newest;
    let requested = match group.requested {
        None => "-".to_owned(),
        Some((least, most)) if number::size_text(least) == number::size_text(most) => number::size_text(most),
        Some((least, most)) => format!("{} .. {}", number::size_text(least), number::size_text(most)),
    };
    [
        group.count.to_string(),
        verdict(newest),
        requested,
        newest.cause.as_deref().map_or("-".to_owned(), escape::line),
        module(newest),
        escape::line(&newest.signature), // of a store that may be another's
        day(group.first_seen.as_deref()),
        day(newest.time.as_deref()),
        newest.version.as_deref().map_or("-".to_owned(), short),
        shown(&group.newest_path),
    ]
}

/// The day of a time, as people read it; JSON and rows have all of it.
pub(crate) fn day(time: Option<&str>) -> String {
    time.map_or("-".to_owned(), |time| escape::line(time).chars().take(10).collect())
}

/// A file without a report, on one line.
pub(crate) fn failure(path: &Path, failure: &Failure) -> String {
    format!("failed: {}: {}: {}\n", shown(path), failure.code.name(), escape::line(&failure.message))
}

/// A dump on one line, for `watch`.
pub(crate) fn line(path: &Path, row: &Row) -> String {
    let requested = row.requested_bytes.map_or_else(|| "-".to_owned(), number::size_text);
    let cause = row.cause.as_deref().map_or("-".to_owned(), escape::line);
    let signature = escape::line(&row.signature);
    format!("{signature}  {}  {requested}  {cause}  {}  {}\n", verdict(row), module(row), shown(path))
}

/// `cpp_exception std::runtime_error`
pub(crate) fn verdict(row: &Row) -> String {
    let what = row.what.as_deref().map(|what| format!(" {what}")).unwrap_or_default();
    short(&format!("{}{what}", row.kind))
}

/// The function where symbols told, else module and offset.
pub(crate) fn module(row: &Row) -> String {
    let module = row.module.as_deref().unwrap_or("-");
    let name = module.split('+').next().unwrap_or_default();
    let function = row.function.as_deref().map(|function| format!("{name}!{function}"));
    short(&function.unwrap_or_else(|| module.to_owned()))
}

/// Safe to show, and no wider than a column.
fn short(text: &str) -> String {
    let line = escape::line(text);
    match line.char_indices().nth(WIDEST) {
        None => line,
        Some(_) => line.chars().take(WIDEST - 1).chain(['…']).collect(),
    }
}

fn shown(path: &Path) -> String {
    crate::open::shown(path)
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn a_cell_of_any_length_stands_out_of_its_column() {
        let long = "x".repeat(70_000);
        let rows = [[long.clone(), "1".to_owned()], ["ab".to_owned(), "2".to_owned()]];
        let expected = format!("Name  N\n{long}  1\nab    2\n");
        assert_eq!(columns(["Name", "N"], &rows, &[]), expected);
    }
}
