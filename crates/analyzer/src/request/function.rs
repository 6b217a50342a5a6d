//! The instructions of one function, decoded from its start.

use dumplens_core::{ReadMemory, Width};
use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::stack::code::{Call, Code};
use crate::stack::{Frame, Stack};

/// Bytes of a function that are decoded: `operator new` has under 200, a container's growth under 2,000.
const MOST_BYTES: u64 = 4096;

/// A function that a frame is in.
#[derive(Debug, Clone)]
pub(super) struct Function {
    /// From its start on, as far as the dump keeps it.
    pub(super) code: Vec<Instruction>,
}

impl Function {
    /// The function of a frame. On x64 the image tells where it begins; on x86 the call of the frame above does, if it
    /// names its target.
    pub(super) fn of(code: &Code<'_, '_>, stack: &Stack, frame: usize) -> Option<Function> {
        let of = stack.frames.get(frame)?;
        let bits = code.process.dump.width().bits();
        let (begin, end) = match bits {
            64 => bounds64(code, of)?,
            _ => bounds32(code, stack, frame)?,
        };
        let length = usize::try_from(end.checked_sub(begin)?.min(MOST_BYTES)).ok()?;
        let mut bytes = vec![0; length];
        code.pages.read(begin, &mut bytes).ok()?;
        Some(Function::decode(bits, &bytes, begin))
    }

    /// The function that begins at an address, or, on x64, holds it.
    pub(super) fn at(code: &Code<'_, '_>, address: u64) -> Option<Function> {
        if code.process.dump.width() == Width::Bits32 {
            return Function::until_return(code, address);
        }
        let (begin, end) = bounds_of(code, address)?;
        let length = usize::try_from(end.checked_sub(begin)?.min(MOST_BYTES)).ok()?;
        let mut bytes = vec![0; length];
        code.pages.read(begin, &mut bytes).ok()?;
        Some(Function::decode(64, &bytes, begin))
    }

    /// The 32-bit function that begins at an address, up to the first return that no jump of it leads behind.
    fn until_return(code: &Code<'_, '_>, begin: u64) -> Option<Function> {
        let held = code.process.dump.memory().available(begin, MOST_BYTES);
        let mut bytes = vec![0; usize::try_from(held).ok()?];
        code.pages.read(begin, &mut bytes).ok()?;
        let mut function = Function::decode(32, &bytes, begin);
        let mut farthest = begin;
        let end = function.code.iter().position(|i| {
            if matches!(i.op0_kind(), OpKind::NearBranch32) && i.flow_control() != FlowControl::Call {
                farthest = farthest.max(i.near_branch_target());
            }
            i.flow_control() == FlowControl::Return && i.next_ip() > farthest
        })?;
        function.code.truncate(end + 1);
        Some(function)
    }

    /// The function whose code is `bytes`, from its first address on.
    pub(super) fn decode(bits: u32, bytes: &[u8], begin: u64) -> Function {
        let decoder = Decoder::with_ip(bits, bytes, begin, DecoderOptions::NONE);
        Function { code: decoder.into_iter().take_while(|i| !i.is_invalid()).collect() }
    }

    /// The instructions before an address.
    pub(super) fn before(&self, address: u64) -> impl DoubleEndedIterator<Item = &Instruction> {
        self.code.iter().filter(move |i| i.next_ip() <= address)
    }
}

fn bounds64(code: &Code<'_, '_>, frame: &Frame) -> Option<(u64, u64)> {
    bounds_of(code, frame.lookup())
}

fn bounds_of(code: &Code<'_, '_>, address: u64) -> Option<(u64, u64)> {
    let table = code.table(address).ok()?;
    let rva = u32::try_from(address.checked_sub(table.base())?).ok()?;
    let part = table.find(&code.pages, rva).ok()??;
    let function = table.primary(&code.pages, part).ok()?;
    Some((table.base() + u64::from(function.begin), table.base() + u64::from(part.end.max(function.end))))
}

/// Up to a little behind the return address: where the function ends is not known.
fn bounds32(code: &Code<'_, '_>, stack: &Stack, frame: usize) -> Option<(u64, u64)> {
    const BEHIND: u64 = 0x80;
    let (callee, caller) = (stack.frames.get(frame)?, stack.frames.get(frame + 1)?);
    let Some(Call::Direct(target)) = code.call_before(caller.ip, 32) else { return None };
    (target <= callee.ip && callee.ip - target < MOST_BYTES).then_some((target, callee.ip + BEHIND))
}

/// What an instruction compares a register with, sign-extended.
pub(super) fn compared(i: &Instruction, register: Register) -> Option<i64> {
    let compares =
        i.mnemonic() == Mnemonic::Cmp && i.op0_kind() == OpKind::Register && i.op0_register() == register;
    immediate(i).filter(|_| compares)
}

/// What an instruction compares the first stack argument with, by EBP.
pub(super) fn compared_argument(i: &Instruction) -> Option<i64> {
    immediate(i).filter(|_| i.mnemonic() == Mnemonic::Cmp && is_argument(i))
}

/// Whether the memory operand of an instruction is `[ebp+8]`.
pub(super) fn is_argument(i: &Instruction) -> bool {
    i.memory_base() == Register::EBP && i.memory_index() == Register::None && i.memory_displacement64() == 8
}

/// The second operand, if it is a number.
fn immediate(i: &Instruction) -> Option<i64> {
    match i.op1_kind() {
        OpKind::Immediate8to64 | OpKind::Immediate32to64 => Some(i.immediate(1).cast_signed()),
        OpKind::Immediate8to32 => Some(i64::from(i.immediate8to32())),
        OpKind::Immediate32 => Some(i64::from(i.immediate32().cast_signed())),
        _ => None,
    }
}
