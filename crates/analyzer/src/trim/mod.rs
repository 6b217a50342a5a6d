//! A smaller dump that gives the same report: which memory that takes, and the note that says what is gone.
//!
//! Nothing is guessed about what a report needs: one is made, and what it read is kept.

mod images;
mod redact;

use std::fmt::Write as _;
use std::io::{self, Seek, Write};

use dumplens_core::process::{ProcessParameters, kuser};
use dumplens_core::trim::Trim;
use dumplens_core::{Dump, Spans};
use schemars::JsonSchema;
use serde::Serialize;

use crate::contents::{self, Extent, Reading};
use crate::facts::{Facts, Options, Question};
use crate::process::{Process, Thread};
use crate::report::Report;
use crate::space::PAGE;

/// Bytes of each stack, from its stack pointer on, that are kept beyond what the walk read: for whoever looks closer.
const STACK_BYTES: u64 = 64 << 10;

/// Without a memory map the memory that is kept is all that tells of the address space: up to so many bytes stay.
const UNMAPPED_BYTES: u64 = 64 << 20;

/// Faults of the original that the note lists one by one.
const FAULTS: usize = 16;

/// How a dump is to be trimmed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrimOptions {
    /// Drops environment, command line, names of objects, folders of PDBs, and all memory that could be text.
    pub redact: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Trimmed {
    /// Bytes of the copy.
    pub size_bytes: u64,
    /// Bytes of the process's memory that it keeps.
    pub kept_bytes: u64,
    /// Bytes of memory that the original kept.
    pub original_bytes: u64,
    /// The line that was added to the comment: what was kept, and what was dropped.
    pub note: String,
}

/// Writes a trimmed copy of `dump` to `out`, from its start on. The report of the copy is that of the original, but
/// for what is said of the file itself.
///
/// Fails as `out` does, and where the dump cannot be read.
pub fn trim(dump: &Dump, options: TrimOptions, out: &mut (impl Write + Seek)) -> io::Result<Trimmed> {
    dump.record_reads();
    let process = Process::gather(dump);
    let structures = dump.reads();
    let facts = Report::answer(&process, Question::Everything, &options_of_report()).facts;
    if !options.redact {
        read_parameters(&process);
    }
    let keep = keep(&process, &facts);
    let redaction = options.redact.then(|| redact::redaction(&process, &facts, &keep, &structures));
    let mut copy = Trim::new(dump, &keep, redaction);
    let sampled = facts.census.as_deref().filter(|census| census.reading.extent != Extent::Map);
    if let Some(census) = sampled {
        copy = copy.with_census(contents::to_json(census));
    }
    let memory = dump.memory();
    let original_bytes = memory.listed_bytes().saturating_sub(memory.missing_bytes());
    let kept_bytes = copy.kept_bytes();
    let note = note(&process, &copy, (options, sampled.is_some()), original_bytes);
    let size_bytes = copy.write(&note, out)?;
    Ok(Trimmed { size_bytes, kept_bytes, original_bytes, note })
}

/// As the command line asks for a report: what is read for it is kept.
fn options_of_report() -> Options {
    Options { census: Reading::Leader, ..Options::default() }
}

/// Reads what a report holds only when it is asked for secrets, for the sake of having read it.
fn read_parameters(process: &Process<'_>) {
    for peb in &process.pebs {
        let Some(at) = peb.process_parameters.filter(|at| *at != 0) else { continue };
        if let Ok(parameters) = ProcessParameters::read(process.dump.memory(), at, peb.width) {
            let _ = (parameters.image_path(), parameters.command_line(), parameters.environment());
        }
    }
}

/// What the report read, in whole pages, and what belongs to it all the same. Nothing is taken away from what was read:
/// that a thing was not found there is an answer too.
fn keep(process: &Process<'_>, facts: &Facts) -> Spans {
    let mut keep = process.dump.reads();
    for teb in process.threads.iter().flat_map(Thread::tebs) {
        keep.add(teb.address, 2 * PAGE);
    }
    for peb in &process.pebs {
        keep.add(peb.address, PAGE);
    }
    keep.add(kuser::ADDRESS, PAGE);
    for module in &process.modules {
        keep.add(module.base, PAGE);
    }
    for stack in stacks(process, facts) {
        keep.add(stack, STACK_BYTES);
    }
    let ips = facts.threads.iter().filter_map(|thread| thread.ip);
    for code in ips.chain(facts.exception.as_ref().map(|e| e.address)) {
        keep.add(code.0, 1);
    }
    let memory = process.dump.memory();
    if !process.space.is_mapped() && memory.listed_bytes() <= UNMAPPED_BYTES {
        for range in memory.ranges() {
            keep.add(range.start, range.size);
        }
    }
    keep.widened(PAGE)
}

/// From where on each stack is kept: the stack pointers; of 32-bit stacks in a 64-bit dump, whose stack pointers are
/// elsewhere, the last bytes.
fn stacks<'r>(process: &'r Process<'_>, facts: &'r Facts) -> impl Iterator<Item = u64> + 'r {
    let of_wow64 = process.threads.iter().filter_map(|thread| thread.teb32.as_deref());
    let walked = facts.threads.iter().filter_map(|thread| thread.frames.as_ref()?.first());
    facts
        .threads
        .iter()
        .filter_map(|thread| thread.sp)
        .chain(walked.map(|frame| frame.sp))
        .map(|sp| sp.0)
        .chain(of_wow64.map(|teb| teb.stack_limit.max(teb.stack_base.saturating_sub(STACK_BYTES))))
}

/// One line for the comment.
fn note(
    process: &Process<'_>,
    copy: &Trim<'_>,
    (options, sampled): (TrimOptions, bool),
    original: u64,
) -> String {
    let mut note = format!(
        "*** dumplens trim: kept {} of {original} bytes of memory: what the report is made of, {STACK_BYTES} bytes of \
         each stack from its stack pointer on, TEBs, PEBs, headers of images",
        copy.kept_bytes()
    );
    if sampled {
        note += ", and the result of the census's sample without the sample";
    }
    let dump = process.dump;
    let memory = (copy.kept_bytes() < original).then(|| "all other memory".to_owned());
    let streams = copy.dropped().map(|kind| kind.to_string());
    let dropped: Vec<String> = memory.into_iter().chain(streams).collect();
    if dropped.is_empty() {
        note += "; nothing was dropped";
    } else {
        let _ = write!(note, "; dropped: {}", dropped.join(", "));
    }
    for (index, kind) in copy.unseen().enumerate() {
        let before = if index == 0 { "; copied without a look inside: " } else { ", " };
        let _ = write!(note, "{before}{kind}");
    }
    if options.redact {
        note += "; redacted: environment, command line, names of objects, folders of PDBs, and all memory that was not \
                 proved to be code, a return address, a structure of Windows or a number of the verdict, texts of \
                 exceptions too; not redacted: the comment, paths of modules, names of threads, registers, images as they \
                 came from disk";
    }
    let map = dump.memory_info().map(|list| list.map(|list| list.damage.clone()).unwrap_or_default());
    let map = map.unwrap_or_else(|lost| vec![lost]);
    let faults: Vec<_> = dump.damage().iter().chain(dump.memory_damage()).chain(&map).collect();
    for (index, fault) in faults.iter().take(FAULTS).enumerate() {
        let before = if index == 0 { "; the original was damaged: " } else { " | " };
        let _ = write!(note, "{before}{fault} [{}]", fault.code());
    }
    if let Some(more) = faults.len().checked_sub(FAULTS).filter(|more| *more > 0) {
        let _ = write!(note, " | {more} more");
    }
    note
}
