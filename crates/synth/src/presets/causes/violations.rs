//! Ends that have nothing to do with memory being refused: accesses that are not allowed, overflows, fast failures,
//! breakpoints; and processes that only wait.

use super::Level::Medium;
use super::program64::{NO_MEMORY, PLACES, RECORDER, on_abort, world};
use super::world::World;
use super::{Case, Maker, Sure, Truth, new64};
use crate::SystemMemory;
use crate::address_space::Part;
use crate::constants::{PAGE, PAGE_GUARD, PAGE_READWRITE};
use crate::machine::{AX, Alu, CX, Code, DX, Op, R8, R9, SP, at};
use crate::presets::common::STACK_SIZE;
use crate::process::Process;

/// Every case.
pub(super) const CASES: &[Maker] = &[
    null_read,
    non_canonical,
    freed,
    reserved,
    guard,
    read_only,
    execute_data,
    stack_overflow,
    heap_corruption,
    security_cookie,
    corrupt_list,
    abort,
    abort_with_handler,
    breakpoint,
    assertion,
    divided_by_zero,
    hang,
    manual_dump,
];

/// A reservation, a guard page behind it, and nothing behind that.
const EDGE: u64 = 0x1F6_0000_0000;

fn process(ops: &[Op]) -> World {
    let mut world = world(new64::USUAL, vec![Code::new("body", ops), on_abort()], "body", NO_MEMORY);
    world.allocate(RECORDER, 0x1000, &[]);
    let guard = Part::private(PAGE, PAGE_READWRITE | PAGE_GUARD);
    world.space.allocate(EDGE, &[Part::reserved(0x1_0000), guard]);
    world.last = (0, 0);
    world
}

fn finish(name: &'static str, mut world: World, kind: &'static str) -> Case {
    world.run();
    let process = Process { system_memory: Some(SystemMemory::default()), ..world.finish() };
    Case { name, process, truth: Truth::other(kind).sure(Sure::AtLeast(Medium)) }
}

/// With a frame of 28h bytes.
fn body(ops: &[Op]) -> Vec<Op> {
    let enter = [Op::AluImm(Alu::Sub, SP, 0x28), Op::EndProlog];
    [&enter[..], ops, &[Op::AluImm(Alu::Add, SP, 0x28), Op::Ret]].concat()
}

fn reading(name: &'static str, address: u64) -> Case {
    let ops = body(&[Op::MovImm(CX, address), Op::Load(AX, at(CX, 0x18))]);
    finish(name, process(&ops), "access_violation")
}

/// A member of an object that is not there.
fn null_read() -> Case {
    reading("null-read", 0)
}

/// No address of the processor: Windows reports a read of -1.
fn non_canonical() -> Case {
    reading("non-canonical", 0xDDDD_DDDD_DDDD_DDDD)
}

/// Where nothing is.
fn freed() -> Case {
    reading("free-address", 0x1F8_0000_0000)
}

/// Where addresses are taken, and no memory.
fn reserved() -> Case {
    reading("reserved-address", EDGE + 0x100)
}

/// A guard page that is no stack's: an exception of its own.
fn guard() -> Case {
    let ops = body(&[Op::MovImm(CX, EDGE + 0x1_0000), Op::Load(AX, at(CX, 0x18))]);
    finish("guard-page", process(&ops), "other_exception")
}

/// The program's own headers.
fn read_only() -> Case {
    let ops = body(&[Op::MovImm(CX, PLACES.app), Op::StoreImm(at(CX, 0), 0)]);
    finish("write-to-read-only", process(&ops), "access_violation")
}

/// A pointer to a function that leads to data.
fn execute_data() -> Case {
    let ops = body(&[Op::MovImm(AX, RECORDER + 0x40), Op::CallReg(AX), Op::Nop]);
    finish("execute-data", process(&ops), "access_violation")
}

/// A function that calls itself.
fn stack_overflow() -> Case {
    let descend = Code::new(
        "body",
        [
            Op::AluImm(Alu::Sub, SP, 0x3F8),
            Op::EndProlog,
            Op::Store(at(SP, 0x20), CX),
            Op::Call("body"),
            Op::Nop,
            Op::AluImm(Alu::Add, SP, 0x3F8),
            Op::Ret,
        ],
    );
    let code = [vec![descend], super::program64::frame_of_program("body")].concat();
    let data = vec![crate::machine::Data::new("the_recorder", RECORDER.to_le_bytes())];
    let world = World::with_stack(PLACES, code, data, STACK_SIZE - PAGE);
    finish("stack-overflow", world, "stack_overflow")
}

/// RaiseException with one parameter.
fn raising(name: &'static str, code: u64, kind: &'static str) -> Case {
    let ops = body(&[
        Op::StoreImm(at(SP, 0x20), 0x7700_1000),
        Op::Lea(R9, at(SP, 0x20)),
        Op::MovImm(R8, 1),
        Op::MovImm(DX, 1),
        Op::MovImm(CX, code),
        Op::CallImport("RaiseException"),
        Op::Nop,
    ]);
    finish(name, process(&ops), kind)
}

/// What ntdll raises when it finds a heap damaged.
fn heap_corruption() -> Case {
    let Case { name, process, truth } = raising("heap-corruption", 0xC000_0374, "other_exception");
    Case { name, process, truth: Truth { confidence: Sure::Open, ..truth } }
}

fn failing_fast(name: &'static str, code: u64, kind: &'static str) -> Case {
    finish(name, process(&body(&[Op::MovImm(CX, code), Op::Int29])), kind)
}

/// FAST_FAIL_STACK_COOKIE_CHECK_FAILURE
fn security_cookie() -> Case {
    failing_fast("security-cookie", 2, "fail_fast")
}

/// FAST_FAIL_CORRUPT_LIST_ENTRY
fn corrupt_list() -> Case {
    failing_fast("corrupt-list", 3, "fail_fast")
}

/// FAST_FAIL_FATAL_APP_EXIT
fn abort() -> Case {
    failing_fast("abort", 7, "abort")
}

/// A handler of the program's for SIGABRT, which ends in `__debugbreak`.
fn abort_with_handler() -> Case {
    let mut world = process(&body(&[Op::CallImport("abort"), Op::Int3]));
    world.handle_abort();
    finish("abort-with-handler", world, "abort")
}

/// `__debugbreak`
fn breakpoint() -> Case {
    finish("breakpoint", process(&body(&[Op::Int3])), "assertion_or_breakpoint")
}

/// STATUS_ASSERTION_FAILURE
fn assertion() -> Case {
    raising("assertion", 0xC000_0420, "assertion_or_breakpoint")
}

/// STATUS_INTEGER_DIVIDE_BY_ZERO
fn divided_by_zero() -> Case {
    raising("divided-by-zero", 0xC000_0094, "other_exception")
}

/// Both threads wait.
fn waiting(name: &'static str, comment: &str) -> Case {
    let ops =
        body(&[Op::MovImm(DX, 0xFFFF_FFFF), Op::MovImm(CX, 0x1C8), Op::CallImport("WaitForSingleObjectEx")]);
    let Case { process, truth, .. } = finish(name, process(&ops), "no_exception");
    Case { name, process: Process { comment: Some(comment.into()), ..process }, truth }
}

/// Written because a window did not answer.
fn hang() -> Case {
    waiting("hang", "\r\n*** procdump64.exe -h -ma app.exe\r\n*** Hung window")
}

/// Written because somebody asked.
fn manual_dump() -> Case {
    waiting("manual-dump", "\r\n*** procdump64.exe -ma 4242\r\n*** Manual dump")
}
