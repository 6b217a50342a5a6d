//! A small x64 program around a container: `main`, which works on a recorder, and a worker that waits.

use super::new64::{self, New};
use super::world::World;
use crate::address_space::TOP_X64;
use crate::machine::{AX, Alu, BX, CX, Code, DX, Data, Op, SI, SP, at, data_item};
use crate::presets::small::Addresses;
use crate::process::Process;
use crate::{SystemMemory, Width};

/// Where the parts of the x64 processes lie.
pub(super) const PLACES: Addresses = Addresses {
    width: Width::W64,
    app: 0x7FF6_5C20_0000,
    ntdll: 0x7FFB_4E90_0000,
    peb: 0x7C_1101_0000,
    tebs: [0x7C_1101_1000, 0x7C_1101_3000],
    stacks: [0x7C_1120_0000, 0x7C_1130_0000],
    heap: 0x1F0_0000_0000,
    mapped: 0x1F1_0000_0000,
    top: TOP_X64,
};

/// The recorder, an object of its own in private memory: a counter, then the container at +10h.
pub(super) const RECORDER: u64 = 0x1F2_0000_0000;
/// The container in it.
pub(super) const CONTAINER: u64 = RECORDER + 0x10;
/// The block that holds the container's elements: the heap's header of 40h bytes, then what `std::_Allocate` aligned.
const BLOCK: u64 = 0x1F4_0000_0000;
/// The first element.
pub(super) const ELEMENTS: u64 = BLOCK + 0x60;

/// NtAllocateVirtualMemory refuses: the answers of the two ways in which it does.
pub(super) const COMMITMENT_LIMIT: u64 = 0xC000_012D;
pub(super) const NO_MEMORY: u64 = 0xC000_0017;

/// `worker` waits for ever; `main` calls `body` with the recorder in rcx.
pub(super) fn frame_of_program(body: &'static str) -> Vec<Code> {
    vec![
        Code::new(
            "main",
            [
                Op::Push(BX),
                Op::AluImm(Alu::Sub, SP, 0x40),
                Op::EndProlog,
                Op::Load(BX, data_item("the_recorder")),
                Op::Mov(CX, BX),
                Op::Call(body),
                Op::Alu(Alu::Xor, AX, AX),
                Op::AluImm(Alu::Add, SP, 0x40),
                Op::Pop(BX),
                Op::Ret,
            ],
        ),
        Code::new(
            "worker",
            [
                Op::AluImm(Alu::Sub, SP, 0x28),
                Op::EndProlog,
                Op::MovImm(DX, 0xFFFF_FFFF),
                Op::MovImm(CX, 0x1C4),
                Op::CallImport("WaitForSingleObjectEx"),
                Op::Alu(Alu::Xor, AX, AX),
                Op::AluImm(Alu::Add, SP, 0x28),
                Op::Ret,
            ],
        ),
    ]
}

/// Appends a value to the recorder's container: the recorder in rcx.
pub(super) fn capture() -> Code {
    Code::new(
        "capture",
        [
            Op::Push(BX),
            Op::Push(SI),
            Op::AluImm(Alu::Sub, SP, 0x48),
            Op::EndProlog,
            Op::Mov(SI, CX),
            Op::Alu(Alu::Xor, BX, BX),
            Op::Label("next"),
            Op::Store(at(SP, 0x20), BX),
            Op::StoreImm(at(SP, 0x28), 0x3FD0),
            Op::Lea(DX, at(SP, 0x20)),
            Op::Lea(CX, at(SI, 0x10)),
            Op::Call("std::vector::emplace_back"),
            Op::AluImm(Alu::Add, BX, 1),
            Op::AluMemImm(Alu::Add, at(SI, 0), 1),
            Op::Jmp("next"),
        ],
    )
}

