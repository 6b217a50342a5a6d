//! Why memory was refused: address space, commit, a job's limit, or something that the dump does not show.
//!
//! The figures are those of the time of the dump: since the failure, page files may have grown, and other threads may have freed
//! memory.

use super::{Confidence, managed};
use crate::exceptions::limit::Limit;
use crate::findings::memory_pressure::{self, Pressure};
use crate::findings::{Crash, Finding, commit_limit, commit_unknown, last_error, out_of_memory_code};
use crate::space::words;

words! {
    /// Why memory was refused.
    pub enum Cause {
        /// Less address space is free in total than was requested.
        AddressSpaceExhausted = "address_space_exhausted",
        /// Enough address space is free in total, but not in one piece.
        AddressSpaceFragmented = "address_space_fragmented",
        /// No process of this kind has that much address space.
        RequestExceedsAddressSpace = "request_exceeds_address_space",
        /// The machine's commit limit was reached: RAM and page files are fully committed.
        CommitLimit = "commit_limit",
        /// The limit of the process's job.
        JobLimit = "job_limit",
        /// A quota of the user or of the process.
        Quota = "quota",
        /// A lack of kernel resources: pool, contiguous or large pages.
        SystemResources = "system_resources",
        /// The requested addresses are in use.
        AddressTaken = "address_taken",
        /// The configured limit of the .NET garbage collector.
        GcHeapLimit = "gc_heap_limit",
        /// A limit of the runtime that more memory would not change, such as that of an array's dimensions.
        RuntimeLimit = "runtime_limit",
        /// The dump shows no reason: a limit outside the process is suspected.
        ExternalLimitSuspected = "external_limit_suspected",
        /// The dump does not show the cause.
        Undetermined = "undetermined",
    }
}

impl Cause {
    /// As the end of a sentence that says what failed.
    pub(super) fn words(self) -> &'static str {
        match self {
            Cause::AddressSpaceExhausted => ": the process's address space is exhausted",
            Cause::AddressSpaceFragmented => {
                ": no free region of the process's address space is large enough"
            }
            Cause::RequestExceedsAddressSpace => ": no process has that much address space",
            Cause::CommitLimit => ": the machine's commit limit was reached",
            Cause::JobLimit => ": the commit limit of the process's job was reached",
            Cause::Quota => ": a quota was exceeded",
            Cause::SystemResources => ": the system lacked resources for it",
            Cause::AddressTaken => ": the requested addresses were in use",
            Cause::GcHeapLimit => ": the garbage collector's limit was reached",
            Cause::RuntimeLimit => ": the runtime does not allow such an object",
            Cause::ExternalLimitSuspected => "; a limit that the dump does not show must have refused it",
            Cause::Undetermined => "; the dump does not show what refused it",
        }
    }
}

/// The cause, and how sure it is: what refuses by itself comes first, whatever else was short.
pub(super) fn of(crash: &Crash<'_>, findings: &[Finding]) -> (Cause, Confidence) {
    if let Some(found) = managed::cause(crash) {
        return found;
    }
    let sure = |id: &str| findings.iter().find(|finding| finding.id == id).map(|finding| finding.confidence);
    let by_itself = [
        ("absurd_size", Cause::RequestExceedsAddressSpace),
        ("address_space_exhausted", Cause::AddressSpaceExhausted),
        ("address_space_fragmented", Cause::AddressSpaceFragmented),
        ("job_limit", Cause::JobLimit),
    ];
    if let Some(found) = by_itself.iter().find_map(|(id, cause)| Some((*cause, sure(id)?))) {
        return found;
    }
    commit(crash)
}

