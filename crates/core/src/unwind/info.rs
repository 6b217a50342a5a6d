//! One UNWIND_INFO record.

use goblin::pe::exception as goblin_exception;
use goblin::pe::exception::{StackFrameOffset, UnwindOperation};

use super::table::RuntimeFunction;
use crate::pe::ImageError;

/// `UNW_FLAG_CHAININFO`, where it stands in the first byte.
const CHAINED: u8 = 4 << 3;
/// The version, in the first byte.
const VERSION: u8 = 7;
/// Bytes before the codes.
pub(super) const HEAD: usize = 4;

/// What the prologue of a function does, and whose record goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnwindInfo {
    /// 1 or 2.
    pub version: u8,
    /// Bytes of the prologue.
    pub prolog: u8,
    /// The frame register (3 rbx, 5 rbp …, as the processor numbers them) and how far above rsp it points, in
    /// bytes; `None` if the function has none.
    pub frame: Option<(u8, u32)>,
    /// The codes, the last instruction of the prologue first.
    pub codes: Vec<Code>,
    /// The function whose record goes on with this one (`UNW_FLAG_CHAININFO`).
    pub chained: Option<RuntimeFunction>,
}

/// One instruction of a prologue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Offset of the instruction's end from the start of the function.
    pub offset: u8,
    /// What it did.
    pub operation: Operation,
}

/// What an instruction of a prologue did. Registers as the processor numbers them: 3 rbx, 5 rbp, 6 rsi, 7 rdi.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Pushed a register.
    Push(u8),
    /// Lowered rsp by so many bytes.
    Allocate(u32),
    /// Made the frame register point into the frame.
    SetFrame,
    /// Saved a register so many bytes above the frame's base.
    Save(u8, u32),
    /// The processor pushed ss, rsp, flags, cs and rip; and an error code, if true.
    MachineFrame(bool),
    /// Says where epilogues lie (version 2), or saved an xmm register: nothing that moves rsp or a general register.
    Other,
}

impl UnwindInfo {
    /// Bytes of the record that begins with `head`, without a handler and its data.
    pub(super) fn size(head: [u8; HEAD]) -> usize {
        let [flags, _, count, _] = head;
        let codes = usize::from(count).next_multiple_of(2).saturating_mul(2);
        HEAD.saturating_add(codes).saturating_add(if flags & CHAINED == 0 { 0 } else { 12 })
    }

    /// Decodes a record from its first byte on; bytes behind it are not looked at. Fails on a version other than 1 and
    /// 2, an unknown operation, and a record that ends early.
    pub fn parse(bytes: &[u8]) -> Result<UnwindInfo, ImageError> {
        let head = bytes.first_chunk::<HEAD>().ok_or_else(|| cut("UNWIND_INFO"))?;
        let mut record = bytes.get(..Self::size(*head)).ok_or_else(|| cut("UNWIND_INFO"))?.to_vec();
        if let Some(flags) = record.first_mut() {
            *flags &= VERSION | CHAINED; // the handler is of no interest, and may not be there
        }
        let info = goblin_exception::UnwindInfo::parse(&record, 0).map_err(malformed)?;
        let mut codes = Vec::new();
        for code in info.unwind_codes() {
            let code = code.map_err(malformed)?; // goblin would give the same error for ever
            codes.push(Code { offset: code.code_offset, operation: operation(code.operation) });
        }
        let register = info.frame_register.0;
        Ok(UnwindInfo {
            version: info.version,
            prolog: info.size_of_prolog,
            frame: (register != 0).then_some((register, info.frame_register_offset)),
            codes,
            chained: info.chained_info.map(|f| RuntimeFunction {
                begin: f.begin_address,
                end: f.end_address,
                unwind_info: f.unwind_info_address,
            }),
        })
    }
}

fn operation(operation: UnwindOperation) -> Operation {
    match operation {
        UnwindOperation::PushNonVolatile(register) => Operation::Push(register.0),
        UnwindOperation::Alloc(bytes) => Operation::Allocate(bytes),
        UnwindOperation::SetFPRegister => Operation::SetFrame,
        UnwindOperation::SaveNonVolatile(register, at) => {
            let (StackFrameOffset::RSP(offset) | StackFrameOffset::FP(offset)) = at;
            Operation::Save(register.0, offset)
        }
        UnwindOperation::PushMachineFrame(error_code) => Operation::MachineFrame(error_code),
        _ => Operation::Other,
    }
}

fn cut(what: &str) -> ImageError {
    ImageError::Malformed(format!("{what} is cut off"))
}

#[allow(clippy::needless_pass_by_value)] // for map_err
fn malformed(error: goblin::error::Error) -> ImageError {
    ImageError::Malformed(format!("UNWIND_INFO: {error}"))
}
