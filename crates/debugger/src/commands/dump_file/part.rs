//! The rows of `.dumpdebug` for each stream.

use crate::commands::target::suites;
use crate::session::{Session, ticked};

/// Entries of one list.
const MOST_ENTRIES: u64 = 1 << 16;

/// A part of the file; what it does not have is 0.
#[derive(Clone, Copy)]
pub(super) struct Part<'a, 'p, 'd> {
    pub(super) session: &'a Session<'p, 'd>,
    pub(super) at: u64,
    pub(super) size: u32,
}

impl Part<'_, '_, '_> {
    pub(super) fn u64(&self, offset: u64) -> u64 {
        let bytes = self.session.process.dump.file_bytes(self.at.saturating_add(offset), 8);
        let mut all = [0; 8];
        all[..bytes.len().min(8)].copy_from_slice(&bytes);
        u64::from_le_bytes(all)
    }

    pub(super) fn u32(&self, offset: u64) -> u32 {
        self.u64(offset) as u32
    }

    fn u16(&self, offset: u64) -> u16 {
        self.u64(offset) as u16
    }

    /// Where the entries of a list begin that has their number before: some writers align them.
    fn entries(&self, count: u64, bytes: u64) -> (u64, u64) {
        let aligned = u64::from(self.size) == 8 + count * bytes;
        (if aligned { 8 } else { 4 }, count.min(MOST_ENTRIES).min(u64::from(self.size) / bytes.max(1)))
    }

    pub(super) fn rows(&self, kind: u32) -> Vec<String> {
        match kind {
            3 => self.threads(),
            4 => self.modules(),
            5 => self.memory(),
            6 => self.exception(),
            7 => self.system(),
            9 => self.memory64(),
            17 => self.thread_infos(),
            19 => self.tokens(),
            _ => Vec::new(),
        }
    }

    /// `MINIDUMP_THREAD`: ThreadId at 0, Teb at 0x10; 0x30 bytes.
    fn threads(&self) -> Vec<String> {
        let count = u64::from(self.u32(0));
        let (first, present) = self.entries(count, 0x30);
        let row = |n| {
            let entry = Part { at: self.at + first + n * 0x30, ..*self };
            format!("  RVA {:08X}, ID {:X}, Teb:{:016X}", entry.at, entry.u32(0), entry.u64(0x10))
        };
        std::iter::once(format!("  {count} threads")).chain((0..present).map(row)).collect()
    }

    /// `MINIDUMP_MODULE`: BaseOfImage at 0, SizeOfImage at 8, Reserved0 at 0x5c; 0x6c bytes.
    fn modules(&self) -> Vec<String> {
        let count = u64::from(self.u32(0));
        let (first, present) = self.entries(count, 0x6c);
        let row = |n| {
            let entry = Part { at: self.at + first + n * 0x6c, ..*self };
            let (base, size) = (entry.u64(0), u64::from(entry.u32(8)));
            let modules = &self.session.process.modules;
            let is = |module: &dumplens_core::Module| {
                self.session.normal(module.base) == self.session.normal(base)
            };
            let same = usize::try_from(n).ok().filter(|n| modules.get(*n).is_some_and(is));
            let index = same.or_else(|| modules.iter().position(is));
            let path = index.map_or("", |index| self.session.module_path(index));
            let address = |at| self.session.address(at);
            let (from, to) = (address(base), address(base.wrapping_add(size)));
            format!("  RVA {:08X}, {from} - {to}: '{path}', {:x}", entry.at, entry.u32(0x5c))
        };
        std::iter::once(format!("  {count} modules")).chain((0..present).map(row)).collect()
    }

    /// `MINIDUMP_MEMORY_DESCRIPTOR`: an address of 8 bytes, size and RVA.
    fn memory(&self) -> Vec<String> {
        let count = u64::from(self.u32(0));
        let (first, present) = self.entries(count, 16);
        let mut rows = vec![format!("  {count} memory ranges"), self.ranges_head()];
        let mut total = 0_u64;
        for n in 0..present {
            let entry = Part { at: self.at + first + n * 16, ..*self };
            let size = u64::from(entry.u32(8));
            total = total.saturating_add(size);
            rows.push(self.range(n, entry.u32(12).into(), entry.u64(0), size));
        }
        rows.push(format!("  Total memory: {total:x}"));
        rows
    }

    /// `MINIDUMP_MEMORY64_LIST`: their number and where the bytes begin, then addresses and sizes.
    fn memory64(&self) -> Vec<String> {
        let (count, mut at) = (self.u64(0), self.u64(8));
        let base = format!("  RVA 0x{at:X} BaseRva");
        let mut rows = vec![format!("  {count} memory ranges"), base, self.ranges_head()];
        let mut total = 0_u64;
        for n in 0..count.min(MOST_ENTRIES).min(u64::from(self.size) / 16) {
            let (address, size) = (self.u64(16 + 16 * n), self.u64(24 + 16 * n));
            rows.push(self.range(n, at, address, size));
            (at, total) = (at.saturating_add(size), total.saturating_add(size));
        }
        rows.push(format!("  Total memory: {total:x}"));
        rows
    }

    fn ranges_head(&self) -> String {
        let gap = if self.session.x86 { "      " } else { "             " };
        format!("  range#    RVA      Address{gap}Size")
    }

    fn range(&self, n: u64, at: u64, address: u64, size: u64) -> String {
        let size = if self.session.x86 { format!("{size:08x}") } else { ticked(size) };
        format!("{n:>8} {at:08X}    {}   {size}", self.session.address(address))
    }

    /// `MINIDUMP_EXCEPTION_STREAM`.
    fn exception(&self) -> Vec<String> {
        vec![
            format!("  ThreadID {}", self.u32(0)),
            format!("  ExceptionCode {:X}", self.u32(8)),
            format!("  ExceptionRecord {:x}", self.u64(16)),
            format!("  ExceptionAddress {:x}", self.u64(24)),
            format!("  Context record RVA {:x}, size {:x}", self.u32(164), self.u32(160)),
        ]
    }

    /// `MINIDUMP_SYSTEM_INFO`.
    fn system(&self) -> Vec<String> {
        let architecture = match self.u16(0) {
            0 => "PROCESSOR_ARCHITECTURE_INTEL",
            5 => "PROCESSOR_ARCHITECTURE_ARM",
            9 => "PROCESSOR_ARCHITECTURE_AMD64",
            12 => "PROCESSOR_ARCHITECTURE_ARM64",
            _ => "<unknown>",
        };
        let platform = if self.u32(20) == 2 { "VER_PLATFORM_WIN32_NT" } else { "<unknown>" };
        let product = match self.u16(6) >> 8 {
            2 => "LanManNt",
            3 => "Server",
            _ => "WinNt",
        };
        let csd = self.u32(24);
        let pack = Part { at: csd.into(), ..*self };
        let length = pack.u32(0);
        let mut rows = vec![
            format!("  ProcessorArchitecture   {:04X} ({architecture})", self.u16(0)),
            format!("  ProcessorLevel          {:04X}", self.u16(2)),
            format!("  ProcessorRevision       {:04X}", self.u16(4)),
            format!("  NumberOfProcessors      {:02X}", self.u16(6) & 0xff),
            format!("  MajorVersion            {:08X}", self.u32(8)),
            format!("  MinorVersion            {:08X}", self.u32(12)),
            format!("  BuildNumber             {0:08X} ({0})", self.u32(16)),
            format!("  PlatformId              {:08X} ({platform})", self.u32(20)),
            format!("  CSDVersionRva           {csd:08X}"),
            format!("                            Length: {length}"),
        ];
        if length > 0 {
            let bytes = self.session.process.dump.file_bytes(pack.at + 4, length.min(512) as usize);
            let units: Vec<u16> = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
            rows.push(format!(
                "                            Buffer: {{'{}'}}",
                String::from_utf16_lossy(&units)
            ));
        }
        let suite = suites(self.u16(28)).unwrap_or_else(|| "<none>".to_owned());
        rows.push(format!("  Product: {product}, suite: {suite}"));
        rows
    }

    /// `MINIDUMP_THREAD_INFO_LIST`: bytes of its head and of an entry, and how many there are.
    fn thread_infos(&self) -> Vec<String> {
        let (head, bytes, count) = (self.u32(0), self.u32(4), self.u32(8));
        let present = u64::from(count).min(u64::from(self.size) / u64::from(bytes.max(4)));
        let row = |n| {
            let entry = Part { at: self.at + u64::from(head) + n * u64::from(bytes), ..*self };
            format!("  RVA {:08X}, ID {:X}", entry.at, entry.u32(0))
        };
        (0..present).map(row).collect()
    }

    /// `MINIDUMP_TOKEN_INFO_LIST`: its size, how many there are, and the bytes of its heads; of each its size, the process
    /// and the handle.
    fn tokens(&self) -> Vec<String> {
        let (count, head) = (self.u32(4), self.u32(8));
        let mut rows = vec![format!("  {count} Tokens")];
        let mut at = self.at + u64::from(head);
        for _ in 0..u64::from(count).min(u64::from(self.size) / 16) {
            let entry = Part { at, ..*self };
            rows.push(format!("    Token {:x} for {}", entry.u64(8), entry.u32(4)));
            at += u64::from(entry.u32(0).max(16));
        }
        rows
    }
}
