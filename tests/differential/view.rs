//! What three readers are compared by: the parts of a dump as plain lists.

use serde::Deserialize;
use serde_json::Value;

/// Base, size, AllocationBase, AllocationProtect, State, Protect, Type.
pub(crate) type Region = (u64, u64, u64, u32, u32, u32, u32);
/// Start, size, place in the file; only what the file holds.
pub(crate) type Range = (u64, u64, u64);
/// Id, SuspendCount, TEB, instruction pointer, stack pointer.
pub(crate) type Thread = (u32, u32, u64, Option<u64>, Option<u64>);
/// Base, size, TimeDateStamp, path.
pub(crate) type Module = (u64, u64, u32, String);
/// Thread, code, flags, address, parameters.
pub(crate) type Exception = (u32, u32, u32, u64, Vec<u64>);
/// All bytes, committed, reserved, free, each if 64 bits hold it; base and size of the largest free region.
pub(crate) type Totals = (Option<u64>, Option<u64>, Option<u64>, Option<u64>, Option<(u64, u64)>);

/// A part of a dump: absent, lost, or there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part<T> {
    Absent,
    Lost,
    Is(T),
}

impl<T> Part<T> {
    pub(crate) fn of<E>(read: Result<Option<T>, E>) -> Part<T> {
        match read {
            Ok(Some(is)) => Part::Is(is),
            Ok(None) => Part::Absent,
            Err(_) => Part::Lost,
        }
    }

    pub(crate) fn map<U>(self, of: impl FnOnce(T) -> U) -> Part<U> {
        match self {
            Part::Is(is) => Part::Is(of(is)),
            Part::Absent => Part::Absent,
            Part::Lost => Part::Lost,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Part<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Part<T>, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match &value {
            Value::Null => Ok(Part::Absent),
            Value::String(_) => Ok(Part::Lost),
            _ => T::deserialize(value).map(Part::Is).map_err(serde::de::Error::custom),
        }
    }
}

/// A dump as one reader understands it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct View {
    pub(crate) bits: u32,
    /// The MemoryInfoList as it stands there.
    pub(crate) listed: Part<Vec<Region>>,
    /// What was made of it; nothing without regions.
    pub(crate) map: Option<Vec<Region>>,
    pub(crate) totals: Option<Totals>,
    pub(crate) ranges: Vec<Range>,
    pub(crate) threads: Part<Vec<Thread>>,
    pub(crate) modules: Part<Vec<Module>>,
    pub(crate) exception: Part<Exception>,
}
