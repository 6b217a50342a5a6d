//! x64 frames against a processor: functions of an image were run in an emulator, and stopped at many instructions.
//! What the caller's registers are is known there, since they were chosen before the function was entered. For each
//! state one frame is undone, by the code that walks dumps; every register must be right.
//!
//! `oracle/origin.md` says where image and states come from. A folder named by `DUMPLENS_ORACLE` is looked at too:
//! pairs of `NAME.exe` and `NAME.snap`.

#![allow(clippy::print_stdout)] // says what it compared

#[path = "../../../tests/support/needs.rs"]
mod needs;

use std::fs;
use std::path::{Path, PathBuf};

use dumplens_analyzer::stack::{Registers, Trust, x64};
use dumplens_core::pe::Image;
use dumplens_core::unwind::FunctionTable;
use dumplens_core::{Absence, Dump, ReadMemory, Unreadable};
use dumplens_synth::{Process, Range};

/// Where the emulator mapped the image, and what it put where functions return to.
const BASE: u64 = 0x1_8000_0000;
const RETURNS_TO: u64 = 0x66_6000_0000;
const RSP: usize = 4;
/// rbx rbp rsi rdi r12 to r15.
const NON_VOLATILE: [u8; 8] = [3, 5, 6, 7, 12, 13, 14, 15];

/// An image as it is mapped, and the stack of one state.
struct Emulated<'s> {
    image: &'s [u8],
    rsp: u64,
    stack: &'s [u8],
}

impl ReadMemory for Emulated<'_> {
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        let part = |bytes: &[u8], base: u64| {
            let start = usize::try_from(address.checked_sub(base)?).ok()?;
            bytes.get(start..start.checked_add(buf.len())?).map(<[u8]>::to_vec)
        };
        let found = part(self.image, BASE).or_else(|| part(self.stack, self.rsp));
        buf.copy_from_slice(&found.ok_or(Unreadable { address, why: Absence::Free })?);
        Ok(())
    }
}

/// A state of the emulator.
struct State<'s> {
    exact: bool,
    rva: u32,
    registers: [u64; 16],
    caller: [u64; 16],
    stack: &'s [u8],
}

/// The emulator's file: "UNW1", then for each state: kind (1: behind a call), RVA, 16 registers in the processor's
/// order, xmm6 to xmm15, the same of the caller at the function's entry, length of the stack, stack from rsp on.
fn states(file: &[u8]) -> Vec<State<'_>> {
    const XMM: usize = 160;
    let mut rest = file.strip_prefix(b"UNW1").expect("a file of states");
    let mut states = Vec::new();
    let registers = |bytes: &[u8]| {
        let mut words = bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap()));
        std::array::from_fn(|_| words.next().unwrap())
    };
    while !rest.is_empty() {
        let (head, behind) = rest.split_at(5 + 128 + XMM + 128 + XMM + 4);
        let length = u32::from_le_bytes(head[head.len() - 4..].try_into().unwrap());
        let (stack, behind) = behind.split_at(length as usize);
        let caller = 5 + 128 + XMM;
        states.push(State {
            exact: head[0] == 0,
            rva: u32::from_le_bytes(head[1..5].try_into().unwrap()),
            registers: registers(&head[5..133]),
            caller: registers(&head[caller..caller + 128]),
            stack,
        });
        rest = behind;
    }
    states
}

/// The file as the loader maps it: sections at their addresses.
fn map(file: &[u8]) -> Vec<u8> {
    let u32_at = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let u16_at = |at: usize| usize::from(u16::from_le_bytes(file[at..at + 2].try_into().unwrap()));
    let nt = u32_at(0x3c);
    let (size, headers) = (u32_at(nt + 24 + 56), u32_at(nt + 24 + 60));
    let mut image = vec![0; size.next_multiple_of(0x1000)];
    image[..headers].copy_from_slice(&file[..headers]);
    for section in 0..u16_at(nt + 6) {
        let at = nt + 24 + u16_at(nt + 20) + 40 * section;
        let [virtual_size, rva, raw_size, raw] = [8, 12, 16, 20].map(|field| u32_at(at + field));
        let length = raw_size.min(raw_size.max(virtual_size)).min(image.len() - rva);
        image[rva..rva + length].copy_from_slice(&file[raw..raw + length]);
    }
    image
}

