//! The story: a vector of 16-byte elements grows to 0x039bc719 of them, with 18.3 GB committed and 119.96 TB free in one
//! piece. The machine was at its commit limit.

use super::growth64::USUAL;
use super::program64::{COMMITMENT_LIMIT, CONTAINER, PLACES, capture, vector, world};
use super::world::World;
use super::{Case, Level, Maker, Sure, Truth, new64};
use crate::SystemMemory;
use crate::address_space::Part;
use crate::constants::{PAGE, PAGE_READWRITE};
use crate::process::Process;

/// The story and its twins.
pub(super) const CASES: &[Maker] = &[commit_limit, commit_unknown, commit_overwritten];

/// Elements that the vector wanted room for.
pub const ELEMENTS_WANTED: u64 = 0x039B_C719;
/// Elements that it had: with a half of them, rounded down, that makes [`ELEMENTS_WANTED`].
const ELEMENTS_HELD: u64 = 40_360_465;
const ELEMENT: u64 = 16;
/// Committed in all: 18.3 GB.
const COMMITTED: u64 = 19_649_475_379 / PAGE * PAGE;
/// Where the program's other data lies, and where it ends: above it 119.96 TB are free.
const DATA: u64 = 0x240_0000_0000;
const LAST: u64 = 0x800_B000_0000;
const BLOCK: u64 = 64 << 20;

/// With the machine's figures: 13 MB could still be committed.
pub fn commit_limit() -> Case {
    let mut process = process((1455, 0xC000_012D));
    process.system_memory = Some(SystemMemory {
        available_pages: 0x3_0000,
        committed_pages: 0x9F_F300,
        peak_commitment: 0x9F_FFF0,
        ..SystemMemory::default()
    });
    Case { name: "story-commit-limit", process, truth: truth().sure(Sure::Exactly(Level::High)) }
}

/// Without them: the thread's last status is all that tells.
pub fn commit_unknown() -> Case {
    let process = Process { system_memory: None, ..process((1455, 0xC000_012D)) };
    Case { name: "story-commit-unknown", process, truth: truth().sure(Sure::Exactly(Level::Medium)) }
}

/// Without them, and another call has overwritten last error and status: with room for it, and memory that is
/// committed as it is reserved, commit is what is left; but a limit set from outside would look the same.
pub fn commit_overwritten() -> Case {
    let process = Process { system_memory: None, ..process((0, 0)) };
    let truth = Truth {
        cause: super::Wanted::OneOf(&["commit_limit", "external_limit_suspected", "undetermined"]),
        ..truth()
    };
    Case { name: "story-commit-overwritten", process, truth: truth.sure(Sure::Exactly(Level::Low)) }
}

fn truth() -> Truth {
    Truth::container("commit_limit", "vector_reallocation", (ELEMENTS_WANTED, ELEMENT), 0x27).at(CONTAINER)
}

fn process(last: (u32, u32)) -> Process {
    let code = vec![USUAL.emplace_reallocate(), USUAL.emplace_back(), capture()];
    let mut world = world(new64::USUAL, code, "capture", COMMITMENT_LIMIT);
    let held = ELEMENTS_HELD * ELEMENT;
    vector(&mut world, held, held);
    world.last = last;
    world.run();
    fill(&mut world);
    let mut process = world.finish();
    process.comment =
        Some("\r\n*** procdump64.exe -e -ma app.exe\r\n*** Unhandled exception: E06D7363.msc".into());
    // Only what was written to is kept, as `dumplens trim` leaves it; the memory map says what there was.
    process.touched()
}

/// Blocks of 64 MB until 18.3 GB are committed, the last one right below the largest free region.
fn fill(world: &mut World) {
    let committed: u64 =
        world.space.regions(PLACES.top).iter().filter(|r| r.state == 0x1000).map(|r| r.size).sum();
    let mut left = COMMITTED - committed;
    let mut at = DATA;
    while left > 0 {
        let size = left.min(BLOCK);
        let place = if left <= BLOCK { LAST } else { at };
        world.space.allocate(place, &[Part::private(size, PAGE_READWRITE)]);
        left -= size;
        at += size + 0x1_0000;
    }
}
