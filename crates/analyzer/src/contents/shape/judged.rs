//! The verdict about a shape, from the kinds of its pages and words.

use dumplens_core::Width;

use super::super::kinds::{PageKind, ShapeKind};
use super::super::model::ShapeReport;
use super::elements::Match;
use super::words::Word;
use super::{Looked, Run, period, pixels};

/// The share of pages, or of words, that makes them all alike.
const NEARLY_ALL: f64 = 0.9;

/// What was found, before it is written down.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) kind: ShapeKind,
    pub(super) name: Option<String>,
    pub(super) element: Option<u64>,
    pub(super) share: f64,
    pub(super) chance: Option<f64>,
    pub(super) columns: Vec<String>,
}

impl Default for Judged {
    fn default() -> Self {
        let (name, element, share, chance, columns) = (None, None, 1.0, None, Vec::new());
        Judged { kind: ShapeKind::Mixed, name, element, share, chance, columns }
    }
}

impl Judged {
    pub(super) fn of(self, looked: &Looked) -> ShapeReport {
        let used = looked.kinds.iter().filter(|kind| **kind != PageKind::Zero).count();
        ShapeReport {
            kind: self.kind,
            name: self.name,
            element_bytes: self.element,
            share: rounded(self.share),
            share_by_chance: self.chance.map(rounded),
            columns: self.columns,
            used_share: rounded(used as f64 / looked.kinds.len().max(1) as f64),
            read_bytes: looked.bytes,
        }
    }
}

/// Three decimals: more would be made up.
pub(super) fn rounded(share: f64) -> f64 {
    (share * 1000.0).round() / 1000.0
}

/// By the kind of nearly all pages that are not zero.
pub(super) fn by_pages(looked: &Looked) -> Option<Judged> {
    let used: Vec<PageKind> = looked.kinds.iter().copied().filter(|kind| *kind != PageKind::Zero).collect();
    if used.is_empty() {
        return Some(Judged { kind: ShapeKind::Zero, ..Judged::default() });
    }
    let kinds = [
        (PageKind::Fill, ShapeKind::Fill),
        (PageKind::Ascii, ShapeKind::Ascii),
        (PageKind::Utf8, ShapeKind::Utf8),
        (PageKind::Utf16, ShapeKind::Utf16),
        (PageKind::Random, ShapeKind::Random),
    ];
    kinds.into_iter().find_map(|(page, kind)| {
        let share = used.iter().filter(|kind| **kind == page).count() as f64 / used.len() as f64;
        (share >= NEARLY_ALL).then(|| Judged { kind, share, ..Judged::default() })
    })
}

/// Pixels and arrays of numbers.
pub(super) fn by_numbers(runs: &[Run], width: Width) -> Option<Judged> {
    let judged = |kind, share| Judged { kind, share, ..Judged::default() };
    if let Some(share) = pixels::pixels(runs, width) {
        return Some(Judged { element: Some(4), ..judged(ShapeKind::Pixels, share) });
    }
    match (pixels::doubles(runs, width), pixels::floats(runs, width)) {
        // Two floats are a double too; whole numbers of type double have zeros in their lower halves.
        (Some(_), Some(share)) if pixels::is_dense(runs, width) => Some(judged(ShapeKind::Floats, share)),
        (Some(share), _) => Some(judged(ShapeKind::Doubles, share)),
        (None, floats) => floats.map(|share| judged(ShapeKind::Floats, share)),
    }
}

/// By one kind of word, or by how values differ.
pub(super) fn by_words(runs: &[Run], width: Width) -> Option<Judged> {
    let one = period::columns(runs, 1)?;
    let words = period::by_values(runs);
    if let Some(words) = words {
        let found = period::columns(runs, words).filter(|found| says_something(&found.columns))?;
        return Some(Judged {
            kind: ShapeKind::Columns,
            element: Some((words * width.bytes()) as u64),
            share: found.score,
            chance: Some(one.score),
            columns: merged(&found.columns, width),
            ..Judged::default()
        });
    }
    let word = one.columns.first()?;
    let kind = match word {
        Word::Ascii => ShapeKind::Ascii,
        Word::Utf16 => ShapeKind::Utf16,
        _ => ShapeKind::Words,
    };
    (one.score >= NEARLY_ALL).then(|| Judged {
        kind,
        share: one.score,
        columns: vec![word.title().to_owned()],
        ..Judged::default()
    })
}

pub(super) fn named(found: &Match, width: Width) -> Judged {
    let mut columns = vec![found.layout.parts().to_owned()];
    if found.inside {
        columns.push("and more".to_owned());
    }
    Judged {
        kind: ShapeKind::Named,
        name: Some(found.layout.name().to_owned()),
        element: Some((found.words * width.bytes()) as u64),
        share: found.share,
        columns,
        ..Judged::default()
    }
}

/// Whether any column has more than zeros.
pub(super) fn says_something(columns: &[Word]) -> bool {
    columns.iter().any(|column| *column != Word::Zero)
}

/// The kinds of columns, in order from the start of the allocation or block; equal neighbours are combined.
pub(super) fn merged(columns: &[Word], width: Width) -> Vec<String> {
    let mut runs: Vec<(Word, usize)> = Vec::new();
    for word in columns {
        match runs.last_mut() {
            Some((kind, times)) if kind == word => *times += 1,
            _ => runs.push((*word, 1)),
        }
    }
    let title = |(word, times): &(Word, usize)| match (word, times) {
        (Word::Ascii | Word::Utf16, times) => format!("{} bytes of {}", times * width.bytes(), word.title()),
        (_, 1) => word.title().to_owned(),
        (_, times) => format!("{times} × {}", word.title()),
    };
    runs.iter().map(title).collect()
}
