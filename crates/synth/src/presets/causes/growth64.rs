//! `std::vector` on x64: how it grows, in the variants that compilers make of it.

use crate::machine::{
    AX, Alu, BX, CX, Code, Cond, DI, DX, Mem, Op, R8, R9, R10, R12, R13, R14, R15, Reg, SI, SP, Shift, at,
    indexed,
};

/// How the size of an element becomes code.
#[derive(Clone, Copy, Debug)]
pub(super) enum Multiply {
    /// `shl`
    Shift,
    /// `imul r, r, n`
    Imul,
    /// `lea r, [r + r * 2]` or `* 4` or `* 8`, and a shift.
    Lea,
}

/// Who adds the padding.
#[derive(Clone, Copy, Debug)]
pub(super) enum Allocate {
    /// The function that grows: `std::_Allocate` is part of it.
    Inline,
    /// `std::_Allocate<16>`, which it calls.
    Called,
}

/// A vector's code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vector {
    /// Bytes of an element.
    pub(super) element: u64,
    /// 27h, in debug builds 2Fh.
    pub(super) pad: i32,
    pub(super) multiply: Multiply,
    pub(super) allocate: Allocate,
    /// Non-volatile registers for: the vector, the place of the new element, its value, the first element, the new
    /// bytes, the number of elements.
    pub(super) registers: [Reg; 6],
}

/// 16-byte elements, as Visual C++ 2022 has them in a release build.
pub(super) const USUAL: Vector = Vector {
    element: 16,
    pad: 0x27,
    multiply: Multiply::Shift,
    allocate: Allocate::Inline,
    registers: [DI, SI, R14, R12, BX, R15],
};

/// Other registers.
pub(super) const OTHERS: [Reg; 6] = [R14, R13, SI, BX, DI, R12];

impl Vector {
    /// The most elements that it may have.
    fn most(self) -> u64 {
        (u64::MAX >> 1) / self.element
    }

    /// `_Emplace_reallocate`: the vector in rcx, the place in rdx, the value in r8.
    pub(super) fn emplace_reallocate(self) -> Code {
        let [this, place, value, first, bytes, need] = self.registers;
        let mut ops = self.enter();
        ops.extend([
            Op::Mov(this, CX),
            Op::Mov(place, DX),
            Op::Mov(value, R8),
            Op::Load(first, at(this, 0)),
            Op::Load(AX, at(this, 8)),
            Op::Alu(Alu::Sub, AX, first),
        ]);
        ops.extend(self.divide(AX));
        ops.extend([
            Op::MovImm(R8, self.most()),
            Op::Alu(Alu::Cmp, AX, R8),
            Op::Jcc(Cond::Equal, "long"),
            Op::Lea(need, at(AX, 1)),
        ]);
        ops.extend(self.grown(this, first, need));
        ops.extend(self.buffer(bytes));
        ops.extend([
            Op::Mov(CX, place),
            Op::Alu(Alu::Sub, CX, first),
            Op::Alu(Alu::Add, CX, AX),
            Op::Load(DX, at(value, 0)),
            Op::Store(at(CX, 0), DX),
        ]);
        ops.extend(self.leave(this, bytes));
        Code::new("std::vector::_Emplace_reallocate", ops)
    }

    /// `_Resize_reallocate`: the vector in rcx, the new number of elements in rdx.
    pub(super) fn resize_reallocate(self) -> Code {
        let [this, _, _, first, bytes, need] = self.registers;
        let mut ops = self.enter();
        ops.extend([
            Op::MovImm(R8, self.most()),
            Op::Alu(Alu::Cmp, DX, R8),
            Op::Jcc(Cond::Above, "long"),
            Op::Mov(this, CX),
            Op::Mov(need, DX),
            Op::Load(first, at(this, 0)),
        ]);
        ops.extend(self.grown(this, first, need));
        ops.extend(self.buffer(bytes));
        ops.extend(self.leave(this, bytes));
        Code::new("std::vector::_Resize_reallocate", ops)
    }

