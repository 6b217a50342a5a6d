//! Large blocks of an NT heap. Heap 0 has two, in the order of their addresses.

use super::Recipe;
use super::case::{Case, FREE};
use crate::heap::HeapClass;

/// _HEAP.
const VIRTUAL_ALLOCD_BLOCKS: u64 = 0x110;
const ENCODING: u64 = 0x88;
/// HEAP_VIRTUAL_ALLOC_ENTRY.
const FLINK: u64 = 0;
const BLINK: u64 = 8;
const COMMIT_SIZE: u64 = 0x20;
const RESERVE_SIZE: u64 = 0x28;
const BUSY_BLOCK: u64 = 0x38;

pub(super) const RECIPES: &[Recipe] = &[
    ("nt_block_commit_above_reserve", |case| sizes(case, 0x10_2000, 0x10_1000)),
    ("nt_block_commit_0", |case| sizes(case, 0, 0x10_1000)),
    ("nt_block_sizes_0", |case| sizes(case, 0, 0)),
    ("nt_block_commit_huge", |case| sizes(case, 0x7FFF_FFFF_F000, 0x7FFF_FFFF_F000)),
    ("nt_block_commit_all_ff", |case| sizes(case, u64::MAX, u64::MAX)),
    // The allocation has 0x108 pages.
    ("nt_block_reaches_beyond_its_allocation", |case| sizes(case, 0x20_0000, 0x20_0000)),
    ("nt_block_commit_not_in_pages", |case| sizes(case, 0x10_0801, 0x10_1000)),
    ("nt_block_cycle_without_head", |case| case.u64(block(case, 1) + FLINK, block(case, 0))),
    ("nt_block_flink_to_itself", |case| flink(case, block(case, 0))),
    ("nt_block_flink_to_free_memory", |case| flink(case, FREE)),
    ("nt_block_flink_null", |case| flink(case, 0)),
    ("nt_block_flink_unaligned", |case| flink(case, block(case, 1) + 8)),
    // Entries have no pointer to their heap; only Blink says that these are heap 1's.
    ("nt_block_flink_into_other_heap", |case| {
        flink(case, case.range(1, HeapClass::LargeBlock, 0).start);
    }),
    ("nt_block_blink_wrong", |case| {
        case.u64(block(case, 0) + BLINK, FREE);
        case.lose_blocks(0, &[0, 1]);
    }),
    ("nt_block_list_head_null", |case| {
        case.process.put(case.handle(0) + VIRTUAL_ALLOCD_BLOCKS, &[0; 16]);
        case.lose_blocks(0, &[0, 1]);
    }),
    ("nt_block_entry_not_kept", |case| {
        case.forget(block(case, 0));
        case.lose_blocks(0, &[0, 1]);
    }),
    ("nt_block_checksum_wrong", |case| {
        case.process.put(block(case, 0) + BUSY_BLOCK + 3, &[0xAA]);
        lose_size(case, 0);
    }),
    // More unused than committed.
    ("nt_block_unused_above_commit", |case| {
        sizes(case, 0x1000, 0x1000);
        // Flags 9: busy, virtual. The key is the preset's.
        let key = [0x5A, 0x31, 0xC7, 0x9E, 0x11, 0xD4, 0, 0];
        let plain = [0xFF, 0xFF, 9, 9, 0, 0, 0, 4];
        let bytes: [u8; 8] = std::array::from_fn(|i| key[i] ^ plain[i]);
        case.process.put(block(case, 0) + BUSY_BLOCK, &bytes);
        lose_size(case, 0);
    }),
    ("nt_encoding_wrong", |case| {
        case.process.put(case.handle(0) + ENCODING, &[0x12, 0x34, 0x56, 0x78]);
        lose_size(case, 0);
        lose_size(case, 1);
    }),
];

fn block(case: &Case, number: usize) -> u64 {
    case.range(0, HeapClass::LargeBlock, number).start
}

/// Sizes of the first block, which is lost.
fn sizes(case: &mut Case, commit: u64, reserve: u64) {
    let entry = block(case, 0);
    case.u64(entry + COMMIT_SIZE, commit);
    case.u64(entry + RESERVE_SIZE, reserve);
    case.lose_blocks(0, &[0]);
}

/// The first block's Flink; the second is lost.
fn flink(case: &mut Case, target: u64) {
    case.u64(block(case, 0) + FLINK, target);
    case.lose_blocks(0, &[1]);
}

fn lose_size(case: &mut Case, number: usize) {
    let entry = block(case, number);
    case.lost.sizes.push(entry);
}
