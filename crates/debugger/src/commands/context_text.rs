//! A context as `r` prints it.

use dumplens_core::CpuState;

use crate::out::Out;
use crate::session::Session;

/// The registers and flags, without the instruction.
pub(crate) fn general_lines(state: &CpuState, x86: bool) -> String {
    let g = |n: usize| state.general[n];
    let [cs, ss, ds, es, fs, gs] = state.segments;
    let (flags, efl) = (flags(state.eflags, x86), state.eflags);
    let segments = format!(
        "cs={cs:04x}  ss={ss:04x}  ds={ds:04x}  es={es:04x}  fs={fs:04x}  gs={gs:04x}             efl={efl:08x}\n"
    );
    if x86 {
        return format!(
            "eax={:08x} ebx={:08x} ecx={:08x} edx={:08x} esi={:08x} edi={:08x}\neip={:08x} esp={:08x} ebp={:08x} {flags}\n{segments}",
            g(0) as u32,
            g(3) as u32,
            g(1) as u32,
            g(2) as u32,
            g(6) as u32,
            g(7) as u32,
            state.ip as u32,
            g(4) as u32,
            g(5) as u32,
        );
    }
    format!(
        "rax={:016x} rbx={:016x} rcx={:016x}\nrdx={:016x} rsi={:016x} rdi={:016x}\nrip={:016x} rsp={:016x} rbp={:016x}\n r8={:016x}  r9={:016x} r10={:016x}\nr11={:016x} r12={:016x} r13={:016x}\nr14={:016x} r15={:016x}\n{flags}\n{segments}",
        g(0),
        g(3),
        g(1),
        g(2),
        g(6),
        g(7),
        state.ip,
        g(4),
        g(5),
        g(8),
        g(9),
        g(10),
        g(11),
        g(12),
        g(13),
        g(14),
        g(15),
    )
}

/// `iopl=0         nv up ei pl zr na pe nc`. The engine has `pe` and `po` the other way round on x64.
fn flags(efl: u32, x86: bool) -> String {
    let is = |bit: u32, yes: &'static str, no: &'static str| if efl >> bit & 1 == 1 { yes } else { no };
    format!(
        "iopl={} {} {} {} {} {} {} {} {} {} {}",
        efl >> 12 & 3,
        is(20, "vip", "   "),
        is(19, "vif", "   "),
        is(11, "ov", "nv"),
        is(10, "dn", "up"),
        is(9, "ei", "di"),
        is(7, "ng", "pl"),
        is(6, "zr", "nz"),
        is(4, "ac", "na"),
        if x86 { is(2, "pe", "po") } else { is(2, "po", "pe") },
        is(0, "cy", "nc"),
    )
}

impl Session<'_, '_> {
    /// What `r` prints, the current instruction with it.
    pub(crate) fn show_registers(&mut self, out: &mut Out<'_>) {
        match self.state() {
            Some(state) => {
                out.text(&general_lines(&state, self.x86));
                self.show_instruction(&state, true, out);
            }
            None if self.show_arm64(false, out) => {}
            None => out.line("Unable to get current machine context, HRESULT 0x80004002"),
        }
    }
}
