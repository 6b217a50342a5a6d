//! The effective machine: of a WOW64 process the 32-bit half too.

use dumplens_core::process::Context32;
use dumplens_core::{CpuState, Width};

use crate::session::Session;

impl Session<'_, '_> {
    /// Whether the commands look at the 32-bit half of a 64-bit dump.
    pub(crate) fn is_guest(&self) -> bool {
        self.x86 && self.process.dump.width() == Width::Bits64
    }

    /// Whether the process has a 32-bit half.
    pub(crate) fn is_wow64(&self) -> bool {
        self.process.threads.iter().any(|thread| thread.teb32.is_some())
    }

    /// Looks at 32-bit code, or at 64-bit code, with the thread's own registers; false where a 32-bit process has none.
    pub(crate) fn set_machine(&mut self, x86: bool) -> bool {
        if !x86 && self.process.dump.width() == Width::Bits32 {
            return false;
        }
        if self.x86 != x86 {
            self.x86 = x86;
            self.forget_states();
            self.reset_scope();
        }
        true
    }

    /// The registers with which a thread left its 32-bit code.
    pub(crate) fn guest_state(&self, thread: usize) -> Option<CpuState> {
        let thread = self.process.threads.get(thread)?;
        let saved = Context32::saved(self.memory, thread.teb.as_ref()?, thread.teb32.as_ref()?)?;
        let [_, _, (context, _), _] = saved.spans;
        CpuState::read(self.memory, context, Width::Bits32).ok()?
    }
}

/// The low halves of 64-bit registers: what the engine shows for x86 of a process that has no 32-bit code.
pub(crate) fn halved(mut state: CpuState) -> CpuState {
    for register in state.general.iter_mut().chain([&mut state.ip]) {
        *register &= 0xffff_ffff;
    }
    state.width = Width::Bits32;
    state
}
