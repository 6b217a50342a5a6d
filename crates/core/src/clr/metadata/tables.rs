//! The `#~` stream: which tables there are, how wide their rows are, and one cell of them.

use super::super::reader::Reader;

pub(super) const MODULE: u8 = 0;
pub(super) const TYPE_DEF: u8 = 2;
pub(super) const FIELD: u8 = 4;
pub(super) const METHOD_DEF: u8 = 6;
pub(super) const NESTED_CLASS: u8 = 0x29;
pub(super) const GENERIC_PARAM: u8 = 0x2a;
/// Tables up to the last that is asked for.
const KNOWN: usize = GENERIC_PARAM as usize + 1;

/// What a column holds, by which its width is computed (ECMA-335, II.24.2.6).
#[derive(Clone, Copy)]
enum Column {
    /// So many bytes.
    Fixed(u8),
    Str,
    Guid,
    Blob,
    /// A row of one table.
    Row(u8),
    /// A row of one of several tables; this many low bits say of which.
    Coded(u8, &'static [u8]),
}

use Column::{Blob, Coded, Fixed, Guid, Row, Str};

const TYPE_DEF_OR_REF: Column = Coded(2, &[2, 1, 0x1b]);
const HAS_CONSTANT: Column = Coded(2, &[4, 8, 0x17]);
const HAS_ATTRIBUTE: Column = Coded(
    5,
    &[
        6, 4, 1, 2, 8, 9, 10, 0, 14, 0x17, 0x14, 0x11, 0x1a, 0x1b, 0x20, 0x23, 0x26, 0x27, 0x28, 0x2a, 0x2c,
        0x2b,
    ],
);
const ATTRIBUTE_TYPE: Column = Coded(3, &[6, 10]);
const HAS_MARSHAL: Column = Coded(1, &[4, 8]);
const HAS_SECURITY: Column = Coded(2, &[2, 6, 0x20]);
const MEMBER_PARENT: Column = Coded(3, &[2, 1, 0x1a, 6, 0x1b]);
const HAS_SEMANTICS: Column = Coded(1, &[0x14, 0x17]);
const METHOD_DEF_OR_REF: Column = Coded(1, &[6, 10]);
const FORWARDED: Column = Coded(1, &[4, 6]);
const IMPLEMENTATION: Column = Coded(2, &[0x26, 0x23, 0x27]);
const TYPE_OR_METHOD: Column = Coded(1, &[2, 6]);
const SCOPE: Column = Coded(2, &[0, 0x1a, 0x23, 1]);

/// The columns of every table up to GenericParam.
const COLUMNS: [&[Column]; KNOWN] = [
    &[Fixed(2), Str, Guid, Guid, Guid],
    &[SCOPE, Str, Str],
    &[Fixed(4), Str, Str, TYPE_DEF_OR_REF, Row(4), Row(6)],
    &[Row(4)],
    &[Fixed(2), Str, Blob],
    &[Row(6)],
    &[Fixed(4), Fixed(2), Fixed(2), Str, Blob, Row(8)],
    &[Row(8)],
    &[Fixed(2), Fixed(2), Str],
    &[Row(2), TYPE_DEF_OR_REF],
    &[MEMBER_PARENT, Str, Blob],
    &[Fixed(2), HAS_CONSTANT, Blob],
    &[HAS_ATTRIBUTE, ATTRIBUTE_TYPE, Blob],
    &[HAS_MARSHAL, Blob],
    &[Fixed(2), HAS_SECURITY, Blob],
    &[Fixed(2), Fixed(4), Row(2)],
    &[Fixed(4), Row(4)],
    &[Blob],
    &[Row(2), Row(0x14)],
    &[Row(0x14)],
    &[Fixed(2), Str, TYPE_DEF_OR_REF],
    &[Row(2), Row(0x17)],
    &[Row(0x17)],
    &[Fixed(2), Str, Blob],
    &[Fixed(2), Row(6), HAS_SEMANTICS],
    &[Row(2), METHOD_DEF_OR_REF, METHOD_DEF_OR_REF],
    &[Str],
    &[Blob],
    &[Fixed(2), FORWARDED, Str, Row(0x1a)],
    &[Fixed(4), Row(4)],
    &[Fixed(4), Fixed(4)],
    &[Fixed(4)],
    &[Fixed(4), Fixed(2), Fixed(2), Fixed(2), Fixed(2), Fixed(4), Blob, Str, Str],
    &[Fixed(4)],
    &[Fixed(4), Fixed(4), Fixed(4)],
    &[Fixed(2), Fixed(2), Fixed(2), Fixed(2), Fixed(4), Blob, Str, Str, Blob],
    &[Fixed(4), Row(0x23)],
    &[Fixed(4), Fixed(4), Fixed(4), Row(0x23)],
    &[Fixed(4), Str, Blob],
    &[Fixed(4), Fixed(4), Str, Str, IMPLEMENTATION],
    &[Fixed(4), Fixed(4), Str, IMPLEMENTATION],
    &[Row(2), Row(2)],
    &[Fixed(2), Fixed(2), TYPE_OR_METHOD, Str],
];

/// Where the tables lie.
#[derive(Debug)]
pub(super) struct Tables {
    rows: [u32; 64],
    heap_sizes: u8,
    /// Of each table the address of its first row, and bytes of a row.
    places: [(u64, u64); KNOWN],
}

impl Tables {
    /// u32, two versions, u8 heap sizes at 6, u64 of the tables present at 8, and from 24 on their counts of rows.
    pub(super) fn read(reader: &Reader<'_>, start: u64, size: u64) -> Option<Tables> {
        let (heap_sizes, present) = (reader.u8(start.wrapping_add(6))?, reader.u64(start.wrapping_add(8))?);
        let mut tables = Tables { rows: [0; 64], heap_sizes, places: [(0, 0); KNOWN] };
        let mut at = start.wrapping_add(24);
        for (n, rows) in tables.rows.iter_mut().enumerate() {
            if present >> n & 1 == 1 {
                *rows = reader.u32(at).filter(|rows| *rows < 1 << 24)?;
                at = at.wrapping_add(4);
            }
        }
        // Extra data, which only edit-and-continue writes.
        at = at.wrapping_add(if heap_sizes & 0x40 == 0 { 0 } else { 4 });
        for n in 0..KNOWN {
            let width = COLUMNS.get(n)?.iter().map(|column| tables.width(*column)).fold(0, u64::wrapping_add);
            *tables.places.get_mut(n)? = (at, width);
            at = at.wrapping_add(width.wrapping_mul(u64::from(*tables.rows.get(n)?)));
        }
        (at.checked_sub(start)? <= size).then_some(tables)
    }

