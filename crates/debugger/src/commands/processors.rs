//! Processors other than x86 and x64: their names, the registers of ARM64, and that their code is not disassembled.

use dumplens_core::{Arch, Context, Registers};

use crate::out::Out;
use crate::session::Session;

impl Session<'_, '_> {
    /// What the debugger calls the processor.
    pub(super) fn machine_name(&self) -> String {
        match self.process.dump.arch() {
            Some(Arch::Arm64) => "ARM 64-bit (AArch64)".to_owned(),
            Some(Arch::Arm) => "ARM (NT) Thumb-2".to_owned(),
            Some(arch @ Arch::Other(_)) => arch.to_string(),
            _ if self.x86 => "x86 compatible".to_owned(),
            _ => "x64".to_owned(),
        }
    }

    /// Whether its code can be disassembled; says so if not.
    pub(super) fn is_disassembled(&self, out: &mut Out<'_>) -> bool {
        let Some(other @ (Arch::Arm64 | Arch::Arm | Arch::Other(_))) = self.process.dump.arch() else {
            return true;
        };
        out.line(format!(
            "Unable to disassemble: this is code of {other}, and dumplens knows that of x86 and x64"
        ));
        false
    }

    /// Prints the registers of ARM64, of the exception or of the thread; `false` of other processors, and without registers.
    pub(super) fn show_arm64(&self, of_exception: bool, out: &mut Out<'_>) -> bool {
        let exception = self.process.exception().filter(|_| of_exception || self.thread == self.event_thread);
        let own = || self.process.dump.context(self.thread).filter(|_| !of_exception);
        let context = exception.and_then(|exception| exception.context.clone()).or_else(own);
        let text = context.as_ref().and_then(arm64);
        if let Some(text) = &text {
            out.text(text);
        }
        text.is_some()
    }
}

/// Four to a line, as the debugger prints them.
fn arm64(context: &Context) -> Option<String> {
    let Registers::Arm64(x) = &context.registers else { return None };
    let names = (0..29).map(|n| format!("x{n}")).chain(["fp".to_owned(), "lr".to_owned()]);
    let mut shown: Vec<String> =
        names.zip(x).map(|(name, value)| format!("{name:>3}={value:016x}")).collect();
    shown.push(format!(" sp={:016x}", context.sp));
    let mut text: String = shown.chunks(4).map(|line| line.join("  ") + "\n").collect();
    text.push_str(&format!(" pc={:016x}\n", context.ip));
    Some(text)
}
