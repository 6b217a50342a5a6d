//! What could not be loaded on first use: `DelayLoadInfo` of delayimp.h, which Windows' own helper calls
//! `DELAYLOAD_INFO` (delayloadhandler.h). `__delayLoadHelper2` (delayhlp.cpp) passes its address as parameter 0 of the
//! exceptions that it raises.
//!
//! Offsets are in hex, given as `x86 / x64`: cb 0, pidd 4 / 8, szDll c / 18, dlp.fImportByName 10 / 20, dlp.szProcName or
//! dlp.dwOrdinal 14 / 28, hmodCur 18 / 30, dwLastError 20 / 40; 24 / 48 bytes in all, which is what cb says.

use thiserror::Error;

use super::cpp_exception::{What, until_nul};
use crate::arch::Width;
use crate::limits;
use crate::memory::{Memory, Unreadable};

/// The DLL could not be loaded: `VcppException(ERROR_SEVERITY_ERROR, ERROR_MOD_NOT_FOUND)`, whatever the reason was.
pub const NO_MODULE: u32 = 0xc06d_007e;
/// The DLL lacks the procedure: the same of `ERROR_PROC_NOT_FOUND`.
pub const NO_PROCEDURE: u32 = 0xc06d_007f;

/// Bytes of the structure of 32 and of 64 bits, which its `cb` says.
const BYTES: (u64, u64) = (0x24, 0x48);

/// Why it is not known what could not be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DelayLoadError {
    /// The structure cannot be read.
    #[error("DelayLoadInfo cannot be read at {0}")]
    Unreadable(Unreadable),
    /// Its `cb` is that of no DelayLoadInfo.
    #[error("there is no DelayLoadInfo at {at:#x}")]
    Other {
        /// Where it should lie.
        at: u64,
    },
}

/// What a delay-load helper was about to load. A name is `None` where the structure has no pointer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelayLoad {
    /// Of the code that calls the DLL.
    pub width: Width,
    /// `pidd`: address of the IMAGE_DELAYLOAD_DESCRIPTOR, in the image that imports.
    pub descriptor: u64,
    /// `szDll`: the name of the DLL, at most 512 bytes.
    pub dll: Result<Option<What>, Unreadable>,
    /// `dlp`: what was called in it.
    pub procedure: Procedure,
    /// `hmodCur`: the base of the DLL; `None` if it was not loaded.
    pub module: Option<u64>,
    /// `dwLastError`: the Win32 error with which it failed.
    pub last_error: u32,
}

/// `DelayLoadProc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Procedure {
    /// By its name, at most 512 bytes.
    Name(Result<Option<What>, Unreadable>),
    /// By its ordinal.
    Ordinal(u32),
}

impl DelayLoad {
    /// Bytes of the structure itself, which holds no text.
    pub fn bytes(&self) -> u64 {
        self.width.pick(BYTES.0, BYTES.1)
    }

    /// Reads the structure at `at`, parameter 0 of an exception with one of the two codes. Its own size tells its width:
    /// that of a 32-bit program can be in a 64-bit dump.
    pub fn read(memory: Memory<'_>, at: u64) -> Result<DelayLoad, DelayLoadError> {
        let failed = DelayLoadError::Unreadable;
        let width = match u64::from(memory.u32(at).map_err(failed)?) {
            bytes if bytes == BYTES.0 && u32::try_from(at).is_ok() => Width::Bits32,
            bytes if bytes == BYTES.1 => Width::Bits64,
            _ => return Err(DelayLoadError::Other { at }),
        };
        let place = |x86: u64, x64: u64| at.wrapping_add(width.pick(x86, x64));
        let pointer = |x86, x64| memory.pointer(place(x86, x64), width).map_err(failed);
        let long = |x86, x64| memory.u32(place(x86, x64)).map_err(failed);
        let procedure = match long(0x10, 0x20)? {
            0 => Procedure::Ordinal(long(0x14, 0x28)?),
            _ => Procedure::Name(name(memory, pointer(0x14, 0x28)?)),
        };
        Ok(DelayLoad {
            width,
            descriptor: pointer(0x4, 0x8)?,
            dll: name(memory, pointer(0xc, 0x18)?),
            procedure,
            module: Some(pointer(0x18, 0x30)?).filter(|base| *base != 0),
            last_error: long(0x20, 0x40)?,
        })
    }
}

/// The bytes of a name before its NUL.
fn name(memory: Memory<'_>, at: u64) -> Result<Option<What>, Unreadable> {
    if at == 0 {
        return Ok(None);
    }
    let (bytes, cut) = until_nul(memory, at, limits::WHAT_BYTES)?;
    Ok(Some(What { at, text: String::from_utf8_lossy(&bytes).into_owned(), cut }))
}
