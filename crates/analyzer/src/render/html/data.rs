//! The regions as the page's script reads them: columns by position, strings by number.

use std::collections::HashMap;

use serde::Serialize;

use super::escape;
use crate::facts::{MapRow, SpaceMap};
use crate::render::{escape as plain, json};
use crate::report::Report;

/// What the script gets. Addresses and sizes are hex strings: its numbers end at 2^53.
#[derive(Debug, Serialize)]
struct Data {
    bits: u32,
    strings: Vec<String>,
    /// Base (empty if it is the end of the row before), size, then numbers of strings or -1: usage, state, type,
    /// protection, detail, fact; the allocation's base (empty if it is the row's own), and how many regions it is.
    rows: Vec<Row>,
    regions: u64,
    merged_below: Option<String>,
    largest_free: Option<String>,
    request: Option<String>,
}

type Row = (String, String, i32, i32, i32, i32, i32, i32, Option<String>, u64);

/// One object, for a script element.
pub(super) fn data(report: &Report, map: &SpaceMap) -> String {
    let mut strings = Strings::default();
    let mut end = None;
    let mut rows = Vec::with_capacity(map.rows.len());
    for row in &map.rows {
        rows.push(encode(row, end, &mut strings));
        end = Some(row.region.end.0);
    }
    let asked = report.verdict.as_ref().and_then(|verdict| verdict.allocation.as_ref());
    let data = Data {
        bits: report.facts.dump.pointer_bits,
        strings: strings.list,
        rows,
        regions: map.regions,
        merged_below: map.merged_below.map(hex),
        largest_free: report.facts.memory.largest_free.map(|place| hex(place.base.0)),
        request: asked.map(|asked| hex(asked.requested_bytes)),
    };
    escape::island(&json::compact(&data))
}

fn encode(row: &MapRow, end: Option<u64>, strings: &mut Strings) -> Row {
    let region = &row.region;
    let base = if end == Some(region.base.0) { String::new() } else { hex(region.base.0) };
    let own = |base: u64| if base == region.base.0 { String::new() } else { hex(base) };
    (
        base,
        hex(region.size_bytes),
        strings.number(Some(&region.usage)),
        strings.number(Some(&region.state)),
        strings.number(region.kind.as_deref()),
        strings.number(region.protect.as_deref()),
        strings.number(region.detail.as_deref()),
        strings.number(region.fact.as_deref()),
        region.allocation_base.map(|base| own(base.0)),
        row.regions,
    )
}

fn hex(value: u64) -> String {
    format!("{value:x}")
}

/// Strings and their numbers, in order of appearance.
#[derive(Debug, Default)]
struct Strings {
    list: Vec<String>,
    numbers: HashMap<String, i32>,
}

impl Strings {
    /// The number of a string, made safe for people; -1 for none.
    fn number(&mut self, text: Option<&str>) -> i32 {
        let Some(text) = text else { return -1 };
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = i32::try_from(self.list.len()).unwrap_or(-1);
        self.list.push(plain::line(text));
        self.numbers.insert(text.to_owned(), number);
        number
    }
}
