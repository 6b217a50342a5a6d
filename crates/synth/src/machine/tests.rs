//! Encodings, as GNU as has them; what instructions do; unwind codes.

use super::assemble::assemble;
use super::cpu::{Cpu, Machine, Stop};
use super::op::{
    AX, Alu, BP, BX, CX, Cond, DI, DX, Op, R8, R9, R10, R12, R13, R14, R15, SP, Shift, at, indexed,
};
use super::program::{Code, Data, Program, Unit};
use super::unwind::describe;
use crate::address_space::{AddressSpace, Part};
use crate::arch::Width;
use crate::constants::{PAGE_EXECUTE_READ, PAGE_READWRITE};
use crate::process::Process;

fn hex(width: Width, op: Op) -> String {
    let bytes = assemble(width, &[op], 0x1000, &|_| 0x2010).bytes;
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).expect("a digit");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[test]
fn x64() {
    let table = [
        (Op::Push(BX), "53"),
        (Op::Push(R14), "4156"),
        (Op::Pop(DI), "5f"),
        (Op::Pop(R15), "415f"),
        (Op::AluImm(Alu::Sub, SP, 0x28), "4883ec28"),
        (Op::AluImm(Alu::Sub, SP, 0x5C8), "4881ecc8050000"),
        (Op::AluImm(Alu::Add, SP, 0x120), "4881c420010000"),
        (Op::AluImm(Alu::And, AX, -0x20), "4883e0e0"),
        (Op::AluImm(Alu::Cmp, BX, -1), "4883fbff"),
        (Op::AluImm(Alu::Cmp, CX, 0x1000), "4881f900100000"),
        (Op::AluImm(Alu::Cmp, R13, -1), "4983fdff"),
        (Op::Lea(CX, at(DI, 0x27)), "488d4f27"),
        (Op::Lea(CX, indexed(AX, AX, 2, 0)), "488d0c40"),
        (Op::Lea(DX, at(SP, 0x58)), "488d542458"),
        (Op::Lea(AX, at(R12, 0x27)), "498d442427"),
        (Op::Lea(BP, at(SP, 0x30)), "488d6c2430"),
        (Op::Shift(Shift::Left, DI, 4), "48c1e704"),
        (Op::Shift(Shift::Signed, AX, 1), "48d1f8"),
        (Op::Shift(Shift::Right, DX, 60), "48c1ea3c"),
        (Op::ImulImm(R15, DX, 48), "4c6bfa30"),
        (Op::Imul(AX, R10), "490fafc2"),
        (Op::Store(at(SP, 8), BX), "48895c2408"),
        (Op::Store(at(AX, -8), CX), "488948f8"),
        (Op::Store(at(R13, 0), AX), "49894500"),
        (Op::Load(AX, at(CX, 0x10)), "488b4110"),
        (Op::Load(AX, at(R12, 0)), "498b0424"),
        (Op::Load(DX, indexed(R9, AX, 8, 0)), "498b14c1"),
        (Op::Store32(at(SP, 0x38), R8), "4489442438"),
        (Op::StoreImm(at(SP, 0x20), 0x3000), "48c744242000300000"),
        (Op::MovImm(CX, 0xE06D_7363), "b963736de0"),
        (Op::MovImm(CX, u64::MAX), "48c7c1ffffffff"),
        (Op::MovImm(R8, 0x07FF_FFFF_FFFF_FFFF), "49b8ffffffffffffff07"),
        (Op::Test(AX, AX), "4885c0"),
        (Op::Cmov(Cond::NotAbove, CX, AX), "480f46c8"),
        (Op::AluMemImm(Alu::Add, at(CX, 8), 16), "4883410810"),
        (Op::CallReg(AX), "ffd0"),
        (Op::Syscall, "0f05"),
        // These two have a second form, which Visual C++ prefers.
        (Op::Mov(BX, CX), "488bd9"),
        (Op::Alu(Alu::Xor, CX, CX), "33c9"),
        // To 2010h: from 1005h and from 1006h.
        (Op::Call("there"), "e80b100000"),
        (Op::CallImport("there"), "ff150a100000"),
    ];
    for (op, bytes) in table {
        assert_eq!(hex(Width::W64, op), bytes, "{op:?}");
    }
}

#[test]
fn x86() {
    let table = [
        (Op::Push(BP), "55"),
        (Op::Mov(BP, SP), "8bec"),
        (Op::PushMem(at(BP, 8)), "ff7508"),
        (Op::PushImm(-1), "6aff"),
        (Op::PushImm(0x1C4), "68c4010000"),
        (Op::AluMemImm(Alu::Cmp, at(BP, 8), -1), "837d08ff"),
        (Op::Lea(AX, at(BX, 0x23)), "8d4323"),
        (Op::Store(at(AX, -4), CX), "8948fc"),
        (Op::RetN(16), "c21000"),
        (Op::PushOffset("there"), "6810200000"),
        (Op::MovOffset(AX, "there"), "b810200000"),
        (Op::CallImport("there"), "ff1510200000"),
    ];
    for (op, bytes) in table {
        assert_eq!(hex(Width::W32, op), bytes, "{op:?}");
    }
}

