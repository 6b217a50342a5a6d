//! A small process of either width: app.exe and ntdll.dll, one thread that crashed and one that waits.

use super::common::{
    FIRST_TID, PID, STACK_SIZE, code_view, describe, finish, map, parameters, running, shared_data, stack,
};
use super::{code32, code64};
use crate::address_space::{AddressSpace, Part};
use crate::bytes::low32;
use crate::constants::{MEM_COMMIT, MEM_MAPPED, PAGE, PAGE_READONLY, PAGE_READWRITE};
use crate::heap::{NtHeap, NtLayout, NtSegment};
use crate::process::Process;
use crate::threads::{Exception, Thread};
use crate::{Context, Peb, Teb, Width};

/// Where the parts of a small process lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Width of the process.
    pub width: Width,
    /// Base of app.exe.
    pub app: u64,
    /// Base of ntdll.dll.
    pub ntdll: u64,
    /// The PEB; the allocation around it (2 MiB, reserved but for PEB and TEBs) begins 0x10000 lower.
    pub peb: u64,
    /// TEBs of the thread that crashed and of the one that waits, 2 pages each, behind the PEB.
    pub tebs: [u64; 2],
    /// DeallocationStack of both threads: 1 MiB each, the top page committed, 3 guard pages below it.
    pub stacks: [u64; 2],
    /// The process heap: an NT heap of one segment, one committed page of 1 MiB. The array of heap handles is at +0x7F0,
    /// the process parameters at +0x800, in place of blocks.
    pub heap: u64,
    /// A mapped read-only page.
    pub mapped: u64,
    /// Exclusive end of the address space.
    pub top: u64,
}

impl Addresses {
    /// RTL_USER_PROCESS_PARAMETERS.
    pub fn parameters(&self) -> u64 {
        self.heap + 0x800
    }

    /// The array that PEB.ProcessHeaps points to.
    pub fn process_heaps(&self) -> u64 {
        self.heap + 0x7F0
    }

    /// StackBase of a thread.
    pub fn stack_base(&self, thread: usize) -> u64 {
        self.stacks[thread] + STACK_SIZE
    }

    /// Instruction addresses of the crashed thread, innermost first.
    pub fn crashed_frames(&self) -> [u64; 4] {
        match self.width {
            Width::W32 => code32::crashed_frames(self.app, self.ntdll),
            Width::W64 => code64::crashed_frames(self.app, self.ntdll),
        }
    }

    /// Instruction addresses of the waiting thread, innermost first.
    pub fn waiting_frames(&self) -> [u64; 3] {
        match self.width {
            Width::W32 => code32::waiting_frames(self.app, self.ntdll),
            Width::W64 => code64::waiting_frames(self.app, self.ntdll),
        }
    }

    /// The whole process; `process` says the architecture.
    pub(super) fn build(&self, process: Process) -> Process {
        let (mut process, space) = self.begin(process);
        finish(&mut process, &space, self.top);
        process
    }

    /// The process without its lists of regions and kept memory, and the allocations so far.
    pub(super) fn begin(&self, mut process: Process) -> (Process, AddressSpace) {
        let mut space = AddressSpace::default();
        shared_data(&mut process, &mut space);
        self.images(&mut process, &mut space);
        self.allocate(&mut space);
        self.environment(&mut process);
        self.threads(&mut process);
        describe(&mut process);
        (process, space)
    }

    fn images(&self, process: &mut Process, space: &mut AddressSpace) {
        let records = (code_view(0x10, "C:\\build\\app.pdb"), code_view(0x20, "ntdll.pdb"));
        let (app, ntdll) = match self.width {
            Width::W32 => {
                (code32::app(self.app, self.ntdll, records.0), code32::ntdll(self.ntdll, records.1))
            }
            Width::W64 => {
                (code64::app(self.app, self.ntdll, records.0), code64::ntdll(self.ntdll, records.1))
            }
        };
        map(process, space, &app, "C:\\Program Files\\Acme\\app.exe", [1, 2, 3, 4]);
        map(process, space, &ntdll, "C:\\Windows\\System32\\ntdll.dll", [10, 0, 19041, 3570]);
    }

