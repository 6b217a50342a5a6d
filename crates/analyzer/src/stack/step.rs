//! One step of a walk: from a frame to its caller, whatever the processor, and what must hold of every caller.

use dumplens_core::unwind::FunctionTable;

use super::code::{Before, Call, Code};
use super::context::Kind;
use super::{Caller, Fault, Frame, Stopped, Trust, arm64, x64, x86};

/// The bounds of a thread's stack: its first address, and the first behind it.
pub(super) type Bounds = Option<(u64, u64)>;

/// One walk.
pub(super) struct Walk<'w, 'p, 'd> {
    pub(super) code: &'w Code<'p, 'd>,
    pub(super) kind: Kind,
    pub(super) bounds: Bounds,
    /// Where an instruction could not be fetched.
    pub(super) fetch: Option<u64>,
}

impl Walk<'_, '_, '_> {
    /// The caller of the last frame.
    pub(super) fn caller(&self, frames: &[Frame]) -> Result<Frame, Stopped> {
        let Some(callee) = frames.last() else {
            return Err(Stopped::NoContext);
        };
        self.check_stack(callee.sp)?;
        let caller = match self.kind {
            _ if self.never_ran(callee) => self.called_nowhere(callee),
            Kind::X64 => self.x64(callee),
            Kind::X86 => {
                let below = frames.len().checked_sub(2).and_then(|n| frames.get(n));
                x86::caller(self.code, self.bounds, callee, below)
            }
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
        if !self.code.is_executable(frame.lookup()) && !self.was_code(frame.lookup()) {
            return Err(Stopped::NoCode { ip: frame.ip });
        }
        // On ARM64 a call itself takes no stack.
        let by_link = self.kind == Kind::Arm64 && callee.exact && frame.sp == callee.sp;
        if frame.sp <= callee.sp && !by_link {
            return Err(Stopped::NotGrowing { sp: frame.sp });
        }
        self.check_stack_end(frame.sp)?;
        Ok(frame)
    }

    fn x64(&self, callee: &Frame) -> Result<Caller, Stopped> {
        let memory = &self.code.pages;
        let ip = callee.lookup();
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

    fn never_ran(&self, callee: &Frame) -> bool {
        let nowhere = self.fetch == Some(callee.ip) || !self.code.is_executable(callee.ip);
        callee.exact && nowhere && self.kind != Kind::Other
    }

    /// Whether code of a module that was unloaded lay there.
    fn was_code(&self, address: u64) -> bool {
        self.code.process.unloaded_at(address).is_some()
    }

    /// A thread that was sent to an address without code: if a call did it, it left the return address at the top of
    /// the stack, on ARM64 in the link register, and changed nothing else. A call that names its target in itself must
    /// have named this one.
    fn called_nowhere(&self, callee: &Frame) -> Result<Caller, Stopped> {
        let (caller, before) = match self.kind {
            Kind::X64 => {
                let leaf = x64::leaf(&self.code.pages, &callee.registers);
                let caller = leaf.map_err(|fault| stopped(callee.ip, fault))?;
                (caller, self.code.before(caller.ip, 64))
            }
            Kind::X86 => {
                let caller = x86::leaf(&self.code.pages, callee)?;
                (caller, self.code.before(caller.ip, 32))
            }
            Kind::Arm64 => match arm64::by_link(self.code, callee) {
                Some(found) => found,
                None => return arm64::by_chain(self.code, callee),
            },
            Kind::Other => return Err(Stopped::Processor),
        };
        let is_code = |ip: u64| ip.checked_sub(1).is_some_and(|before| self.code.is_executable(before));
        match before {
            Before::Call(call) if call == Call::Indirect || call == Call::Direct(callee.ip) => {
                // Without a map it is not certain that there is no code.
                let certain = self.fetch == Some(callee.ip) || self.code.process.space.is_mapped();
                let trust = if certain { Trust::Leaf } else { Trust::Scan };
                Ok(Caller { trust, ..caller })
            }
            // Code by the map or the module list, of which a small dump keeps nothing.
            Before::NotKept if is_code(caller.ip) => Ok(Caller { trust: Trust::Scan, ..caller }),
            _ if self.was_code(caller.ip.saturating_sub(1)) => Ok(Caller { trust: Trust::Scan, ..caller }),
            // EBP and x29 may lead on all the same, to the caller or past it.
            _ if self.kind == Kind::X86 => x86::caller(self.code, self.bounds, callee, None),
            _ if self.kind == Kind::Arm64 => arm64::by_chain(self.code, callee),
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
