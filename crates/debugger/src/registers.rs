//! Registers by name, real and pseudo.

use dumplens_core::CpuState;

use crate::session::Session;

const X64: [&str; 16] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15",
];
const X86: [&str; 8] = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
const WORDS: [&str; 8] = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const LOW: [&str; 8] = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"];
const HIGH: [&str; 4] = ["ah", "ch", "dh", "bh"];
const SEGMENTS: [&str; 6] = ["cs", "ss", "ds", "es", "fs", "gs"];
const FLAGS: [(&str, u32); 11] = [
    ("cf", 0),
    ("pf", 2),
    ("af", 4),
    ("zf", 6),
    ("sf", 7),
    ("tf", 8),
    ("if", 9),
    ("df", 10),
    ("of", 11),
    ("vif", 19),
    ("vip", 20),
];

/// What the engine shows where a dump does not tell the process.
const UNKNOWN_PROCESS: u64 = 0xf0f0_f0f0;

/// STATUS_BREAKPOINT.
const BREAKPOINT: u64 = 0x8000_0003;

/// A register that has a place in the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Register {
    /// Number, bytes, and the bits that it is shifted by.
    General {
        number: usize,
        bytes: u8,
        shift: u8,
    },
    Ip,
    Flags,
    Flag(u32),
    Segment(usize),
    Xmm(usize),
    St(usize),
    Mm(usize),
    Mxcsr,
    Control(u8),
    Debug(usize),
}

/// The register of a name in any case; `x86` says which processor's names count.
pub(crate) fn register(name: &str, x86: bool) -> Option<Register> {
    let name = name.to_ascii_lowercase();
    let at = |names: &[&str]| names.iter().position(|known| *known == name);
    let general = |number, bytes, shift| Register::General { number, bytes, shift };
    if let Some(number) = at(&X64).filter(|_| !x86) {
        return Some(general(number, 8, 0));
    }
    if let Some(number) = at(&X86) {
        return Some(general(number, 4, 0));
    }
    if let Some(number) = at(&WORDS) {
        return Some(general(number, 2, 0));
    }
    if let Some(number) = at(&LOW).filter(|n| !x86 || *n < 4) {
        return Some(general(number, 1, 0));
    }
    if let Some(number) = at(&HIGH) {
        return Some(general(number, 1, 8));
    }
    if let Some(number) = at(&SEGMENTS) {
        return Some(Register::Segment(number));
    }
    if let Some((_, bit)) = FLAGS.iter().find(|(flag, _)| *flag == name) {
        return Some(Register::Flag(*bit));
    }
    let numbered =
        |prefix: &str, most: usize| name.strip_prefix(prefix)?.parse::<usize>().ok().filter(|n| *n < most);
    if !x86 && name.starts_with('r') {
        for (suffix, bytes) in [("d", 4), ("w", 2), ("b", 1)] {
            let number = name.strip_suffix(suffix).and_then(|n| X64.iter().position(|known| *known == n));
            if let Some(number) = number.filter(|n| *n >= 8) {
                return Some(general(number, bytes, 0));
            }
        }
    }
    Some(match name.as_str() {
        "rip" if !x86 => Register::Ip,
        "eip" | "ip" => Register::Ip,
        "efl" => Register::Flags,
        "mxcsr" => Register::Mxcsr,
        "fpcw" => Register::Control(0),
        "fpsw" => Register::Control(1),
        "fptw" => Register::Control(2),
        _ => {
            let registers = if x86 { 8 } else { 16 };
            if let Some(n) = numbered("xmm", registers) {
                Register::Xmm(n)
            } else if let Some(n) = numbered("st", 8) {
                Register::St(n)
            } else if let Some(n) = numbered("mm", 8) {
                Register::Mm(n)
            } else {
                let n = numbered("dr", 8)?;
                Register::Debug([0, 1, 2, 3, 6, 7].iter().position(|known| *known == n)?)
            }
        }
    })
}

impl Register {
    /// The value in a context, cut to the register's size.
    pub(crate) fn value(self, state: &CpuState) -> u64 {
        match self {
            Register::General { number, bytes, shift } => cut(state.general[number] >> shift, bytes),
            Register::Ip => state.ip,
            Register::Flags => u64::from(state.eflags),
            Register::Flag(bit) => u64::from(state.eflags >> bit & 1),
            Register::Segment(n) => u64::from(state.segments[n]),
            Register::Xmm(n) => (state.xmm[n] & u128::from(u64::MAX)) as u64,
            Register::St(n) | Register::Mm(n) => {
                let mut bytes = [0; 8];
                bytes.copy_from_slice(&state.st[n][..8]);
                u64::from_le_bytes(bytes)
            }
            Register::Mxcsr => u64::from(state.mxcsr),
            Register::Control(0) => u64::from(state.x87.control),
            Register::Control(1) => u64::from(state.x87.status),
            Register::Control(_) => u64::from(state.x87.tag),
            Register::Debug(n) => state.debug[n],
        }
    }

    /// The value that expressions see: of eax on x64 the whole of rax.
    pub(crate) fn in_expression(self, state: &CpuState) -> u64 {
        match self {
            Register::General { number, bytes: 4, shift: 0 } => state.general[number],
            other => other.value(state),
        }
    }

    /// Changes the register in a context.
    pub(crate) fn set(self, state: &mut CpuState, value: u64) {
        match self {
            Register::General { number, bytes, shift } => {
                let mask = cut(u64::MAX, bytes) << shift;
                state.general[number] = state.general[number] & !mask | value << shift & mask;
            }
            Register::Ip => state.ip = value,
            Register::Flags => state.eflags = cut(value, 4) as u32,
            Register::Flag(bit) => {
                state.eflags = state.eflags & !(1 << bit) | u32::from(value & 1 == 1) << bit;
            }
            Register::Segment(n) => state.segments[n] = cut(value, 2) as u16,
            Register::Xmm(n) => state.xmm[n] = u128::from(value),
            Register::St(n) | Register::Mm(n) => state.st[n][..8].copy_from_slice(&value.to_le_bytes()),
            Register::Mxcsr => state.mxcsr = cut(value, 4) as u32,
            Register::Control(0) => state.x87.control = cut(value, 2) as u16,
            Register::Control(1) => state.x87.status = cut(value, 2) as u16,
            Register::Control(_) => state.x87.tag = cut(value, 2) as u16,
            Register::Debug(n) => state.debug[n] = value,
        }
    }
}

fn cut(value: u64, bytes: u8) -> u64 {
    if bytes >= 8 { value } else { value & ((1 << (8 * u32::from(bytes))) - 1) }
}

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
            "retreg" => self.state().map_or(0, |s| s.general[0]),
            "retreg64" => self.state().map_or(0, |s| s.general[0]),
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
