//! What of its memory a redacted copy keeps: what was proved to be something else than text. Each of these has its proof:
//!
//! - structures of Windows that were found by their addresses: TEBs, PEBs, heaps, KUSER_SHARED_DATA;
//! - pages of images that cannot have been written to, but for the folders of PDBs;
//! - slots of stacks from which a walk went on, and those that hold the numbers of the verdict;
//! - records of exceptions that were found on stacks, and what names the type of a C++ exception;
//! - the crashing instruction.

use dumplens_core::Spans;
use dumplens_core::process::CppException;
use dumplens_core::process::delay_load::DelayLoad;
use dumplens_core::trim::Redaction;

use super::images::Images;
use crate::facts::{Facts, Hex, refused_before};
use crate::process::{Process, Thread};
use crate::request;
use crate::stack::Walker;

/// Bytes of a TEB up to `LastErrorValue`, which are read to see whether it is one.
const TEB_HEAD: u64 = 0x6c;
/// Bytes of code before a return address that are looked at.
const CALL: u64 = 8;
/// The longest instruction.
const INSTRUCTION: u64 = 15;

/// `structures` is what was read to find TEBs, PEBs and heaps; `keep` what the copy keeps at all.
pub(super) fn redaction(process: &Process<'_>, facts: &Facts, keep: &Spans, structures: &Spans) -> Redaction {
    let images = Images::of(process);
    let mut kept = sound(process, structures);
    images.constant(keep, &mut kept);
    tebs(process, &mut kept);
    exceptions(process, facts, &mut kept);
    delay_load(process, facts, &mut kept);
    // Critical sections that were proved to be some, and timeouts.
    for (at, len) in facts.waits.iter().flat_map(|waits| &waits.proof) {
        kept.add(*at, *len);
    }
    process.dump.record_reads();
    let walker = Walker::new(process);
    stacks(&walker, facts, &mut kept);
    crash(&walker, facts, &mut kept);
    images.code(&process.dump.reads(), &mut kept);
    Redaction { kept, instead: images.pdb_paths() }
}

/// The structures without what was looked at as a TEB and is none.
fn sound(process: &Process<'_>, structures: &Spans) -> Spans {
    let mut others: Vec<u64> = process
        .threads
        .iter()
        .filter(|thread| thread.teb.is_none())
        .map(|thread| thread.teb_address)
        .collect();
    others.sort_unstable();
    let (mut sound, mut from) = (Spans::default(), 0);
    for at in others {
        sound.add(from, at.saturating_sub(from));
        from = at.saturating_add(TEB_HEAD).max(from);
    }
    sound.add(from, u64::MAX - from);
    structures.common(&sound, usize::MAX)
}

/// Keeps what `read` reads.
fn read(process: &Process<'_>, kept: &mut Spans, read: impl FnOnce()) {
    process.dump.record_reads();
    read();
    process.dump.reads().runs().for_each(|(start, end)| kept.add(start, end.saturating_sub(start)));
}

/// The fields of TEBs that are read when they are asked for.
fn tebs(process: &Process<'_>, kept: &mut Spans) {
    for teb in process.threads.iter().flat_map(Thread::tebs) {
        read(process, kept, || {
            let _ = (teb.last_status(), teb.deallocation_stack(), teb.guaranteed_stack_bytes());
            let _ = (teb.waiting_on_loader_lock(), teb.win32_thread_info());
        });
    }
}

/// Records on stacks, and what names the types of C++ exceptions. Of a thrown object only the pointer to a text that
/// lies in an image: to one that the runtime has for all programs.
fn exceptions(process: &Process<'_>, facts: &Facts, kept: &mut Spans) {
    let memory = process.dump.memory();
    let earlier = facts.threads.iter().filter_map(|thread| thread.exceptions.as_ref()).flatten();
    let own = facts.exception.as_ref().map(|exception| &exception.parameters);
    for record in earlier.clone() {
        kept.add(record.at.0, record.size);
    }
    for parameters in own.into_iter().chain(earlier.map(|record| &record.parameters)) {
        let parameters: Vec<u64> = parameters.iter().map(|Hex(value)| *value).collect();
        let mut thrown = None;
        read(process, kept, || thrown = CppException::read(memory, &parameters).ok());
        let text = thrown.as_ref().and_then(|thrown| thrown.what(memory)?.ok());
        if let Some((thrown, what)) = thrown.zip(text)
            && (what.at == 0 || kept.holds(what.at))
        {
            read(process, kept, || drop(thrown.what(memory)));
        }
    }
}

/// What a delay-load helper left on the stack: where names lie, and an error. The names themselves are an image's.
fn delay_load(process: &Process<'_>, facts: &Facts, kept: &mut Spans) {
    let exception = facts.exception_meant().filter(|exception| exception.delay_load.is_some());
    let Some(at) = exception.and_then(|exception| exception.parameters.first()) else { return };
    if let Ok(load) = DelayLoad::read(process.dump.memory().unnoted(), at.0) {
        kept.add(at.0, load.bytes());
    }
}

/// What walks went on from, and where the numbers of the verdict lie.
fn stacks(walker: &Walker<'_, '_>, facts: &Facts, kept: &mut Spans) {
    let process = walker.process();
    let width = process.dump.width();
    let crashed = facts.exception.as_ref().map(|exception| exception.thread_id);
    let asked_for = facts.request.as_ref();
    for thread in &facts.threads {
        let stack = walker.walk(thread.index);
        let mut proof = walker.proof(&stack);
        walker.prove_native(thread.index, &mut proof);
        let asked = asked_for.filter(|_| Some(thread.id) == crashed);
        if let Some(request) = asked.filter(|request| !request.earlier) {
            // Once more, for the code that it reads.
            let _ = request::find(walker.code(), &stack, request.frame + 1);
            request.prove(&mut proof, width);
        }
        let raised = asked.filter(|request| request.earlier);
        if let Some((request, record)) = raised.zip(refused_before(thread))
            && let Some(stack) = walker.walk_raised(thread.index, record.at.0, record.address.0)
        {
            let mut of_raised = walker.proof(&stack);
            let _ = request::find(walker.code(), &stack, request.frame + 1);
            request.prove(&mut of_raised, width);
            proof.kept.append(&mut of_raised.kept);
        }
        for (at, len) in proof.kept {
            kept.add(at, len);
        }
        // Code that belongs to no image was made by the program.
        for frame in stack.frames.iter().filter(|frame| process.module_at(frame.lookup()).is_none()) {
            if walker.code().call_before(frame.ip, process.dump.width().bits()).is_some() {
                kept.add(frame.ip.saturating_sub(CALL), CALL);
            }
        }
    }
}

/// The crashing instruction, and the address that it may return to.
fn crash(walker: &Walker<'_, '_>, facts: &Facts, kept: &mut Spans) {
    let process = walker.process();
    let analysed = facts.exception.as_ref().and_then(|exception| exception.analysis.as_ref());
    let exception = process.exception();
    let context = exception.and_then(|e| e.context.as_ref());
    let Some(context) = context.filter(|_| analysed.is_some_and(|found| found.instruction.is_some())) else {
        return;
    };
    let (ip, sp) = (context.ip, context.sp);
    if walker.code().is_executable(ip) {
        kept.add(ip, INSTRUCTION);
    }
    let width = process.dump.width();
    let value = process.dump.memory().pointer(sp, width).unwrap_or(0);
    if walker.code().call_before(value, width.bits()).is_some() {
        kept.add(sp, width.bytes() as u64);
    }
}
