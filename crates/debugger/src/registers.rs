//! Registers of the processor by name.

use dumplens_core::CpuState;

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

/// The name of a general register.
pub(crate) fn general_name(number: u8, x86: bool) -> Option<&'static str> {
    let names: &[&str] = if x86 { &X86 } else { &X64 };
    names.get(usize::from(number)).copied()
}

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
