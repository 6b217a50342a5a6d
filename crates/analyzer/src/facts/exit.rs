//! Threads that are ending the process: they are in `NtTerminateProcess`, a few bytes after the export of ntdll.

use dumplens_core::pe::ExportTarget;
use dumplens_core::{ReadMemory, Width};

use super::ThreadReport;
use crate::process::Process;
use crate::process::module_names::module_name;
use crate::stack::Walker;
use crate::symbols;

/// A system call's stub is no longer: `mov r10,rcx`, `mov eax,n`, a test and `syscall`; on x86 a call behind two moves.
const STUB: u64 = 0x20;
const RDX: u8 = 2;

/// Marks the threads that end the process, where the dump has no exception.
pub(super) fn fill(walker: &Walker<'_, '_>, threads: &mut [ThreadReport]) {
    let process = walker.process();
    if !matches!(process.dump.exception(), Ok(None)) {
        return;
    }
    let Some(stub) = stub(process) else { return };
    for thread in threads {
        let inside = thread.ip.is_some_and(|ip| ip.0.checked_sub(stub).is_some_and(|offset| offset <= STUB));
        if inside && thread.stack64.is_none() {
            thread.is_ending = true;
            thread.exit_code = exit_code(walker, thread);
        }
    }
}

/// Where `NtTerminateProcess` begins.
fn stub(process: &Process<'_>) -> Option<u64> {
    let ntdll =
        process.modules.iter().find(|module| module_name(&module.name).eq_ignore_ascii_case("ntdll"))?;
    let exports = symbols::image(process, ntdll).ok()?.exports().ok()??;
    let found = exports.iter().find(|export| export.name == Some("NtTerminateProcess"))?;
    match found.target {
        ExportTarget::Rva(rva) => ntdll.base.checked_add(u64::from(rva)),
        ExportTarget::Forward(_) => None,
    }
}

/// The second argument. A process handle of 0 ends the other threads only, and an exit code is given too.
fn exit_code(walker: &Walker<'_, '_>, thread: &ThreadReport) -> Option<u32> {
    let process = walker.process();
    // A register whose upper half holds something else was used since.
    let low =
        |value: u64| u32::try_from(value).or(i32::try_from(value.cast_signed()).map(i32::cast_unsigned)).ok();
    match process.dump.width() {
        Width::Bits64 => low(walker.walk(thread.index).frames.first()?.registers.get(RDX)?),
        // Behind the return address and the handle: the stub's own call has returned.
        Width::Bits32 => process.dump.memory().read_u32(thread.sp?.0.checked_add(8)?).ok(),
    }
}
