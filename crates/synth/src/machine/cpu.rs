//! Runs a linked program until Windows, or a mistake, takes over.

use super::op::{Reg, SP};
use super::program::Program;
use super::step::Step;
use crate::address_space::AddressSpace;
use crate::arch::Width;
use crate::context::Context;
use crate::process::Process;

/// Memory and code.
pub(crate) struct Machine<'m> {
    pub(crate) program: &'m Program,
    pub(crate) process: &'m mut Process,
    pub(crate) space: &'m AddressSpace,
}

/// A thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cpu {
    pub(crate) registers: [u64; 16],
    pub(crate) ip: u64,
    pub(super) zero: bool,
    pub(super) carry: bool,
    /// Calls that have not returned, the outermost first.
    pub(crate) calls: Vec<Site>,
}

/// A call: what its caller goes on with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    /// Return address.
    pub(crate) ip: u64,
    /// Stack pointer after the return.
    pub(crate) sp: u64,
    /// Registers at the call.
    pub(crate) registers: [u64; 16],
}

/// Why a thread does not go on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It waits for the kernel; goes on behind the instruction with a status in ax.
    Syscall(u64),
    /// [`Op::Dispatch`].
    Dispatch,
    /// An access that is not allowed: 0 read, 1 write, 8 execute, and the address. The thread stands at the
    /// instruction, or at the address that it was sent to.
    Fault(u64, u64),
    /// It stands at an `int 29h` whose code is this.
    FastFail(u64),
    /// It stands at an `int 3`.
    Breakpoint,
}

/// Instructions after which a program has gone wrong.
const MOST: usize = 2_000_000;

impl Cpu {
    /// A thread at its first instruction, below a return address of 0.
    pub(crate) fn start(ip: u64, stack_base: u64, width: Width) -> Cpu {
        let mut cpu = Cpu { ip, ..Cpu::default() };
        cpu.registers[usize::from(SP)] = stack_base - 5 * width.bytes() as u64;
        cpu
    }

    /// What the thread's CONTEXT holds.
    pub(crate) fn context(&self) -> Context {
        context(self.ip, self.get(SP), &self.registers)
    }

    pub(crate) fn get(&self, r: Reg) -> u64 {
        self.registers[usize::from(r)]
    }

    pub(crate) fn set(&mut self, r: Reg, value: u64) {
        self.registers[usize::from(r)] = value;
    }

    /// Runs on.
    ///
    /// # Panics
    /// If the program is wrong: an address without code that can be executed, or no end.
    pub(crate) fn run(&mut self, machine: &mut Machine<'_>) -> Stop {
        for _ in 0..MOST {
            let program = machine.program;
            let Some((ops, next)) = program.instructions.get(&self.ip) else {
                assert!(!machine.space.allows(self.ip, 8), "no instruction at {:#x}", self.ip);
                return Stop::Fault(8, self.ip);
            };
            let mut step = Step { cpu: self, machine, next: *next };
            for op in ops {
                if let Err(stop) = step.execute(*op) {
                    return stop;
                }
            }
            self.ip = step.next;
        }
        panic!("the program does not end")
    }
}

/// A CONTEXT with these registers.
pub(crate) fn context(ip: u64, sp: u64, registers: &[u64; 16]) -> Context {
    let general = (0..16).filter(|n| *n != usize::from(SP) && registers[*n] != 0);
    Context { general: general.map(|n| (n, registers[n])).collect(), ..Context::at(ip, sp, registers[5]) }
}
