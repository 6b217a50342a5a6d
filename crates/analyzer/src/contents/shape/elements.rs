//! Elements of types whose layout is known: strings and vectors of the C++ libraries.
//!
//! What proves it: the rule that the library keeps for each of them, in 95 of 100 elements, and in enough of them more than a
//! rule that any numbers could keep: a text that ends exactly where the size says, or a pointer to the string's own buffer.
//! What fools it: nothing seen so far; empty strings prove nothing, and are described as columns.

use dumplens_core::{Width, Window};

use super::Run;
use super::words::Around;

/// Elements that are looked at.
const LOOKED_AT: usize = 512;
/// Elements that are followed to their text.
const FOLLOWED: usize = 16;
/// The fewest that prove anything.
const LEAST: usize = 24;
/// Bytes of the buffer inside a string of MSVC's library, and of GNU's.
const BUFFER: usize = 16;

/// A type whose layout is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// MSVC's `std::string`: buffer or pointer (16 bytes), size, capacity; short up to a capacity of 15.
    MsvcString,
    /// MSVC's `std::wstring`: the same with characters of two bytes; short up to a capacity of 7.
    MsvcWide,
    /// GNU's `std::string`: pointer, size, buffer or capacity (16 bytes).
    GnuString,
    /// `std::vector` of either library: begin, end, end of the storage.
    Vector,
}

impl Layout {
    pub(super) const ALL: [Layout; 4] =
        [Layout::MsvcString, Layout::MsvcWide, Layout::GnuString, Layout::Vector];

    pub(super) fn name(self) -> &'static str {
        match self {
            Layout::MsvcString | Layout::GnuString => "std::string",
            Layout::MsvcWide => "std::wstring",
            Layout::Vector => "std::vector",
        }
    }

    /// What it consists of.
    pub(super) fn parts(self) -> &'static str {
        match self {
            Layout::MsvcString | Layout::MsvcWide => "16 bytes of text or a pointer, size, capacity",
            Layout::GnuString => "pointer, size, 16 bytes of text or a capacity",
            Layout::Vector => "pointers to begin, end and end of the storage",
        }
    }

    /// Words of it.
    fn words(self, width: Width) -> usize {
        let word = width.bytes();
        match self {
            Layout::Vector => 3,
            _ => BUFFER / word + 2,
        }
    }
}

/// What a type was found as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Match {
    pub(super) layout: Layout,
    /// Words of an element.
    pub(super) words: usize,
    /// Words from where elements are counted from to the first.
    pub(super) offset: usize,
    /// Whether the element has more than the type.
    pub(super) inside: bool,
    /// The share of elements that are not all zero and are so.
    pub(super) share: f64,
}

/// Where the text of a string lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) at: u64,
    pub(super) bytes: u64,
    /// Bytes of a character.
    pub(super) unit: usize,
}

impl Match {
    /// The texts of the strings in a run; of vectors, none.
    pub(super) fn places(self, run: &Run, width: Width) -> impl Iterator<Item = Place> {
        let elements = elements(run, (self.words, self.offset), width);
        elements.filter_map(move |(at, element)| self.layout.text(element, at, width))
    }
}

/// What one element says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// It is none.
    No,
    /// It may be one, as other things may.
    Fits,
    /// It could hardly be anything else.
    Proves,
    /// It fits; where to look for more: a text that must end there, its unit's bytes.
    Follow { end: u64, unit: u64 },
}

/// The elements of a run, each with its address: of so many words, the first so many words behind where they are counted
/// from. The last one may be cut off.
pub(super) fn elements(
    run: &Run,
    (words, offset): (usize, usize),
    width: Width,
) -> impl ExactSizeIterator<Item = (u64, &[u64])> {
    let first = (offset + words - run.first % words) % words;
    let elements = run.values.get(first..).unwrap_or_default().chunks(words);
    let address = move |n: usize| run.address + ((first + n * words) * width.bytes()) as u64;
    elements.enumerate().map(move |(n, element)| (address(n), element))
}

