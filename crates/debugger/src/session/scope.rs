//! The scope: whose registers and which frame commands show.

use std::rc::Rc;

use dumplens_analyzer::stack::Stack;
use dumplens_core::{Context, CpuState};

use super::Session;
use crate::machine::halved;

impl Session<'_, '_> {
    /// The thread's registers as the thread list has them; those of the exception are `.ecxr`'s.
    pub(crate) fn thread_state(&mut self, thread: usize) -> Option<CpuState> {
        let state = self.own_state(thread)?;
        Some(if self.is_guest() && !self.is_wow64() { halved(state) } else { state })
    }

    fn own_state(&mut self, thread: usize) -> Option<CpuState> {
        if let Some(state) = self.states.get(&thread) {
            return Some(state.clone());
        }
        if self.is_guest() && self.is_wow64() {
            let state = self.guest_state(thread)?;
            self.states.insert(thread, state.clone());
            return Some(state);
        }
        let dump = self.process.dump;
        let of_event = || dump.exception_cpu_state().filter(|_| thread == self.event_thread);
        let state = dump.cpu_state(thread).or_else(of_event)?;
        self.states.insert(thread, state.clone());
        Some(state)
    }

    /// The registers that commands show now.
    pub(crate) fn state(&mut self) -> Option<CpuState> {
        match &self.context {
            Some(state) => Some(state.clone()),
            None => self.thread_state(self.thread),
        }
    }

    /// Changes the registers that commands show; the dump stays as it is.
    pub(crate) fn set_state(&mut self, state: CpuState) {
        self.stacks.clear();
        match &mut self.context {
            Some(context) => *context = state,
            None => {
                self.states.insert(self.thread, state);
            }
        }
    }

    /// Registers and stacks are read anew: those of another machine.
    pub(crate) fn forget_states(&mut self) {
        if self.is_wow64() {
            self.states.clear();
        }
        self.stacks.clear();
    }

    /// Makes another thread the current one.
    pub(crate) fn set_thread(&mut self, thread: usize) {
        self.thread = thread;
        self.reset_scope();
        self.scoped = true;
    }

    /// `.cxr`: back to the thread's own registers.
    pub(crate) fn reset_scope(&mut self) {
        self.context = None;
        (self.frame, self.frame_base, self.frame_shown, self.scoped) = (0, 0, false, false);
    }

    /// The stack of the current thread from the registers that commands show.
    pub(crate) fn stack(&mut self) -> Rc<Stack> {
        let Some(state) = self.state() else {
            return Rc::new(self.walker.walk(self.thread));
        };
        let key = (self.thread, state.ip, state.general[4]);
        if let Some(stack) = self.stacks.get(&key) {
            return Rc::clone(stack);
        }
        let stack = Rc::new(self.walk(&state.context()));
        self.stacks.insert(key, Rc::clone(&stack));
        stack
    }

    /// A stack from any registers.
    pub(crate) fn walk(&mut self, context: &Context) -> Stack {
        let stack = self.walker.walk_context(self.thread, context);
        self.as_engine(stack)
    }
}