    /// `_Reallocate_exactly`: the vector in rcx, the new number of elements in rdx.
    pub(super) fn reallocate_exactly(self) -> Code {
        let [this, _, _, first, bytes, need] = self.registers;
        let mut ops = self.enter();
        ops.extend([
            Op::Mov(this, CX),
            Op::Mov(need, DX),
            Op::Load(first, at(this, 0)),
            Op::MovImm(R8, self.most()),
        ]);
        ops.extend(self.buffer(bytes));
        ops.extend(self.leave(this, bytes));
        Code::new("std::vector::_Reallocate_exactly", ops)
    }

    /// `reserve`: the vector in rcx, the number of elements in rdx.
    pub(super) fn reserve(self) -> Code {
        let mut ops = vec![Op::AluImm(Alu::Sub, SP, 0x28), Op::EndProlog];
        ops.extend([Op::Load(AX, at(CX, 0x10)), Op::AluMem(Alu::Sub, AX, at(CX, 0))]);
        ops.extend(self.divide(AX));
        ops.extend([
            Op::Alu(Alu::Cmp, DX, AX),
            Op::Jcc(Cond::NotAbove, "enough"),
            Op::MovImm(R8, self.most()),
            Op::Alu(Alu::Cmp, DX, R8),
            Op::Jcc(Cond::Above, "long"),
            Op::Call("std::vector::_Reallocate_exactly"),
            Op::Nop,
            Op::Label("enough"),
            Op::AluImm(Alu::Add, SP, 0x28),
            Op::Ret,
            Op::Label("long"),
            Op::Call("std::_Xlength_error"),
            Op::Int3,
        ]);
        Code::new("std::vector::reserve", ops)
    }

    /// `emplace_back`: the vector in rcx, the value in rdx.
    pub(super) fn emplace_back(self) -> Code {
        Code::new(
            "std::vector::emplace_back",
            [
                Op::AluImm(Alu::Sub, SP, 0x28),
                Op::EndProlog,
                Op::Mov(R8, DX),
                Op::Load(DX, at(CX, 8)),
                Op::AluMem(Alu::Cmp, DX, at(CX, 0x10)),
                Op::Jcc(Cond::Equal, "full"),
                Op::Load(AX, at(R8, 0)),
                Op::Store(at(DX, 0), AX),
                Op::AluMemImm(Alu::Add, at(CX, 8), i32::try_from(self.element).expect("small")),
                Op::Mov(AX, DX),
                Op::Jmp("out"),
                Op::Label("full"),
                Op::Call("std::vector::_Emplace_reallocate"),
                Op::Nop,
                Op::Label("out"),
                Op::AluImm(Alu::Add, SP, 0x28),
                Op::Ret,
            ],
        )
    }

    fn enter(self) -> Vec<Op> {
        let mut ops: Vec<Op> = self.registers.iter().rev().map(|r| Op::Push(*r)).collect();
        // Six pushes and the return address: 8 bytes more for a multiple of 16.
        ops.extend([Op::AluImm(Alu::Sub, SP, 0x28), Op::EndProlog]);
        ops
    }

