//! How many bytes were asked for when an allocation failed, by whom, and how sure that is.
//!
//! ```text
//! stack ─ operator_new ─> bytes ─┬─ caller ──> padding, sizes of elements that the code multiplies by
//!                                └─ vector ──> the container, whose growth by half is what was asked for
//! ```
//!
//! Nothing here needs symbols: code and stack lie in the dump.

mod caller;
mod function;
mod operator_new;
mod vector;

pub use vector::Vector;

use crate::stack::Stack;
use crate::stack::code::Code;
use function::Function;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Bytes.
    pub bytes: u64,
    /// The frame of `operator new`.
    pub frame: usize,
    /// What the caller added to the bytes of its elements; `None` if it added nothing.
    pub padding: Option<u64>,
    /// Bytes of one element.
    pub element_size: Option<u64>,
    /// The vector that was about to grow.
    pub vector: Option<Vector>,
}

impl Request {
    /// How many elements that is.
    pub fn elements(&self) -> Option<u64> {
        let bytes = self.bytes.checked_sub(self.padding.unwrap_or(0))?;
        let size = self.element_size.filter(|size| *size > 0)?;
        bytes.is_multiple_of(size).then_some(bytes / size)
    }
}

/// Frames from the innermost on among which `operator new` is looked for.
const NEAR: usize = 10;
/// Frames above it whose code and data may belong to the container.
const CALLERS: usize = 4;

/// What the thread of a stack asked for.
pub(crate) fn find(code: &Code<'_, '_>, stack: &Stack) -> Option<Request> {
    let bits = code.process.dump.width().bits();
    let (frame, bytes) = (1..stack.frames.len().min(NEAR)).find_map(|frame| {
        let function = Function::of(code, stack, frame)?;
        Some((frame, operator_new::size(code, stack, frame, &function)?))
    })?;
    let callers: Vec<(Function, u64)> = (frame + 1..stack.frames.len().min(frame + 1 + CALLERS))
        .filter_map(|n| Some((Function::of(code, stack, n)?, stack.frames[n].ip)))
        .collect();
    let vector = vector::find(code, stack, frame + 1..stack.frames.len().min(frame + 1 + CALLERS), bytes);
    let by_code = callers.iter().take(2).find_map(|(f, ip)| caller::padding(f, *ip, bits, bytes));
    let padding = vector.map(|v| v.padding).filter(|p| *p > 0).or(by_code);
    let net = bytes - padding.unwrap_or(0);
    let by_vector = vector.and_then(|v| v.element_size);
    let sizes =
        || callers.iter().map(|(f, ip)| caller::element_sizes(f, *ip, net)).find(|sizes| !sizes.is_empty());
    let by_code = || sizes().filter(|sizes| sizes.len() == 1).and_then(|sizes| sizes.first().copied());
    let element_size = by_vector.or_else(|| padding.or(vector.map(|_| 0)).and_then(|_| by_code()));
    Some(Request { bytes, frame, padding, element_size, vector })
}
