//! Whether an allocator returned the null pointer that was used.
//!
//! The register that the faulting instruction used is followed back through the code of its function, and, where it was
//! an argument, through its caller's, to the call that returned it. The code is followed in order of address, with a
//! jump only if it is the only way to its target. Anything else that could have written the register ends the search
//! without an answer.

use dumplens_core::{Arch, ReadMemory, Width};
use iced_x86::{
    CodeSize, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

use super::allocator::{Allocator, Callee, Size, callee, through_memory};
use super::function::Function;
use crate::stack::code::Code;
use crate::stack::{Registers, Stack};

/// The call that returned the null pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedPointer {
    /// The allocator: `msvcrt!malloc`.
    pub allocator: String,
    /// Where its call returned to.
    pub returned_to: u64,
    /// Which frame of the stack made the call.
    pub frame: usize,
    /// The register of the faulting instruction that held the null pointer, or what was computed from it.
    pub register: String,
    /// The requested bytes, if code and registers show them.
    pub bytes: Option<u64>,
}

/// Callers through which an argument is followed.
const FRAMES: usize = 3;
/// Functions of the program that pass on what an allocator returned.
const WRAPPERS: usize = 2;
/// Jumps that are followed back in one function.
const JUMPS: usize = 8;
/// Calls whose targets are looked at.
const CALLS: usize = 16;

/// The call that returned the null pointer which the innermost frame's instruction used.
pub(crate) fn find(code: &Code<'_, '_>, stack: &Stack) -> Option<RefusedPointer> {
    let frame = stack.frames.first().filter(|frame| frame.exact)?;
    // What is read here is the code of the dump's own width.
    let own = match code.process.dump.arch()? {
        Arch::X64 => !stack.is_x86,
        Arch::X86 => true,
        _ => false,
    };
    if !own {
        return None;
    }
    let function = Function::of(code, stack, 0)?;
    let at = function.code.iter().position(|i| i.ip() == frame.ip)?;
    let mut factory = InstructionInfoFactory::new();
    let i = &function.code[at];
    let used = factory.info(i).used_memory().to_vec();
    let registers = used.iter().flat_map(|memory| [memory.base(), memory.index()]);
    let registers = registers.filter_map(|r| whole(i, r)).filter(|r| *r != Register::RSP);
    let value = |r: &Register| frame.registers.get(u8::try_from(r.number()).ok()?);
    // A null pointer itself first, then what may have been added to one.
    let (null, other): (Vec<Register>, Vec<Register>) = registers.partition(|r| value(r) == Some(0));
    null.into_iter().chain(other).find_map(|register| {
        let mut trace = Trace { code, stack, calls: CALLS };
        let found = trace.back(&Body::of_frame(stack, 0, &function), at, Place::Register(register), 0)?;
        Some(RefusedPointer {
            allocator: found.allocator.name,
            returned_to: found.returned_to,
            frame: found.frame,
            register: name(register, code.process.dump.width()),
            bytes: found.bytes,
        })
    })
}

/// A register as the code of this width names it.
fn name(register: Register, width: Width) -> String {
    let name = format!("{register:?}").to_lowercase();
    if width == Width::Bits32 { name.replacen('r', "e", 1) } else { name }
}

/// The register, if it is as wide as the code's pointers, by its 64-bit name.
fn whole(i: &Instruction, register: Register) -> Option<Register> {
    let is = if i.code_size() == CodeSize::Code32 { register.is_gpr32() } else { register.is_gpr64() };
    is.then(|| register.full_register())
}

/// Where a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Register(Register),
    /// A variable on the stack, by the register that points into the frame.
    Slot(Register, u64),
}

/// A function's code, and what is known of its registers.
struct Body<'f> {
    function: &'f Function,
    /// Which frame of the stack runs in it; none of a function that has returned.
    frame: Option<usize>,
    registers: Registers,
}

