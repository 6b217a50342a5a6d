//! Critical sections: which one a thread waits for, and whether it is one.

use std::cell::Cell;

use dumplens_core::process::CriticalSection;
use dumplens_core::process::critical_section::search;
use dumplens_core::{Damage, MemoryType, Pages, ReadMemory, StreamType, Width};

use super::arguments::Stand;
use crate::process::Process;
use crate::stack::Frame;

/// Words of stack between the system call and whoever entered the section. Windows uses some 60, Wine some 50.
const MOST_SLOTS: usize = 512;

/// Values that are looked at in the frames of all threads: some hundred for each thread that enters a section.
const MOST_LOOKS: u32 = 1 << 20;

/// A section that a thread waits for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Awaited {
    pub(super) section: CriticalSection,
    /// Whether it was found beyond doubt.
    pub(super) proven: bool,
    /// Whether its owner has ended: it is no thread of a list that has lost none.
    pub(super) orphaned: bool,
}

/// Reads sections, and judges what it reads.
#[derive(Debug)]
pub(super) struct Sections<'p, 'd> {
    process: &'p Process<'d>,
    pages: Pages<'d>,
    /// The IDs of the threads, in order.
    ids: Vec<u32>,
    /// Whether the dump's list of threads has lost none.
    whole: bool,
    /// What is left of [`MOST_LOOKS`].
    looks: Cell<u32>,
}

impl<'p, 'd> Sections<'p, 'd> {
    pub(super) fn new(process: &'p Process<'d>) -> Sections<'p, 'd> {
        let mut ids: Vec<u32> = process.threads.iter().map(|thread| thread.id).collect();
        ids.sort_unstable();
        let lost = |damage: &Damage| {
            matches!(damage, Damage::EntriesCut { stream, .. }
                | Damage::EntriesOverLimit { stream, .. }
                | Damage::EntriesDropped { stream, .. } if *stream == StreamType::THREAD_LIST)
        };
        let whole = !process.dump.damage().iter().any(lost);
        Sections {
            process,
            pages: Pages::new(process.dump.memory()),
            ids,
            whole,
            looks: Cell::new(MOST_LOOKS),
        }
    }

    /// Whether it is the ID of a thread of the list.
    pub(super) fn is_thread(&self, id: u64) -> bool {
        u32::try_from(id).is_ok_and(|id| self.ids.binary_search(&id).is_ok())
    }

    /// The section whose LockCount a thread waits for the change of: what Windows 8 and later do. They make LockSemaphore
    /// -1 first.
    pub(super) fn by_lock_count(&self, stand: &Stand, address: u64) -> Option<Awaited> {
        let at = address.checked_sub(stand.width.pick(4, 8))?;
        let section = self.awaited(at, stand)?;
        let by_address = section.lock_semaphore == stand.width.pick(u64::from(u32::MAX), u64::MAX);
        if !by_address {
            return None;
        }
        if self.is_thread(section.owning_thread) {
            return Some(Awaited { section, proven: true, orphaned: false });
        }
        // Without the owner among the threads, there must be more that says what it is.
        let names_it = section.debug_names_it(&self.pages, stand.width);
        let orphaned = self.whole;
        (names_it != Some(false)).then_some(Awaited { section, proven: names_it.is_some(), orphaned })
    }

    /// The section at an address that a thread was told to enter, if another thread holds it.
    pub(super) fn at(&self, stand: &Stand, address: u64) -> Option<CriticalSection> {
        self.awaited(address, stand).filter(|section| self.is_thread(section.owning_thread))
    }

    /// What lies at an address, if it has the counts of a section that another thread holds and at least one waits for.
    fn awaited(&self, address: u64, stand: &Stand) -> Option<CriticalSection> {
        if !address.is_multiple_of(stand.width.bytes() as u64) || !self.is_writable(address) {
            return None;
        }
        let section = CriticalSection::read(&self.pages, address, stand.width).ok()?;
        let other = u32::try_from(section.owning_thread).is_ok_and(|owner| owner != stand.id);
        let held = section.is_held(self.process.threads.len()) && section.waiters() > 0;
        // Thread IDs are multiples of four.
        (held && other && section.owning_thread.is_multiple_of(4)).then_some(section)
    }

