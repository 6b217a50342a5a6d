//! Windows' part in how a process ends: what becomes of exceptions and system calls.

use super::world::World;
use crate::bytes::low32;
use crate::constants::PAGE_GUARD;
use crate::context::Context;
use crate::machine::{AX, CX, Cpu, DX, SP, Stop, context};
use crate::threads::Exception;
use crate::{Arch, Width};

/// What becomes of an exception.
#[derive(Clone, Copy, Debug)]
pub(super) enum Handling {
    /// Nobody wants it: the dump is written here.
    Unhandled,
    /// It meets a function that may not throw.
    Terminate,
    /// A function's catch block runs, below what was thrown.
    Catch { function: &'static str, handler: &'static str },
    /// A function's catch block is over, and it goes on.
    Caught { function: &'static str, label: &'static str },
}

const GUARD_PAGE_VIOLATION: u32 = 0x8000_0001;
const ACCESS_VIOLATION: u32 = 0xC000_0005;
const STACK_OVERFLOW: u32 = 0xC000_00FD;

impl World {
    /// Lets a thread go on where Windows does; false where it ends.
    pub(super) fn answer(&mut self, cpu: &mut Cpu, stop: Stop) -> bool {
        match stop {
            Stop::Syscall(number) => {
                let status = self.answers.get(&number);
                if let Some(status) = status {
                    cpu.set(AX, *status);
                }
                status.is_some()
            }
            Stop::Dispatch => {
                let thrown = raised_at(cpu, self.at.width);
                self.process.put(cpu.get(DX), &thrown.to_bytes(self.process.arch));
                match self.handling.pop().unwrap_or(Handling::Unhandled) {
                    Handling::Unhandled => return false,
                    Handling::Terminate => cpu.set(
                        AX,
                        self.program.address(match self.at.width {
                            Width::W32 => "__CxxFrameHandler3",
                            Width::W64 => "__CxxFrameHandler4",
                        }),
                    ),
                    Handling::Catch { function, handler } => self.catch(cpu, function, handler),
                    Handling::Caught { function, label } => {
                        let site = self.site(cpu, function);
                        let target = self.program.label(function, label);
                        let caught = cpu.calls[site];
                        cpu.registers = caught.registers;
                        cpu.set(SP, caught.sp);
                        cpu.ip = target;
                        cpu.calls.truncate(site);
                    }
                }
                true
            }
            _ => false,
        }
    }

    /// The innermost call that a function has made and that has not returned.
    fn site(&self, cpu: &Cpu, function: &str) -> usize {
        let within = |ip: u64| self.program.function_at(ip - 1) == Some(function);
        cpu.calls.iter().rposition(|call| within(call.ip)).expect("a function that was called")
    }

    /// Runs a catch block the way Windows does on x64: below everything, above a machine frame that leads back to
    /// the function that catches.
    fn catch(&mut self, cpu: &mut Cpu, function: &str, handler: &str) {
        let site = cpu.calls[self.site(cpu, function)];
        let base = (cpu.get(SP) - 0x700) & !15;
        let context = Context { fp: site.registers[5], ..context(site.ip, site.sp, &site.registers) };
        self.process.put(base, &context.to_bytes(Arch::X64));
        self.put_words(base + 0x4D0, &[site.ip, 0x33, 0x202, site.sp, 0x2B]);
        cpu.set(SP, base);
        cpu.ip = self.program.address("RcConsolidateFrames");
        cpu.set(AX, self.program.address("CxxCallCatchBlock"));
        cpu.set(CX, self.program.address(handler));
        cpu.set(DX, site.sp);
    }

    /// What the dump says of how a thread ended.
    pub(super) fn exception(&self, cpu: &Cpu, stop: Stop) -> Option<Exception> {
        let context = Some(cpu.context());
        let here = |code, parameters| {
            Some(Exception {
                code,
                address: cpu.ip,
                parameters,
                context: context.clone(),
                ..Exception::default()
            })
        };
        match stop {
            Stop::Syscall(_) => None,
            Stop::Dispatch => Some(self.raised(cpu)),
            Stop::Fault(access, address) => {
                let overflow = self.at.stacks.iter().any(|s| (*s..*s + 0x3000).contains(&address));
                let guarded = self.space.at(address).is_some_and(|r| r.protect & PAGE_GUARD != 0);
                let code = match (overflow, guarded) {
                    (true, _) => STACK_OVERFLOW,
                    (false, true) => GUARD_PAGE_VIOLATION,
                    (false, false) => ACCESS_VIOLATION,
                };
                here(code, vec![access, address])
            }
            Stop::FastFail(code) => {
                here(0xC000_0409, vec![code]).map(|exception| Exception { flags: 1, ..exception })
            }
            Stop::Breakpoint => here(0x8000_0003, vec![0]),
        }
    }

    /// The EXCEPTION_RECORD that was raised.
    fn raised(&self, cpu: &Cpu) -> Exception {
        let record = cpu.get(CX);
        let (address, count, first, size) = match self.at.width {
            Width::W64 => (0x10, 0x18, 0x20, 8),
            Width::W32 => (0x0C, 0x10, 0x14, 4),
        };
        let context = raised_at(cpu, self.at.width);
        Exception {
            code: low32(self.read(record, 4)),
            flags: low32(self.read(record + 4, 4)),
            address: self.read(record + address, size),
            parameters: (0..self.read(record + count, 4))
                .map(|n| self.read(record + first + n * size, size))
                .collect(),
            context: Some(context),
            ..Exception::default()
        }
    }
}

/// Registers behind the call of RtlRaiseException, which Windows takes for those of the exception.
fn raised_at(cpu: &Cpu, width: Width) -> Context {
    // RtlRaiseException was called last but one; on x86 it also removes its argument.
    let site = cpu.calls[cpu.calls.len() - 2];
    let argument = if width == Width::W32 { 4 } else { 0 };
    context(site.ip, site.sp + argument, &site.registers)
}
