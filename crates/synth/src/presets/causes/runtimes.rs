//! Memory refused in other words than `std::bad_alloc`: exceptions that carry the size, .NET, Rust, MFC.

use super::Level::Medium;
use super::program64::{NO_MEMORY, RECORDER, at_commit_limit, world};
use super::world::World;
use super::{Case, Maker, Sure, Truth, Wanted, new64};
use crate::CppThrow;
use crate::SystemMemory;
use crate::machine::{AX, Alu, BX, CX, Code, DI, DX, Op, R8, R9, SI, SP, at, data_item};
use crate::process::Process;

/// Every case.
pub(super) const CASES: &[Maker] = &[
    chromium,
    chromium_absurd,
    heap_raises,
    status_commitment_limit,
    fatal_memory_exhaustion,
    dot_net,
    dot_net_sign_extended,
    dot_net_other,
    rust,
    mfc,
    length_error,
];

/// A function that raises an exception with parameters, which it has in its frame.
fn raising(code: u32, parameters: &[u64]) -> Code {
    let mut ops = vec![Op::AluImm(Alu::Sub, SP, 0x68), Op::EndProlog];
    for (n, value) in (0..).zip(parameters) {
        ops.extend([Op::MovImm(AX, *value), Op::Store(at(SP, 0x20 + 8 * n), AX)]);
    }
    ops.extend([
        Op::Lea(R9, at(SP, 0x20)),
        Op::MovImm(R8, parameters.len() as u64),
        Op::MovImm(DX, 1),
        Op::MovImm(CX, code.into()),
        Op::CallImport("RaiseException"),
        Op::Nop,
        Op::AluImm(Alu::Add, SP, 0x68),
        Op::Ret,
    ]);
    Code::new("give_up", ops)
}

fn process(code: Vec<Code>, last: (u32, u32)) -> World {
    let mut world = world(new64::USUAL, code, "give_up", NO_MEMORY);
    world.allocate(RECORDER, 0x1000, &[]);
    world.last = last;
    world
}

fn finish(name: &'static str, mut world: World, truth: Truth) -> Case {
    world.run();
    let process = Process { system_memory: Some(SystemMemory::default()), ..world.finish() };
    Case { name, process, truth }
}

fn at_the_limit(case: Case) -> Case {
    Case { process: at_commit_limit(case.process), ..case }
}

/// V8 and Chromium, 512 MiB, with the machine at its limit.
fn chromium() -> Case {
    let world = process(vec![raising(0xE000_0008, &[512 << 20])], (1455, 0xC000_012D));
    let truth = Truth::refused("commit_limit", 512 << 20).sure(Sure::AtLeast(Medium));
    at_the_limit(finish("chromium", world, truth))
}

/// The same with a size that became negative.
fn chromium_absurd() -> Case {
    let world = process(vec![raising(0xE000_0008, &[(-4096i64).cast_unsigned()])], (0, 0));
    let asked = (-4096i64).cast_unsigned();
    let truth = Truth::refused("request_exceeds_address_space", asked).sure(Sure::AtLeast(Medium));
    finish("chromium-absurd", world, truth)
}

/// A heap that raises exceptions: STATUS_NO_MEMORY with the size.
fn heap_raises() -> Case {
    let world = process(vec![raising(0xC000_0017, &[0x0400_0040])], (1455, 0xC000_012D));
    let truth = Truth::refused("commit_limit", 0x0400_0040).sure(Sure::AtLeast(Medium));
    at_the_limit(finish("heap-raises", world, truth))
}

/// STATUS_COMMITMENT_LIMIT by itself names the cause, and no size.
fn status_commitment_limit() -> Case {
    let world = process(vec![raising(0xC000_012D, &[])], (0, 0));
    let truth =
        Truth { requested_bytes: Wanted::Absent, origin: Wanted::Open, ..Truth::refused("commit_limit", 0) };
    at_the_limit(finish("status-commitment-limit", world, truth))
}

/// STATUS_FATAL_MEMORY_EXHAUSTION.
fn fatal_memory_exhaustion() -> Case {
    let world = process(vec![raising(0xC000_01AD, &[])], (0, 0));
    let truth = Truth {
        cause: Wanted::Open,
        requested_bytes: Wanted::Absent,
        origin: Wanted::Open,
        ..Truth::other("allocation_failure")
    };
    at_the_limit(finish("fatal-memory-exhaustion", world, truth))
}

