//! Disassembly as the debugger prints it: iced-x86's MASM formatter, and what differs from it.

mod mnemonic;
mod operand;
mod strings;
mod undecoded;

use std::fmt::Write as _;

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Formatter as _, Instruction, MasmFormatter, MemorySizeOptions,
    OpKind, Register,
};

use crate::session::{Session, ticked};

/// The most bytes that an instruction has.
pub(crate) const LONGEST: usize = 15;

/// What names an address: `mod!sym+0x40`.
pub(crate) type Namer<'n> = dyn FnMut(u64) -> Option<String> + 'n;

/// One instruction as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) address: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) mnemonic: String,
    pub(crate) operands: String,
    /// Whether the processor understands it, as the debugger sees it.
    pub(crate) decoded: bool,
}

/// The instruction at an address, whose bytes are given; `None` without bytes. One that is not known has one byte.
pub(crate) fn decode(bytes: &[u8], address: u64, x86: bool) -> Option<(Instruction, usize)> {
    decode_of(bytes, address, if x86 { 32 } else { 64 })
}

fn decode_of(bytes: &[u8], address: u64, bits: u32) -> Option<(Instruction, usize)> {
    let bytes = bytes.get(..bytes.len().min(LONGEST))?;
    if bytes.is_empty() {
        return None;
    }
    let options = DecoderOptions::MPX | DecoderOptions::NO_INVALID_CHECK | DecoderOptions::OLD_FPU;
    let mut decoder = Decoder::with_ip(bits, bytes, address, options);
    let instruction = decoder.decode();
    let known = !instruction.is_invalid() && !undecoded::is(&instruction, bytes);
    if known { Some((instruction, instruction.len())) } else { Some((Instruction::default(), 1)) }
}

/// The text of the instruction at an address; `bits` are those of its code: 16, 32 or 64.
fn line(bytes: &[u8], address: u64, bits: u32, name: &mut Namer<'_>) -> Option<Line> {
    let (instruction, length) = decode_of(bytes, address, bits)?;
    let bytes = bytes.get(..length)?.to_vec();
    if instruction.is_invalid() {
        let (mnemonic, operands) = ("???".to_owned(), String::new());
        return Some(Line { address, bytes, mnemonic, operands, decoded: false });
    }
    let (mnemonic, operands) = text(&instruction, &bytes, bits < 64, name);
    Some(Line { address, bytes, mnemonic, operands, decoded: true })
}

fn formatter() -> MasmFormatter {
    let mut formatter = MasmFormatter::new();
    let options = formatter.options_mut();
    options.set_memory_size_options(MemorySizeOptions::Always);
    options.set_space_after_operand_separator(false);
    options.set_show_branch_size(false);
    options.set_rip_relative_addresses(false);
    options.set_branch_leading_zeros(false);
    options.set_displacement_leading_zeros(false);
    options.set_always_show_scale(true);
    formatter
}

fn text(instruction: &Instruction, bytes: &[u8], x86: bool, name: &mut Namer<'_>) -> (String, String) {
    if let Some(text) = strings::text(instruction, x86) {
        return text;
    }
    let mut formatter = formatter();
    let mnemonic = mnemonic::text(&mut formatter, instruction, bytes);
    let count = formatter.operand_count(instruction);
    let mut operands: Vec<String> =
        (0..count).map(|n| operand::text(&mut formatter, instruction, bytes, n, x86, name)).collect();
    mnemonic::arrange(instruction, &mut operands, x86);
    (mnemonic, operands.join(","))
}

impl Line {
    /// `ADDR HEX MNEMONIC OPERANDS`, without blanks at its end.
    pub(crate) fn shown(&self, x86: bool, code_bytes: bool) -> String {
        let address = if x86 { format!("{:08x}", self.address) } else { ticked(self.address) };
        let mut text = format!("{address} ");
        let mut hex = String::new();
        for byte in &self.bytes {
            let _ = write!(hex, "{byte:02x}");
        }
        let column = if code_bytes { 16.max(hex.len() + 1) } else { 0 };
        if code_bytes {
            let _ = write!(text, "{hex:<column$}");
        }
        if self.operands.is_empty() {
            text.push_str(&self.mnemonic);
            return text;
        }
        let operands = if hex.len() < 16 || !code_bytes { column.saturating_sub(16) + 24 } else { 25 };
        let operands = if code_bytes { operands.min(25) } else { 8 };
        let width = operands.saturating_sub(column).max(self.mnemonic.len() + 1);
        let _ = write!(text, "{:<width$}{}", self.mnemonic, self.operands);
        text
    }
}

impl Session<'_, '_> {
    /// The bytes of an instruction at an address, as many as there are.
    pub(crate) fn code(&self, address: u64) -> Vec<u8> {
        let address = self.normal(address);
        let have = self.memory.available(address, LONGEST as u64);
        self.memory.bytes(address, have).unwrap_or_default()
    }

    /// The instruction at an address as text.
    pub(crate) fn instruction(&mut self, address: u64) -> Option<Line> {
        self.instruction_of(address, if self.x86 { 32 } else { 64 })
    }

    /// The same of code of 16, 32 or 64 bits; in that of 16 bits no address has a name.
    pub(crate) fn instruction_of(&mut self, address: u64, bits: u32) -> Option<Line> {
        let bytes = self.code(address);
        line(&bytes, address, bits, &mut |address| self.operand_name(address).filter(|_| bits > 16))
    }

    /// The name of an operand's address: of what lies in a module.
    fn operand_name(&mut self, address: u64) -> Option<String> {
        self.site(address)
    }
}

/// Whether the instruction at an address returns.
pub(crate) fn is_return(session: &Session<'_, '_>, address: u64) -> bool {
    let decoded = decode(&session.code(address), address, session.x86);
    decoded.is_some_and(|(instruction, _)| instruction.flow_control() == FlowControl::Return)
}

/// The registers that the instruction at an address uses, as names.
pub(crate) fn registers_of(session: &Session<'_, '_>, address: u64) -> Vec<String> {
    let bytes = session.code(address);
    let Some((instruction, _)) = decode(&bytes, address, session.x86) else { return Vec::new() };
    let used = (0..instruction.op_count()).flat_map(|n| match instruction.op_kind(n) {
        OpKind::Register => [instruction.op_register(n), Register::None],
        OpKind::Memory => [instruction.memory_base(), instruction.memory_index()],
        _ => [Register::None; 2],
    });
    let full = |register: Register| {
        if session.x86 { register.full_register32() } else { register.full_register() }
    };
    used.map(full).filter(|full| full.is_gpr()).map(|full| format!("{full:?}").to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests;
