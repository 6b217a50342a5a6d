//! A process around a program: images, environment, two threads, and Windows' part in how it ends.

use std::collections::BTreeMap;

use super::dispatch::Handling;
use super::{runtime32, runtime64};
use crate::address_space::{AddressSpace, Part};
use crate::bytes::low32;
use crate::constants::{MEM_FREE, MEM_PRIVATE, PAGE, PAGE_GUARD, PAGE_READONLY, PAGE_READWRITE};
use crate::context::Context;
use crate::machine::{AX, CX, Code, Cpu, Data, Machine, Program, Unit};
use crate::memory::Range;
use crate::presets::common::{FIRST_TID, STACK_SIZE, code_view, describe, finish, map, running, shared_data};
use crate::presets::small::{Addresses, environment_block};
use crate::process::Process;
use crate::threads::{Exception, Thread};
use crate::{Arch, CppThrow, Teb, Width};

/// Where the images of Windows and the runtime lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bases {
    pub(super) ntdll: u64,
    pub(super) kernel32: u64,
    pub(super) kernelbase: u64,
    pub(super) vcruntime: u64,
    pub(super) ucrtbase: u64,
    pub(super) heap: u64,
}

impl Bases {
    fn of(at: &Addresses) -> Bases {
        Bases {
            ntdll: at.ntdll,
            kernel32: at.ntdll - 0x30_0000,
            kernelbase: at.ntdll - 0x60_0000,
            vcruntime: at.ntdll - 0x140_0000,
            ucrtbase: at.ntdll - 0x90_0000,
            heap: at.heap,
        }
    }
}

/// A process while it is made.
pub(super) struct World {
    pub(super) process: Process,
    pub(super) space: AddressSpace,
    pub(super) program: Program,
    pub(super) at: Addresses,
    /// LastErrorValue and LastStatusValue of the first thread.
    pub(super) last: (u32, u32),
    /// What system calls answer, by number; a thread stops in those that are not here.
    pub(super) answers: BTreeMap<u64, u64>,
    /// What becomes of exceptions, the next one last.
    pub(super) handling: Vec<Handling>,
    /// Committed bytes of each stack.
    pub(super) stack: u64,
}

/// RVA in the application's image where a ThrowInfo goes, and what it describes.
type ThrowInfos = &'static [(&'static str, &'static [&'static str])];

impl World {
    /// A process with the functions and data of app.exe.
    pub(super) fn new(at: Addresses, code: Vec<Code>, data: Vec<Data>) -> World {
        World::with_stack(at, code, data, 0x4000)
    }

    /// The same, with so much of each stack committed; at [`STACK_SIZE`] no guard page is left.
    pub(super) fn with_stack(at: Addresses, code: Vec<Code>, data: Vec<Data>, stack: u64) -> World {
        let app = Unit {
            path: "C:\\Program Files\\Acme\\app.exe",
            base: at.app,
            code,
            data,
            exports: false,
            code_view: Some(code_view(0x10, "C:\\build\\app.pdb")),
        };
        let (arch, system) = match at.width {
            Width::W32 => (Arch::X86, runtime32::units(&Bases::of(&at))),
            Width::W64 => (Arch::X64, runtime64::units(&Bases::of(&at), at.app)),
        };
        let units: Vec<Unit> = [vec![app], system].concat();
        let program = Program::link(at.width, &units);
        let (mut process, mut space) = (Process { arch, ..Process::default() }, AddressSpace::default());
        shared_data(&mut process, &mut space);
        for (path, image) in &program.images {
            let version = if image.base == at.app { [1, 2, 3, 4] } else { [10, 0, 19041, 3570] };
            map(&mut process, &mut space, image, path, version);
        }
        environment_block(&mut space, at.peb, at.tebs[1] + 2 * PAGE - at.peb);
        space.allocate(at.heap, &[Part::private(PAGE, PAGE_READWRITE), Part::reserved(0xFF * PAGE)]);
        space.allocate(at.mapped, &[Part::mapped(PAGE, PAGE_READONLY)]);
        for base in at.stacks {
            allocate_stack(&mut space, base, stack);
        }
        at.environment(&mut process);
        describe(&mut process);
        process.comment = None;
        World {
            process,
            space,
            program,
            at,
            last: (0, 0),
            answers: BTreeMap::new(),
            handling: Vec::new(),
            stack,
        }
    }

    /// Puts the ThrowInfos for which app.exe has room.
    pub(super) fn throw_infos(&mut self, infos: ThrowInfos) {
        for (name, types) in infos {
            let thrown = CppThrow {
                width: self.at.width,
                image: self.at.app,
                rva: self.program.rva(0, name),
                object: 0,
                types: types.iter().map(|name| (*name).to_owned()).collect(),
                displacements: Vec::new(),
            };
            thrown.raise(&mut self.process);
        }
    }

