//! The threads.

use dumplens_core::Ahead;
use dumplens_core::process::Teb;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BlameReport, FrameReport, NativeReport, RaisedReport};
use super::{CodeReport, EarlierReport, Hex, Owned, Question, SiteReport, Warning, earlier, exit, stack};
use crate::exceptions::names;
use crate::process::{Process, Thread, stack_use};
use crate::request::Request;
use crate::space::{Bits, Holdings, Owner, Usage};
use crate::stack::Walker;
use crate::waits;

/// A stack's bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StackReport {
    /// `StackBase`: the end, exclusive.
    pub base: Hex,
    /// `StackLimit`: the lowest committed address; `None` without the TEB.
    pub limit: Option<Hex>,
    /// `DeallocationStack`: the lowest reserved address.
    pub reserved_from: Option<Hex>,
    /// Bytes reserved but not committed.
    pub reserved_bytes: Option<u64>,
    /// Bytes committed, including guard pages.
    pub committed_bytes: Option<u64>,
    /// Bytes of guard pages.
    pub guard_bytes: Option<u64>,
    /// Bytes from the base down to the lowest one that was ever written; `None` if the dump does not contain them.
    pub deepest_bytes: Option<u64>,
    /// Bytes from the stack pointer to the base; `None` if it does not point into this stack.
    pub in_use_bytes: Option<u64>,
}

/// One thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadReport {
    /// Thread ID.
    pub id: u32,
    /// Position in the thread list.
    pub index: usize,
    /// Its name.
    pub name: Option<String>,
    /// Address of the TEB.
    pub teb: Hex,
    /// Address of the 32-bit TEB of a WOW64 thread.
    pub teb32: Option<Hex>,
    /// The stack that the program uses: the 32-bit one in a WOW64 thread.
    pub stack: Option<Box<StackReport>>,
    /// The stack of the 64-bit half of a WOW64 thread.
    pub stack64: Option<Box<StackReport>>,
    /// `LastErrorValue`; any later call overwrites it.
    pub last_error: Option<CodeReport>,
    /// `LastStatusValue`; any later call overwrites it.
    pub last_status: Option<CodeReport>,
    /// How often it was suspended.
    pub suspend_count: u32,
    /// Instruction pointer.
    pub ip: Option<Hex>,
    /// Stack pointer.
    pub sp: Option<Hex>,
    /// Where it started.
    pub start_address: Option<Hex>,
    /// The functions there; empty if names were not requested.
    pub start_symbol: Box<[SiteReport]>,
    /// What it was executing, without a stack walk: module and offset, and the function if symbols name it.
    pub top: Option<Box<str>>,
    /// Where that is.
    #[serde(skip)]
    pub top_ip: Option<u64>,
    /// The call stack, the innermost frame first; `None` if it was not requested. For a WOW64 thread in a 64-bit
    /// dump, the program's own (32-bit) stack.
    pub frames: Option<Vec<FrameReport>>,
    /// Why the walk ended there.
    pub stopped: Option<Box<str>>,
    /// The 64-bit call stack of a WOW64 thread, below the program's own.
    #[serde(default)]
    pub native: Option<Box<NativeReport>>,
    /// Whether it is in the thread list; the exception's thread may not be.
    pub listed: bool,
    /// Index of an earlier thread with the same stack, if the stack has only one frame: in small dumps, many threads
    /// are in the same system call.
    #[serde(default)]
    pub same_stack_as: Option<u32>,
    /// The first frame outside system and runtime modules.
    pub blame: Option<Box<BlameReport>>,
    /// Whether it is ending the process: it stands in `NtTerminateProcess`, by ntdll's export.
    #[serde(skip)]
    pub is_ending: bool,
    /// The exit code that it ends the process with, where its registers or its stack tell.
    #[serde(skip)]
    pub exit_code: Option<u32>,
    /// Earlier exceptions, from records on the stack; `None` if it was not searched.
    pub exceptions: Option<Box<[EarlierReport]>>,
    /// The call stack at the time when one of these was raised, if findings name its frames.
    #[serde(default)]
    pub raised: Option<Box<RaisedReport>>,
}

/// The threads, with the stacks that are wanted.
pub(super) fn all(
    walker: &Walker<'_, '_>,
    question: Question,
    owned: &Owned,
    request: Option<&Request>,
    waits: Option<&mut waits::Reader<'_, '_>>,
    warnings: &mut Vec<Warning>,
) -> Vec<ThreadReport> {
    let process = walker.process();
    let memory = process.dump.memory();
    process.dump.read_contexts_ahead();
    let mut stacks = Ahead::new(memory);
    let each = |(n, of): (usize, &Thread<'_>)| {
        let rest = process.threads[n..].iter().map(Thread::program_teb);
        stacks.before(n, rest.map(|teb| teb.map_or((0, 0), stack_use::lowest)));
        thread(walker, of, owned)
    };
    let mut threads: Vec<ThreadReport> = process.threads.iter().enumerate().map(each).collect();
    let unusable = |t: &&ThreadReport| t.ip.is_none() && process.dump.has_context(t.index);
    if let Some(first) = threads.iter().find(unusable).map(|t| t.id) {
        let count = threads.iter().filter(unusable).count() as u64;
        let processor_known = process.dump.arch().is_some();
        warnings.push(Warning::ContextsUnusable { count, first, processor_known });
    }
    stack::fill(walker, question.stacks(), request, waits, &mut threads);
    if question.stacks().is_some() && process.is_windows() {
        exit::fill(walker, &mut threads);
    }
    earlier::fill(walker, question, &mut threads, warnings);
    stack::fold(&mut threads, process.exception().map(|e| e.thread_id));
    threads
}