/// A .NET exception: its HRESULT is the first of five parameters.
fn clr(name: &'static str, hresult: u32, sign_extended: bool, truth: Truth) -> Case {
    let signed = i64::from(hresult.cast_signed()).cast_unsigned();
    let first = if sign_extended { signed } else { hresult.into() };
    let parameters = [first, 0, 0, 0, 0x7FFB_2000_0000];
    finish(name, process(vec![raising(0xE043_4352, &parameters)], (0, 0)), truth)
}

fn out_of_memory() -> Truth {
    Truth { cause: Wanted::Open, requested_bytes: Wanted::Absent, ..Truth::other("allocation_failure") }
}

/// OutOfMemoryException.
fn dot_net() -> Case {
    clr("dot-net", 0x8007_000E, false, out_of_memory())
}

/// The same as a signed number.
fn dot_net_sign_extended() -> Case {
    clr("dot-net-sign-extended", 0x8007_000E, true, out_of_memory())
}

/// InvalidOperationException has nothing to do with memory.
fn dot_net_other() -> Case {
    clr("dot-net-other", 0x8013_1509, true, Truth::other("other_exception"))
}

/// Rust: `handle_alloc_error` keeps size and alignment, writes a message and aborts. Without symbols nothing says what the
/// registers mean: the size may be told, if it is told right.
fn rust() -> Case {
    const SIZE: u64 = 0x1234_5678;
    let give_up = [
        Op::AluImm(Alu::Sub, SP, 0x28),
        Op::EndProlog,
        Op::MovImm(DX, SIZE),
        Op::MovImm(CX, 8),
        Op::Call("alloc::alloc::handle_alloc_error"),
        Op::Int3,
    ];
    let handle = [Op::AluImm(Alu::Sub, SP, 0x28), Op::EndProlog, Op::Call("std::alloc::rust_oom"), Op::Int3];
    let oom = [
        Op::Push(SI),
        Op::Push(DI),
        Op::AluImm(Alu::Sub, SP, 0x28),
        Op::EndProlog,
        Op::Mov(SI, DX),
        Op::Mov(DI, CX),
        Op::Call("std::process::abort"),
        Op::Int3,
    ];
    let abort = [Op::MovImm(CX, 7), Op::Int29, Op::Int3];
    let code = vec![
        Code::new("give_up", give_up),
        Code::new("alloc::alloc::handle_alloc_error", handle),
        Code::new("std::alloc::rust_oom", oom),
        Code::new("std::process::abort", abort),
    ];
    let truth = Truth {
        kind: Wanted::OneOf(&["abort", "allocation_failure"]),
        cause: Wanted::Open,
        requested_bytes: Wanted::OneOfOrAbsent(&[SIZE]),
        origin: Wanted::Open,
        ..Truth::other("abort")
    };
    finish("rust", process(code, (0, 0)), truth)
}

/// MFC throws a pointer to an object that it keeps for the purpose.
fn mfc() -> Case {
    let throw = [
        Op::AluImm(Alu::Sub, SP, 0x38),
        Op::EndProlog,
        Op::Load(BX, data_item("the_recorder")),
        Op::Store(at(SP, 0x20), BX),
        Op::Lea(DX, data_item(new64::LENGTH_ERROR)),
        Op::Lea(CX, at(SP, 0x20)),
        Op::Call("_CxxThrowException thunk"),
        Op::Int3,
    ];
    let mut world = process(vec![Code::new("give_up", throw)], (8, 0xC000_0017));
    let thrown = CppThrow {
        image: world.at.app,
        rva: world.program.rva(0, new64::LENGTH_ERROR),
        types: vec![".PEAVCMemoryException@@".into(), ".PEAVCSimpleException@@".into(), ".PEAX".into()],
        ..CppThrow::default()
    };
    thrown.raise(&mut world.process);
    let truth =
        Truth { cause: Wanted::Open, requested_bytes: Wanted::Absent, ..Truth::other("allocation_failure") };
    finish("mfc", world, truth.sure(Sure::AtMost(Medium)))
}

/// `length_error` for a reason of the program's own: no memory was asked for.
fn length_error() -> Case {
    let throw = [Op::AluImm(Alu::Sub, SP, 0x28), Op::EndProlog, Op::Call("std::_Xlength_error"), Op::Int3];
    let world = process(vec![Code::new("give_up", throw)], (0, 0));
    let truth = Truth {
        kind: Wanted::OneOf(&["cpp_exception", "allocation_failure"]),
        cause: Wanted::OneOfOrAbsent(&["request_exceeds_address_space", "undetermined"]),
        ..Truth::other("cpp_exception")
    };
    finish("length-error", world, truth)
}
