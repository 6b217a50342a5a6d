//! CONTEXT records.

use crate::arch::Arch;
use crate::bytes::{Fields, low32};

/// Registers of a thread. `ip`, `sp` and `fp` win over the same registers in `general`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// rip, eip, pc.
    pub ip: u64,
    /// rsp, esp, sp.
    pub sp: u64,
    /// rbp, ebp, x29.
    pub fp: u64,
    /// ARM64's x30.
    pub lr: u64,
    /// (register number as the processor encodes it, value): x64 and x86 0 ax, 1 cx, 2 dx, 3 bx, 6 si, 7 di,
    /// 8..15 r8..r15; ARM64 0..28.
    pub general: Vec<(usize, u64)>,
    /// ContextFlags; 0 means the usual ones of the architecture.
    pub flags: u32,
    /// These very bytes instead, of any length.
    pub raw: Option<Vec<u8>>,
}

impl Context {
    /// A context with these three registers.
    pub fn at(ip: u64, sp: u64, fp: u64) -> Self {
        Context { ip, sp, fp, ..Context::default() }
    }

    /// The record: 0x2CC bytes for x86, 0x4D0 for x64, 0x390 for ARM64.
    pub fn to_bytes(&self, arch: Arch) -> Vec<u8> {
        match (&self.raw, arch) {
            (Some(raw), _) => raw.clone(),
            (None, Arch::X86) => self.x86(),
            (None, Arch::Arm64) => self.arm64(),
            (None, Arch::X64 | Arch::Other(_)) => self.x64(),
        }
    }

    fn flags_or(&self, usual: u32) -> u32 {
        if self.flags == 0 { usual } else { self.flags }
    }

    fn x86(&self) -> Vec<u8> {
        // Encoding order eax ecx edx ebx esp ebp esi edi.
        const GENERAL: [usize; 8] = [0xB0, 0xAC, 0xA8, 0xA4, 0xC4, 0xB4, 0xA0, 0x9C];
        let mut c = Fields::flat(0x2CC);
        c.u32(0x00, self.flags_or(0x1_003F));
        for (at, segment) in
            [(0x8C, 0x2B), (0x90, 0x53), (0x94, 0x2B), (0x98, 0x2B), (0xBC, 0x23), (0xC8, 0x2B)]
        {
            c.u32(at, segment);
        }
        for &(number, value) in &self.general {
            c.u32(GENERAL[number], low32(value));
        }
        c.u32(0xB4, low32(self.fp));
        c.u32(0xB8, low32(self.ip));
        c.u32(0xC0, 0x202);
        c.u32(0xC4, low32(self.sp));
        c.bytes
    }

    fn x64(&self) -> Vec<u8> {
        let mut c = Fields::flat(0x4D0);
        c.u32(0x30, self.flags_or(0x10_001F));
        c.u32(0x34, 0x1F80);
        for (at, segment) in
            [(0x38, 0x33), (0x3A, 0x2B), (0x3C, 0x2B), (0x3E, 0x53), (0x40, 0x2B), (0x42, 0x2B)]
        {
            c.u16(at, segment);
        }
        c.u32(0x44, 0x202);
        for &(number, value) in &self.general {
            assert!(number < 16, "x64 has 16 registers");
            c.u64(0x78 + 8 * number, value);
        }
        c.u64(0x98, self.sp);
        c.u64(0xA0, self.fp);
        c.u64(0xF8, self.ip);
        c.bytes
    }

    fn arm64(&self) -> Vec<u8> {
        let mut c = Fields::flat(0x390);
        c.u32(0x00, self.flags_or(0x40_0007));
        for &(number, value) in &self.general {
            assert!(number < 29, "x29 and x30 have their own fields");
            c.u64(0x08 + 8 * number, value);
        }
        c.u64(0xF0, self.fp);
        c.u64(0xF8, self.lr);
        c.u64(0x100, self.sp);
        c.u64(0x108, self.ip);
        c.bytes
    }
}
