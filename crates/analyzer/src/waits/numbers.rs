//! System calls by their numbers, where the dump keeps no exports: most small dumps do not.
//!
//! On x64 rax still holds the number. The first hundred are the same in all builds of Windows 10 and 11. Those behind are in
//! the order of the alphabet, and move from build to build: NtWaitForAlertByThreadId, NtWaitForDebugEvent,
//! NtWaitForKeyedEvent, NtWaitForWorkViaWorkerFactory follow each other, so that one thread that waits on a worker
//! factory's handle tells the others. Where there is none, the build does, as far as it was seen. A number is believed only
//! if the arguments of all threads that stand there are what the call takes.

use std::collections::HashMap;

use dumplens_core::{Arch, Width};

use super::arguments::Stand;
use super::call::Call;
use super::table::Table;
use crate::process::Process;
use crate::process::module_names::module_name;

/// Numbers that no build of Windows 10 or 11 changed (x64; WOW64 uses the same, with a kind of thunk in the upper half).
const FIXED: [(u64, &str); 7] = [
    (0x4, "WaitForSingleObject"),
    (0x6, "ReadFile"),
    (0x7, "DeviceIoControlFile"),
    (0x8, "WriteFile"),
    (0x9, "RemoveIoCompletion"),
    (0x34, "DelayExecution"),
    (0x5b, "WaitForMultipleObjects"),
];
/// The first build of Windows 10.
const WINDOWS_10: u32 = 10240;
/// The first number that is not fixed.
const MOVING: u64 = 0x60;
/// The first number of win32k's.
const WIN32K: u64 = 0x1000;
/// Builds from and to, and the number of NtWaitForWorkViaWorkerFactory, as seen in dumps.
const WORKER: [(u32, u32, u64); 4] =
    [(17134, 17134, 0x1cb), (19041, 19045, 0x1d3), (22621, 22631, 0x1e3), (26100, 26200, 0x1e6)];

/// What a call is known to be.
pub(super) type Named = (Call, &'static str);

/// The calls at those stubs that can be told, by the threads that stand there.
pub(super) fn names(process: &Process<'_>, table: &Table, stands: &[Stand]) -> HashMap<u64, Named> {
    let mut at: HashMap<u64, Vec<&Stand>> = HashMap::new();
    for stand in stands {
        at.entry(stand.stub).or_default().push(stand);
    }
    let build = process.system.as_ref().map_or(0, |system| system.build);
    let worker = worker(process, table, stands)
        .or_else(|| WORKER.iter().find(|(from, to, _)| (*from..=*to).contains(&build)).map(|w| w.2));
    let name = |stub: u64, stands: &[&Stand]| {
        if build < WINDOWS_10 {
            return None;
        }
        let module = process.modules.get(process.module_at(stub)?)?;
        let name = match module_name(&module.name).to_ascii_lowercase().as_str() {
            "ntdll" => by_number(process, table, stands, worker)?,
            "win32u" if takes_objects(process, table, stands) => "UserMsgWaitForMultipleObjectsEx",
            _ => return None,
        };
        Some(Call::named(name))
    };
    at.iter().filter_map(|(stub, stands)| Some((*stub, name(*stub, stands)?))).collect()
}

/// The number of NtWaitForWorkViaWorkerFactory, by a thread whose first argument is a worker factory's handle.
fn worker(process: &Process<'_>, table: &Table, stands: &[Stand]) -> Option<u64> {
    let waits = |stand: &&Stand| {
        let first = stand.argument(process, 0).and_then(|handle| table.get(handle));
        first.is_some_and(|entry| entry.is("TpWorkerFactory")) && is_stub(process, stand)
    };
    stands.iter().find(waits).and_then(|stand| number(process, stand))
}

fn by_number(
    process: &Process<'_>,
    table: &Table,
    stands: &[&Stand],
    worker: Option<u64>,
) -> Option<&'static str> {
    let first = stands.first()?;
    let n = number(process, first)?;
    let alike = stands.iter().all(|stand| is_stub(process, stand) && number(process, stand) == Some(n));
    if !alike || n >= WIN32K {
        return None;
    }
    let fixed = FIXED.iter().find(|(number, _)| *number == n).map(|(_, name)| *name);
    let handles = |kind: &str| {
        let of = |stand: &&Stand| stand.argument(process, 0).and_then(|handle| table.get(handle));
        stands.iter().all(|stand| of(stand).is_some_and(|entry| entry.is(kind)))
    };
    let name = match (fixed, worker) {
        (Some(name), _) => name,
        _ if n < MOVING => return None,
        (_, Some(worker)) if n == worker => "WaitForWorkViaWorkerFactory",
        (_, Some(worker)) if n.checked_add(3) == Some(worker) => "WaitForAlertByThreadId",
        _ if handles("IoCompletion") => "RemoveIoCompletionEx",
        _ if handles("ALPC Port") => "AlpcSendWaitReceivePort",
        _ => return None,
    };
    let (call, _) = Call::named(name);
    stands.iter().all(|stand| fits(process, table, stand, call)).then_some(name)
}

