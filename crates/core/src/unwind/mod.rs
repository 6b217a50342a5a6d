//! How an x64 image says what its functions do to the stack: the exception directory and its UNWIND_INFO records.
//!
//! The layouts are those of "x64 exception handling" in Microsoft's C++ documentation. Everything is read where it
//! lies in the process's memory, in pieces of a few bytes: a directory of 8 MiB is searched in some twenty reads.
//! goblin decodes records and codes; this module bounds what goblin does not (a reference to itself, a code array
//! that ends inside a code).

pub mod arm64;
mod info;
mod table;

pub use info::{Code, Operation, UnwindInfo};
pub use table::{FunctionTable, RuntimeFunction};

use crate::pages::ReadMemory;
use crate::pe::ImageError;

/// Bytes of an image, of its base and size, inside which they must lie.
fn read_image(
    memory: &dyn ReadMemory,
    (base, size): (u64, u32),
    rva: u32,
    buf: &mut [u8],
) -> Result<(), ImageError> {
    let length = buf.len();
    let end = u32::try_from(length).ok().and_then(|length| rva.checked_add(length));
    if end.is_none_or(|end| end > size) {
        return Err(ImageError::Malformed(format!("offset {rva:#x}, {length} bytes: outside the image")));
    }
    Ok(memory.read(base.wrapping_add(u64::from(rva)), buf)?)
}