impl<'f> Body<'f> {
    fn of_frame(stack: &Stack, frame: usize, function: &'f Function) -> Body<'f> {
        let registers = stack.frames.get(frame).map(|frame| frame.registers).unwrap_or_default();
        Body { function, frame: Some(frame), registers }
    }
}

struct Found {
    allocator: Allocator,
    returned_to: u64,
    frame: usize,
    bytes: Option<u64>,
}

struct Trace<'a, 'p, 'd> {
    code: &'a Code<'p, 'd>,
    stack: &'a Stack,
    calls: usize,
}

impl Trace<'_, '_, '_> {
    /// Follows a value back from before the instruction at index `from`.
    fn back(&mut self, body: &Body<'_>, from: usize, mut place: Place, wrappers: usize) -> Option<Found> {
        let code = &body.function.code;
        let end = code.get(from)?.ip();
        let (mut n, mut jumps) = (from, 0);
        while n > 0 {
            n -= 1;
            let i = &code[n];
            match i.flow_control() {
                FlowControl::Next => {
                    if writes(i, place) {
                        place = source(body, n, from, place)?;
                    }
                }
                FlowControl::ConditionalBranch => excludes_null(code, n, end, place, false)?,
                FlowControl::Call | FlowControl::IndirectCall => match place {
                    Place::Register(Register::RAX) => match self.called(body, n, from)? {
                        Callee::Allocator(allocator) => {
                            let bytes = size(self.code, body, n, from, allocator.size);
                            let frame = body.frame.unwrap_or(0);
                            return Some(Found { allocator, returned_to: i.next_ip(), frame, bytes });
                        }
                        Callee::Identity => place = Place::Register(Register::RCX),
                        Callee::Other(target) => {
                            let found = self.returned(target, wrappers + 1)?;
                            let frame = body.frame.unwrap_or(found.frame);
                            return Some(Found { returned_to: i.next_ip(), frame, ..found });
                        }
                    },
                    Place::Register(register) if is_volatile(register) => return None,
                    // The function may have been told where the variable is.
                    Place::Slot(base, at) if code.iter().any(|i| takes_address(i, base, at)) => return None,
                    _ => {}
                },
                // Only what jumps there leads on.
                _ => {
                    jumps += 1;
                    n = only_jump_to(code, n).filter(|_| jumps <= JUMPS)?;
                    if code[n].flow_control() == FlowControl::ConditionalBranch {
                        excludes_null(code, n, end, place, true)?;
                    }
                }
            }
        }
        self.argument(body, place)
    }

    /// A value that the caller handed over.
    fn argument(&mut self, body: &Body<'_>, place: Place) -> Option<Found> {
        let frame = body.frame.filter(|frame| *frame < FRAMES)? + 1;
        let caller = self.stack.frames.get(frame).filter(|caller| !caller.exact)?;
        let stacked = match place {
            Place::Register(register) => ARGUMENTS.contains(&register).then_some(None)?,
            Place::Slot(base, at) => Some(stacked(body.function, base, at)?),
        };
        let function = Function::of(self.code, self.stack, frame)?;
        let call = function.code.iter().position(|i| i.next_ip() == caller.ip)?;
        let body = Body::of_frame(self.stack, frame, &function);
        match stacked {
            None => self.back(&body, call, place, 0),
            Some(which) => {
                let (set, operand) = handed(&function.code, call, which)?;
                self.back(&body, set, operand_place(&function.code[set], operand)?, 0)
            }
        }
    }

    /// Whether a function returns what an allocator gave it.
    fn returned(&mut self, target: u64, wrappers: usize) -> Option<Found> {
        (wrappers <= WRAPPERS).then_some(())?;
        let function = Function::at(self.code, target)?;
        let body = Body { function: &function, frame: None, registers: Registers::default() };
        let ends = function.code.iter().enumerate().filter(|(_, i)| i.flow_control() == FlowControl::Return);
        let ends: Vec<usize> = ends.map(|(n, _)| n).take(4).collect();
        let found =
            ends.into_iter().find_map(|n| self.back(&body, n, Place::Register(Register::RAX), wrappers));
        // What it asked for is not what its caller asked of it.
        found.map(|found| Found { bytes: None, ..found })
    }

    /// What is called at index `n`.
    fn called(&mut self, body: &Body<'_>, n: usize, from: usize) -> Option<Callee> {
        self.calls = self.calls.checked_sub(1)?;
        let i = &body.function.code[n];
        let target = match i.op0_kind() {
            OpKind::NearBranch64 | OpKind::NearBranch32 => i.near_branch_target(),
            OpKind::Memory => through_memory(self.code, i)?,
            OpKind::Register => self.pointer(body, n, from, whole(i, i.op0_register())?)?,
            _ => return None,
        };
        callee(self.code, target)
    }

    /// What a register that is called holds: by its value in the frame, or by the import that it was loaded from.
    fn pointer(&self, body: &Body<'_>, n: usize, from: usize, register: Register) -> Option<u64> {
        if let Some(value) = kept(body, n, from, register) {
            return Some(value);
        }
        let before = body.function.code.get(..n)?;
        let load = before.iter().rev().find(|i| writes(i, Place::Register(register)))?;
        let loads = load.mnemonic() == Mnemonic::Mov && load.op1_kind() == OpKind::Memory;
        through_memory(self.code, load).filter(|_| loads)
    }
}

