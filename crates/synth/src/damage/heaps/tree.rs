//! The tree of large blocks of a segment heap. Heap 0 has three: the second is the root, the others its children.

use super::Recipe;
use super::case::{Case, FREE};
use crate::heap::HeapClass;

/// _SEGMENT_HEAP.
const ROOT: u64 = 0x48;
const MIN: u64 = 0x50;
const LARGE_RESERVED_PAGES: u64 = 0x58;
/// HEAP_LARGE_ALLOC_DATA.
const LEFT: u64 = 0;
const RIGHT: u64 = 8;
const PARENT_VALUE: u64 = 0x10;
const VIRTUAL_ADDRESS: u64 = 0x18;
const BITS: u64 = 0x20;

pub(super) const RECIPES: &[Recipe] = &[
    ("tree_left_is_the_root", |case| case.u64(node(case, 0, 0) + LEFT, node(case, 0, 1))),
    ("tree_root_is_its_own_child", |case| {
        case.u64(node(case, 0, 1) + RIGHT, node(case, 0, 1));
        case.lose_blocks(0, &[2]);
    }),
    // Leaves that are children of each other: a walk down never ends.
    ("tree_leaves_are_each_others_children", |case| {
        let (first, third) = (node(case, 0, 0), node(case, 0, 2));
        for (from, to) in [(first, third), (third, first)] {
            case.u64(from + LEFT, to);
            case.u64(from + RIGHT, to);
        }
    }),
    ("tree_chain_of_65536_nodes", chain),
    ("tree_node_in_free_memory", |case| right(case, FREE)),
    ("tree_node_unaligned", |case| right(case, node(case, 0, 2) + 3)),
    ("tree_node_all_ff", |case| right(case, u64::MAX)),
    ("tree_node_of_other_heap", |case| right(case, node(case, 1, 0))),
    ("tree_node_in_reserved_memory", |case| right(case, case.handle(0) + 0x1_0000)),
    ("tree_parent_wrong", |case| {
        case.u64(node(case, 0, 2) + PARENT_VALUE, FREE);
        case.lose_blocks(0, &[2]);
    }),
    ("tree_root_in_free_memory", |case| root(case, FREE)),
    ("tree_root_null", |case| root(case, 0)),
    ("tree_root_is_the_tree", |case| root(case, case.handle(0) + ROOT)),
    ("tree_min_in_free_memory", |case| case.u64(case.handle(0) + MIN, FREE)),
    // The root is not encoded, but the flag says so.
    ("tree_encoded_flag_wrong", |case| {
        case.u64(case.handle(0) + MIN, node(case, 0, 0) | 1);
        case.lose_blocks(0, &[0, 1, 2]);
    }),
    ("tree_large_reserved_pages_0", |case| {
        case.u64(case.handle(0) + LARGE_RESERVED_PAGES, 0);
        case.lose_blocks(0, &[0, 1, 2]);
    }),
    ("tree_allocated_pages_fffff", |case| bits(case, 0xFFFF_F000)),
    ("tree_allocated_pages_0", |case| bits(case, 0)),
    // 0x101 of 0x100 pages, in a range that free memory follows.
    ("tree_allocated_pages_one_too_many", |case| bits(case, 0x10_1000)),
    ("tree_block_in_free_memory", |case| address(case, FREE)),
    ("tree_block_is_a_segment", |case| address(case, case.segment(0, 0))),
    ("tree_block_is_another_block", |case| {
        address(case, case.range(0, HeapClass::LargeBlock, 1).start);
    }),
    ("tree_block_at_top_of_2^64", |case| address(case, 0xFFFF_FFFF_FFFF_0000)),
    ("tree_unused_above_size", |case| {
        let block = case.range(0, HeapClass::LargeBlock, 0).start;
        case.u64(node(case, 0, 0) + VIRTUAL_ADDRESS, block | 0xFFFF);
        bits(case, 0x1000);
    }),
    ("tree_nodes_not_kept", |case| {
        case.forget(case.handle(0) + 0x2000);
        case.lose_blocks(0, &[0, 1, 2]);
    }),
];

fn node(case: &Case, heap: usize, number: u64) -> u64 {
    case.handle(heap) + 0x2000 + 0x40 * number
}

/// The root's right child; the third block is lost.
fn right(case: &mut Case, target: u64) {
    case.u64(node(case, 0, 1) + RIGHT, target);
    case.lose_blocks(0, &[2]);
}

fn root(case: &mut Case, target: u64) {
    case.u64(case.handle(0) + ROOT, target);
    case.lose_blocks(0, &[0, 1, 2]);
}

/// Bits of the first block, which is lost.
fn bits(case: &mut Case, bits: u32) {
    case.u32(node(case, 0, 0) + BITS, bits);
    case.lose_blocks(0, &[0]);
}

fn address(case: &mut Case, address: u64) {
    case.u64(node(case, 0, 0) + VIRTUAL_ADDRESS, address);
    case.lose_blocks(0, &[0]);
}

/// In the first block every 8 bytes point to the next 8: each is the left child of the one before and the right
/// child of the one before that. Depth 65536, and 2^n ways down.
fn chain(case: &mut Case) {
    let start = case.range(0, HeapClass::LargeBlock, 0).start;
    let bytes: Vec<u8> = (1..=0x1_0000_u64).flat_map(|next| (start + 8 * next).to_le_bytes()).collect();
    case.process.put(start, &bytes);
    case.keep(start, bytes.len() as u64);
    right(case, start);
}
