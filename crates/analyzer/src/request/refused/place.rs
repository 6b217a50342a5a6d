//! Where a value is, and what an instruction does to it.

use iced_x86::{
    CodeSize, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

use crate::request::function::Function;
use crate::stack::{Registers, Stack};

/// Where a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Register(Register),
    /// A variable on the stack, by the register that points into the frame.
    Slot(Register, u64),
}

/// A function's code, and what is known of its registers.
pub(super) struct Body<'f> {
    pub(super) function: &'f Function,
    /// Which frame of the stack runs in it; none of a function that has returned.
    pub(super) frame: Option<usize>,
    pub(super) registers: Registers,
}

impl<'f> Body<'f> {
    pub(super) fn of_frame(stack: &Stack, frame: usize, function: &'f Function) -> Body<'f> {
        let registers = stack.frames.get(frame).map(|frame| frame.registers).unwrap_or_default();
        Body { function, frame: Some(frame), registers }
    }
}

/// The register, if it is as wide as the code's pointers, by its 64-bit name.
pub(super) fn whole(i: &Instruction, register: Register) -> Option<Register> {
    let is = if i.code_size() == CodeSize::Code32 { register.is_gpr32() } else { register.is_gpr64() };
    is.then(|| register.full_register())
}

/// Where the value that the instruction at `n` gives comes from; `None` if it is computed, read or a number.
pub(super) fn source(body: &Body<'_>, n: usize, from: usize, place: Place) -> Option<Place> {
    let i = &body.function.code[n];
    match (i.mnemonic(), i.op0_kind(), i.op1_kind()) {
        (Mnemonic::Mov, _, OpKind::Register) => operand_place(i, 1),
        (Mnemonic::Mov, OpKind::Register, OpKind::Memory) => {
            whole(i, i.op0_register()).and_then(|_| operand_place(i, 1))
        }
        (Mnemonic::Lea, ..) => {
            let parts = [i.memory_base(), i.memory_index()].into_iter().filter_map(|r| whole(i, r));
            let parts: Vec<Register> = parts.collect();
            let part = match parts[..] {
                [one] if one != Register::RSP => Some(one),
                [a, b] => [a, b].into_iter().find(|r| kept(body, n, from, *r) == Some(0)),
                _ => None,
            };
            part.map(Place::Register)
        }
        // Something is added to it.
        (Mnemonic::Add | Mnemonic::Sub | Mnemonic::Inc | Mnemonic::Dec, OpKind::Register, kind)
            if kind != OpKind::Memory =>
        {
            Some(place)
        }
        _ => None,
    }
}

/// Where an operand's value is: a register, or a variable in the frame.
pub(super) fn operand_place(i: &Instruction, operand: u32) -> Option<Place> {
    match i.op_kind(operand) {
        OpKind::Register => whole(i, i.op_register(operand)).map(Place::Register),
        OpKind::Memory => slot(i),
        _ => None,
    }
}

/// A variable in the frame that an instruction reads or writes. In 32-bit code the stack pointer moves with each argument.
pub(super) fn slot(i: &Instruction) -> Option<Place> {
    let base = i.memory_base();
    let of_frame = matches!(base, Register::RSP | Register::RBP | Register::EBP);
    let alone = of_frame && i.memory_index() == Register::None;
    alone.then(|| Place::Slot(base, i.memory_displacement64()))
}

pub(super) fn writes(i: &Instruction, place: Place) -> bool {
    let changes = |access| {
        matches!(
            access,
            OpAccess::Write | OpAccess::CondWrite | OpAccess::ReadWrite | OpAccess::ReadCondWrite
        )
    };
    let mut factory = InstructionInfoFactory::new();
    let info = factory.info(i);
    match place {
        Place::Register(register) => info
            .used_registers()
            .iter()
            .any(|used| used.register().full_register() == register && changes(used.access())),
        Place::Slot(base, at) => info
            .used_memory()
            .iter()
            .any(|m| m.base() == base && m.displacement() == at && changes(m.access())),
    }
}

pub(super) fn takes_address(i: &Instruction, base: Register, at: u64) -> bool {
    i.mnemonic() == Mnemonic::Lea && i.memory_base() == base && i.memory_displacement64() == at
}

/// `None` if the branch at `n` shows that the value is not null where it is used: a `je` that was not taken and leads
/// elsewhere, or a `jne` that was taken.
pub(super) fn excludes_null(
    code: &[Instruction],
    n: usize,
    end: u64,
    place: Place,
    taken: bool,
) -> Option<()> {
    let (branch, test) = (&code[n], code.get(n.checked_sub(1)?)?);
    let same = |r: Register| Place::Register(r.full_register()) == place;
    let tests = match test.mnemonic() {
        Mnemonic::Test => test.op0_kind() == OpKind::Register && same(test.op0_register()),
        Mnemonic::Cmp if test.op0_kind() == OpKind::Register => same(test.op0_register()),
        Mnemonic::Cmp => slot(test) == Some(place),
        _ => false,
    };
    let target = branch.near_branch_target();
    let skips = branch.next_ip() <= target && target <= end;
    let excludes = match branch.mnemonic() {
        Mnemonic::Je => !taken && !skips,
        Mnemonic::Jne => taken,
        _ => false,
    };
    (!(tests && excludes)).then_some(())
}

/// The one branch that leads to behind the instruction at `n`, past what fills the gap between two blocks.
pub(super) fn only_jump_to(code: &[Instruction], n: usize) -> Option<usize> {
    let gap = code.get(n + 1..)?.iter().find(|i| !matches!(i.mnemonic(), Mnemonic::Nop | Mnemonic::Int3))?;
    let (first, last) = (code.get(n + 1)?.ip(), gap.ip());
    let leads = |i: &Instruction| {
        let jumps =
            matches!(i.flow_control(), FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch);
        jumps && (first..=last).contains(&i.near_branch_target())
    };
    let mut all = code.iter().enumerate().filter(|(_, i)| leads(i)).map(|(n, _)| n);
    let one = all.next()?;
    all.next().is_none().then_some(one)
}

/// What a register held at the instruction `n`, if its function gives it back as it was, and nothing wrote it since.
pub(super) fn kept(body: &Body<'_>, n: usize, from: usize, register: Register) -> Option<u64> {
    let since = body.function.code.get(n.min(from)..n.max(from))?;
    let written = since.iter().any(|i| i.mnemonic() != Mnemonic::Pop && writes(i, Place::Register(register)));
    let called =
        since.iter().any(|i| matches!(i.flow_control(), FlowControl::Call | FlowControl::IndirectCall));
    let lost = written || (called && is_volatile(register));
    body.registers.get(u8::try_from(register.number()).ok()?).filter(|_| !lost && register.is_gpr64())
}

/// Registers that a function of the x64 convention need not give back.
pub(super) fn is_volatile(register: Register) -> bool {
    use Register::{R8, R9, R10, R11, RAX, RCX, RDX};
    [RAX, RCX, RDX, R8, R9, R10, R11].contains(&register)
}