/// The first type that the runs prove, as elements of the size given, or of its own.
pub(super) fn find(
    runs: &[Run],
    period: Option<usize>,
    around: &Around<'_>,
    near: &mut Window<'_>,
) -> Option<Match> {
    let own = Layout::ALL.into_iter().map(|layout| (layout, layout.words(around.width)));
    let of_period = period.into_iter().flat_map(|words| {
        Layout::ALL.into_iter().filter(move |l| l.words(around.width) < words).map(move |l| (l, words))
    });
    let mut tried = own.chain(of_period);
    tried.find_map(|(layout, words)| {
        (0..words).find_map(|phase| test(runs, (layout, words, phase), around, near))
    })
}

fn test(
    runs: &[Run],
    (layout, words, phase): (Layout, usize, usize),
    around: &Around<'_>,
    near: &mut Window<'_>,
) -> Option<Match> {
    let size = layout.words(around.width);
    let (mut all, mut fit, mut proved) = (0usize, 0usize, 0usize);
    let mut follow = Vec::new();
    let each = LOOKED_AT / runs.len().max(1) + 1;
    for run in runs {
        let elements = elements(run, (words, phase), around.width);
        // All over a run, not at its start alone.
        let step = (elements.len() / each).max(1);
        for (at, element) in elements.step_by(step) {
            let Some(element) = element.get(..size).filter(|of| of.iter().any(|word| *word != 0)) else {
                continue;
            };
            all += 1;
            match layout.says(element, at, around) {
                Says::No => {}
                Says::Fits => fit += 1,
                Says::Proves => (fit, proved) = (fit + 1, proved + 1),
                Says::Follow { end, unit } => {
                    fit += 1;
                    follow.push((end, unit));
                }
            }
            if all == LEAST && fit * 2 < all {
                return None;
            }
        }
    }
    if all < LEAST || fit * 100 < all * 95 {
        return None;
    }
    let (kept, ends) = followed(&follow, near);
    if ends * 10 < kept * 9 {
        return None;
    }
    let is_vector = layout == Layout::Vector;
    let enough = if is_vector { follow.len() >= LEAST } else { proved >= LEAST || ends >= FOLLOWED / 2 };
    let inside = size < words;
    enough.then_some(Match { layout, words, offset: phase, inside, share: fit as f64 / all as f64 })
}

/// Of texts that end where their size says, how many the dump keeps, and how many do: a zero stands there, and none before.
fn followed(follow: &[(u64, u64)], near: &mut Window<'_>) -> (usize, usize) {
    let step = (follow.len() / FOLLOWED).max(1);
    let (mut kept, mut ends) = (0, 0);
    for (end, unit) in follow.iter().step_by(step).filter(|(_, unit)| *unit > 0) {
        let Some(start) = end.checked_sub(4 * unit) else { continue };
        let Some(bytes) = usize::try_from(5 * unit).ok().and_then(|len| near.get(start, len)) else {
            continue;
        };
        kept += 1;
        let mut units = bytes.chunks(usize::try_from(*unit).unwrap_or(1));
        let zero = |unit: &[u8]| unit.iter().all(|byte| *byte == 0);
        let before = units.by_ref().take(4).all(|unit| !zero(unit));
        ends += usize::from(before && units.next().is_some_and(zero));
    }
    (kept, ends)
}

impl Layout {
    fn says(self, element: &[u64], at: u64, around: &Around<'_>) -> Says {
        match self {
            Layout::MsvcString => msvc(element, 1, around),
            Layout::MsvcWide => msvc(element, 2, around),
            Layout::GnuString => gnu(element, at, around),
            Layout::Vector => vector(element, around),
        }
    }
}

