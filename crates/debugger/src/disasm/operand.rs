//! Operands, with names for the addresses in them.

use iced_x86::{
    Code as C, CodeSize, Formatter as _, Instruction, MasmFormatter, MemorySize, Mnemonic as M, OpKind,
    Register,
};

use super::Namer;
use crate::session::ticked;

/// One operand as the debugger prints it; `n` counts the formatter's operands.
pub(super) fn text(
    formatter: &mut MasmFormatter,
    instruction: &Instruction,
    bytes: &[u8],
    n: u32,
    x86: bool,
    name: &mut Namer<'_>,
) -> String {
    let mut text = String::new();
    if formatter.format_operand(instruction, &mut text, n).is_err() {
        return text;
    }
    let Ok(Some(of)) = formatter.get_instruction_operand(instruction, n) else { return text };
    match instruction.op_kind(of) {
        OpKind::NearBranch16 if instruction.code_size() == CodeSize::Code16 => {
            format!("{:04X}", instruction.near_branch16())
        }
        OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64 => {
            branch(instruction.near_branch_target(), x86, name)
        }
        OpKind::FarBranch16 => {
            format!("{:04X}:{:04X}", instruction.far_branch_selector(), instruction.far_branch16())
        }
        OpKind::FarBranch32 => {
            format!("{:04X}:{:08X}", instruction.far_branch_selector(), instruction.far_branch32())
        }
        OpKind::Memory => memory(instruction, bytes, &text, x86, name),
        OpKind::Immediate32 => offset(u64::from(instruction.immediate32()), x86, name).unwrap_or(text),
        OpKind::Immediate32to64 => {
            offset(instruction.immediate32to64().cast_unsigned(), x86, name).unwrap_or(text)
        }
        _ => text,
    }
}

fn address(value: u64, x86: bool) -> String {
    if x86 { format!("{:08x}", value & 0xffff_ffff) } else { ticked(value) }
}

/// `mod!sym+0x40 (addr)`, or the bare address.
fn branch(target: u64, x86: bool, name: &mut Namer<'_>) -> String {
    match name(target) {
        Some(name) => format!("{name} ({})", address(target, x86)),
        None => address(target, x86),
    }
}

/// `offset mod!sym (addr)` of an immediate that lies in a module.
fn offset(value: u64, x86: bool, name: &mut Namer<'_>) -> Option<String> {
    let name = name(value).filter(|_| value >= 0x1_0000)?;
    Some(format!("offset {name} ({})", address(value, x86)))
}

/// A memory operand: its size, its segment, and what stands in brackets.
fn memory(instruction: &Instruction, bytes: &[u8], text: &str, x86: bool, name: &mut Namer<'_>) -> String {
    let text = text.replace("*1]", "]").replace("*1+", "+").replace("*1-", "-");
    let (base, index) = (instruction.memory_base(), instruction.memory_index());
    let displacement = instruction.memory_displacement64();
    let size = size(instruction, &text, x86);
    let segment = segment(instruction);
    let inside = inside(&text);
    if matches!(base, Register::RIP | Register::EIP) {
        let high = if base == Register::EIP { instruction.ip() & !0xffff_ffff } else { 0 };
        let displacement = displacement | high;
        return format!("{size}{segment}[{}]", branch(displacement, x86, name));
    }
    if base == Register::None && index == Register::None {
        if instruction.segment_prefix() == Register::None
            && let Some(name) = name(displacement).filter(|_| displacement >= 0x1_0000)
        {
            return format!("{size}[{name} ({})]", address(displacement, x86));
        }
        let moffs = is_moffs(bytes);
        if moffs && !x86 {
            return format!("{size}{segment}[{displacement:016X}h]");
        }
        if x86 && moffs {
            let segment = if segment.is_empty() { "ds:" } else { &segment };
            return format!("{size}{segment}[{displacement:08X}h]");
        }
        let segment = if segment.is_empty() && x86 { "ds:".to_owned() } else { segment };
        return format!("{size}{segment}[{}]", hex(displacement));
    }
    if instruction.code_size() == CodeSize::Code16 && instruction.memory_displ_size() == 2 {
        // As many digits as the code has: [si+0024h], and [si-75h].
        let zero = if displacement & 0xffff >= 0xa000 { "0" } else { "" };
        let registers = registers_of(instruction);
        return format!("{size}{segment}[{registers}+{zero}{:04X}h]", displacement & 0xffff);
    }
    if x86
        && displacement >= 0x1_0000
        && instruction.memory_displ_size() == 4
        && let Some(name) = name(displacement)
    {
        let registers = without_displacement(&inside);
        return format!("{size}{segment}{name} ({})[{registers}]", address(displacement, x86));
    }
    format!("{size}{segment}[{inside}]")
}

