//! A bad_alloc that is not the dump's exception: it was caught, and then the program ended itself; or it met a function
//! that may not throw; or it was thrown again; or it happened long ago, or in another thread.

use super::Level::Medium;
use super::dispatch::Handling;
use super::growth64::USUAL;
use super::program64::{COMMITMENT_LIMIT, CONTAINER, at_commit_limit, capture, on_abort, vector, world};
use super::world::World;
use super::{Case, Maker, Sure, Truth, Wanted, new64};
use crate::machine::{AX, Alu, BP, CX, Code, DX, Op, SP, at, data_item};

/// Every case.
pub(super) const CASES: &[Maker] = &[
    aborted_in_catch_block,
    aborted_with_handler,
    terminated,
    thrown_again,
    caught_long_ago,
    only_in_the_image,
    in_another_thread,
];

/// A vector of 16-byte elements that wanted room for so many.
const WANTED: (u64, u64) = (30_000_001, 16);
const HELD: u64 = 20_000_001 * 16;
const BYTES: u64 = WANTED.0 * WANTED.1 + 0x27;

/// `try { capture(recorder); } catch (...) { … }`, and what comes after it; the frame is by rbp.
fn guarded(after: &[Op]) -> Code {
    let mut ops = vec![
        Op::Push(BP),
        Op::AluImm(Alu::Sub, SP, 0x40),
        Op::Lea(BP, at(SP, 0x30)),
        Op::EndProlog,
        Op::StoreImm(at(BP, 0), -2),
        Op::Call("capture"),
        Op::Nop,
        Op::Jmp("out"),
        Op::Label("caught"),
    ];
    ops.extend_from_slice(after);
    ops.extend([Op::Nop, Op::Label("out"), Op::AluImm(Alu::Add, SP, 0x40), Op::Pop(BP), Op::Ret]);
    Code::new("guarded", ops)
}

/// A catch block: a function of its own, which gets the frame of the one that it belongs to in rdx.
fn catch_block(ops: &[Op]) -> Code {
    let mut all = vec![
        Op::Store(at(SP, 0x10), DX),
        Op::Push(BP),
        Op::AluImm(Alu::Sub, SP, 0x20),
        Op::EndProlog,
        Op::Lea(BP, at(DX, 0x30)),
    ];
    all.extend_from_slice(ops);
    all.extend([Op::Nop, Op::AluImm(Alu::Add, SP, 0x20), Op::Pop(BP), Op::Ret]);
    Code::new("guarded$catch", all)
}

fn process(after: &[Op], caught: &[Op], handling: &[Handling]) -> World {
    let code = vec![
        USUAL.emplace_reallocate(),
        USUAL.emplace_back(),
        capture(),
        guarded(after),
        catch_block(caught),
        on_abort(),
    ];
    let mut world = world(new64::USUAL, code, "guarded", COMMITMENT_LIMIT);
    vector(&mut world, HELD, HELD);
    world.handling = handling.to_vec();
    world
}

fn finish(name: &'static str, mut world: World, truth: Truth) -> Case {
    world.run();
    Case { name, process: at_commit_limit(world.finish()), truth }
}

/// The allocation is the root, but what the dump was written for is something else.
fn root() -> Truth {
    let truth = Truth::container("commit_limit", "vector_reallocation", WANTED, 0x27).at(CONTAINER);
    Truth { kind: Wanted::OneOf(&["allocation_failure", "abort"]), ..truth }.sure(Sure::AtMost(Medium))
}

const IN_CATCH_BLOCK: Handling = Handling::Catch { function: "guarded", handler: "guarded$catch" };

/// `catch (...) { abort(); }`: the frames of the throw still lie between the catch block and the function it belongs to.
pub fn aborted_in_catch_block() -> Case {
    let world = process(&[], &[Op::CallImport("abort"), Op::Int3], &[IN_CATCH_BLOCK]);
    finish("handled-then-abort", world, root())
}

