//! LargeAllocMetadata: an RTL_RB_TREE of HEAP_LARGE_ALLOC_DATA, ordered by address.

use std::ops::Range;

use super::segment::{LargeAlloc, SegmentHeap};
use crate::bytes::{At, Fields, low32};
use crate::process::Process;

const LEFT: At = At(0x0, 0x0);
const RIGHT: At = At(0x4, 0x8);
const PARENT_VALUE: At = At(0x8, 0x10);
const VIRTUAL_ADDRESS: At = At(0xC, 0x18);
const BITS: At = At(0x10, 0x20);
/// Size of a HEAP_LARGE_ALLOC_DATA, bytes.
const SIZE: At = At(0x14, 0x28);
/// In ParentValue.
const RED: u64 = 1;

/// Children and parent of a node; 0 is none.
#[derive(Clone, Copy, Default)]
struct Links {
    left: u64,
    right: u64,
    parent: u64,
}

/// Writes the tree and its nodes. The middle node is the root, halves to both sides likewise; leaves are red.
pub(crate) fn put(process: &mut Process, heap: &SegmentHeap) {
    let mut blocks = heap.large.clone();
    blocks.sort_unstable_by_key(|block| block.block);
    let node = |number: usize| blocks[number].node;
    let mut links = vec![Links::default(); blocks.len()];
    let mut open = vec![(0..blocks.len(), 0)];
    while let Some((range, parent)) = open.pop() {
        if range.is_empty() {
            continue;
        }
        let middle = usize::midpoint(range.start, range.end);
        let (left, right) = (range.start..middle, middle + 1..range.end);
        let child = |range: &Range<usize>| {
            if range.is_empty() { 0 } else { node(usize::midpoint(range.start, range.end)) }
        };
        links[middle] = Links { left: child(&left), right: child(&right), parent };
        open.extend([(left, node(middle)), (right, node(middle))]);
    }
    for (block, links) in blocks.iter().zip(&links) {
        process.put(block.node, &bytes(heap, block, *links));
    }
    let root = links.iter().position(|links| links.parent == 0).map_or(0, node);
    put_root(process, heap, root, blocks.first().map_or(0, |block| block.node));
}

fn put_root(process: &mut Process, heap: &SegmentHeap, root: u64, min: u64) {
    let mut tree = Fields::sized(heap.width(), 2 * heap.width().bytes());
    let key = if heap.encoded_root { heap.tree() } else { 0 };
    tree.word(0, root ^ key);
    tree.word(heap.width().bytes(), min | u64::from(heap.encoded_root));
    process.put(heap.tree(), &tree.bytes);
}

fn bytes(heap: &SegmentHeap, block: &LargeAlloc, links: Links) -> Vec<u8> {
    let mut data = Fields::new(heap.width(), SIZE);
    let leaf = links.left == 0 && links.right == 0;
    let unused =
        block.pages() * crate::constants::PAGE - block.user_size - heap.padding_of_large(block.user_size);
    data.pointer(LEFT, links.left);
    data.pointer(RIGHT, links.right);
    data.pointer(PARENT_VALUE, links.parent | if leaf && links.parent != 0 { RED } else { 0 });
    data.pointer(VIRTUAL_ADDRESS, block.block | unused);
    let bits = block.pages() << 12 | u64::from(block.guard_pages) << 1;
    data.u32_at(BITS, low32(bits));
    data.bytes
}
