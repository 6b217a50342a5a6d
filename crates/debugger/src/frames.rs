//! Frames as the debugger shows them: physical frames, and the functions that were put into them.

use std::fmt::Write as _;

use dumplens_analyzer::stack::{FP, Frame, Stack};
use dumplens_analyzer::symbols::At;
use dumplens_core::CpuState;

use crate::session::{Session, ticked};

/// One row of `k`.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Which physical frame.
    pub(crate) physical: usize,
    pub(crate) inline: bool,
    /// Child-SP, or ChildEBP on x86.
    pub(crate) child: u64,
    /// Where the frame's instruction is.
    pub(crate) ip: u64,
    pub(crate) returns: u64,
    /// Function with its module, and how far in.
    pub(crate) site: String,
    pub(crate) offset: u64,
    /// Source file and line.
    pub(crate) source: Option<(String, u32)>,
    /// Outside of all modules.
    pub(crate) unknown: bool,
}

impl Row {
    /// `mod!f+0x12`, with what it is called with behind the name.
    pub(crate) fn place(&self, called: &str) -> String {
        let mut text = format!("{}{called}", self.site);
        if self.offset > 0 {
            let _ = write!(text, "+{:#x}", self.offset);
        }
        text
    }
}

impl Session<'_, '_> {
    /// The rows of a stack, at most so many.
    pub(crate) fn rows(&mut self, stack: &Stack, most: usize) -> Vec<Row> {
        let mut rows = Vec::new();
        // A frame at 0 only says where the return address of the one before was looked for.
        for (n, frame) in stack.frames.iter().enumerate().filter(|(n, frame)| *n == 0 || frame.ip != 0) {
            let returns = stack.frames.get(n + 1).map_or(0, |next| self.shown_ip(next));
            let back = frame.ip - self.shown_ip(frame);
            let child = self.child(frame, stack.frames.get(n + 1));
            for mut row in self.sites(frame) {
                row.physical = n;
                row.child = child;
                row.returns = returns;
                row.offset = row.offset.saturating_sub(back);
                rows.push(row);
            }
            if rows.len() >= most {
                break;
            }
        }
        rows.truncate(most);
        rows
    }

    /// Child-SP; on x86 ChildEBP, which is below the return address: the caller's stack begins behind that.
    pub(crate) fn child(&self, frame: &Frame, caller: Option<&Frame>) -> u64 {
        if !self.x86 {
            return frame.sp;
        }
        match caller {
            Some(caller) => caller.sp.saturating_sub(8),
            None => frame.registers.get(FP).unwrap_or(frame.sp),
        }
    }

    /// Where the frame's instruction is: on x86 the engine shows a call that ends its function a byte before its return
    /// address.
    fn shown_ip(&mut self, frame: &Frame) -> u64 {
        let by_pdb = self.module_at(frame.lookup()).is_some_and(|m| {
            self.symbols.table(m);
            self.symbols.pdb_of(m).is_some()
        });
        if !self.x86 || frame.exact || !by_pdb {
            return frame.ip;
        }
        if self.ends_before(frame.ip) { frame.lookup() } else { frame.ip }
    }

    /// Whether the function that was called from ends before its return address.
    pub(crate) fn ends_before(&mut self, ip: u64) -> bool {
        self.symbols.inlined(ip.saturating_sub(1)).1
    }

