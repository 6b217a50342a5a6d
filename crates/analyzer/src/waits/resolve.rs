//! From a system call and its arguments to what is waited for.

use dumplens_core::ReadMemory;

use super::arguments::Stand;
use super::call::Call;
use super::functions::{Function, Within};
use super::numbers::Named;
use super::report::{CallSource, ObjectReport, OtherProcess, Timeout, WaitKind, WaitReport};
use super::section::Awaited;
use super::table::{Entry, Table};
use crate::process::Process;
use crate::space::Hex;
use crate::stack;

/// `MAXIMUM_WAIT_OBJECTS`.
const MOST_OBJECTS: u64 = 64;
/// `NtCurrentProcess()` and `NtCurrentThread()`.
const CURRENT: [u64; 2] = [u64::MAX, u64::MAX - 1];

/// Where things are looked up.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a, 'd> {
    pub(super) process: &'a Process<'d>,
    pub(super) table: &'a Table,
}

/// The wait of a thread that stands in a call.
pub(super) fn wait(
    sources: Sources<'_, '_>,
    stand: &Stand,
    (call, name): Named,
    known_by: CallSource,
    within: Option<Within>,
    section: Option<Awaited>,
) -> WaitReport {
    let mut wait = WaitReport {
        call: format!("Nt{name}"),
        known_by,
        kind: call.kind(),
        timeout: None,
        timeout_ms: None,
        objects: Vec::new(),
    };
    let believed = is_believed(sources, stand, call);
    if believed {
        (wait.timeout, wait.timeout_ms) = timeout(sources.process, stand, call);
        (wait.kind, wait.objects) = objects(sources, stand, call);
    }
    let is_lock = matches!(call, Call::Alert | Call::Keyed | Call::Single);
    if let Some(within) = within.filter(|_| is_lock) {
        wait.kind = match within.function {
            Function::Section => WaitKind::CriticalSection,
            Function::Srw => WaitKind::SrwLock,
            Function::Condition => WaitKind::ConditionVariable,
            Function::Address => wait.kind,
        };
        if within.function == Function::Srw {
            wait.objects.iter_mut().for_each(|object| object.kind = Some("SrwLock".to_owned()));
        }
    }
    if let Some(awaited) = section {
        wait.kind = WaitKind::CriticalSection;
        // It is waited for again and again, whatever the timeout of one wait.
        (wait.timeout, wait.timeout_ms) = (Some(Timeout::Infinite), None);
        let handle = wait.objects.first().and_then(|object| object.handle);
        wait.objects = vec![ObjectReport { handle, ..of_section(sources.process, &awaited) }];
    }
    wait
}

/// What is reported about a critical section.
pub(super) fn of_section(process: &Process<'_>, awaited: &Awaited) -> ObjectReport {
    let section = awaited.section;
    ObjectReport {
        address: Some(Hex(section.address)),
        kind: Some("CriticalSection".to_owned()),
        location: place(process, section.address),
        owner_thread_id: u32::try_from(section.owning_thread).ok(),
        proven: awaited.proven,
        owner_ended: awaited.orphaned,
        waiters: Some(section.waiters()),
        ..ObjectReport::default()
    }
}

/// Module and offset of an address.
pub(super) fn place(process: &Process<'_>, address: u64) -> Option<String> {
    stack::site_of(process, address).map(|site| site.to_string())
}

/// Whether the first arguments are what the call takes: what fills the registers under Wine is not.
fn is_believed(sources: Sources<'_, '_>, stand: &Stand, call: Call) -> bool {
    let argument = |n| stand.argument(sources.process, n);
    let handle = |value: u64| sources.table.may_be(value) || CURRENT.contains(&value);
    match call {
        Call::Multiple => argument(0).is_some_and(|count| (1..=MOST_OBJECTS).contains(&count)),
        Call::MessageOrObject => argument(0).is_some_and(|count| count < MOST_OBJECTS),
        Call::Delay => argument(0).is_some_and(|alertable| alertable & 0xff <= 1 && alertable >> 8 == 0),
        // An address that is waited on holds data: no code, and memory that is there.
        Call::Alert => argument(0).is_some_and(|address| is_data(sources.process, address)),
        Call::Message => false,
        // 0 is the process's own keyed event.
        Call::Keyed => argument(0).is_some_and(|value| value == 0 || handle(value)),
        _ => call.handle().and_then(argument).is_some_and(handle),
    }
}

/// Whether data may lie at an address: committed and not executable, by the map; without one, outside the code of modules
/// as far as that is known.
fn is_data(process: &Process<'_>, address: u64) -> bool {
    const FIRST: u64 = 0x1_0000;
    const EXECUTABLE: u32 = 0xf0;
    let space = &process.space;
    match space.region_at(address).filter(|_| space.is_mapped()) {
        Some(region) => region.state.is_commit() && region.protect.0 & EXECUTABLE == 0,
        None => !space.is_mapped() && address >= FIRST,
    }
}

