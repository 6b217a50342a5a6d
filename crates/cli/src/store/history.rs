//! Signatures over time.

use rusqlite::types::ValueRef;
use serde::Serialize;

use super::Store;
use crate::scan::row::Row;

/// What `history --format json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct History {
    pub(crate) schema_version: u32,
    /// Those that were seen last come first.
    pub(crate) signatures: Vec<SignatureHistory>,
    /// Files that are no dumps.
    pub(crate) failed: u64,
    /// Rows that were passed over, since they cannot be read.
    pub(crate) unreadable: u64,
}

/// One signature. Times are those of the dumps, not of the scans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SignatureHistory {
    pub(crate) signature: String,
    pub(crate) count: u64,
    pub(crate) first_seen: Option<String>,
    pub(crate) last_seen: Option<String>,
    pub(crate) days: Vec<Day>,
    /// Where its newest dump was seen last, and the row of it.
    pub(crate) newest_path: String,
    pub(crate) newest: Row,
}

/// Dumps of one day, UTC; `None` for those whose time is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Day {
    pub(crate) day: Option<String>,
    pub(crate) count: u64,
}

impl History {
    /// Reads the rows one by one: one that cannot be read costs no more than itself.
    pub(crate) fn read(store: &Store) -> anyhow::Result<History> {
        let mut statement = store.connection.prepare(
            "SELECT signature, time, path, row FROM results WHERE signature IS NOT NULL
             ORDER BY signature, time DESC, path",
        )?;
        let (mut signatures, mut unreadable) = (Vec::<SignatureHistory>::new(), 0);
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Some(one) = One::of(row) else {
                unreadable += 1;
                continue;
            };
            match signatures.last_mut().filter(|last| last.signature == one.signature) {
                Some(last) => last.add(one.time),
                None => signatures.push(one.into_newest()),
            }
        }
        // Those of an unknown time come last.
        signatures.sort_by(|a, b| b.last_seen.cmp(&a.last_seen).then_with(|| a.signature.cmp(&b.signature)));
        let failed: i64 = store.connection.query_row(
            "SELECT count(*) FROM results WHERE signature IS NULL",
            [],
            |row| row.get(0),
        )?;
        Ok(History {
            schema_version: dumplens_analyzer::report::SCHEMA_VERSION,
            signatures,
            failed: failed.unsigned_abs(),
            unreadable,
        })
    }
}

/// What a row holds.
struct One {
    signature: String,
    time: Option<String>,
    path: String,
    row: Row,
}

impl One {
    /// `None` if a column is not what it should be.
    fn of(row: &rusqlite::Row<'_>) -> Option<One> {
        let text = |column| Some(row.get_ref(column).ok()?.as_str().ok()?.to_owned());
        let time = match row.get_ref(1).ok()? {
            ValueRef::Null => None,
            _ => Some(text(1)?),
        };
        Some(One { signature: text(0)?, time, path: text(2)?, row: serde_json::from_str(&text(3)?).ok()? })
    }

    fn into_newest(self) -> SignatureHistory {
        SignatureHistory {
            signature: self.signature,
            count: 1,
            first_seen: self.time.clone(),
            days: vec![Day { day: day(self.time.as_ref()), count: 1 }],
            last_seen: self.time,
            newest_path: self.path,
            newest: self.row,
        }
    }
}

impl SignatureHistory {
    /// Counts a dump that is older than those before it.
    fn add(&mut self, time: Option<String>) {
        let on = day(time.as_ref());
        match self.days.first_mut().filter(|first| first.day == on) {
            Some(first) => first.count += 1,
            None => self.days.insert(0, Day { day: on, count: 1 }),
        }
        self.count += 1;
        self.first_seen = time.or(self.first_seen.take());
    }
}

/// The date of a time as RFC 3339 writes it.
fn day(time: Option<&String>) -> Option<String> {
    time.map(|time| time.chars().take(10).collect())
}
