//! The loop: from caller to caller, until there is no further one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use dumplens_core::{ReadMemory, Width};

use super::code::Code;
use super::context::{self, Kind, Raised, Start, Starts};
use super::registers::{ARM64_FP, ARM64_SP, FP, Registers, SP};
use super::step::{Bounds, Walk};
use super::{Frame, Proof, Stack, Stopped, Trust};
use crate::process::{Process, Thread};
use crate::symbols::Symbols;

/// Frames of one thread. WinDbg's `k` shows 256 unless told otherwise; a stack that overflowed by recursion has
/// thousands, all alike.
pub(crate) const MOST_FRAMES: usize = 1024;
/// Frames of all threads that one [`Walker`] follows: 4,000 threads with 30 frames each.
const MOST_FRAMES_IN_ALL: usize = 120_000;

/// Words behind the end of a walk that are shown.
const MOST_UNPROVEN: u64 = 4;

/// Walks the stacks of a process. What it reads of images and code serves every thread.
#[derive(Debug)]
pub struct Walker<'p, 'd> {
    code: Code<'p, 'd>,
    left: Cell<usize>,
    /// The exception.
    raised: Option<Raised>,
}

impl<'p, 'd> Walker<'p, 'd> {
    /// Nothing is read yet.
    pub fn new(process: &'p Process<'d>) -> Walker<'p, 'd> {
        let raised = context::of_exception(process);
        Walker { code: Code::new(process), left: Cell::new(MOST_FRAMES_IN_ALL), raised }
    }

    /// The same, with PDBs that tell how x86 frames are undone.
    pub(crate) fn with_symbols(self, symbols: Rc<RefCell<Symbols<'p, 'd>>>) -> Walker<'p, 'd> {
        Walker { code: self.code.with_symbols(symbols), ..self }
    }

    /// The process whose stacks are walked.
    pub(crate) fn process(&self) -> &'p Process<'d> {
        self.code.process
    }

    /// The code of the process, as far as it was read.
    pub(crate) fn code(&self) -> &Code<'p, 'd> {
        &self.code
    }

    /// The stack of the thread at a position in the thread list: the program's own, which in a WOW64 process is the
    /// 32-bit one. The exception's thread begins where the exception happened.
    pub fn walk(&self, thread: usize) -> Stack {
        let Some((of, starts)) = self.starts_at(thread) else {
            return Stack { frames: Vec::new(), stopped: Stopped::NoContext, is_x86: false };
        };
        let mut stack = match &starts.program {
            Some(start) => self.walk_from(of, start),
            None => Stack { frames: Vec::new(), stopped: Stopped::NoContext32, is_x86: true },
        };
        if let Some(ip) = starts.raised_at {
            let sp = stack.frames.first().map_or(0, |frame| frame.sp);
            let (trust, registers) = (Trust::ExceptionRecord, Registers::default());
            stack.frames.insert(0, Frame { ip, sp, trust, exact: true, registers, chain: None });
        }
        stack
    }

    /// The 64-bit stack of a WOW64 thread; `None` of another, or where the dump has no 64-bit registers of it.
    pub fn walk_native(&self, thread: usize) -> Option<Stack> {
        let (of, starts) = self.starts_at(thread)?;
        starts.native.map(|start| self.walk_from(of, &start))
    }

    /// Adds what was read of a WOW64 thread for its 32-bit registers and its 64-bit stack.
    pub(crate) fn prove_native(&self, thread: usize, proof: &mut Proof) {
        let Some((_, starts)) = self.starts_at(thread) else { return };
        proof.kept.extend(starts.saved.iter().flatten().flat_map(|saved| saved.spans));
        if let Some(stack) = self.walk_native(thread) {
            proof.kept.append(&mut self.proof(&stack).kept);
        }
    }

    /// The thread at a position in the thread list, if the dump has registers of it.
    fn starts_at(&self, thread: usize) -> Option<(&'p Thread<'d>, Starts)> {
        let of = self.code.process.threads.get(thread)?;
        let starts = self.starts(of);
        (starts.program.is_some() || starts.native.is_some()).then_some((of, starts))
    }

