//! Reads what each thread waits for, one walked stack after the other.

use std::collections::{HashMap, HashSet};
use std::fmt;

use dumplens_core::{Arch, Width};

use super::arguments::Stand;
use super::call::Call;
use super::functions::{Function, Functions, Stub, Within};
use super::numbers::{self, Named};
use super::report::{CallSource, LockReport, ThreadWaitReport, Timeout, WaitKind, WaitReport, WaitsReport};
use super::resolve::{self, Sources};
use super::section::{Awaited, Sections};
use super::table::Table;
use super::{ended, entered, groups};
use crate::process::{Process, Thread};
use crate::space::Hex;
use crate::stack::code::Code;
use crate::stack::{Frame, Stack};

/// Objects of all waits: 65,536 threads may each name 64 of them.
const MOST_OBJECTS: usize = 1 << 17;
/// Locks that are listed.
const MOST_LOCKS: usize = 1024;
/// Threads that are named as the busiest.
const BUSIEST: usize = 5;

/// Collects waits. Nothing is read before the first thread is noted, but for the handles.
pub(crate) struct Reader<'p, 'd> {
    process: &'p Process<'d>,
    functions: Functions<'p, 'd>,
    table: Table,
    sections: Sections<'p, 'd>,
    waits: HashMap<usize, Box<WaitReport>>,
    /// Threads that are known not to wait.
    running: HashSet<usize>,
    /// Threads in stubs that no export names.
    unnamed: Vec<Stand>,
    proof: Vec<(u64, u64)>,
    code: Code<'p, 'd>,
    /// Sections that threads entered, by their code: the thread's ID and the section's address.
    entered: Vec<(u32, u64)>,
    /// Instructions that may still be followed for that.
    steps_left: usize,
    /// Objects that may still be told.
    objects_left: usize,
}

impl fmt::Debug for Reader<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("waits", &self.waits.len()).finish_non_exhaustive()
    }
}

impl<'p, 'd> Reader<'p, 'd> {
    /// Reads the handles.
    pub(crate) fn new(process: &'p Process<'d>) -> Reader<'p, 'd> {
        Reader {
            process,
            functions: Functions::new(process),
            table: Table::of(process.dump),
            sections: Sections::new(process),
            waits: HashMap::new(),
            running: HashSet::new(),
            unnamed: Vec::new(),
            proof: Vec::new(),
            code: Code::new(process),
            entered: Vec::new(),
            steps_left: entered::MOST_STEPS_IN_ALL,
            objects_left: MOST_OBJECTS,
        }
    }

    /// Notes what a thread waits for, by its frames.
    pub(crate) fn note(&mut self, thread: &Thread<'_>, stack: &Stack) {
        let (stand, frames) = (Stand::of(self.process, thread, stack), stack.frames.as_slice());
        let Some(stand) = stand else { return };
        let named = match self.functions.call(stand.stub) {
            Stub::Call(named) => named,
            Stub::Other => {
                self.running.insert(thread.index);
                return;
            }
            Stub::Unnamed => {
                self.unnamed.push(stand);
                return;
            }
        };
        let within = self.functions.within(frames, stand.width);
        let section = self.section(&stand, named.0, within, frames);
        self.put(&stand, named, CallSource::Export, within, section);
        if section.is_none() {
            self.by_code(&stand, within, frames);
        }
    }

    /// Of a thread that enters a section which the dump does not keep: which one, and what it entered before, by its code.
    fn by_code(&mut self, stand: &Stand, within: Option<Within>, frames: &[Frame]) {
        let Some(within) = within.filter(|within| within.function == Function::Section) else { return };
        if stand.width != Width::Bits64 || self.process.dump.arch() != Some(Arch::X64) {
            return;
        }
        let mut enter = within.frame;
        while frames
            .get(enter + 1)
            .is_some_and(|frame| self.functions.function(frame, stand.width) == Some(Function::Section))
        {
            enter += 1;
        }
        let Some(found) = entered::entered(&self.code, frames, enter, &mut self.steps_left) else { return };
        if !self.sections.is_lost(found.awaited)
            || !self.sections.is_on_stack(stand, &frames[..=enter + 1], found.awaited)
        {
            return;
        }
        self.entered.extend(found.held.iter().map(|section| (stand.id, *section)));
        if let Some(wait) = self.waits.get_mut(&stand.thread) {
            (wait.timeout, wait.timeout_ms) = (Some(Timeout::Infinite), None);
            wait.objects = vec![super::ObjectReport {
                address: Some(Hex(found.awaited)),
                kind: Some("CriticalSection".to_owned()),
                location: resolve::place(self.process, found.awaited),
                ..super::ObjectReport::default()
            }];
        }
    }

