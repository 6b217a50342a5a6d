//! Pseudo-registers: the values of names with `$`.

use crate::session::Session;

/// What the engine shows where a dump does not tell the process.
const UNKNOWN_PROCESS: u64 = 0xf0f0_f0f0;

/// STATUS_BREAKPOINT.
const BREAKPOINT: u64 = 0x8000_0003;

impl Session<'_, '_> {
    /// The value of a pseudo-register, named without `@` and `$`; `None` if there is none of that name.
    pub(crate) fn pseudo(&mut self, name: &str) -> Option<u64> {
        let name = name.to_ascii_lowercase();
        if let Some(n) = temporary(&name) {
            return Some(self.temporaries[n]);
        }
        if let Some(n) = name.strip_prefix("exr_param") {
            let n: usize = n.parse().ok()?;
            return self.exception.as_ref()?.parameters.get(n).copied();
        }
        let id = self.process.threads.get(self.thread).map(|t| u64::from(t.id));
        Some(match name.as_str() {
            "ip" | "eventip" | "previp" | "scopeip" => self.state().map_or(0, |s| s.ip),
            "csp" => self.state().map_or(0, |s| s.general[4]),
            "retreg" | "retreg64" => self.state().map_or(0, |s| s.general[0]),
            "ra" => self.return_address(),
            "teb" | "thread" => self.teb().filter(|teb| *teb != 0)?,
            "peb" | "proc" => Some(self.peb()).filter(|peb| *peb != 0)?,
            // The engine reads both out of the TEB.
            "tid" => self.client_id().and(id)?,
            "tpid" => self.client_id().map(|_| self.process_id())?,
            "exentry" => Some(self.entry_point()).filter(|entry| *entry != 0)?,
            "ptrsize" => self.pointer_bytes(),
            "pagesize" => 0x1000,
            "frame" => self.frame as u64,
            "dbgtime" => crate::clock::now(),
            "exr_chance" => 2,
            // Where the dump has no exception, the engine makes a breakpoint of it.
            "exr_code" => self.exception.as_ref().map_or(BREAKPOINT, |e| u64::from(e.code)),
            "exr_numparams" => self.exception.as_ref().map_or(0, |e| e.parameters.len() as u64),
            "ea" => crate::operands::address(self)?,
            "bug_code" | "callret" | "dbgx" => 0,
            _ => return None,
        })
    }

    fn teb(&self) -> Option<u64> {
        let thread = self.process.threads.get(self.thread)?;
        match &thread.teb32 {
            Some(teb32) if self.is_guest() => Some(teb32.address),
            _ => Some(thread.teb_address),
        }
    }

    /// ClientId of the TEB; `None` if the dump does not keep it.
    fn client_id(&self) -> Option<u64> {
        let at = if self.x86 { 0x20 } else { 0x40 };
        self.unit(self.teb()?.wrapping_add(at), self.pointer_bytes())
    }

    /// Where the function returns to; without unwind data what lies at the stack pointer.
    pub(crate) fn return_address(&mut self) -> u64 {
        let stack = self.stack();
        if let Some(caller) = stack.frames.get(1) {
            return caller.ip;
        }
        let sp = self.state().map_or(0, |state| state.general[4]);
        self.unit(sp, self.pointer_bytes()).unwrap_or(0)
    }

    /// The PEB of the effective machine's width.
    pub(crate) fn peb(&self) -> u64 {
        let of = self.process.pebs.iter().find(|peb| peb.width == self.width());
        if let Some(peb) = of {
            return peb.address;
        }
        let at = if self.x86 { 0x30 } else { 0x60 };
        let teb = self.teb().unwrap_or(0);
        self.memory.pointer(teb.wrapping_add(at), self.width()).unwrap_or(0)
    }

    pub(crate) fn process_id(&self) -> u64 {
        let misc = self.process.dump.misc_info().ok().flatten();
        misc.and_then(|misc| misc.process_id).map(u64::from).or(self.process.id).unwrap_or(UNKNOWN_PROCESS)
    }

    fn entry_point(&self) -> u64 {
        let Some(module) = self.process.program() else { return 0 };
        let image = dumplens_core::pe::Image::read(self.memory, module.base, module.size);
        image.map_or(0, |image| module.base.wrapping_add(u64::from(image.entry_point())))
    }
}

/// The number of `$t0` to `$t19`, from the name behind the `$`.
pub(crate) fn temporary(name: &str) -> Option<usize> {
    let number = name.strip_prefix(['t', 'T'])?;
    number.parse::<usize>().ok().filter(|n| *n < 20 && !number.starts_with('+'))
}
