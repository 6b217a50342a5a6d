//! Heaps as plain data: what was found of them, and how well it is known.

use super::fault::{Fault, FaultKind};
use super::segment_layout::SegmentLayout;
use super::{nt, segment};
use crate::arch::Width;

/// How a heap is built, by the signature at +8 / +10 of its handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeapKind {
    /// `_HEAP`: 0xFFEEFFEE there, and 0xEEFFEEFF farther on.
    Nt,
    /// `_SEGMENT_HEAP`: 0xDDEEDDEE.
    Segment,
    /// 0xEEFFEEFF at +8 / +10: the layout of Windows XP, which is not walked.
    Xp,
    /// None of these: page heap, a heap of some other library, or damage.
    Unknown,
}

/// What a part of a heap is: WinDbg's `Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PartKind {
    /// A segment: reserved pages too.
    Segment,
    /// The allocation of the low-fragmentation heap.
    FrontEnd,
    /// A block with an allocation of its own.
    LargeBlock,
}

/// How well it is known that a heap's layout is the one by which it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayoutBasis {
    /// Microsoft's own heap code of this build confirmed it.
    Verified,
    /// It was confirmed on another build than the one that the dump says, and the heap's lists are where the layout has
    /// them.
    Between,
    /// From published type descriptions only.
    Published,
}

/// A run of addresses that belongs to a heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// First address.
    pub base: u64,
    /// First address behind.
    pub end: u64,
    /// What it is.
    pub kind: PartKind,
    /// The address of the structure that shows it.
    pub by: u64,
    /// Requested bytes, if the heap records them: for large blocks only.
    pub user_bytes: Option<u64>,
    /// Of a page segment: which of the heap's contexts lists it.
    pub(super) context: usize,
}

/// A heap's own counters, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeapCounters {
    /// NT: `TotalMemoryReserved`. Segment heap: `TotalReservedPages`, in bytes.
    pub reserved: Option<u64>,
    /// NT: `TotalMemoryCommitted`. Segment heap: `TotalCommittedPages`, in bytes.
    pub committed: Option<u64>,
    /// NT: `TotalSizeInVirtualBlocks`. Segment heap: `LargeCommittedPages`, in bytes.
    pub large: Option<u64>,
    /// NT: `TotalSegments`. Segment heap: the sum of `SegmentCount`.
    pub segments: Option<u64>,
    /// Committed, but in no block: NT: `TotalFreeSize`. Segment heap: `FreeCommittedPages`, and those of LFH and VS, in
    /// bytes. Free blocks of an NT heap's LFH are not among them.
    pub free: Option<u64>,
}

/// One heap and what was found of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heap {
    /// Its handle: the address of its structure.
    pub handle: u64,
    /// Which PEB it belongs to.
    pub width: Width,
    /// Position in `PEB.ProcessHeaps`; heaps found by descriptors follow behind.
    pub index: usize,
    /// How it is built.
    pub kind: HeapKind,
    /// Name of the layout by which it was read, such as `Windows 8 to 11, x64`; `None` if none fitted.
    pub layout: Option<&'static str>,
    /// How well it is known that it is the layout of the process's build; `None` without a layout.
    pub basis: Option<LayoutBasis>,
    /// Whether it is the heap in which Windows keeps the headers and the records of the other segment heaps. No block in
    /// it is the program's.
    pub is_metadata: bool,
    /// `Flags` of an NT heap, `GlobalFlags` of a segment heap.
    pub flags: Option<u32>,
    /// Bytes from which on an NT heap gives a block an allocation of its own: `VirtualMemoryThreshold`.
    pub large_from: Option<u64>,
    /// Its parts, in the order in which they were found; they may overlap in a damaged heap.
    pub parts: Vec<Part>,
    /// What it counts itself.
    pub counters: HeapCounters,
    /// What was wrong with it.
    pub faults: Vec<Fault>,
    /// What its blocks are read by.
    pub(super) form: Form,
}

/// What the blocks of a heap are read by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// It has no layout.
    None,
    Nt(nt::NtForm),
    Segment(segment::SegmentForm),
}

impl Heap {
    pub(super) fn new(handle: u64, width: Width, index: usize) -> Heap {
        Heap {
            handle,
            width,
            index,
            kind: HeapKind::Unknown,
            layout: None,
            basis: None,
            is_metadata: false,
            flags: None,
            large_from: None,
            parts: Vec::new(),
            counters: HeapCounters::default(),
            faults: Vec::new(),
            form: Form::None,
        }
    }

    /// The layout of a segment heap, which is that of all of the process.
    pub(super) fn segment_layout(&self) -> Option<&'static SegmentLayout> {
        match &self.form {
            Form::Segment(form) => Some(form.layout),
            Form::None | Form::Nt(_) => None,
        }
    }

    /// Takes note of what is wrong; of many faults of one heap the first are kept, and that there are more.
    pub(super) fn fault(&mut self, at: u64, what: FaultKind) {
        const MOST: usize = 16;
        match self.faults.len() {
            n if n < MOST => self.faults.push(Fault { at, what }),
            MOST => self.faults.push(Fault { at, what: FaultKind::More }),
            _ => {}
        }
    }
}

/// The heaps of one PEB.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heaps {
    /// The heaps, in the order of `ProcessHeaps`.
    pub list: Vec<Heap>,
    /// What was wrong with the list of them.
    pub faults: Vec<Fault>,
}