/// There was address space, or the map does not tell: what else may have refused it.
fn commit(crash: &Crash<'_>) -> (Cause, Confidence) {
    // What the thread was last refused for, or what the exception itself names.
    let named = last_error::told(crash).filter(|limit| *limit != Limit::Open);
    let named = named.or_else(|| out_of_memory_code::limit(crash));
    let told = named == Some(Limit::Commit);
    let figures = commit_limit::figures(crash).filter(|_| crash.wanted().is_some());
    let figures = figures.filter(|_| !crash.figures_contradict());
    // Where it is not known what was free, address space may have been what was lacking.
    let room = crash.facts.memory.free_bytes.is_some();
    let by_status = match named {
        Some(Limit::Quota) => Some(Cause::Quota),
        Some(Limit::Resources) => Some(Cause::SystemResources),
        Some(Limit::AddressTaken) => Some(Cause::AddressTaken),
        Some(Limit::Commit | Limit::Open) | None => None,
    };
    if let Some(cause) = by_status {
        return (cause, Confidence::Medium);
    }
    match (figures, told) {
        (Some(_), _) if commit_limit::is_short(crash) => (Cause::CommitLimit, Confidence::High),
        (_, true) => (Cause::CommitLimit, Confidence::Medium),
        _ if memory_pressure::is_tight(crash) => (Cause::AddressSpaceFragmented, Confidence::Medium),
        (None, false) if crash.wanted().is_none() && commit_limit::is_nearly_reached(crash) => {
            (Cause::CommitLimit, Confidence::Low)
        }
        (Some(_), false) if room => (Cause::ExternalLimitSuspected, Confidence::Low),
        (None, false) if exceeds_ram(crash) => (Cause::CommitLimit, Confidence::Low),
        (_, false) => (Cause::Undetermined, Confidence::Low),
    }
}

/// The cause that a limit suggests at which process or machine was, whatever ended the program.
pub(super) fn of_pressure(crash: &Crash<'_>) -> Option<Cause> {
    Some(match memory_pressure::of(crash)? {
        Pressure::Commit | Pressure::Told(Limit::Commit) => Cause::CommitLimit,
        Pressure::Job => Cause::JobLimit,
        Pressure::AddressSpace => Cause::AddressSpaceFragmented,
        Pressure::Told(Limit::Quota) => Cause::Quota,
        Pressure::Told(Limit::Resources) => Cause::SystemResources,
        Pressure::Told(Limit::AddressTaken) => Cause::AddressTaken,
        Pressure::Told(Limit::Open) => Cause::Undetermined,
    })
}

/// Whether the process alone had committed more than the machine has RAM.
fn exceeds_ram(crash: &Crash<'_>) -> bool {
    let ram = crash.facts.system.memory.as_ref().and_then(|m| m.physical_bytes);
    let own = commit_unknown::own(crash);
    crash.wanted().is_some() && own.zip(ram).is_some_and(|(own, ram)| own >= ram)
}

/// What would change the verdict.
pub(super) fn unless(crash: &Crash<'_>, cause: Cause) -> Vec<String> {
    let figures = commit_limit::figures(crash).is_some();
    let line = match cause {
        Cause::AddressSpaceExhausted | Cause::AddressSpaceFragmented => {
            "The memory map is from the time of the dump: it includes memory that was allocated after the failure."
        }
        Cause::RequestExceedsAddressSpace | Cause::RuntimeLimit => return Vec::new(),
        Cause::GcHeapLimit => {
            "The collector's committed memory is measured at the time of the dump, within a few percent of its own count."
        }
        Cause::CommitLimit if commit_limit::is_short(crash) => {
            "The figures are from the time of the dump, not of the failure."
        }
        Cause::CommitLimit if figures => {
            "At the time of the dump, enough memory could be committed. If the last error is left over from an earlier \
             call, a limit that the dump does not show refused the request."
        }
        Cause::CommitLimit => {
            "SystemMemoryInfo in the dump (Windows 8.1 and later write it) would prove it or rule it out. A job's \
             limit causes the same error."
        }
        Cause::Quota | Cause::SystemResources | Cause::AddressTaken => {
            "The thread's last status, if only that names it, may be left over from an earlier call; then something else \
             refused the request."
        }
        Cause::JobLimit => "The figures are from the time of the dump; the job may contain other processes.",
        Cause::ExternalLimitSuspected => {
            "Other processes may have freed memory between the failure and the dump; then it was the commit limit after all."
        }
        Cause::Undetermined if crash.facts.memory.complete => {
            "SystemMemoryInfo or ProcessVmCounters in the dump would show whether it was the commit limit, a job's limit, \
             or a limit set from outside."
        }
        Cause::Undetermined => {
            "A memory map (MiniDumpWithFullMemoryInfo) would show whether address space was short."
        }
    };
    vec![line.to_owned()]
}
