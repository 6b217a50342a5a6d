//! Whether bytes on a stack that have the form of an exception's record are one.
//!
//! They are if the code is one that is raised when something fails, the address lies in the code of an image, the
//! parameters are such as the code has, and what they refer to as the record of another exception is one. Static
//! records and templates of them have address 0. A value that functions return too, such as STATUS_NO_MEMORY, may lie on a
//! stack by itself; so it must have a parameter, or say that the program could not continue.

use dumplens_core::process::{ExceptionRecord, cpp_exception};
use dumplens_core::{MemoryType, Protection, Width};

use super::{NONCONTINUABLE, access, fast_fail};
use crate::process::Process;

/// Whether it is the record of an exception.
pub(crate) fn is_exception(process: &Process<'_>, record: &ExceptionRecord, width: Width) -> bool {
    fits(record, width)
        && is_code(process, record.address)
        && is_memory(process, record.record)
        && is_record(process, record.record, width)
}

/// Whether the ThrowInfo that a throw names may be one: compilers put it into an image. True also if it is null, or if
/// nothing tells where images lie.
pub(crate) fn is_throw_info(process: &Process<'_>, parameters: &[u64]) -> bool {
    let Some(at) = parameters.get(2).copied().filter(|at| *at != 0) else { return true };
    let image = process.module_at(at).is_some()
        || (process.space.is_mapped()
            && process.space.region_at(at).is_some_and(|region| region.kind == MemoryType::IMAGE));
    image || (process.modules.is_empty() && !process.space.is_mapped())
}

/// Whether the address lies in an image, and where a map tells in executable memory of it.
fn is_code(process: &Process<'_>, address: u64) -> bool {
    let space = &process.space;
    process.module_at(address).is_some()
        && (!space.is_mapped()
            || space.region_at(address).is_some_and(|r| r.state.is_commit() && is_executable(r.protect)))
}

/// Whether the address is null, or was memory as far as is known.
fn is_memory(process: &Process<'_>, address: u64) -> bool {
    let space = &process.space;
    address == 0
        || !space.is_mapped()
        || space.region_at(address).is_some_and(|region| region.state.is_commit())
}

/// Whether a record lies at the address, if it is not null and the dump keeps what lies there.
fn is_record(process: &Process<'_>, address: u64, width: Width) -> bool {
    const BYTES: u64 = 0x98; // sizeof(EXCEPTION_RECORD) on x64
    let memory = process.dump.memory();
    let have = memory.available(address, BYTES);
    let Ok(bytes) = memory.bytes(address, have) else { return true };
    address == 0
        || bytes.is_empty()
        || ExceptionRecord::parse(&bytes, width).is_some_and(|record| fits(&record, width))
}

/// The four `PAGE_EXECUTE_*`.
fn is_executable(protect: Protection) -> bool {
    protect.0 & 0xf0 != 0
}

/// Whether the parameters are such as the code has.
pub(crate) fn fits(record: &ExceptionRecord, width: Width) -> bool {
    let parameters = record.parameters.as_slice();
    let first = parameters.first().copied();
    let accessed = first.is_some_and(|how| access::kind(how).is_some());
    match record.code {
        cpp_exception::CODE => {
            let count = if width == Width::Bits32 { 3 } else { 4 };
            parameters.len() == count && first.is_some_and(|magic| cpp_exception::MAGIC.contains(&magic))
        }
        access::ACCESS_VIOLATION | access::GUARD_PAGE | access::STACK_OVERFLOW => {
            accessed && parameters.len() == 2
        }
        access::IN_PAGE_ERROR => accessed && parameters.len() == 3,
        fast_fail::CODE => {
            first.and_then(|reason| u32::try_from(reason).ok()).and_then(fast_fail::name).is_some()
        }
        code if is_returned(code) => !parameters.is_empty() || record.flags & NONCONTINUABLE != 0,
        // Language runtimes and libraries pass what was thrown; instructions that fault pass nothing.
        code if code >> 28 != 0x8 && code >> 28 != 0xc => !parameters.is_empty(),
        _ => true,
    }
}

/// Whether functions return the value, too.
fn is_returned(code: u32) -> bool {
    const RETURNED: [u32; 15] = [
        0xc000_0007,
        0xc000_0008,
        0xc000_000d,
        0xc000_0017,
        0xc000_0018,
        0xc000_0040,
        0xc000_0044,
        0xc000_009a,
        0xc000_00a1,
        0xc000_012c,
        0xc000_012d,
        0xc000_01ad,
        0xc000_02c8,
        0xc000_0374,
        0xc000_071c,
    ];
    RETURNED.contains(&code)
}
