//! Exceptions that stand in for another one: Windows or a runtime raises them if the first one was not handled, or to
//! end the program because of it.
//!
//! The original is identified, in this order, by `EXCEPTION_RECORD.ExceptionRecord`; by the parameters, which some of these
//! codes take over or define; by the errors that Windows Runtime code stored; by a record on the thread's stack, best if
//! the function that raised it is still on that stack.

use dumplens_core::Width;
use dumplens_core::process::{ExceptionRecord, StowedException, cpp_exception};

use super::judge::fits;
use super::{EarlierReport, access, code, codes, fast_fail, refusal};
use crate::process::Process;
use crate::space::words;

/// Records that are followed from one to the next.
const MOST_LINKS: usize = 4;

words! {
    /// How the original exception was identified.
    pub enum OpenedBy {
        /// `EXCEPTION_RECORD.ExceptionRecord` of the recorded exception.
        Record = "exception_record",
        /// Its parameters.
        Parameters = "parameters",
        /// The errors that Windows Runtime code stored (`STOWED_EXCEPTION_INFORMATION`).
        Stowed = "stowed",
        /// A record on the stack, and the function that raised it is still among the frames.
        Frames = "frames",
        /// A record on the stack, in a call that has apparently not returned.
        Stack = "stack",
    }
}

/// The exception that another one stands for.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) by: OpenedBy,
    /// Address of its record, if it has one of its own.
    pub(crate) at: Option<u64>,
    pub(crate) record: ExceptionRecord,
    /// The return addresses that were stored with it.
    pub(crate) stack: Vec<u64>,
}

/// Codes that only pass on or end: 0xC0000025 and 26 of dispatching, 0xC0000144 of a process that nobody saved, 0xC000027B of
/// Windows Runtime code, 0xC000041D of a window procedure, 0xC0000602 of `RaiseFailFastException`, 0xC000070A of the thread pool.
const WRAPPERS: [u32; 7] =
    [0xc000_0025, 0xc000_0026, 0xc000_0144, STOWED, 0xc000_041d, 0xc000_0602, 0xc000_070a];
const STOWED: u32 = 0xc000_027b;
const UNHANDLED: u32 = 0xc000_0144;
const THREADPOOL: u32 = 0xc000_070a;
const FATAL_APP_EXIT: u32 = 0x4000_0015;

/// Whether a code is raised only to pass another exception on.
pub(crate) fn passes_on(code: u32) -> bool {
    WRAPPERS.contains(&code)
}

/// Whether the exception only says that the program ended or passes another on, by its code.
pub(crate) fn is_wrapper(record: &ExceptionRecord) -> bool {
    WRAPPERS.contains(&record.code) || is_end(record)
}

/// `abort`, by a fast failure or before there were any.
fn is_end(record: &ExceptionRecord) -> bool {
    const REASON: u64 = 7; // FAST_FAIL_FATAL_APP_EXIT
    record.code == FATAL_APP_EXIT
        || (record.code == fast_fail::CODE && record.parameters.first() == Some(&REASON))
}

/// What `own` stands for, if it stands for another. `left` are the records on its thread's stack; `raised` tells whether a
/// function that raised at an address is among the thread's frames.
pub(crate) fn open(
    process: &Process<'_>,
    own: &ExceptionRecord,
    left: &[EarlierReport],
    raised: impl Fn(u64) -> bool,
) -> Option<Opened> {
    if let Some((at, record)) = linked(process, own) {
        return Some(Opened { by: OpenedBy::Record, at: Some(at), record, stack: Vec::new() });
    }
    if !is_wrapper(own) {
        return None;
    }
    let by_parameters = || {
        let record = by_parameters(own, process.dump.width())?;
        Some(Opened { by: OpenedBy::Parameters, at: None, record, stack: Vec::new() })
    };
    by_parameters().or_else(|| stowed(process, own)).or_else(|| on_stack(own, left, raised))
}

/// The last of the records that `ExceptionRecord` leads to: the first exception that there was.
fn linked(process: &Process<'_>, own: &ExceptionRecord) -> Option<(u64, ExceptionRecord)> {
    let width = process.dump.width();
    let mut found: Option<(u64, ExceptionRecord)> = None;
    let mut next = own.record;
    for _ in 0..MOST_LINKS {
        let Some(record) = record_at(process, next, width).filter(|record| fits(record, width)) else {
            break;
        };
        let known = found.as_ref().is_some_and(|(at, _)| *at == next);
        if known || !codes::is_failure(record.code) {
            break;
        }
        let at = std::mem::replace(&mut next, record.record);
        found = Some((at, record));
    }
    found
}

fn record_at(process: &Process<'_>, at: u64, width: Width) -> Option<ExceptionRecord> {
    const BYTES: u64 = 0x98; // sizeof(EXCEPTION_RECORD) on x64
    let memory = process.dump.memory();
    let bytes = memory.bytes(at, memory.available(at, BYTES)).ok().filter(|_| at != 0)?;
    ExceptionRecord::parse(&bytes, width)
}

