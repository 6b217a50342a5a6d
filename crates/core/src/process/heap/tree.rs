//! `LargeAllocMetadata`: a red-black tree of HEAP_LARGE_ALLOC_DATA, one node for each large block of a segment heap.

use std::collections::HashSet;

use super::{FaultKind, PAGE, Part, PartKind, Walker};

/// An RTL_RB_TREE: Root 0 / 0, Min or Encoded 4 / 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) address: u64,
}

/// What a tree holds.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) blocks: Vec<Part>,
    pub(super) faults: Vec<(u64, FaultKind)>,
}

/// Visits every node once, in no particular order; what hangs below a bad node is lost.
pub(super) fn walk(walker: &mut Walker<'_, '_>, tree: Tree) -> Found {
    let mut found = Found::default();
    let mut next: Vec<(u64, Option<u64>)> = root(walker, tree).map(|root| (root, None)).into_iter().collect();
    let mut seen = HashSet::new();
    while let Some((node, parent)) = next.pop() {
        let visited = match () {
            () if !walker.step() => Err(FaultKind::TooLong),
            () if seen.contains(&node) => Err(FaultKind::Cycle),
            () => visit(walker, node, parent),
        };
        match visited {
            Ok((block, children)) => {
                seen.insert(node);
                found.blocks.push(block);
                next.extend(
                    children.into_iter().filter(|child| *child != 0).map(|child| (child, Some(node))),
                );
            }
            Err(FaultKind::TooLong) => {
                found.faults.push((node, FaultKind::TooLong));
                break;
            }
            Err(fault) => found.faults.push((node, fault)),
        }
    }
    found
}

/// The root, decoded: if bit 0 of the second word is set, it is XORed with the tree's address.
fn root(walker: &Walker<'_, '_>, tree: Tree) -> Option<u64> {
    let links = walker.links(tree.address).ok()?;
    let root = if links.blink & 1 == 1 { links.flink ^ tree.address } else { links.flink };
    (links.flink != 0 && root != 0).then_some(root)
}

/// HEAP_LARGE_ALLOC_DATA: Left 0 / 0, Right 4 / 8, ParentValue 8 / 10, VirtualAddress c / 18 with the unused bytes in
/// its low 16 bits, a word at 10 / 20 with the pages allocated from bit 12 on. From Windows 10 1809 on one reservation
/// may hold several blocks and segments. The two low bits of ParentValue are the
/// node's colour.
fn visit(walker: &mut Walker<'_, '_>, node: u64, parent: Option<u64>) -> Result<(Part, [u64; 2]), FaultKind> {
    if !node.is_multiple_of(walker.width.bytes() as u64) {
        return Err(FaultKind::BadNode);
    }
    let block = walker.block(node, 0x28)?;
    let (Some(left), Some(right)) = (block.pointer(0x0, 0x0), block.pointer(0x4, 0x8)) else {
        return Err(FaultKind::BadNode);
    };
    if parent.is_some_and(|parent| block.pointer(0x8, 0x10).map(|value| value & !3) != Some(parent)) {
        return Err(FaultKind::BackLink);
    }
    let (Some(place), Some(word)) = (block.pointer(0xc, 0x18), block.pointer(0x10, 0x20)) else {
        return Err(FaultKind::BadNode);
    };
    let (base, unused) = (place & !0xffff, place & 0xffff);
    let size = (word >> 12).saturating_mul(PAGE);
    let end = base.checked_add(size).ok_or(FaultKind::BadNode)?;
    let fits = walker
        .extents
        .heap_memory(base)
        .is_some_and(|(start, stop)| start <= base && size > 0 && end <= stop);
    if !fits {
        return Err(FaultKind::BadNode);
    }
    let kind = PartKind::LargeBlock;
    let part = Part { base, end, kind, by: node, user_bytes: size.checked_sub(unused), context: 0 };
    Ok((part, [left, right]))
}
