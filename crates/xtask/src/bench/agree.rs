//! Whether two programs give the same answer. Else there is nothing to compare.

use std::collections::BTreeMap;
use std::fmt::Display;

use dumplens_core::{MemoryState, MemoryType, Protection};
use serde_json::Value;

/// Bytes by name.
pub(crate) type Rows = BTreeMap<String, u64>;

/// What both programs answer.
///
/// Rows are compared by bytes: dumplens' count of regions in a row is after splitting by usage.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) regions: u64,
    pub(crate) state: Rows,
    pub(crate) kind: Rows,
    pub(crate) protect: Rows,
    /// Bytes of images.
    pub(crate) image: u64,
    /// Base and size.
    pub(crate) largest_free: (u64, u64),
    /// Bytes of the process's memory that the dump keeps.
    pub(crate) kept: u64,
}

pub(crate) fn from_json(report: &Value) -> Option<Totals> {
    let memory = &report["memory"];
    let free = &memory["largest_free"];
    Some(Totals {
        regions: memory["regions"].as_u64()?,
        state: rows(&memory["state"])?,
        kind: rows(&memory["type"])?,
        protect: rows(&memory["protect"])?,
        image: rows(&memory["usage"])?.get("Image").copied().unwrap_or(0),
        largest_free: (hex(free["base"].as_str()?)?, free["size_bytes"].as_u64()?),
        kept: report["dump"]["kept_bytes"].as_u64()?,
    })
}

fn rows(table: &Value) -> Option<Rows> {
    let row = |row: &Value| Some((row["name"].as_str()?.to_owned(), row["size_bytes"].as_u64()?));
    table.as_array()?.iter().map(row).collect()
}

/// One `what key bytes` a line.
pub(crate) fn from_text(text: &str) -> Option<Totals> {
    let mut totals = Totals::default();
    for line in text.lines() {
        let mut words = line.split(' ');
        let (what, key, bytes) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
        match what {
            "regions" => totals.regions = key.parse().ok()?,
            "usage" => totals.image = bytes,
            "state" => add(&mut totals.state, MemoryState(code(key)?), bytes),
            "type" => add(&mut totals.kind, MemoryType(code(key)?), bytes),
            "protect" => add(&mut totals.protect, Protection(code(key)?), bytes),
            "largest-free" => totals.largest_free = (hex(key)?, bytes),
            "kept" => totals.kept = bytes,
            _ => return None,
        }
    }
    Some(totals)
}

fn add(rows: &mut Rows, name: impl Display, bytes: u64) {
    rows.insert(name.to_string(), bytes);
}

fn code(text: &str) -> Option<u32> {
    hex(text)?.try_into().ok()
}

fn hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_as_the_same() {
        let text = "regions 2 12288\nusage Image 4096\nstate 0x1000 8192\nstate 0x10000 4096\ntype 0x20000 8192\n\
                    protect 0x104 8192\nlargest-free 0x2000 4096\nkept 1 8192\n";
        let json = serde_json::json!({
            "dump": { "kept_bytes": 8192 },
            "memory": {
                "regions": 2,
                "usage": [{ "name": "Image", "size_bytes": 4096 }],
                "state": [
                    { "name": "MEM_FREE", "size_bytes": 4096 },
                    { "name": "MEM_COMMIT", "size_bytes": 8192 },
                ],
                "type": [{ "name": "MEM_PRIVATE", "size_bytes": 8192 }],
                "protect": [{ "name": "PAGE_READWRITE | PAGE_GUARD", "size_bytes": 8192 }],
                "largest_free": { "base": "0x2000", "size_bytes": 4096 },
            },
        });
        let totals = from_text(text).expect("as minidump_totals prints it");
        assert_eq!(from_json(&json), Some(totals));
    }
}
