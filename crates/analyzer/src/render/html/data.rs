//! The regions as the page's script reads them: columns by position, strings by number.

use std::collections::HashMap;

use serde::{Serialize, Serializer};

use super::escape;
use crate::facts::{MapRow, RegionReport, SpaceMap};
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
    merged_below: Option<Hex>,
    largest_free: Option<Hex>,
    request: Option<Hex>,
}

type Row = (Hex, Hex, i32, i32, i32, i32, i32, i32, Option<Hex>, u64);

/// A number in hexadecimal digits; none where the reader knows it.
#[derive(Debug)]
struct Hex(Option<u64>);

impl Hex {
    /// A number, unless it is the one that is known.
    fn unless(known: Option<u64>, number: u64) -> Hex {
        Hex(Some(number).filter(|_| known != Some(number)))
    }
}

impl From<u64> for Hex {
    fn from(number: u64) -> Hex {
        Hex(Some(number))
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(number) => serializer.collect_str(&format_args!("{number:x}")),
            None => serializer.serialize_str(""),
        }
    }
}

/// One object, for a script element.
pub(super) fn data(report: &Report, map: &SpaceMap) -> String {
    let mut strings = Strings::default();
    let kinds: Vec<[i32; 6]> = map.kinds.iter().map(|kind| strings.of(kind)).collect();
    let mut end = None;
    let mut rows = Vec::with_capacity(map.rows.len());
    for row in &map.rows {
        rows.push(encode(row, end, kinds.get(row.kind).copied().unwrap_or([-1; 6])));
        end = Some(row.end);
    }
    let asked = report.verdict.as_ref().and_then(|verdict| verdict.allocation.as_ref());
    let data = Data {
        bits: report.facts.dump.pointer_bits,
        strings: strings.list,
        rows,
        regions: map.regions,
        merged_below: map.merged_below.map(Hex::from),
        largest_free: report.facts.memory.largest_free.map(|place| place.base.0.into()),
        request: asked.map(|asked| asked.requested_bytes.into()),
    };
    escape::island(&json::compact(&data))
}

fn encode(row: &MapRow, end: Option<u64>, [usage, state, kind, protect, detail, fact]: [i32; 6]) -> Row {
    let allocation_base = row.allocation_base.map(|base| Hex::unless(Some(row.base), base));
    let base = Hex::unless(end, row.base);
    let size = (row.end - row.base).into();
    (base, size, usage, state, kind, protect, detail, fact, allocation_base, row.regions)
}

/// Strings and their numbers, in order of appearance.
#[derive(Debug, Default)]
struct Strings {
    list: Vec<String>,
    numbers: HashMap<String, i32>,
}

impl Strings {
    /// Usage, state, type, protection, detail and fact of a kind of rows.
    fn of(&mut self, kind: &RegionReport) -> [i32; 6] {
        [
            self.number(Some(&kind.usage)),
            self.number(Some(&kind.state)),
            self.number(kind.kind.as_deref()),
            self.number(kind.protect.as_deref()),
            self.number(kind.detail.as_deref()),
            self.number(kind.fact.as_deref()),
        ]
    }

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
