//! UNWIND_INFO out of a prologue.

use super::op::{Alu, BP, Mem, Op, Reg, SP};
use crate::pe::Unwind;

const PUSH_NONVOL: u16 = 0;
const ALLOC_LARGE: u16 = 1;
const ALLOC_SMALL: u16 = 2;
const SET_FPREG: u16 = 3;
const SAVE_NONVOL: u16 = 4;

/// What the instructions of a prologue do to the stack; `ends` are the offsets behind each of them.
///
/// # Panics
/// If the prologue does something that unwind codes cannot say.
pub(super) fn describe(prologue: &[Op], ends: &[usize]) -> Unwind {
    let mut unwind = Unwind::default();
    // Bytes by which rsp still goes down after each instruction: slots are relative to where it ends up.
    let mut below: Vec<i32> = prologue.iter().map(|op| moved(*op)).collect();
    for n in (0..below.len().saturating_sub(1)).rev() {
        below[n] += below[n + 1];
    }
    for (n, (op, end)) in prologue.iter().zip(ends).enumerate() {
        let offset = u16::try_from(*end).expect("a short prologue");
        let lower = below.get(n + 1).copied().unwrap_or(0);
        let mut codes = code(*op, lower, &mut unwind);
        if let Some(first) = codes.first_mut() {
            *first |= offset;
        }
        unwind.codes.splice(0..0, codes);
        unwind.prolog = u8::try_from(*end).expect("a short prologue");
    }
    unwind
}

fn moved(op: Op) -> i32 {
    match op {
        Op::Push(_) => 8,
        Op::AluImm(Alu::Sub, SP, bytes) => bytes,
        _ => 0,
    }
}

/// The slots of one instruction, without the offset. `lower` is how far rsp goes down after it.
fn code(op: Op, lower: i32, unwind: &mut Unwind) -> Vec<u16> {
    match op {
        Op::Push(r) => vec![PUSH_NONVOL << 8 | u16::from(r) << 12],
        Op::AluImm(Alu::Sub, SP, bytes) if bytes <= 128 => {
            vec![ALLOC_SMALL << 8 | u16::try_from(bytes / 8 - 1).expect("positive") << 12]
        }
        Op::AluImm(Alu::Sub, SP, bytes) => {
            vec![ALLOC_LARGE << 8, u16::try_from(bytes / 8).expect("below 512 KiB")]
        }
        Op::Lea(BP, Mem::At { base: Some(SP), index: None, displacement }) => {
            assert_eq!((displacement % 16, lower), (0, 0), "a frame register is set last");
            unwind.frame = BP | u8::try_from(displacement / 16).expect("small") << 4;
            vec![SET_FPREG << 8]
        }
        Op::Store(Mem::At { base: Some(SP), index: None, displacement }, r) if nonvolatile(r) => {
            let slot = u16::try_from((displacement + lower) / 8).expect("small");
            vec![SAVE_NONVOL << 8 | u16::from(r) << 12, slot]
        }
        // Arguments in their home slots are no business of whoever unwinds.
        Op::Store(..) => Vec::new(),
        other => panic!("{other:?} in a prologue"),
    }
}

fn nonvolatile(r: Reg) -> bool {
    matches!(r, 3 | 5 | 6 | 7 | 12..=15)
}
