//! Which critical sections a thread entered, by the code that it ran: for dumps that keep the code and not the sections.
//!
//! The function that called EnterCriticalSection is followed from its start to that call, instruction by instruction. A
//! call before it, of the same function and with another section, entered that one; unless something else was called with
//! it in between, which may have left it. After a branch nothing is certain, and nothing is reported. x64 only.

use std::collections::HashMap;

use dumplens_core::ReadMemory;
use iced_x86::{
    Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

use crate::stack::Frame;
use crate::stack::code::Code;

/// Instructions that are followed in one function.
const MOST_STEPS: usize = 512;
/// Instructions that are followed for all threads together: a tenth of a second.
pub(super) const MOST_STEPS_IN_ALL: usize = 1 << 18;
/// Frames of callers that are looked at too.
const MOST_CALLERS: usize = 8;
/// Bytes of the longest instruction.
const LONGEST: usize = 15;

/// What a thread waits for, and what it entered before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entered {
    pub(super) awaited: u64,
    pub(super) held: Vec<u64>,
}

/// What a register holds, as far as the code alone tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    /// This number.
    Number(u64),
    /// What lies at this address: an import.
    At(u64),
    /// What the function was given in rcx.
    Given,
}

/// A call, and what it was given in rcx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Made {
    target: Option<Value>,
    given: Option<Value>,
    /// Whether no branch stands before it.
    certain: bool,
}

/// The calls of a function, in order; the last is the one that is still running.
type Calls = Vec<Made>;

/// What the frames above RtlEnterCriticalSection tell; `enter` is its frame.
pub(super) fn entered(
    code: &Code<'_, '_>,
    frames: &[Frame],
    enter: usize,
    left: &mut usize,
) -> Option<Entered> {
    let callers = frames.get(enter.checked_add(1)?..)?;
    let calls = follow(code, begin(code, callers.first()?)?, callers.first().map(|frame| frame.ip), left)?;
    let (last, before) = calls.split_last()?;
    let mut traces = vec![before.to_vec()];
    let (mut enters, mut given) = (vec![last.target?], last.given);
    // A function that was called by its address, and ended in a jump to EnterCriticalSection.
    if let Some(Value::Number(target)) = last.target {
        let calls = follow(code, target, None, left)?;
        let (jump, before) = calls.split_last()?;
        if before.is_empty() && jump.given == Some(Value::Given) {
            enters.push(jump.target?);
        } else {
            enters = vec![jump.target?];
            given = if jump.given == Some(Value::Given) { last.given } else { jump.given };
            traces.push(before.to_vec());
        }
    }
    let Some(Value::Number(awaited)) = given else { return None };
    for frame in callers.iter().skip(1).take(MOST_CALLERS) {
        let calls = begin(code, frame).and_then(|begin| follow(code, begin, Some(frame.ip), left));
        traces.extend(calls.map(|mut calls| {
            calls.pop();
            calls
        }));
    }
    let mut held: Vec<u64> = traces.iter().flat_map(|calls| kept(calls, &enters)).collect();
    held.retain(|section| *section != awaited);
    held.sort_unstable();
    held.dedup();
    Some(Entered { awaited, held })
}

/// The sections that some calls entered and did not leave.
fn kept(calls: &[Made], enters: &[Value]) -> Vec<u64> {
    let enters = |call: &Made| call.target.is_some_and(|target| enters.contains(&target));
    let entered = calls.iter().enumerate().filter(|(_, call)| call.certain && enters(call));
    let still = |(n, call): (usize, &Made)| match call.given {
        Some(Value::Number(section)) => {
            let later = calls.get(n + 1..).unwrap_or_default();
            let other = |later: &Made| later.given == call.given && !enters(later);
            (!later.iter().any(other)).then_some(section)
        }
        _ => None,
    };
    entered.filter_map(still).collect()
}

/// Where the function of a frame begins, by the image's own table.
fn begin(code: &Code<'_, '_>, frame: &Frame) -> Option<u64> {
    let module = code.process.modules.get(code.process.module_at(frame.lookup())?)?;
    let table = code.table(frame.lookup()).ok()?;
    let rva = u32::try_from(frame.lookup().checked_sub(module.base)?).ok()?;
    let found = table.find(&code.pages, rva).ok()??;
    let function = table.primary(&code.pages, found).ok()?;
    module.base.checked_add(u64::from(function.begin))
}

