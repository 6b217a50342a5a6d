//! Object information behind handles, as dumps of builds 14393 and 26200 hold it: numbers of
//! MINIDUMP_HANDLE_OBJECT_INFORMATION_TYPE, and what NtQuery… returns.

use crate::bytes::{Fields, Push};

/// One link of a handle's chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Information {
    /// InfoType.
    pub kind: u32,
    /// The information, of any length.
    pub bytes: Vec<u8>,
}

impl Information {
    /// A thread: exit status (0x103 while it runs), process and thread ID.
    pub fn thread(exit_status: u32, process: u32, thread: u32) -> Self {
        let mut b = Fields::flat(48);
        b.u32(0, exit_status);
        b.u64(8, 0x7FF0_0000);
        b.u64(16, process.into());
        b.u64(24, thread.into());
        b.u64(32, 0xFF);
        b.u32(44, 8);
        Information { kind: 1, bytes: b.bytes }
    }

    /// A mutant: its count, and whether it was abandoned.
    pub fn mutant(count: i32, abandoned: bool) -> Self {
        let mut bytes = count.to_le_bytes().to_vec();
        bytes.extend([0, u8::from(abandoned), 0, 0]);
        Information { kind: 2, bytes }
    }

    /// Who holds a mutant; zeros for nobody.
    pub fn mutant_owner(process: u32, thread: u32) -> Self {
        let mut bytes = Vec::new();
        bytes.u64(process.into());
        bytes.u64(thread.into());
        Information { kind: 3, bytes }
    }

    /// A process: exit status and ID.
    pub fn process(exit_status: u32, process: u32) -> Self {
        let mut b = Fields::flat(48);
        b.u32(0, exit_status);
        b.u64(32, process.into());
        Information { kind: 4, bytes: b.bytes }
    }

    /// An event: 0 manual or 1 auto, and whether it is signalled.
    pub fn event(kind: u32, signalled: bool) -> Self {
        let mut bytes = Vec::new();
        bytes.u32(kind);
        bytes.u32(signalled.into());
        Information { kind: 6, bytes }
    }

    /// A section, bytes.
    pub fn section(size: u64) -> Self {
        let mut bytes = vec![0; 16];
        bytes.u64(size);
        Information { kind: 7, bytes }
    }

    /// A semaphore: its count and the most.
    pub fn semaphore(count: u32, maximum: u32) -> Self {
        let mut bytes = Vec::new();
        bytes.u32(count);
        bytes.u32(maximum);
        Information { kind: 8, bytes }
    }
}
