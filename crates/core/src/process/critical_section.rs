//! RTL_CRITICAL_SECTION, and the list of those that were ever waited for.
//!
//! Offsets are in hex, `x86 / x64`. RTL_CRITICAL_SECTION (winnt.h): DebugInfo 0 / 0, LockCount 4 / 8, RecursionCount 8 / c,
//! OwningThread c / 10, LockSemaphore 10 / 18, SpinCount 14 / 20; 18 / 28 bytes. RTL_CRITICAL_SECTION_DEBUG: Type 0, a u16,
//! 0 for a critical section and 1 for a resource; CriticalSection 4 / 8, ProcessLocksList 8 / 10, EntryCount 10 / 20,
//! ContentionCount 14 / 24; 20 / 30 bytes.
//!
//! Since Windows 8 a section gets its DEBUG only when it is first waited for, and it is then put into the list. Walked on
//! a dump of Windows 7: of 11 and 137 members, each but the list's head had its back pointer.

use crate::arch::Width;
use crate::limits;
use crate::memory::{Memory, Unreadable};
use crate::pages::{Pages, ReadMemory};
use crate::process::block::little_endian;

/// An RTL_CRITICAL_SECTION.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CriticalSection {
    /// Where it lies.
    pub address: u64,
    /// `DebugInfo`: its DEBUG; -1 of a section that was never waited for, or that wants none.
    pub debug_info: u64,
    /// `LockCount`; see [`CriticalSection::waiters`].
    pub lock_count: i32,
    /// `RecursionCount`: how often its owner entered it.
    pub recursion_count: i32,
    /// `OwningThread`: a thread ID, 0 of a free section.
    pub owning_thread: u64,
    /// `LockSemaphore`: what is waited for. An event's handle; 0 before anyone waited; -1 where waiting is by address.
    pub lock_semaphore: u64,
    /// `SpinCount`, and flags in its highest byte.
    pub spin_count: u64,
}

impl CriticalSection {
    /// Bytes of one.
    pub fn size(width: Width) -> u64 {
        width.pick(0x18, 0x28)
    }

    /// Reads a critical section at `address`. [`CriticalSection::is_held`] helps to decide whether it is one.
    pub fn read(memory: &dyn ReadMemory, address: u64, width: Width) -> Result<CriticalSection, Unreadable> {
        let mut bytes = [0; 0x28];
        let length = usize::try_from(Self::size(width)).unwrap_or(0);
        let bytes = bytes.get_mut(..length).unwrap_or_default();
        memory.read(address, bytes)?;
        Ok(Self::of(address, bytes, width))
    }

    fn of(address: u64, bytes: &[u8], width: Width) -> CriticalSection {
        let number = |x86: u64, x64: u64, length: usize| {
            let at = usize::try_from(width.pick(x86, x64)).unwrap_or(usize::MAX);
            little_endian(bytes.get(at..at.saturating_add(length)).unwrap_or_default())
        };
        let long = |x86, x64| u32::try_from(number(x86, x64, 4)).unwrap_or(0).cast_signed();
        let pointer = |x86, x64| number(x86, x64, width.bytes());
        CriticalSection {
            address,
            debug_info: pointer(0, 0),
            lock_count: long(4, 8),
            recursion_count: long(8, 0xc),
            owning_thread: pointer(0xc, 0x10),
            lock_semaphore: pointer(0x10, 0x18),
            spin_count: pointer(0x14, 0x20),
        }
    }

    /// How many threads wait for it.
    ///
    /// Since Windows Server 2003 SP1 a held section's `LockCount` is below -1: bit 0 is clear, bit 1 is clear while a
    /// thread that waits is being woken, and -1 less it, shifted by 2, is how many wait (learn.microsoft.com, "Displaying
    /// a Critical Section"). Before, and in Wine, it is 0 or more: how often it was entered or is waited for, less 1.
    pub fn waiters(&self) -> u32 {
        let waiting = if self.lock_count < 0 {
            (-1i32).wrapping_sub(self.lock_count) >> 2
        } else {
            self.lock_count.saturating_add(1).saturating_sub(self.recursion_count)
        };
        u32::try_from(waiting).unwrap_or(0)
    }

    /// Whether these are the counts of a section that a thread holds, in a process with so many threads. What is no
    /// section passes this seldom, if its owner is a thread's ID too.
    pub fn is_held(&self, threads: usize) -> bool {
        /// More is no recursion that anyone writes.
        const MOST_RECURSION: i32 = 1 << 16;
        let locked = match self.lock_count {
            ..-1 => self.lock_count & 1 == 0,
            -1 => false,
            0.. => self.lock_count >= self.recursion_count.saturating_sub(1),
        };
        locked
            && self.owning_thread != 0
            && (1..=MOST_RECURSION).contains(&self.recursion_count)
            && u64::from(self.waiters()) <= threads as u64
    }

    /// Whether the `RTL_CRITICAL_SECTION_DEBUG` that it points to points back to this section. `None` if it has none,
    /// or if the dump does not contain it.
    pub fn debug_names_it(&self, memory: &dyn ReadMemory, width: Width) -> Option<bool> {
        if self.debug_info == 0 || self.debug_info == width.normalise(u64::MAX) || self.debug_info == u64::MAX
        {
            return None;
        }
        let debug = Debug::read(memory, self.debug_info, width).ok()?;
        Some(debug.section == self.address)
    }
}

/// An RTL_CRITICAL_SECTION_DEBUG.
#[derive(Debug, Clone, Copy)]
struct Debug {
    kind: u64,
    section: u64,
    contention_count: u32,
}

