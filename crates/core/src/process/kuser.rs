//! `KUSER_SHARED_DATA`, the page at 0x7FFE0000 that every process shares with the kernel.

use crate::memory::{Memory, Unreadable};

/// The same address and the same offsets in every Windows process, 32-bit or 64-bit.
pub const ADDRESS: u64 = 0x7ffe_0000;

/// What the page says of the system at dump time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserSharedData {
    /// Milliseconds since the system started, from `InterruptTime` (8), 100 ns each; from `TickCountQuad` (320) x
    /// `TickCountMultiplier` (4) >> 24, as `GetTickCount64` computes it, while that was being updated. The tick
    /// count lags by up to 16 ms; the debugger's `.time` shows `InterruptTime` (seen in three dumps).
    pub uptime_ms: u64,
    /// `SystemTime` (14): FILETIME, 100 ns since 1601, UTC; `None` if it was being updated.
    pub system_time: Option<u64>,
    /// `NtBuildNumber` (260), without the high bits that mark a free build; zero before Windows 10.
    pub build: Option<u32>,
    /// `NtMajorVersion` (26c) and `NtMinorVersion` (270).
    pub version: (u32, u32),
    /// `NativeProcessorArchitecture` (26a): 9 beside a 32-bit dump means WOW64.
    pub native_arch: Option<u16>,
    /// Physical pages of 4 KiB: `FullNumberOfPhysicalPages` (310) where filled in, else `NumberOfPhysicalPages`
    /// (2e8).
    pub physical_pages: Option<u64>,
    /// `ActiveProcessorCount` (3c0).
    pub processors: Option<u32>,
}

impl UserSharedData {
    /// Reads the page; fails if the dump does not keep it, as most that are not full dumps.
    pub fn read(memory: Memory<'_>) -> Result<UserSharedData, Unreadable> {
        // All but `NtSystemRoot` (30), a path.
        const SYSTEM_ROOT: std::ops::Range<usize> = 0x30..0x238;
        let mut page = [0; 0x3c8];
        memory.read(ADDRESS, page.get_mut(..SYSTEM_ROOT.start).unwrap_or_default())?;
        let behind = ADDRESS.saturating_add(SYSTEM_ROOT.end as u64);
        memory.read(behind, page.get_mut(SYSTEM_ROOT.end..).unwrap_or_default())?;
        let long = |at: usize| -> u32 {
            let bytes = page.get(at..at.saturating_add(4)).and_then(|b| b.try_into().ok());
            bytes.map_or(0, u32::from_le_bytes)
        };
        let quad = |at: usize| u64::from(long(at)) | u64::from(long(at.saturating_add(4))) << 32;
        // The kernel writes High2, LowPart, High1 in this order: a torn value has two different high parts.
        let whole = |at: usize| {
            Some(quad(at)).filter(|t| *t != 0 && *t >> 32 == u64::from(long(at.saturating_add(8))))
        };
        let ticks = u128::from(quad(0x320)).wrapping_mul(u128::from(long(0x4))) >> 24;
        let by_ticks = u64::try_from(ticks).unwrap_or(u64::MAX);
        let full_pages = quad(0x310);
        let pages = if full_pages == 0 { u64::from(long(0x2e8)) } else { full_pages };
        Ok(UserSharedData {
            uptime_ms: whole(0x8).map_or(by_ticks, |interrupt_time| interrupt_time / 10_000),
            system_time: whole(0x14),
            build: Some(long(0x260) & 0xffff).filter(|b| *b != 0),
            version: (long(0x26c), long(0x270)),
            native_arch: u16::try_from(long(0x268) >> 16).ok(),
            physical_pages: Some(pages).filter(|p| *p != 0),
            processors: Some(long(0x3c0)).filter(|n| *n != 0),
        })
    }
}
