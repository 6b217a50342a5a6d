//! The processor of the dumped process, as far as reading its memory needs it.

use std::fmt;

/// `ProcessorArchitecture` of `MINIDUMP_SYSTEM_INFO` (winnt.h `PROCESSOR_ARCHITECTURE_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arch {
    /// 0, `PROCESSOR_ARCHITECTURE_INTEL`.
    X86,
    /// 5, `PROCESSOR_ARCHITECTURE_ARM`.
    Arm,
    /// 9, `PROCESSOR_ARCHITECTURE_AMD64`.
    X64,
    /// 12, `PROCESSOR_ARCHITECTURE_ARM64`; Breakpad's older 0x8003 as well.
    Arm64,
    /// Any other value, kept as it was found.
    Other(u16),
}

impl Arch {
    /// From the raw field.
    pub fn from_raw(raw: u16) -> Arch {
        match raw {
            0 => Arch::X86,
            5 => Arch::Arm,
            9 => Arch::X64,
            12 | 0x8003 => Arch::Arm64,
            other => Arch::Other(other),
        }
    }

    /// The size of a pointer; `None` for a processor that this crate does not know.
    pub fn width(self) -> Option<Width> {
        match self {
            Arch::X86 | Arch::Arm => Some(Width::Bits32),
            Arch::X64 | Arch::Arm64 => Some(Width::Bits64),
            Arch::Other(_) => None,
        }
    }
}

/// The name as people know it; the number in hex of one that neither Windows nor Breakpad has.
impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Arch::X86 => "x86",
            Arch::Arm => "arm",
            Arch::X64 => "x86_64",
            Arch::Arm64 => "arm64",
            Arch::Other(raw) => match raw {
                1 => "mips",
                2 => "alpha",
                3 => "ppc",
                6 => "ia64",
                7 => "alpha64",
                0x8001 => "sparc",
                0x8002 => "ppc64",
                0x8004 => "mips64",
                0x8005 => "riscv",
                0x8006 => "riscv64",
                _ => return write!(f, "{raw:#x}"),
            },
        })
    }
}

/// The size of a pointer in the dumped process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// 4 bytes.
    Bits32,
    /// 8 bytes.
    Bits64,
}

impl Width {
    /// Bits of a pointer: 32 or 64.
    pub fn bits(self) -> u32 {
        match self {
            Width::Bits32 => 32,
            Width::Bits64 => 64,
        }
    }

    /// Bytes of a pointer: 4 or 8.
    #[inline]
    pub fn bytes(self) -> usize {
        match self {
            Width::Bits32 => 4,
            Width::Bits64 => 8,
        }
    }

    /// Calls `each` with every pointer-sized word of `bytes`, little-endian; a shorter rest at the end is ignored.
    #[inline]
    pub fn each_word(self, bytes: &[u8], mut each: impl FnMut(u64)) {
        match self {
            Width::Bits32 => {
                bytes.as_chunks().0.iter().for_each(|word| each(u32::from_le_bytes(*word).into()));
            }
            Width::Bits64 => bytes.as_chunks().0.iter().for_each(|word| each(u64::from_le_bytes(*word))),
        }
    }

    /// One of two offsets: `x86` for 32-bit structures, `x64` for 64-bit ones.
    pub fn pick(self, x86: u64, x64: u64) -> u64 {
        match self {
            Width::Bits32 => x86,
            Width::Bits64 => x64,
        }
    }

    /// Undoes the sign extension that 32-bit writers apply to addresses
    /// (`0xffff_ffff_8000_0000` is `0x8000_0000`), some to all of them; every other value is left as it is.
    #[inline]
    pub fn normalise(self, address: u64) -> u64 {
        match self {
            Width::Bits32 if address >> 32 == 0xffff_ffff => address & 0xffff_ffff,
            _ => address,
        }
    }

    /// What a pointer of this size can hold of a value: some 32-bit writers leave anything in the upper half.
    pub fn truncate(self, value: u64) -> u64 {
        match self {
            Width::Bits32 => value & 0xffff_ffff,
            Width::Bits64 => value,
        }
    }
}
