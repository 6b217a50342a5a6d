//! Windows and the Visual C++ runtime, x86: frames by EBP, arguments on the stack.

use super::runtime64::{NT_ALLOCATE, NT_WAIT};
use super::world::Bases;
use crate::machine::{
    AX, Alu, BP, CX, Code, Cond, DI, DX, Data, Op, Reg, SI, SP, Unit, at, data_item, indexed,
};

/// What `throw` raises, and its first parameter.
const CPP: i32 = 0xE06D_7363_u32.cast_signed();
const MAGIC: i32 = 0x1993_0520;

/// `push ebp; mov ebp,esp`, and room for locals.
pub(super) fn framed(name: &'static str, locals: i32, body: &[Op]) -> Code {
    let mut ops = vec![Op::Push(BP), Op::Mov(BP, SP)];
    if locals > 0 {
        ops.push(Op::AluImm(Alu::Sub, SP, locals));
    }
    ops.push(Op::EndProlog);
    ops.extend_from_slice(body);
    Code::new(name, ops)
}

/// Argument `n` of a function with a frame.
pub(super) fn argument(n: i32) -> crate::machine::Mem {
    at(BP, 8 + 4 * n)
}

/// `mov esp,ebp; pop ebp; ret n`
fn leave(arguments: u16) -> [Op; 3] {
    [Op::Mov(SP, BP), Op::Pop(BP), if arguments == 0 { Op::Ret } else { Op::RetN(4 * arguments) }]
}

/// A body and how it ends.
pub(super) fn body(ops: &[Op], arguments: u16) -> Vec<Op> {
    [ops, &leave(arguments)].concat()
}

/// ntdll, kernel32, KERNELBASE, VCRUNTIME140 and ucrtbase.
pub(super) fn units(bases: &Bases) -> Vec<Unit> {
    let unit = |path, base, code, data| Unit { path, base, code, data, exports: true, ..Unit::default() };
    vec![
        unit("C:\\Windows\\System32\\ntdll.dll", bases.ntdll, ntdll(), Vec::new()),
        unit("C:\\Windows\\System32\\kernel32.dll", bases.kernel32, vec![thread_init_thunk()], Vec::new()),
        unit(
            "C:\\Windows\\System32\\KERNELBASE.dll",
            bases.kernelbase,
            vec![raise_exception(), wait()],
            Vec::new(),
        ),
        unit(
            "C:\\Windows\\System32\\VCRUNTIME140.dll",
            bases.vcruntime,
            vec![throw(), framed("__CxxFrameHandler3", 0x10, &body(&[Op::CallImport("terminate")], 0))],
            Vec::new(),
        ),
        unit(
            "C:\\Windows\\System32\\ucrtbase.dll",
            bases.ucrtbase,
            vec![malloc(), callnewh(), abort(), framed("terminate", 0, &[Op::Call("abort"), Op::Int3])],
            vec![Data::new("__acrt_heap", bases.heap.to_le_bytes()[..4].to_vec())],
        ),
    ]
}

fn ntdll() -> Vec<Code> {
    let system_call = |name, number, arguments: u16| {
        Code::new(name, [Op::MovImm(AX, number), Op::Syscall, Op::RetN(4 * arguments)])
    };
    vec![
        system_call("NtWaitForSingleObject", NT_WAIT, 3),
        system_call("NtAllocateVirtualMemory", NT_ALLOCATE, 6),
        framed(
            "RtlUserThreadStart",
            0,
            &[
                Op::PushImm(0),
                Op::Mov(DX, AX),
                Op::Alu(Alu::Xor, CX, CX),
                Op::CallImport("BaseThreadInitThunk"),
                Op::Int3,
            ],
        ),
        allocate_heap(),
        framed(
            "RtlRaiseException",
            0x2D0,
            &[
                Op::Load(CX, argument(0)),
                Op::Load(AX, at(BP, 4)),
                Op::Store(at(CX, 0x0C), AX),
                Op::Lea(DX, at(BP, -0x2CC)),
                Op::Push(DX),
                Op::Push(CX),
                Op::Call("RtlDispatchException"),
                Op::Int3,
            ],
        ),
        framed(
            "RtlDispatchException",
            0x40,
            &body(
                &[
                    Op::Load(CX, argument(0)),
                    Op::Load(DX, argument(1)),
                    Op::Dispatch,
                    Op::PushMem(argument(1)),
                    Op::PushMem(argument(0)),
                    Op::CallReg(AX),
                ],
                2,
            ),
        ),
    ]
}