    /// The functions of a frame, the innermost inline function first.
    fn sites(&mut self, frame: &Frame) -> Vec<Row> {
        let bare = Row {
            physical: 0,
            inline: false,
            child: 0,
            ip: frame.ip,
            returns: 0,
            site: String::new(),
            offset: 0,
            source: None,
            unknown: false,
        };
        let at = if frame.exact { At::Instruction } else { At::Return };
        let lookup = frame.lookup();
        let Some(module) = self.module_at(lookup).or_else(|| self.module_at(frame.ip)) else {
            if let Some(method) = self.symbols.resolve(frame.ip, at).pop() {
                let function = method.function.map(|name| format!("!{name}")).unwrap_or_default();
                let (site, offset) = (format!("{}{function}", method.module), method.offset.unwrap_or(0));
                return vec![Row { site, offset, ..bare }];
            }
            let site = match self.x86 {
                true => format!("{:#x}", frame.ip),
                false if frame.ip >> 32 == 0 => format!("{:#x}", frame.ip),
                false => format!("0x{}", ticked(frame.ip)),
            };
            return vec![Row { site, unknown: true, ..bare }];
        };
        self.loaded.insert(module);
        let name = self.module_name(module);
        let sites = self.symbols.resolve(frame.ip, at);
        self.symbols.table(module);
        let by_pdb = self.symbols.pdb_of(module).is_some();
        if !by_pdb {
            let (site, offset) = self.nearest(lookup).unwrap_or((name, 0));
            let offset = offset.wrapping_add(frame.ip.wrapping_sub(lookup));
            return vec![Row { site, offset, ..bare }];
        }
        let inlined = if sites.len() > 1 { self.symbols.inlined(lookup).0 } else { Vec::new() };
        let mut rows = Vec::with_capacity(sites.len());
        for (n, site) in sites.into_iter().enumerate() {
            let function = site.function.as_deref().unwrap_or("");
            let text = if function.is_empty() { name.clone() } else { format!("{name}!{function}") };
            let source = site.file.clone().zip(site.line);
            // From where the inline function's code begins; both count from the address that is looked up.
            let reach = inlined.get(n).map_or(0, |reach| u64::from(*reach));
            let offset = site.offset.unwrap_or(reach + (frame.ip - lookup));
            rows.push(Row { site: text, offset, inline: site.inline, source, ..bare.clone() });
        }
        if rows.is_empty() { vec![Row { site: name, ..bare }] } else { rows }
    }

    /// `03 SP RET SITE` of a frame by its number; `None` if there is none.
    pub(crate) fn frame_row(&mut self, number: usize, from_context: bool) -> Option<String> {
        let below = number.checked_sub(self.frame_base)?;
        let stack = self.stack();
        let rows = self.rows(&stack, below + 1);
        let row = rows.get(below)?;
        // Symbols are read for each frame up to this one, and for the one that it returns to.
        let walked = stack.frames.iter().take(row.physical + 2);
        self.loaded.extend(walked.filter_map(|frame| self.process.module_at(frame.lookup())));
        if !self.x86 {
            self.loaded.extend(self.module_named("ntdll"));
        }
        let returns = if from_context && !self.x86 { 0 } else { row.returns };
        let place = row.place("");
        Some(if row.inline {
            format!(
                "{number:02x} {} {place}",
                if self.x86 { "(Inline) --------" } else { "(Inline Function) --------`--------" }
            )
        } else {
            format!("{number:02x} {} {} {place}", self.address(row.child), self.address(returns))
        })
    }

    /// The registers in a frame: those of the thread, with what the walk found.
    pub(crate) fn frame_state(&mut self, below: usize) -> Option<CpuState> {
        let stack = self.stack();
        let rows = self.rows(&stack, below + 1);
        let place = rows.get(below)?.physical;
        let frame = stack.frames.get(place)?;
        let mut state = self.state()?;
        // A function without a frame leaves EBP as it is.
        let mut frames = stack.frames.iter().take(place + 1).rev().filter(|_| self.x86);
        if let Some(ebp) = frames.find_map(|frame| frame.registers.get(FP)) {
            state.general[usize::from(FP)] = ebp;
        }
        for (number, register) in state.general.iter_mut().enumerate() {
            if let Some(value) = u8::try_from(number).ok().and_then(|n| frame.registers.get(n)) {
                *register = value;
            }
        }
        state.ip = frame.ip;
        state.general[4] = frame.sp;
        Some(state)
    }
}
