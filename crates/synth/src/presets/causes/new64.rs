//! What Visual C++ links into every x64 program: `operator new`, what it throws, and `std::_Allocate`
//! (new_scalar.cpp of Visual C++, xmemory of microsoft/STL).

use crate::machine::{AX, Alu, BX, CX, Code, Cond, DX, Data, Op, Reg, SP, at, data_item};

/// How `operator new` keeps the size.
#[derive(Clone, Copy, Debug)]
pub(super) enum New {
    /// In the last of these registers, which its prologue pushes.
    Pushed(&'static [Reg]),
    /// In this register, which its prologue saves in a home slot.
    Home(Reg),
}

/// As Visual C++ writes it.
pub(super) const USUAL: New = New::Pushed(&[BX]);

/// The loop: malloc, and if that fails `_callnewh`, and if that does not help, throw.
pub(super) fn operator_new(shape: New) -> Code {
    let (mut ops, leave, size) = match shape {
        New::Pushed(registers) => {
            // The stack pointer must be a multiple of 16 at calls.
            let frame = if registers.len() % 2 == 1 { 0x20 } else { 0x28 };
            let mut enter: Vec<Op> = registers.iter().map(|r| Op::Push(*r)).collect();
            enter.extend([Op::AluImm(Alu::Sub, SP, frame), Op::EndProlog]);
            let mut leave = vec![Op::AluImm(Alu::Add, SP, frame)];
            leave.extend(registers.iter().rev().map(|r| Op::Pop(*r)));
            (enter, leave, *registers.last().expect("a register"))
        }
        New::Home(r) => (
            vec![Op::Store(at(SP, 8), r), Op::AluImm(Alu::Sub, SP, 0x28), Op::EndProlog],
            vec![Op::Load(r, at(SP, 0x30)), Op::AluImm(Alu::Add, SP, 0x28)],
            r,
        ),
    };
    ops.extend([
        Op::Mov(size, CX),
        Op::Jmp("allocate"),
        Op::Label("again"),
        Op::Mov(CX, size),
        Op::CallImport("_callnewh"),
        Op::Test(AX, AX),
        Op::Jcc(Cond::Equal, "throw"),
        Op::Mov(CX, size),
        Op::Label("allocate"),
        Op::CallImport("malloc"),
        Op::Test(AX, AX),
        Op::Jcc(Cond::Equal, "again"),
    ]);
    ops.extend(leave);
    ops.extend([
        Op::Ret,
        Op::Label("throw"),
        Op::AluImm(Alu::Cmp, size, -1),
        Op::Jcc(Cond::Equal, "length"),
        Op::Call("__scrt_throw_std_bad_alloc"),
        Op::Int3,
        Op::Label("length"),
        Op::Call("__scrt_throw_std_bad_array_new_length"),
        Op::Int3,
    ]);
    Code::new("operator new", ops)
}

/// What can be thrown: function, constructor, text, ThrowInfo.
struct Thrown {
    function: &'static str,
    constructor: &'static str,
    text: &'static str,
    info: &'static str,
}

const THROWN: [Thrown; 3] = [
    Thrown {
        function: "__scrt_throw_std_bad_alloc",
        constructor: "std::bad_alloc::bad_alloc",
        text: "bad_alloc_text",
        info: BAD_ALLOC,
    },
    Thrown {
        function: "__scrt_throw_std_bad_array_new_length",
        constructor: "std::bad_array_new_length::bad_array_new_length",
        text: "bad_array_text",
        info: BAD_ARRAY_NEW_LENGTH,
    },
    Thrown {
        function: "std::_Xlength_error",
        constructor: "std::length_error::length_error",
        text: "length_text",
        info: LENGTH_ERROR,
    },
];

/// ThrowInfo items of the program's data; what lies there is put by [`crate::CppThrow`].
pub(super) const BAD_ALLOC: &str = "_TI2?AVbad_alloc@std@@";
pub(super) const BAD_ARRAY_NEW_LENGTH: &str = "_TI3?AVbad_array_new_length@std@@";
pub(super) const LENGTH_ERROR: &str = "_TI3?AVlength_error@std@@";

/// ThrowInfo and the decorated names of what it describes, the thrown type first.
pub(super) const TYPES: [(&str, &[&str]); 3] = [
    (BAD_ALLOC, &[".?AVbad_alloc@std@@", ".?AVexception@std@@"]),
    (BAD_ARRAY_NEW_LENGTH, &[".?AVbad_array_new_length@std@@", ".?AVbad_alloc@std@@", ".?AVexception@std@@"]),
    (LENGTH_ERROR, &[".?AVlength_error@std@@", ".?AVlogic_error@std@@", ".?AVexception@std@@"]),
];

/// The functions that throw, and the constructors of what they throw.
pub(super) fn throwing() -> Vec<Code> {
    THROWN.iter().flat_map(|thrown| [constructor(thrown), thrower(thrown)]).collect()
}

/// Texts, a table of virtual functions, room for the ThrowInfos.
pub(super) fn data() -> Vec<Data> {
    let mut data = vec![
        Data::new("bad_alloc_text", *b"bad allocation\0"),
        Data::new("bad_array_text", *b"bad array new length\0"),
        Data::new("length_text", *b"vector too long\0"),
        Data::new("vftable", [0; 0x18]),
    ];
    data.extend(TYPES.iter().map(|(name, types)| Data::new(name, vec![0; 0x40 + 0x60 * types.len()])));
    data
}

/// Table of virtual functions, text, and that the text is not the object's own.
fn constructor(thrown: &Thrown) -> Code {
    Code::new(
        thrown.constructor,
        [
            Op::StoreImm(at(CX, 0x10), 0),
            Op::Lea(AX, data_item(thrown.text)),
            Op::Store(at(CX, 8), AX),
            Op::Lea(AX, data_item("vftable")),
            Op::Store(at(CX, 0), AX),
            Op::Mov(AX, CX),
            Op::Ret,
        ],
    )
}

fn thrower(thrown: &Thrown) -> Code {
    Code::new(
        thrown.function,
        [
            Op::AluImm(Alu::Sub, SP, 0x48),
            Op::EndProlog,
            Op::Lea(CX, at(SP, 0x20)),
            Op::Call(thrown.constructor),
            Op::Lea(DX, data_item(thrown.info)),
            Op::Lea(CX, at(SP, 0x20)),
            Op::Call("_CxxThrowException thunk"),
            Op::Int3,
        ],
    )
}

/// The import thunk that every throw goes through.
pub(super) fn thunk() -> Code {
    Code::new("_CxxThrowException thunk", [Op::JmpImport("_CxxThrowException")])
}

/// `std::_Allocate<16>`, bytes in rcx, as a function of its own; `pad` is 27h, in debug builds 2Fh.
pub(super) fn allocate(pad: i32) -> Code {
    Code::new(
        "std::_Allocate<16>",
        [
            Op::AluImm(Alu::Sub, SP, 0x28),
            Op::EndProlog,
            Op::AluImm(Alu::Cmp, CX, 0x1000),
            Op::Jcc(Cond::Below, "small"),
            Op::Lea(AX, at(CX, pad)),
            Op::Alu(Alu::Cmp, AX, CX),
            Op::Jcc(Cond::NotAbove, "overflow"),
            Op::Mov(CX, AX),
            Op::Call("operator new"),
            Op::Mov(CX, AX),
            Op::Test(AX, AX),
            Op::Jcc(Cond::Equal, "invalid"),
            Op::AluImm(Alu::Add, AX, pad),
            Op::AluImm(Alu::And, AX, -0x20),
            Op::Store(at(AX, -8), CX),
            Op::AluImm(Alu::Add, SP, 0x28),
            Op::Ret,
            Op::Label("small"),
            Op::Test(CX, CX),
            Op::Jcc(Cond::Equal, "nothing"),
            Op::AluImm(Alu::Add, SP, 0x28),
            Op::Jmp("tail"),
            Op::Label("nothing"),
            Op::Alu(Alu::Xor, AX, AX),
            Op::AluImm(Alu::Add, SP, 0x28),
            Op::Ret,
            Op::Label("tail"),
            Op::JmpTo("operator new"),
            Op::Label("overflow"),
            Op::Call("__scrt_throw_std_bad_array_new_length"),
            Op::Int3,
            Op::Label("invalid"),
            Op::Int3,
        ],
    )
}
