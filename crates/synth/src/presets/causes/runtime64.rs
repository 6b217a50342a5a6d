//! Windows, x64: as much of it as lies between a program and its end.

use super::crt64;
use super::world::Bases;
use crate::machine::{
    AX, Alu, BP, BX, CX, Code, Cond, DI, DX, Data, Op, R8, R9, R10, R12, R13, R14, R15, SI, SP, Unit, at,
    data_item, indexed,
};
use crate::pe::Unwind;

/// Size of a CONTEXT, and where it keeps the non-volatile registers.
const CONTEXT: i32 = 0x4D0;
const SAVED: [(u8, u16); 8] =
    [(BX, 0x90), (BP, 0xA0), (SI, 0xA8), (DI, 0xB0), (R12, 0xD8), (R13, 0xE0), (R14, 0xE8), (R15, 0xF0)];
/// Numbers of system calls.
pub(super) const NT_WAIT: u64 = 0x04;
pub(super) const NT_ALLOCATE: u64 = 0x18;
pub(super) const NT_DELAY: u64 = 0x34;

/// ntdll, kernel32, KERNELBASE, VCRUNTIME140 and ucrtbase; `app` is the image that throws.
pub(super) fn units(bases: &Bases, app: u64) -> Vec<Unit> {
    let unit = |path, base, code, data| Unit { path, base, code, data, exports: true, ..Unit::default() };
    vec![
        unit(
            "C:\\Windows\\System32\\ntdll.dll",
            bases.ntdll,
            ntdll(),
            vec![Data::new("LastImage", app.to_le_bytes())],
        ),
        unit("C:\\Windows\\System32\\kernel32.dll", bases.kernel32, vec![thread_init_thunk()], Vec::new()),
        unit(
            "C:\\Windows\\System32\\KERNELBASE.dll",
            bases.kernelbase,
            vec![raise_exception(), wait(), sleep()],
            Vec::new(),
        ),
        unit("C:\\Windows\\System32\\VCRUNTIME140.dll", bases.vcruntime, crt64::vcruntime(), Vec::new()),
        unit(
            "C:\\Windows\\System32\\ucrtbase.dll",
            bases.ucrtbase,
            crt64::ucrtbase(),
            vec![Data::new("__acrt_heap", bases.heap.to_le_bytes()), Data::new("abort_action", [0; 8])],
        ),
    ]
}

fn ntdll() -> Vec<Code> {
    let system_call =
        |name, number| Code::new(name, [Op::Mov(R10, CX), Op::MovImm(AX, number), Op::Syscall, Op::Ret]);
    vec![
        system_call("NtWaitForSingleObject", NT_WAIT),
        system_call("NtAllocateVirtualMemory", NT_ALLOCATE),
        system_call("NtDelayExecution", NT_DELAY),
        user_thread_start(),
        allocate_heap(),
        raise(),
        dispatch(),
        Code::new(
            "RtlpExecuteHandlerForException",
            [
                Op::AluImm(Alu::Sub, SP, 0x28),
                Op::EndProlog,
                Op::CallReg(AX),
                Op::Nop,
                Op::AluImm(Alu::Add, SP, 0x28),
                Op::Ret,
            ],
        ),
        consolidate(),
        Code::new(
            "RtlPcToFileHeader",
            [Op::Load(AX, data_item("LastImage")), Op::Store(at(DX, 0), AX), Op::Ret],
        ),
    ]
}

/// Start address in rcx, its argument in rdx.
fn user_thread_start() -> Code {
    Code::new(
        "RtlUserThreadStart",
        [
            Op::AluImm(Alu::Sub, SP, 0x78),
            Op::EndProlog,
            Op::Mov(R8, DX),
            Op::Mov(DX, CX),
            Op::Alu(Alu::Xor, CX, CX),
            Op::CallImport("BaseThreadInitThunk"),
            Op::Nop,
            Op::Int3,
        ],
    )
}

/// A block so large that it is a reservation of its own: its header is 0x40 bytes.
fn allocate_heap() -> Code {
    Code::new(
        "RtlAllocateHeap",
        [
            Op::Store(at(SP, 8), BX),
            Op::Push(DI),
            Op::AluImm(Alu::Sub, SP, 0x40),
            Op::EndProlog,
            Op::Mov(BX, R8),
            Op::Mov(DI, CX),
            Op::Lea(AX, at(BX, 0x40)),
            Op::Store(at(SP, 0x60), AX),
            Op::StoreImm(at(SP, 0x58), 0),
            Op::StoreImm(at(SP, 0x20), 0x3000),
            Op::StoreImm(at(SP, 0x28), 4),
            Op::Lea(R9, at(SP, 0x60)),
            Op::Alu(Alu::Xor, R8, R8),
            Op::Lea(DX, at(SP, 0x58)),
            Op::MovImm(CX, u64::MAX),
            Op::Call("NtAllocateVirtualMemory"),
            Op::Test(AX, AX),
            Op::Jcc(Cond::NotEqual, "refused"),
            Op::Load(AX, at(SP, 0x58)),
            Op::AluImm(Alu::Add, AX, 0x40),
            Op::Jmp("out"),
            Op::Label("refused"),
            Op::Alu(Alu::Xor, AX, AX),
            Op::Label("out"),
            Op::Load(BX, at(SP, 0x50)),
            Op::AluImm(Alu::Add, SP, 0x40),
            Op::Pop(DI),
            Op::Ret,
        ],
    )
}

