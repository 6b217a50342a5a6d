//! A process around a program: images, environment, two threads, and Windows' part in how it ends.

use std::collections::BTreeMap;

use super::{runtime32, runtime64};
use crate::address_space::{AddressSpace, Part};
use crate::bytes::low32;
use crate::constants::{MEM_FREE, MEM_PRIVATE, PAGE, PAGE_GUARD, PAGE_READONLY, PAGE_READWRITE};
use crate::context::Context;
use crate::machine::{AX, CX, Code, Cpu, DX, Data, Machine, Program, SP, Stop, Unit};
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

/// What becomes of an exception.
#[derive(Clone, Copy, Debug)]
pub(super) enum Handling {
    /// Nobody wants it: the dump is written here.
    Unhandled,
    /// It meets a function that may not throw.
    Terminate,
    /// A function's catch block runs, below what was thrown.
    Catch { function: &'static str, handler: &'static str },
    /// A function's catch block is over, and it goes on.
    Caught { function: &'static str, label: &'static str },
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

const GUARD_PAGE_VIOLATION: u32 = 0x8000_0001;
const ACCESS_VIOLATION: u32 = 0xC000_0005;
const STACK_OVERFLOW: u32 = 0xC000_00FD;

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

    /// Lets a thread go on where Windows does; false where it ends.
    fn answer(&mut self, cpu: &mut Cpu, stop: Stop) -> bool {
        match stop {
            Stop::Syscall(number) => {
                let status = self.answers.get(&number);
                if let Some(status) = status {
                    cpu.set(AX, *status);
                }
                status.is_some()
            }
            Stop::Dispatch => {
                let thrown = raised_at(cpu, self.at.width);
                self.process.put(cpu.get(DX), &thrown.to_bytes(self.process.arch));
                match self.handling.pop().unwrap_or(Handling::Unhandled) {
                    Handling::Unhandled => return false,
                    Handling::Terminate => cpu.set(
                        AX,
                        self.program.address(match self.at.width {
                            Width::W32 => "__CxxFrameHandler3",
                            Width::W64 => "__CxxFrameHandler4",
                        }),
                    ),
                    Handling::Catch { function, handler } => self.catch(cpu, function, handler),
                    Handling::Caught { function, label } => {
                        let site = self.site(cpu, function);
                        let target = self.program.label(function, label);
                        let caught = cpu.calls[site];
                        cpu.registers = caught.registers;
                        cpu.set(SP, caught.sp);
                        cpu.ip = target;
                        cpu.calls.truncate(site);
                    }
                }
                true
            }
            _ => false,
        }
    }

    /// The innermost call that a function has made and that has not returned.
    fn site(&self, cpu: &Cpu, function: &str) -> usize {
        let within = |ip: u64| self.program.function_at(ip - 1) == Some(function);
        cpu.calls.iter().rposition(|call| within(call.ip)).expect("a function that was called")
    }

    /// Runs a catch block the way Windows does on x64: below everything, above a machine frame that leads back to
    /// the function that catches.
    fn catch(&mut self, cpu: &mut Cpu, function: &str, handler: &str) {
        let site = cpu.calls[self.site(cpu, function)];
        let base = (cpu.get(SP) - 0x700) & !15;
        let context =
            Context { fp: site.registers[5], ..crate::machine::context(site.ip, site.sp, &site.registers) };
        self.process.put(base, &context.to_bytes(Arch::X64));
        self.put_words(base + 0x4D0, &[site.ip, 0x33, 0x202, site.sp, 0x2B]);
        cpu.set(SP, base);
        cpu.ip = self.program.address("RcConsolidateFrames");
        cpu.set(AX, self.program.address("CxxCallCatchBlock"));
        cpu.set(CX, self.program.address(handler));
        cpu.set(DX, site.sp);
    }

    /// What the dump says of how a thread ended.
    fn exception(&self, cpu: &Cpu, stop: Stop) -> Option<Exception> {
        let context = Some(cpu.context());
        let here = |code, parameters| {
            Some(Exception {
                code,
                address: cpu.ip,
                parameters,
                context: context.clone(),
                ..Exception::default()
            })
        };
        match stop {
            Stop::Syscall(_) => None,
            Stop::Dispatch => Some(self.raised(cpu)),
            Stop::Fault(access, address) => {
                let overflow = self.at.stacks.iter().any(|s| (*s..*s + 0x3000).contains(&address));
                let guarded = self.space.at(address).is_some_and(|r| r.protect & PAGE_GUARD != 0);
                let code = match (overflow, guarded) {
                    (true, _) => STACK_OVERFLOW,
                    (false, true) => GUARD_PAGE_VIOLATION,
                    (false, false) => ACCESS_VIOLATION,
                };
                here(code, vec![access, address])
            }
            Stop::FastFail(code) => {
                here(0xC000_0409, vec![code]).map(|exception| Exception { flags: 1, ..exception })
            }
            Stop::Breakpoint => here(0x8000_0003, vec![0]),
        }
    }

    /// The EXCEPTION_RECORD that was raised.
    fn raised(&self, cpu: &Cpu) -> Exception {
        let record = cpu.get(CX);
        let (address, count, first, size) = match self.at.width {
            Width::W64 => (0x10, 0x18, 0x20, 8),
            Width::W32 => (0x0C, 0x10, 0x14, 4),
        };
        let context = raised_at(cpu, self.at.width);
        Exception {
            code: low32(self.read(record, 4)),
            flags: low32(self.read(record + 4, 4)),
            address: self.read(record + address, size),
            parameters: (0..self.read(record + count, 4))
                .map(|n| self.read(record + first + n * size, size))
                .collect(),
            context: Some(context),
            ..Exception::default()
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

/// Registers behind the call of RtlRaiseException, which Windows takes for those of the exception.
fn raised_at(cpu: &Cpu, width: Width) -> Context {
    // RtlRaiseException was called last but one; on x86 it also removes its argument.
    let site = cpu.calls[cpu.calls.len() - 2];
    let argument = if width == Width::W32 { 4 } else { 0 };
    crate::machine::context(site.ip, site.sp + argument, &site.registers)
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
