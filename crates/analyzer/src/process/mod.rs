//! The facts about a process, gathered once from all streams and from its memory.

mod claims;
pub(crate) mod heaps;
pub(crate) mod hints;
mod limit;
mod module_map;
pub(crate) mod module_names;
mod page_heap;
mod region;
mod runtimes;
pub(crate) mod stack_use;
mod threads;
mod warning;
mod wow64;

use std::collections::HashMap;
use std::sync::OnceLock;

use dumplens_core::process::heap::Heaps;
use dumplens_core::process::{Peb, UserSharedData};
use dumplens_core::{Damage, Dump, Exception, FunctionTables, Module, Os, SystemInfo, UnloadedModule, Width};

use self::module_map::ModuleMap;
pub use self::region::RegionReport;
pub(crate) use self::region::part_name;
pub use self::runtimes::LoadedRuntime;
pub use self::threads::Thread;
use self::threads::{bare_threads, gather_threads, unlisted};
pub use self::warning::ProcessWarning;
use crate::space::{AddressSpace, SpaceWarning};

/// Unloaded modules in which an address is looked for, the last ones: Windows keeps 64.
const MOST_UNLOADED: usize = 1024;

/// A dump, and what it contains about its process.
#[derive(Debug)]
pub struct Process<'d> {
    /// The dump itself.
    pub dump: &'d Dump,
    /// Regions and their use.
    pub space: AddressSpace<'d>,
    /// The threads, in the order of the thread list.
    pub threads: Vec<Thread<'d>>,
    /// The modules, in the order of the module list.
    pub modules: Vec<Module>,
    by_address: ModuleMap,
    /// SystemInfo.
    pub system: Option<SystemInfo>,
    /// The process ID, from the first TEB that contains it.
    pub id: Option<u64>,
    /// The page that the kernel shares with every process.
    pub shared_data: Option<UserSharedData>,
    /// The PEB, and the 32-bit one of a WOW64 process.
    pub pebs: Vec<Peb>,
    /// Address and width of those that TEBs name and the dump does not keep.
    pub(crate) unkept_pebs: Vec<(u64, Width)>,
    /// The heaps of the PEBs, those of the first PEB first; empty without a memory map.
    pub heaps: Heaps,
    /// The unwind data of code that was made while the process ran.
    pub(crate) function_tables: FunctionTables,
    /// The .NET runtimes, in the order of the module list.
    pub runtimes: Vec<LoadedRuntime<'d>>,
    /// The modules that were unloaded, the last one last; read when first asked for.
    unloaded: OnceLock<Vec<UnloadedModule>>,
    /// Whether a 32-bit program ran on 64-bit Windows; `None` if the dump does not show it.
    pub wow64: Option<bool>,
    exception: Option<Exception>,
    /// Everything that was dropped, repaired or guessed so far.
    pub warnings: Vec<ProcessWarning>,
}