    /// Rows of a table.
    pub(super) fn rows(&self, table: u8) -> u32 {
        self.rows.get(usize::from(table)).copied().unwrap_or(0)
    }

    fn width(&self, column: Column) -> u64 {
        let heap = |bit: u8| if self.heap_sizes & bit == 0 { 2 } else { 4 };
        match column {
            Fixed(bytes) => u64::from(bytes),
            Str => heap(1),
            Guid => heap(2),
            Blob => heap(4),
            Row(table) => {
                if self.rows(table) < 1 << 16 {
                    2
                } else {
                    4
                }
            }
            Coded(bits, of) => {
                let most = of.iter().map(|table| self.rows(*table)).max().unwrap_or(0);
                if most < 1 << 16u32.saturating_sub(u32::from(bits)) { 2 } else { 4 }
            }
        }
    }

    /// One cell; `None` for a row that is not there.
    pub(super) fn cell(&self, reader: &Reader<'_>, table: u8, row: u32, column: usize) -> Option<u64> {
        let columns = COLUMNS.get(usize::from(table))?;
        let (start, width) = *self.places.get(usize::from(table))?;
        let index = row.checked_sub(1).filter(|_| row <= self.rows(table))?;
        let skip = columns.iter().take(column).map(|c| self.width(*c)).fold(0, u64::wrapping_add);
        let at = start.wrapping_add(width.wrapping_mul(u64::from(index))).wrapping_add(skip);
        match self.width(*columns.get(column)?) {
            2 => reader.u16(at).map(u64::from),
            _ => reader.u32(at).map(u64::from),
        }
    }
}
