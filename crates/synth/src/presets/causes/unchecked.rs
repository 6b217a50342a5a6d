//! `malloc` was refused, and its null pointer was used: directly, by way of a variable, or in a function that it was handed
//! to; on x64 and on x86. And controls: a refusal that was handled, after which another null pointer was used.

use super::Level::Medium;
use super::program32::{self, New, PLACES};
use super::program64::{NO_MEMORY, RECORDER, on_abort, world};
use super::runtime32::framed;
use super::{Case, Maker, Sure, Truth, Wanted, new64};
use crate::SystemMemory;
use crate::machine::{AX, Alu, BP, BX, CX, Code, Cond, Op, SI, SP, at, data_item};
use crate::process::Process;

/// Every case.
pub(super) const CASES: &[Maker] = &[
    null_write_after_malloc,
    by_way_of_a_variable,
    in_a_function_that_it_was_handed_to,
    with_an_index,
    handled,
    handled_elsewhere,
    x86_write_after_malloc,
    x86_by_way_of_a_variable,
    x86_in_a_function_that_it_was_handed_to,
    x86_number_in_a_register,
    x86_handled,
];

const BYTES: u64 = 900_000_000;

/// `body` has a frame of 38h bytes, and the recorder, an object full of zeros, in rbx.
fn process(ops: &[Op], more: Vec<Code>) -> Process {
    let enter =
        [Op::AluImm(Alu::Sub, SP, 0x38), Op::EndProlog, Op::MovImm(CX, BYTES), Op::CallImport("malloc")];
    let body = [&enter[..], ops, &[Op::AluImm(Alu::Add, SP, 0x38), Op::Ret]].concat();
    let code = [vec![Code::new("body", body), on_abort()], more].concat();
    let mut world = world(new64::USUAL, code, "body", NO_MEMORY);
    world.allocate(RECORDER, 0x1000, &[]);
    world.last = (8, 0xC000_0017);
    world.run();
    Process { system_memory: Some(SystemMemory::default()), ..world.finish() }
}

fn unchecked(name: &'static str, process: Process) -> Case {
    let truth = Truth { cause: Wanted::Open, ..Truth::refused("", BYTES) };
    Case { name, process, truth: truth.sure(Sure::AtMost(Medium)) }
}

fn unrelated(name: &'static str, process: Process) -> Case {
    // The last status is that of memory, and is said.
    let truth = Truth { cause: Wanted::OneOfOrAbsent(&["undetermined"]), ..Truth::other("access_violation") };
    Case { name, process, truth }
}

fn null_write_after_malloc() -> Case {
    unchecked("null-write-after-malloc", process(&[Op::StoreImm(at(AX, 0), 1)], Vec::new()))
}

/// As code looks that is not optimized.
fn by_way_of_a_variable() -> Case {
    let ops = [Op::Store(at(SP, 0x28), AX), Op::Load(CX, at(SP, 0x28)), Op::StoreImm(at(CX, 0x20), 1)];
    unchecked("null-malloc-variable", process(&ops, Vec::new()))
}

fn in_a_function_that_it_was_handed_to() -> Case {
    let fill = Code::new(
        "fill",
        [
            Op::AluImm(Alu::Sub, SP, 0x28),
            Op::EndProlog,
            Op::StoreImm(at(CX, 8), 1),
            Op::AluImm(Alu::Add, SP, 0x28),
            Op::Ret,
        ],
    );
    let ops = [Op::Mov(CX, AX), Op::Call("fill"), Op::Nop];
    unchecked("null-malloc-handed-on", process(&ops, vec![fill]))
}

/// Null and 7A1200h.
fn with_an_index() -> Case {
    let ops = [Op::AluImm(Alu::Add, AX, 0x7A_1200), Op::StoreImm(at(AX, 0), 1)];
    unchecked("null-malloc-index", process(&ops, Vec::new()))
}

