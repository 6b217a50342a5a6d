//! The call stacks of a report.

use serde::Serialize;

use super::{Hex, ThreadReport};
use crate::process::Process;
use crate::stack::{self, Frame, Stack, Walker};

/// Which stacks a report holds: walking costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stacks {
    /// None.
    #[default]
    None,
    /// Of the thread at this position in the thread list.
    Thread(usize),
    /// All.
    All,
}

/// One row of a call stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrameReport {
    /// The instruction pointer of frame 0, the return address of the others; an inline frame's is its host's.
    pub ip: Hex,
    /// The stack pointer: as it was in frame 0, behind the return address in the others.
    pub sp: Hex,
    /// Whether the function was inlined into the one of the next row that is not.
    pub inline: bool,
    /// The debugger's name of the module: its file without extension.
    pub module: Option<String>,
    /// The function, where symbols tell.
    pub function: Option<String>,
    /// Bytes from the function's start to `ip`; from the module's base where the function is not known.
    pub offset: Option<Hex>,
    /// The source file, where symbols tell.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<u32>,
    /// `context`, `unwind_info`, `leaf`, `frame_pointer` or `scan`.
    pub trust: &'static str,
}

/// The first frame outside system and runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlameReport {
    /// Which of `frames`.
    pub frame: usize,
    /// The module's name.
    pub module: String,
    /// Bytes from the function's start, or from the module's base.
    pub offset: Hex,
}

/// Says what every thread was executing, and walks the stacks that are wanted.
pub(super) fn fill(process: &Process<'_>, wanted: Stacks, threads: &mut [ThreadReport]) {
    let walker = Walker::new(process);
    let exception = process.dump.exception().ok().flatten().map(|e| e.raw.thread_id);
    for (thread, of) in threads.iter_mut().zip(&process.threads) {
        let own = thread.ip.map(|ip| ip.0);
        let ip = if exception == Some(of.id) { walker.ip(of).or(own) } else { own };
        thread.top = ip.and_then(|ip| top(process, ip));
        if wanted == Stacks::All || wanted == Stacks::Thread(thread.index) {
            let stack = walker.walk(thread.index);
            thread.blame = blame(process, &stack);
            thread.frames = Some(stack.frames.iter().flat_map(|frame| rows(process, frame)).collect());
            thread.stopped = Some(stack.stopped.to_string());
        }
    }
}

/// The rows of a frame: the functions inlined there, then the one that holds them.
fn rows(process: &Process<'_>, frame: &Frame) -> Vec<FrameReport> {
    let site = stack::site(process, frame);
    let offset = site.as_ref().map(|site| Hex(site.offset));
    let (module, function, file, line) =
        site.map_or((None, None, None, None), |s| (Some(s.name), s.function, s.file, s.line));
    let (ip, sp) = (Hex(frame.ip), Hex(frame.sp));
    vec![FrameReport {
        ip,
        sp,
        inline: false,
        module,
        function,
        offset,
        file,
        line,
        trust: frame.trust.name(),
    }]
}

fn blame(process: &Process<'_>, stack: &Stack) -> Option<BlameReport> {
    let frame = stack::blame(process, stack)?;
    let site = stack::site(process, stack.frames.get(frame)?)?;
    Some(BlameReport { frame, module: site.name, offset: Hex(site.offset) })
}

/// `module+0x1234` of the instruction pointer, without a walk.
fn top(process: &Process<'_>, ip: u64) -> Option<String> {
    let site = stack::site_of(process, ip)?;
    Some(format!("{}+{:#x}", site.name, site.offset))
}