    /// Reserves whatever is free but for `piece` bytes at the start of each gap.
    pub(super) fn crowd(&mut self, piece: u64) {
        for gap in self.space.regions(self.at.top).iter().filter(|region| region.state == MEM_FREE) {
            let from = (gap.base + piece).next_multiple_of(0x1_0000);
            if let Some(size) = (gap.base + gap.size).checked_sub(from).filter(|size| *size > 0) {
                self.space.allocate(from, &[Part::reserved(size)]);
            }
        }
    }

    /// A committed read-write allocation with these words at its beginning.
    pub(super) fn allocate(&mut self, base: u64, size: u64, words: &[u64]) {
        self.space.allocate(base, &[Part::private(size.next_multiple_of(PAGE), PAGE_READWRITE)]);
        self.put_words(base, words);
    }

    /// Words of the process's width.
    pub(super) fn put_words(&mut self, at: u64, words: &[u64]) {
        let width = self.at.width.bytes();
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()[..width].to_vec()).collect();
        self.process.put(at, &bytes);
    }

    /// Lists a thread whose stack and registers are there.
    fn thread(&mut self, number: usize, context: &Context, start: u64) {
        let base = self.at.stack_base(number);
        let teb = Teb {
            stack_limit: base - self.stack,
            last_error: if number == 0 { self.last.0 } else { 0 },
            last_status: if number == 0 { self.last.1 } else { 0 },
            ..self.at.teb(u32::try_from(number).expect("two threads"))
        };
        self.process.put(teb.own_address, &teb.to_bytes(self.at.width));
        self.process.threads.push(Thread {
            id: teb.tid,
            priority_class: 0x20,
            teb: teb.own_address,
            stack_start: context.sp,
            stack_size: low32(base - context.sp),
            context: Some(context.clone()),
            name: Some(if number == 0 { "main" } else { "worker" }.into()),
            info: Some(running(start)),
            ..Thread::default()
        });
    }

    /// Runs both threads to their ends: one through `main`, the other through `worker`. What ends the first is the
    /// dump's exception, unless it waits.
    pub(super) fn run(&mut self) {
        self.run_thread(0, "main");
        self.run_thread(1, "worker");
    }

    /// Runs a thread from a function of app.exe on.
    pub(super) fn run_thread(&mut self, number: usize, function: &str) {
        let start = self.program.address(function);
        let entry = self.program.address("RtlUserThreadStart");
        let mut cpu = Cpu::start(entry, self.at.stack_base(number), self.at.width);
        match self.at.width {
            Width::W64 => cpu.set(CX, start),
            Width::W32 => cpu.set(AX, start),
        }
        let stop = loop {
            let stop = {
                let World { program, process, space, .. } = self;
                cpu.run(&mut Machine { program, process, space })
            };
            if !self.answer(&mut cpu, stop) {
                break stop;
            }
        };
        let exception = self.exception(&cpu, stop);
        let context = exception.as_ref().and_then(|e| e.context.clone()).unwrap_or_else(|| cpu.context());
        self.thread(number, &context, start);
        if let Some(exception) = exception {
            let thread_id = FIRST_TID + 4 * u32::try_from(number).expect("two threads");
            self.process.exception = Some(Exception { thread_id, ..exception });
        }
    }

    /// A little-endian number in the process.
    pub(super) fn read(&self, at: u64, size: u64) -> u64 {
        let mut value = [0; 8];
        for (at, bytes) in self.process.contents.inside(Range { start: at, size }) {
            let at = crate::bytes::to_usize(at);
            value[at..at + bytes.len()].copy_from_slice(bytes);
        }
        u64::from_le_bytes(value)
    }

    /// Lists of regions and kept memory.
    pub(super) fn finish(self) -> Process {
        let World { mut process, space, at, .. } = self;
        finish(&mut process, &space, at.top);
        // Of a large buffer only the first page holds anything; the map says that there is more.
        for range in process.memory.iter_mut().filter(|range| range.size > 1 << 20) {
            range.size = PAGE;
        }
        process
    }
}

/// A stack of which so much is committed below its base.
fn allocate_stack(space: &mut AddressSpace, base: u64, committed: u64) {
    let guard = 3 * PAGE;
    if committed + guard > STACK_SIZE {
        let lowest = Part { kind: MEM_PRIVATE, ..Part::reserved(STACK_SIZE - committed) };
        space.allocate(base, &[lowest, Part::private(committed, PAGE_READWRITE)]);
        return;
    }
    let parts = [
        Part::reserved(STACK_SIZE - guard - committed),
        Part::private(guard, PAGE_READWRITE | PAGE_GUARD),
        Part::private(committed, PAGE_READWRITE),
    ];
    space.allocate(base, &parts);
}