/// Calls a member function of the container with a number of elements: the recorder in rcx.
pub(super) fn member(name: &'static str, callee: &'static str, count: u64) -> Code {
    Code::new(
        name,
        [
            Op::AluImm(Alu::Sub, SP, 0x28),
            Op::EndProlog,
            Op::MovImm(DX, count),
            Op::AluImm(Alu::Add, CX, 0x10),
            Op::Call(callee),
            Op::Nop,
            Op::AluImm(Alu::Add, SP, 0x28),
            Op::Ret,
        ],
    )
}

/// The process: the container's code, and what every program has. Refused allocations get `status`, and the thread
/// keeps it with the Win32 error that goes with it.
pub(super) fn world(new: New, code: Vec<Code>, body: &'static str, status: u64) -> World {
    let mut all = new64::throwing();
    all.extend([new64::thunk(), new64::operator_new(new)]);
    all.extend(code);
    all.extend(frame_of_program(body));
    let mut data = new64::data();
    data.push(Data::new("the_recorder", RECORDER.to_le_bytes()));
    data.extend(["decoy_first", "decoy_last"].map(|name| Data::new(name, [0; 8])));
    let mut world = World::new(PLACES, all, data);
    world.throw_infos(&new64::TYPES);
    world.answers.insert(super::runtime64::NT_ALLOCATE, status);
    world.last = if status == COMMITMENT_LIMIT { (1455, 0xC000_012D) } else { (8, 0xC000_0017) };
    world
}

/// The container as three pointers, with so many bytes used and so many allocated. Its buffer is committed, and kept by
/// the dump only where something is in it.
pub(super) fn vector(world: &mut World, used: u64, room: u64) {
    world.allocate(RECORDER, 0x1000, &[0x51_0FF0, 0, ELEMENTS, ELEMENTS + used, ELEMENTS + room]);
    world.allocate(BLOCK, room + 0x60, &[0, 0, room + 0x60, room + 0x60, 0, 0, 0, 0]);
    world.put_words(ELEMENTS - 8, &[BLOCK + 0x40, 1, 0x3FD0_0000_0000_0000]);
}

/// Calls `callee` with the recorder in rcx, with three pointers in its own frame: [`World::decoy`] says which.
pub(super) fn decoy(callee: &'static str) -> Code {
    let pointer = |n: i32, name| [Op::Load(AX, data_item(name)), Op::Store(at(SP, 0x20 + 8 * n), AX)];
    let mut ops = vec![Op::AluImm(Alu::Sub, SP, 0x48), Op::EndProlog];
    ops.extend([pointer(0, "decoy_first"), pointer(1, "decoy_last"), pointer(2, "decoy_last")].concat());
    ops.extend([Op::Call(callee), Op::Nop, Op::AluImm(Alu::Add, SP, 0x48), Op::Ret]);
    Code::new("with_decoy", ops)
}

/// A handler for SIGABRT: `__debugbreak`.
pub(super) fn on_abort() -> Code {
    Code::new("on_abort", [Op::AluImm(Alu::Sub, SP, 0x28), Op::EndProlog, Op::Int3])
}

/// A machine that has 1 MB left to commit.
pub(super) fn at_commit_limit(process: Process) -> Process {
    let machine =
        SystemMemory { committed_pages: 0x9F_FF00, peak_commitment: 0xA0_0000, ..SystemMemory::default() };
    Process { system_memory: Some(machine), ..process }
}

impl World {
    /// `signal(SIGABRT, on_abort)`
    pub(super) fn handle_abort(&mut self) {
        let handler = self.program.address("on_abort");
        self.put_words(self.program.address("abort_action"), &[handler]);
    }

    /// A full vector of so many bytes elsewhere, whose pointers the function of [`decoy`] has in its frame.
    pub(super) fn decoy(&mut self, bytes: u64) {
        let first = 0x210_0000_0020;
        self.allocate(first - 0x20, bytes + 0x40, &[]);
        for (item, value) in [("decoy_first", first), ("decoy_last", first + bytes)] {
            let at = self.program.address(item);
            self.put_words(at, &[value]);
        }
    }
}
