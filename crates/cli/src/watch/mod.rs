//! Dumps as they appear: which have stopped growing, and who is told.

pub(crate) mod events;
pub(crate) mod exec;
pub(crate) mod pending;
