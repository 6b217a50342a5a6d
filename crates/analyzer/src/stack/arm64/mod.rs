//! ARM64 frames. An image that has unwind data says for each of its functions how its frame is undone; elsewhere there
//! is the chain of x29, and x30 in the innermost frame.

mod chain;
mod link;
mod undo;

use super::code::Code;
use super::{Caller, Frame, Stopped};

pub(super) use chain::caller as by_chain;
#[cfg(feature = "processor")]
pub(crate) use chain::{NoSymbols, finish};
pub(super) use link::by_link;

/// The caller of a frame, by the surest way that leads anywhere.
pub(super) fn caller(code: &Code<'_, '_>, callee: &Frame) -> Result<Caller, Stopped> {
    match undo::caller(code, callee).or_else(|| link::leaf(code, callee)) {
        Some(caller) => Ok(caller),
        None => by_chain(code, callee),
    }
}

/// An address without its signature (PAC), which takes the bits that user addresses of Windows do not need.
fn stripped(address: u64) -> u64 {
    address & ((1 << 47) - 1)
}
