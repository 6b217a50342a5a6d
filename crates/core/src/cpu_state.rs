//! All of a CONTEXT that a debugger shows: general registers, flags, segments, floating point and SSE registers.

use crate::arch::{Arch, Width};
use crate::context::{Context, Registers};
use crate::memory::{Memory, Unreadable};

/// Bytes of the CONTEXT of x64 and x86 (winnt.h), without what follows for AVX.
const SIZE_X64: u64 = 0x4d0;
const SIZE_X86: u64 = 0x2cc;

/// The registers of a thread of x64 or x86, as CONTEXT has them. Those that the CONTEXT leaves out are zero.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CpuState {
    /// Bits64 for x64.
    pub width: Width,
    /// `ContextFlags`.
    pub flags: u32,
    /// rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15; of x86 the first eight.
    pub general: [u64; 16],
    /// rip or eip.
    pub ip: u64,
    /// EFLAGS.
    pub eflags: u32,
    /// cs, ss, ds, es, fs, gs.
    pub segments: [u16; 6],
    /// xmm0 to xmm15; of x86 the first eight.
    pub xmm: [u128; 16],
    /// MXCSR.
    pub mxcsr: u32,
    /// x87: control word, status word, tag word, opcode, and offset and selector of the last instruction and its data.
    pub x87: X87,
    /// st0 to st7: 80 bits each.
    pub st: [[u8; 10]; 8],
    /// dr0 to dr3, dr6 and dr7.
    pub debug: [u64; 6],
}

/// The x87 unit's own registers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct X87 {
    /// Control word.
    pub control: u16,
    /// Status word.
    pub status: u16,
    /// Tag word: of x64 the short form of FXSAVE, one bit for each register.
    pub tag: u16,
    /// Opcode of the last instruction.
    pub opcode: u16,
    /// Its address: offset and selector.
    pub instruction: (u32, u16),
    /// The address of its operand: offset and selector.
    pub data: (u32, u16),
}

impl CpuState {
    /// Decodes the bytes of a CONTEXT of x64 or x86; `None` for another processor, or bytes that are too few.
    pub fn decode(bytes: &[u8], width: Width) -> Option<CpuState> {
        match width {
            Width::Bits64 if bytes.len() as u64 >= SIZE_X64 => x64(bytes),
            Width::Bits32 if bytes.len() as u64 >= SIZE_X86 => x86(bytes),
            _ => None,
        }
    }

    /// Reads a CONTEXT out of the process's memory.
    pub fn read(memory: Memory<'_>, address: u64, width: Width) -> Result<Option<CpuState>, Unreadable> {
        let size = if width == Width::Bits64 { SIZE_X64 } else { SIZE_X86 };
        Ok(CpuState::decode(&memory.bytes(address, size)?, width))
    }

    /// Whether a CONTEXT of this processor is understood.
    pub(crate) fn is_for(arch: Option<Arch>) -> bool {
        matches!(arch, Some(Arch::X64 | Arch::X86))
    }