/// What the parameters say: those of the first exception, or its code.
fn by_parameters(own: &ExceptionRecord, width: Width) -> Option<ExceptionRecord> {
    let parameters = own.parameters.as_slice();
    let (first, rest) = parameters.split_first()?;
    let of = |code: u32, parameters: &[u64]| ExceptionRecord {
        code,
        flags: own.flags,
        record: 0,
        address: own.address,
        parameters: parameters.to_vec(),
    };
    let code = u32::try_from(first & u64::from(u32::MAX)).ok()?;
    let failure = codes::is_failure(code) || refusal::of_result(code).is_some();
    match own.code {
        // Parameters of a hard error: the code and the address of what was not handled.
        UNHANDLED if failure => {
            let address = rest.first().copied().filter(|address| *address != 0).unwrap_or(own.address);
            return Some(ExceptionRecord { address, ..of(code, &[]) });
        }
        THREADPOOL if failure => return Some(of(code, rest)),
        STOWED => return None,
        _ if is_end(own) && own.code == fast_fail::CODE => return None,
        _ => {}
    }
    let accessed = access::kind(*first).is_some();
    let clr = refusal::carried(code::CLR, parameters.iter().copied()).is_some();
    let taken_over = match parameters.len() {
        3 | 4 if cpp_exception::MAGIC.contains(first) => cpp_exception::CODE,
        2 if accessed => access::ACCESS_VIOLATION,
        3 if accessed => access::IN_PAGE_ERROR,
        5 if clr => CLR,
        _ => return None,
    };
    Some(of(taken_over, parameters)).filter(|record| fits(record, width))
}

/// .NET's exceptions, as an EXCEPTION_RECORD has them.
const CLR: u32 = 0xe043_4352;

/// The first error that Windows Runtime code stored.
fn stowed(process: &Process<'_>, own: &ExceptionRecord) -> Option<Opened> {
    let (array, count) = (*own.parameters.first()?, *own.parameters.get(1)?);
    let memory = process.dump.memory();
    let all = StowedException::read_all(memory, array, count, process.dump.width());
    let first = all.into_iter().find(|stowed| stowed.result >> 31 == 1).filter(|_| own.code == STOWED)?;
    let record = ExceptionRecord {
        code: first.result,
        flags: own.flags,
        record: 0,
        address: first.address.filter(|address| *address != 0).unwrap_or(own.address),
        parameters: Vec::new(),
    };
    Some(Opened { by: OpenedBy::Stowed, at: Some(first.at), record, stack: first.stack })
}

/// A record in a call that has not returned. That the program ended itself need not have to do with one: then the function
/// that raised must still be there, and what says that memory was refused is judged for itself.
fn on_stack(own: &ExceptionRecord, left: &[EarlierReport], raised: impl Fn(u64) -> bool) -> Option<Opened> {
    let fits = |found: &&EarlierReport| {
        let code = u32::try_from(found.code.0).unwrap_or(0);
        let passes_on = passes_on(code) || [FATAL_APP_EXIT, fast_fail::CODE].contains(&code);
        found.in_use == Some(true) && !passes_on && !(is_end(own) && found.says_refused())
    };
    let told = |found: &&EarlierReport| found.code.0 != code::CPP || found.cpp_type.is_some();
    let all = || left.iter().filter(fits);
    let proven = || all().filter(|found| raised(found.address.0));
    let found = proven().find(told).or_else(|| proven().next()).map(|found| (OpenedBy::Frames, found));
    let likely = || all().find(told).or_else(|| all().next()).map(|found| (OpenedBy::Stack, found));
    let (by, found) = found.or_else(|| likely().filter(|_| !is_end(own)))?;
    let record = ExceptionRecord {
        code: u32::try_from(found.code.0).ok()?,
        flags: u32::try_from(found.flags.0).ok()?,
        record: 0,
        address: found.address.0,
        parameters: found.parameters.iter().map(|parameter| parameter.0).collect(),
    };
    Some(Opened { by, at: Some(found.at.0), record, stack: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(code: u32, parameters: &[u64]) -> ExceptionRecord {
        ExceptionRecord {
            code,
            flags: 1,
            record: 0,
            address: 0x7ff6_0000_1000,
            parameters: parameters.to_vec(),
        }
    }

    fn opened(code: u32, parameters: &[u64]) -> Option<(u32, u64)> {
        by_parameters(&record(code, parameters), Width::Bits64).map(|found| (found.code, found.address))
    }

    #[test]
    fn what_parameters_say() {
        let at = 0x7ff6_0000_1000;
        let throw = [0x1993_0520, 0x7c11_0000, 0x7ff6_0000_2080, 0x7ff6_0000_0000];
        assert_eq!(opened(0xc000_041d, &throw), Some((0xe06d_7363, at)));
        assert_eq!(opened(0xc000_041d, &[1, 0x10]), Some((0xc000_0005, at)));
        assert_eq!(
            opened(0xc000_0602, &[0xffff_ffff_8007_000e, 0, 0, 0, 0x7ffb_0000]),
            Some((0xe043_4352, at))
        );
        assert_eq!(
            opened(0xc000_0144, &[0xc000_0005, 0x7ff6_0000_1234]),
            Some((0xc000_0005, 0x7ff6_0000_1234))
        );
        assert_eq!(opened(0xc000_070a, &[0xc000_0008, 1]), Some((0xc000_0008, at)));
        for (code, parameters) in
            [(0xc000_041d, &[][..]), (0xc000_0602, &[2, 3]), (0xc000_0409, &[7]), (0xc000_0409, &[7, 0x10])]
        {
            assert_eq!(opened(code, parameters), None, "{code:#x} {parameters:x?}");
        }
    }

    #[test]
    fn only_what_passes_on_is_opened() {
        assert!(is_wrapper(&record(0xc000_0409, &[7])) && is_wrapper(&record(0xc000_0602, &[])));
        assert!(!is_wrapper(&record(0xc000_0409, &[2])) && !is_wrapper(&record(0xc000_0005, &[1, 0])));
    }
}
