//! One frame of an x64 stack, undone by what the image says of it.

use dumplens_core::ReadMemory;
use dumplens_core::unwind::{FunctionTable, Operation, RuntimeFunction, UnwindInfo};

use super::epilogue;
use super::registers::{Registers, SP};
use super::slots::{Slots, restore};
use super::{Caller, Fault, Trust};

/// The caller of the function at `ip`, whose registers are given.
///
/// `exact` is true where the thread was stopped at `ip` itself: in frame 0, and where the processor or the kernel
/// interrupted. Elsewhere `ip` is a return address: the call before it says which function it is, and it cannot lie in
/// an epilogue.
///
/// All eight non-volatile registers of the caller are known if they were known here, or saved where the dump keeps
/// them; the others are not. Work is bounded: 32 records of 255 codes.
pub fn caller(
    memory: &dyn ReadMemory,
    table: &FunctionTable,
    ip: u64,
    registers: &Registers,
    exact: bool,
) -> Result<Caller, Fault> {
    let rva = ip.wrapping_sub(u64::from(!exact)).wrapping_sub(table.base());
    let rva = u32::try_from(rva).map_err(|_| Fault::NoImage)?;
    let Some(function) = table.find(memory, rva).map_err(Fault::Image)? else {
        return leaf(memory, registers);
    };
    let records = table.records(memory, &function).map_err(Fault::Image)?;
    if exact {
        let frame_register = records.first().and_then(|info| info.frame).map(|(register, _)| register);
        let place = epilogue::Place { memory, table, function: &function, frame_register, ip };
        if let Some(caller) = epilogue::unwind(&place, registers)? {
            return Ok(caller);
        }
    }
    undo(memory, &records, reached(&function, table, ip), registers)
}

/// A function without a RUNTIME_FUNCTION has not touched the stack.
pub(super) fn leaf(memory: &dyn ReadMemory, registers: &Registers) -> Result<Caller, Fault> {
    let frame = Undoing { memory, registers: *registers, slots: Slots::default() };
    frame.returned(Trust::Leaf)
}

/// How far into the function the thread had come.
fn reached(function: &RuntimeFunction, table: &FunctionTable, ip: u64) -> u64 {
    ip.wrapping_sub(table.base()).saturating_sub(u64::from(function.begin))
}

/// Undoes the codes of the function's own record that have been reached, and all of those it is chained to.
fn undo(
    memory: &dyn ReadMemory,
    records: &[UnwindInfo],
    reached: u64,
    registers: &Registers,
) -> Result<Caller, Fault> {
    let mut frame = Undoing { memory, registers: *registers, slots: Slots::default() };
    let mut base = None;
    for (n, info) in records.iter().enumerate() {
        let done = |offset: u8| n > 0 || u64::from(offset) <= reached;
        // Registers are saved relative to the frame register once that is set, and to rsp before.
        let framed = info.frame.filter(|_| is_set(info, n > 0 || reached >= u64::from(info.prolog), done));
        let at = match framed {
            Some((register, above)) => frame.get(register)?.wrapping_sub(u64::from(above)),
            None => base.unwrap_or(frame.get(SP)?),
        };
        base.get_or_insert(at);
        for code in info.codes.iter().filter(|code| done(code.offset)) {
            match code.operation {
                Operation::Push(register) => {
                    let sp = frame.get(SP)?;
                    frame.restore(register, sp)?;
                    frame.registers.set(SP, sp.wrapping_add(8));
                }
                Operation::Allocate(bytes) => {
                    frame.registers.set(SP, frame.get(SP)?.wrapping_add(u64::from(bytes)));
                }
                Operation::SetFrame => {
                    let (register, above) = info.frame.ok_or(Fault::NoFrameRegister)?;
                    frame.registers.set(SP, frame.get(register)?.wrapping_sub(u64::from(above)));
                }
                Operation::Save(register, offset) => {
                    frame.restore(register, at.wrapping_add(u64::from(offset)))?;
                }
                Operation::MachineFrame(error_code) => return frame.machine_frame(error_code),
                Operation::Other => {}
            }
        }
    }
    frame.returned(Trust::UnwindInfo)
}

/// Whether the frame register points into the frame already.
fn is_set(info: &UnwindInfo, past_prolog: bool, done: impl Fn(u8) -> bool) -> bool {
    past_prolog || info.codes.iter().any(|c| c.operation == Operation::SetFrame && done(c.offset))
}

/// The registers while codes are undone.
struct Undoing<'m> {
    memory: &'m dyn ReadMemory,
    registers: Registers,
    slots: Slots,
}

impl Undoing<'_> {
    fn get(&self, register: u8) -> Result<u64, Fault> {
        self.registers.get(register).ok_or(Fault::Register(register))
    }

    fn read(&self, address: u64) -> Result<u64, Fault> {
        self.memory.read_u64(address).map_err(Fault::Unreadable)
    }

    fn restore(&mut self, register: u8, at: u64) -> Result<(), Fault> {
        restore(self.memory, (register, at), &mut self.registers, &mut self.slots)
    }

    /// Pops the return address.
    fn returned(mut self, trust: Trust) -> Result<Caller, Fault> {
        let sp = self.get(SP)?;
        let ip = self.read(sp)?;
        self.slots.ip = sp;
        Ok(Caller::x64(ip, sp.wrapping_add(8), &self.registers, trust, false).read_at(&self.slots))
    }

    /// What the processor pushes: (error code), rip, cs, flags, rsp, ss. Whatever was interrupted was stopped there.
    fn machine_frame(self, error_code: bool) -> Result<Caller, Fault> {
        let at = self.get(SP)?.wrapping_add(if error_code { 8 } else { 0 });
        let ip = self.read(at)?;
        let sp = self.read(at.wrapping_add(0x18))?;
        let slots = Slots { ip: at, sp: Some(at.wrapping_add(0x18)), ..self.slots };
        Ok(Caller::x64(ip, sp, &self.registers, Trust::UnwindInfo, true).read_at(&slots))
    }
}
