//! `operator new` and `malloc`, recognized by their code. Both keep the requested size in a register. `operator new` compares it
//! with -1 to choose the exception to throw; `malloc` first compares it with -20h (`_HEAP_MAXREQ`), the largest request.
//! The sources are new_scalar.cpp of Visual C++ and malloc_base.cpp of the Windows SDK's ucrt. A comparison is not enough, since
//! handles are compared with -1 too: both functions also pass the size on, check whether they got memory, and try again ([`act`]).

use dumplens_core::ReadMemory;
use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::function::{Function, compared, compared_argument, is_argument};
use super::{Asked, act, gnu_new};
use crate::stack::code::Code;
use crate::stack::{Registers, Stack};

/// Instructions in which a function copies its argument away, and `malloc` looks whether it is too large.
const PROLOGUE: usize = 16;
/// What the size is compared with.
const MINUS_ONE: i64 = -1;
const MOST_OF_A_HEAP: i64 = -0x20;

/// What a function was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) asked: Asked,
    pub(super) bytes: u64,
    /// Where it was found; `None` for the argument on the stack.
    pub(super) register: Option<Register>,
}

/// The size that a frame's function was asked for, if it has the shape of one that allocates.
pub(super) fn size(code: &Code<'_, '_>, stack: &Stack, frame: usize, function: &Function) -> Option<Held> {
    match code.process.dump.width().bits() {
        64 => {
            let of = stack.frames.get(frame)?;
            by_register(function, of.ip, &of.registers).or_else(|| gnu_new::size(function, &of.registers))
        }
        _ => by_argument(code, stack, frame, function),
    }
}

/// x64: the register that its first instructions copy rcx to, whichever the compiler took.
fn by_register(function: &Function, ip: u64, registers: &Registers) -> Option<Held> {
    let copy = function.code.iter().take(PROLOGUE).position(|i| kept_in(i).is_some())?;
    let register = kept_in(&function.code[copy])?;
    let rest = &function.code[copy + 1..];
    let before = |i: &Instruction| i.next_ip() <= ip;
    let overwritten = (0..rest.len())
        .filter(|n| before(&rest[*n]) && writes(&rest[*n], register))
        .any(|n| !returns(&rest[n + 1..]));
    // `malloc` looks at the argument where it came or where it is kept.
    let compares = |i: &Instruction| {
        compared(i, Register::RCX).filter(|n| *n == MOST_OF_A_HEAP).or(compared(i, register))
    };
    let asked = shape(function, compares)?;
    let hands = |i: &Instruction| {
        i.mnemonic() == Mnemonic::Mov
            && i.op1_kind() == OpKind::Register
            && i.op1_register() == register
            && matches!(i.op0_register(), Register::RCX | Register::R8)
    };
    act::tries_again(function, hands).then_some(())?;
    let number = u8::try_from(register.number()).ok()?;
    let bytes = registers.get(number).filter(|_| !overwritten)?;
    Some(Held { asked, bytes, register: Some(register) })
}

/// Which function it is, by what it compares its argument with.
fn shape(function: &Function, compares: impl Fn(&Instruction) -> Option<i64>) -> Option<Asked> {
    let too_large = function.code.iter().take(PROLOGUE).any(|i| compares(i) == Some(MOST_OF_A_HEAP));
    let unlimited = function.code.iter().any(|i| compares(i) == Some(MINUS_ONE));
    match (unlimited, too_large) {
        (true, _) => Some(Asked::OperatorNew), // `malloc` may be inlined in it
        (false, true) => Some(Asked::Malloc),
        (false, false) => None,
    }
}

/// Registers that functions give back as they found them.
pub(super) const KEPT: [Register; 8] = [
    Register::RBX,
    Register::RBP,
    Register::RSI,
    Register::RDI,
    Register::R12,
    Register::R13,
    Register::R14,
    Register::R15,
];

/// The non-volatile register of `mov register, rcx`.
fn kept_in(i: &Instruction) -> Option<Register> {
    let copies = i.mnemonic() == Mnemonic::Mov
        && i.op0_kind() == OpKind::Register
        && i.op1_kind() == OpKind::Register
        && i.op1_register() == Register::RCX;
    (copies && KEPT.contains(&i.op0_register())).then(|| i.op0_register())
}

/// Whether an instruction may change a register: it names it first, and does more than look at it or save it.
fn writes(i: &Instruction, register: Register) -> bool {
    // A pop ends the function on a path that was not taken.
    let looks = matches!(i.mnemonic(), Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push | Mnemonic::Pop);
    i.op0_kind() == OpKind::Register && i.op0_register().full_register() == register && !looks
}

/// Whether the instructions lead to a return before any other branch: a register that is loaded there is the caller's,
/// on a path that was not taken.
fn returns(rest: &[Instruction]) -> bool {
    let branch = rest.iter().find(|i| i.flow_control() != FlowControl::Next);
    branch.is_some_and(|i| i.flow_control() == FlowControl::Return)
}

/// x86: the argument on the stack, right behind the return address.
fn by_argument(code: &Code<'_, '_>, stack: &Stack, frame: usize, function: &Function) -> Option<Held> {
    let held = held_argument(function);
    let asked = shape(function, |i| {
        compared_argument(i).or_else(|| held.and_then(|register| compared(i, register)))
    })?;
    let hands = |i: &Instruction| {
        i.mnemonic() == Mnemonic::Push
            && (is_argument(i) || (i.op0_kind() == OpKind::Register && held == Some(i.op0_register())))
    };
    act::tries_again(function, hands).then_some(())?;
    let caller = stack.frames.get(frame + 1)?;
    let size = code.pages.read_u32(caller.sp).ok()?;
    Some(Held { asked, bytes: u64::from(size), register: None })
}

/// The register that the first instructions load the first argument into: from `[ebp+8]`, or from `[esp+n]` where n is
/// what was pushed so far and the return address.
fn held_argument(function: &Function) -> Option<Register> {
    let mut pushed = 0u64;
    for i in function.code.iter().take(PROLOGUE) {
        match i.mnemonic() {
            Mnemonic::Push => pushed += 4,
            Mnemonic::Sub if i.op0_register() == Register::ESP => {
                pushed = pushed.wrapping_add(i.immediate(1));
            }
            Mnemonic::Mov if i.op0_kind() == OpKind::Register && i.op1_kind() == OpKind::Memory => {
                let by_esp = i.memory_base() == Register::ESP && i.memory_index() == Register::None;
                let argument = pushed.wrapping_add(4);
                if is_argument(i) || (by_esp && i.memory_displacement64() == argument) {
                    return Some(i.op0_register());
                }
            }
            _ => {}
        }
    }
    None
}
