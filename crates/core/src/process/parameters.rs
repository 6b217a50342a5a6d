//! `RTL_USER_PROCESS_PARAMETERS`: image path, command line and environment.

use crate::arch::Width;
use crate::limits;
use crate::memory::{Memory, Unreadable};
use crate::utf16;

/// `RTL_USER_PROC_PARAMS_NORMALIZED`: pointers are absolute; otherwise they are offsets into the block.
const NORMALIZED: u32 = 1;

/// The addresses of the strings of the block. Each string is read on request only, since two of them are secrets.
#[derive(Debug, Clone, Copy)]
pub struct ProcessParameters<'d> {
    memory: Memory<'d>,
    address: u64,
    width: Width,
    normalized: bool,
}

impl<'d> ProcessParameters<'d> {
    /// Looks at the block at `address`; fails if its flags (8 / 8) are not in the dump.
    pub fn read(memory: Memory<'d>, address: u64, width: Width) -> Result<ProcessParameters<'d>, Unreadable> {
        let flags = memory.u32(address.wrapping_add(8))?;
        Ok(ProcessParameters { memory, address, width, normalized: flags & NORMALIZED != 0 })
    }

    /// `ImagePathName` (38 / 60).
    pub fn image_path(&self) -> Result<String, Unreadable> {
        self.unicode_string(self.width.pick(0x38, 0x60))
    }

    /// `CommandLine` (40 / 70). A secret: callers show it only when asked to.
    pub fn command_line(&self) -> Result<String, Unreadable> {
        self.unicode_string(self.width.pick(0x40, 0x70))
    }

    /// `Environment` (48 / 80), `EnvironmentSize` (290 / 3f0): the `NAME=value` strings. A secret, as above.
    pub fn environment(&self) -> Result<Vec<String>, Unreadable> {
        let block = self.pointer(self.width.pick(0x48, 0x80))?;
        let size = self.memory.pointer(self.address.wrapping_add(self.width.pick(0x290, 0x3f0)), self.width);
        // Before Windows Vista the size is not recorded, and what lies there is something else.
        let most =
            size.ok().filter(|s| *s > 0).unwrap_or(limits::ENVIRONMENT_BYTES).min(limits::ENVIRONMENT_BYTES);
        let have = self.memory.available(block, most) & !1;
        let text = text(&self.memory.bytes(block, have)?);
        Ok(text.split('\0').take_while(|s| !s.is_empty()).map(str::to_owned).collect())
    }

    /// UNICODE_STRING: Length u16 in bytes, MaximumLength u16, Buffer at 4 / 8.
    fn unicode_string(&self, offset: u64) -> Result<String, Unreadable> {
        let length = self.memory.u16(self.address.wrapping_add(offset))?;
        let buffer = self.pointer(offset.wrapping_add(self.width.pick(4, 8)))?;
        Ok(text(&self.memory.bytes(buffer, u64::from(length & !1))?))
    }

    fn pointer(&self, offset: u64) -> Result<u64, Unreadable> {
        let pointer = self.memory.pointer(self.address.wrapping_add(offset), self.width)?;
        Ok(if self.normalized { pointer } else { self.address.wrapping_add(pointer) })
    }
}

/// UTF-16LE, lossily: the process may hold anything.
fn text(bytes: &[u8]) -> String {
    let units: Vec<u16> = utf16::units(bytes).collect();
    String::from_utf16_lossy(&units)
}
