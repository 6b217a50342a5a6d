//! Lists in pieces: at most a number of entries of each, and the offset at which the list continues. `--limit` and
//! `--offset` of commands, and the cursors of `mcp`.

use std::num::NonZeroUsize;

use dumplens_analyzer::Facts;
use serde::Serialize;
use serde_json::{Map, Value};

/// A part of each list
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct Page {
    /// Show at most this many entries of the list
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<NonZeroUsize>,
    /// Skip this many entries first, if the list is longer than the limit
    #[arg(long, value_name = "N", default_value = "0", requires = "limit")]
    pub(crate) offset: usize,
}

/// What of a list is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    /// The first entry, and the one behind the last.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// How many there are.
    pub(crate) of: usize,
}

impl Piece {
    /// The offset at which the rest begins.
    pub(crate) fn next(self) -> Option<usize> {
        (self.to < self.of).then_some(self.to)
    }

    /// What a text says behind a list of which it shows a part.
    pub(crate) fn note(self, what: &str) -> String {
        let next = self.next().map(|next| format!("; --offset {next} shows the next")).unwrap_or_default();
        if self.to - self.from == self.of {
            return String::new();
        }
        let shown = self.to - self.from;
        format!("\n{shown} of {} {what}, from offset {}{next}\n", self.of, self.from)
    }
}

/// Where a list goes on of which it is not known how long it is, or whose length has no place beside its rows.
pub(crate) fn more(what: &str, next: usize) -> String {
    format!("more {what}: --offset {next} shows the next\n")
}

impl Page {
    /// The piece of a list of this length. A list that is no longer than a piece is part of every one.
    pub(crate) fn of(self, length: usize) -> Piece {
        match self.limit.map(NonZeroUsize::get).filter(|limit| length > *limit) {
            None => Piece { from: 0, to: length, of: length },
            Some(limit) => {
                let from = self.offset.min(length);
                Piece { from, to: from.saturating_add(limit).min(length), of: length }
            }
        }
    }

    /// Leaves the piece.
    pub(crate) fn cut<T>(self, list: &mut Vec<T>) -> Piece {
        let piece = self.of(list.len());
        list.truncate(piece.to);
        list.drain(..piece.from);
        piece
    }

    /// Leaves the pieces of a report's lists.
    pub(crate) fn cut_facts(self, facts: &mut Facts) -> Pieces {
        Pieces {
            threads: self.cut(&mut facts.threads),
            modules: self.cut(&mut facts.modules),
            unloaded: self.cut(&mut facts.unloaded_modules),
            heaps: self.cut(&mut facts.heaps),
        }
    }

    /// Leaves the pieces of every list in the first two levels; the offset of what is behind them.
    pub(crate) fn cut_json(self, answer: &mut Map<String, Value>) -> Option<usize> {
        let mut next = None;
        for value in answer.values_mut() {
            match value {
                Value::Array(list) => next = next.max(self.cut(list).next()),
                Value::Object(fields) => {
                    for list in fields.values_mut().filter_map(Value::as_array_mut) {
                        next = next.max(self.cut(list).next());
                    }
                }
                _ => {}
            }
        }
        next
    }
}

/// What is shown of a report's lists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pieces {
    pub(crate) threads: Piece,
    pub(crate) modules: Piece,
    pub(crate) unloaded: Piece,
    pub(crate) heaps: Piece,
}

/// An answer, and where its list goes on.
#[derive(Debug, Serialize)]
pub(crate) struct Paged<T> {
    #[serde(flatten)]
    pub(crate) answer: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_offset: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pieces_are_the_whole() {
        let whole = json!({ "n": 1, "rows": (0..25).collect::<Vec<_>>(), "of": { "short": [1, 2], "long": (0..12).collect::<Vec<_>>() } });
        let (mut rows, mut long, mut offset) = (Vec::new(), Vec::new(), Some(0));
        while let Some(from) = offset {
            let mut piece = whole.as_object().unwrap().clone();
            offset = Page { limit: NonZeroUsize::new(10), offset: from }.cut_json(&mut piece);
            rows.extend(piece["rows"].as_array().unwrap().clone());
            long.extend(piece["of"]["long"].as_array().unwrap().clone());
            assert_eq!(piece["of"]["short"], json!([1, 2]));
        }
        assert_eq!((json!(rows), json!(long)), (whole["rows"].clone(), whole["of"]["long"].clone()));
    }

    #[test]
    fn a_piece_says_what_it_is_of() {
        let page = |limit, offset| Page { limit: NonZeroUsize::new(limit), offset };
        let cut = |page: Page, length: usize| {
            let mut list: Vec<usize> = (0..length).collect();
            let piece = page.cut(&mut list);
            (list, piece.next(), piece.note("things"))
        };
        let whole = (vec![0, 1, 2], None, String::new());
        assert_eq!(cut(Page::default(), 3), whole);
        assert_eq!(cut(page(3, 2), 3), whole, "no longer than a piece");
        let note = "\n2 of 5 things, from offset 2; --offset 4 shows the next\n".to_owned();
        assert_eq!(cut(page(2, 2), 5), (vec![2, 3], Some(4), note));
        assert_eq!(cut(page(2, 4), 5), (vec![4], None, "\n1 of 5 things, from offset 4\n".to_owned()));
        assert_eq!(cut(page(2, 9), 5), (vec![], None, "\n0 of 5 things, from offset 5\n".to_owned()));
    }
}
