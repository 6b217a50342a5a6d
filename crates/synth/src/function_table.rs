//! FunctionTableStream (13).

use crate::bytes::{Fields, Push, len32};

/// One table: the functions of some code that was made while the process ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionTable {
    /// BaseAddress, which is MinimumAddress too.
    pub base: u64,
    /// Bytes up to MaximumAddress.
    pub size: u64,
    /// BeginAddress, EndAddress and UnwindInfoAddress, from the base.
    pub functions: Vec<(u32, u32, u32)>,
}

/// Bytes of Windows 10's DYNAMIC_FUNCTION_TABLE.
const NATIVE: usize = 0x88;
/// Bytes behind the header, which make tables begin at multiples of 8, as they need not.
const HEADER_PAD: usize = 4;

impl FunctionTable {
    /// The stream: a header of 0x18 bytes; for each table 0x20 bytes, what Windows has of it, the entries, a pad.
    pub fn stream(tables: &[FunctionTable]) -> Vec<u8> {
        let mut out = Vec::new();
        for field in [0x18, 0x20, len32(NATIVE), 0xC, len32(tables.len()), len32(HEADER_PAD)] {
            out.u32(field);
        }
        out.resize(out.len() + HEADER_PAD, 0xEE);
        for table in tables {
            let pad = if table.functions.len() % 2 == 0 { 0 } else { 4 };
            let mut head = Fields::flat(0x20 + NATIVE);
            head.u64(0, table.base);
            head.u64(8, table.base + table.size);
            head.u64(0x10, table.base);
            head.u32(0x18, len32(table.functions.len()));
            head.u32(0x1C, pad);
            out.extend(head.bytes);
            for (begin, end, unwind_info) in &table.functions {
                out.u32(*begin);
                out.u32(*end);
                out.u32(*unwind_info);
            }
            out.resize(out.len() + pad as usize, 0);
        }
        out
    }
}
