//! The factor by which a caller multiplied a count: the size of an element, from `shl`, `imul`, `lea` and `add`.
//!
//! Each register is a multiple of an unknown value. The instructions are followed in order of address, ignoring jumps;
//! a value that is computed in another way is a new unknown.

use std::collections::HashMap;

use iced_x86::{Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register};

use super::function::Function;

/// `factor` times the unknown number `base`; what is added to it does not matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Multiple {
    base: usize,
    factor: u64,
}

/// What the argument of the call before `ip` is a multiple of: rcx on x64, what was pushed last on x86.
pub(super) fn of_argument(function: &Function, ip: u64, bits: u32) -> Option<u64> {
    let mut known = Known::new();
    let mut pushed = None;
    for i in function.before(ip) {
        if bits == 32 && i.mnemonic() == Mnemonic::Push {
            pushed = (i.op0_kind() == OpKind::Register).then(|| known.get(i.op0_register()));
        }
        known.step(i);
    }
    let argument = if bits == 64 { Some(known.get(Register::RCX)) } else { pushed };
    argument.map(|multiple| multiple.factor)
}

struct Known {
    registers: HashMap<Register, Multiple>,
    bases: usize,
    factory: InstructionInfoFactory,
}

impl Known {
    fn new() -> Known {
        Known { registers: HashMap::new(), bases: 0, factory: InstructionInfoFactory::new() }
    }

    fn get(&mut self, register: Register) -> Multiple {
        let register = register.full_register();
        if let Some(multiple) = self.registers.get(&register) {
            return *multiple;
        }
        let multiple = self.unknown();
        self.registers.insert(register, multiple);
        multiple
    }

    fn unknown(&mut self) -> Multiple {
        self.bases += 1;
        Multiple { base: self.bases, factor: 1 }
    }

    fn step(&mut self, i: &Instruction) {
        if let Some((register, multiple)) = self.computed(i) {
            self.registers.insert(register.full_register(), multiple);
            return;
        }
        let used = self.factory.info(i).used_registers().to_vec();
        for one in used.iter().filter(|one| writes(one.access())) {
            let unknown = self.unknown();
            self.registers.insert(one.register().full_register(), unknown);
        }
    }

    /// What an instruction gives, if it only copies, adds or multiplies.
    fn computed(&mut self, i: &Instruction) -> Option<(Register, Multiple)> {
        if i.op_count() == 0 || i.op0_kind() != OpKind::Register {
            return None;
        }
        let to = i.op0_register();
        let by = |multiple: Multiple, n: u64| {
            Some(Multiple { factor: multiple.factor.checked_mul(n)?, ..multiple })
        };
        let multiple = match i.mnemonic() {
            Mnemonic::Mov if i.op1_kind() == OpKind::Register => self.get(i.op1_register()),
            Mnemonic::Shl if i.op1_kind() == OpKind::Immediate8 => {
                by(self.get(to), 1u64.checked_shl(u32::from(i.immediate8()))?)?
            }
            Mnemonic::Imul if i.op_count() == 3 => by(self.get(i.op1_register()), i.immediate(2))?,
            Mnemonic::Add if i.op1_kind() == OpKind::Register => {
                let (a, b) = (self.get(to), self.get(i.op1_register()));
                sum(a, b)?
            }
            Mnemonic::Add | Mnemonic::Sub if i.op1_kind() != OpKind::Memory => self.get(to),
            Mnemonic::Lea => self.address(i)?,
            _ => return None,
        };
        Some((to, multiple))
    }

    fn address(&mut self, i: &Instruction) -> Option<Multiple> {
        let scale = u64::from(i.memory_index_scale());
        match (i.memory_base(), i.memory_index()) {
            (Register::None, Register::None) => None,
            (base, Register::None) => Some(self.get(base)),
            (Register::None, index) => {
                let index = self.get(index);
                Some(Multiple { factor: index.factor.checked_mul(scale)?, ..index })
            }
            (base, index) => {
                let (base, index) = (self.get(base), self.get(index));
                sum(base, Multiple { factor: index.factor.checked_mul(scale)?, ..index })
            }
        }
    }
}

fn sum(a: Multiple, b: Multiple) -> Option<Multiple> {
    (a.base == b.base).then_some(())?;
    Some(Multiple { factor: a.factor.checked_add(b.factor)?, ..a })
}

fn writes(access: OpAccess) -> bool {
    matches!(access, OpAccess::Write | OpAccess::CondWrite | OpAccess::ReadWrite | OpAccess::ReadCondWrite)
}

#[cfg(test)]
mod tests {
    use super::of_argument;
    use crate::request::function::Function;

    fn factor(bits: u32, code: &[u8]) -> Option<u64> {
        let end = 0x1000 + code.len() as u64;
        of_argument(&Function::decode(bits, code, 0x1000), end, bits)
    }

    /// Bytes from the processor's manual.
    #[test]
    fn multiplications() {
        assert_eq!(factor(64, &[0x48, 0xc1, 0xe1, 0x04]), Some(16), "shl rcx,4");
        assert_eq!(factor(64, &[0x48, 0x6b, 0xc8, 0x18]), Some(24), "imul rcx,rax,18h");
        // lea rcx,[rax+rax*2]; shl rcx,3
        assert_eq!(factor(64, &[0x48, 0x8d, 0x0c, 0x40, 0x48, 0xc1, 0xe1, 0x03]), Some(24));
        // shl rax,4; lea rcx,[rax+27h]
        assert_eq!(factor(64, &[0x48, 0xc1, 0xe0, 0x04, 0x48, 0x8d, 0x48, 0x27]), Some(16));
        // shl rax,4; add rax,rbx; mov rcx,rax: a sum of two unknowns
        assert_eq!(factor(64, &[0x48, 0xc1, 0xe0, 0x04, 0x48, 0x01, 0xd8, 0x48, 0x89, 0xc1]), Some(1));
        // shl eax,4; add eax,23h; push eax
        assert_eq!(factor(32, &[0xc1, 0xe0, 0x04, 0x83, 0xc0, 0x23, 0x50]), Some(16));
        // shl ecx,4; mul ecx (writes eax, edx); push eax
        assert_eq!(factor(32, &[0xc1, 0xe1, 0x04, 0xf7, 0xe1, 0x50]), Some(1));
    }
}