impl<'d> Process<'d> {
    /// Gathers the facts. Never fails: what cannot be known is `None`, empty, or a warning.
    pub fn gather(dump: &'d Dump) -> Process<'d> {
        let mut warnings: Vec<ProcessWarning> =
            dump.damage().iter().cloned().map(ProcessWarning::Damage).collect();
        let system = dump.system_info().ok().flatten();
        let modules = dump.modules().ok().flatten().unwrap_or_default();
        let extents: Vec<(u64, u64)> = modules.iter().map(extent).collect();
        let by_address = ModuleMap::new(&extents);
        let windows = is_windows(system.as_ref());
        if let Some(system) = system.as_ref().filter(|_| !windows) {
            warnings.push(ProcessWarning::NotWindows { os: system.os.to_string() });
        }
        warnings.extend(module_names::check(&modules));
        let mut space_warnings = Vec::new();
        let most = limit::of(dump, extents.first().map(|(base, _)| *base));
        let mut thread_warnings = Vec::new();
        let mut threads =
            if windows { gather_threads(dump, &mut thread_warnings) } else { bare_threads(dump) };
        threads.extend(unlisted(dump, &threads));
        let tebs: Vec<u64> = threads.iter().map(|thread| thread.teb_address).collect();
        let space = AddressSpace::of(dump, &extents, &tebs, most, &mut space_warnings);
        drop(tebs);
        if !windows {
            space_warnings.retain(|w| *w != SpaceWarning::NoMemoryMap); // NotWindows says so
        }
        let mut space_warnings: Vec<_> = space_warnings.into_iter().map(ProcessWarning::from).collect();
        space_warnings.retain(|warning| !warnings.contains(warning));
        warnings.append(&mut space_warnings);
        warnings.append(&mut thread_warnings);
        let shared_data = windows.then(|| UserSharedData::read(dump.memory()).ok()).flatten();
        let (pebs, unkept_pebs) = gather_pebs(dump, &threads, &mut warnings);
        let id = threads.iter().find_map(|t| Some(t.teb?.process_id));
        let wow64 =
            if windows { wow64::is_wow64(dump, &threads, &modules, shared_data.as_ref()) } else { None };
        warnings.extend(dump.memory_damage().iter().cloned().map(ProcessWarning::Damage));
        let function_tables = known(dump.function_tables(), &mut warnings).flatten().unwrap_or_default();
        warnings.extend(function_tables.damage.iter().cloned().map(ProcessWarning::Damage));
        let build = system.as_ref().map(|s| s.build);
        let heaps = heaps::gather(dump, &space, &pebs, build, &mut warnings);
        let runtimes = if windows { runtimes::gather(dump, &modules) } else { Vec::new() };
        let mut process = Process {
            dump,
            space,
            threads,
            modules,
            by_address,
            system,
            id,
            shared_data,
            pebs,
            unkept_pebs,
            heaps,
            function_tables,
            runtimes,
            unloaded: OnceLock::new(),
            wow64,
            exception: wow64::exception(dump, wow64),
            warnings,
        };
        let claims = process.claims();
        process.space.classify(&claims);
        process
    }

    /// Whether it is a Windows process; `true` if the dump does not show it.
    pub fn is_windows(&self) -> bool {
        is_windows(self.system.as_ref())
    }

    /// The exception, in the width of the code that it happened in; `None` also if it is damaged.
    pub fn exception(&self) -> Option<&Exception> {
        self.exception.as_ref()
    }

    /// The program: the module at the PEB's image base, or else the first of the list, which it is by convention.
    pub fn program(&self) -> Option<&Module> {
        let at = |peb: &Peb| self.modules.iter().find(|m| m.base == peb.image_base);
        self.pebs.iter().find_map(at).or(self.modules.first())
    }

    /// The module that holds `address`, by its index.
    pub fn module_at(&self, address: u64) -> Option<usize> {
        self.by_address.at(address)
    }

    /// The module that was last unloaded from `address`: its file's name, and the offset in it; `None` where a module lies
    /// now.
    pub(crate) fn unloaded_at(&self, address: u64) -> Option<(&str, u64)> {
        if self.module_at(address).is_some() {
            return None;
        }
        let list = self.unloaded.get_or_init(|| {
            let mut list =
                self.dump.unloaded_modules().ok().flatten().map(|read| read.list).unwrap_or_default();
            list.retain(|module| module.base > 0 && module.size > 0);
            list.split_off(list.len().saturating_sub(MOST_UNLOADED))
        });
        let there = |module: &&UnloadedModule| {
            address.checked_sub(module.base).is_some_and(|n| n < u64::from(module.size))
        };
        let last = list.iter().rfind(there)?;
        Some((module_names::file_name(&last.name), address - last.base))
    }
}

fn is_windows(system: Option<&SystemInfo>) -> bool {
    system.is_none_or(|system| system.os == Os::Windows)
}

/// First address of a module, and the first behind it.
pub(crate) fn extent(module: &Module) -> (u64, u64) {
    (module.base, module.end())
}

/// What a stream says, or a warning that it is damaged.
pub(crate) fn known<T, W>(stream: Result<T, Damage>, warnings: &mut Vec<W>) -> Option<T>
where
    W: From<Damage> + PartialEq,
{
    match stream {
        Ok(stream) => Some(stream),
        Err(damage) => {
            let warning = W::from(damage);
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
            None
        }
    }
}

/// The PEBs that the TEBs name: the most frequent address of each width, since one damaged TEB must not decide.
fn gather_pebs(
    dump: &Dump,
    threads: &[Thread<'_>],
    warnings: &mut Vec<ProcessWarning>,
) -> (Vec<Peb>, Vec<(u64, Width)>) {
    let (mut pebs, mut unkept) = (Vec::new(), Vec::new());
    for width in [Width::Bits64, Width::Bits32] {
        let mut votes: HashMap<u64, usize> = HashMap::new();
        for teb in threads.iter().flat_map(Thread::tebs).filter(|t| t.width == width) {
            *votes.entry(teb.peb).or_default() += 1;
        }
        let winner =
            votes.into_iter().filter(|(peb, _)| *peb != 0).max_by_key(|(peb, n)| (*n, u64::MAX - peb));
        let Some((address, _)) = winner else { continue };
        match Peb::read(dump.memory(), address, width) {
            Ok(peb) => pebs.push(peb),
            Err(unreadable) => {
                unkept.push((address, width));
                warnings.push(ProcessWarning::PebUnread { why: unreadable.to_string() });
            }
        }
    }
    (pebs, unkept)
}