impl Debug {
    fn read(memory: &dyn ReadMemory, address: u64, width: Width) -> Result<Debug, Unreadable> {
        let mut bytes = [0; 0x28];
        let length = usize::try_from(width.pick(0x18, 0x28)).unwrap_or(0);
        let bytes = bytes.get_mut(..length).unwrap_or_default();
        memory.read(address, bytes)?;
        let number = |x86: u64, x64: u64, length: usize| {
            let at = usize::try_from(width.pick(x86, x64)).unwrap_or(usize::MAX);
            little_endian(bytes.get(at..at.saturating_add(length)).unwrap_or_default())
        };
        let pointer = |x86, x64| number(x86, x64, width.bytes());
        Ok(Debug {
            kind: number(0, 0, 2),
            section: pointer(4, 8),
            contention_count: u32::try_from(number(0x14, 0x24, 4)).unwrap_or(0),
        })
    }
}

/// A section of the process's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedSection {
    /// The section.
    pub section: CriticalSection,
    /// `ContentionCount`: how often it was waited for.
    pub contention_count: u32,
}

/// How a walk of the list ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListEnd {
    /// Where it began.
    Closed,
    /// At a link that does not point back, or that the dump does not keep.
    Broken {
        /// The link.
        at: u64,
    },
    /// At more members than a list is followed for.
    TooMany,
}

/// The sections of a process that were ever waited for, or that have a DEBUG since they were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionList {
    /// In the order of the list, from the loader's lock on.
    pub sections: Vec<ListedSection>,
    /// How the walk ended.
    pub end: ListEnd,
}

impl SectionList {
    /// Walks the list from the section at `loader_lock` (PEB.LoaderLock) on. `None` if that section has no
    /// `RTL_CRITICAL_SECTION_DEBUG` that points back to it. The head of the list is not a member: the bytes before it
    /// do not point to a section that points back.
    pub fn walk(memory: Memory<'_>, loader_lock: u64, width: Width) -> Option<SectionList> {
        let pages = Pages::new(memory);
        let first = CriticalSection::read(&pages, loader_lock, width).ok()?;
        first.debug_names_it(&pages, width).filter(|names| *names)?;
        let to_links = width.pick(8, 0x10);
        let begin = first.debug_info.checked_add(to_links)?;
        let (mut sections, mut at, mut back) = (Vec::new(), begin, None);
        // Each link points back to the one before it, so the first that comes again is the first of all: no visited set.
        for _ in 0..limits::CRITICAL_SECTIONS {
            let links = links(&pages, at, width).filter(|links| back.is_none_or(|back| links.1 == back));
            let Some((next, _)) = links else {
                return Some(SectionList { sections, end: ListEnd::Broken { at } });
            };
            sections.extend(at.checked_sub(to_links).and_then(|debug| listed(&pages, debug, width)));
            (back, at) = (Some(at), next);
            if at == begin {
                return Some(SectionList { sections, end: ListEnd::Closed });
            }
        }
        Some(SectionList { sections, end: ListEnd::TooMany })
    }
}

/// Flink and Blink of a list entry.
fn links(memory: &dyn ReadMemory, at: u64, width: Width) -> Option<(u64, u64)> {
    let mut bytes = [0; 16];
    let (step, both) = (width.bytes(), width.bytes().saturating_mul(2));
    memory.read(at, bytes.get_mut(..both)?).ok()?;
    Some((little_endian(bytes.get(..step)?), little_endian(bytes.get(step..both)?)))
}

/// The section whose DEBUG lies at an address, if it points back.
fn listed(memory: &dyn ReadMemory, at: u64, width: Width) -> Option<ListedSection> {
    let debug = Debug::read(memory, at, width).ok().filter(|debug| debug.kind == 0)?;
    let section = CriticalSection::read(memory, debug.section, width).ok()?;
    let back = section.debug_info == at;
    back.then_some(ListedSection { section, contention_count: debug.contention_count })
}

/// Searches memory for sections that a thread holds: at each pointer-aligned address. `is_thread` decides whether a
/// number is the ID of a thread. Reads at most 32 MiB in total; memory in which it finds nothing is not recorded as
/// part of an answer.
pub fn search(
    memory: Memory<'_>,
    places: impl IntoIterator<Item = (u64, u64)>,
    width: Width,
    threads: usize,
    is_thread: impl Fn(u64) -> bool,
) -> Vec<CriticalSection> {
    let quiet = memory.unnoted();
    let (mut left, mut found) = (limits::LOCK_SEARCH, Vec::new());
    let (step, size) = (width.bytes(), usize::try_from(CriticalSection::size(width)).unwrap_or(usize::MAX));
    for (start, end) in places {
        let mut at = start;
        while at < end && left > 0 {
            let most = end.saturating_sub(at).min(1 << 16).min(left);
            left = left.saturating_sub(most.max(1));
            let bytes = quiet.bytes(at, quiet.available(at, most)).unwrap_or_default();
            let whole = bytes.len().saturating_sub(size.saturating_sub(step));
            for offset in (0..whole).step_by(step) {
                let Some(here) = bytes.get(offset..offset.saturating_add(size)) else { break };
                let section = CriticalSection::of(at.saturating_add(offset as u64), here, width);
                if section.is_held(threads) && is_thread(section.owning_thread) {
                    memory.note(section.address, size as u64);
                    found.push(section);
                }
            }
            // The last bytes may begin a section that goes on behind them.
            let next = most.saturating_sub(CriticalSection::size(width)).max(1).next_multiple_of(8);
            at = if most < 1 << 16 { end } else { at.saturating_add(next) };
        }
    }
    found.dedup_by_key(|section| section.address);
    found
}