/// Where the value that the instruction at `n` gives comes from; `None` if it is computed, read or a number.
fn source(body: &Body<'_>, n: usize, from: usize, place: Place) -> Option<Place> {
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
fn operand_place(i: &Instruction, operand: u32) -> Option<Place> {
    match i.op_kind(operand) {
        OpKind::Register => whole(i, i.op_register(operand)).map(Place::Register),
        OpKind::Memory => slot(i),
        _ => None,
    }
}

/// A variable in the frame that an instruction reads or writes. In 32-bit code the stack pointer moves with each argument.
fn slot(i: &Instruction) -> Option<Place> {
    let base = i.memory_base();
    let of_frame = matches!(base, Register::RSP | Register::RBP | Register::EBP);
    let alone = of_frame && i.memory_index() == Register::None;
    alone.then(|| Place::Slot(base, i.memory_displacement64()))
}

fn writes(i: &Instruction, place: Place) -> bool {
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

fn takes_address(i: &Instruction, base: Register, at: u64) -> bool {
    i.mnemonic() == Mnemonic::Lea && i.memory_base() == base && i.memory_displacement64() == at
}

/// `None` if the branch at `n` shows that the value is not null where it is used: a `je` that was not taken and leads
/// elsewhere, or a `jne` that was taken.
fn excludes_null(code: &[Instruction], n: usize, end: u64, place: Place, taken: bool) -> Option<()> {
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
fn only_jump_to(code: &[Instruction], n: usize) -> Option<usize> {
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
fn kept(body: &Body<'_>, n: usize, from: usize, register: Register) -> Option<u64> {
    let since = body.function.code.get(n.min(from)..n.max(from))?;
    let written = since.iter().any(|i| i.mnemonic() != Mnemonic::Pop && writes(i, Place::Register(register)));
    let called =
        since.iter().any(|i| matches!(i.flow_control(), FlowControl::Call | FlowControl::IndirectCall));
    let lost = written || (called && is_volatile(register));
    body.registers.get(u8::try_from(register.number()).ok()?).filter(|_| !lost && register.is_gpr64())
}

/// Registers that a function of the x64 convention need not give back.
fn is_volatile(register: Register) -> bool {
    use Register::{R8, R9, R10, R11, RAX, RCX, RDX};
    [RAX, RCX, RDX, R8, R9, R10, R11].contains(&register)
}

/// The number of bytes that the call at `n` asked for.
fn size(code: &Code<'_, '_>, body: &Body<'_>, n: usize, from: usize, size: Size) -> Option<u64> {
    let argument = |which| value(code, body, n, from, which);
    match size {
        Size::Argument(which) => argument(which),
        Size::Product(a, b) => argument(a)?.checked_mul(argument(b)?),
        Size::Untold => None,
    }
    .filter(|bytes| *bytes > 0)
}

/// An argument of the call at `n`: a number in the code, a register that still holds it, or a variable of the frame.
fn value(code: &Code<'_, '_>, body: &Body<'_>, n: usize, from: usize, which: usize) -> Option<u64> {
    let all = &body.function.code;
    let (set, operand) = if all.get(n)?.code_size() == CodeSize::Code32 {
        handed(all, n, which)?
    } else {
        let register = *ARGUMENTS.get(which)?;
        (straight(all, n)?.rev().find(|set| writes(&all[*set], Place::Register(register)))?, 1)
    };
    let i = &all[set];
    let mask = if (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Register && i.op_register(n).is_gpr64()) {
        u64::MAX
    } else {
        0xffff_ffff
    };
    match (i.mnemonic(), i.op_kind(operand)) {
        (Mnemonic::Mov | Mnemonic::Push, OpKind::Register) => {
            kept(body, set, from, i.op_register(operand).full_register()).map(|value| value & mask)
        }
        (Mnemonic::Mov | Mnemonic::Push, OpKind::Memory) => {
            let Place::Slot(base, at) = slot(i)? else { return None };
            let since = all.get(set..from)?;
            let written = since.iter().any(|i| writes(i, Place::Slot(base, at)));
            let address = kept(body, set, from, base.full_register())?.wrapping_add(at);
            let value = match i.code_size() {
                CodeSize::Code32 => code.pages.read_u32(address & 0xffff_ffff).ok().map(u64::from),
                _ => code.pages.read_u64(address).ok(),
            };
            value.map(|value| value & mask).filter(|_| !written)
        }
        (Mnemonic::Mov | Mnemonic::Push, _) => Some(i.immediate(operand) & mask),
        (Mnemonic::Lea, _) if i.memory_index() == Register::None => {
            let base = kept(body, set, from, i.memory_base().full_register())?;
            Some(base.wrapping_add(i.memory_displacement64()))
        }
        _ => None,
    }
}

/// The registers of the first arguments on x64.
const ARGUMENTS: [Register; 4] = [Register::RCX, Register::RDX, Register::R8, Register::R9];

/// The instructions before the call at `n` that run one after the other.
fn straight(code: &[Instruction], n: usize) -> Option<std::ops::Range<usize>> {
    let before = code.get(..n)?;
    let calls = |i: &Instruction| i.flow_control() != FlowControl::Next;
    Some(before.iter().rposition(calls).map_or(0, |call| call + 1)..n)
}

/// Which argument a variable of a 32-bit function is: `[ebp+8]` is the first, where EBP is set up as a frame's.
fn stacked(function: &Function, base: Register, at: u64) -> Option<usize> {
    let sets = |i: &Instruction| {
        i.mnemonic() == Mnemonic::Mov
            && i.op0_kind() == OpKind::Register
            && i.op0_register() == Register::EBP
            && i.op1_kind() == OpKind::Register
            && i.op1_register() == Register::ESP
    };
    let framed = base == Register::EBP && function.code.iter().take(4).any(sets);
    let behind = at.checked_sub(8).filter(|behind| framed && behind.is_multiple_of(4) && *behind < 0x40)?;
    usize::try_from(behind / 4).ok()
}

/// The instruction that hands over an argument on the stack to the call at `n` of 32-bit code, and its operand: a push, or
/// a write above the stack pointer where nothing was pushed.
fn handed(code: &[Instruction], n: usize, which: usize) -> Option<(usize, u32)> {
    let pushes = |at: &usize| code[*at].mnemonic() == Mnemonic::Push;
    let before = straight(code, n)?;
    if before.clone().any(|at| pushes(&at)) {
        return before.rev().filter(pushes).nth(which).map(|at| (at, 0));
    }
    let place = u64::try_from(which).ok()?.checked_mul(4)?;
    let stores = |i: &Instruction| {
        i.mnemonic() == Mnemonic::Mov
            && i.op0_kind() == OpKind::Memory
            && i.memory_base() == Register::ESP
            && i.memory_index() == Register::None
            && i.memory_displacement64() == place
    };
    before.rev().find(|at| stores(&code[*at])).map(|at| (at, 1))
}
