//! The part of the address space that the program itself can use, where the dump was written for another width.

use dumplens_core::pe::is_large_address_aware;
use dumplens_core::process::Peb;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MemoryReport, PlaceReport};
use crate::process::Process;
use crate::symbols;

/// What a 32-bit program may use: `0x7fff0000` and `0xffff0000`, to the next power of two.
const SMALL: u64 = 1 << 31;
const LARGE: u64 = 1 << 32;

/// The address space of a 32-bit program in a 64-bit dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProgramSpaceReport {
    /// The end of the addresses that it can use: 2 or 4 GB.
    pub limit_bytes: u64,
    /// Whether its file header says that it can handle addresses above 2 GB; `None` if the dump does not contain the
    /// header.
    pub large_address_aware: Option<bool>,
    /// Bytes below the limit, free or not.
    pub total_bytes: u64,
    /// Bytes committed there.
    pub commit_bytes: u64,
    /// Bytes reserved there.
    pub reserve_bytes: u64,
    /// Bytes free there.
    pub free_bytes: u64,
    /// The largest free region there; `None` if nothing is free.
    pub largest_free: Option<PlaceReport>,
}

/// The space of the program; `None` where the dump's own width is the program's, or without a whole map.
pub(super) fn of(process: &Process<'_>) -> Option<ProgramSpaceReport> {
    let narrower = process.wow64 == Some(true) && process.dump.width().bits() == 64;
    (narrower && process.space.is_complete()).then_some(())?;
    let aware = large_address_aware(process);
    let limit = if aware.unwrap_or_else(|| uses_more(process)) { LARGE } else { SMALL };
    let mut space = ProgramSpaceReport {
        limit_bytes: limit,
        large_address_aware: aware,
        total_bytes: 0,
        commit_bytes: 0,
        reserve_bytes: 0,
        free_bytes: 0,
        largest_free: None,
    };
    for region in process.space.regions.iter().take_while(|region| region.base < limit) {
        let size = region.base.saturating_add(region.size).min(limit) - region.base;
        space.total_bytes += size;
        if region.state.is_free() {
            space.free_bytes += size;
            if space.largest_free.is_none_or(|largest| largest.size_bytes < size) {
                space.largest_free = Some(PlaceReport { base: region.base.into(), size_bytes: size });
            }
        } else if region.state.is_commit() {
            space.commit_bytes += size;
        } else {
            space.reserve_bytes += size;
        }
    }
    Some(space)
}

fn large_address_aware(process: &Process<'_>) -> Option<bool> {
    let by_module = || Some(symbols::image(process, process.program()?).ok()?.is_large_address_aware());
    let at = |peb: &Peb| is_large_address_aware(process.dump.memory(), peb.image_base);
    by_module().or_else(|| process.pebs.iter().find_map(at))
}

/// Whether what only the 32-bit program has lies above 2 GB: a stack or a TEB.
fn uses_more(process: &Process<'_>) -> bool {
    process
        .threads
        .iter()
        .filter_map(|thread| thread.teb32.as_deref())
        .any(|teb| teb.stack_base > SMALL || teb.address > SMALL)
}

/// What of the address space the program can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// All of it; `None` without a whole map, as the others.
    pub(crate) total_bytes: Option<u64>,
    /// What is not free.
    pub(crate) busy_bytes: Option<u64>,
    /// What is free.
    pub(crate) free_bytes: Option<u64>,
    /// The largest free region.
    pub(crate) largest_free: Option<PlaceReport>,
}

impl MemoryReport {
    /// What the program can use, by its own width.
    pub(crate) fn room(&self) -> Room {
        match &self.program_space {
            Some(program) => Room {
                total_bytes: Some(program.total_bytes),
                busy_bytes: Some(program.total_bytes - program.free_bytes),
                free_bytes: Some(program.free_bytes),
                largest_free: program.largest_free,
            },
            None => Room {
                total_bytes: self.total_bytes,
                busy_bytes: self.busy_bytes,
                free_bytes: self.free_bytes,
                largest_free: self.largest_free,
            },
        }
    }

    /// Whether the program can use so many bytes at an address: what reaches beyond its limit is not its own.
    pub(crate) fn is_of_program(&self, base: u64, size: u64) -> bool {
        self.program_space.as_ref().is_none_or(|program| base.saturating_add(size) <= program.limit_bytes)
    }
}