fn thread(walker: &Walker<'_, '_>, thread: &Thread<'_>, owned: &Owned) -> ThreadReport {
    let process = walker.process();
    let teb = thread.program_teb();
    let context = process.dump.context(thread.index);
    let sp = context.as_ref().map(|c| c.sp);
    // The context of a WOW64 thread is that of one of its two halves.
    let elsewhere = thread.teb32.is_some() || !thread.listed;
    let program_sp = if elsewhere { walker.sp(thread) } else { sp };
    let program_ip = || if elsewhere { walker.ip(thread) } else { None };
    let bounds = |teb: &Teb<'_>| {
        let sp = if teb.width == process.dump.width() { sp } else { program_sp };
        Box::new(self::bounds(process, teb, sp, owned.get(&process.stack_key(thread.index, teb))))
    };
    let by_list = || {
        let key = (Owner::Thread(thread.index), Usage::Stack(Bits::Native));
        let (base, end, _) = process.stack_without_teb(thread)?;
        Some(Box::new(without_teb(process, (base, end), sp, owned.get(&key))))
    };
    let code =
        |code: u32, name: fn(u32) -> Option<String>| CodeReport { code: code.into(), name: name(code) };
    ThreadReport {
        id: thread.id,
        index: thread.index,
        name: thread.name.clone(),
        teb: thread.teb_address.into(),
        teb32: thread.teb32.as_ref().map(|t| t.address.into()),
        stack: teb.map(bounds).or_else(by_list),
        stack64: thread.teb32.as_ref().and(thread.teb.as_ref()).map(bounds),
        last_error: teb.map(|t| code(t.last_error, names::last_error)),
        last_status: thread.last_status.map(|c| code(c, names::nt_status)),
        suspend_count: thread.suspend_count,
        ip: context.as_ref().map(|c| c.ip).or_else(program_ip).map(Into::into),
        sp: sp.or(program_sp).map(Into::into),
        start_address: thread.start_address.map(Into::into),
        top: None,
        top_ip: None,
        start_symbol: Box::default(),
        frames: None,
        stopped: None,
        same_stack_as: None,
        native: None,
        listed: thread.listed,
        blame: None,
        is_ending: false,
        exit_code: None,
        exceptions: None,
        raised: None,
    }
}

fn bounds(process: &Process<'_>, teb: &Teb<'_>, sp: Option<u64>, owned: Option<&Holdings>) -> StackReport {
    let owned = owned.filter(|_| process.space.is_mapped());
    let in_use = sp.filter(|sp| (teb.stack_limit..teb.stack_base).contains(sp)).map(|sp| teb.stack_base - sp);
    StackReport {
        base: teb.stack_base.into(),
        limit: Some(teb.stack_limit.into()),
        reserved_from: process.stack(teb).map(|(base, ..)| base.into()),
        reserved_bytes: owned.map(|h| h.reserved),
        committed_bytes: owned.map(|h| h.committed),
        guard_bytes: owned.map(|h| h.guard),
        deepest_bytes: stack_use::deepest(process, teb).map(|lowest| teb.stack_base - lowest),
        in_use_bytes: in_use,
    }
}

/// The stack of a thread whose TEB is not kept.
fn without_teb(
    process: &Process<'_>,
    (from, base): (u64, u64),
    sp: Option<u64>,
    owned: Option<&Holdings>,
) -> StackReport {
    let owned = owned.filter(|_| process.space.is_mapped());
    StackReport {
        base: base.into(),
        limit: None,
        reserved_from: owned.map(|_| from.into()),
        reserved_bytes: owned.map(|h| h.reserved),
        committed_bytes: owned.map(|h| h.committed),
        guard_bytes: owned.map(|h| h.guard),
        deepest_bytes: None,
        in_use_bytes: sp.filter(|sp| (from..base).contains(sp)).map(|sp| base - sp),
    }
}

impl ThreadReport {
    /// Where it is, in words: the first frame outside system and runtime, or else the innermost one.
    pub(crate) fn place(&self) -> Option<String> {
        match self.blame.as_deref() {
            Some(blame) => Some(match &blame.function {
                Some(function) => format!("{}!{function}+{:#x}", blame.module, blame.offset.0),
                None => format!("{}+{:#x}", blame.module, blame.offset.0),
            }),
            None => self.top.as_deref().map(str::to_owned),
        }
    }
}
