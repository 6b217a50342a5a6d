//! Warnings of this room.

use std::fmt;

use dumplens_core::Damage;

use crate::space::SpaceWarning;

/// What of a process could not be read, or is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProcessWarning {
    /// The file itself: dropped, clipped or guessed by the core.
    Damage(Damage),
    /// The memory map.
    Space(SpaceWarning),
    /// A minidump of another operating system.
    NotWindows {
        /// Which.
        os: String,
    },
    /// Modules whose names are longer than file systems allow; they are cut where they are repeated.
    ModuleNamesCut {
        /// How many.
        count: u64,
    },
    /// A thread's TEB could not be read, or is not one.
    TebsUnusable {
        /// How many.
        count: u64,
        /// The ID of the first thread concerned.
        first: u32,
        /// Why, of the first.
        why: String,
    },
    /// A PEB that the TEBs name cannot be read.
    PebUnread {
        /// Where, and why.
        why: String,
    },
    /// Heaps, or the list of them, whose structures the dump does not keep.
    HeapsUnread {
        /// How many structures.
        count: u64,
        /// The first of them, and why.
        first: String,
    },
    /// Heaps, or the list of them, that are not as they should be.
    HeapsDamaged {
        /// How many faults there are.
        count: u64,
        /// The first of them.
        first: String,
    },
    /// Page heap is enabled for the process.
    PageHeap,
}

impl ProcessWarning {
    /// A short name that does not change from version to version.
    pub fn code(&self) -> &'static str {
        match self {
            ProcessWarning::Damage(damage) => damage.code(),
            ProcessWarning::Space(space) => space.code(),
            ProcessWarning::NotWindows { .. } => "not_windows",
            ProcessWarning::ModuleNamesCut { .. } => "module_names_cut",
            ProcessWarning::TebsUnusable { .. } => "tebs_unusable",
            ProcessWarning::PebUnread { .. } => "peb_unread",
            ProcessWarning::HeapsUnread { .. } => "heaps_unread",
            ProcessWarning::HeapsDamaged { .. } => "heaps_damaged",
            ProcessWarning::PageHeap => "page_heap",
        }
    }
}

impl fmt::Display for ProcessWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProcessWarning::Damage(damage) => damage.fmt(f),
            ProcessWarning::Space(space) => space.fmt(f),
            ProcessWarning::NotWindows { os } => write!(
                f,
                "a minidump of {os}: it has no memory map, TEBs or PEB, so address space, commit, last errors, heaps \
                 and uptime are not known"
            ),
            ProcessWarning::ModuleNamesCut { count } => write!(
                f,
                "the names of {count} modules are longer than file systems allow: \
                 frames and regions show only their last 255 and 520 characters"
            ),
            ProcessWarning::TebsUnusable { count, first, why } => {
                write!(f, "the TEB of {count} threads cannot be used (first: thread {first:#x}, {why})")
            }
            ProcessWarning::PebUnread { why } => {
                write!(f, "the PEB cannot be read ({why}): heaps and everything else that it points to are <unknown>")
            }
            ProcessWarning::HeapsUnread { count, first } => write!(
                f,
                "{count} heap structures cannot be read (the first {first}): the memory of these heaps is <unknown>"
            ),
            ProcessWarning::HeapsDamaged { count, first } => write!(
                f,
                "{count} faults in the heaps' structures (the first: {first}): part of these heaps may be <unknown>"
            ),
            ProcessWarning::PageHeap => f.write_str(
                "page heap is enabled: it increases address space and commit, because each block has pages of its own",
            ),
        }
    }
}

impl From<Damage> for ProcessWarning {
    fn from(damage: Damage) -> ProcessWarning {
        ProcessWarning::Damage(damage)
    }
}

impl From<SpaceWarning> for ProcessWarning {
    fn from(warning: SpaceWarning) -> ProcessWarning {
        match warning {
            SpaceWarning::Damage(damage) => ProcessWarning::Damage(damage),
            warning => ProcessWarning::Space(warning),
        }
    }
}