/// The exception directory, found as in a dump.
fn table(image: &[u8]) -> FunctionTable {
    let size = image.len() as u64;
    let mut process = Process { memory: vec![Range { start: BASE, size }], ..Process::default() };
    process.put(BASE, image);
    let dump = Dump::open(process.to_bytes().0).unwrap();
    let image = Image::read(dump.memory(), BASE, u32::try_from(size).unwrap()).unwrap();
    image.function_table().expect("an exception directory")
}

/// What is wrong with the caller that the walk finds.
fn fault(state: &State<'_>, image: &[u8], table: &FunctionTable) -> Option<String> {
    let memory = Emulated { image, rsp: state.registers[RSP], stack: state.stack };
    let mut registers = Registers::default();
    for (number, value) in (0..).zip(state.registers) {
        registers.set(number, value);
    }
    let ip = BASE + u64::from(state.rva);
    let caller = match x64::caller(&memory, table, ip, &registers, state.exact) {
        Ok(caller) => caller,
        Err(fault) => return Some(format!("{fault:?}")),
    };
    let rsp = state.caller[RSP] + 8;
    if (caller.ip, caller.sp) != (RETURNS_TO, rsp) {
        return Some(format!("rip {:#x}, rsp {:#x}, not {rsp:#x}", caller.ip, caller.sp));
    }
    if caller.trust == Trust::Leaf {
        return Some("a function with unwind data is no leaf".into());
    }
    let wrong = |number: &&u8| caller.registers.get(**number) != Some(state.caller[usize::from(**number)]);
    // The others may have been changed by the function, so they must not be known.
    let known = [0, 1, 2, 8, 9, 10, 11].iter().find(|number| caller.registers.get(**number).is_some());
    NON_VOLATILE.iter().find(wrong).or(known).map(|number| format!("register {number}"))
}

/// States of an image, and those that come out wrong.
fn check(exe: &Path) -> (usize, usize, Vec<String>) {
    let image = map(&fs::read(exe).unwrap());
    let snapshots = fs::read(exe.with_extension("snap")).unwrap();
    let (table, states) = (table(&image), states(&snapshots));
    let behind_calls = states.iter().filter(|s| !s.exact).count();
    let wrong = states.iter().filter_map(|state| {
        fault(state, &image, &table)
            .map(|why| format!("{}+{:#x} exact {}: {why}", exe.display(), state.rva, state.exact))
    });
    (states.len(), behind_calls, wrong.collect())
}

#[test]
fn every_state_of_our_own_image_gives_the_callers_registers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle");
    let (states, behind_calls, wrong) = check(&folder.join("imit64.exe"));
    assert_eq!((states, wrong), (832, Vec::<String>::new()));
    assert!(behind_calls > 20, "{behind_calls} states behind a call");
}

#[test]
fn other_images() {
    if !needs::IMAGES.is_met() {
        return;
    }
    let folder = std::env::var_os("DUMPLENS_ORACLE").expect("a folder");
    let mut exes: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    exes.retain(|path| path.extension().is_some_and(|e| e == "exe"));
    exes.sort();
    let mut all = Vec::new();
    for exe in exes {
        let (states, behind_calls, wrong) = check(&exe);
        println!("{}: {states} states, {behind_calls} behind calls, {} wrong", exe.display(), wrong.len());
        all.extend(wrong);
    }
    assert!(all.is_empty(), "{} wrong: {:#?}", all.len(), &all[..all.len().min(200)]);
}
