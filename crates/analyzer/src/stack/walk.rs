//! The loop: step by step outwards, until something says that there is no further caller.

use std::cell::Cell;

use dumplens_core::unwind::FunctionTable;

use super::code::{Call, Code};
use super::context::{self, Kind, Start};
use super::registers::{ARM64_FP, ARM64_SP, FP, SP};
use super::{Caller, Fault, Frame, Stack, Stopped, Trust, arm64, x64, x86};
use crate::process::{Process, Thread};

/// Frames of one thread. WinDbg's `k` shows 256 unless told otherwise; a stack that overflowed by recursion has
/// thousands, all alike.
pub(crate) const MOST_FRAMES: usize = 1024;
/// Frames of all threads that one [`Walker`] follows: 4,000 threads with 30 frames each.
const MOST_FRAMES_IN_ALL: usize = 120_000;

/// Walks the stacks of a process. What it reads of images and code serves every thread.
#[derive(Debug)]
pub struct Walker<'p, 'd> {
    code: Code<'p, 'd>,
    left: Cell<usize>,
    /// The exception's thread, and where it happened.
    exception: Option<(u32, Start)>,
}

/// The bounds of a thread's stack: its first address, and the first behind it.
pub(super) type Bounds = Option<(u64, u64)>;

impl<'p, 'd> Walker<'p, 'd> {
    /// Nothing is read yet.
    pub fn new(process: &'p Process<'d>) -> Walker<'p, 'd> {
        let exception = context::of_exception(process);
        Walker { code: Code::new(process), left: Cell::new(MOST_FRAMES_IN_ALL), exception }
    }

    /// The process whose stacks are walked.
    pub(crate) fn process(&self) -> &'p Process<'d> {
        self.code.process
    }

    /// The code of the process, as far as it was read.
    pub(crate) fn code(&self) -> &Code<'p, 'd> {
        &self.code
    }

    /// The stack of the thread at a position in the thread list. The exception's thread begins where the exception
    /// happened.
    pub fn walk(&self, thread: usize) -> Stack {
        let process = self.code.process;
        let Some((of, start)) = process.threads.get(thread).and_then(|of| Some((of, self.start(of)?))) else {
            return Stack { frames: Vec::new(), stopped: Stopped::NoContext };
        };
        self.walk_from(of, &start)
    }

    /// The stack of a thread from a place that need not be where it stands.
    pub(super) fn walk_from(&self, of: &Thread<'_>, start: &Start) -> Stack {
        let process = self.code.process;
        let walk = Walk { code: &self.code, kind: start.kind, bounds: bounds(process, of) };
        let mut frames = vec![first(start)];
        let most = MOST_FRAMES.min(self.left.get());
        let stopped = loop {
            if frames.len() >= most {
                break if most < MOST_FRAMES {
                    Stopped::FramesInAll(MOST_FRAMES_IN_ALL)
                } else {
                    Stopped::Frames(MOST_FRAMES)
                };
            }
            match walk.caller(&frames) {
                Ok(frame) => frames.push(frame),
                Err(stopped) => break stopped,
            }
        };
        self.left.set(self.left.get().saturating_sub(frames.len()));
        Stack { frames, stopped }
    }
}

impl Walker<'_, '_> {
    /// Where the walk of a thread begins: at the exception in the thread that it happened in, since the thread's own
    /// registers may be those of whatever wrote the dump.
    fn start(&self, thread: &Thread<'_>) -> Option<Start> {
        let exception = self.exception.filter(|(id, _)| *id == thread.id).map(|(_, start)| start);
        exception.or_else(|| context::of_thread(self.code.process, thread.index))
    }

    /// The instruction pointer that a walk of the thread would begin with.
    pub fn ip(&self, thread: &Thread<'_>) -> Option<u64> {
        self.start(thread).map(|start| start.ip)
    }

    /// The stack pointer that a walk of the thread would begin with.
    pub fn sp(&self, thread: &Thread<'_>) -> Option<u64> {
        self.start(thread).map(|start| first(&start).sp)
    }
}

/// The stack that a thread's registers belong to: of the dump's own width.
fn bounds(process: &Process<'_>, thread: &Thread<'_>) -> Bounds {
    let (base, end, _) = process.stack(thread.teb.as_ref()?)?;
    Some((base, end))
}