    fn allocate(&self, space: &mut AddressSpace) {
        environment_block(space, self.peb, self.tebs[1] + 2 * PAGE - self.peb);
        space.allocate(self.heap, &[Part::private(PAGE, PAGE_READWRITE), Part::reserved(0xFF * PAGE)]);
        let view = Part { size: PAGE, state: MEM_COMMIT, protect: PAGE_READONLY, kind: MEM_MAPPED };
        space.allocate(self.mapped, &[view]);
        for address in self.stacks {
            stack(space, address);
        }
    }

    /// PEB, process parameters, heap handles.
    pub(super) fn environment(&self, process: &mut Process) {
        process.put(self.mapped, b"mapped read-only data");
        let layout = if self.width == Width::W32 { NtLayout::Win10X86 } else { NtLayout::Win10X64 };
        let segments = vec![NtSegment::new(self.heap, 0xFF, 1)];
        NtHeap { segments, ..NtHeap::new(layout, self.heap) }.put(process);
        let peb = Peb {
            image_base: self.app,
            process_parameters: self.parameters(),
            process_heap: self.heap,
            number_of_heaps: 1,
            process_heaps: self.process_heaps(),
            ..Peb::default()
        };
        process.put(self.peb, &peb.to_bytes(self.width));
        process.put(self.process_heaps(), &self.heap.to_le_bytes()[..self.width.bytes()]);
        process.put(self.parameters(), &parameters(self.parameters()).to_bytes(self.width));
    }

    fn threads(&self, process: &mut Process) {
        let (crashed, waiting) = self.stack_contents(process);
        self.thread(process, 0, &crashed, "main");
        self.thread(process, 1, &waiting, "worker");
        process.exception = Some(Exception {
            thread_id: FIRST_TID,
            code: 0xC000_0005,
            address: crashed.ip,
            parameters: vec![0, code64::BAD_ADDRESS],
            context: Some(crashed),
            ..Exception::default()
        });
    }

    /// Frames of both threads, and their registers.
    pub(super) fn stack_contents(&self, process: &mut Process) -> (Context, Context) {
        let (app, ntdll, bases) = (self.app, self.ntdll, [self.stack_base(0), self.stack_base(1)]);
        match self.width {
            Width::W32 => (
                code32::crashed(process, app, ntdll, bases[0]),
                code32::waiting(process, app, ntdll, bases[1]),
            ),
            Width::W64 => (
                code64::crashed(process, app, ntdll, bases[0]),
                code64::waiting(process, app, ntdll, bases[1]),
            ),
        }
    }

    fn thread(&self, process: &mut Process, number: u32, context: &Context, name: &str) {
        let teb = self.teb(number);
        process.put(teb.own_address, &teb.to_bytes(self.width));
        let start = if self.width == Width::W32 { code32::START } else { code64::START };
        process.threads.push(Thread {
            id: teb.tid,
            priority_class: 0x20,
            teb: teb.own_address,
            stack_start: context.sp,
            stack_size: low32(teb.stack_base - context.sp),
            context: Some(context.clone()),
            name: Some(name.into()),
            info: Some(running(self.app + start)),
            ..Thread::default()
        });
    }

    /// The TEB of a thread; the first one's last error is ERROR_NOT_ENOUGH_MEMORY, its last status
    /// STATUS_NO_MEMORY.
    pub(super) fn teb(&self, number: u32) -> Teb {
        let index = number as usize;
        Teb {
            exception_list: u64::MAX,
            stack_base: self.stack_base(index),
            stack_limit: self.stack_base(index) - PAGE,
            own_address: self.tebs[index],
            pid: PID,
            tid: FIRST_TID + 4 * number,
            peb: self.peb,
            last_error: if number == 0 { 8 } else { 0 },
            last_status: if number == 0 { 0xC000_0017 } else { 0 },
            deallocation_stack: self.stacks[index],
            ..Teb::default()
        }
    }
}

/// 2 MiB of which `committed` bytes from `peb` on are committed.
pub(super) fn environment_block(space: &mut AddressSpace, peb: u64, committed: u64) {
    let before = 0x1_0000;
    let parts = [
        Part::reserved(before),
        Part::private(committed, PAGE_READWRITE),
        Part::reserved(0x20_0000 - before - committed),
    ];
    space.allocate(peb - before, &parts);
}
