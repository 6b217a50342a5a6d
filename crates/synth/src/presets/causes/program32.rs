//! A small x86 program around a container: `operator new` and what it throws, `main` and a worker.

use super::new64::{BAD_ALLOC, BAD_ARRAY_NEW_LENGTH, LENGTH_ERROR, TYPES};
use super::runtime32::{argument, body, framed};
use super::world::World;
use crate::Width;
use crate::address_space::TOP_X86_2GB;
use crate::machine::{AX, Alu, BP, CX, Code, Cond, Data, Op, Reg, SP, at, data_item};
use crate::presets::small::Addresses;

/// Where the parts of the x86 processes lie, all below 2 GiB.
pub(super) const PLACES: Addresses = Addresses {
    width: Width::W32,
    app: 0x00E2_0000,
    ntdll: 0x7745_0000,
    peb: 0x0031_0000,
    tebs: [0x0031_1000, 0x0031_3000],
    stacks: [0x0060_0000, 0x0070_0000],
    heap: 0x0080_0000,
    mapped: 0x0090_0000,
    top: TOP_X86_2GB,
};

/// The recorder: a counter, then the container at +8.
pub(super) const RECORDER: u64 = 0x0100_0000;
/// The container in it.
pub(super) const CONTAINER: u64 = RECORDER + 8;

/// How `operator new` keeps the size.
#[derive(Clone, Copy, Debug)]
pub(super) enum New {
    /// As its argument, `[ebp+8]`.
    Frame,
    /// In a register, without a frame.
    Register(Reg),
}

/// `operator new`, cdecl.
fn operator_new(shape: New) -> Code {
    let (enter, push, leave, compare) = match shape {
        New::Frame => (
            vec![Op::Push(BP), Op::Mov(BP, SP), Op::EndProlog],
            Op::PushMem(argument(0)),
            Op::Pop(BP),
            Op::AluMemImm(Alu::Cmp, argument(0), -1),
        ),
        New::Register(r) => (
            vec![Op::Push(r), Op::EndProlog, Op::Load(r, at(SP, 8))],
            Op::Push(r),
            Op::Pop(r),
            Op::AluImm(Alu::Cmp, r, -1),
        ),
    };
    let mut ops = enter;
    ops.extend([
        Op::Jmp("allocate"),
        Op::Label("again"),
        push,
        Op::CallImport("_callnewh"),
        Op::Pop(CX),
        Op::Test(AX, AX),
        Op::Jcc(Cond::Equal, "throw"),
        Op::Label("allocate"),
        push,
        Op::CallImport("malloc"),
        Op::Pop(CX),
        Op::Test(AX, AX),
        Op::Jcc(Cond::Equal, "again"),
        leave,
        Op::Ret,
        Op::Label("throw"),
        compare,
        Op::Jcc(Cond::Equal, "length"),
        Op::Call("__scrt_throw_std_bad_alloc"),
        Op::Int3,
        Op::Label("length"),
        Op::Call("__scrt_throw_std_bad_array_new_length"),
        Op::Int3,
    ]);
    Code::new("operator new", ops)
}

/// Constructor and thrower of one type.
fn throwing(
    function: &'static str,
    constructor: &'static str,
    text: &'static str,
    info: &'static str,
) -> [Code; 2] {
    let construct = [
        Op::StoreImm(at(CX, 8), 0),
        Op::MovOffset(AX, text),
        Op::Store(at(CX, 4), AX),
        Op::MovOffset(AX, "vftable"),
        Op::Store(at(CX, 0), AX),
        Op::Mov(AX, CX),
        Op::Ret,
    ];
    let throw = [
        Op::Lea(CX, at(BP, -0x0C)),
        Op::Call(constructor),
        Op::PushOffset(info),
        Op::Lea(AX, at(BP, -0x0C)),
        Op::Push(AX),
        Op::Call("_CxxThrowException thunk"),
        Op::Int3,
    ];
    [Code::new(constructor, construct), framed(function, 0x0C, &throw)]
}

/// `main` calls `callee` with the recorder; the worker waits.
fn frame_of_program(callee: &'static str) -> [Code; 2] {
    let main = body(
        &[Op::PushMem(data_item("the_recorder")), Op::Call(callee), Op::Pop(CX), Op::Alu(Alu::Xor, AX, AX)],
        1,
    );
    let worker = body(
        &[Op::PushImm(0), Op::PushImm(-1), Op::PushImm(0x1C4), Op::CallImport("WaitForSingleObjectEx")],
        1,
    );
    [framed("main", 8, &main), framed("worker", 0, &worker)]
}

/// The process: the given functions, and what every program has.
pub(super) fn world(places: Addresses, new: New, code: Vec<Code>, callee: &'static str) -> World {
    let mut all = [
        throwing("__scrt_throw_std_bad_alloc", "std::bad_alloc::bad_alloc", "bad_alloc_text", BAD_ALLOC),
        throwing(
            "__scrt_throw_std_bad_array_new_length",
            "std::bad_array_new_length::bad_array_new_length",
            "bad_array_text",
            BAD_ARRAY_NEW_LENGTH,
        ),
        throwing("std::_Xlength_error", "std::length_error::length_error", "length_text", LENGTH_ERROR),
    ]
    .concat();
    all.push(Code::new("_CxxThrowException thunk", [Op::JmpImport("_CxxThrowException")]));
    all.push(operator_new(new));
    all.extend(code);
    all.extend(frame_of_program(callee));
    let mut data = super::new64::data();
    data.push(Data::new("the_recorder", RECORDER.to_le_bytes()[..4].to_vec()));
    data.push(Data::new("the_size", [0; 4]));
    let mut world = World::new(places, all, data);
    world.throw_infos(&TYPES);
    world.answers.insert(super::runtime64::NT_ALLOCATE, 0xC000_0017);
    world.last = (8, 0xC000_0017);
    world
}

/// A full vector of so many bytes, whose buffer is a block of its own at an address: a heap's header of 20h bytes, then
/// what `std::_Allocate` aligned.
pub(super) fn full_vector(world: &mut World, block: u64, bytes: u64) {
    let first = block + 0x40;
    world.allocate(RECORDER, 0x1000, &[0x51_0FF0, 0, first, first + bytes, first + bytes]);
    world.allocate(block, bytes + 0x40, &[0, 0, 0, 0, bytes + 0x40]);
    world.put_words(first - 4, &[block + 0x20, 1, 0]);
}
