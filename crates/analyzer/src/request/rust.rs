//! The request to Rust's allocator, if the program then terminated itself: `handle_alloc_error` passes the size and the
//! alignment of the Layout on, and exchanges the two registers when it calls the handler, which takes them the other
//! way round. x64; nothing else of Rust's standard library does so, and a panic does not come this way.
//!
//! The function that asked is the first above that sets rdx before its call; of what it sets it to, the stack or a register
//! that functions give back still tells the value.

use dumplens_core::ReadMemory;
use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use super::function::Function;
use super::{Asked, Place, Request, Source};
use crate::stack::code::Code;
use crate::stack::{Frame, Stack};

/// Frames among which the handler is looked for: below it stand the abort and the hooks of it.
const NEAR: usize = 12;
/// Frames that may only pass the two on.
const PASS_ON: usize = 6;
/// Instructions before the call in which the two are exchanged, or set.
const BEFORE: usize = 8;
/// The largest alignment that is believed: a large page.
const LARGEST_ALIGNMENT: u64 = 2 << 20;

/// What was asked for, if the handler of refused memory is on the stack.
pub(super) fn find(code: &Code<'_, '_>, stack: &Stack) -> Option<Request> {
    if code.process.dump.width().bits() != 64 {
        return None;
    }
    let is_handler = |n: usize| function(code, stack, n).is_some_and(|(f, ip)| exchanges(&f, ip));
    let first = (1..stack.frames.len().min(NEAR)).find(|n| is_handler(*n))?;
    // The library does it once for each of its layers.
    let handler = (first..stack.frames.len().min(first + PASS_ON)).take_while(|n| is_handler(*n)).last()?;
    let asker = (handler + 1..stack.frames.len().min(handler + 1 + PASS_ON))
        .find(|n| function(code, stack, *n).is_some_and(|(f, ip)| setter(&f, ip, Register::RDX).is_some()))?;
    let (function, ip) = function(code, stack, asker)?;
    let frame = stack.frames.get(asker)?;
    let value = |register| value(code, frame, asker, &setter(&function, ip, register)?);
    let (bytes, held) = value(Register::RDX).filter(|(bytes, _)| *bytes > 0)?;
    value(Register::RCX).filter(|(n, _)| n.is_power_of_two() && *n <= LARGEST_ALIGNMENT)?;
    Some(Request {
        asked: Asked::Rust,
        bytes,
        frame: asker - 1,
        earlier: false,
        padding: None,
        element_size: None,
        container: None,
        element: None,
        sources: vec![Source {
            what: format!("the Layout that frame {asker} passes to handle_alloc_error"),
            bytes,
            held,
        }],
        via: None,
    })
}

fn function(code: &Code<'_, '_>, stack: &Stack, frame: usize) -> Option<(Function, u64)> {
    Some((Function::of(code, stack, frame)?, stack.frames.get(frame)?.ip))
}

/// Whether a function exchanges rcx and rdx before its call.
fn exchanges(function: &Function, ip: u64) -> bool {
    let mut last: Vec<&Instruction> = function.before(ip).rev().skip(1).take(BEFORE).collect();
    last.reverse();
    // What of the two arguments each register holds.
    let mut rcx = Some(Register::RCX);
    let mut rdx = Some(Register::RDX);
    let mut other: Vec<(Register, Register)> = Vec::new();
    for i in last {
        if i.op_count() < 2 || i.op0_kind() != OpKind::Register {
            continue;
        }
        let (to, from) = (i.op0_register(), i.op1_kind() == OpKind::Register);
        let from = from.then(|| i.op1_register());
        let held = from.and_then(|from| match from {
            Register::RCX => rcx,
            Register::RDX => rdx,
            from => other.iter().rfind(|(register, _)| *register == from).map(|(_, held)| *held),
        });
        match (i.mnemonic(), to.full_register()) {
            (Mnemonic::Xchg, Register::RCX) if from == Some(Register::RDX) => {
                std::mem::swap(&mut rcx, &mut rdx);
            }
            (Mnemonic::Xchg, Register::RDX) if from == Some(Register::RCX) => {
                std::mem::swap(&mut rcx, &mut rdx);
            }
            (Mnemonic::Mov, Register::RCX) => rcx = held,
            (Mnemonic::Mov, Register::RDX) => rdx = held,
            (Mnemonic::Mov, to) => other.extend(held.map(|held| (to, held))),
            _ => {}
        }
    }
    (rcx, rdx) == (Some(Register::RDX), Some(Register::RCX))
}

