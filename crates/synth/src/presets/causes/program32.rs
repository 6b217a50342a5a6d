//! A small x86 program around a vector: `operator new` and what it throws, `_Emplace_reallocate`, `main` and a worker.

use super::new64::{BAD_ALLOC, BAD_ARRAY_NEW_LENGTH, LENGTH_ERROR, TYPES};
use super::runtime32::{argument, body, framed};
use super::world::World;
use crate::Width;
use crate::address_space::TOP_X86_2GB;
use crate::machine::{
    AX, Alu, BP, BX, CX, Code, Cond, DI, DX, Data, Op, Reg, SI, SP, Shift, at, data_item, indexed,
};
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

/// A vector's code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vector {
    /// Bytes of an element.
    pub(super) element: u32,
    /// 23h, in debug builds 27h.
    pub(super) pad: i32,
    /// Whether `std::_Allocate` is a function of its own.
    pub(super) called: bool,
    /// Whether the function that grows keeps the vector's address in its frame, and not only in edi.
    pub(super) spilled: bool,
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

impl Vector {
    fn most(self) -> u32 {
        (u32::MAX >> 1) / self.element
    }

    /// Bytes to elements, exactly.
    fn divide(self, r: Reg) -> Vec<Op> {
        let zeros = u8::try_from(self.element.trailing_zeros()).expect("below 32");
        let odd = self.element >> zeros;
        let inverse = (0..5).fold(odd.wrapping_mul(3) ^ 2, |x: u32, _| {
            x.wrapping_mul(2u32.wrapping_sub(odd.wrapping_mul(x)))
        });
        let mut ops = vec![Op::Shift(Shift::Signed, r, zeros)];
        ops.retain(|_| zeros > 0);
        if odd > 1 {
            ops.push(Op::ImulImm(r, r, inverse.cast_signed()));
        }
        ops
    }

    fn multiply(self, d: Reg, s: Reg) -> Vec<Op> {
        let zeros = u8::try_from(self.element.trailing_zeros()).expect("below 32");
        let odd = self.element >> zeros;
        let mut ops = match odd {
            1 => vec![Op::Mov(d, s)],
            3 | 5 | 9 => vec![Op::Lea(d, indexed(s, s, odd.to_le_bytes()[0] - 1, 0))],
            _ => return vec![Op::ImulImm(d, s, self.element.cast_signed())],
        };
        if zeros > 0 {
            ops.push(Op::Shift(Shift::Left, d, zeros));
        }
        ops
    }

    /// The vector in ecx; the place and the value on the stack.
    fn emplace_reallocate(self) -> Code {
        let most = self.most();
        let mut ops = vec![Op::Push(BX), Op::Push(SI), Op::Push(DI), Op::Mov(DI, CX)];
        ops.extend(self.spilled.then_some(Op::Store(at(BP, -8), DI)));
        ops.extend([Op::Load(SI, at(DI, 0)), Op::Load(AX, at(DI, 4)), Op::Alu(Alu::Sub, AX, SI)]);
        ops.extend(self.divide(AX));
        ops.extend([
            Op::AluImm(Alu::Cmp, AX, most.cast_signed()),
            Op::Jcc(Cond::Equal, "long"),
            Op::AluImm(Alu::Add, AX, 1),
            Op::Store(at(BP, -4), AX),
            Op::Load(CX, at(DI, 8)),
            Op::Alu(Alu::Sub, CX, SI),
        ]);
        ops.extend(self.divide(CX));
        ops.extend([
            Op::Mov(DX, CX),
            Op::Shift(Shift::Right, DX, 1),
            Op::MovImm(AX, most.into()),
            Op::Alu(Alu::Sub, AX, DX),
            Op::Alu(Alu::Add, DX, CX),
            Op::Alu(Alu::Cmp, CX, AX),
            Op::Jcc(Cond::NotAbove, "below"),
            Op::MovImm(DX, most.into()),
            Op::Label("below"),
            Op::AluMem(Alu::Cmp, DX, at(BP, -4)),
            Op::Jcc(Cond::NotBelow, "enough"),
            Op::Load(DX, at(BP, -4)),
            Op::Label("enough"),
        ]);
        ops.extend(self.buffer());
        ops.extend([
            Op::Load(CX, at(DI, 4)),
            Op::Alu(Alu::Sub, CX, SI),
            Op::Store(at(DI, 0), AX),
            Op::Alu(Alu::Add, CX, AX),
            Op::Store(at(DI, 4), CX),
            Op::Alu(Alu::Add, AX, BX),
            Op::Store(at(DI, 8), AX),
            Op::Pop(DI),
            Op::Pop(SI),
            Op::Pop(BX),
        ]);
        let mut ops = body(&ops, 2);
        ops.extend([
            Op::Label("long"),
            Op::Call("std::_Xlength_error"),
            Op::Int3,
            Op::Label("overflow"),
            Op::Call("__scrt_throw_std_bad_array_new_length"),
            Op::Int3,
            Op::Label("invalid"),
            Op::Int3,
        ]);
        framed("std::vector::_Emplace_reallocate", 8, &ops)
    }

