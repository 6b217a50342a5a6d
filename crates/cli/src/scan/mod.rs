//! Many dumps: found, analyzed in parallel, and reported row by row. Used by `scan` and `watch`.
//!
//! ```text
//! find ─ jobs ─> pool ─ triage ─> outcome ─ row ─> groups ─> table
//!                                        └─ line of JSON
//! ```
//!
//! Nothing here grows with the number of dumps: reports are dropped where they are made, queues are short, and what is
//! kept for the table is one entry for each signature.

pub(crate) mod groups;
pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod progress;
pub(crate) mod row;
pub(crate) mod table;
pub(crate) mod triage;
pub(crate) mod worker;
