//! Values of registers, as `r` writes them.

use dumplens_core::CpuState;

use super::float::{floats, st_bits, st_long};
use crate::numbers::general;
use crate::registers::Register;
use crate::session::ticked;

/// The value of a register, in the notation that `r` has for it.
pub(super) fn plain(register: Register, state: &CpuState, x86: bool) -> String {
    let value = register.value(state);
    match register {
        Register::General { bytes: 1 | 2, .. } | Register::Flag(_) => format!("{value:x}"),
        Register::General { bytes: 4, .. } if !x86 => format!("{value:x}"),
        Register::General { bytes: 4, .. } | Register::Flags => format!("{value:08x}"),
        Register::General { .. } => format!("{value:016x}"),
        Register::Ip if x86 => format!("{value:08x}"),
        Register::Ip => format!("{value:016x}"),
        Register::Segment(_) if x86 => format!("{value:08x}"),
        Register::Segment(_) => format!("{value:04x}"),
        Register::Xmm(n) => floats(state.xmm[n]).map(|f| general(f, 12, 6)).join(" "),
        Register::St(n) => format!("{} ({})", st_long(&state.st[n]), st_bits(&state.st[n])),
        Register::Mm(_) => format!("{value:016x}"),
        Register::Mxcsr => format!("{value:08x}"),
        Register::Control(_) => format!("{value:04X}"),
        Register::Debug(_) if x86 => format!("{value:08x}"),
        Register::Debug(_) => format!("{value:016x}"),
    }
}

/// The bytes of a register, from the high ones to the low ones, in units of a type.
pub(super) fn typed(register: Register, state: &CpuState, kind: &str, x86: bool) -> String {
    let bytes: Vec<u8> = match register {
        Register::Xmm(n) => state.xmm[n].to_be_bytes().to_vec(),
        Register::General { number, .. } if x86 => (state.general[number] as u32).to_be_bytes().to_vec(),
        Register::General { .. } => register.value(state).to_be_bytes().to_vec(),
        other => other.value(state).to_be_bytes().to_vec(),
    };
    let (size, letter) = match kind {
        "d" => (8, 'd'),
        "f" => (4, 'f'),
        kind => match kind.as_bytes().last() {
            Some(b'b') => (1, 'u'),
            Some(b'w') => (2, 'u'),
            Some(b'd') => (4, 'u'),
            _ => (8, 'u'),
        },
    };
    let signed = kind.starts_with('i');
    let unit = |part: &[u8]| {
        let value = part.iter().fold(0u64, |v, b| v << 8 | u64::from(*b));
        let unused = 64 - 8 * part.len().min(8) as u32;
        match letter {
            'd' => general(f64::from_bits(value), 22, 12),
            'f' => general(f64::from(f32::from_bits(value as u32)), 12, 6),
            _ if signed => format!("{}", (value << unused).cast_signed() >> unused),
            _ if part.len() == 8 => ticked(value),
            _ => format!("{value:0width$x}", width = 2 * part.len()),
        }
    };
    bytes.chunks_exact(size).map(unit).collect::<Vec<_>>().join(" ")
}
