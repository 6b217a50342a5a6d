//! Unwind codes: each is one instruction of a prologue or an epilogue, as it is undone.

use super::malformed;
use crate::pe::ImageError;

/// What undoes one instruction. Registers as the processor numbers them: 19 to 28 are non-volatile, 29 is the frame
/// pointer, 30 the link register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Raises sp by so many bytes.
    Release(u32),
    /// Reads `first`, and `second` from the next slot, at sp + `offset`; then raises sp by `release` bytes.
    Restore {
        /// The register in the first slot.
        first: u8,
        /// The register in the second one; `None` if only one was saved.
        second: Option<u8>,
        /// Bytes above sp.
        offset: u32,
        /// Bytes by which the instruction lowered sp, before it stored.
        release: u32,
    },
    /// As `Restore`, of floating-point registers, which are not read: `pair` of them.
    RestoreFloat {
        /// Whether it saved two.
        pair: bool,
        /// Bytes by which it lowered sp.
        release: u32,
    },
    /// `save_next`: the next pair behind those of the `Restore` or `RestoreFloat` that follows, in the next two slots.
    Next,
    /// Sets sp to so many bytes below x29.
    FromFrame(u32),
    /// x30 was signed (`pacibsp`).
    Signed,
    /// `MSFT_OP_MACHINE_FRAME`: sp at sp, pc at sp + 8.
    MachineFrame,
    /// `MSFT_OP_CONTEXT`: a CONTEXT at sp.
    Context,
    /// `MSFT_OP_CLEAR_UNWOUND_TO_CALL`: x30 is where the thread was interrupted.
    Interrupted,
    /// Nothing that moves sp or a general register.
    Nothing,
    /// `end_c`: what follows was done by the part of the function that this one belongs to.
    Chained,
}

/// The operations of a sequence from the byte `from` on, up to `end`, which must come.
pub(super) fn sequence(codes: &[u8], from: usize) -> Result<Vec<Operation>, ImageError> {
    let mut rest = codes.get(from..).unwrap_or_default();
    let mut all = Vec::new();
    loop {
        let size = rest.first().map_or(1, |first| size(*first));
        let Some((code, behind)) = rest.split_at_checked(size) else {
            return Err(malformed("unwind codes without an end"));
        };
        if code == [END] {
            return Ok(all);
        }
        all.push(
            decode(code)
                .filter(is_possible)
                .ok_or_else(|| malformed(format!("unwind code {:#x?}", code.first())))?,
        );
        rest = behind;
    }
}

/// `end`.
const END: u8 = 0xe4;

/// Bytes of a code, by its first one.
fn size(first: u8) -> usize {
    match first {
        0xc0..=0xdf | 0xe2 | 0xf8 => 2,
        0xe7 | 0xf9 => 3,
        0xe0 | 0xfa => 4,
        0xfb => 5,
        _ => 1,
    }
}

/// Whether the registers of an operation exist.
fn is_possible(operation: &Operation) -> bool {
    match operation {
        Operation::Restore { first, second, .. } => *first <= 30 && second.is_none_or(|second| second <= 30),
        _ => true,
    }
}

/// One code; `None` if it has no meaning, or one that only the kernel uses.
fn decode(code: &[u8]) -> Option<Operation> {
    let bits = |byte: u8, mask: u8| u32::from(byte & mask);
    let slots = |n: u32| n.saturating_mul(8);
    let pair = |first: u8, offset, release| Operation::Restore {
        first,
        second: first.checked_add(1),
        offset,
        release,
    };
    let single = |first, offset, release| Operation::Restore { first, second: None, offset, release };
    // A register in the lower bits of the first byte and the upper ones of the second.
    let register = |high: u8, low: u8| 19u8.saturating_add((high & 3) << 2 | low >> 6);
    let register_x = |high: u8, low: u8| 19u8.saturating_add((high & 1) << 3 | low >> 5);
    Some(match *code {
        [n @ 0x00..=0x1f] => Operation::Release(bits(n, 0x1f).saturating_mul(16)),
        [n @ 0x20..=0x3f] => pair(19, 0, slots(bits(n, 0x1f))),
        [n @ 0x40..=0x7f] => pair(29, slots(bits(n, 0x3f)), 0),
        [n @ 0x80..=0xbf] => pair(29, 0, slots(bits(n, 0x3f).saturating_add(1))),
        [n @ 0xc0..=0xc7, low] => Operation::Release((bits(n, 7) << 8 | u32::from(low)).saturating_mul(16)),
        [n @ 0xc8..=0xcb, z] => pair(register(n, z), slots(bits(z, 0x3f)), 0),
        [n @ 0xcc..=0xcf, z] => pair(register(n, z), 0, slots(bits(z, 0x3f).saturating_add(1))),
        [n @ 0xd0..=0xd3, z] => single(register(n, z), slots(bits(z, 0x3f)), 0),
        [n @ 0xd4..=0xd5, z] => single(register_x(n, z), 0, slots(bits(z, 0x1f).saturating_add(1))),
        [n @ 0xd6..=0xd7, z] => Operation::Restore {
            first: 19u8.saturating_add((n & 1) << 3 | z >> 6 << 1),
            second: Some(30),
            offset: slots(bits(z, 0x3f)),
            release: 0,
        },
        [0xd8..=0xd9, _] => Operation::RestoreFloat { pair: true, release: 0 },
        [0xda..=0xdb, z] => {
            Operation::RestoreFloat { pair: true, release: slots(bits(z, 0x3f).saturating_add(1)) }
        }
        [0xdc..=0xdd, _] => Operation::RestoreFloat { pair: false, release: 0 },
        [0xde, z] => Operation::RestoreFloat { pair: false, release: slots(bits(z, 0x1f).saturating_add(1)) },
        [0xe0, a, b, c] => Operation::Release(u32::from_be_bytes([0, a, b, c]).saturating_mul(16)),
        [0xe1] => Operation::FromFrame(0),
        [0xe2, n] => Operation::FromFrame(slots(n.into())),
        [0xe5] => Operation::Chained,
        [0xe6] => Operation::Next,
        [0xe7, a, b] => any_register(a, b)?,
        [0xe9] => Operation::MachineFrame,
        [0xea] => Operation::Context,
        [0xec] => Operation::Interrupted,
        [0xfc] => Operation::Signed,
        // `nop`; reserved, as instructions that need not be undone.
        [0xe3] | [0xf8..=0xff, ..] => Operation::Nothing,
        _ => return None,
    })
}

/// `save_any_reg`: 0pxrrrrr ffoooooo. p: two registers; x: it lowers sp; r: which; f: 0 general, 1 d, 2 q.
fn any_register(a: u8, b: u8) -> Option<Operation> {
    let (pair, lowers, first) = (a & 0x40 != 0, a & 0x20 != 0, a & 0x1f);
    let kind = b >> 6;
    let units = u32::from(b & 0x3f).saturating_add(lowers.into());
    let bytes = units.saturating_mul(if pair || lowers || kind == 2 { 16 } else { 8 });
    let (offset, release) = if lowers { (0, bytes) } else { (bytes, 0) };
    let second = if pair { first.checked_add(1) } else { None };
    match kind {
        _ if a & 0x80 != 0 => None,
        0 => Some(Operation::Restore { first, second, offset, release }),
        1 | 2 => Some(Operation::RestoreFloat { pair, release }),
        _ => None,
    }
}
