//! What to do about it: only what the dump gives a reason and a figure for.

use super::{Cause, managed};
use crate::findings::{Crash, Finding, commit_limit, commit_unknown, grouped, largest_owners, short};
use crate::request::Container;
use dumplens_core::last_name;

/// Up to here a 32-bit program was not linked to use more.
const TWO_GIB: u64 = 1 << 31;

/// After an allocation that failed.
pub(super) fn of_refusal(crash: &Crash<'_>, cause: Cause, wanted: u64) -> Vec<String> {
    let mut advice = Vec::new();
    match cause {
        Cause::CommitLimit => advice.extend(page_file(crash, wanted)),
        Cause::AddressSpaceExhausted | Cause::AddressSpaceFragmented => {
            advice.extend(unused(crash));
            advice.extend(wider(crash));
        }
        Cause::RequestExceedsAddressSpace => advice.extend(count(crash)),
        Cause::JobLimit => advice.push(
            "Raise the limit of the job (the container, the build farm's sandbox), or run fewer of its processes at \
             once."
                .to_owned(),
        ),
        Cause::Quota => advice.push(
            "Find out which quota applies to the process (a page file quota of the user, a working set limit), and raise it."
                .to_owned(),
        ),
        Cause::GcHeapLimit
        | Cause::RuntimeLimit
        | Cause::SystemResources
        | Cause::AddressTaken
        | Cause::ExternalLimitSuspected
        | Cause::Undetermined => {}
    }
    advice.extend(managed::advice(crash, cause));
    if !matches!(cause, Cause::RequestExceedsAddressSpace | Cause::GcHeapLimit | Cause::RuntimeLimit) {
        advice.extend(reserve_once(crash, wanted));
        advice.extend(owners(crash));
    }
    advice
}

/// After any other end.
pub(super) fn of_crash(crash: &Crash<'_>, main: Option<&Finding>) -> Vec<String> {
    let over_and_over = main
        .filter(|finding| finding.id == "stack_overflow")
        .and_then(|finding| finding.evidence.iter().find(|e| e.what == "recursion"))
        .and_then(|evidence| evidence.value.as_deref());
    if let Some(value) = over_and_over {
        return vec![format!(
            "Limit the recursion ({value}): the data that it traverses may contain a cycle, or may just be deep."
        )];
    }
    if main.is_some_and(|finding| finding.id == "deadlock") {
        return vec![
            "Acquire these locks in the same order in every thread, or hold none of them while waiting for another. \
             dumplens waits shows what each thread waits for."
                .to_owned(),
        ];
    }
    if main.is_some_and(|finding| finding.id == "delay_load") {
        return missing_dll(crash).into_iter().collect();
    }
    let heap = main.is_some_and(|finding| finding.id == "heap_corruption");
    let image = crash.facts.process.image.as_deref().map(last_name);
    match image.filter(|_| heap) {
        Some(image) => vec![format!(
            "Run {image} with page heap (gflags /p /enable {image} /full): it then stops at the write that causes the \
             damage."
        )],
        None => Vec::new(),
    }
}

/// After a DLL that could not be loaded on first use, as far as it is named.
fn missing_dll(crash: &Crash<'_>) -> Option<String> {
    /// `ERROR_MOD_NOT_FOUND`.
    const NOT_FOUND: u64 = 126;
    let load = crash.exception?.delay_load.as_deref()?;
    let dll = load.dll.as_deref()?;
    if let Some(path) = &load.loaded {
        return Some(format!(
            "Compare the version of {path} with the one that the program was built for: another file of that name may \
             come first in the search order."
        ));
    }
    let missing = load.last_error.as_ref().is_some_and(|error| error.code.0 == NOT_FOUND);
    missing.then(|| {
        format!(
            "Install {dll} where the loader searches for it, and the DLLs that it imports: this error is the same if one \
             of those is missing."
        )
    })
}

fn page_file(crash: &Crash<'_>, wanted: u64) -> Option<String> {
    let (commit, limit) = commit_limit::figures(crash)?;
    let ram = crash.facts.system.memory.as_ref().and_then(|m| m.physical_bytes)?;
    let missing = commit.saturating_add(wanted).saturating_sub(limit);
    let files = limit.saturating_sub(ram);
    if missing == 0 {
        return None;
    }
    Some(format!(
        "The page files have {}; with {} more, the request would have succeeded. Let Windows manage their size, or \
         find out which other processes commit memory (Task Manager, Details, Commit size).",
        short(files),
        short(missing)
    ))
}

/// What is reserved and holds nothing.
fn unused(crash: &Crash<'_>) -> Option<String> {
    let allocations = crash.facts.memory.allocations.as_ref()?;
    let own =
        allocations.largest.iter().filter(|one| crash.facts.memory.is_of_program(one.base.0, one.size_bytes));
    let unused = own.filter(|one| one.committed_bytes == 0 && one.reserved_bytes > 0);
    let (count, reserved) =
        unused.fold((0u64, 0u64), |(n, bytes), one| (n + 1, bytes.saturating_add(one.reserved_bytes)));
    let much = crash.facts.memory.room().busy_bytes? / 4;
    (reserved >= much).then(|| {
        format!(
            "{count} of the largest allocations are reserved but contain no committed memory: {} of address space. Find \
             out who reserves them (dumplens allocations).",
            short(reserved)
        )
    })
}

fn wider(crash: &Crash<'_>) -> Option<String> {
    let total = crash.facts.memory.room().total_bytes?;
    match crash.bits() {
        32 if total <= TWO_GIB => Some(format!(
            "The process can use {} of address space. Linked with /LARGEADDRESSAWARE, it can use 4 GB on 64-bit \
             Windows; a 64-bit build has 128 TB.",
            short(total)
        )),
        32 => {
            Some(format!("The process can use {} of address space; a 64-bit build has 128 TB.", short(total)))
        }
        _ => None,
    }
}

fn count(crash: &Crash<'_>) -> Option<String> {
    let place = crash.thread.and_then(crate::facts::ThreadReport::place);
    let elements = crash.request.and_then(crate::request::Request::elements);
    let what = elements.map_or_else(
        || "where the size comes from".to_owned(),
        |count| format!("where a count of {} comes from", grouped(count)),
    );
    Some(format!("Find out {what}, starting at {}: a length was read or computed incorrectly.", place?))
}

/// What growing costs a vector: old and new room at the same time.
fn reserve_once(crash: &Crash<'_>, wanted: u64) -> Option<String> {
    let Some(Container::Vector(vector)) = crash.request?.container else { return None };
    let old = vector.end.checked_sub(vector.first)?;
    Some(format!(
        "While the vector at {:#x} grows, it needs its old and its new buffer at the same time: {} and {}. Reserve \
         the final size once, or store the elements in blocks.",
        vector.address,
        short(old),
        short(wanted)
    ))
}

/// Where to look, if the process itself holds much.
fn owners(crash: &Crash<'_>) -> Option<String> {
    let own = commit_unknown::own(crash)?;
    let whole =
        commit_limit::figures(crash).map(|(_, limit)| limit).or(crash.facts.memory.room().total_bytes)?;
    let much = own >= whole / 4 || own >= 4 << 30;
    let largest = largest_owners::owner(crash).filter(|_| much)?;
    Some(format!(
        "The process itself has committed {}. Look first at {} (dumplens allocations, dumplens heaps).",
        short(own),
        largest.words()
    ))
}