fn timeout(process: &Process<'_>, stand: &Stand, call: Call) -> (Option<Timeout>, Option<u64>) {
    /// Units of 100 ns.
    const PER_MS: u64 = 10_000;
    if call == Call::MessageOrObject {
        let ms = stand.argument(process, 2).map(|ms| ms & u64::from(u32::MAX));
        return match ms {
            Some(ms) if ms == u64::from(u32::MAX) => (Some(Timeout::Infinite), None),
            ms => (ms.map(|_| Timeout::Finite), ms),
        };
    }
    let Some(at) = call.timeout().and_then(|n| stand.argument(process, n)) else { return (None, None) };
    if at == 0 {
        return (Some(Timeout::Infinite), None);
    }
    match process.dump.memory().read_u64(at).map(u64::cast_signed) {
        // As `Sleep(INFINITE)` has it; the largest time of day serves as well.
        Ok(i64::MIN | i64::MAX) => (Some(Timeout::Infinite), None),
        Ok(relative @ ..0) => (Some(Timeout::Finite), Some(relative.unsigned_abs() / PER_MS)),
        Ok(_) => (Some(Timeout::Finite), None),
        Err(_) => (None, None),
    }
}

fn objects(sources: Sources<'_, '_>, stand: &Stand, call: Call) -> (WaitKind, Vec<ObjectReport>) {
    let argument = |n| stand.argument(sources.process, n);
    match call {
        Call::Multiple | Call::MessageOrObject => {
            let count = argument(0).unwrap_or(0);
            let handles = array(sources.process, stand, 1, count);
            let all = call == Call::Multiple && argument(2).is_some_and(|kind| kind.to_le_bytes()[0] == 0);
            let kind = match (call, all) {
                (Call::MessageOrObject, _) => WaitKind::Message,
                (_, true) => WaitKind::AllObjects,
                _ => WaitKind::AnyObject,
            };
            // An array that holds one value that is no handle is none.
            let sound = handles.iter().all(|handle| sources.table.may_be(*handle));
            let of = handles.iter().filter(|_| sound).map(|handle| of_handle(sources, *handle));
            (kind, of.collect())
        }
        Call::Alert | Call::Keyed => {
            // The key of a keyed event is the address of a lock, and flags below it.
            let n = usize::from(call == Call::Keyed);
            let address =
                argument(n).map(|address| if call == Call::Keyed { address & !0xf } else { address });
            let object = address.map(|address| ObjectReport {
                address: Some(Hex(address)),
                kind: Some("Address".to_owned()),
                location: place(sources.process, address),
                ..ObjectReport::default()
            });
            (call.kind(), object.into_iter().collect())
        }
        _ => {
            let handle = call.handle().and_then(argument);
            (call.kind(), handle.map(|handle| of_handle(sources, handle)).into_iter().collect())
        }
    }
}

/// The handles of an array; empty if the dump does not keep all of it.
pub(super) fn array(process: &Process<'_>, stand: &Stand, n: usize, count: u64) -> Vec<u64> {
    let step = stand.width.bytes() as u64;
    let Some(at) = stand.argument(process, n).filter(|_| (1..=MOST_OBJECTS).contains(&count)) else {
        return Vec::new();
    };
    let read = |n: u64| process.dump.memory().pointer(at.checked_add(n * step)?, stand.width).ok();
    (0..count).map(read).collect::<Option<Vec<u64>>>().unwrap_or_default()
}

fn of_handle(sources: Sources<'_, '_>, handle: u64) -> ObjectReport {
    let none = Entry::default();
    let entry = sources.table.get(handle).unwrap_or(&none);
    let own = sources.process.id;
    // An owner in another process is nobody here.
    let here = |(process, thread): (u64, u64)| {
        (own.is_none_or(|own| own == process) && thread != 0).then_some(thread)
    };
    let owner = entry.owner.and_then(here);
    let other = entry.owner.map(|(process, thread)| (process, Some(thread)));
    let other = other.or(entry.process.map(|process| (process, None)));
    ObjectReport {
        handle: Some(Hex(handle)),
        kind: entry.kind.clone(),
        name: entry.name.clone(),
        owner_thread_id: owner.and_then(|owner| u32::try_from(owner).ok()),
        other_process: other.filter(|(process, _)| own.is_some_and(|own| own != *process)).and_then(
            |(process, thread)| {
                let thread_id = thread.and_then(|thread| u32::try_from(thread).ok());
                Some(OtherProcess { process_id: u32::try_from(process).ok()?, thread_id })
            },
        ),
        signalled: entry.signalled,
        proven: owner.is_some() && own.is_some(),
        // A mutex whose owner ended has none: Windows takes it away.
        owner_ended: owner.is_some() && entry.ended == Some(true),
        ..ObjectReport::default()
    }
}
