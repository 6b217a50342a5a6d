//! Signatures over time.

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
    pub(crate) fn read(store: &Store) -> anyhow::Result<History> {
        let mut statement = store.connection.prepare(
            "SELECT signature, count(*), min(time) FROM results WHERE signature IS NOT NULL
             GROUP BY signature ORDER BY max(time) DESC, signature",
        )?;
        let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let mut signatures = Vec::new();
        for one in found {
            let (signature, count, first_seen): (String, i64, Option<String>) = one?;
            signatures.push(History::of(store, signature, count, first_seen)?);
        }
        let failed: i64 = store.connection.query_row(
            "SELECT count(*) FROM results WHERE signature IS NULL",
            [],
            |row| row.get(0),
        )?;
        Ok(History {
            schema_version: dumplens_analyzer::report::SCHEMA_VERSION,
            signatures,
            failed: failed.unsigned_abs(),
        })
    }

    fn of(
        store: &Store,
        signature: String,
        count: i64,
        first_seen: Option<String>,
    ) -> anyhow::Result<SignatureHistory> {
        let mut newest = store.connection.prepare_cached(
            "SELECT path, time, row FROM results WHERE signature = ?1 ORDER BY time DESC, path LIMIT 1",
        )?;
        let newest: (String, Option<String>, String) =
            newest.query_row([&signature], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let mut days = store.connection.prepare_cached(
            "SELECT substr(time, 1, 10), count(*) FROM results WHERE signature = ?1 GROUP BY 1 ORDER BY 1",
        )?;
        let day = |row: &rusqlite::Row<'_>| {
            Ok(Day { day: row.get(0)?, count: row.get::<_, i64>(1)?.unsigned_abs() })
        };
        let days = days.query_map([&signature], day)?.collect::<Result<_, _>>()?;
        Ok(SignatureHistory {
            count: count.unsigned_abs(),
            first_seen,
            last_seen: newest.1,
            days,
            newest_path: newest.0,
            newest: serde_json::from_str(&newest.2)?,
            signature,
        })
    }
}
