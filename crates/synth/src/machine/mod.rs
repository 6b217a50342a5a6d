//! Machine code for the images of test dumps: written as [`Op`]s, encoded for x64 or x86, and run.
//!
//! ```text
//! Code ─ Program::link ─> Image (bytes, .pdata)      what the dump holds of it
//!              └────────> Cpu::run ─> registers, stack, why it stopped
//! ```
//!
//! The same [`Op`]s are encoded and executed, so the stack, the saved registers and the numbers in a dump are those that
//! the code in its images leaves behind, and nobody has to write them down.

mod assemble;
mod cpu;
mod encode;
mod op;
mod program;
mod step;
#[cfg(test)]
mod tests;
mod unwind;

pub(crate) use cpu::{Cpu, Machine, Stop, context};
pub(crate) use op::{AX, BP, BX, CX, DI, DX, R8, R9, R10, R12, R13, R14, R15, SI, SP};
pub(crate) use op::{Alu, Cond, Mem, Op, Reg, Shift, at, data_item, indexed};
pub(crate) use program::{Code, Data, Program, Unit};