/// The refusal was looked at; then a member of another object was null.
fn handled() -> Case {
    let ops = [
        Op::Test(AX, AX),
        Op::Jcc(Cond::Equal, "without"),
        Op::StoreImm(at(AX, 0), 1),
        Op::Label("without"),
        Op::Load(AX, at(BX, 8)),
        Op::StoreImm(at(AX, 0x10), 1),
    ];
    unrelated("null-after-handled-refusal", process(&ops, Vec::new()))
}

/// The same, and where it was handled lies behind the rest: what falls through to the write has a pointer that is not null.
fn handled_elsewhere() -> Case {
    let ops = [
        Op::Test(AX, AX),
        Op::Jcc(Cond::Equal, "without"),
        Op::Label("write"),
        Op::StoreImm(at(AX, 0), 1),
        Op::AluImm(Alu::Add, SP, 0x38),
        Op::Ret,
        Op::Label("without"),
        Op::Load(AX, at(BX, 8)),
        Op::Jmp("write"),
    ];
    unrelated("null-after-refusal-elsewhere", process(&ops, Vec::new()))
}

/// 90,000,000 bytes on x86: as code looks that is optimized for size, the number is pushed.
fn process32(ops: &[Op], more: Vec<Code>) -> Process {
    let asked = [Op::PushImm(BYTES32), Op::CallImport("malloc"), Op::Pop(CX)];
    let code = [vec![framed("body", 0x10, &[&asked, ops].concat())], more].concat();
    run32(code)
}

fn run32(code: Vec<Code>) -> Process {
    let mut world = program32::world(PLACES, New::Frame, code, "body");
    world.allocate(program32::RECORDER, 0x1000, &[]);
    world.run();
    Process { system_memory: Some(SystemMemory::default()), ..world.finish() }
}

const BYTES32: i32 = 90_000_000;

fn unchecked32(name: &'static str, process: Process) -> Case {
    let truth = Truth { cause: Wanted::Open, ..Truth::refused("", BYTES32.unsigned_abs().into()) };
    Case { name, process, truth: truth.sure(Sure::AtMost(Medium)) }
}

fn x86_write_after_malloc() -> Case {
    unchecked32("x86-null-write-after-malloc", process32(&[Op::StoreImm(at(AX, 0), 1), Op::Int3], Vec::new()))
}

fn x86_by_way_of_a_variable() -> Case {
    let ops = [Op::Store(at(BP, -8), AX), Op::Load(CX, at(BP, -8)), Op::StoreImm(at(CX, 0x20), 1), Op::Int3];
    unchecked32("x86-null-malloc-variable", process32(&ops, Vec::new()))
}

fn x86_in_a_function_that_it_was_handed_to() -> Case {
    let fill = framed("fill", 0, &[Op::Load(CX, at(BP, 0x0C)), Op::StoreImm(at(CX, 8), 1), Op::Int3]);
    let ops = [Op::Push(AX), Op::PushImm(7), Op::Call("fill"), Op::Int3];
    unchecked32("x86-null-malloc-handed-on", process32(&ops, vec![fill]))
}

/// A number in a register that functions give back: the pushes of the call before it are not this one's.
fn x86_number_in_a_register() -> Case {
    let ops = [
        Op::MovImm(SI, BYTES32.unsigned_abs().into()),
        Op::PushImm(12),
        Op::CallImport("malloc"),
        Op::Pop(CX),
        Op::Push(SI),
        Op::CallImport("malloc"),
        Op::Pop(CX),
        Op::StoreImm(at(AX, 0), 1),
        Op::Int3,
    ];
    unchecked32("x86-null-malloc-register", run32(vec![framed("body", 0x10, &ops)]))
}

/// The refusal was looked at; then a member of another object was null.
fn x86_handled() -> Case {
    let ops = [
        Op::Test(AX, AX),
        Op::Jcc(Cond::Equal, "without"),
        Op::StoreImm(at(AX, 0), 1),
        Op::Label("without"),
        Op::Load(AX, data_item("the_recorder")),
        Op::Load(AX, at(AX, 0x40)),
        Op::StoreImm(at(AX, 0x10), 1),
        Op::Int3,
    ];
    unrelated("x86-null-after-handled-refusal", process32(&ops, Vec::new()))
}