/// The same in a program that handles SIGABRT by a breakpoint.
fn aborted_with_handler() -> Case {
    let mut world = process(&[], &[Op::CallImport("abort"), Op::Int3], &[IN_CATCH_BLOCK]);
    world.handle_abort();
    finish("handled-then-abort-with-handler", world, root())
}

/// It met a `noexcept` function: terminate, abort.
fn terminated() -> Case {
    finish("terminated", process(&[], &[], &[Handling::Terminate]), root())
}

/// `catch (...) { throw; }`: the exception of the dump names no type.
fn thrown_again() -> Case {
    let again = [
        Op::Alu(Alu::Xor, DX, DX),
        Op::Alu(Alu::Xor, CX, CX),
        Op::Call("_CxxThrowException thunk"),
        Op::Int3,
    ];
    let world = process(&[], &again, &[Handling::Unhandled, IN_CATCH_BLOCK]);
    let truth = Truth { kind: Wanted::OneOf(&["allocation_failure", "cpp_exception"]), ..root() };
    finish("thrown-again", world, truth)
}

/// The program caught it and went on; then it ended itself for a reason of its own. What the throw left lies below the
/// stack pointer: it may be told, if it is told right.
fn caught_long_ago() -> Case {
    let caught = Handling::Caught { function: "guarded", label: "caught" };
    let world = process(&[Op::CallImport("abort"), Op::Int3], &[], &[caught]);
    let truth = Truth {
        kind: Wanted::OneOf(&["abort", "allocation_failure"]),
        cause: Wanted::OneOfOrAbsent(&["commit_limit"]),
        requested_bytes: Wanted::OneOfOrAbsent(&[BYTES]),
        origin: Wanted::Open,
        element_size: Wanted::Open,
        element_count: Wanted::Open,
        padding: Wanted::Open,
        container: Wanted::Open,
        ..Truth::other("abort")
    };
    finish("caught-long-ago", world, truth)
}

/// Every image of a C++ program can throw bad_alloc. That it could is no evidence that it did.
fn only_in_the_image() -> Case {
    let body = [Op::AluImm(Alu::Sub, SP, 0x28), Op::EndProlog, Op::CallImport("abort"), Op::Int3];
    let mut world = world(new64::USUAL, vec![Code::new("give_up", body)], "give_up", COMMITMENT_LIMIT);
    vector(&mut world, 0, 0);
    world.last = (0, 0);
    let truth = Truth { cause: Wanted::Is("commit_limit"), ..Truth::other("abort") };
    finish("bad-alloc-only-in-the-image", world, truth)
}

/// The worker is in the catch block of a bad_alloc, and waits; main fails fast for a reason of its own.
fn in_another_thread() -> Case {
    let wait = [Op::MovImm(DX, 0xFFFF_FFFF), Op::MovImm(CX, 0x1C4), Op::CallImport("WaitForSingleObjectEx")];
    let recording = Code::new(
        "recording",
        [
            Op::AluImm(Alu::Sub, SP, 0x28),
            Op::EndProlog,
            Op::Load(CX, data_item("the_recorder")),
            Op::Call("guarded"),
            Op::Alu(Alu::Xor, AX, AX),
            Op::AluImm(Alu::Add, SP, 0x28),
            Op::Ret,
        ],
    );
    let body = [Op::AluImm(Alu::Sub, SP, 0x28), Op::EndProlog, Op::MovImm(CX, 3), Op::Int29, Op::Int3];
    let code = vec![
        USUAL.emplace_reallocate(),
        USUAL.emplace_back(),
        capture(),
        guarded(&[]),
        catch_block(&wait),
        recording,
        Code::new("corrupt_list", body),
    ];
    let mut world = world(new64::USUAL, code, "corrupt_list", COMMITMENT_LIMIT);
    vector(&mut world, HELD, HELD);
    world.last = (0, 0);
    world.handling = vec![IN_CATCH_BLOCK];
    world.run_thread(0, "main");
    world.run_thread(1, "recording");
    let truth = Truth { cause: Wanted::Is("commit_limit"), ..Truth::other("fail_fast") };
    Case { name: "bad-alloc-in-another-thread", process: at_commit_limit(world.finish()), truth }
}
