//! Stacks as the engine walks them where nothing describes a function: `k` shows what cdb shows, right or wrong.
//!
//! The analyzer's walk stops, or searches for a likelier caller, where the engine goes on by a rule:
//!
//! - x64: a function without unwind data is a leaf. Its return address lies at the stack pointer, until that is 0.
//!   In a dump that keeps no images every word of the stack becomes a frame.
//! - x86: a function without a PDB has EBP as its frame pointer. From the second frame on the return address must lie
//!   in a module; otherwise the first word of the stack that leads into code is taken for it.
//!
//! `dumplens stack` says of each frame how it was found.

use dumplens_analyzer::stack::{FP, Frame, SP, Stack, Trust};

use crate::session::Session;

/// Frames of a stack: `k` shows at most 0xffff, and of leaves each is a word.
const MOST: usize = 0x1000;
/// Return addresses below 64 KiB are the end of the stack.
const LOWEST: u64 = 0x1_0000;
/// Words that a search for a return address looks at.
const SEARCHED: u64 = 0x400;

impl Session<'_, '_> {
    /// The same stack with the frames that the engine shows.
    pub(crate) fn as_engine(&mut self, mut stack: Stack) -> Stack {
        // Words of the stack are bytes of the process.
        if self.options.no_memory {
            return stack;
        }
        if self.x86 {
            stack.frames = self.by_frame_pointers(&stack);
        } else if !stack.stopped.is_end() {
            self.add_leaves(&mut stack.frames);
        }
        stack
    }

    fn add_leaves(&self, frames: &mut Vec<Frame>) {
        let Some(mut frame) = frames.last().copied() else { return };
        while frames.len() < MOST {
            let Some(ip) = self.unit(frame.sp, 8).filter(|ip| *ip != 0) else { return };
            frame = called(&frame, ip, frame.sp.wrapping_add(8));
            frames.push(frame);
        }
    }

    fn by_frame_pointers(&mut self, stack: &Stack) -> Vec<Frame> {
        let mut frames = Vec::new();
        let mut next = stack.frames.first().copied();
        while let Some(frame) = next.filter(|_| frames.len() < MOST) {
            frames.push(frame);
            if frame.ip == 0 {
                break;
            }
            let known = known(stack, &frame);
            let described = known.is_some() && self.is_described(&frame);
            next = match frame.registers.get(FP) {
                _ if described => known,
                Some(ebp) => self.undescribed(&frame, ebp, frames.len() == 1),
                None => known.map(|caller| self.with_saved_ebp(caller)),
            };
        }
        frames
    }

    /// EBP as the function saved it, below its return address.
    fn with_saved_ebp(&self, mut caller: Frame) -> Frame {
        caller.registers.put(FP, self.unit(caller.sp.wrapping_sub(8), 4));
        caller
    }

    /// Whether a PDB describes the function at an address.
    fn is_described(&mut self, frame: &Frame) -> bool {
        let Some(module) = self.module_at(frame.lookup()) else { return false };
        self.symbols.table(module);
        let by_pdb = self.symbols.pdb_of(module).is_some();
        // A context that stands behind a call that never returns may stand behind the function.
        by_pdb && !(frame.exact && self.ends_before(frame.ip))
    }

    /// The caller of a function that nothing describes; `None` where the stack ends.
    fn undescribed(&self, frame: &Frame, ebp: u64, first: bool) -> Option<Frame> {
        let returns = self.unit(ebp.wrapping_add(4), 4);
        if self.module_at(frame.ip).is_none() {
            return self.outside(frame, ebp, returns);
        }
        // A function of which there is no code has not touched the stack yet, nor one without a frame below it.
        if first && (returns.is_none() || self.unit(frame.ip, 1).is_none()) {
            return self.leaf(frame);
        }
        match returns? {
            returns if self.in_module(returns) || first && returns >= LOWEST => self.framed(frame, ebp),
            ..LOWEST if on_stack(frame, ebp) => None,
            _ => {
                let from = if on_stack(frame, ebp) { ebp.wrapping_add(4) } else { frame.sp };
                let mut caller = self.framed(frame, self.search(from)?)?;
                caller.registers.set(FP, self.unit(ebp, 4)?);
                Some(caller)
            }
        }
    }

    /// Outside of all modules any of the places may hold the return address.
    fn outside(&self, frame: &Frame, ebp: u64, returns: Option<u64>) -> Option<Frame> {
        let top = self.unit(frame.sp, 4);
        if top.is_some_and(|word| self.in_module(word)) {
            return self.leaf(frame);
        }
        if returns.is_some_and(|word| self.in_module(word)) {
            return self.framed(frame, ebp);
        }
        match self.search(frame.sp) {
            Some(at) => self.framed(frame, at),
            // Nothing of the stack is there.
            None if top.is_none() => None,
            None => self.leaf(frame),
        }
    }

    /// By a frame whose saved EBP lies at `at`.
    fn framed(&self, frame: &Frame, at: u64) -> Option<Frame> {
        let mut caller = called(frame, self.returns_to(at.wrapping_add(4))?, at.wrapping_add(8));
        caller.registers.set(FP, self.unit(at, 4)?);
        Some(caller)
    }

    /// Where the stack ends here, a frame at 0 says where its return address was.
    fn leaf(&self, frame: &Frame) -> Option<Frame> {
        Some(called(frame, self.returns_to(frame.sp).unwrap_or(0), frame.sp.wrapping_add(4)))
    }

    fn returns_to(&self, at: u64) -> Option<u64> {
        self.unit(at, 4).filter(|ip| *ip >= LOWEST)
    }

    /// Below the first word of the stack that leads into code.
    fn search(&self, from: u64) -> Option<u64> {
        let words = (0..SEARCHED).map(|n| from.wrapping_add(4 * n));
        let mut known = words.map_while(|at| Some((at, self.unit(at, 4)?)));
        known.find(|(_, word)| self.is_code(*word)).map(|(at, _)| at.wrapping_sub(4))
    }

    fn in_module(&self, address: u64) -> bool {
        self.module_at(address).is_some()
    }

    /// Whether an address lies in a module's code, and the dump keeps what stands before it.
    fn is_code(&self, address: u64) -> bool {
        let region = self.process.space.region_at(address).filter(|_| self.process.space.is_mapped());
        self.in_module(address)
            && region.is_none_or(|region| region.protect.is_executable())
            && self.unit(address.wrapping_sub(1), 1).is_some()
    }
}

/// The caller that the analyzer found.
fn known(stack: &Stack, frame: &Frame) -> Option<Frame> {
    let at = stack.frames.iter().position(|known| known.ip == frame.ip && known.sp == frame.sp)?;
    stack.frames.get(at + 1).copied()
}

/// Whether EBP may be that of a frame: not far above ESP.
fn on_stack(frame: &Frame, ebp: u64) -> bool {
    (frame.sp..frame.sp.saturating_add(4 * SEARCHED)).contains(&ebp)
}

/// A frame that a return address leads to.
fn called(callee: &Frame, ip: u64, sp: u64) -> Frame {
    let mut frame = *callee;
    (frame.ip, frame.sp, frame.exact) = (ip, sp, false);
    frame.registers.set(SP, sp);
    frame.trust = Trust::Unproven;
    frame
}