    /// Of a thread that enters a section to which nothing leads: the one section in the images' data that another thread holds
    /// and that is waited for. It is not proved to be the one.
    fn by_search(&mut self) {
        let lost = |wait: &WaitReport| wait.kind == WaitKind::CriticalSection && wait.objects.is_empty();
        if !self.waits.values().any(|wait| lost(wait)) {
            return;
        }
        let held = self.sections.in_images();
        for (thread, wait) in self.waits.iter_mut().filter(|(_, wait)| lost(wait)) {
            let own = self.process.threads.get(*thread).map(|thread| u64::from(thread.id));
            let others: Vec<_> = held.iter().filter(|section| Some(section.owning_thread) != own).collect();
            if let [section] = others[..] {
                let awaited = Awaited { section: *section, proven: false, orphaned: false };
                wait.objects = vec![resolve::of_section(self.process, &awaited)];
            }
        }
    }

    /// Who holds the sections that are not kept: the one thread that entered it, by its code.
    fn owners_by_code(&mut self) {
        let lost = |object: &&mut super::ObjectReport| {
            object.owner_thread_id.is_none() && object.kind.as_deref() == Some("CriticalSection")
        };
        for object in self.waits.values_mut().flat_map(|wait| &mut wait.objects).filter(lost) {
            let of = |(_, section): &&(u32, u64)| object.address == Some(Hex(*section));
            let mut owners: Vec<u32> = self.entered.iter().filter(of).map(|(id, _)| *id).collect();
            owners.dedup();
            if let [owner] = owners[..] {
                object.owner_thread_id = Some(owner);
                (object.proven, object.by_code) = (true, true);
            }
        }
    }

    fn put(
        &mut self,
        stand: &Stand,
        named: Named,
        source: CallSource,
        within: Option<Within>,
        section: Option<Awaited>,
    ) {
        let sources = Sources { process: self.process, table: &self.table };
        let mut wait = resolve::wait(sources, stand, named, source, within, section);
        self.loader(stand, &mut wait);
        wait.objects.truncate(self.objects_left);
        self.objects_left -= wait.objects.len();
        let size = dumplens_core::process::CriticalSection::size(stand.width);
        let sections = wait.objects.iter().filter(|object| object.waiters.is_some());
        self.proof.extend(sections.filter_map(|object| Some((object.address?.0, size))));
        self.waits.insert(stand.thread, Box::new(wait));
    }

    /// The critical section that a thread waits for.
    fn section(
        &self,
        stand: &Stand,
        call: Call,
        within: Option<Within>,
        frames: &[Frame],
    ) -> Option<Awaited> {
        let enters = within.filter(|within| within.function == Function::Section);
        // A condition variable and an SRW lock are waited for at addresses too.
        let may_enter = within.is_none_or(|within| within.function == Function::Section);
        let by_count = || {
            let address = stand.argument(self.process, 0)?;
            self.sections.by_lock_count(stand, address)
        };
        let found = if call == Call::Alert && may_enter { by_count() } else { None };
        found.or_else(|| {
            let frames = frames.get(..enters?.frame.saturating_add(2).min(frames.len()))?;
            let event = stand.argument(self.process, 0).filter(|handle| self.table.may_be(*handle));
            match call {
                Call::Alert | Call::Keyed => self.sections.among(stand, frames, None),
                Call::Single => self.sections.among(stand, frames, event),
                _ => None,
            }
        })
    }

    /// Names the loader's lock; where only the TEB says that the thread waits for it, it is put in.
    fn loader(&self, stand: &Stand, wait: &mut WaitReport) {
        const NAME: &str = "LdrpLoaderLock";
        let Some(lock) = self.sections.loader_lock(stand.width) else { return };
        for object in wait.objects.iter_mut().filter(|object| object.address == Some(Hex(lock))) {
            object.name = Some(NAME.to_owned());
        }
        let teb = self.process.threads.get(stand.thread).and_then(Thread::program_teb);
        let says = teb.and_then(|teb| teb.waiting_on_loader_lock().ok()).is_some_and(|flag| flag != 0);
        if !says || wait.kind == WaitKind::CriticalSection && !wait.objects.is_empty() {
            return;
        }
        if let Some(section) = self.sections.at(stand, lock) {
            let of = resolve::of_section(self.process, &Awaited { section, proven: true, orphaned: false });
            wait.kind = WaitKind::CriticalSection;
            (wait.timeout, wait.timeout_ms) = (Some(Timeout::Infinite), None);
            wait.objects = vec![super::ObjectReport { name: Some(NAME.to_owned()), ..of }];
        }
    }

