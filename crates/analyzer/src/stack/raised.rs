//! The stack as it was when an earlier exception was raised.
//!
//! The functions that raised it need not be on the stack that a walk shows: a catch block runs below them, and the walk
//! goes on with the function that has it. But they are still there. The record lies in the frame of the function that
//! raised, so the stack pointer of that frame is a little below; the right one is that from which the unwind data leads
//! through return addresses that all follow a call.

use super::context::{Kind, Start};
use super::registers::SP;
use super::{Registers, Stack, Walker};

/// How far below its record the stack pointer of `RaiseException` is looked for; it has 0x20 bytes for arguments there.
const BELOW: u64 = 0x200;
/// Callers that must follow calls.
const PROVEN: usize = 3;

impl Walker<'_, '_> {
    /// The stack of a thread from where a record at `record` says that an exception was raised. x64 only: elsewhere no
    /// unwind data would tell a right stack pointer from a wrong one.
    pub(crate) fn walk_raised(&self, thread: usize, record: u64, address: u64) -> Option<Stack> {
        let process = self.process();
        let of = process.threads.get(thread)?;
        if process.dump.arch() != Some(dumplens_core::Arch::X64) {
            return None;
        }
        (0..BELOW / 8).find_map(|n| {
            let mut registers = Registers::default();
            registers.set(SP, record.checked_sub(n * 8)?);
            let stack = self.walk_from(of, &Start { kind: Kind::X64, ip: address, registers });
            let callers = stack.frames.get(1..=PROVEN)?;
            callers.iter().all(|caller| self.code().call_before(caller.ip, 64).is_some()).then_some(stack)
        })
    }
}
