//! What the engine does not decode, though the processor may.

use iced_x86::{Instruction, Mnemonic};

/// Whether the debugger shows `???`.
pub(super) fn is(instruction: &Instruction, bytes: &[u8]) -> bool {
    use Mnemonic as M;
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
        M::Reservednop => true,
        M::Test => test_1(bytes),
        _ => false,
    }
}

/// F6 /1 and F7 /1: an alias of `test` that the engine does not know.
fn test_1(bytes: &[u8]) -> bool {
    let at = bytes.iter().position(|b| matches!(b, 0xf6 | 0xf7));
    let prefixes = |n: &usize| {
        bytes[..*n].iter().all(|b| {
            matches!(
                b,
                0x66 | 0x67 | 0x40..=0x4f | 0x26 | 0x2e | 0x36 | 0x3e | 0x64 | 0x65 | 0xf0 | 0xf2 | 0xf3
            )
        })
    };
    at.filter(prefixes).and_then(|n| bytes.get(n + 1)).is_some_and(|modrm| modrm >> 3 & 7 == 1)
}
