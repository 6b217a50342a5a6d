//! Page segments of a segment heap. Heap 0 has two of 1 MiB and one of 16 MiB in the other context.

use super::Recipe;
use super::case::{Case, FREE};

/// _SEGMENT_HEAP: the first context.
const SEGMENT_MASK: u64 = 0x100;
const SEGMENT_LIST_HEAD: u64 = 0x148;
const SEGMENT_COUNT: u64 = 0x158;
const CONTEXT_SIZE: u64 = 0xC0;

pub(super) const RECIPES: &[Recipe] = &[
    ("segment_flink_to_itself", |case| flink(case, case.segment(0, 0))),
    ("segment_flink_to_free_memory", |case| flink(case, FREE)),
    ("segment_flink_null", |case| flink(case, 0)),
    ("segment_flink_unaligned", |case| flink(case, case.segment(0, 1) + 0x10)),
    ("segment_flink_into_other_heap", |case| flink(case, case.segment(1, 0))),
    ("segment_cycle_without_head", |case| {
        case.u64(case.segment(0, 1), case.segment(0, 0));
    }),
    ("segment_blink_wrong", |case| {
        case.u64(case.segment(0, 1) + 8, FREE);
        case.lose_segments(0, &[1]);
    }),
    ("segment_list_head_null", |case| {
        case.process.put(case.handle(0) + SEGMENT_LIST_HEAD, &[0; 16]);
        case.lose_segments(0, &[0, 1]);
    }),
    ("segment_list_head_of_other_context", |case| {
        let other = case.handle(0) + SEGMENT_LIST_HEAD + CONTEXT_SIZE;
        case.u64(case.handle(0) + SEGMENT_LIST_HEAD, other);
        case.lose_segments(0, &[0, 1]);
    }),
    ("segment_mask_0", |case| mask(case, 0)),
    ("segment_mask_all_ones", |case| mask(case, u64::MAX)),
    ("segment_mask_with_holes", |case| mask(case, 0xFFFF_FFFF_FFF0_F000)),
    ("segment_mask_of_256_tib", |case| mask(case, 0xFFFF_0000_0000_0000)),
    ("segment_count_all_ff", |case| case.u64(case.handle(0) + SEGMENT_COUNT, u64::MAX)),
    ("segment_count_0", |case| {
        case.u64(case.handle(0) + SEGMENT_COUNT, 0);
        case.lose_segments(0, &[0, 1]);
    }),
    ("segment_header_not_kept", |case| {
        case.forget(case.segment(0, 0));
        case.lose_segments(0, &[0, 1]);
    }),
    ("segment_heap_header_not_kept", |case| {
        case.forget(case.handle(0));
        case.lose_heaps(&[0]);
    }),
    ("segment_heap_signature_unknown", |case| {
        case.u32(case.handle(0) + 0x10, 0xDDEE_DDEF);
        case.lose_heaps(&[0]);
    }),
    ("segment_heap_header_all_ff", |case| {
        let signature = 0xDDEE_DDEE_u32.to_le_bytes();
        case.process.put(case.handle(0), &[0xFF; 0x800]);
        case.process.put(case.handle(0) + 0x10, &signature);
        case.lose_heaps(&[0]);
    }),
];

/// The first segment's Flink; the second is lost.
fn flink(case: &mut Case, target: u64) {
    case.u64(case.segment(0, 0), target);
    case.lose_segments(0, &[1]);
}

/// The mask of the first context; its segments are lost.
fn mask(case: &mut Case, mask: u64) {
    case.u64(case.handle(0) + SEGMENT_MASK, mask);
    case.lose_segments(0, &[0, 1]);
}