/// Heap, flags, bytes. A block so large that it is a reservation of its own: its header is 0x20 bytes.
fn allocate_heap() -> Code {
    let ops = [
        Op::Load(AX, argument(2)),
        Op::AluImm(Alu::Add, AX, 0x20),
        Op::Store(at(BP, -8), AX),
        Op::StoreImm(at(BP, -4), 0),
        Op::PushImm(4),
        Op::PushImm(0x3000),
        Op::Lea(AX, at(BP, -8)),
        Op::Push(AX),
        Op::PushImm(0),
        Op::Lea(AX, at(BP, -4)),
        Op::Push(AX),
        Op::PushImm(-1),
        Op::Call("NtAllocateVirtualMemory"),
        Op::Test(AX, AX),
        Op::Jcc(Cond::NotEqual, "refused"),
        Op::Load(AX, at(BP, -4)),
        Op::AluImm(Alu::Add, AX, 0x20),
        Op::Jmp("out"),
        Op::Label("refused"),
        Op::Alu(Alu::Xor, AX, AX),
        Op::Label("out"),
    ];
    framed("RtlAllocateHeap", 8, &body(&ops, 3))
}

fn thread_init_thunk() -> Code {
    framed("BaseThreadInitThunk", 0, &[Op::PushMem(argument(0)), Op::CallReg(DX), Op::Push(AX), Op::Int3])
}

/// Code, flags, count, parameters; the EXCEPTION_RECORD is at ebp - 50h.
fn raise_exception() -> Code {
    const RECORD: i32 = -0x50;
    const INDEX: Reg = AX;
    let ops = [
        Op::Load(AX, argument(0)),
        Op::Store(at(BP, RECORD), AX),
        Op::Load(AX, argument(1)),
        Op::AluImm(Alu::And, AX, 1),
        Op::Store(at(BP, RECORD + 4), AX),
        Op::StoreImm(at(BP, RECORD + 8), 0),
        Op::Load(CX, argument(2)),
        Op::Store(at(BP, RECORD + 0x10), CX),
        Op::Push(SI),
        Op::Push(DI),
        Op::Load(SI, argument(3)),
        Op::Lea(DI, at(BP, RECORD + 0x14)),
        Op::Alu(Alu::Xor, INDEX, INDEX),
        Op::Label("next"),
        Op::Alu(Alu::Cmp, INDEX, CX),
        Op::Jcc(Cond::NotBelow, "raise"),
        Op::Load(DX, indexed(SI, INDEX, 4, 0)),
        Op::Store(indexed(DI, INDEX, 4, 0), DX),
        Op::AluImm(Alu::Add, INDEX, 1),
        Op::Jmp("next"),
        Op::Label("raise"),
        Op::Lea(AX, at(BP, RECORD)),
        Op::Push(AX),
        Op::CallImport("RtlRaiseException"),
        Op::Pop(DI),
        Op::Pop(SI),
    ];
    framed("RaiseException", 0x50, &body(&ops, 4))
}

fn wait() -> Code {
    let ops = [
        Op::PushImm(0),
        Op::PushMem(argument(2)),
        Op::PushMem(argument(0)),
        Op::CallImport("NtWaitForSingleObject"),
    ];
    framed("WaitForSingleObjectEx", 8, &body(&ops, 3))
}

/// Object, ThrowInfo.
fn throw() -> Code {
    let ops = [
        Op::Push(SI),
        Op::Push(DI),
        Op::Load(SI, argument(0)),
        Op::Load(DI, argument(1)),
        Op::StoreImm(at(BP, -0x0C), MAGIC),
        Op::Store(at(BP, -8), SI),
        Op::Store(at(BP, -4), DI),
        Op::Lea(AX, at(BP, -0x0C)),
        Op::Push(AX),
        Op::PushImm(3),
        Op::PushImm(1),
        Op::PushImm(CPP),
        Op::CallImport("RaiseException"),
        Op::Pop(DI),
        Op::Pop(SI),
    ];
    framed("_CxxThrowException", 0x20, &body(&ops, 2))
}

fn malloc() -> Code {
    let ops = [
        Op::Push(SI),
        Op::Load(SI, argument(0)),
        Op::AluImm(Alu::Cmp, SI, -0x20),
        Op::Jcc(Cond::Above, "none"),
        Op::Push(SI),
        Op::PushImm(0),
        Op::PushMem(data_item("__acrt_heap")),
        Op::CallImport("RtlAllocateHeap"),
        Op::Test(AX, AX),
        Op::Jcc(Cond::NotEqual, "out"),
        Op::Label("none"),
        Op::Alu(Alu::Xor, AX, AX),
        Op::Label("out"),
        Op::Pop(SI),
        Op::Pop(BP),
        Op::Ret,
    ];
    framed("malloc", 0, &ops)
}

/// No handler is set.
fn callnewh() -> Code {
    Code::new("_callnewh", [Op::Alu(Alu::Xor, AX, AX), Op::Ret])
}

/// `__fastfail(FAST_FAIL_FATAL_APP_EXIT)`
fn abort() -> Code {
    framed("abort", 0, &[Op::MovImm(CX, 7), Op::Int29, Op::Int3])
}
