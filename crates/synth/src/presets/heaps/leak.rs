//! One process at two times: what it had, and what it had leaked four hours later.

use super::scene::{Scene, WINDOWS_10};
use crate::address_space::Part;
use crate::constants::{PAGE, PAGE_READWRITE};
use crate::heap::{LargeBlock, NtHeap, NtLayout, NtSegment};
use crate::kuser::{KUSER_SHARED_DATA, Kuser};
use crate::presets::common::{FIRST_TID, PID, STACK_SIZE, handle, running, stack};
use crate::process::Process;
use crate::threads::Thread;
use crate::{SystemMemory, Teb, Width};

/// Bytes that the program asks of its heap, again and again.
pub const ASKED: u64 = 0x10_0000;
/// Bytes from one block to the next.
const BLOCK: u64 = 0x20_0000;
/// Bytes of each of its calls of VirtualAlloc, all committed.
pub const ALLOCATED: u64 = 0x4_0000;
/// Bytes of a reservation of which more and more is committed.
pub const ARENA: u64 = 0x80_0000;
/// Bytes of an allocation that only the first dump has.
pub const FREED: u64 = 0x8_0000;
/// Where leaked threads begin, counted from app.exe.
pub const LEAKED_START: u64 = 0x1040;

/// What a process has at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since the first of the two times.
    pub seconds: u32,
    /// Large blocks of [`ASKED`] bytes in heap 0.
    pub blocks: u64,
    /// Allocations of [`ALLOCATED`] bytes.
    pub allocations: u64,
    /// Committed bytes of the arena.
    pub arena: u64,
    /// Threads that began at [`LEAKED_START`], each with a stack of 1 MiB of which 16 KiB are committed.
    pub threads: u32,
    /// Events that are open, beside those of every preset.
    pub events: u64,
    /// Whether the allocation of [`FREED`] bytes is there.
    pub unfreed: bool,
    /// Pages that the machine has committed.
    pub machine_pages: u64,
}

/// The first time.
pub const BEFORE: Moment = Moment {
    seconds: 0,
    blocks: 3,
    allocations: 2,
    arena: 0x10_0000,
    threads: 1,
    events: 2,
    unfreed: true,
    machine_pages: 0x60_0000,
};

/// Four hours later.
pub const AFTER: Moment = Moment {
    seconds: 4 * 3600,
    blocks: 43,
    allocations: 10,
    arena: 0x30_0000,
    threads: 4,
    events: 102,
    unfreed: false,
    machine_pages: 0x61_0000,
};

/// Where the parts lie that grow.
struct Places {
    blocks: u64,
    allocations: u64,
    arena: u64,
    freed: u64,
    tebs: u64,
    stacks: u64,
}

impl Places {
    fn new(width: Width, blocks: u64) -> Places {
        let far = if width == Width::W32 { 0 } else { 0x260_0000_0000 };
        let many = blocks * BLOCK > 0x1000_0000;
        Places {
            // Many do not fit before the others.
            blocks: far + if many { 0x10_0000_0000 } else { 0x1000_0000 },
            allocations: far + 0x2000_0000,
            arena: far + 0x3000_0000,
            freed: far + 0x3100_0000,
            tebs: far + 0x3200_0000,
            stacks: far + 0x3300_0000,
        }
    }
}

/// The process at one time; of either width.
pub fn leak(width: Width, at: Moment) -> Process {
    let places = Places::new(width, at.blocks);
    let mut scene = Scene::new(width, WINDOWS_10);
    clock(&mut scene.process, at.seconds);
    scene.nt(&heap(width, &places, at.blocks));
    for n in 0..at.allocations {
        let base = places.allocations + n * 0x10_0000;
        scene.space.allocate(base, &[Part::private(ALLOCATED, PAGE_READWRITE)]);
    }
    scene
        .space
        .allocate(places.arena, &[Part::private(at.arena, PAGE_READWRITE), Part::reserved(ARENA - at.arena)]);
    if at.unfreed {
        scene.space.allocate(places.freed, &[Part::private(FREED, PAGE_READWRITE)]);
    }
    for n in 0..at.threads {
        thread(&mut scene, &places, n);
    }
    let events = (0..at.events).map(|n| handle(0x100 + 4 * n, "Event", None));
    scene.process.handles.extend(events);
    let (mut process, _) = scene.finish();
    let limits = process.system_memory.unwrap_or_default();
    process.system_memory = Some(SystemMemory { committed_pages: at.machine_pages, ..limits });
    process
}

/// Sets the clocks of dump and system on.
fn clock(process: &mut Process, seconds: u32) {
    process.time_date_stamp += seconds;
    let ticks = u64::from(seconds) * 10_000_000;
    let first = Kuser::default();
    let kuser = Kuser {
        tick_count: first.tick_count + u64::from(seconds) * 64,
        interrupt_time: first.interrupt_time + ticks,
        system_time: first.system_time + ticks,
        ..first
    };
    process.put(KUSER_SHARED_DATA, &kuser.to_bytes());
}

/// The process heap. Its large blocks begin on different pages of their allocations, as Windows has it.
fn heap(width: Width, places: &Places, blocks: u64) -> NtHeap {
    let layout = if width == Width::W32 { NtLayout::Win10X86 } else { NtLayout::Win10X64 };
    let address = super::nt::base(width);
    let block = |n: u64| LargeBlock::new(width, places.blocks + n * BLOCK, n % 16, ASKED);
    NtHeap {
        segments: vec![NtSegment::new(address, 0xFF, 0x54)],
        large: (0..blocks).map(block).collect(),
        ..NtHeap::new(layout, address)
    }
}

fn thread(scene: &mut Scene, places: &Places, n: u32) {
    let (width, peb, app) = (scene.at.width, scene.at.peb, scene.at.app);
    let own_address = places.tebs + u64::from(n) * 0x1_0000;
    let deallocation_stack = places.stacks + u64::from(n) * 2 * STACK_SIZE;
    scene.space.allocate(own_address, &[Part::private(2 * PAGE, PAGE_READWRITE)]);
    let stack_base = stack(&mut scene.space, deallocation_stack);
    let teb = Teb {
        exception_list: u64::MAX,
        stack_base,
        stack_limit: stack_base - PAGE,
        own_address,
        pid: PID,
        tid: FIRST_TID + 100 + 4 * n,
        peb,
        deallocation_stack,
        ..Teb::default()
    };
    scene.process.put(own_address, &teb.to_bytes(width));
    scene.process.threads.push(Thread {
        id: teb.tid,
        teb: own_address,
        info: Some(running(app + LEAKED_START)),
        ..Thread::default()
    });
}
