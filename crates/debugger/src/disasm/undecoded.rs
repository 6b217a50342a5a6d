//! What the engine does not decode, though the processor may.

use iced_x86::{CodeSize, CpuidFeature, Instruction, Mnemonic};

/// Whether the debugger shows `???`.
pub(super) fn is(instruction: &Instruction, bytes: &[u8]) -> bool {
    use Mnemonic as M;
    if wrong_prefixes(bytes, instruction.code_size() == CodeSize::Code64) {
        return true;
    }
    match instruction.mnemonic() {
        M::Rdsspd | M::Rdsspq | M::Incsspd | M::Incsspq | M::Wrssd | M::Wrssq | M::Wrussd | M::Wrussq => true,
        M::Rdpid
        | M::Tpause
        | M::Umonitor
        | M::Umwait
        | M::Cldemote
        | M::Ud0
        | M::Ud1
        | M::Int1
        | M::Salc => true,
        M::Prefetchwt1 | M::Prefetchit0 | M::Prefetchit1 => true,
        // 0F 1F is the usual nop, of registers too; the hints of 0F 18 are for memory.
        M::Reservednop => opcode(bytes).is_none_or(|(opcode, _)| opcode != 0x1f),
        M::Prefetch | M::Prefetchw => opcode(bytes).is_some_and(|(_, modrm)| modrm >> 3 & 7 > 2),
        M::Test => test_1(bytes),
        _ => instruction.cpuid_features().iter().any(|feature| {
            matches!(
                feature,
                CpuidFeature::AVX_VNNI
                    | CpuidFeature::GFNI
                    | CpuidFeature::AVX_IFMA
                    | CpuidFeature::AVX_NE_CONVERT
            )
        }),
    }
}

/// Prefixes that the processor would skip: a REX before another prefix, and a second segment.
fn wrong_prefixes(bytes: &[u8], x64: bool) -> bool {
    let is_rex = |byte: u8| x64 && matches!(byte, 0x40..=0x4f);
    let is_segment = |byte: &&u8| matches!(byte, 0x26 | 0x2e | 0x36 | 0x3e | 0x64 | 0x65);
    let prefixes = bytes.iter().position(|byte| !(is_legacy(*byte) || is_rex(*byte))).unwrap_or(bytes.len());
    let (legacy, last) = bytes[..prefixes].split_at(prefixes.saturating_sub(1));
    legacy.iter().any(|byte| is_rex(*byte)) || legacy.iter().chain(last).filter(is_segment).count() > 1
}

fn is_legacy(byte: u8) -> bool {
    matches!(byte, 0x66 | 0x67 | 0x26 | 0x2e | 0x36 | 0x3e | 0x64 | 0x65 | 0xf0 | 0xf2 | 0xf3)
}

fn is_prefix(byte: u8) -> bool {
    is_legacy(byte) || matches!(byte, 0x40..=0x4f)
}

/// The opcode behind 0F, and the byte behind that.
fn opcode(bytes: &[u8]) -> Option<(u8, u8)> {
    let at = bytes.iter().position(|byte| !is_prefix(*byte))?;
    match bytes.get(at..at + 3)? {
        [0x0f, opcode, modrm] => Some((*opcode, *modrm)),
        _ => None,
    }
}

/// F6 /1 and F7 /1: an alias of `test` that the engine does not know.
fn test_1(bytes: &[u8]) -> bool {
    let at = bytes.iter().position(|byte| !is_prefix(*byte));
    let modrm = at.filter(|n| matches!(bytes[*n], 0xf6 | 0xf7)).and_then(|n| bytes.get(n + 1));
    modrm.is_some_and(|modrm| modrm >> 3 & 7 == 1)
}
