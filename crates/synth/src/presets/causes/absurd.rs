//! Requests that no process can have: negative counts, corrupted lengths, and what is thrown instead of asking.

use super::Level::{High, Medium};
use super::growth64::{OTHERS, USUAL, Vector};
use super::new64::{self, New};
use super::program64::{COMMITMENT_LIMIT, NO_MEMORY, RECORDER, at_commit_limit, member, vector, world};
use super::world::World;
use super::{Case, Maker, Sure, Truth, Wanted};
use crate::SystemMemory;
use crate::machine::{AX, Alu, BX, CX, Code, Cond, DI, DX, Op, SP, at};
use crate::process::Process;

/// Every case.
pub(super) const CASES: &[Maker] =
    &[negative_array, negative_bytes, overflow, too_long, corrupted_length, huge_reserve, huge_but_fits];

const EXCEEDS: &str = "request_exceeds_address_space";

fn finish(name: &'static str, mut world: World, truth: Truth) -> Case {
    world.run();
    let process = Process { system_memory: Some(SystemMemory::default()), ..world.finish() };
    Case { name, process, truth }
}

/// `new Record[n]` with a negative n: the compiler's check makes it -1 bytes, for which bad_array_new_length is thrown.
fn negative_array() -> Case {
    let code = Code::new(
        "make",
        [
            Op::Push(BX),
            Op::AluImm(Alu::Sub, SP, 0x20),
            Op::EndProlog,
            Op::Load(BX, at(CX, 0)),
            Op::MovImm(AX, 40),
            Op::MovImm(DX, u64::MAX / 40),
            Op::MovImm(CX, u64::MAX),
            Op::Imul(AX, BX),
            Op::Alu(Alu::Cmp, BX, DX),
            Op::Cmov(Cond::NotAbove, CX, AX),
            Op::Call("operator new"),
            Op::AluImm(Alu::Add, SP, 0x20),
            Op::Pop(BX),
            Op::Ret,
        ],
    );
    let mut world = world(new64::USUAL, vec![code], "make", NO_MEMORY);
    world.allocate(RECORDER, 0x1000, &[(-16i64).cast_unsigned()]);
    let truth = Truth { origin: Wanted::Open, ..Truth::refused(EXCEEDS, u64::MAX) };
    finish("negative-array", world, truth.sure(Sure::AtLeast(Medium)))
}

/// `operator new` of a length that became negative.
fn negative_bytes() -> Case {
    let bytes = (-65_536i64).cast_unsigned();
    let code = Code::new(
        "make",
        [
            Op::AluImm(Alu::Sub, SP, 0x28),
            Op::EndProlog,
            Op::Load(CX, at(CX, 0)),
            Op::Call("operator new"),
            Op::Nop,
            Op::AluImm(Alu::Add, SP, 0x28),
            Op::Ret,
        ],
    );
    let mut world = world(New::Pushed(&[DI]), vec![code], "make", NO_MEMORY);
    world.allocate(RECORDER, 0x1000, &[bytes]);
    let truth = Truth { origin: Wanted::Is("operator_new"), ..Truth::refused(EXCEEDS, bytes) };
    finish("negative-bytes", world, truth.sure(Sure::AtLeast(Medium)))
}

/// `resize` to a number of elements whose bytes do not fit into 64 bits: nobody is asked.
fn overflow() -> Case {
    let shape = Vector { element: 16, ..USUAL };
    let resize = "std::vector::_Reallocate_exactly";
    let code = vec![shape.reallocate_exactly(), member("load", resize, 1 << 61)];
    let mut world = world(new64::USUAL, code, "load", NO_MEMORY);
    vector(&mut world, 1600, 1600);
    let truth = Truth { requested_bytes: Wanted::Absent, origin: Wanted::Open, ..Truth::refused(EXCEEDS, 0) };
    finish("overflow", world, truth)
}

/// `resize(-16)`: length_error, which is no failure of memory but a number that went wrong.
fn too_long() -> Case {
    let shape = Vector { registers: OTHERS, ..USUAL };
    let resize = "std::vector::_Resize_reallocate";
    let code = vec![shape.resize_reallocate(), member("load", resize, (-16i64).cast_unsigned())];
    let mut world = world(new64::USUAL, code, "load", NO_MEMORY);
    vector(&mut world, 1600, 1600);
    let truth = Truth {
        kind: Wanted::OneOf(&["cpp_exception", "allocation_failure"]),
        // The last status is that of an earlier refusal.
        cause: Wanted::OneOfOrAbsent(&[EXCEEDS, "undetermined"]),
        ..Truth::other("cpp_exception")
    };
    finish("too-long", world, truth)
}

/// A length out of memory that was freed in a debug build.
fn corrupted_length() -> Case {
    const COUNT: u64 = 0x00DD_DDDD_DDDD_DDDD;
    let code = vec![USUAL.reallocate_exactly(), member("load", "std::vector::_Reallocate_exactly", COUNT)];
    let mut world = world(new64::USUAL, code, "load", NO_MEMORY);
    vector(&mut world, 1600, 1600);
    let truth = Truth {
        origin: Wanted::OneOf(&["vector_reserve", "container"]),
        // The report has no numbers above 2^53.
        element_count: Wanted::OneOfOrAbsent(&[COUNT]),
        ..Truth::container(EXCEEDS, "container", (COUNT, 16), 0x27)
    };
    finish("corrupted-length", world, truth)
}

/// `reserve` of 144 TB.
fn huge_reserve() -> Case {
    let load = member("load", "std::vector::reserve", 9_895_604_649_984);
    let code = vec![USUAL.reallocate_exactly(), USUAL.reserve(), load];
    let mut world = world(new64::USUAL, code, "load", NO_MEMORY);
    vector(&mut world, 1600, 1600);
    let truth = Truth::container(EXCEEDS, "container", (9_895_604_649_984, 16), 0x27);
    let origin = Wanted::OneOf(&["vector_reserve", "container"]);
    finish("huge-reserve", world, Truth { origin, ..truth }.sure(Sure::Open))
}

/// `reserve` of 16 TB: there would be room for the addresses, but no machine of 40 GB can promise as much.
fn huge_but_fits() -> Case {
    let load = member("load", "std::vector::reserve", 1 << 40);
    let code = vec![USUAL.reallocate_exactly(), USUAL.reserve(), load];
    let mut world = world(new64::USUAL, code, "load", COMMITMENT_LIMIT);
    vector(&mut world, 1600, 1600);
    let truth = Truth::container("commit_limit", "container", (1 << 40, 16), 0x27);
    let origin = Wanted::OneOf(&["vector_reserve", "container"]);
    let Case { name, process, truth } =
        finish("huge-but-fits", world, Truth { origin, ..truth }.sure(Sure::AtMost(High)));
    Case { name, process: at_commit_limit(process), truth }
}
