//! `std::vector` on x86: how it grows.

use super::runtime32::{argument, body, framed};
use crate::machine::{AX, Alu, BP, BX, CX, Code, Cond, DI, DX, Op, Reg, SI, SP, Shift, at, indexed};

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
