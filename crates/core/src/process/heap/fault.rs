//! What can be wrong with heaps.

use thiserror::Error;

use crate::memory::Absence;

/// Something in a heap that is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("at {at:#x}: {what}")]
pub struct Fault {
    /// The address concerned.
    pub at: u64,
    /// What is wrong there.
    pub what: FaultKind,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[allow(missing_docs)] // each variant's message says what it means
#[non_exhaustive]
pub enum FaultKind {
    #[error("not readable: {0}")]
    Unreadable(Absence),
    #[error("not a heap handle")]
    BadHandle,
    #[error("no heap signature")]
    NoSignature,
    #[error("the layout of Windows XP, which is not walked")]
    Xp,
    #[error("no known layout fits")]
    NoLayout,
    #[error("not a heap segment")]
    NotASegment,
    #[error("a segment of another heap")]
    ForeignSegment,
    #[error("a segment whose BaseAddress is not its own address")]
    BadBase,
    #[error("a number of pages that no segment has")]
    BadPages,
    #[error("sizes that no large block has")]
    BadLargeBlock,
    #[error("a large block's entry that does not decode: what was asked for is not known")]
    BadEntry,
    #[error("a front end or a large block inside a segment")]
    InSegment,
    #[error("a front end that lies in no memory a heap may have")]
    BadFrontEnd,
    #[error("reaches beyond its allocation; cut off there")]
    BeyondAllocation,
    #[error("a list of segments whose size is not known: each is taken to reach to the next")]
    BadMask,
    #[error("a list that leads back into itself")]
    Cycle,
    #[error("a link whose neighbour does not point back")]
    BackLink,
    #[error("a list with more entries than are followed")]
    TooLong,
    #[error("a tree node that is not one")]
    BadNode,
    #[error("the segment lists of this build are not known; found by their shape")]
    ByShape,
    #[error("no segment list found; only the allocation of the handle is known")]
    OnlyHeader,
    #[error("the first heap listed is not the process heap")]
    FirstIsNotProcessHeap,
    #[error("a PEB without a list of heaps")]
    NoList,
    #[error("a count of heaps that no process has")]
    BadCount,
    #[error("listed twice")]
    Twice,
    #[error("a heap descriptor that is not one")]
    BadDescriptor,
    #[error("more candidates for segments than are looked at")]
    ScanCut,
    #[error("the header of a block does not decode: something wrote over it")]
    BrokenEntry,
    #[error("the size of a block that is not the one its neighbour has for it")]
    BrokenSize,
    #[error("a block that reaches beyond its segment")]
    BrokenEnd,
    #[error("a block in use whose header says that it is not")]
    BrokenLfhHeader,
    #[error("a subsegment of the low-fragmentation heap that is not one")]
    BadSubsegment,
    #[error("a page range that is not one")]
    BadRange,
    #[error("a VS subsegment that is not one")]
    BadVsSubsegment,
    #[error("the header of a VS chunk does not decode: something wrote over it")]
    BrokenChunk,
    #[error("the heap's key could not be found, without which its blocks cannot be read")]
    NoKey,
    #[error("and more")]
    More,
}

impl FaultKind {
    /// Whether memory was there that the dump does not keep.
    pub(super) fn is_lost(self) -> bool {
        matches!(
            self,
            FaultKind::Unreadable(
                Absence::NotKept | Absence::CutOff | Absence::ReadFailed | Absence::Redacted
            )
        )
    }
}