    /// What was found, without chains.
    pub(crate) fn finish(mut self) -> WaitsReport {
        let unnamed = std::mem::take(&mut self.unnamed);
        let names = numbers::names(self.process, &self.table, &unnamed);
        for stand in &unnamed {
            let Some(named) = names.get(&stand.stub).copied() else { continue };
            let section = self.section(stand, named.0, None, &[]);
            self.put(stand, named, CallSource::Number, None, section);
        }
        self.owners_by_code();
        self.by_search();
        let infos = self.process.dump.thread_infos().ok().flatten().unwrap_or_default();
        let thread = |thread: &Thread<'_>| ThreadWaitReport {
            id: thread.id,
            wait: self.waits.remove(&thread.index),
            processor_ms: infos.get(&thread.id).map(|i| {
                let units = i.kernel_time.saturating_add(i.user_time);
                u32::try_from(units / 10_000).unwrap_or(u32::MAX) // 49 days
            }),
            runs: self.running.contains(&thread.index),
            has_windows: thread.program_teb().and_then(|teb| teb.win32_thread_info().ok()).map(|at| at != 0),
        };
        let threads: Vec<ThreadWaitReport> = self.process.threads.iter().map(thread).collect();
        let loader_lock = self.loader_lock(&threads);
        WaitsReport {
            groups: groups::of(&threads),
            chains: Vec::new(),
            locks: self.locks(&threads),
            loader_lock,
            ended: ended::count(&self.table),
            busiest: busiest(&threads),
            threads,
            proof: self.proof,
        }
    }

    fn loader_lock(&self, threads: &[ThreadWaitReport]) -> Option<Hex> {
        let locks = [Width::Bits64, Width::Bits32].map(|width| self.sections.loader_lock(width).map(Hex));
        let objects = threads.iter().filter_map(|thread| thread.wait.as_ref()).flat_map(|wait| &wait.objects);
        objects.filter_map(|object| object.address).find(|at| locks.contains(&Some(*at)))
    }

    /// The sections that are waited for, and those of the lists, each once.
    fn locks(&self, threads: &[ThreadWaitReport]) -> Vec<LockReport> {
        let waited = threads.iter().filter_map(|thread| thread.wait.as_ref()).flat_map(|wait| &wait.objects);
        let mut locks: Vec<LockReport> = Vec::new();
        let listed = self.sections.held();
        let known = |address: Hex| listed.iter().find(|(section, _)| Hex(section.address) == address);
        let waited = waited.filter_map(|object| {
            let address = object.address?;
            let of_list = known(address);
            Some(LockReport {
                address,
                location: object.location.clone(),
                owner_thread_id: object.owner_thread_id?,
                recursion: of_list.map_or(1, |(s, _)| s.recursion_count.unsigned_abs()),
                waiters: object.waiters?,
                contentions: of_list.map(|(_, count)| *count),
            })
        });
        let listed = listed.iter().filter_map(|(section, count)| {
            Some(LockReport {
                address: Hex(section.address),
                location: resolve::place(self.process, section.address),
                owner_thread_id: u32::try_from(section.owning_thread).ok()?,
                recursion: section.recursion_count.unsigned_abs(),
                waiters: section.waiters(),
                contentions: Some(*count),
            })
        });
        let mut seen = HashSet::new();
        locks.extend(waited.chain(listed).filter(|lock| seen.insert(lock.address)).take(MOST_LOCKS));
        locks
    }
}

/// Those that used the most processor time. One that used none is none of them.
fn busiest(threads: &[ThreadWaitReport]) -> Vec<u32> {
    let used = |thread: &&ThreadWaitReport| thread.processor_ms.is_some_and(|ms| ms > 0);
    let mut busy: Vec<&ThreadWaitReport> = threads.iter().filter(used).collect();
    busy.sort_by_key(|thread| std::cmp::Reverse(thread.processor_ms));
    busy.iter().take(BUSIEST).map(|thread| thread.id).collect()
}
