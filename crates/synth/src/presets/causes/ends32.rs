//! x86: what ends a process there besides an address space that is used up.

use super::Level::Medium;
use super::dispatch::Handling;
use super::growth32::Vector;
use super::new64::LENGTH_ERROR;
use super::program32::{New, PLACES, RECORDER, full_vector, world};
use super::runtime32::framed;
use super::world::World;
use super::{Case, Maker, Sure, Truth, Wanted};
use crate::machine::{AX, BP, CX, Op, at, data_item};
use crate::process::Process;
use crate::{CppThrow, SystemMemory, Width};

/// Every case.
pub(super) const CASES: &[Maker] = &[terminated, mfc, negative_bytes, heap_raises, null_read, abort, hang];

fn process(ops: &[Op]) -> World {
    let mut world = world(PLACES, New::Frame, vec![framed("body", 0x10, ops)], "body");
    world.allocate(RECORDER, 0x1000, &[]);
    world
}

fn finish(name: &'static str, mut world: World, truth: Truth) -> Case {
    world.run();
    let process = Process { system_memory: Some(SystemMemory::default()), ..world.finish() };
    Case { name, process, truth }
}

/// A bad_alloc that met a function that may not throw: 72 MB in an address space of pieces of 48 MB.
fn terminated() -> Case {
    let shape = Vector { element: 16, pad: 0x23, called: false, spilled: true };
    let mut world = world(PLACES, New::Frame, shape.code(), "capture");
    full_vector(&mut world, 0x0200_0000, 3_000_001 * 16);
    world.crowd(48 << 20);
    world.handling = vec![Handling::Terminate];
    let truth = Truth::container("address_space_fragmented", "vector_reallocation", (4_500_001, 16), 0x23);
    let truth = Truth { kind: Wanted::OneOf(&["allocation_failure", "abort"]), ..truth };
    finish("x86-terminated", world, truth.sure(Sure::AtMost(Medium)))
}

/// MFC throws a pointer.
fn mfc() -> Case {
    let mut world = process(&[
        Op::Load(AX, data_item("the_recorder")),
        Op::Store(at(BP, -4), AX),
        Op::PushOffset(LENGTH_ERROR),
        Op::Lea(AX, at(BP, -4)),
        Op::Push(AX),
        Op::Call("_CxxThrowException thunk"),
        Op::Int3,
    ]);
    let thrown = CppThrow {
        width: Width::W32,
        image: PLACES.app,
        rva: world.program.rva(0, LENGTH_ERROR),
        types: vec![".PAVCMemoryException@@".into(), ".PAVCSimpleException@@".into(), ".PAX".into()],
        ..CppThrow::default()
    };
    thrown.raise(&mut world.process);
    let truth =
        Truth { cause: Wanted::Open, requested_bytes: Wanted::Absent, ..Truth::other("allocation_failure") };
    finish("x86-mfc", world, truth.sure(Sure::AtMost(Medium)))
}

/// A length that became negative.
fn negative_bytes() -> Case {
    let world = process(&[Op::PushImm(-4096), Op::Call("operator new"), Op::Pop(CX), Op::Int3]);
    let truth = Truth {
        origin: Wanted::Is("operator_new"),
        ..Truth::refused("request_exceeds_address_space", 0xFFFF_F000)
    };
    finish("x86-negative-bytes", world, truth.sure(Sure::AtLeast(Medium)))
}

/// A heap that raises exceptions: more than there is.
fn heap_raises() -> Case {
    let world = process(&[
        Op::MovImm(AX, 0x7FFF_FFF8),
        Op::Store(at(BP, -4), AX),
        Op::Lea(AX, at(BP, -4)),
        Op::Push(AX),
        Op::PushImm(1),
        Op::PushImm(0),
        Op::PushImm(0xC000_0017_u32.cast_signed()),
        Op::CallImport("RaiseException"),
        Op::Int3,
    ]);
    let truth = Truth::refused("request_exceeds_address_space", 0x7FFF_FFF8);
    finish("x86-heap-raises", world, truth.sure(Sure::AtLeast(Medium)))
}

fn other(name: &'static str, ops: &[Op], kind: &'static str) -> Case {
    // The last status is that of an earlier refusal.
    let truth = Truth { cause: Wanted::OneOfOrAbsent(&["undetermined"]), ..Truth::other(kind) };
    finish(name, process(ops), truth.sure(Sure::AtLeast(Medium)))
}

/// A member of an object that is not there.
fn null_read() -> Case {
    other("x86-null-read", &[Op::MovImm(CX, 0), Op::Load(AX, at(CX, 0x18)), Op::Int3], "access_violation")
}

/// `abort`
fn abort() -> Case {
    other("x86-abort", &[Op::CallImport("abort"), Op::Int3], "abort")
}

/// Both threads wait.
fn hang() -> Case {
    let wait = [
        Op::PushImm(0),
        Op::PushImm(-1),
        Op::PushImm(0x1C8),
        Op::CallImport("WaitForSingleObjectEx"),
        Op::Int3,
    ];
    other("x86-hang", &wait, "no_exception")
}
