//! The call stacks of a report.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Hex, Stacks, ThreadReport};
use crate::exceptions::is_fault;
use crate::process::Process;
use crate::request::Request;
use crate::stack::{self, Frame, Stack, Trust, Walker};
use crate::symbols::{At, Site, Source, Symbols};
use crate::waits;

/// One row of a call stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FrameReport {
    /// The instruction pointer of frame 0, the return address of the others; for an inline frame, that of its caller.
    pub ip: Hex,
    /// The stack pointer of frame 0; in the others, the address after the return address.
    pub sp: Hex,
    /// Whether the function was inlined into that of the next row that is not inline.
    pub inline: bool,
    /// The debugger's name of the module: its file without extension; of an unloaded one `<Unloaded_old.dll>`.
    pub module: Option<String>,
    /// The function, if symbols name it.
    pub function: Option<String>,
    /// Bytes from the function's start to `ip`, or from the module's base if the function is not known.
    pub offset: Option<Hex>,
    /// The source file, if symbols name it.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<u32>,
    /// How the function is known; `None` if it is not.
    pub source: Option<Source>,
    /// The export that the function begins with, in the exception's thread: known with and without PDBs.
    #[serde(skip)]
    pub export: Option<String>,
    /// How the frame was found.
    pub trust: Trust,
    /// Whether `ip` is an instruction that was being executed, and not a return address.
    #[serde(skip)]
    pub exact: bool,
    /// Which of the modules its code lies in.
    #[serde(skip)]
    pub module_index: Option<usize>,
}

/// The first frame outside system and runtime modules; above the allocation function, if an allocation failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlameReport {
    /// Index into `frames`.
    pub frame: usize,
    /// The module's name.
    pub module: String,
    /// The function, if symbols name it.
    pub function: Option<String>,
    /// Bytes from the function's start, or from the module's base.
    pub offset: Hex,
}

/// The 64-bit call stack of a WOW64 thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NativeReport {
    /// The frames, the innermost first.
    pub frames: Vec<FrameReport>,
    /// Why the walk ended there.
    pub stopped: String,
}

/// A call stack as it was when an earlier exception was raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RaisedReport {
    /// Address of the record of that exception.
    pub record: Hex,
    /// The frames, the innermost first.
    pub frames: Vec<FrameReport>,
    /// Why the walk ended there.
    pub stopped: String,
}

/// The stack that was walked from the record of an earlier exception, without names.
pub(super) fn raised(process: &Process<'_>, record: Hex, stack: &Stack) -> RaisedReport {
    RaisedReport {
        record,
        frames: stack.frames.iter().map(|frame| row(process, frame)).collect(),
        stopped: stack.stopped.to_string(),
    }
}

/// Says what every thread was executing, and walks the stacks that are wanted.
pub(super) fn fill(
    walker: &Walker<'_, '_>,
    wanted: Option<Stacks>,
    request: Option<&Request>,
    mut waits: Option<&mut waits::Reader<'_, '_>>,
    threads: &mut [ThreadReport],
) {
    let process = walker.process();
    let exception = process.exception().map(|e| e.thread_id);
    for (thread, of) in threads.iter_mut().zip(&process.threads) {
        let own = thread.ip.map(|ip| ip.0);
        let elsewhere = exception == Some(of.id) || of.teb32.is_some();
        let ip = if elsewhere { walker.ip(of).or(own) } else { own };
        thread.top = ip.and_then(|ip| top(process, ip)).map(String::into_boxed_str);
        thread.top_ip = ip;
        let crashed = exception.is_none_or(|id| id == of.id);
        // Who waits on whom shows in all stacks together.
        let included = wanted.is_some_and(|wanted| wanted.include(thread.index, crashed));
        if included || waits.is_some() {
            let stack = walker.walk(thread.index);
            if let Some(waits) = &mut waits {
                waits.note(of, &stack);
            }
            // Whoever asked for memory is above the functions that hand it out and that throw.
            let from = request.filter(|_| exception == Some(of.id)).map_or(0, |request| request.frame + 1);
            let from = from.max(usize::from(walker.never_ran(&stack)));
            let blame = blame(process, &stack, from).map(Box::new);
            thread.blame = blame.filter(|blame| blame.frame == 0 || !is_apart(process, &stack));
            let unproven = walker.unproven(thread.index, &stack);
            let frames = stack.frames.iter().chain(&unproven);
            thread.frames = Some(frames.map(|frame| row(process, frame)).collect());
            thread.stopped = Some(stack.stopped.to_string().into());
            if let Some(native) = walker.walk_native(thread.index) {
                thread.native = Some(Box::new(NativeReport {
                    frames: native.frames.iter().map(|frame| row(process, frame)).collect(),
                    stopped: native.stopped.to_string(),
                }));
            }
        }
    }
}

/// Marks stacks of one frame that an earlier thread has too. The exception's thread, and one with exceptions on its stack,
/// stand for themselves.
pub(super) fn fold(threads: &mut [ThreadReport], crashed: Option<u32>) {
    let mut first = HashMap::new();
    for thread in threads {
        let Some([frame]) = thread.frames.as_deref() else { continue };
        let told = thread.exceptions.as_ref().is_some_and(|found| !found.is_empty());
        if crashed == Some(thread.id) || told {
            continue;
        }
        let below: Vec<u64> =
            thread.native.iter().flat_map(|native| &native.frames).map(|frame| frame.ip.0).collect();
        let index = *first.entry((frame.ip.0, below)).or_insert(thread.index);
        let other = Some(index).filter(|index| *index != thread.index);
        thread.same_stack_as = other.and_then(|index| u32::try_from(index).ok());
    }
}