/// A jump further than a byte reaches takes four.
#[test]
fn jumps() {
    let near = [Op::Jmp("end"), Op::Nop, Op::Label("end"), Op::Ret];
    assert_eq!(assemble(Width::W64, &near, 0, &|_| 0).bytes, [0xEB, 1, 0x90, 0xC3]);
    let mut far = vec![Op::Jmp("end")];
    far.extend([Op::Nop; 200]);
    far.extend([Op::Label("end"), Op::Ret]);
    assert_eq!(assemble(Width::W64, &far, 0, &|_| 0).bytes[..5], [0xE9, 200, 0, 0, 0]);
}

/// The prologue of `_CxxThrowException`: two registers in home slots, one pushed, 60h bytes.
#[test]
fn unwind_codes() {
    let prologue = [
        Op::Store(at(SP, 0x10), BX),
        Op::Store(at(SP, 0x18), 6),
        Op::Push(DI),
        Op::AluImm(Alu::Sub, SP, 0x60),
    ];
    let unwind = describe(&prologue, &[5, 10, 11, 15]);
    // UWOP_ALLOC_SMALL 60h, UWOP_PUSH_NONVOL rdi, UWOP_SAVE_NONVOL rsi at 80h, rbx at 78h.
    assert_eq!(unwind.codes, [0xB20F, 0x700B, 0x640A, 0x10, 0x3405, 0x0F]);
    assert_eq!((unwind.prolog, unwind.frame), (15, 0));
}

/// Counts from 3 to 0 and calls a function that adds what is in the data.
#[test]
fn runs() {
    let unit = Unit {
        path: "C:\\app.exe",
        base: 0x1_0000,
        code: vec![
            Code::new(
                "start",
                [
                    Op::MovImm(CX, 3),
                    Op::Alu(Alu::Xor, AX, AX),
                    Op::Label("again"),
                    Op::Call("add"),
                    Op::AluImm(Alu::Sub, CX, 1),
                    Op::Jcc(Cond::NotEqual, "again"),
                    Op::Int29,
                ],
            ),
            Code::new("add", [Op::AluMem(Alu::Add, AX, super::data_item("seven")), Op::Ret]),
        ],
        data: vec![Data::new("seven", 7u64.to_le_bytes())],
        ..Unit::default()
    };
    let program = Program::link(Width::W64, &[unit]);
    let (mut process, mut space) = (Process::default(), AddressSpace::default());
    process.put(0x1_0000, &program.images[0].1.to_bytes());
    space.allocate(0x1_0000, &[Part::private(0x1_0000, PAGE_EXECUTE_READ)]);
    space.allocate(0x4_0000, &[Part::private(0x1000, PAGE_READWRITE)]);
    let mut cpu = Cpu::start(program.address("start"), 0x4_1008, Width::W64);
    let mut machine = Machine { program: &program, process: &mut process, space: &space };
    assert_eq!(cpu.run(&mut machine), Stop::FastFail(0));
    assert_eq!(cpu.get(AX), 21);
    assert!(cpu.calls.is_empty());
}

/// What is not allowed stops the thread where it stands, and says why.
#[test]
fn faults() {
    let mut space = AddressSpace::default();
    space.allocate(0x1_0000, &[Part::private(0x1_0000, PAGE_EXECUTE_READ)]);
    for (address, write, stop) in [
        (0x18, false, Stop::Fault(0, 0x18)),
        (0x1_0000, true, Stop::Fault(1, 0x1_0000)),
        (0xDDDD_DDDD_DDDD_DDDD, true, Stop::Fault(0, u64::MAX)),
    ] {
        let access = if write { Op::Store(at(R8, 0), AX) } else { Op::Load(AX, at(R8, 0)) };
        let code = Code::new("start", [Op::MovImm(R8, address), access, Op::Ret]);
        let unit = Unit { path: "C:\\app.exe", base: 0x1_0000, code: vec![code], ..Unit::default() };
        let program = Program::link(Width::W64, &[unit]);
        let mut process = Process::default();
        let mut cpu = Cpu::start(program.address("start"), 0x4_1000, Width::W64);
        let mut machine = Machine { program: &program, process: &mut process, space: &space };
        assert_eq!(cpu.run(&mut machine), stop);
        assert!(cpu.ip > program.address("start"));
    }
}
