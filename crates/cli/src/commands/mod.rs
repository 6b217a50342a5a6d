//! One small file for each question: its arguments, and what is printed.

pub(crate) mod allocations;
pub(crate) mod at;
pub(crate) mod cdb;
pub(crate) mod census;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod heaps;
#[cfg(feature = "store")]
pub(crate) mod history;
pub(crate) mod info;
pub(crate) mod man;
pub(crate) mod managed;
pub(crate) mod mcp;
pub(crate) mod modules;
pub(crate) mod regions;
pub(crate) mod report;
pub(crate) mod scan;
pub(crate) mod schema;
pub(crate) mod stack;
pub(crate) mod summary;
pub(crate) mod threads;
pub(crate) mod trim;
pub(crate) mod waits;
pub(crate) mod watch;
pub(crate) mod why;
