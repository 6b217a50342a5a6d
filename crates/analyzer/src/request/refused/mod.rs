//! Whether an allocator returned the null pointer that was used.
//!
//! The register that the faulting instruction used is followed back through the code of its function, and, where it was
//! an argument, through its caller's, to the call that returned it. The code is followed in order of address, with a
//! jump only if it is the only way to its target. Anything else that could have written the register ends the search
//! without an answer.

mod argument;
mod place;

use dumplens_core::{Arch, Width};
use iced_x86::{FlowControl, InstructionInfoFactory, Mnemonic, OpKind, Register};

use self::argument::{ARGUMENTS, handed, size, stacked};
use self::place::{
    Body, Place, excludes_null, is_volatile, kept, only_jump_to, operand_place, source, takes_address, whole,
    writes,
};
use super::allocator::{Allocator, Callee, callee, through_memory};
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
