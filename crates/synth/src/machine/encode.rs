//! Bytes of one instruction. Targets and items are given as addresses, so every encoding has a fixed length.

use super::op::{Alu, Cond, Mem, Op, Reg, SP, Shift};
use crate::arch::Width;
use crate::bytes::{Push, low32};

/// Where an instruction lies and what the names in it mean.
pub(super) struct Place<'a> {
    pub(super) width: Width,
    /// Address of the instruction.
    pub(super) ip: u64,
    /// Whether jumps to labels take 32 bits.
    pub(super) long_jumps: bool,
    /// Address of a label of the function, a function or an item of the unit, an import's slot.
    pub(super) resolve: &'a dyn Fn(&str) -> u64,
}

/// What the operand field of an instruction names: a register's number, or the number of an operation.
#[derive(Clone, Copy)]
struct Operand(Reg);

impl Place<'_> {
    /// The instruction.
    pub(super) fn encode(&self, op: Op) -> Vec<u8> {
        match op {
            Op::Label(_) | Op::EndProlog => Vec::new(),
            Op::Push(r) => self.short(0x50, r),
            Op::Pop(r) => self.short(0x58, r),
            Op::PushImm(value) => match i8::try_from(value) {
                Ok(byte) => vec![0x6A, byte.cast_unsigned()],
                Err(_) => [&[0x68][..], &value.to_le_bytes()].concat(),
            },
            Op::PushOffset(name) => [&[0x68][..], &low32((self.resolve)(name)).to_le_bytes()].concat(),
            Op::MovOffset(r, name) => [&[0xB8 | r][..], &low32((self.resolve)(name)).to_le_bytes()].concat(),
            Op::PushMem(m) => self.memory(&[0xFF], Operand(6), m, false, 0),
            Op::Mov(d, s) => self.register(&[0x8B], Operand(d), s, true),
            Op::MovImm(r, value) => self.move_immediate(r, value),
            Op::Load(r, m) => self.memory(&[0x8B], Operand(r), m, true, 0),
            Op::Store(m, r) => self.memory(&[0x89], Operand(r), m, true, 0),
            Op::Store32(m, r) => self.memory(&[0x89], Operand(r), m, false, 0),
            Op::StoreImm(m, value) => {
                let mut code = self.memory(&[0xC7], Operand(0), m, true, 4);
                code.extend(value.to_le_bytes());
                code
            }
            Op::Lea(r, m) => self.memory(&[0x8D], Operand(r), m, true, 0),
            Op::CallReg(r) => self.register(&[0xFF], Operand(2), r, false),
            Op::CallImport(name) => self.import(2, name),
            Op::JmpImport(name) => self.import(4, name),
            Op::Call(name) => self.near(&[0xE8], (self.resolve)(name)),
            Op::JmpTo(name) => self.near(&[0xE9], (self.resolve)(name)),
            Op::Jmp(label) if self.long_jumps => self.near(&[0xE9], (self.resolve)(label)),
            Op::Jcc(cond, label) if self.long_jumps => {
                self.near(&[0x0F, 0x80 | cond as u8], (self.resolve)(label))
            }
            Op::Jmp(label) => self.short_jump(0xEB, label),
            Op::Jcc(cond, label) => self.short_jump(0x70 | cond as u8, label),
            Op::Ret => vec![0xC3],
            Op::RetN(bytes) => [&[0xC2][..], &bytes.to_le_bytes()].concat(),
            Op::Nop | Op::Dispatch => vec![0x90],
            Op::Int3 => vec![0xCC],
            Op::Int29 => vec![0xCD, 0x29],
            Op::Syscall if self.width == Width::W64 => vec![0x0F, 0x05],
            // mov edx,…; call edx
            Op::Syscall => vec![0xBA, 0x30, 0x90, 0x70, 0x77, 0xFF, 0xD2],
            _ => self.arithmetic(op),
        }
    }

    fn arithmetic(&self, op: Op) -> Vec<u8> {
        match op {
            // Compilers clear a register by the short form.
            Op::Alu(Alu::Xor, d, s) if d == s => self.register(&[0x33], Operand(d), s, false),
            Op::Alu(alu, d, s) => self.register(&[alu as u8 * 8 + 3], Operand(d), s, true),
            Op::AluMem(alu, r, m) => self.memory(&[alu as u8 * 8 + 3], Operand(r), m, true, 0),
            Op::AluImm(alu, r, value) => {
                let (opcode, bytes) = immediate(value);
                let mut code = self.register(&[opcode], Operand(alu as u8), r, true);
                code.extend(bytes);
                code
            }
            Op::AluMemImm(alu, m, value) => {
                let (opcode, bytes) = immediate(value);
                let mut code = self.memory(&[opcode], Operand(alu as u8), m, true, bytes.len());
                code.extend(bytes);
                code
            }
            Op::Test(a, b) => self.register(&[0x85], Operand(b), a, true),
            Op::Shift(shift, r, 1) => self.register(&[0xD1], Operand(number(shift)), r, true),
            Op::Shift(shift, r, by) => {
                let mut code = self.register(&[0xC1], Operand(number(shift)), r, true);
                code.push(by);
                code
            }
            Op::Imul(d, s) => self.register(&[0x0F, 0xAF], Operand(d), s, true),
            Op::ImulImm(d, s, value) => {
                let byte = i8::try_from(value).ok();
                let mut code =
                    self.register(&[if byte.is_some() { 0x6B } else { 0x69 }], Operand(d), s, true);
                match byte {
                    Some(byte) => code.push(byte.cast_unsigned()),
                    None => code.extend(value.to_le_bytes()),
                }
                code
            }
            Op::Cmov(cond, d, s) => self.register(&[0x0F, 0x40 | condition(cond)], Operand(d), s, true),
            other => unreachable!("{other:?} is encoded above"),
        }
    }

    /// An opcode with a register's number in its low bits.
    fn short(&self, opcode: u8, r: Reg) -> Vec<u8> {
        let mut code = Vec::new();
        self.prefix(&mut code, [0, 0, r], false);
        code.push(opcode | (r & 7));
        code
    }

    /// REX, where it is needed: W, then the high bits of operand, index and base.
    fn prefix(&self, code: &mut Vec<u8>, [operand, index, base]: [Reg; 3], wide: bool) {
        let rex = u8::from(wide) << 3 | operand >> 3 << 2 | index >> 3 << 1 | base >> 3;
        if self.width == Width::W64 && rex != 0 {
            code.push(0x40 | rex);
        }
    }

    fn register(&self, opcode: &[u8], operand: Operand, r: Reg, wide: bool) -> Vec<u8> {
        let mut code = Vec::new();
        self.prefix(&mut code, [operand.0, 0, r], wide);
        code.extend_from_slice(opcode);
        code.push(0xC0 | (operand.0 & 7) << 3 | (r & 7));
        code
    }

    /// `behind` are the bytes of the instruction that follow the address.
    fn memory(&self, opcode: &[u8], operand: Operand, m: Mem, wide: bool, behind: usize) -> Vec<u8> {
        let mut code = Vec::new();
        let Mem::At { base, index, displacement } = m else {
            let Mem::Item(name) = m else { unreachable!("the other form") };
            self.prefix(&mut code, [operand.0, 0, 0], wide);
            code.extend_from_slice(opcode);
            code.push((operand.0 & 7) << 3 | 5);
            self.address(&mut code, (self.resolve)(name), behind);
            return code;
        };
        let base_number = base.unwrap_or(0);
        self.prefix(&mut code, [operand.0, index.map_or(0, |(r, _)| r), base_number], wide);
        code.extend_from_slice(opcode);
        let size = match (base, displacement) {
            (None, _) => 0,
            (Some(base), 0) if base & 7 != 5 => 0,
            (_, d) if i8::try_from(d).is_ok() => 1,
            _ => 2,
        };
        let by_sib = index.is_some() || base.is_none() || base_number & 7 == SP;
        let rm = if by_sib { 4 } else { base_number & 7 };
        code.push(size << 6 | (operand.0 & 7) << 3 | rm);
        if by_sib {
            let (index, scale) = index.unwrap_or((SP, 1));
            let base = base.map_or(5, |base| base & 7);
            code.push(u8::try_from(scale.trailing_zeros()).unwrap_or(0) << 6 | (index & 7) << 3 | base);
        }
        match (base, size) {
            (Some(_), 0) => {}
            (_, 1) => code.push(displacement.to_le_bytes()[0]),
            _ => code.extend(displacement.to_le_bytes()),
        }
        code
    }

    /// An address behind a ModRM byte: relative to the end of the instruction on x64, absolute on x86.
    fn address(&self, code: &mut Vec<u8>, target: u64, behind: usize) {
        let end = self.ip + (code.len() + 4 + behind) as u64;
        code.u32(low32(if self.width == Width::W64 { target.wrapping_sub(end) } else { target }));
    }

    fn import(&self, operation: u8, name: &str) -> Vec<u8> {
        let mut code = vec![0xFF, operation << 3 | 5];
        self.address(&mut code, (self.resolve)(&slot(name)), 0);
        code
    }

    fn near(&self, opcode: &[u8], target: u64) -> Vec<u8> {
        let mut code = opcode.to_vec();
        let end = self.ip + (code.len() + 4) as u64;
        code.u32(low32(target.wrapping_sub(end)));
        code
    }

    fn short_jump(&self, opcode: u8, label: &str) -> Vec<u8> {
        let distance = (self.resolve)(label).wrapping_sub(self.ip + 2);
        vec![opcode, distance.to_le_bytes()[0]]
    }

    fn move_immediate(&self, r: Reg, value: u64) -> Vec<u8> {
        if self.width == Width::W32 || u32::try_from(value).is_ok() {
            let mut code = self.short(0xB8, r);
            code.u32(low32(value));
            return code;
        }
        if let Ok(signed) = i32::try_from(value.cast_signed()) {
            let mut code = self.register(&[0xC7], Operand(0), r, true);
            code.extend(signed.to_le_bytes());
            return code;
        }
        let mut code = Vec::new();
        self.prefix(&mut code, [0, 0, r], true);
        code.push(0xB8 | (r & 7));
        code.u64(value);
        code
    }
}

/// Name under which the import table's slot of a function is resolved.
pub(super) fn slot(import: &str) -> String {
    format!("__imp_{import}")
}

fn immediate(value: i32) -> (u8, Vec<u8>) {
    match i8::try_from(value) {
        Ok(byte) => (0x83, vec![byte.cast_unsigned()]),
        Err(_) => (0x81, value.to_le_bytes().to_vec()),
    }
}

fn number(shift: Shift) -> u8 {
    shift as u8
}

fn condition(cond: Cond) -> u8 {
    cond as u8
}
