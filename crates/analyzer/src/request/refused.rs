//! Whether a null pointer that was used is what an allocator returned.
//!
//! The register that the faulting instruction used is followed back through the code of its function, and, where it was
//! an argument, through its caller's, to the call that returned it. The code is followed as it stands, with those jumps
//! that alone lead somewhere: whatever else could have written the register ends the search without an answer.

use dumplens_core::ReadMemory;
use iced_x86::{FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register};

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
    /// Bytes that were asked for, where code and registers tell.
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
    if code.process.dump.arch() != Some(dumplens_core::Arch::X64) {
        return None;
    }
    let function = Function::of(code, stack, 0)?;
    let at = function.code.iter().position(|i| i.ip() == frame.ip)?;
    let mut factory = InstructionInfoFactory::new();
    let used = factory.info(&function.code[at]).used_memory().to_vec();
    let registers = used.iter().flat_map(|memory| [memory.base(), memory.index()]);
    let registers = registers.filter(|r| r.is_gpr64() && *r != Register::RSP);
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
            register: format!("{register:?}").to_lowercase(),
            bytes: found.bytes,
        })
    })
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
        const ARGUMENTS: [Register; 4] = [Register::RCX, Register::RDX, Register::R8, Register::R9];
        let frame = body.frame.filter(|frame| *frame < FRAMES)? + 1;
        let Place::Register(register) = place else { return None };
        let caller = self.stack.frames.get(frame).filter(|caller| !caller.exact)?;
        ARGUMENTS.contains(&register).then_some(())?;
        let function = Function::of(self.code, self.stack, frame)?;
        let call = function.code.iter().position(|i| i.next_ip() == caller.ip)?;
        self.back(&Body::of_frame(self.stack, frame, &function), call, place, 0)
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
            OpKind::NearBranch64 => i.near_branch_target(),
            OpKind::Memory => through_memory(self.code, i)?,
            OpKind::Register => self.pointer(body, n, from, i.op0_register())?,
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
        let fixed = load.is_ip_rel_memory_operand() && loads;
        self.code.pages.read_u64(load.memory_displacement64()).ok().filter(|_| fixed)
    }
}

/// Where the value that the instruction at `n` gives comes from; `None` if it is computed, read or a number.
fn source(body: &Body<'_>, n: usize, from: usize, place: Place) -> Option<Place> {
    let i = &body.function.code[n];
    let whole = |register: Register| register.is_gpr64().then_some(Place::Register(register));
    match (i.mnemonic(), i.op0_kind(), i.op1_kind()) {
        (Mnemonic::Mov, _, OpKind::Register) => whole(i.op1_register()),
        (Mnemonic::Mov, OpKind::Register, OpKind::Memory) if i.op0_register().is_gpr64() => slot(i),
        (Mnemonic::Lea, ..) => {
            let parts = [i.memory_base(), i.memory_index()].into_iter().filter(|r| r.is_gpr64());
            let parts: Vec<Register> = parts.collect();
            match parts[..] {
                [one] if one != Register::RSP => whole(one),
                [a, b] => [a, b].into_iter().find(|r| kept(body, n, from, *r) == Some(0)).and_then(whole),
                _ => None,
            }
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

/// A variable in the frame that an instruction reads or writes.
fn slot(i: &Instruction) -> Option<Place> {
    let base = i.memory_base();
    let of_frame = matches!(base, Register::RSP | Register::RBP) && i.memory_index() == Register::None;
    of_frame.then(|| Place::Slot(base, i.memory_displacement64()))
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
    const ARGUMENTS: [Register; 4] = [Register::RCX, Register::RDX, Register::R8, Register::R9];
    let register = *ARGUMENTS.get(which)?;
    let before = body.function.code.get(..n)?;
    let calls = |i: &Instruction| i.flow_control() != FlowControl::Next;
    let near = before.iter().rposition(calls).map_or(0, |call| call + 1);
    let set = near + before.get(near..)?.iter().rposition(|i| writes(i, Place::Register(register)))?;
    let i = &before[set];
    match (i.mnemonic(), i.op1_kind()) {
        (Mnemonic::Mov, OpKind::Register) => {
            let whole = i.op1_register().full_register();
            let mask = if i.op0_register().is_gpr64() { u64::MAX } else { 0xffff_ffff };
            kept(body, set, from, whole).map(|value| value & mask)
        }
        (Mnemonic::Mov, OpKind::Memory) => {
            let Place::Slot(base, at) = slot(i)? else { return None };
            let since = body.function.code.get(set..from)?;
            let written = since.iter().any(|i| writes(i, Place::Slot(base, at)));
            let address = kept(body, set, from, base)?.wrapping_add(at);
            let value = code.pages.read_u64(address).ok().filter(|_| !written)?;
            Some(if i.op0_register().is_gpr64() { value } else { value & 0xffff_ffff })
        }
        (Mnemonic::Mov, kind) if kind != OpKind::Memory => Some(i.immediate(1)),
        (Mnemonic::Lea, _) if i.memory_index() == Register::None => {
            Some(kept(body, set, from, i.memory_base())?.wrapping_add(i.memory_displacement64()))
        }
        _ => None,
    }
}
