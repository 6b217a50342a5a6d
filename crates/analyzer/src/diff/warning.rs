//! What a reader must know before believing a comparison.

use std::fmt;

use crate::facts::WarningReport;

/// What limits a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiffWarning {
    /// The dumps are of different programs.
    DifferentPrograms,
    /// The dumps are of the same program, built at different times.
    AnotherBuild,
    /// The dumps are of different runs of the program.
    AnotherRun,
    /// It is not known whether they are of one program.
    IdentityUnknown,
    /// That it is one process follows from something other than its creation time.
    IdentityUnsure,
    /// The second dump is older than the first.
    OrderReversed {
        /// By how much.
        seconds: u64,
    },
    /// Of different runs: the process of the second dump was the younger one.
    AgesReversed {
        /// By how much, in seconds.
        seconds: u64,
    },
    /// No time lies between them.
    TimesEqual,
    /// The time of one of them is not known.
    TimesUnknown,
    /// So little time lies between them that rates mean little.
    IntervalShort {
        /// How much.
        seconds: u64,
    },
    /// A dump has no memory map.
    MapMissing {
        /// `old` or `new`.
        which: &'static str,
    },
    /// The memory map of a dump is cut off.
    MapCut {
        /// `old` or `new`.
        which: &'static str,
    },
    /// A dump does not show which memory is heaps or stacks, although the other one does.
    UsageLost {
        /// `old` or `new`.
        which: &'static str,
    },
    /// Allocations from some address on were not compared.
    AllocationsCut {
        /// That address.
        from: u64,
    },
    /// More sizes than are compared separately.
    SizesCut {
        /// Blocks and allocations that were left out.
        count: u64,
    },
}

impl DiffWarning {
    /// A short name that does not change from version to version.
    pub fn code(&self) -> &'static str {
        match self {
            DiffWarning::DifferentPrograms => "diff_different_programs",
            DiffWarning::AnotherBuild => "diff_another_build",
            DiffWarning::AnotherRun => "diff_another_run",
            DiffWarning::IdentityUnknown => "diff_identity_unknown",
            DiffWarning::IdentityUnsure => "diff_identity_unsure",
            DiffWarning::OrderReversed { .. } => "diff_order_reversed",
            DiffWarning::AgesReversed { .. } => "diff_ages_reversed",
            DiffWarning::TimesEqual => "diff_times_equal",
            DiffWarning::TimesUnknown => "diff_times_unknown",
            DiffWarning::IntervalShort { .. } => "diff_interval_short",
            DiffWarning::MapMissing { .. } => "diff_map_missing",
            DiffWarning::MapCut { .. } => "diff_map_cut",
            DiffWarning::UsageLost { .. } => "diff_usage_lost",
            DiffWarning::AllocationsCut { .. } => "diff_allocations_cut",
            DiffWarning::SizesCut { .. } => "diff_sizes_cut",
        }
    }
}

impl fmt::Display for DiffWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiffWarning::DifferentPrograms => {
                f.write_str("the dumps are of different programs: their figures are shown side by side, but nothing grew")
            }
            DiffWarning::AnotherBuild => f.write_str(
                "the dumps are of different builds of the program: addresses are not compared, and differences may come \
                 from the build",
            ),
            DiffWarning::AnotherRun => f.write_str(
                "the dumps are of different runs of the program: addresses are not compared, because they differ from run \
                 to run",
            ),
            DiffWarning::IdentityUnknown => {
                f.write_str("it is not known whether the dumps are of the same program: addresses and times are not compared")
            }
            DiffWarning::IdentityUnsure => f.write_str(
                "a dump does not contain the creation time of its process: the dumps are assumed to be of one process, because \
                 process ID, PEB and the program's address are the same",
            ),
            DiffWarning::OrderReversed { seconds } => write!(
                f,
                "the second dump was written {seconds} s before the first: name the older one first; no rates are shown"
            ),
            DiffWarning::AgesReversed { seconds } => write!(
                f,
                "the process of the second dump had run {seconds} s less than that of the first: no rates are shown"
            ),
            DiffWarning::TimesEqual => f.write_str("both dumps have the same time: no rates are shown"),
            DiffWarning::TimesUnknown => f.write_str("the time between the dumps is not known: no rates are shown"),
            DiffWarning::IntervalShort { seconds } => {
                write!(f, "the dumps are only {seconds} s apart: rates per hour may be far off")
            }
            DiffWarning::MapMissing { which } => write!(
                f,
                "the {which} dump contains no memory map: usage, sizes, heaps and allocations cannot be compared"
            ),
            DiffWarning::MapCut { which } => write!(
                f,
                "the memory map of the {which} dump is cut off or has gaps: totals, usage, heaps and sizes cannot be compared"
            ),
            DiffWarning::UsageLost { which } => write!(
                f,
                "the {which} dump lacks what shows which memory is heaps, stacks, PEB or TEBs, and the other one does not: \
                 usage and sizes cannot be compared"
            ),
            DiffWarning::AllocationsCut { from } => {
                write!(f, "allocations from {from:#x} on are not compared: a memory map is cut off there, or has a gap")
            }
            DiffWarning::SizesCut { count } => {
                write!(f, "{count} blocks and allocations are left out of the table of sizes: there are too many different sizes")
            }
        }
    }
}

impl From<&DiffWarning> for WarningReport {
    fn from(warning: &DiffWarning) -> WarningReport {
        WarningReport { code: warning.code().to_owned(), message: warning.to_string() }
    }
}
