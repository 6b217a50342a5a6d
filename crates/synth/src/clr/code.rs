//! Code that was compiled at run time: two methods, their headers and unwind data, and what leads to them.

use super::{CODE, loader};
use crate::bytes::Fields;
use crate::process::Process;

/// Bytes of the region.
pub(super) const SIZE: usize = 0x5000;

/// Where the parts stand in it.
const HEADERS: usize = 0x200;
const UNWIND: usize = 0x800;
const NIBBLES: usize = 0x900;
const HEAP: usize = 0xA00;
const SECTION: usize = 0xB00;
const FRAGMENT: usize = 0xC00;
const METHODS: usize = 0x1000;
const LEVELS: usize = 0x2000;
/// Bytes of a method, and from one to the next.
const LENGTH: usize = 0x80;
const APART: usize = 0x100;

/// What each method takes of the stack.
pub const FRAME: u64 = 0x28;

/// The first instruction of the n-th method of Own.Program.
pub const fn method(n: u64) -> u64 {
    CODE + METHODS as u64 + APART as u64 * n
}

/// The map of all code: the highest level of the tree.
pub(super) const MAP: u64 = CODE + LEVELS as u64;

fn address(at: usize) -> u64 {
    CODE + at as u64
}

fn rva(at: usize) -> u32 {
    u32::try_from(at).expect("a small region")
}

pub(super) fn put(process: &mut Process) {
    let mut c = Fields::flat(SIZE);
    for n in 0..2 {
        let (start, header) = (METHODS + APART * n, HEADERS + 0x40 * n);
        c.u64(start - 8, address(header));
        c.u64(header + 24, loader::method(n as u64));
        c.u32(header + 32, 1);
        for (part, value) in [start, start + LENGTH, UNWIND].into_iter().enumerate() {
            c.u32(header + 36 + 4 * part, rva(value));
        }
        // Eight nibbles of 32 bytes each: the method begins with the first of them.
        c.u32(NIBBLES + 4 * (start / 0x100), 0x1000_0000);
    }
    // UNWIND_INFO: version 1, a prolog of 4 bytes, one code: UWOP_ALLOC_SMALL.
    let slots = u8::try_from(FRAME / 8 - 1).expect("a small frame");
    c.put(UNWIND, &[1, 4, 1, 0, 4, slots << 4 | 2]);
    let (first, behind) = (address(METHODS), address(METHODS + 2 * APART));
    for (n, value) in [first, behind, CODE, address(NIBBLES)].into_iter().enumerate() {
        c.u64(HEAP + 16 + 8 * n, value);
    }
    let end = address(METHODS * 2);
    c.u64(SECTION, CODE);
    c.u64(SECTION + 8, end);
    c.u64(SECTION + 40, address(HEAP));
    for (n, value) in [0, CODE, end, address(SECTION)].into_iter().enumerate() {
        c.u64(FRAGMENT + 8 * n, value);
    }
    // Five levels, of 8 bits each above the lowest 17.
    for level in 0..5 {
        let index = usize::from((CODE >> (17 + 8 * (4 - level))).to_le_bytes()[0]);
        let next = if level < 4 { LEVELS + 0x800 * (level + 1) } else { FRAGMENT };
        c.u64(LEVELS + 0x800 * level + 8 * index, address(next));
    }
    process.put(CODE, &c.bytes);
}
