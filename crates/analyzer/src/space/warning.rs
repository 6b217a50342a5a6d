//! Warnings of this room.

use std::fmt;

use dumplens_core::Damage;

/// What was repaired in the memory map, or is missing from it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpaceWarning {
    /// The file itself: dropped, clipped or guessed by the core.
    Damage(Damage),
    /// Regions of size zero were left out.
    RegionsEmpty {
        /// How many.
        count: u64,
    },
    /// The region list was not sorted by address; it has been.
    RegionsUnsorted,
    /// Several regions began at one address; the first listed was kept.
    RegionsDuplicate {
        /// How many were left out.
        count: u64,
    },
    /// Regions reached into the one that begins behind them, and were cut off there.
    RegionsOverlap {
        /// How many.
        count: u64,
        /// The address of the first.
        first: u64,
    },
    /// Regions that run past 2^64 with nothing behind them to cut them off were left out.
    RegionsWrap {
        /// How many.
        count: u64,
    },
    /// Regions lie beyond the addresses that the program can have, and were left out or cut off there.
    RegionsBeyond {
        /// How many.
        count: u64,
        /// The end of those addresses.
        most: u64,
    },
    /// Modules or TEBs lie in memory that is free by the map.
    RegionsContradicted {
        /// How many.
        count: u64,
        /// The address of the first.
        first: u64,
    },
    /// Modules or TEBs lie where the map lists nothing.
    RegionsMissing {
        /// How many.
        count: u64,
        /// The address of the first.
        first: u64,
    },
    /// The list has gaps between some regions: their contents are not known.
    RegionsGap {
        /// How many gaps.
        count: u64,
        /// Their bytes, together.
        bytes: u64,
    },
    /// Regions whose state is none of commit, reserve and free.
    RegionsOddState {
        /// How many.
        count: u64,
    },
    /// The dump has no memory map: free space is unknown.
    NoMemoryMap,
}

impl SpaceWarning {
    /// A short name that does not change from version to version.
    pub fn code(&self) -> &'static str {
        match self {
            SpaceWarning::Damage(damage) => damage.code(),
            SpaceWarning::RegionsEmpty { .. } => "regions_empty",
            SpaceWarning::RegionsUnsorted => "regions_unsorted",
            SpaceWarning::RegionsDuplicate { .. } => "regions_duplicate",
            SpaceWarning::RegionsOverlap { .. } => "regions_overlap",
            SpaceWarning::RegionsWrap { .. } => "regions_wrap",
            SpaceWarning::RegionsBeyond { .. } => "regions_beyond",
            SpaceWarning::RegionsContradicted { .. } => "regions_contradicted",
            SpaceWarning::RegionsMissing { .. } => "regions_missing",
            SpaceWarning::RegionsGap { .. } => "regions_gap",
            SpaceWarning::RegionsOddState { .. } => "regions_odd_state",
            SpaceWarning::NoMemoryMap => "no_memory_map",
        }
    }
}

impl fmt::Display for SpaceWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpaceWarning::Damage(damage) => damage.fmt(f),
            SpaceWarning::RegionsEmpty { count } => write!(f, "{count} regions of size zero are left out of the memory map"),
            SpaceWarning::RegionsUnsorted => f.write_str("the memory map was not sorted by address; it has been"),
            SpaceWarning::RegionsDuplicate { count } => {
                write!(f, "{count} regions begin at the address of another one; the first one listed is kept")
            }
            SpaceWarning::RegionsOverlap { count, first } => write!(
                f,
                "{count} regions (the first at {first:#x}) overlap the next one, and are cut off where it begins"
            ),
            SpaceWarning::RegionsWrap { count } => {
                write!(f, "{count} regions run past the end of the address space and are left out of the memory map")
            }
            SpaceWarning::RegionsGap { count, bytes } => {
                write!(
                    f,
                    "the memory map has {count} gaps of {bytes} bytes in total: what is there is not known, and so neither is \
                     the amount of free memory"
                )
            }
            SpaceWarning::RegionsBeyond { count, most } => write!(
                f,
                "{count} regions lie or end beyond {most:#x}, where the program can have no memory: that part is left out of \
                 the memory map"
            ),
            SpaceWarning::RegionsContradicted { count, first } => write!(
                f,
                "{count} modules or TEBs (the first at {first:#x}) lie in memory that the memory map lists as free: one \
                 of the two is wrong"
            ),
            SpaceWarning::RegionsMissing { count, first } => write!(
                f,
                "{count} modules or TEBs (the first at {first:#x}) lie where the memory map lists nothing: a part of the \
                 map is lost"
            ),
            SpaceWarning::RegionsOddState { count } => {
                write!(f, "{count} regions have a state other than MEM_COMMIT, MEM_RESERVE and MEM_FREE")
            }
            SpaceWarning::NoMemoryMap => f.write_str(
                "the dump contains no memory map (MemoryInfoList): the regions shown are its modules and the memory that it \
                 contains; free, reserved and total space are unknown",
            ),
        }
    }
}