/// The instruction that sets a register for the call that returns to `ip`.
fn setter(function: &Function, ip: u64, register: Register) -> Option<Instruction> {
    let sets = |i: &&Instruction| {
        i.mnemonic() == Mnemonic::Mov
            && i.op0_kind() == OpKind::Register
            && i.op0_register().full_register() == register
    };
    function.before(ip).rev().skip(1).take(BEFORE).find(sets).copied()
}

/// The value that a setter gives: a number, a register that functions give back, or a slot of the frame.
fn value(code: &Code<'_, '_>, frame: &Frame, n: usize, setter: &Instruction) -> Option<(u64, Place)> {
    let number = |register: Register| u8::try_from(register.number()).ok().filter(|_| register.is_gpr64());
    let register = |register: Register| frame.registers.get(number(register)?);
    match setter.op1_kind() {
        OpKind::Register => {
            let from = setter.op1_register();
            Some((register(from)?, Place::Register(n, number(from)?)))
        }
        OpKind::Memory if setter.memory_index() == Register::None => {
            let base = match setter.memory_base() {
                Register::RSP => frame.sp,
                base => register(base)?,
            };
            let at = base.wrapping_add(setter.memory_displacement64());
            Some((code.pages.read_u64(at).ok()?, Place::Slot(at)))
        }
        OpKind::Immediate32 | OpKind::Immediate32to64 | OpKind::Immediate64 => {
            Some((setter.immediate(1), Place::Code))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> (Function, u64) {
        let begin = 0x1000;
        (Function::decode(64, bytes, begin), begin + bytes.len() as u64)
    }

    #[test]
    fn the_exchange_of_size_and_alignment() {
        // mov rax,rcx; mov rcx,rdx; mov rdx,rax; call
        let (function, ip) =
            decoded(&[0x48, 0x89, 0xc8, 0x48, 0x89, 0xd1, 0x48, 0x89, 0xc2, 0xe8, 0, 0, 0, 0]);
        assert!(exchanges(&function, ip));
        // xchg rcx,rdx; call
        let (function, ip) = decoded(&[0x48, 0x87, 0xca, 0xe8, 0, 0, 0, 0]);
        assert!(exchanges(&function, ip));
        // mov rax,rcx; mov rcx,rdx; call: nothing comes back.
        let (function, ip) = decoded(&[0x48, 0x89, 0xc8, 0x48, 0x89, 0xd1, 0xe8, 0, 0, 0, 0]);
        assert!(!exchanges(&function, ip));
    }

    #[test]
    fn what_a_call_is_given() {
        // mov rcx,[rsp+30h]; mov rdx,[rsp+38h]; call
        let (function, ip) =
            decoded(&[0x48, 0x8b, 0x4c, 0x24, 0x30, 0x48, 0x8b, 0x54, 0x24, 0x38, 0xe8, 0, 0, 0, 0]);
        assert!(setter(&function, ip, Register::RDX).is_some_and(|i| i.memory_displacement64() == 0x38));
        assert!(setter(&function, ip, Register::RCX).is_some_and(|i| i.memory_displacement64() == 0x30));
        let (function, ip) = decoded(&[0xe8, 0, 0, 0, 0]);
        assert!(setter(&function, ip, Register::RDX).is_none());
    }
}
