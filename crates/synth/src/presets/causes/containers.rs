//! Who asked: vectors and strings that grow, reserve, resize, and plain `new`. The machine is at its commit limit in all of
//! them, and says so.

use super::Level::{High, Medium};
use super::growth64::{Allocate, Multiply, OTHERS, USUAL, Vector};
use super::new64::{self, New};
use super::program64::{COMMITMENT_LIMIT, CONTAINER, at_commit_limit, capture, decoy, member, vector, world};
use super::world::World;
use super::{Case, Maker, Sure, Truth, Wanted};
use crate::machine::{AX, Alu, BP, BX, CX, Code, Cond, DI, DX, Op, R12, R13, R14, R15, SI, SP, at};

/// Every case.
pub(super) const CASES: &[Maker] = &[
    bytes,
    words,
    strings_of_24,
    of_40_debug,
    of_48,
    first_of_many,
    below_the_padding,
    debug_allocate,
    reserve,
    resize,
    decoy_on_the_stack,
    decoy_of_a_constant,
    full_of_another_size,
    structure,
    array_of_structures,
];

/// A vector of `held` elements that grows by one.
pub(super) fn growing(name: &'static str, shape: Vector, new: New, held: u64, truth: Truth) -> Case {
    let mut code = vec![shape.emplace_reallocate(), shape.emplace_back(), capture()];
    if matches!(shape.allocate, Allocate::Called) {
        code.push(new64::allocate(shape.pad));
    }
    let mut world = world(new, code, "capture", COMMITMENT_LIMIT);
    vector(&mut world, held * shape.element, held * shape.element);
    finish(name, world, truth)
}

fn finish(name: &'static str, mut world: World, truth: Truth) -> Case {
    world.run();
    Case { name, process: at_commit_limit(world.finish()), truth }
}

/// A vector that grew, with the number of elements that it then had room for.
fn grown(shape: Vector, room: u64) -> Truth {
    let pad = u64::try_from(shape.pad).expect("positive");
    Truth::container("commit_limit", "vector_reallocation", (room, shape.element), pad)
        .at(CONTAINER)
        .sure(Sure::Exactly(High))
}

/// Bytes: there is nothing to multiply by.
fn bytes() -> Case {
    let shape = Vector { element: 1, registers: OTHERS, ..USUAL };
    growing("vector-of-bytes", shape, New::Home(DI), 300_000_001, grown(shape, 450_000_001))
}

/// 8-byte elements, `std::_Allocate` as a function of its own.
fn words() -> Case {
    let shape = Vector { element: 8, allocate: Allocate::Called, ..USUAL };
    growing("vector-of-words", shape, new64::USUAL, 30_000_001, grown(shape, 45_000_001))
}

/// 24-byte elements by `lea r,[r+r*2]; shl r,3`.
fn strings_of_24() -> Case {
    let shape = Vector { element: 24, multiply: Multiply::Lea, registers: OTHERS, ..USUAL };
    let new = New::Pushed(&[SI, DI, R14]);
    growing("vector-of-24", shape, new, 12_345_679, grown(shape, 18_518_518))
}

/// 40-byte elements by `lea r,[r+r*4]; shl r,3`, in a debug build.
fn of_40_debug() -> Case {
    let shape = Vector { element: 40, pad: 0x2F, multiply: Multiply::Lea, ..USUAL };
    growing("vector-of-40-debug", shape, New::Pushed(&[DI, BX]), 7_654_321, grown(shape, 11_481_481))
}

/// 48-byte elements by `imul`. Their number is even, so that growth alone does not tell their size.
fn of_48() -> Case {
    let registers = [BP, SI, R15, R13, R12, DI];
    let shape = Vector { element: 48, multiply: Multiply::Imul, registers, ..USUAL };
    growing("vector-of-48", shape, New::Pushed(&[SI]), 10_000_000, grown(shape, 15_000_000))
}

/// Two elements of 1 MB each: a half of two is one.
fn first_of_many() -> Case {
    let shape = Vector { element: 1 << 20, ..USUAL };
    growing("vector-of-two", shape, new64::USUAL, 2, grown(shape, 3))
}

/// Less than 4096 bytes: nothing is added.
fn below_the_padding() -> Case {
    let shape = Vector { element: 24, multiply: Multiply::Imul, ..USUAL };
    let truth = Truth::container("commit_limit", "vector_reallocation", (151, 24), 0).at(CONTAINER);
    let truth = Truth { padding: Wanted::OneOfOrAbsent(&[0]), ..truth };
    growing("vector-without-padding", shape, new64::USUAL, 101, truth.sure(Sure::Open))
}

/// A debug build whose `std::_Allocate` is a function of its own.
fn debug_allocate() -> Case {
    let shape = Vector { pad: 0x2F, allocate: Allocate::Called, registers: OTHERS, ..USUAL };
    growing("vector-debug-allocate", shape, New::Home(R15), 5_000_001, grown(shape, 7_500_001))
}

