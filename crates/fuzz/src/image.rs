//! What is read out of images, which are hostile memory.

use std::hint::black_box;

use dumplens_analyzer::stack::{FP, Registers, SP, x64};
use dumplens_core::pe::{Headers, Image};
use dumplens_core::process::CppException;
use dumplens_core::unwind::{FunctionTable, UnwindInfo, arm64};
use dumplens_core::{Dump, Pages};
use dumplens_synth::{Process, Range};

use crate::MOST_BYTES;

/// Where the bytes lie in the process.
const BASE: u64 = 0x7ff6_4000_0000;

/// A process with these bytes, and nothing else, in its memory.
fn process_of(bytes: &[u8]) -> Option<Dump> {
    let size = (bytes.len() as u64).next_multiple_of(0x1000);
    let mut process = Process { memory: vec![Range { start: BASE, size }], ..Process::default() };
    process.put(BASE, bytes);
    Dump::open(process.to_bytes().0).ok()
}

/// The first `N` numbers of the input.
fn numbers<const N: usize>(bytes: &[u8]) -> [u64; N] {
    let mut numbers = bytes.chunks_exact(8).filter_map(|chunk| chunk.try_into().ok()).map(u64::from_le_bytes);
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}

/// UNWIND_INFO at the start of the bytes; then, with the bytes as an image, a function table and a frame undone by it, and
/// what a table of ARM64 says. The first three numbers are offsets of the instruction pointer, the stack pointer and the table.
pub fn unwind_codes(bytes: &[u8]) {
    if bytes.len() > MOST_BYTES {
        return;
    }
    let _ = black_box(UnwindInfo::parse(bytes));
    let Some(dump) = process_of(bytes) else { return };
    let pages = Pages::new(dump.memory());
    let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let [ip, sp, table] = numbers(bytes);
    let mut registers = Registers::default();
    registers.set(SP, BASE.wrapping_add(sp));
    registers.set(FP, BASE.wrapping_add(sp ^ ip));
    let table = u32::try_from(table % (u64::from(size) + 1)).unwrap_or(0);
    for entries in [4, size / 12] {
        let table = FunctionTable::new(BASE, u32::MAX, table, 12 * entries);
        for exact in [true, false] {
            let ip = BASE.wrapping_add(ip % (u64::from(size) + 1));
            let _ = black_box(x64::caller(&pages, &table, ip, &registers, exact));
        }
    }
    for entries in [4, size / 8] {
        let table = arm64::FunctionTable::new(BASE, u32::MAX, table, 8 * entries);
        let rva = u32::try_from(ip % (u64::from(size) + 1)).unwrap_or(0);
        let _ = black_box(table.undo(&pages, rva));
    }
}

/// Headers at the start of the bytes; then all that an image in memory is asked.
pub fn pe_headers(bytes: &[u8]) {
    if bytes.len() > MOST_BYTES {
        return;
    }
    let _ = black_box(Headers::parse(bytes));
    let Some(dump) = process_of(bytes) else { return };
    for size in [u32::try_from(bytes.len()).unwrap_or(u32::MAX), u32::MAX] {
        let Ok(image) = Image::read(dump.memory(), BASE, size) else { continue };
        let [rva] = numbers(bytes.get(8..).unwrap_or_default());
        let rva = u32::try_from(rva & 0xffff_ffff).unwrap_or(0);
        let _ = black_box((image.codeview(), image.exports(), image.functions(), image.section_at(rva)));
        let _ = black_box(image.function_at(rva));
    }
}

/// The bytes are memory. Their first three numbers are offsets of the object, the ThrowInfo and the image; of an odd first
/// one the throw is one of 32 bits.
pub fn throw_info(bytes: &[u8]) {
    if bytes.len() > MOST_BYTES {
        return;
    }
    let Some(dump) = process_of(bytes) else { return };
    let [object, throw_info, image] = numbers(bytes).map(|at: u64| BASE.wrapping_add(at & 0xf_ffff));
    let parameters = [0x1993_0520, object, throw_info, image];
    let given = if object & 1 == 1 { &parameters[..3] } else { &parameters[..] };
    if let Ok(thrown) = CppException::read(dump.memory(), given) {
        let _ = black_box(thrown.what(dump.memory()));
    }
}
