//! Dumps as they appear: which have stopped growing, and which program gets the report.

pub(crate) mod events;
pub(crate) mod exec;
pub(crate) mod pending;