    /// What a walk of the stack begins with.
    pub fn context(&self) -> Context {
        let [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, ..] = self.general;
        let low = |value: u64| u32::try_from(value & u64::from(u32::MAX)).unwrap_or(0);
        let registers = match self.width {
            Width::Bits64 => Registers::X64 { general: self.general, cs: self.segments[0] },
            Width::Bits32 => Registers::X86([rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi].map(low)),
        };
        Context { flags: self.flags, ip: self.ip, sp: rsp, registers }
    }
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(<[u8]>::first_chunk::<N>).copied().unwrap_or([0; N])
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(number(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(number(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(number(bytes, at))
}

/// CONTEXT of x64 (winnt.h): general registers from 0x78, FltSave at 0x100 in FXSAVE's layout.
fn x64(bytes: &[u8]) -> Option<CpuState> {
    let mut general = [0; 16];
    for (register, part) in general.iter_mut().zip(bytes.get(0x78..0xf8)?.chunks_exact(8)) {
        *register = u64_at(part, 0);
    }
    let save = bytes.get(0x100..0x300)?;
    let mut debug = [0; 6];
    for (register, part) in debug.iter_mut().zip(bytes.get(0x48..0x78)?.chunks_exact(8)) {
        *register = u64_at(part, 0);
    }
    let x87 = X87 {
        control: u16_at(save, 0),
        status: u16_at(save, 2),
        tag: u16_at(save, 4),
        opcode: u16_at(save, 6),
        instruction: (u32_at(save, 8), u16_at(save, 12)),
        data: (u32_at(save, 16), u16_at(save, 20)),
    };
    Some(CpuState {
        width: Width::Bits64,
        flags: u32_at(bytes, 0x30),
        general,
        ip: u64_at(bytes, 0xf8),
        eflags: u32_at(bytes, 0x44),
        segments: [0x38, 0x42, 0x3a, 0x3c, 0x3e, 0x40].map(|at| u16_at(bytes, at)),
        xmm: xmm(save, 16),
        mxcsr: u32_at(bytes, 0x34),
        x87,
        st: st(save.get(0x20..)?, 16),
        debug,
    })
}

/// CONTEXT of x86 (winnt.h): FLOATING_SAVE_AREA at 0x1c, general registers from 0x8c, FXSAVE's bytes at 0xcc.
fn x86(bytes: &[u8]) -> Option<CpuState> {
    let mut general = [0; 16];
    let places = [0xb0, 0xac, 0xa8, 0xa4, 0xc4, 0xb4, 0xa0, 0x9c];
    for (register, at) in general.iter_mut().zip(places) {
        *register = u64::from(u32_at(bytes, at));
    }
    let mut debug = [0; 6];
    for (register, at) in debug.iter_mut().zip([4, 8, 0xc, 0x10, 0x14, 0x18]) {
        *register = u64::from(u32_at(bytes, at));
    }
    let save = bytes.get(0x1c..)?;
    let x87 = X87 {
        control: u16_at(save, 0),
        status: u16_at(save, 4),
        tag: u16_at(save, 8),
        opcode: u16_at(save, 0x12) & 0x7ff,
        instruction: (u32_at(save, 0xc), u16_at(save, 0x10)),
        data: (u32_at(save, 0x14), u16_at(save, 0x18)),
    };
    Some(CpuState {
        width: Width::Bits32,
        flags: u32_at(bytes, 0),
        general,
        ip: u64::from(u32_at(bytes, 0xb8)),
        eflags: u32_at(bytes, 0xc0),
        segments: [0xbc, 0xc8, 0x98, 0x94, 0x90, 0x8c].map(|at| u16_at(bytes, at)),
        xmm: xmm(bytes.get(0xcc..)?, 8),
        mxcsr: u32_at(bytes, 0xcc + 0x18),
        x87,
        st: st(save.get(0x1c..)?, 10),
        debug,
    })
}

/// XmmRegisters of FXSAVE, from 0xa0 on.
fn xmm(save: &[u8], count: usize) -> [u128; 16] {
    let mut registers = [0; 16];
    let parts = save.get(0xa0..).unwrap_or_default().chunks_exact(16);
    for (register, part) in registers.iter_mut().take(count).zip(parts) {
        *register = u128::from_le_bytes(number(part, 0));
    }
    registers
}

/// The x87 registers, one every so many bytes.
fn st(area: &[u8], stride: usize) -> [[u8; 10]; 8] {
    let mut registers = [[0; 10]; 8];
    for (register, part) in registers.iter_mut().zip(area.chunks_exact(stride)) {
        *register = number(part, 0);
    }
    registers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_read_from_where_winnt_h_has_them() {
        let mut bytes = vec![0; 0x4d0];
        for (at, value) in [(0x78, 1u64), (0x80, 2), (0x98, 5), (0xf0, 16), (0xf8, 0x1234)] {
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        bytes[0x38] = 0x33;
        bytes[0x44] = 0x46;
        bytes[0x1a0] = 7;
        let state = CpuState::decode(&bytes, Width::Bits64).unwrap();
        assert_eq!(state.general[..5], [1, 2, 0, 0, 5]);
        assert_eq!((state.general[15], state.ip, state.eflags), (16, 0x1234, 0x46));
        assert_eq!((state.segments[0], state.xmm[0], state.context().sp), (0x33, 7, 5));
        assert!(CpuState::decode(&bytes[..0x4cf], Width::Bits64).is_none());
    }

    #[test]
    fn x86_has_its_own_places() {
        let mut bytes = vec![0; 0x2cc];
        bytes[0xb0] = 1;
        bytes[0xc4] = 2;
        bytes[0xb8] = 3;
        bytes[0xbc] = 0x23;
        let state = CpuState::decode(&bytes, Width::Bits32).unwrap();
        assert_eq!((state.general[0], state.general[4], state.ip, state.segments[0]), (1, 2, 3, 0x23));
        assert!(CpuState::decode(&bytes[..0x2cb], Width::Bits32).is_none());
    }
}