/// Whether frame 0 is all that is known of where the processor raised the exception: the frames behind it are those of
/// where the thread stood later.
fn is_apart(process: &Process<'_>, stack: &Stack) -> bool {
    let code = process.exception().map(|e| e.code);
    let by_record = stack.frames.first().is_some_and(|first| first.trust == Trust::ExceptionRecord);
    by_record && code.is_some_and(|code| is_fault(code.into()))
}

/// The row of a frame, without names.
pub(super) fn row(process: &Process<'_>, frame: &Frame) -> FrameReport {
    let site = stack::site(process, frame).map(|site| (site.name, site.offset));
    // As the debugger names it.
    let unloaded = || {
        let (name, offset) = process.unloaded_at(frame.lookup())?;
        Some((format!("<Unloaded_{name}>"), offset.saturating_add(frame.ip - frame.lookup())))
    };
    let site = site.or_else(unloaded);
    FrameReport {
        ip: Hex(frame.ip),
        sp: Hex(frame.sp),
        inline: false,
        offset: site.as_ref().map(|(_, offset)| Hex(*offset)),
        module: site.map(|(name, _)| name),
        function: None,
        file: None,
        line: None,
        source: None,
        export: None,
        trust: frame.trust,
        exact: frame.exact,
        module_index: process.module_at(frame.lookup()),
    }
}

fn blame(process: &Process<'_>, stack: &Stack, from: usize) -> Option<BlameReport> {
    let index = stack::blame(process, stack, from)?;
    let frame = stack.frames.get(index)?;
    if let Some(site) = stack::site(process, frame) {
        return Some(BlameReport {
            frame: index,
            module: site.name,
            function: None,
            offset: Hex(site.offset),
        });
    }
    let found = process.method_at(frame.lookup())?;
    let offset = Hex(frame.ip.saturating_sub(found.start));
    Some(BlameReport {
        frame: index,
        module: found.assembly.unwrap_or_default(),
        function: found.method,
        offset,
    })
}

/// Names the functions of a thread's stack. Before the row of a frame come those of the functions inlined there.
pub(super) fn name(thread: &mut ThreadReport, symbols: &mut Symbols<'_, '_>) {
    // What is only the nearest export says less than the offset in the module.
    let top = thread.top_ip.and_then(|ip| symbols.resolve(ip, At::Instruction).pop());
    if let Some(site) = top.filter(|site| site.source != Some(Source::NearestExport)) {
        thread.top = Some(words(&site).into());
    }
    for frame in thread.native.iter_mut().flat_map(|native| &mut native.frames) {
        let at = if frame.exact { At::Instruction } else { At::Return };
        if let Some(site) = symbols.resolve(frame.ip.0, at).pop() {
            put(frame, site);
        }
    }
    if let Some(raised) = &mut thread.raised {
        let frames = std::mem::take(&mut raised.frames);
        raised.frames = frames.into_iter().flat_map(|frame| named(frame, symbols)).collect();
    }
    let mut rows = Vec::new();
    let mut blame = thread.blame.take();
    let blamed = blame.as_ref().map(|blame| blame.frame);
    for (n, frame) in thread.frames.iter_mut().flatten().enumerate() {
        let at = if frame.exact { At::Instruction } else { At::Return };
        let mut sites = named(frame.clone(), symbols);
        *frame = sites.pop().unwrap_or_else(|| frame.clone());
        frame.export = symbols.export(frame.ip.0, at);
        rows.extend(sites);
        if blamed == Some(n)
            && let Some(blame) = &mut blame
        {
            blame.frame = rows.len();
            if frame.source != Some(Source::NearestExport) {
                blame.function.clone_from(&frame.function);
                blame.offset = frame.offset.unwrap_or(blame.offset);
            }
        }
        rows.push(frame.clone());
    }
    thread.blame = blame;
    thread.frames = thread.frames.take().map(|_| rows);
}

/// The row of a frame with its name; before it those of the functions inlined there.
fn named(mut frame: FrameReport, symbols: &mut Symbols<'_, '_>) -> Vec<FrameReport> {
    let at = if frame.exact { At::Instruction } else { At::Return };
    let mut sites = symbols.resolve(frame.ip.0, at);
    let physical = sites.pop();
    let mut rows: Vec<FrameReport> = sites.into_iter().map(|site| inlined(&frame, site)).collect();
    if let Some(site) = physical {
        put(&mut frame, site);
    }
    rows.push(frame);
    rows
}

fn put(frame: &mut FrameReport, site: Site) {
    frame.module = Some(site.module);
    frame.function = site.function;
    frame.offset = site.offset.map(Hex);
    (frame.file, frame.line, frame.source) = (site.file, site.line, site.source);
}

/// The row of a function whose code was put into that of a frame.
fn inlined(host: &FrameReport, site: Site) -> FrameReport {
    let mut row = FrameReport { inline: true, ..host.clone() };
    put(&mut row, site);
    row
}

/// `module+0x1234` of the instruction pointer, without a walk.
fn top(process: &Process<'_>, ip: u64) -> Option<String> {
    stack::site_of(process, ip).map(|site| site.to_string())
}

/// `module!function+0x12`.
fn words(site: &Site) -> String {
    let function = site.function.as_deref().map(|function| format!("!{function}")).unwrap_or_default();
    let offset = site.offset.filter(|offset| *offset != 0).map(|offset| format!("+{offset:#x}"));
    format!("{}{function}{}", site.module, offset.unwrap_or_default())
}
