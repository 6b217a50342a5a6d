//! Windows' own names for the values of the format. Unknown values are kept and shown as hex.

use std::fmt;

use minidump_common::format::MINIDUMP_STREAM_TYPE;
use num_traits::FromPrimitive;

/// `State` of a region (winnt.h `MEM_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemoryState(pub u32);

impl MemoryState {
    /// `MEM_COMMIT`: backed by RAM, the page file or a file.
    pub const COMMIT: MemoryState = MemoryState(0x1000);
    /// `MEM_RESERVE`: addresses taken, nothing behind them.
    pub const RESERVE: MemoryState = MemoryState(0x2000);
    /// `MEM_FREE`.
    pub const FREE: MemoryState = MemoryState(0x1_0000);

    /// Whether this is one of the three states that there are.
    pub fn is_known(self) -> bool {
        [Self::COMMIT, Self::RESERVE, Self::FREE].contains(&self)
    }

    /// Whether this is `MEM_FREE`.
    pub fn is_free(self) -> bool {
        self == Self::FREE
    }

    /// Whether this is `MEM_COMMIT`.
    pub fn is_commit(self) -> bool {
        self == Self::COMMIT
    }
}

impl fmt::Display for MemoryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::COMMIT => f.pad("MEM_COMMIT"),
            Self::RESERVE => f.pad("MEM_RESERVE"),
            Self::FREE => f.pad("MEM_FREE"),
            MemoryState(raw) => f.pad(&format!("{raw:#x}")),
        }
    }
}

/// `Type` of a region that is not free (winnt.h `MEM_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemoryType(pub u32);

impl MemoryType {
    /// `MEM_PRIVATE`: the process's own.
    pub const PRIVATE: MemoryType = MemoryType(0x2_0000);
    /// `MEM_MAPPED`: a view of a section that is not an image.
    pub const MAPPED: MemoryType = MemoryType(0x4_0000);
    /// `MEM_IMAGE`: a view of an image section.
    pub const IMAGE: MemoryType = MemoryType(0x100_0000);
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::PRIVATE => f.pad("MEM_PRIVATE"),
            Self::MAPPED => f.pad("MEM_MAPPED"),
            Self::IMAGE => f.pad("MEM_IMAGE"),
            MemoryType(raw) => f.pad(&format!("{raw:#x}")),
        }
    }
}

/// `Protect` of a region (winnt.h `PAGE_*`): one base value and any number of modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Protection(pub u32);

impl Protection {
    /// `PAGE_NOACCESS`.
    pub const NOACCESS: Protection = Protection(0x01);
    /// `PAGE_GUARD`, a modifier.
    pub const GUARD: Protection = Protection(0x100);

