//! Dumps counted by signature: all that a scan keeps.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::row::Row;
use dumplens_scan::{Code, Failure};

/// Signatures that are counted separately. Four hundred dumps have a handful; a folder made to have more costs no memory.
const MOST_SIGNATURES: usize = 10_000;
/// Failed files that are named; the others are counted.
const MOST_NAMED: usize = 20;

/// Dumps of one signature.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) count: u64,
    /// The row of the newest dump.
    pub(crate) newest: Row,
    pub(crate) newest_path: PathBuf,
    /// When the oldest dump of a known time was written.
    pub(crate) first_seen: Option<String>,
    /// The least and the most that was asked for.
    pub(crate) requested: Option<(u64, u64)>,
}

/// What a scan found, in a size that does not depend on how much it found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups {
    /// Files with a row.
    pub(crate) dumps: u64,
    /// Those of them that the store had a row of.
    pub(crate) known: u64,
    by_signature: HashMap<String, Group>,
    /// Dumps whose signatures came after the first [`MOST_SIGNATURES`].
    pub(crate) others: u64,
    /// Dumps of each kind of verdict.
    pub(crate) kinds: BTreeMap<String, u64>,
    /// Files without a row.
    pub(crate) failed: BTreeMap<Code, u64>,
    /// The first of them.
    pub(crate) named: Vec<(PathBuf, Failure)>,
}

impl Groups {
    /// Counts a dump.
    pub(crate) fn add(&mut self, path: &Path, row: Row, known: bool) {
        self.dumps += 1;
        self.known += u64::from(known);
        *self.kinds.entry(row.kind.clone()).or_default() += 1;
        let full = self.by_signature.len() >= MOST_SIGNATURES;
        match self.by_signature.get_mut(&row.signature) {
            Some(group) => group.add(path, row),
            None if full => self.others += 1,
            None => {
                let requested = row.requested_bytes.map(|bytes| (bytes, bytes));
                let id = row.signature.clone();
                let first_seen = row.time.clone();
                let group =
                    Group { count: 1, newest: row, newest_path: path.to_owned(), first_seen, requested };
                self.by_signature.insert(id, group);
            }
        }
    }

    /// Counts a file without a row.
    pub(crate) fn fail(&mut self, path: &Path, failure: &Failure) {
        *self.failed.entry(failure.code).or_default() += 1;
        if self.named.len() < MOST_NAMED {
            self.named.push((path.to_owned(), failure.clone()));
        }
    }

    /// The signatures, most frequent first.
    pub(crate) fn sorted(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.by_signature.values().collect();
        groups
            .sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.newest.signature.cmp(&b.newest.signature)));
        groups
    }

    /// Files without a row.
    pub(crate) fn failures(&self) -> u64 {
        self.failed.values().sum()
    }
}

impl Group {
    fn add(&mut self, path: &Path, row: Row) {
        self.count += 1;
        if let Some(bytes) = row.requested_bytes {
            let (least, most) = self.requested.unwrap_or((bytes, bytes));
            self.requested = Some((least.min(bytes), most.max(bytes)));
        }
        if row.time.is_some() && (self.first_seen.is_none() || row.time < self.first_seen) {
            self.first_seen.clone_from(&row.time);
        }
        // Dumps end in any order: of two that are as new, the one whose path is less.
        let newer = row.time.cmp(&self.newest.time).then_with(|| self.newest_path.as_path().cmp(path));
        if newer.is_gt() {
            (self.newest, self.newest_path) = (row, path.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(signature: &str, time: &str, bytes: u64) -> Row {
        Row {
            signature: signature.into(),
            family: String::new(),
            kind: "allocation_failure".into(),
            cause: None,
            confidence: None,
            requested_bytes: Some(bytes),
            what: None,
            module: None,
            function: None,
            program: None,
            time: Some(time.into()),
            size_bytes: 1,
            truncated: false,
            warnings: 0,
            version: None,
            filled_by: None,
        }
    }

    #[test]
    fn the_newest_does_not_depend_on_the_order() {
        let dumps = [("b", "2026-01-02", 5), ("a", "2026-01-02", 9), ("c", "2026-01-01", 7)];
        for turn in 0..3 {
            let mut groups = Groups::default();
            for n in 0..3 {
                let (path, time, bytes) = dumps[(n + turn) % 3];
                groups.add(path.as_ref(), row("x", time, bytes), false);
            }
            let only = groups.sorted()[0];
            assert_eq!((only.count, only.requested), (3, Some((5, 9))));
            assert_eq!(only.newest_path.as_path(), Path::new("a"));
            assert_eq!(
                (only.first_seen.as_deref(), only.newest.time.as_deref()),
                (Some("2026-01-01"), Some("2026-01-02"))
            );
        }
    }

    #[test]
    fn signatures_are_bounded_and_dumps_still_counted() {
        let mut groups = Groups::default();
        for n in 0..MOST_SIGNATURES as u64 + 5 {
            groups.add("x".as_ref(), row(&n.to_string(), "", n), false);
        }
        groups.add("x".as_ref(), row("0", "", 1), false);
        assert_eq!((groups.sorted().len(), groups.others), (MOST_SIGNATURES, 5));
        assert_eq!(groups.dumps, MOST_SIGNATURES as u64 + 6);
        assert_eq!(groups.sorted()[0].count, 2);
    }
}
