//! Exceptions of Windows: what their codes mean, what was accessed, and which happened earlier.

pub(crate) mod access;
pub(crate) mod codes;
pub(crate) mod earlier;
pub(crate) mod fast_fail;
mod judge;

/// `EXCEPTION_NONCONTINUABLE`, a flag.
pub(crate) const NONCONTINUABLE: u32 = 1;