/// Record in rcx; its CONTEXT goes to the frame.
fn raise() -> Code {
    Code::new(
        "RtlRaiseException",
        [
            Op::AluImm(Alu::Sub, SP, 0x5C8),
            Op::EndProlog,
            Op::Load(AX, at(SP, 0x5C8)),
            Op::Store(at(CX, 0x10), AX),
            Op::Lea(DX, at(SP, 0xF0)),
            Op::Call("RtlDispatchException"),
            Op::Nop,
            Op::Int3,
        ],
    )
}

fn dispatch() -> Code {
    Code::new(
        "RtlDispatchException",
        [
            Op::Store(at(SP, 8), BX),
            Op::Push(DI),
            Op::AluImm(Alu::Sub, SP, 0x120),
            Op::EndProlog,
            Op::Mov(BX, CX),
            Op::Mov(DI, DX),
            Op::Dispatch,
            Op::Mov(R8, DI),
            Op::Mov(CX, BX),
            Op::Call("RtlpExecuteHandlerForException"),
            Op::Load(BX, at(SP, 0x130)),
            Op::AluImm(Alu::Add, SP, 0x120),
            Op::Pop(DI),
            Op::Ret,
        ],
    )
}

/// Stands between a catch block and the frames that it has left: a machine frame leads back to the function that
/// catches, a CONTEXT below it holds its registers.
fn consolidate() -> Code {
    let mut codes: Vec<u16> = Vec::new();
    for (register, offset) in SAVED {
        codes.extend([4 << 8 | u16::from(register) << 12, offset / 8]);
    }
    codes.extend([1 << 8, u16::try_from(CONTEXT / 8).expect("small"), 10 << 8]);
    Code {
        unwind: Some(Unwind { codes, ..Unwind::default() }),
        ..Code::new("RcConsolidateFrames", [Op::CallReg(AX), Op::Nop, Op::Int3])
    }
}

fn thread_init_thunk() -> Code {
    Code::new(
        "BaseThreadInitThunk",
        [Op::AluImm(Alu::Sub, SP, 0x28), Op::EndProlog, Op::Mov(CX, R8), Op::CallReg(DX), Op::Nop, Op::Int3],
    )
}

/// Code, flags, count and parameters in rcx, rdx, r8, r9; the EXCEPTION_RECORD is at rsp + 20h.
fn raise_exception() -> Code {
    Code::new(
        "RaiseException",
        [
            Op::AluImm(Alu::Sub, SP, 0xD8),
            Op::EndProlog,
            Op::Store32(at(SP, 0x20), CX),
            Op::AluImm(Alu::And, DX, 1),
            Op::Store32(at(SP, 0x24), DX),
            Op::StoreImm(at(SP, 0x28), 0),
            Op::Store32(at(SP, 0x38), R8),
            Op::Alu(Alu::Xor, AX, AX),
            Op::Label("next"),
            Op::Alu(Alu::Cmp, AX, R8),
            Op::Jcc(Cond::NotBelow, "raise"),
            Op::Load(DX, indexed(R9, AX, 8, 0)),
            Op::Store(indexed(SP, AX, 8, 0x40), DX),
            Op::AluImm(Alu::Add, AX, 1),
            Op::Jmp("next"),
            Op::Label("raise"),
            Op::Lea(CX, at(SP, 0x20)),
            Op::CallImport("RtlRaiseException"),
            Op::Nop,
            Op::AluImm(Alu::Add, SP, 0xD8),
            Op::Ret,
        ],
    )
}

fn wait() -> Code {
    Code::new(
        "WaitForSingleObjectEx",
        [
            Op::Push(BX),
            Op::AluImm(Alu::Sub, SP, 0x30),
            Op::EndProlog,
            Op::Mov(BX, CX),
            Op::Alu(Alu::Xor, R8, R8),
            Op::CallImport("NtWaitForSingleObject"),
            Op::Nop,
            Op::AluImm(Alu::Add, SP, 0x30),
            Op::Pop(BX),
            Op::Ret,
        ],
    )
}

fn sleep() -> Code {
    Code::new(
        "SleepEx",
        [
            Op::AluImm(Alu::Sub, SP, 0x38),
            Op::EndProlog,
            Op::Lea(DX, at(SP, 0x20)),
            Op::CallImport("NtDelayExecution"),
            Op::Nop,
            Op::AluImm(Alu::Add, SP, 0x38),
            Op::Ret,
        ],
    )
}
