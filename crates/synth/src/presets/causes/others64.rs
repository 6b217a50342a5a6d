//! Containers that are not Visual C++'s vector: its strings, and the vector of libc++, which doubles and adds nothing.

use super::Level::{High, Medium};
use super::new64::{self, New};
use super::program64::{
    COMMITMENT_LIMIT, CONTAINER, ELEMENTS, RECORDER, at_commit_limit, capture, member, vector, world,
};
use super::{Case, Maker, Sure, Truth, Wanted};
use crate::machine::{AX, Alu, BX, CX, Code, Cond, DI, DX, Op, R8, R9, R14, SI, SP, Shift, at, indexed};

/// Every case.
pub(super) const CASES: &[Maker] = &[string, wide_string, string_that_needs_more, doubling];

/// The longest string of bytes.
const MOST: u64 = i64::MAX.cast_unsigned();

/// `std::basic_string::_Reallocate_grow_by`: the string in rcx, the characters more in rdx. A string is its characters or
/// a pointer to them (16 bytes), its length, and the length that it has room for.
fn grow_by(wide: bool) -> Code {
    let (mask, most) = if wide { (7, MOST / 2) } else { (15, MOST) };
    // One more for the end of the text.
    let bytes = if wide { indexed(SI, SI, 1, 2) } else { at(SI, 1) };
    Code::new(
        "std::string::_Reallocate_grow_by",
        [
            Op::Store(at(SP, 8), BX),
            Op::Push(SI),
            Op::Push(DI),
            Op::Push(R14),
            Op::AluImm(Alu::Sub, SP, 0x20),
            Op::EndProlog,
            Op::Mov(DI, CX),
            Op::Load(R9, at(DI, 0x10)),
            Op::MovImm(R8, most),
            Op::Mov(AX, R8),
            Op::Alu(Alu::Sub, AX, R9),
            Op::Alu(Alu::Cmp, AX, DX),
            Op::Jcc(Cond::Below, "long"),
            Op::Lea(SI, indexed(R9, DX, 1, 0)),
            Op::AluImm(Alu::Or, SI, mask),
            Op::Load(CX, at(DI, 0x18)),
            Op::Mov(DX, CX),
            Op::Shift(Shift::Right, DX, 1),
            Op::Mov(AX, R8),
            Op::Alu(Alu::Sub, AX, DX),
            Op::Alu(Alu::Add, DX, CX),
            Op::Alu(Alu::Cmp, SI, DX),
            Op::Cmov(Cond::Below, SI, DX),
            Op::Alu(Alu::Cmp, CX, AX),
            Op::Cmov(Cond::Above, SI, R8),
            Op::Lea(BX, bytes),
            Op::AluImm(Alu::Cmp, BX, 0x1000),
            Op::Jcc(Cond::Below, "small"),
            Op::Lea(CX, at(BX, 0x27)),
            Op::Alu(Alu::Cmp, CX, BX),
            Op::Jcc(Cond::NotAbove, "overflow"),
            Op::Call("operator new"),
            Op::Lea(R14, at(AX, 0x27)),
            Op::AluImm(Alu::And, R14, -0x20),
            Op::Store(at(R14, -8), AX),
            Op::Jmp("fresh"),
            Op::Label("small"),
            Op::Mov(CX, BX),
            Op::Call("operator new"),
            Op::Mov(R14, AX),
            Op::Label("fresh"),
            Op::Store(at(DI, 0), R14),
            Op::Store(at(DI, 0x18), SI),
            Op::Load(BX, at(SP, 0x40)),
            Op::AluImm(Alu::Add, SP, 0x20),
            Op::Pop(R14),
            Op::Pop(DI),
            Op::Pop(SI),
            Op::Ret,
            Op::Label("long"),
            Op::Call("std::_Xlength_error"),
            Op::Int3,
            Op::Label("overflow"),
            Op::Call("__scrt_throw_std_bad_array_new_length"),
            Op::Int3,
        ],
    )
}

