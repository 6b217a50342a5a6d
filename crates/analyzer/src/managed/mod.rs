//! .NET: which runtimes a process has, what is on their heaps, what was thrown, and who holds which lock.
//!
//! What the bytes are is the business of `dumplens_core::clr`; here they are counted, shared out and put into plain data.

mod exceptions;
mod held;
mod locks;
mod marks;
mod model;
mod object;
mod out_of_memory;
mod paths;
mod stacks;
mod strings;
mod types;
mod warning;

use dumplens_core::clr::{Family, Generation, Runtime, Walked};

pub use exceptions::ManagedExceptionReport;
pub use held::{HeldReport, HeldSum, HolderReport, PathReport};
pub use locks::LockReport;
pub use model::{Extent, GenerationReport, ManagedReport, RuntimeReport, WalkReport};
pub use object::{ListedObject, ObjectPlace, Referrer, object_at, objects_of};
pub use out_of_memory::GcRefusal;
pub use strings::StringsReport;
pub use types::{TypeGeneration, TypeReport};
pub use warning::ManagedWarning;

use crate::process::{LoadedRuntime, Process};
use marks::Marks;
use strings::Strings;

impl ManagedReport {
    /// What is known of a process's runtimes; `None` if it has none.
    pub fn of(process: &Process<'_>, extent: Extent) -> Option<ManagedReport> {
        if process.runtimes.is_empty() {
            return None;
        }
        let runtimes = process.runtimes.iter().map(|runtime| of_runtime(process, runtime)).collect();
        let mut report = ManagedReport { runtimes, ..ManagedReport::default() };
        for (index, loaded) in process.runtimes.iter().enumerate() {
            let Some(runtime) = loaded.readable() else { continue };
            report.refused = report.refused.or_else(|| out_of_memory::of(process, runtime));
            if extent.exceptions {
                report.exceptions.extend(exceptions::all(runtime));
            }
            if extent.heap_bytes > 0 {
                report.count(process, runtime, index, extent);
            }
        }
        report.types.sort_by(|a, b| (b.size_bytes, &a.name).cmp(&(a.size_bytes, &b.name)));
        report.type_count = report.types.len() as u64;
        report.types.truncate(extent.types);
        report.deadlocks = locks::deadlocks(&report.locks);
        Some(report)
    }

    /// Counts the objects of a runtime, by its place in the list. Heaps of which much is no objects are not believed, unless
    /// objects were being moved.
    fn count(&mut self, process: &Process<'_>, runtime: &Runtime<'_>, index: usize, extent: Extent) {
        let still = runtime.is_collecting() != Some(true);
        let word = process.dump.width().bytes() as u64;
        let starts = Marks::new(runtime, word, extent.held_bytes).filter(|_| still && extent.held_bytes > 0);
        let strings = extent.strings.then(Strings::default);
        let mut counted = types::count(runtime, extent.heap_bytes, starts, strings);
        let walk = self.walk.get_or_insert(WalkReport { complete: true, ..WalkReport::default() });
        walk.add(&counted.walked, &counted);
        let still = still && counted.walked.marked == 0;
        if let Some(report) = self.runtimes.get_mut(index).filter(|_| !still) {
            report.gc_in_progress = Some(true);
        }
        let lost = counted.walked.skipped_bytes > counted.walked.bytes / 100;
        if let Some(report) = self.runtimes.get_mut(index).filter(|_| lost && still) {
            report.readable = false;
            report.refusal =
                Some("more than a hundredth of its heaps holds no objects that can be read".to_owned());
            return;
        }
        counted.types.sort_by(|a, b| (b.size_bytes, &a.name).cmp(&(a.size_bytes, &b.name)));
        if let Some(starts) = counted.starts.take().filter(|_| still && !counted.walked.cut_short) {
            let held = held::of(process, runtime, starts, &counted);
            self.holders.get_or_insert_with(|| Box::new(held));
        }
        self.strings = self.strings.or(counted.strings.as_ref().map(Strings::report));
        self.types.extend(counted.types);
        self.locks.extend(locks::of(process, runtime, &counted.locked));
    }
}

impl WalkReport {
    fn add(&mut self, walked: &Walked, counted: &types::Counted) {
        self.objects += walked.objects - counted.free.0;
        self.size_bytes = self.size_bytes.saturating_add(counted.bytes);
        self.free_objects += counted.free.0;
        self.free_bytes = self.free_bytes.saturating_add(counted.free.1);
        self.breaks += walked.breaks;
        self.skipped_bytes = self.skipped_bytes.saturating_add(walked.skipped_bytes);
        self.missing_bytes = self.missing_bytes.saturating_add(walked.missing_bytes);
        self.complete &= !walked.cut_short;
    }
}

/// The name of a generation.
pub(crate) fn generation_name(generation: Generation) -> &'static str {
    match generation {
        Generation::Gen0 => "gen0",
        Generation::Gen1 => "gen1",
        Generation::Gen2 => "gen2",
        Generation::Large => "LOH",
        Generation::Pinned => "POH",
        Generation::Frozen => "frozen",
    }
}

fn of_runtime(process: &Process<'_>, loaded: &LoadedRuntime<'_>) -> RuntimeReport {
    let module = process.modules.get(loaded.found.module);
    let family = match loaded.found.family {
        Family::Core => ".NET",
        Family::Framework => ".NET Framework",
        Family::NativeAot => "NativeAOT",
        Family::Mono => "Mono",
    };
    let mut report = RuntimeReport {
        module: module.map(|module| module.name.clone()).unwrap_or_default(),
        family: family.to_owned(),
        version: loaded.found.version.map(|version| version_text(loaded.found.family, version)),
        readable: loaded.reading.is_ok(),
        refusal: loaded.reading.as_ref().err().map(ToString::to_string),
        collector: None,
        heap_count: 0,
        gc_in_progress: None,
        thread_count: 0,
        generations: Vec::new(),
    };
    if let Some(runtime) = loaded.readable() {
        let heap = runtime.heap();
        report.collector = Some(if heap.server { "server" } else { "workstation" }.to_owned());
        report.heap_count = heap.heaps;
        report.gc_in_progress = runtime.is_collecting();
        report.thread_count = runtime.threads().len() as u64;
        report.generations = generations(runtime);
    }
    report
}

fn generations(runtime: &Runtime<'_>) -> Vec<GenerationReport> {
    let mut out = Vec::new();
    for generation in Generation::ALL {
        let own = || runtime.heap().segments.iter().filter(|segment| segment.generation == generation);
        if own().next().is_some() {
            let sum = |bytes: &dyn Fn(u64, u64, u64) -> u64| {
                own().fold(0u64, |all, s| all.saturating_add(bytes(s.start, s.end, s.committed)))
            };
            out.push(GenerationReport {
                name: generation_name(generation).to_owned(),
                segments: own().count() as u64,
                size_bytes: sum(&|start, end, _| end.saturating_sub(start)),
                committed_bytes: sum(&|start, _, committed| committed.saturating_sub(start)),
            });
        }
    }
    out
}

/// `10.0.9` of 10.0.926.27113: builds of .NET 5 and newer count the patch in hundreds.
fn version_text(family: Family, [major, minor, patch, revision]: [u16; 4]) -> String {
    match family {
        Family::Core if major >= 5 => format!("{major}.{minor}.{}", patch / 100),
        Family::Core if patch == 0 => format!("{major}.{minor}"),
        Family::Core => format!("{major}.{minor}.{patch}"),
        _ => format!("{major}.{minor}.{patch}.{revision}"),
    }
}