    const NAMES: [(u32, &'static str); 12] = [
        (0x01, "PAGE_NOACCESS"),
        (0x02, "PAGE_READONLY"),
        (0x04, "PAGE_READWRITE"),
        (0x08, "PAGE_WRITECOPY"),
        (0x10, "PAGE_EXECUTE"),
        (0x20, "PAGE_EXECUTE_READ"),
        (0x40, "PAGE_EXECUTE_READWRITE"),
        (0x80, "PAGE_EXECUTE_WRITECOPY"),
        (0x100, "PAGE_GUARD"),
        (0x200, "PAGE_NOCACHE"),
        (0x400, "PAGE_WRITECOMBINE"),
        (0x4000_0000, "PAGE_TARGETS_INVALID"),
    ];

    /// Whether a read by the process would fault: no access at all, or a guard page.
    pub fn is_inaccessible(self) -> bool {
        self.0 & (Self::NOACCESS.0 | Self::GUARD.0) != 0
    }

    /// `PAGE_READWRITE` or `PAGE_EXECUTE_READWRITE`: of a page of an image, that it was written to, or may have been.
    pub(crate) fn is_written(self) -> bool {
        self.0 & (0x04 | 0x40) != 0
    }

    /// Whether code may run there: one of the four `PAGE_EXECUTE_*`.
    pub fn is_executable(self) -> bool {
        self.0 & 0xf0 != 0 && !self.is_inaccessible()
    }

    /// The names of the bits that are set, and what is left over.
    pub fn names(self) -> (Vec<&'static str>, u32) {
        let set = Self::NAMES.iter().filter(|(bit, _)| self.0 & bit != 0);
        let known = set.clone().fold(0, |all, (bit, _)| all | bit);
        (set.map(|(_, name)| *name).collect(), self.0 & !known)
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (names, rest) = self.names();
        let mut parts: Vec<String> = names.into_iter().map(str::to_owned).collect();
        if rest != 0 || parts.is_empty() {
            parts.push(format!("{rest:#x}"));
        }
        f.pad(&parts.join(" | "))
    }
}

/// `StreamType` of a directory entry (`MINIDUMP_STREAM_TYPE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamType(pub u32);

#[allow(missing_docs)] // Microsoft's names; the format's documentation says what each holds
impl StreamType {
    pub const UNUSED: StreamType = StreamType(0);
    pub const THREAD_LIST: StreamType = StreamType(3);
    pub const MODULE_LIST: StreamType = StreamType(4);
    pub const MEMORY_LIST: StreamType = StreamType(5);
    pub const EXCEPTION: StreamType = StreamType(6);
    pub const SYSTEM_INFO: StreamType = StreamType(7);
    pub const MEMORY64_LIST: StreamType = StreamType(9);
    pub const COMMENT_A: StreamType = StreamType(10);
    pub const COMMENT_W: StreamType = StreamType(11);
    pub const HANDLE_DATA: StreamType = StreamType(12);
    pub const FUNCTION_TABLE: StreamType = StreamType(13);
    pub const UNLOADED_MODULE_LIST: StreamType = StreamType(14);
    pub const MISC_INFO: StreamType = StreamType(15);
    pub const MEMORY_INFO_LIST: StreamType = StreamType(16);
    pub const THREAD_INFO_LIST: StreamType = StreamType(17);
    pub const SYSTEM_MEMORY_INFO: StreamType = StreamType(21);
    pub const PROCESS_VM_COUNTERS: StreamType = StreamType(22);
    pub const THREAD_NAMES: StreamType = StreamType(24);
    /// Written by dumplens into trimmed copies: which memory is unchanged, and what the original lacked.
    pub const TRIM_RECORD: StreamType = StreamType(0x4c44_0001);
    /// dumplens' own, in copies that it trimmed: the census of the original, as JSON.
    pub const CENSUS_RECORD: StreamType = StreamType(0x4c44_0002);
    /// Unreal Engine's crash context.
    pub const UNREAL_CONTEXT: StreamType = StreamType(0x1_0000);
    /// Breakpad's and Crashpad's `MINIDUMP_BREAKPAD_INFO`.
    pub const BREAKPAD_INFO: StreamType = StreamType(0x4767_0001);
    /// Breakpad's and Crashpad's `MINIDUMP_ASSERTION_INFO`.
    pub const ASSERTION_INFO: StreamType = StreamType(0x4767_0002);
    /// Crashpad's identities and annotations.
    pub const CRASHPAD_INFO: StreamType = StreamType(0x4350_0001);
    /// Crashpad's report of Chromium's stability.
    pub const STABILITY_REPORT: StreamType = StreamType(0x4b6b_0002);

    /// Whether the type is one that Windows, Breakpad or Crashpad is known to write.
    pub fn is_known(self) -> bool {
        MINIDUMP_STREAM_TYPE::from_u32(self.0).is_some()
    }
}

impl fmt::Display for StreamType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match MINIDUMP_STREAM_TYPE::from_u32(self.0) {
            _ if *self == Self::TRIM_RECORD => f.pad("TrimRecord"),
            _ if *self == Self::CENSUS_RECORD => f.pad("CensusRecord"),
            Some(known) => f.pad(&format!("{known:?}")),
            None => f.pad(&format!("stream {:#x}", self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_windows_names() {
        assert_eq!(MemoryState(0x1000).to_string(), "MEM_COMMIT");
        assert_eq!(MemoryState(0x7777).to_string(), "0x7777");
        assert_eq!(MemoryType(0x100_0000).to_string(), "MEM_IMAGE");
        assert_eq!(Protection(0x104).to_string(), "PAGE_READWRITE | PAGE_GUARD");
        assert_eq!(Protection(0).to_string(), "0x0");
        assert_eq!(Protection(0x8000_0002).to_string(), "PAGE_READONLY | 0x80000000");
        assert_eq!(StreamType(16).to_string(), "MemoryInfoListStream");
        assert_eq!(StreamType(0x1234_5678).to_string(), "stream 0x12345678");
    }
}