    /// Bytes to elements, exactly: a shift, and the inverse of what is odd.
    fn divide(self, r: Reg) -> Vec<Op> {
        let zeros = self.element.trailing_zeros();
        let odd = self.element >> zeros;
        // Newton's iteration doubles the correct bits: 5, 10, 20, 40, 80.
        let inverse = (0..5).fold(odd.wrapping_mul(3) ^ 2, |x: u64, _| {
            x.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(x)))
        });
        let mut ops = Vec::new();
        if zeros > 0 {
            ops.push(Op::Shift(Shift::Signed, r, u8::try_from(zeros).expect("below 64")));
        }
        if odd > 1 {
            ops.extend([Op::MovImm(R10, inverse), Op::Imul(r, R10)]);
        }
        ops
    }

    /// The capacity and its half, or what is needed, or the most, in rdx; the most is in r8.
    fn grown(self, this: Reg, first: Reg, need: Reg) -> Vec<Op> {
        let mut ops = vec![Op::Load(CX, at(this, 0x10)), Op::Alu(Alu::Sub, CX, first)];
        ops.extend(self.divide(CX));
        ops.extend([
            Op::Mov(DX, CX),
            Op::Shift(Shift::Right, DX, 1),
            Op::Mov(R9, R8),
            Op::Alu(Alu::Sub, R9, DX),
            Op::Alu(Alu::Add, DX, CX),
            Op::Alu(Alu::Cmp, DX, need),
            Op::Cmov(Cond::Below, DX, need),
            Op::Alu(Alu::Cmp, CX, R9),
            Op::Cmov(Cond::Above, DX, R8),
        ]);
        ops
    }

    /// Elements in rdx become a buffer in rax; its bytes are kept.
    fn buffer(self, bytes: Reg) -> Vec<Op> {
        let mut ops = vec![
            Op::MovImm(AX, u64::MAX / self.element),
            Op::Alu(Alu::Cmp, DX, AX),
            Op::Jcc(Cond::Above, "overflow"),
        ];
        ops.extend(self.multiply(bytes, DX));
        match self.allocate {
            Allocate::Called => ops.extend([Op::Mov(CX, bytes), Op::Call("std::_Allocate<16>"), Op::Nop]),
            Allocate::Inline => ops.extend([
                Op::AluImm(Alu::Cmp, bytes, 0x1000),
                Op::Jcc(Cond::Below, "small"),
                Op::Lea(CX, at(bytes, self.pad)),
                Op::Alu(Alu::Cmp, CX, bytes),
                Op::Jcc(Cond::NotAbove, "overflow"),
                Op::Call("operator new"),
                Op::Test(AX, AX),
                Op::Jcc(Cond::Equal, "invalid"),
                Op::Mov(CX, AX),
                Op::AluImm(Alu::Add, AX, self.pad),
                Op::AluImm(Alu::And, AX, -0x20),
                Op::Store(at(AX, -8), CX),
                Op::Jmp("fresh"),
                Op::Label("small"),
                Op::Alu(Alu::Xor, AX, AX),
                Op::Test(bytes, bytes),
                Op::Jcc(Cond::Equal, "fresh"),
                Op::Mov(CX, bytes),
                Op::Call("operator new"),
                Op::Label("fresh"),
            ]),
        }
        ops
    }

    fn multiply(self, d: Reg, s: Reg) -> Vec<Op> {
        let zeros = u8::try_from(self.element.trailing_zeros()).expect("below 64");
        let odd = self.element >> zeros;
        let mut ops = match self.multiply {
            Multiply::Imul => return vec![Op::ImulImm(d, s, i32::try_from(self.element).expect("small"))],
            Multiply::Shift => {
                assert_eq!(odd, 1, "a power of two");
                vec![Op::Mov(d, s)]
            }
            Multiply::Lea => vec![Op::Lea(d, indexed(s, s, u8::try_from(odd - 1).expect("3, 5 or 9"), 0))],
        };
        if zeros > 0 {
            ops.push(Op::Shift(Shift::Left, d, zeros));
        }
        ops
    }

    /// The new buffer in rax becomes the vector's.
    fn leave(self, this: Reg, bytes: Reg) -> Vec<Op> {
        let mut ops = vec![
            Op::Load(CX, at(this, 8)),
            Op::AluMem(Alu::Sub, CX, at(this, 0)),
            Op::Store(at(this, 0), AX),
            Op::Alu(Alu::Add, CX, AX),
            Op::Store(at(this, 8), CX),
            Op::Lea(CX, Mem::At { base: Some(AX), index: Some((bytes, 1)), displacement: 0 }),
            Op::Store(at(this, 0x10), CX),
            Op::AluImm(Alu::Add, SP, 0x28),
        ];
        ops.extend(self.registers.iter().map(|r| Op::Pop(*r)));
        ops.extend([
            Op::Ret,
            Op::Label("long"),
            Op::Call("std::_Xlength_error"),
            Op::Int3,
            Op::Label("overflow"),
            Op::Call("__scrt_throw_std_bad_array_new_length"),
            Op::Int3,
            Op::Label("invalid"),
            Op::Int3,
        ]);
        ops
    }
}
