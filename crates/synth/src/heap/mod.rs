//! Windows heaps, byte for byte, as they lie in a process.
//!
//! A heap is plain data: where it lies, its segments and blocks. `allocate` adds its reservations to an
//! [`AddressSpace`](crate::AddressSpace), `put` writes its structures into a [`Process`](crate::Process), `truth`
//! says what a reader has to find. [`presets::heaps`](crate::presets::heaps) makes whole processes of them.
//!
//! ```
//! use dumplens_synth::heap::{HeapClass, NtHeap, NtLayout, NtSegment};
//! use dumplens_synth::{AddressSpace, Process};
//!
//! let (mut process, mut space) = (Process::default(), AddressSpace::default());
//! let heap = NtHeap {
//!     segments: vec![NtSegment::new(0x1_0000, 0xF, 4)],
//!     ..NtHeap::new(NtLayout::Win10X64, 0x1_0000)
//! };
//! heap.put(&mut process);
//! heap.allocate(&mut space);
//! process.memory = space.kept();
//! let (bytes, layout) = process.to_bytes();
//! let signature = layout.offset_of(0x1_0098).unwrap() as usize;
//! assert_eq!(bytes[signature..signature + 4], 0xEEFF_EEFF_u32.to_le_bytes());
//! let range = heap.truth().ranges[0];
//! assert_eq!((range.start, range.end, range.class), (0x1_0000, 0x1_F000, HeapClass::Segment));
//! ```

mod descriptor;
mod entry;
mod list;
mod nt;
mod nt_lfh;
mod nt_offsets;
mod nt_write;
mod page;
mod segment;
mod segment_blocks;
mod segment_offsets;
mod segment_write;
mod tree;
mod truth;

pub use descriptor::{Descriptor, put_chain};
pub use entry::{BUSY, HeapEntry, LAST, VIRTUAL};
pub use nt::{LargeBlock, NtBlock, NtCounters, NtHeap, NtSegment};
pub use nt_offsets::NtLayout;
pub use page::{FLG_HEAP_PAGE_ALLOCS, PageHeap};
pub use segment::{LargeAlloc, PageSegment, SegmentHeap};
pub use segment_offsets::SegmentLayout;
pub use truth::{
    Backend, BlockTruth, HeapClass, HeapKind, HeapRange, HeapTruth, LargeTruth, OtherTruth, Truth,
};
