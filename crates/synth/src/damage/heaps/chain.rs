//! The chain of heap descriptors (24H2), and a WOW64 process.

use super::Recipe;
use super::case::{Case, FREE};
use crate::presets::tiny::X64;
use crate::presets::wow64::{VIEW32, VIEW64};

/// _HEAP.
const USER_CONTEXT: u64 = 0x188;
/// Descriptors of the preset.
const DESCRIPTORS: u64 = X64.heap + 0x500;
const HEAP: u64 = 0x10;

/// Heaps 0 and 1 are NT heaps, heap 2 is a segment heap; only heap 0 is in the PEB.
pub(super) const RECIPES: &[Recipe] = &[
    ("chain_cycle", |case| case.u64(descriptor(2), descriptor(0))),
    ("chain_cycle_without_first", |case| case.u64(descriptor(2), descriptor(1))),
    ("chain_next_is_itself", |case| next(case, descriptor(0))),
    ("chain_next_in_free_memory", |case| next(case, FREE)),
    ("chain_next_unaligned", |case| next(case, descriptor(1) + 1)),
    ("chain_next_at_end_of_kept_memory", |case| next(case, X64.heap + 0xFF8)),
    ("chain_next_all_ff", |case| next(case, u64::MAX)),
    ("chain_prev_wrong", |case| case.u64(descriptor(1) + 8, FREE)),
    ("chain_heap_in_free_memory", |case| heap(case, FREE)),
    ("chain_heap_null", |case| heap(case, 0)),
    ("chain_heap_twice", |case| heap(case, case.handle(0))),
    ("chain_heap_of_unknown_signature", |case| {
        case.u32(case.handle(1) + 0x10, 0xDEAD_BEEF);
        case.lose_heaps(&[1]);
    }),
    ("chain_user_context_in_free_memory", |case| user_context(case, FREE)),
    ("chain_user_context_null", |case| user_context(case, 0)),
    ("chain_user_context_is_the_heap", |case| user_context(case, case.handle(0))),
    ("chain_first_heap_not_kept", |case| {
        case.forget(case.handle(0));
        case.lose_heaps(&[0, 1, 2]);
    }),
];

/// Heaps 0 and 1 are 32-bit, heaps 2 and 3 are 64-bit.
pub(super) const WOW64_RECIPES: &[Recipe] = &[
    ("wow64_process_heaps32_in_free_memory", |case| {
        case.u32(VIEW32.peb + 0x90, 0x7000_0000);
        case.lose_heaps(&[1]);
    }),
    ("wow64_process_heaps64_in_free_memory", |case| {
        case.u64(VIEW64.peb + 0xF0, FREE);
        case.lose_heaps(&[3]);
    }),
    ("wow64_number_of_heaps32_7fffffff", |case| {
        case.u32(VIEW32.peb + 0x88, 0x7FFF_FFFF);
        case.lose_heaps(&[1]);
    }),
    // The array of the 32-bit PEB has handles of 4 bytes.
    ("wow64_peb64_points_to_the_32_bit_array", |case| {
        case.u64(VIEW64.peb + 0xF0, VIEW32.heap + 0x400);
        case.lose_heaps(&[3]);
    }),
    ("wow64_flink32_to_itself", |case| {
        let second = case.segment(0, 1) + 0x10;
        case.process.put(second, &second.to_le_bytes()[..4]);
        case.lose_segments(0, &[2]);
    }),
    ("wow64_peb32_not_kept", |case| {
        case.forget(VIEW32.peb);
        case.lose_heaps(&[0, 1]);
    }),
    ("wow64_heap32_header_not_kept", |case| {
        case.forget(case.handle(0));
        case.lose_heaps(&[0]);
    }),
];

fn descriptor(number: u64) -> u64 {
    DESCRIPTORS + 0x20 * number
}

/// Next of the first descriptor; the other heaps are lost.
fn next(case: &mut Case, target: u64) {
    case.u64(descriptor(0), target);
    case.lose_heaps(&[1, 2]);
}

/// The heap that the second descriptor names, which is lost.
fn heap(case: &mut Case, target: u64) {
    case.u64(descriptor(1) + HEAP, target);
    case.lose_heaps(&[1]);
}

fn user_context(case: &mut Case, target: u64) {
    case.u64(case.handle(0) + USER_CONTEXT, target);
    case.lose_heaps(&[1, 2]);
}