/// `mov al,[addr]` and its kind: A0 to A3.
fn is_moffs(bytes: &[u8]) -> bool {
    let prefix = |b: &u8| {
        matches!(b, 0x66 | 0x67 | 0x26 | 0x2e | 0x36 | 0x3e | 0x64 | 0x65 | 0xf0 | 0xf2 | 0xf3 | 0x40..=0x4f)
    };
    bytes.iter().find(|b| !prefix(b)).is_some_and(|b| matches!(b, 0xa0..=0xa3))
}

/// Hexadecimal as MASM has it.
fn hex(value: u64) -> String {
    let text = format!("{value:X}");
    if value < 10 {
        return text;
    }
    let zero = if text.starts_with(|c: char| c.is_ascii_alphabetic()) { "0" } else { "" };
    format!("{zero}{text}h")
}

fn inside(text: &str) -> String {
    let begin = text.find('[').map_or(0, |at| at + 1);
    let end = text.rfind(']').unwrap_or(text.len());
    text.get(begin..end).unwrap_or_default().to_owned()
}

/// `bx+si`.
fn registers_of(instruction: &Instruction) -> String {
    let of = [instruction.memory_base(), instruction.memory_index()];
    let names = of.iter().filter(|register| **register != Register::None).map(|r| format!("{r:?}"));
    names.collect::<Vec<_>>().join("+").to_ascii_lowercase()
}

/// `eax*4` of `eax*4+601700h`.
fn without_displacement(inside: &str) -> String {
    let parts: Vec<&str> = inside.split('+').collect();
    let registers = parts.iter().filter(|part| part.starts_with(|c: char| c.is_ascii_lowercase()));
    registers.copied().collect::<Vec<_>>().join("+")
}

/// `dword ptr `; of MMX and SSE with 64 bits `mmword ptr `.
fn size(instruction: &Instruction, text: &str, x86: bool) -> String {
    let shown = text.find(" ptr ").map_or("", |at| &text[..at + 5]);
    let before = shown.to_owned();
    match instruction.mnemonic() {
        M::Prefetch | M::Prefetchw | M::Prefetchnta | M::Prefetcht0 | M::Prefetcht1 | M::Prefetcht2 => {
            return String::new();
        }
        M::Clflush | M::Clflushopt | M::Clwb | M::Fldenv | M::Frstor => return String::new(),
        M::Fxsave | M::Fxsave64 | M::Fxrstor | M::Fxrstor64 => return String::new(),
        M::Bndldx | M::Bndstx if x86 => return "dword ptr ".to_owned(),
        M::Bndldx | M::Bndstx => return "qword ptr ".to_owned(),
        M::Sgdt | M::Sidt | M::Lgdt | M::Lidt if !x86 => return "tbyte ptr ".to_owned(),
        M::Movsxd if before == "word ptr " => return "dword ptr ".to_owned(),
        _ => {}
    }
    if instruction.memory_size() == MemorySize::Unknown {
        return String::new();
    }
    if before == "qword ptr " && is_media(instruction) {
        return "mmword ptr ".to_owned();
    }
    before
}

/// Whether another operand is an MMX or SSE register.
fn is_media(instruction: &Instruction) -> bool {
    let plain = matches!(instruction.mnemonic(), M::Movlps | M::Movhps | M::Movlpd | M::Movhpd | M::Vmovlpd)
        || matches!(
            instruction.code(),
            C::Movq_mm_rm64 | C::Movq_rm64_mm | C::Movq_xmm_rm64 | C::Movq_rm64_xmm
        );
    if plain {
        return false;
    }
    (0..instruction.op_count()).any(|n| {
        let register = instruction.op_register(n);
        instruction.op_kind(n) == OpKind::Register
            && (register.is_xmm() || register.is_mm() || register.is_ymm())
    }) || matches!(instruction.mnemonic(), M::Cvttsd2si | M::Cvtsd2si)
}

/// The segment: every override is shown, and `ss:` or `ds:` is not where it is the default.
fn segment(instruction: &Instruction) -> String {
    match instruction.segment_prefix() {
        Register::None => String::new(),
        segment => format!("{segment:?}:").to_ascii_lowercase(),
    }
}
