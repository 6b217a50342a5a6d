//! 200 to 219: PE images in memory.

use super::{Base, Recipe};
use crate::presets::tiny::X64;

/// Offset of the optional header in the images of the presets.
const OPTIONAL: u64 = 0x98;
/// Offset of the data directories.
const DIRECTORIES: u64 = OPTIONAL + 112;

pub(super) const RECIPES: &[Recipe] = &[
    ("200_pe_headers_zero", |base| put(base, 0, &[0; 0x400])),
    ("201_pe_lfanew_ffffffff", |base| put(base, 0x3C, &[0xFF; 4])),
    ("202_pe_lfanew_0", |base| put(base, 0x3C, &[0; 4])),
    ("203_pe_sections_65535", |base| put(base, 0x86, &[0xFF; 2])),
    ("204_pe_size_of_optional_header_65535", |base| put(base, 0x94, &[0xFF; 2])),
    ("205_pe_directories_ffffffff", |base| put(base, OPTIONAL + 108, &[0xFF; 4])),
    ("206_pe_size_of_image_ffffffff", |base| put(base, OPTIONAL + 56, &[0xFF; 4])),
    ("207_pe_export_rva_outside", |base| put(base, DIRECTORIES, &[0xF0, 0xFF, 0xFF, 0xFF])),
    ("208_pe_export_counts_ffffffff", |base| in_directory(base, 0, 20, &[0xFF; 8])),
    ("209_pe_export_names_outside", |base| in_directory(base, 0, 32, &[0xF0, 0xFF, 0xFF, 0xFF])),
    ("210_pe_debug_size_ffffffff", |base| put(base, DIRECTORIES + 6 * 8 + 4, &[0xFF; 4])),
    ("211_pe_debug_record_outside", |base| in_directory(base, 6, 16, &[0xFF; 12])),
    ("212_pe_pdata_size_ffffffff", |base| put(base, DIRECTORIES + 3 * 8 + 4, &[0xFF; 4])),
    ("213_pe_pdata_all_ff", |base| in_directory(base, 3, 0, &[0xFF; 60])),
    ("214_pe_pdata_reversed", |base| {
        let table = directory(base, 3);
        let at = base.tiny.at(X64.app + table);
        let entries: Vec<&[u8]> = base.tiny.bytes[at..at + 60].chunks(12).rev().collect();
        put(base, table, &entries.concat())
    }),
    ("215_unwind_info_outside", |base| in_directory(base, 3, 8, &[0xF0, 0xFF, 0xFF, 0x7F])),
    ("216_unwind_info_odd_points_at_itself", |base| {
        let entry = low_bytes(directory(base, 3) + 1);
        in_directory(base, 3, 8, &entry)
    }),
    ("217_unwind_chain_to_itself", |base| {
        // crash: version 1 with UNW_FLAG_CHAININFO, no codes, and its own RUNTIME_FUNCTION behind.
        let entry = runtime_function(base);
        let record = [&[0x21, 0, 0, 0][..], &entry].concat();
        put(base, unwind_info(base), &record)
    }),
    ("218_unwind_255_codes_at_end_of_image", |base| {
        let end = low_bytes(0x2FFC);
        base.tiny.remake(|process| {
            process.put(X64.app + directory(base, 3) + 8, &end);
            process.put(X64.app + 0x2FFC, &[0x01, 0xFF, 0xFF, 0x25]);
        })
    }),
    ("219_unwind_version_7_bad_operations", |base| {
        put(base, unwind_info(base), &[0xFF, 0xFF, 0x04, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
    }),
];

/// Changes bytes of app.exe by RVA.
fn put(base: &Base, rva: u64, bytes: &[u8]) -> Vec<u8> {
    base.tiny.remake(|process| process.put(X64.app + rva, bytes))
}

/// RVA of a data directory: 0 export, 3 exception, 6 debug.
fn directory(base: &Base, number: u64) -> u64 {
    base.tiny.u32(base.tiny.at(X64.app + DIRECTORIES + 8 * number)).into()
}

fn in_directory(base: &Base, number: u64, offset: u64, bytes: &[u8]) -> Vec<u8> {
    put(base, directory(base, number) + offset, bytes)
}

/// The RUNTIME_FUNCTION of `crash`, the first in the table.
fn runtime_function(base: &Base) -> Vec<u8> {
    let at = base.tiny.at(X64.app + directory(base, 3));
    base.tiny.bytes[at..at + 12].to_vec()
}

/// RVA of its UNWIND_INFO.
fn unwind_info(base: &Base) -> u64 {
    base.tiny.u32(base.tiny.at(X64.app + directory(base, 3)) + 8).into()
}

fn low_bytes(rva: u64) -> [u8; 4] {
    crate::bytes::low32(rva).to_le_bytes()
}
