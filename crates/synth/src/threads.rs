//! Threads and the exception.

use crate::arch::Width;
use crate::bytes::{At, Fields, Push, len32};
use crate::context::Context;

/// One MINIDUMP_THREAD, with its name and its MINIDUMP_THREAD_INFO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// ThreadId.
    pub id: u32,
    /// SuspendCount.
    pub suspend_count: u32,
    /// PriorityClass.
    pub priority_class: u32,
    /// Priority.
    pub priority: u32,
    /// Address of the TEB.
    pub teb: u64,
    /// Stack.StartOfMemoryRange: the stack pointer.
    pub stack_start: u64,
    /// Stack.DataSize, bytes up to the stack's base.
    pub stack_size: u32,
    /// Registers; `None` writes an empty location.
    pub context: Option<Context>,
    /// Entry in stream 24; `None` leaves the thread out of it.
    pub name: Option<String>,
    /// Entry in stream 17; `None` leaves the thread out of it.
    pub info: Option<ThreadInfo>,
}

/// MINIDUMP_THREAD_INFO. Times in 100 ns units; create and exit since 1601.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadInfo {
    /// DumpFlags: 1 error, 2 the thread that wrote the dump, 4 exited.
    pub dump_flags: u32,
    /// DumpError, an HRESULT.
    pub dump_error: u32,
    /// ExitStatus, 259 (STILL_ACTIVE) while it runs.
    pub exit_status: u32,
    /// CreateTime, FILETIME.
    pub create_time: u64,
    /// ExitTime, FILETIME.
    pub exit_time: u64,
    /// KernelTime, duration.
    pub kernel_time: u64,
    /// UserTime, duration.
    pub user_time: u64,
    /// StartAddress.
    pub start_address: u64,
    /// Affinity, one bit per processor.
    pub affinity: u64,
}

/// Stream 6, 0xA8 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exception {
    /// Thread that it happened in.
    pub thread_id: u32,
    /// ExceptionCode.
    pub code: u32,
    /// ExceptionFlags; 1 noncontinuable.
    pub flags: u32,
    /// ExceptionRecord: address of the exception before this one.
    pub record: u64,
    /// ExceptionAddress.
    pub address: u64,
    /// ExceptionInformation, at most 15.
    pub parameters: Vec<u64>,
    /// Registers; `None` writes an empty location.
    pub context: Option<Context>,
}

/// Size and file offset: MINIDUMP_LOCATION_DESCRIPTOR.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Location {
    pub(crate) size: u32,
    pub(crate) rva: u32,
}

impl Thread {
    pub(crate) fn entry(&self, teb: u64, stack_start: u64, stack_rva: u32, context: Location) -> Vec<u8> {
        let mut t = Fields::flat(0x30);
        t.u32(0x00, self.id);
        t.u32(0x04, self.suspend_count);
        t.u32(0x08, self.priority_class);
        t.u32(0x0C, self.priority);
        t.u64(0x10, teb);
        t.u64(0x18, stack_start);
        t.u32(0x20, self.stack_size);
        t.u32(0x24, stack_rva);
        t.u32(0x28, context.size);
        t.u32(0x2C, context.rva);
        t.bytes
    }
}

impl ThreadInfo {
    fn entry(&self, id: u32, start_address: u64) -> Vec<u8> {
        let mut t = Fields::flat(0x40);
        t.u32(0x00, id);
        t.u32(0x04, self.dump_flags);
        t.u32(0x08, self.dump_error);
        t.u32(0x0C, self.exit_status);
        t.u64(0x10, self.create_time);
        t.u64(0x18, self.exit_time);
        t.u64(0x20, self.kernel_time);
        t.u64(0x28, self.user_time);
        t.u64(0x30, start_address);
        t.u64(0x38, self.affinity);
        t.bytes
    }
}

/// Stream 17; `stored` turns an address into the form that the file stores.
pub(crate) fn thread_info_list(threads: &[Thread], stored: impl Fn(u64) -> u64) -> Vec<u8> {
    let infos: Vec<_> = threads.iter().filter_map(|thread| Some((thread.id, thread.info?))).collect();
    let mut list = Vec::new();
    list.u32(0x0C);
    list.u32(0x40);
    list.u32(len32(infos.len()));
    for (id, info) in infos {
        list.extend(info.entry(id, stored(info.start_address)));
    }
    list
}

impl Exception {
    /// `stored` turns an address into the form that the file stores; parameters are written as they are.
    pub(crate) fn stream(&self, stored: impl Fn(u64) -> u64, context: Location) -> Vec<u8> {
        assert!(self.parameters.len() <= 15, "EXCEPTION_MAXIMUM_PARAMETERS");
        let mut e = Fields::flat(0xA8);
        e.u32(0x00, self.thread_id);
        e.u32(0x08, self.code);
        e.u32(0x0C, self.flags);
        e.u64(0x10, stored(self.record));
        e.u64(0x18, stored(self.address));
        e.u32(0x20, len32(self.parameters.len()));
        for (number, &parameter) in self.parameters.iter().enumerate() {
            e.u64(0x28 + 8 * number, parameter);
        }
        e.u32(0xA0, context.size);
        e.u32(0xA4, context.rva);
        e.bytes
    }

    /// EXCEPTION_RECORD as it lies on a stack, up to its last parameter. With a 64-bit one, the 4 bytes behind
    /// NumberParameters, which mean nothing, are not zero.
    pub fn record_bytes(&self, width: Width) -> Vec<u8> {
        let size = At(0x14, 0x20);
        let mut record = Fields::new(width, size);
        record.u32(0, self.code);
        record.u32(4, self.flags);
        record.pointer(At(8, 8), self.record);
        record.pointer(At(0xC, 0x10), self.address);
        record.u32_at(At(0x10, 0x18), len32(self.parameters.len()));
        if width == Width::W64 {
            record.u32(0x1C, 0x7FFF);
        }
        for parameter in &self.parameters {
            record.bytes.extend_from_slice(&parameter.to_le_bytes()[..width.bytes()]);
        }
        record.bytes
    }
}
