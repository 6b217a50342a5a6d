//! The object information in HandleDataStream (12): chains of MINIDUMP_HANDLE_OBJECT_INFORMATION, to which the
//! descriptors of 0x28 bytes point (`ObjectInfoRva`, +0x20).
//!
//! A link is NextInfoRva +0, InfoType +4, SizeOfInfo +8, and behind these 12 bytes the information. The types are those
//! of minidumpapiset.h (`MINIDUMP_HANDLE_OBJECT_INFORMATION_TYPE`); their contents are not documented. They were
//! determined from dumps of builds 14393 and 26200, and equal what NtQueryInformationThread, NtQueryMutant and so on
//! return (phnt). The layouts of 32-bit writers are recognized by their size, and inferred from the same structures.

use super::table::{self, Table};
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::format::{MINIDUMP_HANDLE_DATA_STREAM, MINIDUMP_HANDLE_DESCRIPTOR_2};
use crate::limits;
use crate::metadata::Metadata;
use crate::process::block::little_endian;

/// `STATUS_PENDING`: the exit status of a thread or process that has not ended.
pub const STILL_ACTIVE: u32 = 0x103;

/// Bytes before the information of a link.
const HEAD: u64 = 12;

/// What is known of the objects behind the handles, and what reading it cost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandleInformation {
    /// In the order of the file; a handle may have several.
    pub list: Vec<ObjectOf>,
    /// What was lost.
    pub damage: Vec<Damage>,
}

/// One piece of information, and the handle that it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectOf {
    /// The handle's value.
    pub handle: u64,
    /// What is known.
    pub information: ObjectInformation,
}

/// One MINIDUMP_HANDLE_OBJECT_INFORMATION.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObjectInformation {
    /// Type 1, THREAD_BASIC_INFORMATION, 0x30 bytes: ExitStatus 0, UniqueProcess 10, UniqueThread 18.
    Thread {
        /// [`STILL_ACTIVE`] until it ends.
        exit_status: u32,
        /// Its process.
        process_id: u64,
        /// Its ID.
        thread_id: u64,
    },
    /// Type 2, MUTANT_BASIC_INFORMATION: CurrentCount 0, OwnedByCaller 4, AbandonedState 5.
    Mutant {
        /// 1 if it is free; 0 and less, that its owner took it so often.
        count: i32,
        /// Whether its owner ended without giving it back.
        abandoned: bool,
    },
    /// Type 3, MUTANT_OWNER_INFORMATION: a CLIENT_ID, zero without an owner.
    MutantOwner {
        /// The owner's process.
        process_id: u64,
        /// The owner.
        thread_id: u64,
    },
    /// Types 4 and 5, PROCESS_BASIC_INFORMATION, 0x30 bytes: ExitStatus 0, UniqueProcessId 20.
    Process {
        /// [`STILL_ACTIVE`] until it ends.
        exit_status: u32,
        /// Its ID.
        process_id: u64,
    },
    /// Type 6, EVENT_BASIC_INFORMATION: EventType 0, EventState 4.
    Event {
        /// Whether it stays signalled until it is reset: type 0, `NotificationEvent`.
        manual_reset: bool,
        /// Whether it is signalled.
        signalled: bool,
    },
    /// Type 7, SECTION_BASIC_INFORMATION: MaximumSize 10.
    Section {
        /// Bytes.
        size: u64,
    },
    /// Type 8, SEMAPHORE_BASIC_INFORMATION: CurrentCount 0, MaximumCount 4.
    Semaphore {
        /// How many may take it now.
        count: u32,
        /// The most that it may count to.
        maximum: u32,
    },
}

