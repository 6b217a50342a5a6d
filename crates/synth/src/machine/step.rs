//! What one instruction does.

use super::cpu::{Cpu, Machine, Site, Stop};
use super::op::{Alu, Cond, Mem, Op, Reg, SP, Shift};
use crate::arch::Width;
use crate::bytes::to_usize;
use crate::memory::Range;

/// One instruction under way.
pub(super) struct Step<'s, 'm> {
    pub(super) cpu: &'s mut Cpu,
    pub(super) machine: &'s mut Machine<'m>,
    /// Where the thread goes on.
    pub(super) next: u64,
}

impl Step<'_, '_> {
    /// Does what an instruction says, or tells why it cannot.
    pub(super) fn execute(&mut self, op: Op) -> Result<(), Stop> {
        match op {
            Op::Push(r) => self.push(self.cpu.get(r))?,
            Op::PushImm(value) => self.push(self.signed(value))?,
            Op::PushMem(m) => {
                let value = self.load(m)?;
                self.push(value)?;
            }
            Op::PushOffset(name) => self.push(self.resolve(name))?,
            Op::MovOffset(r, name) => self.cpu.set(r, self.resolve(name)),
            Op::Pop(r) => {
                let value = self.pop()?;
                self.cpu.set(r, value);
            }
            Op::Mov(d, s) => self.cpu.set(d, self.cpu.get(s)),
            Op::MovImm(r, value) => self.cpu.set(r, self.cut(value)),
            Op::Load(r, m) => {
                let value = self.load(m)?;
                self.cpu.set(r, value);
            }
            Op::Store(m, r) => self.write(self.effective(m), self.cpu.get(r), self.bytes())?,
            Op::Store32(m, r) => self.write(self.effective(m), self.cpu.get(r), 4)?,
            Op::StoreImm(m, value) => self.write(self.effective(m), self.signed(value), self.bytes())?,
            Op::Lea(r, m) => self.cpu.set(r, self.effective(m)),
            Op::Jcc(cond, label) if self.holds(cond) => self.next = self.label(label),
            Op::Cmov(cond, d, s) if self.holds(cond) => self.cpu.set(d, self.cpu.get(s)),
            // Nothing, or a condition that does not hold.
            Op::Label(_) | Op::EndProlog | Op::Nop | Op::Jcc(..) | Op::Cmov(..) => {}
            Op::Jmp(label) => self.next = self.label(label),
            Op::Call(name) => self.call(self.resolve(name))?,
            Op::CallImport(name) => self.call(self.machine.program.address(name))?,
            Op::JmpImport(name) => self.next = self.machine.program.address(name),
            Op::JmpTo(name) => self.next = self.resolve(name),
            Op::CallReg(r) => self.call(self.cpu.get(r))?,
            Op::Ret => self.ret(0)?,
            Op::RetN(bytes) => self.ret(bytes.into())?,
            Op::Int3 => return Err(Stop::Breakpoint),
            Op::Int29 => return Err(Stop::FastFail(self.cpu.get(1))),
            Op::Syscall | Op::Dispatch => {
                self.cpu.ip = self.next;
                return Err(if op == Op::Dispatch { Stop::Dispatch } else { Stop::Syscall(self.cpu.get(0)) });
            }
            _ => self.arithmetic(op)?,
        }
        Ok(())
    }

    fn arithmetic(&mut self, op: Op) -> Result<(), Stop> {
        match op {
            Op::Alu(alu, d, s) => self.alu_register(alu, d, self.cpu.get(s)),
            Op::AluImm(alu, d, value) => self.alu_register(alu, d, self.signed(value)),
            Op::AluMem(alu, d, m) => {
                let value = self.load(m)?;
                self.alu_register(alu, d, value);
            }
            Op::AluMemImm(alu, m, value) => {
                let found = self.load(m)?;
                let result = self.alu(alu, found, self.signed(value));
                if alu != Alu::Cmp {
                    self.write(self.effective(m), result, self.bytes())?;
                }
            }
            Op::Test(a, b) => {
                self.alu(Alu::And, self.cpu.get(a), self.cpu.get(b));
            }
            Op::Shift(shift, r, by) => {
                let value = self.cpu.get(r);
                let bits = if self.machine.program.width == Width::W32 { 32 } else { 0 };
                let signed = (value << bits).cast_signed() >> bits;
                let result = match shift {
                    Shift::Left => value << by,
                    Shift::Right => value >> by,
                    Shift::Signed => (signed >> by).cast_unsigned(),
                };
                let result = self.cut(result);
                self.cpu.zero = result == 0;
                self.cpu.set(r, result);
            }
            Op::Imul(d, s) => {
                let product = self.cpu.get(d).wrapping_mul(self.cpu.get(s));
                self.cpu.set(d, self.cut(product));
            }
            Op::ImulImm(d, s, value) => {
                let product = self.cpu.get(s).wrapping_mul(self.signed(value));
                self.cpu.set(d, self.cut(product));
            }
            other => unreachable!("{other:?} is executed above"),
        }
        Ok(())
    }

