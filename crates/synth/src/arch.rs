//! Processor architectures.

/// ProcessorArchitecture of MINIDUMP_SYSTEM_INFO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arch {
    /// 0, 32-bit x86.
    X86,
    /// 9, x86-64.
    #[default]
    X64,
    /// 12, ARM64.
    Arm64,
    /// Any other number; contexts are written as x64's.
    Other(u16),
}

impl Arch {
    /// The number in the file.
    pub fn number(self) -> u16 {
        match self {
            Arch::X86 => 0,
            Arch::X64 => 9,
            Arch::Arm64 => 12,
            Arch::Other(number) => number,
        }
    }
}

/// Pointer width of a structure in the process: the TEB32 of a WOW64 process is `W32` in an x64 dump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Width {
    /// 4-byte pointers.
    W32,
    /// 8-byte pointers.
    #[default]
    W64,
}

impl Width {
    /// Size of a pointer, bytes.
    pub fn bytes(self) -> usize {
        match self {
            Width::W32 => 4,
            Width::W64 => 8,
        }
    }
}
