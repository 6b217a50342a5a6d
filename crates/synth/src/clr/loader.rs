//! Method tables with their classes, the `Module` and the way to its image, a `MethodDescChunk`.

use super::{ASSEMBLY, LOADER, heap};
use crate::bytes::Fields;
use crate::process::Process;

/// A type: the row of its TypeDef, flags, bytes of an object, its parent's place in the list.
struct Type {
    row: u32,
    flags: u32,
    base_size: u32,
    parent: Option<usize>,
}

const OBJECT: usize = 0;
pub(super) const STRING: usize = 1;
const EXCEPTION: usize = 2;
pub(super) const INVALID_OPERATION: usize = 3;
pub(super) const NODE: usize = 4;
pub(super) const INNER: usize = 5;
pub(super) const PAIR: usize = 6;
pub(super) const NODES: usize = 7;
pub(super) const NODES_2D: usize = 8;
pub(super) const SBYTES: usize = 9;
const SBYTE: usize = 10;
const PROGRAM: usize = 11;
pub(super) const OUT_OF_MEMORY: usize = 12;

const TYPES: [Type; 13] = [
    Type { row: 2, flags: 0, base_size: 24, parent: None },
    Type { row: 3, flags: 0x8000_0002, base_size: 22, parent: Some(OBJECT) },
    Type { row: 4, flags: 0x0100_0000, base_size: 128, parent: Some(OBJECT) },
    Type { row: 5, flags: 0x0100_0000, base_size: 128, parent: Some(EXCEPTION) },
    Type { row: 6, flags: 0x0100_0000, base_size: 24, parent: Some(OBJECT) },
    Type { row: 8, flags: 0, base_size: 40, parent: Some(OBJECT) },
    Type { row: 9, flags: 0x0100_0010, base_size: 32, parent: Some(OBJECT) },
    Type { row: 2, flags: 0x810A_0008, base_size: 24, parent: Some(OBJECT) },
    Type { row: 2, flags: 0x8108_0008, base_size: 24 + 16, parent: Some(OBJECT) },
    Type { row: 2, flags: 0x800A_0001, base_size: 24, parent: Some(OBJECT) },
    Type { row: 10, flags: 0x4_0000, base_size: 24, parent: Some(OBJECT) },
    Type { row: 11, flags: 0, base_size: 24, parent: Some(OBJECT) },
    Type { row: 12, flags: 0x0100_0000, base_size: 128, parent: Some(EXCEPTION) },
];

/// The method table of free space, which lies in no list.
pub(super) const FREE: u64 = LOADER + 0x2700;
/// `Module`, `PEAssembly`, `PEImage`, its layout.
const MODULE: u64 = LOADER + 0x2000;
/// A chunk of methods; the methods themselves, of 16 bytes each, lie behind its 24 bytes.
const CHUNK: u64 = LOADER + 0x2600;

/// The method table of a type.
pub(super) fn table(n: usize) -> u64 {
    LOADER + 0x100 * n as u64
}

/// The MethodDesc of a method of Own.Program, by its place among them.
pub(super) fn method(n: u64) -> u64 {
    CHUNK + 24 + 16 * n
}

pub(super) fn put(process: &mut Process) {
    for (n, of) in TYPES.iter().enumerate() {
        let class = table(n) + 0x80;
        let mut t = Fields::flat(0xD0);
        t.u32(0, of.flags);
        t.u32(4, of.base_size);
        t.u32(8, of.row << 8);
        t.u64(16, of.parent.map_or(0, table));
        t.u64(24, MODULE);
        t.u64(40, class);
        match n {
            // The arguments' counts stand before the list of dictionaries, of which there is one.
            PAIR => {
                t.u64(48, table(n) + 0x60);
                t.u16(0x5C, 1);
                t.u16(0x5E, 2);
                t.u64(0x60, table(n) + 0x68);
                t.u64(0x68, table(STRING));
                t.u64(0x70, table(NODES));
            }
            NODES | NODES_2D => t.u64(48, table(NODE)),
            SBYTES => t.u64(48, table(SBYTE)),
            _ => {}
        }
        t.u64(0x80 + 16, table(n));
        process.put(table(n), &t.bytes);
    }
    put_pointers(process);
    put_fields(process);
    process.put(FREE, &[0x8000_0001_u32, 24].map(u32::to_le_bytes).concat());
    for (from, offset, to) in [
        (MODULE, 192, MODULE + 0x100),
        (MODULE + 0x100, 8, MODULE + 0x200),
        (MODULE + 0x200, 128, MODULE + 0x300),
        (MODULE + 0x300, 8, ASSEMBLY),
    ] {
        process.put(from + offset, &to.to_le_bytes());
    }
    let mut chunk = Fields::flat(24 + 32);
    chunk.u64(0, table(PROGRAM));
    for n in 0..2u8 {
        let at = 24 + 16 * usize::from(n);
        chunk.u16(at, u16::from(n) + 1);
        chunk.u8(at + 2, 2 * n);
    }
    process.put(CHUNK, &chunk.bytes);
}

/// The collector's maps in front of the tables: a count, and below it of each series the start, and below that the bytes
/// less the object's.
fn put_pointers(process: &mut Process) {
    for (n, start, less) in [(NODE, 8, -16_i64), (NODES, 16, -24), (PAIR, 8, -16)] {
        let words = [less.cast_unsigned(), start, 1].map(u64::to_le_bytes).concat();
        process.put(table(n) - 24, &words);
    }
}

/// The module's list of classes, its static fields, and where they lie.
const CLASSES: u64 = LOADER + 0x2900;
const STATIC_FIELDS: u64 = LOADER + 0x2A00;
const NODE_FIELDS: u64 = LOADER + 0x2A80;
const AUXILIARY: u64 = LOADER + 0x2B00;
const STATICS: u64 = LOADER + 0x2C00;

/// Of Own.Program a static field that refers to the first pair, one of each thread, and a number; of Own.Node the next one.
fn put_fields(process: &mut Process) {
    let program = table(PROGRAM);
    // ModuleLookupMap: the list, and how many. The low bits of an entry are flags.
    process.put(MODULE + 344 + 8, &CLASSES.to_le_bytes());
    process.put(MODULE + 344 + 16, &3u32.to_le_bytes());
    process.put(CLASSES + 8, &(program | 2).to_le_bytes());
    process.put(program + 32, &AUXILIARY.to_le_bytes());
    process.put(program + 0x80 + 24, &STATIC_FIELDS.to_le_bytes());
    process.put(program + 0x80 + 70, &3u16.to_le_bytes());
    process.put(AUXILIARY - 24, &(STATICS | 1).to_le_bytes());
    // FieldDesc: class, row with flags, offset with the type.
    let (is_static, of_thread) = (1 << 24, 1 << 25);
    let (class, number) = (0x12 << 27, 8 << 27);
    for (at, table, row, kind) in [
        (STATIC_FIELDS, program, 1 | is_static, 8 | class),
        (STATIC_FIELDS + 16, program, 2 | is_static | of_thread, 16 | class),
        (STATIC_FIELDS + 32, program, 3 | is_static, 8 | number),
        (NODE_FIELDS, table(NODE), 4, class),
    ] {
        process.put(at, &table.to_le_bytes());
        process.put(at + 8, &[row, kind].map(u32::to_le_bytes).concat());
    }
    process.put(table(NODE) + 0x80 + 24, &NODE_FIELDS.to_le_bytes());
    for at in [8, 16] {
        process.put(STATICS + at, &heap::pair().to_le_bytes());
    }
}
