//! The table of signatures as JSON: what `scan --json` prints.

use std::path::PathBuf;

use dumplens_analyzer::report::{SCHEMA_VERSION, Tool};
use serde::Serialize;

use super::groups::{Group, Groups};
use super::row::Row;
use crate::page::Page;
use crate::remote::without_secrets;
use dumplens_scan::Failure;

/// What was found, counted.
#[derive(Debug, Serialize)]
pub(crate) struct Table<'g> {
    schema_version: u32,
    tool: Tool,
    /// Files with an answer.
    dumps: u64,
    /// Those of them that the store had.
    known: u64,
    /// Most frequent first.
    signatures: Vec<Counted<'g>>,
    /// Dumps of signatures that were not told apart any more.
    others: u64,
    /// Files without an answer.
    failed: u64,
    /// The first of them.
    failures: Vec<Failed<'g>>,
    /// Where the signatures go on, of which a part is listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
}

/// Dumps of one signature. Times are those of the dumps.
#[derive(Debug, Serialize)]
struct Counted<'g> {
    signature: &'g str,
    fingerprint: [&'g str; 2],
    count: u64,
    first_seen: Option<&'g str>,
    last_seen: Option<&'g str>,
    least_requested_bytes: Option<u64>,
    most_requested_bytes: Option<u64>,
    newest_path: String,
    /// The row of the newest dump.
    newest: &'g Row,
}

#[derive(Debug, Serialize)]
struct Failed<'g> {
    path: String,
    error: &'g Failure,
}

impl<'g> Table<'g> {
    pub(crate) fn new(groups: &'g Groups, page: Page) -> Table<'g> {
        let mut sorted = groups.sorted();
        let piece = page.cut(&mut sorted);
        let failed = |(path, error): &'g (PathBuf, Failure)| Failed { path: without_secrets(path), error };
        Table {
            schema_version: SCHEMA_VERSION,
            tool: Tool::this(),
            dumps: groups.dumps,
            known: groups.known,
            signatures: sorted.into_iter().map(signature).collect(),
            others: groups.others,
            failed: groups.failures(),
            failures: groups.named.iter().map(failed).collect(),
            next_offset: piece.next(),
        }
    }
}

fn signature(group: &Group) -> Counted<'_> {
    Counted {
        signature: &group.newest.signature,
        fingerprint: ["dumplens", &group.newest.signature],
        count: group.count,
        first_seen: group.first_seen.as_deref(),
        last_seen: group.newest.time.as_deref(),
        least_requested_bytes: group.requested.map(|(least, _)| least),
        most_requested_bytes: group.requested.map(|(_, most)| most),
        newest_path: without_secrets(&group.newest_path),
        newest: &group.newest,
    }
}
