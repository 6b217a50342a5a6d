//! Why memory was refused, x64: the machine's commit limit, a job's, address space, or nothing that the dump shows.
//! Always the same request: a vector of 16-byte elements that grows to 45,000,001 of them, 720,000,055 bytes.

use super::Level::{High, Low, Medium};
use super::growth64::USUAL;
use super::program64::{COMMITMENT_LIMIT, CONTAINER, NO_MEMORY, PLACES, capture, vector, world};
use super::world::World;
use super::{Case, Maker, Sure, Truth, Wanted, new64};
use crate::constants::PAGE;
use crate::process::Process;
use crate::{SystemMemory, VmCounters};

/// Every case.
pub(super) const CASES: &[Maker] = &[
    machine_alone,
    machine_and_thread,
    room_since,
    room_since_by_error,
    nothing_but_error,
    another_threads_error,
    job_limit,
    job_total_limit,
    job_with_room,
    everything_ample,
    nothing_known,
    no_map_at_the_limit,
    no_map_nothing_known,
    fragmented,
    exhausted,
    fits_only_without_overhead,
    fits_with_overhead,
];

const WANTED: (u64, u64) = (45_000_001, 16);
const BYTES: u64 = WANTED.0 * WANTED.1 + 0x27;
const GIB: u64 = 1 << 30;

/// A process whose request was refused with a status, before its lists are made.
fn refused(status: u64) -> World {
    let code = vec![USUAL.emplace_reallocate(), USUAL.emplace_back(), capture()];
    let mut world = world(new64::USUAL, code, "capture", status);
    let held = 30_000_001 * 16;
    vector(&mut world, held, held);
    world
}

/// Ended; nothing is known of the machine.
fn ended(mut world: World) -> Process {
    world.run();
    Process { system_memory: None, vm_counters: None, ..world.finish() }
}

/// The thread has called something since, which worked.
fn overwritten(mut world: World) -> World {
    world.last = (0, 0);
    world
}

/// Of 40 GiB so many bytes can still be committed.
fn left(process: Process, bytes: u64) -> Process {
    let committed_pages = (40 * GIB - bytes) / PAGE;
    let machine =
        SystemMemory { committed_pages, peak_commitment: committed_pages, ..SystemMemory::default() };
    Process { system_memory: Some(machine), ..process }
}

/// JobSharedCommitUsage, JobPrivateCommitUsage, JobPeakPrivateCommitUsage, JobPrivateCommitLimit, JobTotalCommitLimit.
fn job(process: Process, job: [u64; 5]) -> Process {
    let used = 490 << 20;
    let counters = VmCounters {
        flags: 0x1F,
        pagefile_usage: used,
        peak_pagefile_usage: used,
        private_usage: used,
        job,
        ..VmCounters::default()
    };
    Process { vm_counters: Some(counters), ..process }
}

fn truth(cause: &'static str) -> Truth {
    Truth::container(cause, "vector_reallocation", WANTED, 0x27).at(CONTAINER)
}

fn case(name: &'static str, process: Process, truth: Truth) -> Case {
    Case { name, process, truth }
}

/// The machine alone: less could be committed than was asked for.
fn machine_alone() -> Case {
    let process = left(ended(overwritten(refused(COMMITMENT_LIMIT))), BYTES - PAGE);
    case("commit-machine-alone", process, truth("commit_limit").sure(Sure::AtLeast(Medium)))
}

/// Machine and thread agree.
fn machine_and_thread() -> Case {
    let process = left(ended(refused(COMMITMENT_LIMIT)), 64 << 20);
    case("commit-machine-and-thread", process, truth("commit_limit").sure(Sure::Exactly(High)))
}

/// The thread was refused for commit; by the time of the dump there was room again.
fn room_since() -> Case {
    let process = left(ended(refused(COMMITMENT_LIMIT)), 20 * GIB);
    case("commit-room-since", process, truth("commit_limit").sure(Sure::AtMost(Medium)))
}

/// The same by the Win32 error alone.
fn room_since_by_error() -> Case {
    let mut world = refused(COMMITMENT_LIMIT);
    world.last = (1455, 0);
    let process = left(ended(world), 20 * GIB);
    case("commit-room-since-by-error", process, truth("commit_limit").sure(Sure::AtMost(Medium)))
}

/// The Win32 error is all that is known.
fn nothing_but_error() -> Case {
    let mut world = refused(COMMITMENT_LIMIT);
    world.last = (1455, 0);
    case("commit-nothing-but-error", ended(world), truth("commit_limit").sure(Sure::AtMost(Medium)))
}

