//! PEB, the array of handles, and heap headers. Heaps 0, 1 and 2 are NT heaps.

use super::Recipe;
use super::case::{Case, FREE};
use crate::presets::tiny::X64;

const PROCESS_HEAP: u64 = X64.peb + 0x30;
const NUMBER_OF_HEAPS: u64 = X64.peb + 0xE8;
const MAXIMUM_NUMBER_OF_HEAPS: u64 = X64.peb + 0xEC;
const PROCESS_HEAPS: u64 = X64.peb + 0xF0;
/// The array of the preset.
const ARRAY: u64 = X64.heap + 0x400;
/// _HEAP.
const SEGMENT_SIGNATURE: u64 = 0x10;
const SIGNATURE: u64 = 0x98;

pub(super) const RECIPES: &[Recipe] = &[
    ("peb_number_of_heaps_7fffffff", |case| {
        case.u32(NUMBER_OF_HEAPS, 0x7FFF_FFFF);
        case.lose_heaps(&[1, 2]);
    }),
    ("peb_number_of_heaps_ffffffff", |case| {
        case.u32(NUMBER_OF_HEAPS, u32::MAX);
        case.u32(MAXIMUM_NUMBER_OF_HEAPS, u32::MAX);
        case.lose_heaps(&[1, 2]);
    }),
    // Null handles follow the three.
    ("peb_number_of_heaps_16", |case| case.u32(NUMBER_OF_HEAPS, 16)),
    ("peb_number_of_heaps_0", |case| {
        case.u32(NUMBER_OF_HEAPS, 0);
        case.lose_heaps(&[1, 2]);
    }),
    ("peb_process_heaps_null", |case| array(case, 0)),
    ("peb_process_heaps_in_free_memory", |case| array(case, FREE)),
    ("peb_process_heaps_in_reserved_memory", |case| array(case, X64.heap + 0x2000)),
    ("peb_process_heaps_at_top_of_2^64", |case| array(case, u64::MAX - 7)),
    // One handle at the end of the page, the others would be in reserved memory.
    ("peb_process_heaps_partly_unreadable", |case| {
        array(case, X64.heap + 0xFF8);
        case.u64(X64.heap + 0xFF8, case.handle(0));
    }),
    // A reader may refuse an array that does not begin with ProcessHeap.
    ("peb_process_heap_is_not_the_first", |case| {
        case.u64(PROCESS_HEAP, case.handle(1));
        case.lose_heaps(&[0, 2]);
    }),
    ("peb_process_heap_null", |case| {
        case.u64(PROCESS_HEAP, 0);
        case.lose_heaps(&[0, 1, 2]);
    }),
    ("peb_process_heap_in_free_memory", |case| {
        case.u64(PROCESS_HEAP, FREE);
        case.lose_heaps(&[0, 1, 2]);
    }),
    ("peb_handle_twice", |case| {
        case.u64(ARRAY + 0x10, case.handle(0));
        case.lose_heaps(&[2]);
    }),
    ("peb_handle_in_free_memory", |case| handle(case, FREE)),
    ("peb_handle_null", |case| handle(case, 0)),
    ("peb_handle_unaligned", |case| handle(case, case.handle(1) + 8)),
    ("peb_handle_in_reserved_memory", |case| handle(case, case.segment(0, 1) + 0x11_0000)),
    ("peb_handle_at_end_of_kept_memory", |case| handle(case, X64.heap + 0xFF0)),
    ("peb_handle_is_a_segment_of_another_heap", |case| handle(case, case.segment(0, 1))),
    ("heap_signature_unknown", |case| {
        case.u32(case.handle(1) + SEGMENT_SIGNATURE, 0xDEAD_BEEF);
        case.lose_heaps(&[1]);
    }),
    ("heap_second_signature_wrong", |case| {
        case.u32(case.handle(1) + SIGNATURE, 0xDEAD_BEEF);
        case.lose_heaps(&[1]);
    }),
    ("heap_header_not_kept", |case| {
        case.forget(case.handle(0));
        case.lose_heaps(&[0]);
    }),
    ("heap_header_half_kept", |case| {
        case.cut(case.handle(1), 0x100);
        case.lose_heaps(&[1]);
    }),
    ("heap_header_all_ff", |case| {
        case.process.put(case.handle(1), &[0xFF; 0x2C0]);
        case.lose_heaps(&[1]);
    }),
];

fn array(case: &mut Case, address: u64) {
    case.u64(PROCESS_HEAPS, address);
    case.lose_heaps(&[1, 2]);
}

/// The second handle; its heap is lost.
fn handle(case: &mut Case, value: u64) {
    case.u64(ARRAY + 8, value);
    case.lose_heaps(&[1]);
}
