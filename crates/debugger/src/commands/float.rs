//! `rF`, `rX`: x87 and SSE registers.

use super::{At, Command};
use crate::error::Result;
use crate::extended;
use crate::line::Line;
use crate::numbers::general;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new("rF", "rF", "floating point registers", float),
    Command::new("rX", "rX", "SSE registers", sse),
];

pub(super) fn floats(value: u128) -> [f64; 4] {
    [96, 64, 32, 0].map(|shift| f64::from(f32::from_bits((value >> shift & 0xffff_ffff) as u32)))
}

/// Sign, exponent and mantissa of an x87 register.
fn parts(st: &[u8; 10]) -> (bool, u16, u64) {
    let high = u16::from_le_bytes([st[8], st[9]]);
    let mut mantissa = [0; 8];
    mantissa.copy_from_slice(&st[..8]);
    (high & 0x8000 != 0, high & 0x7fff, u64::from_le_bytes(mantissa))
}

/// What the engine's C library calls infinities and what is no number.
fn not_a_number(st: &[u8; 10]) -> Option<String> {
    const INDEFINITE: u64 = 0xc000_0000_0000_0000;
    let (negative, exponent, mantissa) = parts(st);
    let name = match mantissa {
        _ if exponent != 0x7fff => return None,
        0x8000_0000_0000_0000 => "#INF",
        INDEFINITE if negative => "#IND",
        mantissa if mantissa & 1 << 62 != 0 => "#QNAN",
        _ => "#SNAN",
    };
    Some(format!("{}1.{name}", if negative { '-' } else { ' ' }))
}

fn st_text(st: &[u8; 10], digits: usize) -> String {
    if let Some(name) = not_a_number(st) {
        return format!("{name:0<width$}e+0000", width = digits + 3);
    }
    let (negative, exponent, mantissa) = parts(st);
    let (number, ten) = extended::digits(exponent, mantissa);
    let sign = if negative { '-' } else { ' ' };
    let width = digits + 2;
    format!("{sign}{number:0<width$}e{}{:04}", if ten < 0 { '-' } else { '+' }, ten.abs())
}

pub(super) fn st_long(st: &[u8; 10]) -> String {
    st_text(st, 116)
}

pub(super) fn st_bits(st: &[u8; 10]) -> String {
    let (negative, exponent, mantissa) = parts(st);
    format!("{}:{exponent:04x}:{mantissa:016x}", u8::from(negative))
}

pub(super) fn float(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    if session.context.is_some() {
        out.line("Last set context:");
    }
    let Some(state) = session.state() else { return Ok(()) };
    let x87 = state.x87;
    if session.x86 {
        out.line(format!(
            "fpcw={:04X}: {}  fpsw={:04X}: {}  fptw={:04X}",
            x87.control,
            control_word(x87.control),
            x87.status,
            status_word(x87.status),
            x87.tag
        ));
        let ((offset, selector), (data, of)) = (x87.instruction, x87.data);
        out.line(format!(
            "fopcode={:04X}  fpip={selector:04x}:{offset:08x}  fpdp={of:04x}:{data:08x}",
            x87.opcode
        ));
    } else {
        let (control, status) = (x87.control, x87.status);
        out.line(format!("fpcw={control:04X}    fpsw={status:04X}    fptw={:04X}", x87.tag));
    }
    for pair in (0..8).step_by(2) {
        let [a, b] = [pair, pair + 1].map(|n| format!("st{n}={}", st_text(&state.st[n], 21)));
        out.line(format!("{a}  {b}"));
    }
    session.show_instruction(&state, true, out);
    Ok(())
}

fn control_word(word: u16) -> String {
    let rounding = ["rn", "r-", "r+", "rz"][usize::from(word >> 10 & 3)];
    let precision = ["24", "??", "53", "64"][usize::from(word >> 8 & 3)];
    let masks: String = ['p', 'u', 'o', 'z', 'd', 'i']
        .iter()
        .enumerate()
        .map(|(n, c)| if word >> (5 - n) & 1 == 1 { *c } else { '-' })
        .collect();
    format!("{rounding} {precision} {masks}")
}

fn status_word(word: u16) -> String {
    let condition: String =
        [14, 10, 9, 8].iter().map(|bit| if word >> bit & 1 == 1 { '1' } else { '0' }).collect();
    let flags: String = ['b', 's', 'p', 'u', 'o', 'z', 'd', 'i']
        .iter()
        .zip([15, 6, 5, 4, 3, 2, 1, 0])
        .map(|(c, bit)| if word >> bit & 1 == 1 { *c } else { '-' })
        .collect();
    format!("top={} cc={condition} {flags}", word >> 11 & 7)
}

pub(super) fn sse(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    if session.context.is_some() {
        out.line("Last set context:");
    }
    let Some(state) = session.state() else { return Ok(()) };
    for n in 0..if session.x86 { 8 } else { 16 } {
        let values = floats(state.xmm[n]).map(|f| general(f, 0, 6)).join(" ");
        out.line(format!("xmm{n}={values}"));
    }
    session.show_instruction(&state, true, out);
    Ok(())
}