/// `reserve`: a vector that has room for some, and is asked for many more.
fn reserve() -> Case {
    let code =
        vec![USUAL.reallocate_exactly(), USUAL.reserve(), member("load", "std::vector::reserve", 9_000_000)];
    let mut world = world(new64::USUAL, code, "load", COMMITMENT_LIMIT);
    vector(&mut world, 16 * 70, 16 * 100);
    let truth = Truth::container("commit_limit", "container", (9_000_000, 16), 0x27);
    let origin = Wanted::OneOf(&["vector_reserve", "container"]);
    finish("vector-reserve", world, Truth { origin, ..truth }.sure(Sure::Open))
}

/// `resize` to more than a half more: what is needed is asked for.
fn resize() -> Case {
    let shape = Vector { element: 24, multiply: Multiply::Lea, registers: OTHERS, ..USUAL };
    let resize = "std::vector::_Resize_reallocate";
    let code = vec![shape.resize_reallocate(), member("load", resize, 5_000_000)];
    let mut world = world(New::Home(SI), code, "load", COMMITMENT_LIMIT);
    vector(&mut world, 24 * 1000, 24 * 1000);
    let truth = Truth::container("commit_limit", "container", (5_000_000, 24), 0x27);
    let origin = Wanted::OneOf(&["vector_resize", "vector_reserve", "container"]);
    finish("vector-resize", world, Truth { origin, ..truth }.sure(Sure::Open))
}

/// Three pointers of the same sizes lie in main's frame; the vector that grows is the one that the code points to.
fn decoy_on_the_stack() -> Case {
    let code = vec![USUAL.emplace_reallocate(), USUAL.emplace_back(), decoy("capture"), capture()];
    let mut world = world(new64::USUAL, code, "with_decoy", COMMITMENT_LIMIT);
    let held = 6_000_001 * 16;
    vector(&mut world, held, held);
    world.decoy(held);
    finish("decoy-on-the-stack", world, grown(USUAL, 9_000_001))
}

/// A full vector lies on the stack whose growth would be just what a plain `new` of a constant size asks for.
fn decoy_of_a_constant() -> Case {
    let held = 8_000_001 * 16;
    let size = 12_000_001 * 16 + 0x27;
    let code = vec![decoy("make"), make(size)];
    let mut world = world(new64::USUAL, code, "with_decoy", COMMITMENT_LIMIT);
    vector(&mut world, 0, 0);
    world.decoy(held);
    let truth = Truth { origin: Wanted::Is("operator_new"), ..Truth::refused("commit_limit", size) };
    finish("decoy-of-a-constant", world, truth.sure(Sure::AtLeast(Medium)))
}

/// `reserve` of a number that a full vector on the same stack would not grow to.
fn full_of_another_size() -> Case {
    let code =
        vec![USUAL.reallocate_exactly(), USUAL.reserve(), member("load", "std::vector::reserve", 9_000_000)];
    let mut world = world(new64::USUAL, code, "load", COMMITMENT_LIMIT);
    vector(&mut world, 16 * 5_000_001, 16 * 5_000_001);
    let truth = Truth::container("commit_limit", "container", (9_000_000, 16), 0x27);
    let origin = Wanted::OneOf(&["vector_reserve", "container"]);
    finish("full-of-another-size", world, Truth { origin, ..truth }.sure(Sure::Open))
}

/// `new` of a constant size.
fn make(size: u64) -> Code {
    Code::new(
        "make",
        [
            Op::AluImm(Alu::Sub, SP, 0x28),
            Op::EndProlog,
            Op::MovImm(CX, size),
            Op::Call("operator new"),
            Op::StoreImm(at(AX, 0), 0),
            Op::AluImm(Alu::Add, SP, 0x28),
            Op::Ret,
        ],
    )
}

/// `new` of one large structure.
fn structure() -> Case {
    let size = 0x0123_4568;
    let mut world = world(new64::USUAL, vec![make(size)], "make", COMMITMENT_LIMIT);
    vector(&mut world, 0, 0);
    let truth = Truth { origin: Wanted::Is("operator_new"), ..Truth::refused("commit_limit", size) };
    finish("new-of-a-structure", world, truth.sure(Sure::AtLeast(Medium)))
}

/// `new Record[n]` of 40-byte records: multiplied, but nothing added.
fn array_of_structures() -> Case {
    let code = Code::new(
        "make",
        [
            Op::Push(BX),
            Op::AluImm(Alu::Sub, SP, 0x20),
            Op::EndProlog,
            Op::MovImm(BX, 3_000_000),
            Op::MovImm(CX, u64::MAX),
            Op::ImulImm(AX, BX, 40),
            Op::MovImm(DX, u64::MAX / 40),
            Op::Alu(Alu::Cmp, BX, DX),
            Op::Cmov(Cond::NotAbove, CX, AX),
            Op::Call("operator new"),
            Op::AluImm(Alu::Add, SP, 0x20),
            Op::Pop(BX),
            Op::Ret,
        ],
    );
    let mut world = world(New::Pushed(&[R14]), vec![code], "make", COMMITMENT_LIMIT);
    vector(&mut world, 0, 0);
    let truth = Truth {
        origin: Wanted::Is("operator_new"),
        element_size: Wanted::Open,
        element_count: Wanted::Open,
        ..Truth::refused("commit_limit", 120_000_000)
    };
    finish("new-of-an-array", world, truth.sure(Sure::AtLeast(Medium)))
}
