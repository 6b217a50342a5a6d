//! The objects.

use super::{Clr, EXCEPTION, HEAP, INNER_MESSAGE, MESSAGE, OBJECTS, code, loader, runtime};
use crate::bytes::{Fields, len32};
use crate::process::Process;

/// Where the first thread allocates: 0x100 bytes that hold no object yet, and the least object behind.
pub(super) const CONTEXT: u64 = HEAP + 0x800;

/// Start of a region, and where its objects end. Generation 0 has the exception and the context, 2 the other objects.
pub(super) fn extent(generation: usize) -> (u64, u64) {
    let start = HEAP + 0x4_0000 * [0, 1, 2, 3, 3][generation];
    match generation {
        0 => (start, gen0_end()),
        2 => (start, gen2_end()),
        _ => (start, start + 0x28),
    }
}

/// Behind the context, a last object of Own.Node.
pub(super) fn gen0_end() -> u64 {
    CONTEXT + 0x100 + 24 + 24
}

/// Free space between the objects.
pub(super) const FREE_BYTES: u64 = 24 + 0x48;

fn gen2_end() -> u64 {
    let objects: u64 = OBJECTS.iter().map(|(_, count, size)| count * size).sum();
    HEAP + 2 * 0x4_0000 + 0x28 + objects - 24 + FREE_BYTES
}

/// The n-th Own.Node of generation 2.
pub(super) fn node(n: usize) -> u64 {
    HEAP + 2 * 0x4_0000 + 0x28 + 24 * n as u64
}

/// The array of nodes behind them, and the first pair.
pub(super) fn array() -> u64 {
    node(4)
}

pub(super) fn pair() -> u64 {
    array() + OBJECTS[1].2 + OBJECTS[2].1 * OBJECTS[2].2
}

/// What refers to what: the pair to the array, that to the first node and the third, the first node to the second.
fn link(process: &mut Process) {
    for (from, to) in
        [(pair() + 16, array()), (array() + 16, node(0)), (array() + 32, node(2)), (node(0) + 8, node(1))]
    {
        process.put(from, &to.to_le_bytes());
    }
}

pub(super) fn put(clr: &Clr, process: &mut Process) {
    runtime::put_store(process, clr.threads.len());
    let mut at = node(0);
    let mut object = |table: usize, size: u64, count: u32| {
        let mut o = Fields::flat(12);
        o.u64(0, loader::table(table));
        o.u32(8, count);
        process.put(at, &o.bytes);
        at += size;
    };
    // One of the five nodes lies in generation 0.
    for (n, (_, count, size)) in OBJECTS.iter().enumerate() {
        let (table, components) = [
            (loader::NODE, 0),
            (loader::NODES, 3),
            (loader::INNER, 0),
            (loader::PAIR, 0),
            (loader::NODES_2D, 4),
        ][n];
        for _ in 0..(if n == 0 { count - 1 } else { *count }) {
            object(table, *size, components);
        }
    }
    let free = [loader::FREE, FREE_BYTES - 24].map(u64::to_le_bytes).concat();
    process.put(at, &free);
    link(process);
    process.put(CONTEXT + 0x100 + 24, &loader::table(loader::NODE).to_le_bytes());
    gen0(clr, process);
}

/// `E_OUTOFMEMORY`, of which the collector's exceptions have no message.
const E_OUTOFMEMORY: u32 = 0x8007_000E;

/// The exceptions, their messages and traces; free space up to the context.
fn gen0(clr: &Clr, process: &mut Process) {
    let Some(hresult) = clr.exception else {
        let free = [loader::FREE, CONTEXT - EXCEPTION - 24].map(u64::to_le_bytes).concat();
        return process.put(EXCEPTION, &free);
    };
    let mut at = EXCEPTION + 2 * 128;
    let mut next = |size: u64| {
        let start = at;
        at += size.next_multiple_of(8).max(24);
        start
    };
    let texts = [MESSAGE, INNER_MESSAGE].map(|text| (text, next(22 + 2 * text.len() as u64)));
    // A count, a Thread, and two elements.
    let trace_size = 16 + 2 * 32;
    let trace = next(24 + trace_size);
    let free = at;
    for (n, (text, place)) in texts.into_iter().enumerate() {
        let mut e = Fields::flat(128);
        let class = if hresult == E_OUTOFMEMORY { loader::OUT_OF_MEMORY } else { loader::INVALID_OPERATION };
        e.u64(0, loader::table(class));
        if hresult != E_OUTOFMEMORY {
            e.u64(16, place);
        }
        if n == 0 {
            e.u64(32, EXCEPTION + 128);
            e.u64(48, trace);
        }
        e.u32(108, hresult);
        process.put(EXCEPTION + 128 * n as u64, &e.bytes[..120]);
        let mut s = Fields::flat(12);
        s.u64(0, loader::table(loader::STRING));
        s.u32(8, len32(text.len()));
        process.put(place, &s.bytes);
        process.put(place + 12, &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    }
    let mut t = Fields::flat(16 + 16 + 64);
    t.u64(0, loader::table(loader::SBYTES));
    t.u32(8, 80);
    t.u64(16, 2);
    t.u64(24, runtime::thread(0));
    for (n, element) in [(0, 32), (1, 64)] {
        t.u64(element, code::method(n) + 0x10);
        t.u64(element + 8, 0x40_0020_8000 + 0x40 * n);
        t.u64(element + 16, loader::method(n));
    }
    process.put(trace, &t.bytes);
    let space = [loader::FREE, CONTEXT - free - 24].map(u64::to_le_bytes).concat();
    process.put(free, &space);
}