/// Frame 0.
fn first(start: &Start) -> Frame {
    let Start { kind, ip, registers } = *start;
    let sp = registers.get(if kind == Kind::Arm64 { ARM64_SP } else { SP }).unwrap_or(0);
    let chain = registers.get(if kind == Kind::Arm64 { ARM64_FP } else { FP });
    Frame { ip, sp, trust: Trust::Context, exact: true, registers, chain }
}

/// One walk.
struct Walk<'w, 'p, 'd> {
    code: &'w Code<'p, 'd>,
    kind: Kind,
    bounds: Bounds,
}

impl Walk<'_, '_, '_> {
    /// The caller of the last frame.
    fn caller(&self, frames: &[Frame]) -> Result<Frame, Stopped> {
        let Some(callee) = frames.last() else {
            return Err(Stopped::NoContext);
        };
        self.check_stack(callee.sp)?;
        let caller = match self.kind {
            Kind::X64 => self.x64(callee),
            Kind::X86 => x86::caller(self.code, self.bounds, callee),
            Kind::Arm64 => arm64::caller(self.code, callee),
            Kind::Other => Err(Stopped::Processor),
        }?;
        let ip = self.code.process.dump.width().normalise(caller.ip);
        let Caller { sp, registers, trust, exact, chain, .. } = caller;
        let frame = Frame { ip, sp, trust, exact, registers, chain };
        if frame.ip == 0 {
            return Err(Stopped::End);
        }
        // A return address may be the first behind its module: the call that it follows is what must be code.
        if !self.code.is_executable(frame.lookup()) {
            return Err(Stopped::NoCode { ip: frame.ip });
        }
        if frame.sp <= callee.sp {
            return Err(Stopped::NotGrowing { sp: frame.sp });
        }
        self.check_stack_end(frame.sp)?;
        Ok(frame)
    }

    fn x64(&self, callee: &Frame) -> Result<Caller, Stopped> {
        let memory = &self.code.pages;
        let ip = callee.lookup();
        if callee.exact && !self.code.is_executable(ip) {
            return self.called_nowhere(callee);
        }
        let caller =
            |table: &FunctionTable| x64::caller(memory, table, callee.ip, &callee.registers, callee.exact);
        let mut found = caller(&self.code.table(ip)?);
        let missed = matches!(&found, Ok(Caller { trust: Trust::Leaf, .. }) | Err(Fault::Image(_)));
        if let Some(table) = missed.then(|| self.code.table_in_order(ip)).flatten() {
            found = caller(&table);
        }
        let caller = found.map_err(|fault| stopped(callee.ip, fault))?;
        if caller.trust == Trust::Leaf && !callee.exact {
            return Err(Stopped::NoUnwindData { ip: callee.ip });
        }
        Ok(caller)
    }

    /// A thread that was sent to an address without code: if a call did it, it left the return address at the top of
    /// the stack and changed nothing else. A call that names its target in itself leads to code, so it must be one
    /// through a register or memory.
    fn called_nowhere(&self, callee: &Frame) -> Result<Caller, Stopped> {
        let caller = x64::leaf(&self.code.pages, &callee.registers).map_err(|f| stopped(callee.ip, f))?;
        match self.code.call_before(caller.ip, 64) {
            Some(Call::Indirect) => Ok(Caller { trust: Trust::Scan, ..caller }),
            _ => Err(Stopped::NoCode { ip: callee.ip }),
        }
    }

    fn check_stack(&self, sp: u64) -> Result<(), Stopped> {
        match self.bounds {
            Some(stack) if !(stack.0..stack.1).contains(&sp) => Err(Stopped::StackLeft { sp, stack }),
            _ => Ok(()),
        }
    }

    /// The outermost caller's stack pointer may be the stack's very end.
    fn check_stack_end(&self, sp: u64) -> Result<(), Stopped> {
        match self.bounds {
            Some((_, end)) if sp == end => Ok(()),
            _ => self.check_stack(sp),
        }
    }
}

fn stopped(ip: u64, fault: Fault) -> Stopped {
    match fault {
        Fault::Unreadable(why) => Stopped::Unreadable(why),
        Fault::Image(why) => Stopped::Image { ip, why },
        Fault::NoImage => Stopped::NoModule { ip },
        Fault::Register(number) => Stopped::Register(number),
        Fault::NoFrameRegister => Stopped::Image {
            ip,
            why: dumplens_core::pe::ImageError::Malformed(
                "a frame register is set, but none is named".into(),
            ),
        },
    }
}