/// A string of `length` characters that is full, and gets `more`.
fn growing(name: &'static str, wide: bool, length: u64, more: u64, room: u64) -> Case {
    let size = if wide { 2 } else { 1 };
    let code = vec![grow_by(wide), member("load", "std::string::_Reallocate_grow_by", more)];
    let mut world = world(new64::USUAL, code, "load", COMMITMENT_LIMIT);
    vector(&mut world, (length + 1) * size, (length + 1) * size);
    world.put_words(RECORDER, &[0x51_0FF0, 0, ELEMENTS, 0, length, length]);
    world.run();
    let truth = Truth::container("commit_limit", "string_growth", (room + 1, size), 0x27);
    let truth = Truth {
        origin: Wanted::OneOf(&["string_growth", "container"]),
        element_size: if wide { Wanted::OneOfOrAbsent(&[2]) } else { Wanted::OneOfOrAbsent(&[1]) },
        element_count: Wanted::Open,
        container: Wanted::OneOfOrAbsent(&[CONTAINER]),
        ..truth
    };
    Case { name, process: at_commit_limit(world.finish()), truth: truth.sure(Sure::AtLeast(Medium)) }
}

/// One character more: room for a half more.
fn string() -> Case {
    growing("string-growth", false, 0x0FFF_FFFF, 1, 0x17FF_FFFE)
}

/// 2-byte characters.
fn wide_string() -> Case {
    growing("wide-string-growth", true, 0x07FF_FFFF, 1, 0x0BFF_FFFE)
}

/// Twice as many characters: what is needed, rounded up to 16.
fn string_that_needs_more() -> Case {
    growing("string-append", false, 0x0FFF_FFFF, 0x0FFF_FFF5, 0x1FFF_FFFF)
}

/// libc++'s `__push_back_slow_path`, 16-byte elements.
fn doubling() -> Case {
    let slow_path = Code::new(
        "std::vector::emplace_back",
        [
            Op::Push(SI),
            Op::Push(DI),
            Op::Push(BX),
            Op::AluImm(Alu::Sub, SP, 0x20),
            Op::EndProlog,
            Op::Mov(SI, CX),
            Op::Mov(DI, DX),
            Op::Load(AX, at(SI, 8)),
            Op::AluMem(Alu::Sub, AX, at(SI, 0)),
            Op::Shift(Shift::Signed, AX, 4),
            Op::Lea(R8, at(AX, 1)),
            Op::Load(BX, at(SI, 0x10)),
            Op::AluMem(Alu::Sub, BX, at(SI, 0)),
            Op::Shift(Shift::Signed, BX, 3),
            Op::Alu(Alu::Cmp, BX, R8),
            Op::Cmov(Cond::NotAbove, BX, R8),
            Op::Mov(AX, BX),
            Op::Shift(Shift::Right, AX, 60),
            Op::Jcc(Cond::NotEqual, "overflow"),
            Op::Shift(Shift::Left, BX, 4),
            Op::Mov(CX, BX),
            Op::Call("operator new"),
            Op::Alu(Alu::Add, BX, AX),
            Op::Store(at(SI, 0x10), BX),
            Op::AluImm(Alu::Add, SP, 0x20),
            Op::Pop(BX),
            Op::Pop(DI),
            Op::Pop(SI),
            Op::Ret,
            Op::Label("overflow"),
            Op::Call("__scrt_throw_std_bad_array_new_length"),
            Op::Int3,
        ],
    );
    let mut world =
        world(New::Pushed(&[SI, DI, BX]), vec![slow_path, capture()], "capture", COMMITMENT_LIMIT);
    let held = 0x0100_0000 * 16;
    vector(&mut world, held, held);
    world.run();
    let truth = Truth::container("commit_limit", "vector_reallocation", (0x0200_0000, 16), 0);
    let truth = Truth {
        origin: Wanted::OneOf(&["vector_reallocation", "container"]),
        padding: Wanted::OneOfOrAbsent(&[0]),
        element_size: Wanted::OneOfOrAbsent(&[16]),
        element_count: Wanted::OneOfOrAbsent(&[0x0200_0000]),
        container: Wanted::OneOfOrAbsent(&[CONTAINER]),
        ..truth
    };
    let process = at_commit_limit(world.finish());
    Case { name: "vector-that-doubles", process, truth: truth.sure(Sure::AtMost(High)) }
}
