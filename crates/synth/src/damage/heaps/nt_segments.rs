//! Segments of an NT heap. Heap 0 has three, in the order of their addresses; the first is the heap itself.

use super::Recipe;
use super::case::{Case, FREE};
use crate::heap::HeapClass;

/// _HEAP_SEGMENT.
const SIGNATURE: u64 = 0x10;
const FLINK: u64 = 0x18;
const BLINK: u64 = 0x20;
const HEAP: u64 = 0x28;
const BASE_ADDRESS: u64 = 0x30;
const NUMBER_OF_PAGES: u64 = 0x38;
/// _HEAP.
const SEGMENT_LIST: u64 = 0x120;
const FRONT_END_HEAP: u64 = 0x198;
const FRONT_END_HEAP_TYPE: u64 = 0x1A2;

pub(super) const RECIPES: &[Recipe] = &[
    ("nt_segment_flink_to_itself", |case| flink(case, case.segment(0, 1) + FLINK)),
    ("nt_segment_flink_to_free_memory", |case| flink(case, FREE + FLINK)),
    ("nt_segment_flink_null", |case| flink(case, 0)),
    ("nt_segment_flink_unaligned", |case| flink(case, case.segment(0, 2) + FLINK + 1)),
    ("nt_segment_flink_all_ff", |case| flink(case, u64::MAX)),
    ("nt_segment_flink_into_other_heap", |case| flink(case, case.segment(1, 1) + FLINK)),
    ("nt_segment_flink_into_a_block", |case| flink(case, case.segment(0, 0) + 0x2D0)),
    ("nt_segment_cycle_without_head", |case| {
        let (second, third) = (case.segment(0, 1), case.segment(0, 2));
        case.u64(third + FLINK, second + FLINK);
    }),
    ("nt_segment_list_ends_early", |case| {
        let head = case.handle(0) + SEGMENT_LIST;
        case.u64(case.handle(0) + FLINK, head);
        case.lose_segments(0, &[1, 2]);
    }),
    ("nt_segment_blink_wrong", |case| case.u64(case.segment(0, 1) + BLINK, FREE)),
    ("nt_segment_list_head_null", |case| {
        case.process.put(case.handle(0) + SEGMENT_LIST, &[0; 16]);
        case.lose_segments(0, &[1, 2]);
    }),
    ("nt_segment_list_head_in_free_memory", |case| {
        case.u64(case.handle(0) + SEGMENT_LIST, FREE);
        case.lose_segments(0, &[1, 2]);
    }),
    ("nt_segment_of_another_heap", |case| {
        case.u64(case.segment(0, 1) + HEAP, case.handle(1));
        case.lose_segments(0, &[1]);
    }),
    ("nt_segment_signature_wrong", |case| {
        case.u32(case.segment(0, 1) + SIGNATURE, 0xFFEE_FFEF);
        case.lose_segments(0, &[1]);
    }),
    ("nt_segment_base_address_wrong", |case| {
        case.u64(case.segment(0, 1) + BASE_ADDRESS, case.segment(0, 1) + 0x1000);
        case.lose_segments(0, &[1]);
    }),
    ("nt_segment_base_address_in_free_memory", |case| {
        case.u64(case.segment(0, 1) + BASE_ADDRESS, FREE);
        case.lose_segments(0, &[1]);
    }),
    ("nt_segment_pages_f00000", |case| pages(case, 0xF0_0000)),
    ("nt_segment_pages_ffffffff", |case| pages(case, u32::MAX)),
    ("nt_segment_pages_0", |case| pages(case, 0)),
    // Its reservation has 0x200 pages; behind it lies the third segment.
    ("nt_segment_pages_beyond_its_reservation", |case| pages(case, 0x210)),
    ("nt_first_segment_pages_huge", |case| {
        case.u32(case.handle(0) + NUMBER_OF_PAGES, 0x7FFF_FFFF);
        case.lose_segments(0, &[0]);
    }),
    ("nt_segment_header_not_kept", |case| {
        case.forget(case.segment(0, 1));
        case.lose_segments(0, &[1, 2]);
    }),
    ("nt_segment_header_all_ff", |case| {
        case.process.put(case.segment(0, 1), &[0xFF; 0x70]);
        case.lose_segments(0, &[1, 2]);
    }),
    ("nt_front_end_in_free_memory", |case| front_end(case, FREE)),
    ("nt_front_end_in_an_image", |case| front_end(case, crate::presets::tiny::X64.app + 0x1000)),
    ("nt_front_end_null", |case| front_end(case, 0)),
    ("nt_front_end_in_another_heaps_segment", |case| front_end(case, case.segment(1, 1))),
    ("nt_front_end_of_another_type", |case| {
        case.process.put(case.handle(0) + FRONT_END_HEAP_TYPE, &[0x77]);
        case.lose(0, HeapClass::FrontEnd, &[0]);
    }),
];

/// The second segment's Flink; the third is lost.
fn flink(case: &mut Case, target: u64) {
    case.u64(case.segment(0, 1) + FLINK, target);
    case.lose_segments(0, &[2]);
}

fn pages(case: &mut Case, pages: u32) {
    case.u32(case.segment(0, 1) + NUMBER_OF_PAGES, pages);
    case.lose_segments(0, &[1]);
}

fn front_end(case: &mut Case, pointer: u64) {
    case.u64(case.handle(0) + FRONT_END_HEAP, pointer);
    case.lose(0, HeapClass::FrontEnd, &[0]);
}
