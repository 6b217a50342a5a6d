//! Why memory was refused: address space, commit, a job's limit, or something that the dump does not show.
//!
//! The figures are those of the time of the dump: page files may have grown since the failure, other threads may have
//! freed memory (`spec/windows-dumps.md` F.3).

use super::{Confidence, bytes};
use crate::report::{MemoryReport, Report, ThreadReport};

/// The contract's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

    /// As the end of a sentence: "… because".
    pub(super) fn words(self) -> &'static str {
        match self {
            Cause::AddressSpaceExhausted => "the process's address space is used up",
            Cause::AddressSpaceFragmented => "no free piece of the process's address space is large enough",
            Cause::RequestExceedsAddressSpace => "no process has so much address space",
            Cause::CommitLimit => "the machine's commit limit was reached",
            Cause::JobLimit => "the commit limit of the process's job was reached",
            Cause::ExternalLimitSuspected => "of a limit that the dump does not show",
            Cause::Undetermined => "of something that the dump does not tell",
        }
    }
}

const STATUS_COMMITMENT_LIMIT: u64 = 0xc000_012d;
const ERROR_COMMITMENT_LIMIT: u64 = 1455;
/// `VirtualAlloc` hands out addresses at multiples of this.
const GRANULARITY: u64 = 0x1_0000;
/// What a large block needs beside its bytes: its header in whole pages, a page behind it, and up to 15 pages in front
/// (F.1).
const OVERHEAD: u64 = 0x1000 + 0x1000 + 0xf000;

/// The cause, how sure it is, and what speaks for it, in the order in which a person would check it.
pub(super) fn of(
    report: &Report,
    thread: Option<&ThreadReport>,
    wanted: u64,
) -> (Cause, Confidence, Vec<String>) {
    let mut because = Vec::new();
    if let Some((cause, confidence)) = address_space(&report.memory, wanted, &mut because) {
        return (cause, confidence, because);
    }
    let (cause, confidence) = commit(report, thread, wanted, &mut because);
    (cause, confidence, because)
}

/// Whether address space refused it; `None` if there was room, or if the map does not tell.
fn address_space(
    memory: &MemoryReport,
    wanted: u64,
    because: &mut Vec<String>,
) -> Option<(Cause, Confidence)> {
    let (Some(total), Some(free)) = (memory.total_bytes, memory.free_bytes) else {
        because.push(
            "How much address space was free is not known: the dump has no whole memory map.".to_owned(),
        );
        return None;
    };
    if wanted > total {
        because.push(format!("The whole address space of the process is {}.", bytes(total)));
        return Some((Cause::RequestExceedsAddressSpace, Confidence::High));
    }
    let largest = memory.largest_free.map_or((0, 0), |place| (place.base.0, place.size_bytes));
    let usable = largest.1.saturating_sub(largest.0.next_multiple_of(GRANULARITY) - largest.0);
    let needed = wanted.saturating_add(OVERHEAD);
    because.push(format!(
        "The largest free region is {} at {:#x}; {} are free in all (!address -summary).",
        bytes(largest.1),
        largest.0,
        bytes(free)
    ));
    if free < wanted {
        return Some((Cause::AddressSpaceExhausted, Confidence::High));
    }
    if usable < needed {
        let near = usable >= wanted;
        return Some((
            Cause::AddressSpaceFragmented,
            if near { Confidence::Medium } else { Confidence::High },
        ));
    }
    None
}

/// There was room: what else may have refused it.
fn commit(
    report: &Report,
    thread: Option<&ThreadReport>,
    wanted: u64,
    because: &mut Vec<String>,
) -> (Cause, Confidence) {
    let status = thread.and_then(|t| t.last_status.as_ref()).map(|s| s.code.0);
    let error = thread.and_then(|t| t.last_error.as_ref()).map(|e| e.code.0);
    let said = status == Some(STATUS_COMMITMENT_LIMIT) || error == Some(ERROR_COMMITMENT_LIMIT);
    if said {
        because.push(
            "The thread's last error is that of a commit limit: STATUS_COMMITMENT_LIMIT, ERROR_COMMITMENT_LIMIT \
             (!gle; any later call overwrites it)."
                .to_owned(),
        );
    }
    if let Some((used, limit)) = job(report).filter(|(used, limit)| used.saturating_add(wanted) > *limit) {
        because.push(format!(
            "The process's job has committed {} of the {} that it may.",
            bytes(used),
            bytes(limit)
        ));
        return (Cause::JobLimit, Confidence::High);
    }
    let memory = report.system.memory.as_ref();
    let Some((commit, limit)) = memory.and_then(|m| m.commit_bytes.zip(m.commit_limit_bytes)) else {
        because.push("How much the machine could still commit is not in the dump.".to_owned());
        if said {
            return (Cause::CommitLimit, Confidence::Medium);
        }
        because.push(
            "A block is committed when it is allocated, so with address space to spare what is left is the commit limit \
             of the machine or of a job, or a limit set from outside."
                .to_owned(),
        );
        return (Cause::Undetermined, Confidence::Low);
    };
    let left = limit.saturating_sub(commit);
    because.push(format!(
        "The machine had committed {} of {}: {} were left when the dump was written.",
        bytes(commit),
        bytes(limit),
        bytes(left)
    ));
    match (left < wanted, said) {
        (true, _) => (Cause::CommitLimit, Confidence::High),
        (false, true) => {
            because.push("That is more than was asked for: others may have freed memory since.".to_owned());
            (Cause::CommitLimit, Confidence::Medium)
        }
        (false, false) => (Cause::ExternalLimitSuspected, Confidence::Low),
    }
}

/// What the process's job has committed, and its limit.
fn job(report: &Report) -> Option<(u64, u64)> {
    let counters = report.process.counters.as_ref()?;
    let limit =
        counters.job_private_commit_limit_bytes.filter(|limit| *limit > 0 && *limit < u64::MAX >> 1)?;
    Some((counters.job_private_commit_bytes?, limit))
}
