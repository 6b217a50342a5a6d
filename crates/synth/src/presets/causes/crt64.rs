//! The Visual C++ runtime, x64: as much of it as lies between a program and its end.
//!
//! Shapes follow the code that Visual C++ makes: `_CxxThrowException` keeps rbx and rsi in home slots and pushes rdi,
//! `malloc` keeps the size in rbx and gives it to RtlAllocateHeap in r8.

use crate::machine::{AX, Alu, BX, CX, Code, Cond, DI, DX, Mem, Op, R8, R9, SI, SP, at, data_item};

/// What `throw` raises.
const CPP: u64 = 0xE06D_7363;
/// First parameter of a C++ exception.
const MAGIC: i32 = 0x1993_0520;

const SIGABRT: u64 = 22;

/// ucrtbase.
pub(super) fn ucrtbase() -> Vec<Code> {
    vec![malloc(), callnewh(), abort(), terminate()]
}

/// VCRUNTIME140.
pub(super) fn vcruntime() -> Vec<Code> {
    vec![
        throw(),
        Code::new(
            "__CxxFrameHandler4",
            [
                Op::AluImm(Alu::Sub, SP, 0x58),
                Op::EndProlog,
                Op::CallImport("terminate"),
                Op::Nop,
                Op::AluImm(Alu::Add, SP, 0x58),
                Op::Ret,
            ],
        ),
        call_catch_block(),
        Code::new(
            "_CallSettingFrame",
            [
                Op::AluImm(Alu::Sub, SP, 0x28),
                Op::Store(at(SP, 0x30), CX),
                Op::Store(at(SP, 0x38), DX),
                Op::EndProlog,
                Op::Mov(AX, CX),
                Op::CallReg(AX),
                Op::Nop,
                Op::AluImm(Alu::Add, SP, 0x28),
                Op::Ret,
            ],
        ),
    ]
}

/// Object in rcx, ThrowInfo in rdx. Both null throw again what is being handled.
fn throw() -> Code {
    Code::new(
        "_CxxThrowException",
        [
            Op::Store(at(SP, 0x10), BX),
            Op::Store(at(SP, 0x18), SI),
            Op::Push(DI),
            Op::AluImm(Alu::Sub, SP, 0x60),
            Op::EndProlog,
            Op::Mov(BX, DX),
            Op::Mov(SI, CX),
            Op::StoreImm(at(SP, 0x30), MAGIC),
            Op::Store(at(SP, 0x38), SI),
            Op::Store(at(SP, 0x40), BX),
            Op::StoreImm(at(SP, 0x48), 0),
            Op::Test(BX, BX),
            Op::Jcc(Cond::Equal, "again"),
            Op::Lea(DX, at(SP, 0x20)),
            Op::Mov(CX, BX),
            Op::CallImport("RtlPcToFileHeader"),
            Op::Store(at(SP, 0x48), AX),
            Op::Label("again"),
            Op::Lea(R9, at(SP, 0x30)),
            Op::MovImm(R8, 4),
            Op::MovImm(DX, 1),
            Op::MovImm(CX, CPP),
            Op::CallImport("RaiseException"),
            Op::Load(BX, at(SP, 0x78)),
            Op::Load(SI, at(SP, 0x80)),
            Op::AluImm(Alu::Add, SP, 0x60),
            Op::Pop(DI),
            Op::Ret,
        ],
    )
}

/// Handler in rcx, the frame of the function that catches in rdx.
fn call_catch_block() -> Code {
    Code::new(
        "CxxCallCatchBlock",
        [
            Op::Push(BX),
            Op::Push(SI),
            Op::AluImm(Alu::Sub, SP, 0x78),
            Op::EndProlog,
            Op::Mov(BX, CX),
            Op::Mov(SI, DX),
            Op::Call("_CallSettingFrame"),
            Op::Nop,
            Op::AluImm(Alu::Add, SP, 0x78),
            Op::Pop(SI),
            Op::Pop(BX),
            Op::Ret,
        ],
    )
}

fn malloc() -> Code {
    Code::new(
        "malloc",
        [
            Op::Push(BX),
            Op::AluImm(Alu::Sub, SP, 0x20),
            Op::EndProlog,
            Op::Mov(BX, CX),
            Op::AluImm(Alu::Cmp, CX, -0x20),
            Op::Jcc(Cond::Above, "none"),
            Op::Load(CX, Mem::Item("__acrt_heap")),
            Op::Alu(Alu::Xor, DX, DX),
            Op::Mov(R8, BX),
            Op::CallImport("RtlAllocateHeap"),
            Op::Test(AX, AX),
            Op::Jcc(Cond::NotEqual, "out"),
            Op::Label("none"),
            Op::Alu(Alu::Xor, AX, AX),
            Op::Label("out"),
            Op::AluImm(Alu::Add, SP, 0x20),
            Op::Pop(BX),
            Op::Ret,
        ],
    )
}

/// No handler is set.
fn callnewh() -> Code {
    Code::new("_callnewh", [Op::Alu(Alu::Xor, AX, AX), Op::Ret])
}

fn terminate() -> Code {
    Code::new("terminate", [Op::AluImm(Alu::Sub, SP, 0x28), Op::EndProlog, Op::Call("abort"), Op::Int3])
}

/// Calls the handler that the program has set for SIGABRT, if it has; then `__fastfail(FAST_FAIL_FATAL_APP_EXIT)`.
fn abort() -> Code {
    Code::new(
        "abort",
        [
            Op::AluImm(Alu::Sub, SP, 0x28),
            Op::EndProlog,
            Op::Load(AX, data_item("abort_action")),
            Op::Test(AX, AX),
            Op::Jcc(Cond::Equal, "fail"),
            Op::MovImm(CX, SIGABRT),
            Op::CallReg(AX),
            Op::Nop,
            Op::Label("fail"),
            Op::MovImm(CX, 7),
            Op::Int29,
            Op::Int3,
        ],
    )
}
