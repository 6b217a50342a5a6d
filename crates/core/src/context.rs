//! CONTEXT: the flags that say what it holds, and for which processor.

use minidump::{MinidumpContext, MinidumpRawContext};

use crate::arch::Width;

/// The registers of a thread (CONTEXT).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Context {
    /// `ContextFlags` (winnt.h `CONTEXT_*`), without what the kernel notes there: which registers were filled in.
    pub flags: u32,
    /// The instruction pointer.
    pub ip: u64,
    /// The stack pointer.
    pub sp: u64,
    /// The general registers.
    pub registers: Registers,
}

/// General registers, by processor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Registers {
    /// x64.
    X64 {
        /// In the order of their numbers: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15.
        general: [u64; 16],
        /// The code segment; 0x23 in 32-bit code.
        cs: u16,
    },
    /// x86, in the order of their numbers: eax, ecx, edx, ebx, esp, ebp, esi, edi.
    X86([u32; 8]),
    /// ARM64: x0 to x28, fp (x29), lr (x30).
    Arm64([u64; 31]),
    /// Another processor's are not given.
    Other,
}

const X64_NAMES: [&str; 16] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15",
];
const X86_NAMES: [&str; 8] = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];

impl Context {
    /// A general register by its name in assembly, such as `rax`, `ebp` or `x3`; `None` if the processor has none of
    /// that name. Whether it was filled in, only [`Context::flags`] say.
    pub fn register(&self, name: &str) -> Option<u64> {
        let at = |names: &[&str]| names.iter().position(|known| *known == name);
        match &self.registers {
            Registers::X64 { general, .. } => general.get(at(&X64_NAMES)?).copied(),
            Registers::X86(general) => general.get(at(&X86_NAMES)?).map(|value| u64::from(*value)),
            Registers::Arm64(x) => match name {
                "fp" => x.get(29).copied(),
                "lr" => x.get(30).copied(),
                _ => x.get(name.strip_prefix('x')?.parse::<usize>().ok()?).copied(),
            },
            Registers::Other => None,
        }
    }

    pub(crate) fn of(context: &MinidumpContext) -> Context {
        let (flags, registers) = match &context.raw {
            MinidumpRawContext::Amd64(c) => {
                let general = [
                    c.rax, c.rcx, c.rdx, c.rbx, c.rsp, c.rbp, c.rsi, c.rdi, c.r8, c.r9, c.r10, c.r11, c.r12,
                    c.r13, c.r14, c.r15,
                ];
                (c.context_flags, Registers::X64 { general, cs: c.cs })
            }
            MinidumpRawContext::X86(c) => {
                let general = [c.eax, c.ecx, c.edx, c.ebx, c.esp, c.ebp, c.esi, c.edi];
                (c.context_flags, Registers::X86(general))
            }
            MinidumpRawContext::Arm64(c) => (c.context_flags, Registers::Arm64(c.iregs)),
            MinidumpRawContext::OldArm64(c) => {
                let flags = u32::try_from(c.context_flags & u64::from(u32::MAX)).unwrap_or(0);
                (flags, Registers::Arm64(c.iregs))
            }
            _ => (0, Registers::Other),
        };
        Context { flags, ip: context.get_instruction_pointer(), sp: context.get_stack_pointer(), registers }
    }
}

/// What the kernel notes in `ContextFlags` beside the processor (winnt.h): `CONTEXT_EXCEPTION_ACTIVE`,
/// `CONTEXT_SERVICE_ACTIVE`, `CONTEXT_UNWOUND_TO_CALL`, `CONTEXT_EXCEPTION_REQUEST`, `CONTEXT_EXCEPTION_REPORTING`. The
/// `minidump` crate takes some of them for the names of other processors.
const NOTES: u32 = 0x0800_0000 | 0x1000_0000 | 0x2000_0000 | 0x4000_0000 | 0x8000_0000;

/// Where `ContextFlags` is, and the bit of the processor, of the CONTEXT of x86, ARM64 and x64; by its size, as threads
/// may have been written for another processor than the process.
fn flags_of(size: usize, width: Width) -> Option<(usize, u32)> {
    match (width, size) {
        (Width::Bits32, 0x2cc..) => Some((0, 0x1_0000)),
        (Width::Bits64, 0x4d0..) => Some((0x30, 0x10_0000)),
        (Width::Bits64, 0x390) => Some((0, 0x40_0000)),
        _ => None,
    }
}

/// Size of Windows' CONTEXT of 32-bit ARM, its `CONTEXT_ARM`, and that of Breakpad, which alone the `minidump` crate knows: the
/// layouts are the same up to the floating-point registers.
const ARM_BYTES: usize = 0x1a0;
const ARM: u32 = 0x20_0000;
const BREAKPAD_ARM: u32 = 0x4000_0000;

/// Clears the kernel's notes in the flags of a CONTEXT, if they name the processor.
pub(crate) fn clear_notes(context: &mut [u8], width: Width) {
    let arm = width == Width::Bits32 && context.len() == ARM_BYTES;
    let place = if arm { Some((0, ARM)) } else { flags_of(context.len(), width) };
    let Some((at, processor)) = place else { return };
    let Some(field) = context.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<4>) else { return };
    let flags = u32::from_le_bytes(*field);
    if flags & processor != 0 {
        let flags = flags & !NOTES;
        *field = if arm { flags & !ARM | BREAKPAD_ARM } else { flags }.to_le_bytes();
    }
}

/// Whether a CONTEXT is one of x64 or x86, and its flags name no other processor.
pub(crate) fn is_plain(context: &[u8], width: Width) -> bool {
    /// `CONTEXT_*` of all processors that the `minidump` crate knows, but for the bits that are [`NOTES`].
    const PROCESSORS: u32 = 0x1f_0000 | 0x40_0000 | 0x100_0000 | NOTES;
    let Some((at, processor)) = flags_of(context.len(), width) else { return false };
    let flags = context.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |field| u32::from_le_bytes(*field));
    processor != 0x40_0000 && flags & PROCESSORS == processor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_go_and_the_rest_stays() {
        for (size, at, width, processor) in [
            (0x2cc, 0, Width::Bits32, 0x1_0000),
            (0x4d0, 0x30, Width::Bits64, 0x10_0000_u32),
            (0x390, 0, Width::Bits64, 0x40_0000),
        ] {
            let with = |flags: u32| {
                let mut context = vec![0xff; size];
                context[at..at + 4].copy_from_slice(&flags.to_le_bytes());
                context
            };
            let mut noted = with(processor | 0xf800_001f);
            clear_notes(&mut noted, width);
            assert_eq!(noted, with(processor | 0x1f));
            // Another processor's flags are what they are.
            let mut other = with(0xf800_001f);
            clear_notes(&mut other, width);
            assert_eq!(other, with(0xf800_001f));
        }
        let mut short = [0xff; 0x20];
        clear_notes(&mut short, Width::Bits64);
        assert_eq!(short, [0xff; 0x20]);
    }
}