impl Layout {
    /// The text of a string; `None` of what is none.
    fn text(self, element: &[u64], at: u64, width: Width) -> Option<Place> {
        let buffer = BUFFER / width.bytes();
        let pointer = *element.first()?;
        let msvc = |unit: usize| {
            let (size, capacity) = (*element.get(buffer)?, *element.get(buffer + 1)?);
            let at = if capacity < (BUFFER / unit) as u64 { at } else { pointer };
            Some(Place { at, bytes: size.checked_mul(unit as u64)?, unit })
        };
        match self {
            Layout::MsvcString => msvc(1),
            Layout::MsvcWide => msvc(2),
            Layout::GnuString => Some(Place { at: pointer, bytes: *element.get(1)?, unit: 1 }),
            Layout::Vector => None,
        }
    }
}

/// Bytes of some words.
fn bytes(words: &[u64], width: Width) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes().into_iter().take(width.bytes())).collect()
}

/// Whether so many units of a buffer are text, and a zero follows.
fn is_text(buffer: &[u8], units: usize, unit: usize) -> bool {
    let zero = |unit: &[u8]| unit.iter().all(|byte| *byte == 0);
    let mut all = buffer.chunks(unit);
    all.by_ref().take(units).all(|unit| !zero(unit)) && all.next().is_some_and(zero)
}

fn msvc(element: &[u64], unit: usize, around: &Around<'_>) -> Says {
    let buffer = BUFFER / around.width.bytes();
    let (Some(text), Some([size, capacity])) = (element.get(..buffer), element.get(buffer..)) else {
        return Says::No;
    };
    let short = (BUFFER / unit - 1) as u64;
    let pointer = text.first().copied().unwrap_or(0);
    if size > capacity || *capacity < short || *capacity > 1 << 40 {
        return Says::No;
    }
    if *capacity == short {
        let units = usize::try_from(*size).unwrap_or(BUFFER);
        let fits = is_text(&bytes(text, around.width), units, unit);
        return match (fits, units) {
            (false, _) => Says::No,
            (true, 0) => Says::Fits,
            (true, _) => Says::Proves,
        };
    }
    let end = pointer.checked_add(size * unit as u64);
    match end.filter(|_| around.lookup.is_private(pointer)) {
        None => Says::No,
        Some(end) if *size >= 4 => Says::Follow { end, unit: unit as u64 },
        Some(_) => Says::Fits,
    }
}

fn gnu(element: &[u64], at: u64, around: &Around<'_>) -> Says {
    let word = around.width.bytes() as u64;
    let [pointer, size, buffer @ ..] = element else { return Says::No };
    if *pointer == at + 2 * word {
        let units = usize::try_from(*size).unwrap_or(BUFFER);
        let fits = *size < BUFFER as u64 && is_text(&bytes(buffer, around.width), units, 1);
        return if fits { Says::Proves } else { Says::No };
    }
    let capacity = buffer.first().copied().unwrap_or(0);
    if capacity < BUFFER as u64 || *size > capacity || capacity > 1 << 40 {
        return Says::No;
    }
    match pointer.checked_add(*size).filter(|_| around.lookup.is_private(*pointer)) {
        None => Says::No,
        Some(end) if *size >= 4 => Says::Follow { end, unit: 1 },
        Some(_) => Says::Fits,
    }
}

/// Three ascending addresses of one allocation; what they bound must be a block, which the caller finds out.
fn vector(element: &[u64], around: &Around<'_>) -> Says {
    let [begin, end, limit] = element else { return Says::No };
    let ascends = begin <= end && end <= limit && begin < limit;
    let near = limit.wrapping_sub(*begin) <= 1 << 32;
    let aligned = begin.is_multiple_of(around.width.bytes() as u64 * 2);
    let there = || around.lookup.is_private(*begin) && around.lookup.is_private(*limit - 1);
    if ascends && near && aligned && there() { Says::Follow { end: *begin, unit: 0 } } else { Says::No }
}
