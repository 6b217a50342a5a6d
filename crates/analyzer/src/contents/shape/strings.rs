//! Characters of what consists of text or of strings, for those who ask for them.

use dumplens_core::{Memory, Width, Window};

use super::super::kinds::ShapeKind;
use super::super::model::ShapeReport;
use super::super::{AHEAD, pages};
use super::elements::{self, Layout, Place};
use super::words::Around;
use super::{Extent, Looked, RUN, Shapes};

/// Bytes of text that are looked at.
const LOOKED_AT: u64 = 4 << 10;
/// Characters that are shown.
const SHOWN: usize = 80;
/// Strings of an array that are shown, and how many characters of each.
const STRINGS: usize = 4;
const OF_EACH: usize = SHOWN / STRINGS;

impl Shapes<'_, '_> {
    /// Some characters from the middle of memory whose shape is known; `None` if it is no text, and of no strings.
    pub(in super::super) fn text(&self, extent: Extent, shape: &ShapeReport, width: Width) -> Option<String> {
        let half = extent.end.saturating_sub(extent.base) / 2;
        let middle = extent.base.checked_add(half)?;
        let unit = match shape.kind {
            ShapeKind::Ascii => 1,
            ShapeKind::Utf16 => 2,
            ShapeKind::Named => return self.strings(extent, width),
            _ => return None,
        };
        let text = longest(self.memory, middle & !1, LOOKED_AT.min(half), unit)?;
        Some(text.chars().take(SHOWN).collect())
    }

    /// The first strings of an array that are not empty, in quotation marks.
    fn strings(&self, extent: Extent, width: Width) -> Option<String> {
        let half = extent.end.saturating_sub(extent.base) / 2 / pages::PAGE as u64 * pages::PAGE as u64;
        let from = extent.base.checked_add(half)?;
        let mut looked = Looked::default();
        self.run(from, RUN.min(extent.end.saturating_sub(from)), extent, width, &mut looked);
        let around = Around { lookup: self.lookup, width, own: (extent.base, extent.end) };
        let period = super::period::by_kinds(&looked.runs).map(|period| period.words);
        let mut near = Window::new(self.memory, AHEAD);
        let found = elements::find(&looked.runs, period, &around, &mut near)?;
        let places = looked.runs.iter().flat_map(|run| found.places(run, width));
        let text = |place: Place| longest(self.memory, place.at, place.bytes.min(LOOKED_AT), place.unit);
        let shown: Vec<String> = places
            .filter(|place| place.bytes > 0)
            .take(2 * STRINGS)
            .filter_map(text)
            .take(STRINGS)
            .map(|text| format!("\"{}\"", text.chars().take(OF_EACH).collect::<String>()))
            .collect();
        (found.layout != Layout::Vector && !shown.is_empty()).then(|| shown.join(" "))
    }
}

/// The longest run of printable ASCII in a piece of memory, of characters of one or two bytes.
fn longest(memory: Memory<'_>, at: u64, bytes: u64, unit: usize) -> Option<String> {
    let bytes = memory.bytes(at, memory.available(at, bytes)).ok()?;
    let printable =
        |unit: &[u8]| (0x20..0x7f).contains(&unit[0]) && unit.get(1).is_none_or(|high| *high == 0);
    let units: Vec<&[u8]> = bytes.chunks_exact(unit).collect();
    let longest = units.split(|unit| !printable(unit)).max_by_key(|run| run.len())?;
    (!longest.is_empty()).then(|| longest.iter().map(|unit| char::from(unit[0])).collect())
}
