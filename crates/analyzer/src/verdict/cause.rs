//! Why memory was refused: address space, commit, a job's limit, or something that the dump does not show.
//!
//! The figures are those of the time of the dump: page files may have grown since the failure, other threads may have
//! freed memory (`spec/windows-dumps.md` F.3).

use super::Confidence;
use crate::findings::{Facts, Finding, code, commit_limit, commit_unknown, last_error};

/// The contract's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Less is free in all than was asked for.
    AddressSpaceExhausted,
    /// Enough is free in all, but not in one piece.
    AddressSpaceFragmented,
    /// No process of this kind has as much address space.
    RequestExceedsAddressSpace,
    /// RAM and page files of the machine are promised.
    CommitLimit,
    /// The limit of the process's job.
    JobLimit,
    /// Nothing in the dump refuses it.
    ExternalLimitSuspected,
    /// The dump does not tell.
    Undetermined,
}

impl Cause {
    /// The report's word.
    pub fn name(self) -> &'static str {
        match self {
            Cause::AddressSpaceExhausted => "address_space_exhausted",
            Cause::AddressSpaceFragmented => "address_space_fragmented",
            Cause::RequestExceedsAddressSpace => "request_exceeds_address_space",
            Cause::CommitLimit => "commit_limit",
            Cause::JobLimit => "job_limit",
            Cause::ExternalLimitSuspected => "external_limit_suspected",
            Cause::Undetermined => "undetermined",
        }
    }

    /// As the end of a sentence that says what failed.
    pub(super) fn words(self) -> &'static str {
        match self {
            Cause::AddressSpaceExhausted => ": the process's address space is used up",
            Cause::AddressSpaceFragmented => ": no free piece of the process's address space is large enough",
            Cause::RequestExceedsAddressSpace => ": no process has so much address space",
            Cause::CommitLimit => ": the machine's commit limit was reached",
            Cause::JobLimit => ": the commit limit of the process's job was reached",
            Cause::ExternalLimitSuspected => "; a limit that the dump does not show must have refused it",
            Cause::Undetermined => "; what refused it, the dump does not tell",
        }
    }
}

/// The cause, and how sure it is: what refuses by itself comes first, whatever else was short.
pub(super) fn of(facts: &Facts<'_, '_>, findings: &[Finding]) -> (Cause, Confidence) {
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
    commit(facts)
}

/// There was address space, or the map does not tell: what else may have refused it.
fn commit(facts: &Facts<'_, '_>) -> (Cause, Confidence) {
    let told = last_error::names_commit_limit(facts)
        || facts.exception.is_some_and(|e| e.code.0 == code::COMMITMENT_LIMIT);
    let figures = commit_limit::figures(facts).filter(|_| facts.wanted().is_some());
    match (figures, told) {
        (Some(_), _) if commit_limit::is_short(facts) => (Cause::CommitLimit, Confidence::High),
        (_, true) => (Cause::CommitLimit, Confidence::Medium),
        (None, false) if facts.wanted().is_none() && commit_limit::is_nearly_reached(facts) => {
            (Cause::CommitLimit, Confidence::Low)
        }
        (Some(_), false) => (Cause::ExternalLimitSuspected, Confidence::Low),
        (None, false) if exceeds_ram(facts) => (Cause::CommitLimit, Confidence::Low),
        (None, false) => (Cause::Undetermined, Confidence::Low),
    }
}

/// Whether the process alone had committed more than the machine has RAM.
fn exceeds_ram(facts: &Facts<'_, '_>) -> bool {
    let ram = facts.report.system.memory.as_ref().and_then(|m| m.physical_bytes);
    let own = commit_unknown::own(facts);
    facts.wanted().is_some() && own.zip(ram).is_some_and(|(own, ram)| own >= ram)
}

/// What would change the verdict.
pub(super) fn unless(facts: &Facts<'_, '_>, cause: Cause) -> Vec<String> {
    let figures = commit_limit::figures(facts).is_some();
    let line = match cause {
        Cause::AddressSpaceExhausted | Cause::AddressSpaceFragmented => {
            "The map is that of the time of the dump: memory taken after the failure counts here too."
        }
        Cause::RequestExceedsAddressSpace => return Vec::new(),
        Cause::CommitLimit if commit_limit::is_short(facts) => {
            "The figures are those of the time of the dump, not of the failure."
        }
        Cause::CommitLimit if figures => {
            "At the time of the dump enough could be committed: if the last error is left over from an earlier call, a \
             limit that the dump does not show refused it."
        }
        Cause::CommitLimit => {
            "SystemMemoryInfo in the dump (Windows 8.1 and later write it) would prove it or rule it out; a job's \
             limit gives the same error."
        }
        Cause::JobLimit => "The figures are those of the time of the dump; the job may have others in it.",
        Cause::ExternalLimitSuspected => {
            "Others may have freed memory between the failure and the dump: then it was the commit limit after all."
        }
        Cause::Undetermined if facts.report.memory.complete => {
            "SystemMemoryInfo or ProcessVmCounters in the dump would tell the commit limit from a job's limit and from \
             one set from outside."
        }
        Cause::Undetermined => {
            "A memory map (MiniDumpWithFullMemoryInfo) would tell whether address space was short."
        }
    };
    vec![line.to_owned()]
}
