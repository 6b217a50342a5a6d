//! x86: an address space that is used up or in pieces, and what else refuses memory there.

use super::Level::{High, Medium};
use super::growth32::Vector;
use super::program32::{CONTAINER, New, PLACES, RECORDER, full_vector, world};
use super::runtime32::{body, framed};
use super::world::World;
use super::{Case, Maker, Sure, Truth, Wanted};
use crate::SystemMemory;
use crate::address_space::{Part, TOP_X86_4GB};
use crate::constants::{MEM_FREE, PAGE_READWRITE};
use crate::machine::{CX, DI, Op, SI, data_item};
use crate::presets::small::Addresses;
use crate::process::Process;

/// Every case.
pub(super) const CASES: &[Maker] = &[
    fragmented,
    exhausted,
    just_too_small,
    hardly_enough,
    enough,
    debug,
    of_24_in_a_register,
    above_two_gigabytes,
    commit_limit,
    more_than_there_is,
    structure,
];

const USUAL: Vector = Vector { element: 16, pad: 0x23, called: false, spilled: true };
const BLOCK: u64 = 0x0200_0000;
/// Elements held, and room wanted.
const HELD: u64 = 1_234_567;
const WANTED: (u64, u64) = (1_851_850, 16);
const BYTES: u64 = WANTED.0 * WANTED.1 + 0x23;

/// A vector that grows in a process where 64 KiB are taken every 32 MiB.
fn growing(places: Addresses, new: New, shape: Vector, held: u64, block: u64) -> World {
    let mut world = world(places, new, shape.code(), "capture");
    full_vector(&mut world, block, held * u64::from(shape.element));
    for at in (1..places.top >> 25).map(|n| n << 25) {
        let free = world.space.regions(places.top).into_iter().filter(|r| r.state == MEM_FREE);
        let fits = |r: &crate::Region| r.base <= at && at + 0x1_0000 <= r.base + r.size;
        if free.into_iter().any(|r| fits(&r)) {
            world.space.allocate(at, &[Part::private(0x1_0000, PAGE_READWRITE)]);
        }
    }
    world
}

fn finish(name: &'static str, mut world: World, truth: Truth) -> Case {
    world.run();
    let process = Process { system_memory: Some(SystemMemory::default()), ..world.finish() };
    // Of the pieces that split the space, nothing is kept.
    Case { name, process: process.touched(), truth }
}

fn usual(crowd: u64) -> World {
    let mut world = growing(PLACES, New::Frame, USUAL, HELD, BLOCK);
    world.crowd(crowd);
    world
}

fn truth(cause: &'static str) -> Truth {
    Truth::container(cause, "vector_reallocation", WANTED, 0x23).at(CONTAINER)
}

/// Some 50 free pieces of 12 MiB: more than was asked for, but not in one.
pub fn fragmented() -> Case {
    finish("x86-fragmented", usual(12 << 20), truth("address_space_fragmented").sure(Sure::Exactly(High)))
}

/// Pieces of 256 KiB.
fn exhausted() -> Case {
    finish("x86-exhausted", usual(256 << 10), truth("address_space_exhausted").sure(Sure::Exactly(High)))
}

/// The largest piece is 64 KiB smaller than what was asked for.
fn just_too_small() -> Case {
    let crowd = BYTES.next_multiple_of(0x1_0000) - 0x1_0000;
    let truth = truth("address_space_fragmented").sure(Sure::Exactly(High));
    finish("x86-just-too-small", usual(crowd), truth)
}

/// It has the bytes asked for, but not all that a heap may add: it may or may not have fitted.
fn hardly_enough() -> Case {
    let truth = truth("address_space_fragmented").sure(Sure::AtMost(Medium));
    finish("x86-hardly-enough", usual(BYTES.next_multiple_of(0x1_0000)), truth)
}

/// It has room for all of that.
fn enough() -> Case {
    let crowd = (BYTES + 0x1_1000).next_multiple_of(0x1_0000);
    let truth = truth("external_limit_suspected").sure(Sure::AtMost(Medium));
    finish("x86-enough", usual(crowd), truth)
}

/// A debug build: 27h bytes are added, by `std::_Allocate` as a function of its own.
fn debug() -> Case {
    let shape = Vector { element: 40, pad: 0x27, called: true, spilled: true };
    let mut world = growing(PLACES, New::Frame, shape, 654_321, BLOCK);
    world.crowd(8 << 20);
    let truth = Truth::container("address_space_fragmented", "vector_reallocation", (981_481, 40), 0x27);
    finish("x86-debug", world, truth.at(CONTAINER).sure(Sure::Exactly(High)))
}

/// 24-byte elements; `operator new` has the size in a register, and no frame. The vector's address is
/// only in edi, which the throw saved.
fn of_24_in_a_register() -> Case {
    let shape = Vector { element: 24, spilled: false, ..USUAL };
    let mut world = growing(PLACES, New::Register(SI), shape, 700_001, BLOCK);
    world.crowd(8 << 20);
    let truth = Truth::container("address_space_fragmented", "vector_reallocation", (1_050_001, 24), 0x23);
    finish("x86-frameless", world, truth.at(CONTAINER).sure(Sure::Exactly(High)))
}

/// A process with 4 GiB, whose vector lies above 2 GiB; the writer sign-extends addresses.
fn above_two_gigabytes() -> Case {
    let places = Addresses { top: TOP_X86_4GB, ..PLACES };
    let mut world = growing(places, New::Register(DI), USUAL, HELD, 0x9200_0000);
    world.crowd(12 << 20);
    let Case { name, process, truth } =
        finish("x86-above-two-gigabytes", world, truth("address_space_fragmented").sure(Sure::Exactly(High)));
    Case { name, process: Process { sign_extend: true, ..process }, truth }
}

/// Room in the address space, none in the machine.
fn commit_limit() -> Case {
    let mut world = growing(PLACES, New::Frame, USUAL, HELD, BLOCK);
    world.last = (1455, 0xC000_012D);
    let Case { name, process, truth } =
        finish("x86-commit-limit", world, truth("commit_limit").sure(Sure::Exactly(High)));
    Case { name, process: super::program64::at_commit_limit(process), truth }
}

/// `new` of a size out of memory.
fn plain(bytes: u64) -> World {
    let ops = body(&[Op::PushMem(data_item("the_size")), Op::Call("operator new"), Op::Pop(CX)], 0);
    let mut world = world(PLACES, New::Frame, vec![framed("make", 0, &ops)], "make");
    world.allocate(RECORDER, 0x1000, &[]);
    let size = world.program.address("the_size");
    world.put_words(size, &[bytes]);
    world
}

/// 3 GB in a process that has 2.
fn more_than_there_is() -> Case {
    let truth = Truth {
        origin: Wanted::Is("operator_new"),
        ..Truth::refused("request_exceeds_address_space", 3_000_000_000)
    };
    finish("x86-more-than-there-is", plain(3_000_000_000), truth.sure(Sure::AtLeast(Medium)))
}

/// A large structure in an address space in pieces.
fn structure() -> Case {
    let mut world = plain(30_000_000);
    world.crowd(24 << 20);
    let truth = Truth {
        origin: Wanted::Is("operator_new"),
        ..Truth::refused("address_space_fragmented", 30_000_000)
    };
    finish("x86-structure", world, truth.sure(Sure::AtLeast(Medium)))
}