    /// The stack of a thread from registers that somebody gives: what `.cxr` and `.frame /c` of the debugger set.
    pub fn walk_context(&self, thread: usize, context: &dumplens_core::Context) -> Stack {
        let start = context::registers(context);
        match self.code.process.threads.get(thread) {
            Some(of) => self.walk_from(of, &start),
            None => Stack { frames: Vec::new(), stopped: Stopped::NoContext, is_x86: false },
        }
    }

    /// The stack of a thread from a place that need not be where it stands.
    pub(super) fn walk_from(&self, of: &Thread<'_>, start: &Start) -> Stack {
        let process = self.code.process;
        let bounds = bounds(process, of, start.kind);
        let walk = Walk { code: &self.code, kind: start.kind, bounds, fetch: self.fetch() };
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
        Stack { frames, stopped, is_x86: start.kind == Kind::X86 }
    }

    fn starts(&self, thread: &Thread<'_>) -> Starts {
        context::starts(self.code.process, thread, self.raised.as_ref())
    }

    /// Where the exception's thread was sent, if no instruction could be fetched there.
    fn fetch(&self) -> Option<u64> {
        self.raised.filter(|raised| raised.fetch).map(|raised| raised.address)
    }

    /// Behind a stack that ended at an x64 function without unwind data: the words in which the debugger, which takes such
    /// a function for one that has not touched the stack, sees further callers.
    pub(crate) fn unproven(&self, thread: usize, stack: &Stack) -> Vec<Frame> {
        let (Some(last), Some(of)) = (stack.frames.last(), self.code.process.threads.get(thread)) else {
            return Vec::new();
        };
        if !matches!(stack.stopped, Stopped::NoUnwindData { .. }) {
            return Vec::new();
        }
        let within = |at: u64| bounds(self.code.process, of, Kind::X64).is_none_or(|(_, end)| at < end);
        let places =
            (0..MOST_UNPROVEN).map_while(|n| last.sp.checked_add(8 * n)).take_while(|at| within(*at));
        let words =
            places.map_while(|at| Some((at, self.code.pages.read_u64(at).ok().filter(|ip| *ip != 0)?)));
        let (trust, registers) = (Trust::Unproven, Registers::default());
        let frame = |(at, ip)| Frame { ip, sp: at + 8, trust, exact: false, registers, chain: None };
        words.map(frame).collect()
    }

    /// Whether frame 0 of a stack never ran: the thread was sent to an address without code. Whoever sent it is to blame.
    pub(crate) fn never_ran(&self, stack: &Stack) -> bool {
        let ran = |ip: u64| self.fetch() != Some(ip) && self.code.is_executable(ip);
        matches!(stack.frames.as_slice(), [first, _, ..] if first.exact && !ran(first.ip))
    }

    /// The instruction pointer of the program that a walk of the thread would begin with.
    pub fn ip(&self, thread: &Thread<'_>) -> Option<u64> {
        let starts = self.starts(thread);
        starts.raised_at.or(starts.program.or(starts.native).map(|start| start.ip))
    }

    /// The stack pointer that a walk of the thread would begin with.
    pub fn sp(&self, thread: &Thread<'_>) -> Option<u64> {
        let starts = self.starts(thread);
        starts.program.or(starts.native).map(|start| first(&start).sp)
    }
}

/// The stack that a thread's registers belong to. Without its TEB it is known where the stack ends, by the thread list.
fn bounds(process: &Process<'_>, thread: &Thread<'_>, kind: Kind) -> Bounds {
    let (base, end, _) = match (kind, &thread.teb) {
        (Kind::X86, _) if process.dump.width() == Width::Bits64 => process.stack(thread.teb32.as_ref()?)?,
        (_, Some(teb)) => process.stack(teb)?,
        (_, None) => process.stack_without_teb(thread).map(|(_, end, fact)| (0, end, fact))?,
    };
    Some((base, end))
}

/// Frame 0.
fn first(start: &Start) -> Frame {
    let Start { kind, ip, registers } = *start;
    let sp = registers.get(if kind == Kind::Arm64 { ARM64_SP } else { SP }).unwrap_or(0);
    let chain = registers.get(if kind == Kind::Arm64 { ARM64_FP } else { FP });
    Frame { ip, sp, trust: Trust::Context, exact: true, registers, chain }
}
