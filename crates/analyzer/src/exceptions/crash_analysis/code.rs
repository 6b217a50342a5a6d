//! The crashing instruction, and where the crate's answers about it are not used as they are.

use dumplens_core::Context;
use iced_x86::{Decoder, DecoderOptions, Instruction, Register};

use crate::exceptions::analysis::OperandKind;
use crate::process::Process;

/// Bytes of the longest instruction.
const LONGEST: u64 = 15;

/// Stack pointers below are not asked about: the crate takes 8 from them.
const LEAST_STACK_POINTER: u64 = 8;

/// An instruction in the dump.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) address: u64,
    /// Bytes at it that are given to the crate.
    pub(super) bytes: u64,
    instruction: Instruction,
}

impl Code {
    /// The instruction at the instruction pointer; `None` if the dump does not keep it.
    pub(super) fn read(process: &Process<'_>, context: &Context) -> Option<Code> {
        let address = context.ip;
        let memory = process.dump.memory();
        let bytes = memory.bytes(address, memory.available(address, LONGEST)).ok()?;
        if bytes.is_empty() || context.sp < LEAST_STACK_POINTER {
            return None;
        }
        let instruction = Decoder::with_ip(64, &bytes, address, DecoderOptions::NONE).decode();
        Some(Code { address, bytes: bytes.len() as u64, instruction })
    }

    /// Whether its accesses can be told: the crate leaves out the base of FS and GS.
    pub(super) fn is_told(&self) -> bool {
        ![Register::FS, Register::GS].contains(&self.instruction.segment_prefix())
    }

    /// Where an access really is: the crate counts addresses relative to the instruction from its start, the processor
    /// from its end.
    pub(super) fn accessed(&self, address: u64) -> u64 {
        let here = &self.instruction;
        let end = here.is_ip_rel_memory_operand().then(|| here.ip_rel_memory_address());
        end.filter(|end| end.wrapping_sub(here.len() as u64) == address).unwrap_or(address)
    }
}

/// By the crate's word, how memory is accessed.
pub(super) fn kind(word: &str) -> Option<OperandKind> {
    match word {
        "Read" => Some(OperandKind::Read),
        "Write" => Some(OperandKind::Write),
        "ReadWrite" => Some(OperandKind::ReadWrite),
        _ => None,
    }
}