    /// The one section that the registers and stack slots of some frames lead to, where the registers of the call do not:
    /// by its own address, by that of LockCount or by that of LockSemaphore. `event` is the handle that is waited for. Of
    /// several it is not known which; the innermost is reported then, as not proven.
    pub(super) fn among(&self, stand: &Stand, frames: &[Frame], event: Option<u64>) -> Option<Awaited> {
        let width = stand.width;
        let step = width.bytes() as u64;
        let mut found: Vec<CriticalSection> = Vec::new();
        let mut look = |value: u64| {
            let Some(left) = self.looks.get().checked_sub(1) else { return };
            self.looks.set(left);
            let fields = [0, width.pick(4, 8), width.pick(0x10, 0x18)];
            for at in fields.iter().filter_map(|offset| value.checked_sub(*offset)) {
                let section = self.at(stand, at);
                let section = section.filter(|of| event.is_none_or(|event| of.lock_semaphore == event));
                found.extend(section.filter(|of| !found.iter().any(|known| known.address == of.address)));
            }
        };
        for frame in frames {
            (0..32).filter_map(|number| frame.registers.get(number)).for_each(&mut look);
        }
        let end = frames.last()?.sp.saturating_add(4 * step);
        let slots = (stand.sp..end).step_by(width.bytes()).take(MOST_SLOTS);
        let read = |at: u64| match width {
            Width::Bits32 => self.pages.read_u32(at).map(u64::from),
            Width::Bits64 => self.pages.read_u64(at),
        };
        slots.map_while(|at| read(at).ok()).for_each(&mut look);
        let section = *found.first()?;
        Some(Awaited { section, proven: found.len() == 1, orphaned: false })
    }

    /// Whether a section may lie there, of which the dump keeps nothing.
    pub(super) fn is_lost(&self, address: u64) -> bool {
        self.is_writable(address) && self.pages.read_u32(address).is_err()
    }

    /// Whether the frames between a system call and whoever made it hold a value.
    pub(super) fn is_on_stack(&self, stand: &Stand, frames: &[Frame], value: u64) -> bool {
        let end = frames.last().map_or(0, |frame| frame.sp);
        let mut slots = (stand.sp..end).step_by(8).take(MOST_SLOTS);
        slots.any(|at| self.pages.read_u64(at) == Ok(value))
    }

    /// Sections in the images' writable data that a thread holds and others wait for: what is left where neither registers nor
    /// stacks lead to the one that a thread waits for.
    pub(super) fn in_images(&self) -> Vec<CriticalSection> {
        let width = self.process.dump.width();
        let list = self.process.dump.memory_info().ok().flatten();
        let regions = list.into_iter().flat_map(|list| list.regions.iter());
        let data = regions.filter(|region| region.kind == MemoryType::IMAGE && self.is_writable(region.base));
        let places = data.filter_map(|region| Some((region.base, region.end()?)));
        let threads = self.process.threads.len();
        let mut found = search(self.process.dump.memory(), places, width, threads, |id| self.is_thread(id));
        found.retain(|section| section.waiters() > 0);
        found
    }

    /// Whether a program can write there; taken for granted without a map.
    fn is_writable(&self, address: u64) -> bool {
        // PAGE_READWRITE, PAGE_WRITECOPY, and the two with execution.
        const WRITABLE: u32 = 0x4 | 0x8 | 0x40 | 0x80;
        let space = &self.process.space;
        match space.region_at(address).filter(|_| space.is_mapped()) {
            Some(region) => region.state.is_commit() && region.protect.0 & WRITABLE != 0,
            None => !space.is_mapped(),
        }
    }

    /// The loader's lock of programs of this width.
    pub(super) fn loader_lock(&self, width: Width) -> Option<u64> {
        self.process.pebs.iter().find(|peb| peb.width == width)?.loader_lock
    }

    /// Sections of the process's lists that a thread holds, and how often they were waited for.
    pub(super) fn held(&self) -> Vec<(CriticalSection, u32)> {
        let threads = self.process.threads.len();
        let lists = self.process.pebs.iter().filter_map(|peb| {
            dumplens_core::process::SectionList::walk(self.process.dump.memory(), peb.loader_lock?, peb.width)
        });
        // A list that breaks off has told the truth so far.
        let all = lists.flat_map(|list| list.sections).map(|of| (of.section, of.contention_count));
        all.filter(|(section, _)| section.is_held(threads) && self.is_thread(section.owning_thread)).collect()
    }
}