    fn alu_register(&mut self, alu: Alu, d: Reg, value: u64) {
        let result = self.alu(alu, self.cpu.get(d), value);
        if alu != Alu::Cmp {
            self.cpu.set(d, result);
        }
    }

    fn alu(&mut self, alu: Alu, a: u64, b: u64) -> u64 {
        let result = self.cut(match alu {
            Alu::Add => a.wrapping_add(b),
            Alu::Or => a | b,
            Alu::And => a & b,
            Alu::Sub | Alu::Cmp => a.wrapping_sub(b),
            Alu::Xor => a ^ b,
        });
        self.cpu.zero = result == 0;
        self.cpu.carry = match alu {
            Alu::Sub | Alu::Cmp => a < b,
            Alu::Add => result < a,
            _ => false,
        };
        result
    }

    fn holds(&self, cond: Cond) -> bool {
        let Cpu { zero, carry, .. } = *self.cpu;
        match cond {
            Cond::Below => carry,
            Cond::NotBelow => !carry,
            Cond::Equal => zero,
            Cond::NotEqual => !zero,
            Cond::NotAbove => carry || zero,
            Cond::Above => !carry && !zero,
        }
    }

    fn bytes(&self) -> usize {
        self.machine.program.width.bytes()
    }

    /// The bits that a register has.
    fn cut(&self, value: u64) -> u64 {
        if self.machine.program.width == Width::W32 { value & 0xFFFF_FFFF } else { value }
    }

    fn signed(&self, value: i32) -> u64 {
        self.cut(i64::from(value).cast_unsigned())
    }

    fn resolve(&self, name: &str) -> u64 {
        let program = self.machine.program;
        program.resolve(program.unit_of(self.cpu.ip), name)
    }

    /// Where a label of this function lies: looked for from its start on.
    fn label(&self, name: &'static str) -> u64 {
        let program = self.machine.program;
        let (start, mark) = (program.start_of(self.cpu.ip), Op::Label(name));
        let found = program.instructions.range(start..).find(|(_, (ops, _))| ops.contains(&mark));
        *found.expect("assembled").0
    }

    fn effective(&self, m: Mem) -> u64 {
        match m {
            Mem::Item(name) => self.resolve(name),
            Mem::At { base, index, displacement } => {
                let base = base.map_or(0, |r| self.cpu.get(r));
                let index = index.map_or(0, |(r, scale)| self.cpu.get(r).wrapping_mul(scale.into()));
                self.cut(base.wrapping_add(index).wrapping_add(i64::from(displacement).cast_unsigned()))
            }
        }
    }

    fn load(&self, m: Mem) -> Result<u64, Stop> {
        self.read(self.effective(m), self.bytes())
    }

    fn read(&self, address: u64, size: usize) -> Result<u64, Stop> {
        self.check(address, 0)?;
        let mut value = [0; 8];
        for (at, bytes) in self.machine.process.contents.inside(Range { start: address, size: size as u64 }) {
            value[to_usize(at)..to_usize(at) + bytes.len()].copy_from_slice(bytes);
        }
        Ok(u64::from_le_bytes(value))
    }

    fn write(&mut self, address: u64, value: u64, size: usize) -> Result<(), Stop> {
        self.check(address, 1)?;
        self.machine.process.put(address, &value.to_le_bytes()[..size]);
        Ok(())
    }

    /// Whether an access is allowed. What the processor refuses before it looks at a page has no address: Windows
    /// reports a read of -1.
    fn check(&self, address: u64, access: u64) -> Result<(), Stop> {
        let canonical = (address << 16).cast_signed() >> 16 == address.cast_signed();
        match canonical {
            false => Err(Stop::Fault(0, u64::MAX)),
            true if self.machine.space.allows(address, access) => Ok(()),
            true => Err(Stop::Fault(access, address)),
        }
    }

    fn push(&mut self, value: u64) -> Result<(), Stop> {
        let sp = self.cpu.get(SP) - self.bytes() as u64;
        self.write(sp, value, self.bytes())?;
        self.cpu.set(SP, sp);
        Ok(())
    }

    fn pop(&mut self) -> Result<u64, Stop> {
        let sp = self.cpu.get(SP);
        let value = self.read(sp, self.bytes())?;
        self.cpu.set(SP, sp + self.bytes() as u64);
        Ok(value)
    }

    fn call(&mut self, target: u64) -> Result<(), Stop> {
        let (sp, registers) = (self.cpu.get(SP), self.cpu.registers);
        let aligned = self.machine.program.width == Width::W32 || sp.is_multiple_of(16);
        assert!(aligned, "x64 calls with a stack pointer of {sp:#x} at {:#x}", self.cpu.ip);
        self.push(self.next)?;
        self.cpu.calls.push(Site { ip: self.next, sp, registers });
        self.next = target;
        Ok(())
    }

    fn ret(&mut self, bytes: u64) -> Result<(), Stop> {
        self.next = self.pop()?;
        self.cpu.set(SP, self.cpu.get(SP) + bytes);
        self.cpu.calls.pop();
        Ok(())
    }
}
