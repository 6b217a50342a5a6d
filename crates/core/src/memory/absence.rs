//! Why there is no byte at an address: what that says of the process, and of the dump.

use std::fmt;

use thiserror::Error;

use super::Memory;
use crate::damage::Damage;
use crate::vocabulary::MemoryState;

/// Why there is no byte at an address.
///
/// The first three are evidence about the process; the others only show what the dump does not contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// `MEM_FREE`: the process had nothing there.
    Free,
    /// `MEM_RESERVE`: addresses without memory.
    Reserved,
    /// Committed, but a guard page or `PAGE_NOACCESS`: the process could not have read it.
    NoAccess,
    /// Committed and accessible, but the dump does not keep it.
    NotKept,
    /// Listed in the dump, but behind the end of the file, which was cut off.
    CutOff,
    /// The dump neither keeps the address nor holds a map that says what was there.
    Unknown,
    /// The dump was redacted: what was there was made zero.
    Redacted,
    /// The dump holds a memory map, which does not reach or cover the address.
    NotMapped,
    /// The file could not be read, though it should hold the address.
    ReadFailed,
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Absence::Free => "the process had no memory there (MEM_FREE)",
            Absence::Reserved => "the process had reserved the address, but not committed it (MEM_RESERVE)",
            Absence::NoAccess => "a guard or no-access page, which the process could not read either",
            Absence::NotKept => "the process had memory there, but the dump does not contain it",
            Absence::CutOff => "the dump lists it, but the file is cut off before it",
            Absence::Unknown => "the dump does not contain it, and has no memory map to show what was there",
            Absence::Redacted => "the dump was redacted: the memory was removed",
            Absence::NotMapped => {
                "the dump does not contain it, and its memory map does not cover the address"
            }
            Absence::ReadFailed => "the file could not be read",
        })
    }
}

/// A read that failed: where, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{address:#x}: {why}")]
pub struct Unreadable {
    /// The first address that could not be read.
    pub address: u64,
    /// Why not.
    pub why: Absence,
}

impl Memory<'_> {
    /// Why `address` cannot be read; [`Absence::ReadFailed`] if it is in the file all the same.
    pub fn why_absent(self, address: u64) -> Absence {
        match self.dump.ranges().index.at(self.dump.source(), address) {
            Ok(None) if self.dump.trimmed().ok().flatten().is_some_and(|of| of.cut.holds(address)) => {
                return Absence::CutOff;
            }
            Ok(None) => {}
            Ok(Some(range)) => {
                let offset = range.offset.saturating_add(address.saturating_sub(range.start));
                let redacted = self.kept().is_some_and(|kept| !kept.holds(address));
                return match (offset >= self.dump.size(), redacted) {
                    (true, _) => Absence::CutOff,
                    (_, true) => Absence::Redacted,
                    _ => Absence::ReadFailed,
                };
            }
            Err(_) => return Absence::ReadFailed,
        }
        let unread = |damage: &Damage| matches!(damage, Damage::ReadFailed { .. });
        if self.dump.memory_damage().iter().any(unread) {
            return Absence::ReadFailed;
        }
        let list = match self.dump.memory_info() {
            Ok(Some(list)) => list,
            Err(damage) if unread(&damage) => return Absence::ReadFailed,
            _ => return Absence::Unknown,
        };
        match list.regions.at(address) {
            Some(region) if region.state == MemoryState::FREE => Absence::Free,
            Some(region) if region.state == MemoryState::RESERVE => Absence::Reserved,
            Some(region) if region.protect.is_inaccessible() => Absence::NoAccess,
            Some(_) => Absence::NotKept,
            None if list.regions.is_empty() => Absence::Unknown,
            None => Absence::NotMapped,
        }
    }

    pub(super) fn unreadable(self, address: u64) -> Unreadable {
        let why = self.why_absent(address);
        if self.noted && matches!(why, Absence::NotKept | Absence::Unknown | Absence::NotMapped) {
            self.dump.note_missed(address);
        }
        Unreadable { address, why }
    }
}
