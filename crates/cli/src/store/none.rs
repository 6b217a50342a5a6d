//! A build without the feature `store`: results are not kept, and an error message says so.

use std::io;
use std::path::Path;

use anyhow::bail;

use crate::scan::row::Row;
use dumplens_scan::Failure;

/// What a file gave: its row, or why there is none.
pub(crate) type Stored = Result<Row, Failure>;

/// There is none.
#[derive(Debug)]
pub(crate) enum Store {}

impl Store {
    /// Fails.
    pub(crate) fn open(_: &Path) -> anyhow::Result<Store> {
        bail!("this build cannot keep results: it was built without the feature store")
    }

    pub(crate) fn find(&self, _: &Identity) -> anyhow::Result<Option<Stored>> {
        match *self {}
    }

    pub(crate) fn keep(&self, _: &Identity, _: &Path, _: &Stored) -> anyhow::Result<()> {
        match *self {}
    }
}

/// There is none.
#[derive(Debug, Clone)]
pub(crate) enum Identity {}

impl Identity {
    /// Fails.
    pub(crate) fn of(_: &Path) -> io::Result<Identity> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