/// Follows a function from its start to the call that returns to an address, or else to the jump that it ends in.
fn follow(code: &Code<'_, '_>, begin: u64, until: Option<u64>, left: &mut usize) -> Option<Calls> {
    let mut registers: HashMap<Register, Value> = HashMap::from([(Register::RCX, Value::Given)]);
    let (mut ip, mut calls, mut certain) = (begin, Vec::new(), true);
    let mut infos = InstructionInfoFactory::new();
    for _ in 0..MOST_STEPS {
        *left = left.checked_sub(1)?;
        let instruction = decode(code, ip)?;
        let target = target(&instruction, &registers);
        let made = Made { target, given: registers.get(&Register::RCX).copied(), certain };
        ip = instruction.next_ip();
        match instruction.mnemonic() {
            Mnemonic::Call => {
                calls.push(made);
                if until == Some(ip) {
                    return Some(calls);
                }
                registers.retain(|register, _| !VOLATILE.contains(register));
            }
            Mnemonic::Jmp if instruction.is_jmp_short_or_near() => ip = instruction.near_branch_target(),
            Mnemonic::Jmp => {
                calls.push(made);
                return until.is_none().then_some(calls);
            }
            Mnemonic::Ret | Mnemonic::Int3 | Mnemonic::Ud2 => return None,
            _ => {
                certain &= !instruction.is_jcc_short_or_near();
                write(&instruction, &mut registers, &mut infos);
            }
        }
    }
    None
}

/// rax, rcx, rdx, r8 to r11: what a called function may leave in any state.
const VOLATILE: [Register; 7] =
    [Register::RAX, Register::RCX, Register::RDX, Register::R8, Register::R9, Register::R10, Register::R11];

fn decode(code: &Code<'_, '_>, ip: u64) -> Option<Instruction> {
    let mut bytes = [0; LONGEST];
    // The last instruction of what is kept may be shorter than the longest.
    let length = (1..=LONGEST).rev().find(|length| code.pages.read(ip, &mut bytes[..*length]).is_ok())?;
    let instruction = Decoder::with_ip(64, &bytes[..length], ip, DecoderOptions::NONE).decode();
    (!instruction.is_invalid() && code.is_executable(ip)).then_some(instruction)
}

/// Where a call or a jump leads.
fn target(instruction: &Instruction, registers: &HashMap<Register, Value>) -> Option<Value> {
    match instruction.op0_kind() {
        OpKind::NearBranch64 => Some(Value::Number(instruction.near_branch_target())),
        OpKind::Register => registers.get(&instruction.op0_register()).copied(),
        OpKind::Memory if instruction.is_ip_rel_memory_operand() => {
            Some(Value::At(instruction.memory_displacement64()))
        }
        _ => None,
    }
}

/// What an instruction leaves in registers.
fn write(
    instruction: &Instruction,
    registers: &mut HashMap<Register, Value>,
    infos: &mut InstructionInfoFactory,
) {
    let value = value(instruction, registers);
    let info = infos.info(instruction);
    let writes = [OpAccess::Write, OpAccess::CondWrite, OpAccess::ReadWrite, OpAccess::ReadCondWrite];
    for used in info.used_registers().iter().filter(|used| writes.contains(&used.access())) {
        registers.remove(&used.register().full_register());
    }
    if let Some(value) = value {
        registers.insert(instruction.op0_register().full_register(), value);
    }
}

/// The value that goes into the first operand, a register; `None` if it is not known.
fn value(instruction: &Instruction, registers: &HashMap<Register, Value>) -> Option<Value> {
    if instruction.op0_kind() != OpKind::Register || instruction.op0_register().size() < 4 {
        return None;
    }
    let rip = instruction.is_ip_rel_memory_operand();
    match (instruction.mnemonic(), instruction.op1_kind()) {
        (Mnemonic::Lea, _) if rip => Some(Value::Number(instruction.memory_displacement64())),
        (Mnemonic::Mov, OpKind::Memory) if rip => Some(Value::At(instruction.memory_displacement64())),
        (Mnemonic::Mov, OpKind::Register) if instruction.op1_register().size() == 8 => {
            registers.get(&instruction.op1_register()).copied()
        }
        (Mnemonic::Mov, OpKind::Immediate32 | OpKind::Immediate64 | OpKind::Immediate32to64) => {
            Some(Value::Number(instruction.immediate(1)))
        }
        _ => None,
    }
}