/// The call's number: what the stub loads, if the dump keeps that, or else what the register holds.
fn number(process: &Process<'_>, stand: &Stand) -> Option<u64> {
    match (stand.width, process.dump.arch()?) {
        (Width::Bits64, Arch::X64) => stand.number,
        (Width::Bits32, _) => wow64_number(process, stand),
        _ => None,
    }
}

/// `mov eax, number; mov edx, Wow64SystemServiceCall; call edx`: the stubs of WOW64, which use the numbers of x64.
fn wow64_number(process: &Process<'_>, stand: &Stand) -> Option<u64> {
    let mut code = [0; 12];
    process.dump.memory().read(stand.stub.checked_sub(12)?, &mut code).ok()?;
    let [0xb8, a, b, _, _, 0xba, _, _, _, _, 0xff, 0xd2] = code else { return None };
    Some(u64::from(u16::from_le_bytes([a, b])))
}

/// Whether a thread stands behind the `syscall` of a stub: `0f 05`; where the code is not kept, as far into 16 bytes as
/// all stubs are.
fn is_stub(process: &Process<'_>, stand: &Stand) -> bool {
    if stand.width == Width::Bits32 {
        return true; // its code was read
    }
    let mut code = [0; 2];
    let before = stand.stub.checked_sub(2);
    match before.map(|at| process.dump.memory().read(at, &mut code)) {
        Some(Ok(())) => code == [0x0f, 0x05],
        _ => stand.stub & 0xf == 4,
    }
}

/// Whether the arguments are what the call takes.
fn fits(process: &Process<'_>, table: &Table, stand: &Stand, call: Call) -> bool {
    /// Nothing of a process lies below.
    const FIRST: u64 = 0x1_0000;
    let argument = |n| stand.argument(process, n);
    match call {
        Call::Multiple => argument(0).is_some_and(|count| (1..=64).contains(&count)),
        Call::Delay => argument(0).is_some_and(|alertable| alertable & 0xff <= 1),
        Call::Alert => {
            argument(0).is_some_and(|address| address >= FIRST && !(table.is_listed && table.may_be(address)))
        }
        _ => call.handle().and_then(argument).is_some_and(|handle| table.may_be(handle)),
    }
}

/// Whether threads wait for a message or an object: each with a count of handles, one of them with handles of the list.
fn takes_objects(process: &Process<'_>, table: &Table, stands: &[&Stand]) -> bool {
    let shape = |stand: &&&Stand| {
        let (count, mask) = (stand.argument(process, 0), stand.argument(process, 3));
        count.is_some_and(|count| count < 64) && mask.is_some_and(|mask| (1..=0xffff).contains(&mask))
    };
    let listed = |stand: &&&Stand| {
        let count = stand.argument(process, 0).unwrap_or(0);
        let handles = super::resolve::array(process, stand, 1, count);
        table.is_listed && !handles.is_empty() && handles.iter().all(|handle| table.may_be(*handle))
    };
    let mut all = stands.iter();
    all.all(|stand| shape(&stand)) && stands.iter().any(|stand| listed(&stand))
}