    /// Elements in edx become a buffer in eax; its bytes are in ebx.
    fn buffer(self) -> Vec<Op> {
        let mut ops = vec![
            Op::AluImm(Alu::Cmp, DX, (u32::MAX / self.element).cast_signed()),
            Op::Jcc(Cond::Above, "overflow"),
        ];
        ops.extend(self.multiply(BX, DX));
        if self.called {
            ops.extend([Op::Push(BX), Op::Call("std::_Allocate<8>"), Op::AluImm(Alu::Add, SP, 4)]);
            return ops;
        }
        ops.extend([
            Op::AluImm(Alu::Cmp, BX, 0x1000),
            Op::Jcc(Cond::Below, "small"),
            Op::Lea(AX, at(BX, self.pad)),
            Op::Alu(Alu::Cmp, AX, BX),
            Op::Jcc(Cond::NotAbove, "overflow"),
            Op::Push(AX),
            Op::Call("operator new"),
            Op::AluImm(Alu::Add, SP, 4),
            Op::Test(AX, AX),
            Op::Jcc(Cond::Equal, "invalid"),
            Op::Mov(CX, AX),
            Op::AluImm(Alu::Add, AX, self.pad),
            Op::AluImm(Alu::And, AX, -0x20),
            Op::Store(at(AX, -4), CX),
            Op::Jmp("fresh"),
            Op::Label("small"),
            Op::Push(BX),
            Op::Call("operator new"),
            Op::AluImm(Alu::Add, SP, 4),
            Op::Label("fresh"),
        ]);
        ops
    }

    /// `std::_Allocate<8>`, bytes on the stack.
    fn allocate(self) -> Code {
        let ops = [
            Op::Load(AX, argument(0)),
            Op::AluImm(Alu::Cmp, AX, 0x1000),
            Op::Jcc(Cond::Below, "small"),
            Op::Lea(CX, at(AX, self.pad)),
            Op::Alu(Alu::Cmp, CX, AX),
            Op::Jcc(Cond::NotAbove, "overflow"),
            Op::Push(CX),
            Op::Call("operator new"),
            Op::Pop(CX),
            Op::Mov(CX, AX),
            Op::Test(AX, AX),
            Op::Jcc(Cond::Equal, "invalid"),
            Op::AluImm(Alu::Add, AX, self.pad),
            Op::AluImm(Alu::And, AX, -0x20),
            Op::Store(at(AX, -4), CX),
            Op::Pop(BP),
            Op::Ret,
            Op::Label("small"),
            Op::Push(AX),
            Op::Call("operator new"),
            Op::Pop(CX),
            Op::Pop(BP),
            Op::Ret,
            Op::Label("overflow"),
            Op::Call("__scrt_throw_std_bad_array_new_length"),
            Op::Int3,
            Op::Label("invalid"),
            Op::Int3,
        ];
        framed("std::_Allocate<8>", 0, &ops)
    }

    /// The functions of a program that appends to such a vector in `capture`.
    pub(super) fn code(self) -> Vec<Code> {
        let emplace_back = body(
            &[
                Op::Load(AX, at(CX, 4)),
                Op::AluMem(Alu::Cmp, AX, at(CX, 8)),
                Op::Jcc(Cond::Equal, "full"),
                Op::Load(DX, argument(0)),
                Op::Load(DX, at(DX, 0)),
                Op::Store(at(AX, 0), DX),
                Op::AluMemImm(Alu::Add, at(CX, 4), self.element.cast_signed()),
                Op::Jmp("out"),
                Op::Label("full"),
                Op::PushMem(argument(0)),
                Op::Push(AX),
                Op::Call("std::vector::_Emplace_reallocate"),
                Op::Label("out"),
            ],
            1,
        );
        let capture = [
            Op::Push(SI),
            Op::Load(SI, argument(0)),
            Op::Label("next"),
            Op::StoreImm(at(BP, -0x10), 1),
            Op::StoreImm(at(BP, -0x0C), 0),
            Op::Lea(AX, at(BP, -0x10)),
            Op::Push(AX),
            Op::Lea(CX, at(SI, 8)),
            Op::Call("std::vector::emplace_back"),
            Op::AluMemImm(Alu::Add, at(SI, 0), 1),
            Op::Jmp("next"),
        ];
        vec![
            self.allocate(),
            self.emplace_reallocate(),
            framed("std::vector::emplace_back", 0, &emplace_back),
            framed("capture", 0x14, &capture),
        ]
    }
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