/// One link of a chain, as it lies in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) next: u32,
    pub(crate) kind: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Link {
    /// The link at an RVA; `None` behind a chain's end, and where the file does not hold it.
    pub(crate) fn read(meta: &Metadata<'_>, rva: u32) -> Option<Link> {
        let rva = u64::from(Some(rva).filter(|rva| *rva != 0)?);
        let head = meta.bytes(rva, HEAD).ok().flatten()?;
        let (next, kind, size) = (long(&head, 0)?, long(&head, 4)?, long(&head, 8)?);
        let size = Some(size).filter(|size| *size <= limits::OBJECT_INFORMATION_BYTES)?;
        let bytes = meta.bytes(rva.checked_add(HEAD)?, u64::from(size)).ok().flatten()?;
        Some(Link { next, kind, bytes })
    }

    /// Whether it is of a type that is known: numbers, and no text.
    pub(crate) fn is_known(&self) -> bool {
        self.information().is_some()
    }

    fn information(&self) -> Option<ObjectInformation> {
        let b = self.bytes.as_slice();
        // What a 64-bit and a 32-bit writer leave: each structure has another size.
        let wide = |x64: usize, x86: usize| {
            if b.len() >= x64 { Some(true) } else { (b.len() == x86).then_some(false) }
        };
        let pointer = |wide: bool, x64: usize, x86: usize| {
            if wide { number(b, x64, 8) } else { number(b, x86, 4) }
        };
        Some(match self.kind {
            1 => {
                let wide = wide(0x30, 0x1c)?;
                ObjectInformation::Thread {
                    exit_status: long(b, 0)?,
                    process_id: pointer(wide, 0x10, 8)?,
                    thread_id: pointer(wide, 0x18, 0xc)?,
                }
            }
            2 => {
                let count = long(b, 0)?.cast_signed();
                ObjectInformation::Mutant { count, abandoned: *b.get(5)? != 0 }
            }
            3 => {
                let wide = wide(0x10, 8)?;
                let (process_id, thread_id) = (pointer(wide, 0, 0)?, pointer(wide, 8, 4)?);
                ObjectInformation::MutantOwner { process_id, thread_id }
            }
            4 | 5 => {
                let wide = wide(0x30, 0x18)?;
                let process_id = pointer(wide, 0x20, 0x10)?;
                ObjectInformation::Process { exit_status: long(b, 0)?, process_id }
            }
            6 => {
                let (kind, state) = (long(b, 0)?, long(b, 4)?);
                ObjectInformation::Event { manual_reset: kind == 0, signalled: state != 0 }
            }
            7 => {
                let at = if wide(0x18, 0x10)? { 0x10 } else { 8 };
                ObjectInformation::Section { size: number(b, at, 8)? }
            }
            8 => ObjectInformation::Semaphore { count: long(b, 0)?, maximum: long(b, 4)? },
            _ => return None,
        })
    }
}

/// Reads every chain. Descriptors of version 1 have none.
pub(crate) fn read(meta: &Metadata<'_>, at: &StreamLocation) -> Result<Option<HandleInformation>, Damage> {
    const ENTRY: usize = size_of::<MINIDUMP_HANDLE_DESCRIPTOR_2>();
    let header: MINIDUMP_HANDLE_DATA_STREAM = table::structure(meta, at)?;
    let (before, stride) = (header.size_of_header.get(), header.size_of_descriptor.get());
    let mut found = HandleInformation::default();
    if (stride as usize) < ENTRY {
        return Ok(Some(found));
    }
    table::check_sizes(at, before, size_of::<MINIDUMP_HANDLE_DATA_STREAM>(), stride, ENTRY)?;
    let listed = u64::from(header.number_of_descriptors.get());
    // Damage of the list itself is reported by the code that reads the handles.
    let of_list = &mut Vec::new();
    let table = Table::fit(at, u64::from(before), u64::from(stride), listed, limits::HANDLES, of_list);
    let (mut left, mut chains) = (limits::OBJECT_INFORMATION, 0u64);
    table.for_each(meta, |entry: &MINIDUMP_HANDLE_DESCRIPTOR_2| {
        let mut rva = entry.object_info_rva.get();
        chains = chains.saturating_add(u64::from(rva != 0));
        for _ in 0..limits::OBJECT_INFORMATION_CHAIN {
            let Some(link) = Some(rva).filter(|_| left > 0).and_then(|rva| Link::read(meta, rva)) else {
                break;
            };
            left = left.saturating_sub(1);
            let handle = entry.handle.get();
            found.list.extend(link.information().map(|information| ObjectOf { handle, information }));
            rva = link.next;
        }
    })?;
    if left == 0 {
        let limit = limits::OBJECT_INFORMATION;
        found.damage.push(Damage::EntriesOverLimit { stream: at.kind, listed: chains.max(limit), limit });
    }
    Ok(Some(found))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(length)?).map(little_endian)
}