/// Another thread's last error says nothing of this one's request.
fn another_threads_error() -> Case {
    let mut process = ended(overwritten(refused(COMMITMENT_LIMIT)));
    process.put(PLACES.tebs[1] + 0x68, &1455u32.to_le_bytes());
    process.put(PLACES.tebs[1] + 0x1250, &0xC000_012D_u32.to_le_bytes());
    case("commit-another-threads-error", process, unknown())
}

/// With address space to spare what is left is commit, or a limit from outside.
fn unknown() -> Truth {
    let cause = Wanted::OneOf(&["undetermined", "commit_limit", "external_limit_suspected"]);
    Truth { cause, ..truth("undetermined") }.sure(Sure::Exactly(Low))
}

/// The job may commit 1 GiB privately, and has committed 512 MiB.
pub fn job_limit() -> Case {
    let process = left(ended(overwritten(refused(COMMITMENT_LIMIT))), 20 * GIB);
    let process = job(process, [0, 512 << 20, 600 << 20, GIB, 0]);
    case("job-limit", process, truth("job_limit").sure(Sure::AtLeast(Medium)))
}

/// The job may commit 1 GiB in all, private and shared.
fn job_total_limit() -> Case {
    let process = left(ended(overwritten(refused(COMMITMENT_LIMIT))), 20 * GIB);
    let process = job(process, [100 << 20, 512 << 20, 600 << 20, 0, GIB]);
    case("job-total-limit", process, truth("job_limit").sure(Sure::AtLeast(Medium)))
}

/// The job has room, the machine has not.
fn job_with_room() -> Case {
    let process = left(ended(overwritten(refused(COMMITMENT_LIMIT))), 64 << 20);
    let process = job(process, [0, 512 << 20, 600 << 20, 8 * GIB, 0]);
    case("job-with-room", process, truth("commit_limit").sure(Sure::AtLeast(Medium)))
}

/// Room in the address space, in the machine and in the job.
fn everything_ample() -> Case {
    let process = left(ended(refused(NO_MEMORY)), 20 * GIB);
    let process = job(process, [0, 512 << 20, 600 << 20, 8 * GIB, 16 * GIB]);
    case("external-limit", process, truth("external_limit_suspected").sure(Sure::AtMost(Medium)))
}

/// Room in the address space, and no word of anything else.
fn nothing_known() -> Case {
    case("nothing-known", ended(overwritten(refused(NO_MEMORY))), unknown())
}

/// Without a memory map, the machine's figures still tell.
fn no_map_at_the_limit() -> Case {
    let process = left(ended(refused(COMMITMENT_LIMIT)), 64 << 20);
    case("no-map-at-the-limit", Process { regions: None, ..process }, truth("commit_limit"))
}

/// Without a memory map and without figures.
fn no_map_nothing_known() -> Case {
    let process = Process { regions: None, ..ended(overwritten(refused(NO_MEMORY))) };
    case("no-map-nothing-known", process, truth("undetermined").sure(Sure::Exactly(Low)))
}

/// An address space that is reserved but for pieces of so many bytes.
fn crowded(piece: u64) -> Process {
    let mut world = refused(NO_MEMORY);
    world.crowd(piece);
    left(ended(world), 20 * GIB)
}

/// Free pieces of 512 MiB.
fn fragmented() -> Case {
    let truth = truth("address_space_fragmented").sure(Sure::Exactly(High));
    case("x64-fragmented", crowded(512 << 20), truth)
}

/// Free pieces of 16 MiB.
fn exhausted() -> Case {
    let truth = truth("address_space_exhausted").sure(Sure::Exactly(High));
    case("x64-exhausted", crowded(16 << 20), truth)
}

/// The largest piece holds the bytes, but hardly more: the heap adds a header, a page behind, and up to 15 in front.
fn fits_only_without_overhead() -> Case {
    let truth = truth("address_space_fragmented").sure(Sure::AtMost(Medium));
    case("x64-fits-only-without-overhead", crowded(BYTES.next_multiple_of(0x1_0000)), truth)
}

/// The largest piece holds the bytes and all that the heap may add.
fn fits_with_overhead() -> Case {
    let piece = (BYTES + 0x1_1000 + 0x1_0000).next_multiple_of(0x1_0000);
    let truth = truth("external_limit_suspected").sure(Sure::AtMost(Medium));
    case("x64-fits-with-overhead", crowded(piece), truth)
}
