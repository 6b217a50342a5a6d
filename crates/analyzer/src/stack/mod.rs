//! Call stacks, walked with the contents of the dump alone.
//!
//! - x64: the images' own unwind data, read where it lies in the process's memory. No file of the analysing machine
//!   and no symbols take part. All eight non-volatile registers are recovered.
//! - WOW64, in a 64-bit dump: the 32-bit stack, from the registers that the 64-bit half keeps, as x86; and the 64-bit one.
//! - x86: the frame data of a PDB where one is given, the EBP chain, then a scan for return addresses. Without a PDB there
//!   are no unwind tables, so a frame can be missed or, by a scan, be one that is no longer there; every frame says how it
//!   was found.
//! - ARM64: the images' unwind data, as for x64; where there is none, the x29 chain, by minidump-unwind.
//!
//! Why not `minidump_unwind::walk_stack`: it does not limit the number of frames, does not report why it stopped, reads
//! only one range of stack, and does not restore rsi and rdi. So the loop, its limits and its end conditions are here;
//! the crate takes single steps.
//!
//! A walk ends with a reason ([`Stopped`]), and never guesses if there should be unwind data: an x64 stack that leads
//! into an image without unwind data in the dump stops there.

mod arm64;
mod blame;
pub(crate) mod code;
mod context;
mod epilogue;
#[cfg(feature = "pdb")]
mod frame_data;
mod prologue;
mod raised;
mod registers;
mod site;
mod slots;
mod step;
mod stopped;
mod walk;
pub mod x64;
mod x86;

#[cfg(feature = "processor")]
pub(crate) use arm64::{NoSymbols, finish};
pub(crate) use blame::is_framework;
pub use blame::{blame, is_system};
pub use registers::{ARM64_FP, FP, Registers, SP};
pub(crate) use site::site_of;
pub use site::{Site, site};
pub(crate) use slots::Proof;
use slots::Slots;
pub use stopped::{Fault, Stopped};
pub use walk::Walker;

use crate::space::words;

words! {
    /// How a frame was found.
    pub enum Trust {
        /// Frame 0: the registers in the dump.
        Context = "context",
        /// Frame 0: the exception's address. Its registers are not in the dump; the next rows begin where the thread
        /// was when the dump was written.
        ExceptionRecord = "exception_record",
        /// By the image's unwind data.
        UnwindInfo = "unwind_info",
        /// The frame below has not changed the stack: a function without unwind data, or an address without code that
        /// the call before the return address led to.
        Leaf = "leaf",
        /// By the frame data of the PDB (x86), and after a call.
        FrameData = "frame_data",
        /// By the chain of frame pointers, which most x86 and ARM64 code maintains.
        FramePointer = "frame_pointer",
        /// A return address found by scanning the stack: it follows a call instruction, but may be left over from an
        /// earlier call.
        Scan = "scan",
        /// A word where a function without unwind data would have its return address if it had not changed the stack.
        /// It is shown because the debugger continues there; nothing proves that it is one.
        Unproven = "unproven",
    }
}

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// The instruction pointer of frame 0, the return address of the others.
    pub ip: u64,
    /// The stack pointer of frame 0; in the others, the address after the return address.
    pub sp: u64,
    /// How the frame was found.
    pub trust: Trust,
    /// Whether the thread was stopped at `ip` itself: frame 0, and what the processor or the kernel interrupted.
    /// Otherwise `ip` is the instruction behind a call, which may belong to another line or function.
    pub exact: bool,
    /// The registers at `ip`, as far as they are known. On x86, and behind a frame record of ARM64, the stack pointer is
    /// not: how much a function released when it returned is not known, so `sp` is the least that it can be.
    pub registers: Registers,
    /// Where the chain of frame pointers may go on, though the register is not known to hold this.
    chain: Option<u64>,
}

impl Frame {
    /// The address to look a function up by: inside the call.
    pub fn lookup(&self) -> u64 {
        self.ip.saturating_sub(u64::from(!self.exact))
    }
}

/// The frames of a thread, and why the walk ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// From the innermost on; empty only if the dump has no registers of the thread.
    pub frames: Vec<Frame>,
    /// Why the walk ended.
    pub stopped: Stopped,
    /// Whether its code is that of x86, which it can be in a 64-bit dump too.
    pub(crate) is_x86: bool,
}

/// What a step finds: where the function returns to, and the registers there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The return address, or where the thread was interrupted.
    pub ip: u64,
    /// The stack pointer there.
    pub sp: u64,
    /// The registers there.
    pub registers: Registers,
    /// How it was found.
    pub trust: Trust,
    /// See [`Frame::exact`].
    pub exact: bool,
    /// Where the chain of frame pointers may go on.
    chain: Option<u64>,
    /// Where it was read.
    slots: Slots,
}

impl Caller {
    /// A caller all of whose registers are in `registers`.
    fn x64(ip: u64, sp: u64, registers: &Registers, trust: Trust, exact: bool) -> Caller {
        let mut registers = *registers;
        registers.keep_x64_non_volatile();
        registers.set(SP, sp);
        Caller { ip, sp, registers, trust, exact, chain: None, slots: Slots::default() }
    }

    fn read_at(self, slots: &Slots) -> Caller {
        Caller { slots: *slots, ..self }
    }
}
