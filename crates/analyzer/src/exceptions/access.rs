//! What was accessed when an exception says that memory was.
//!
//! Parameters of such a record: 0 how, 1 where, and of an in-page error 2 why, an NTSTATUS (winnt.h's
//! EXCEPTION_RECORD).

use dumplens_core::Arch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CodeReport, names};
use crate::process::{Process, RegionReport, Thread};
use crate::space::{Hex, words};
use crate::stack;

words! {
    /// How memory was accessed.
    pub enum AccessKind {
        /// It was read.
        Read = "read",
        /// It was written.
        Write = "write",
        /// It was executed: the processor fetched an instruction there.
        Execute = "execute",
    }
}

/// A memory access that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccessReport {
    /// The kind of access; `None` for a number that Windows does not define.
    pub kind: Option<AccessKind>,
    /// The address as it is recorded.
    pub address: Hex,
    /// Whether the address is in the first 64 kB, which are never allocated by default: a null pointer dereference.
    pub null_page: bool,
    /// Whether the address that was used is not recorded, because it was not canonical, or an SSE operand was not
    /// aligned. x64 only.
    pub non_canonical: bool,
    /// Its region; `None` if no region of the dump contains it.
    pub region: Option<Box<RegionReport>>,
    /// The debugger's name of the module there.
    pub module: Option<String>,
    /// From the module's base to the address.
    pub offset: Option<Hex>,
    /// The unloaded module at the address, if no module is loaded there.
    pub unloaded: Option<UnloadedReport>,
    /// Why a page could not be read; only for `STATUS_IN_PAGE_ERROR`.
    pub status: Option<CodeReport>,
    /// Bytes from the address to the committed part of the thread's stack, if the address is below it in the same
    /// stack: on its guard page, or further down.
    pub below_stack_limit_bytes: Option<u64>,
}

/// An address in an unloaded module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnloadedReport {
    /// Its file's name.
    pub module: String,
    /// Offset from its former base.
    pub offset: Hex,
}

fn unloaded(process: &Process<'_>, address: u64) -> Option<UnloadedReport> {
    let (module, offset) = process.unloaded_at(address)?;
    Some(UnloadedReport { module: module.to_owned(), offset: Hex(offset) })
}

/// `STATUS_ACCESS_VIOLATION`.
pub(crate) const ACCESS_VIOLATION: u32 = 0xc000_0005;
/// `STATUS_IN_PAGE_ERROR`.
pub(crate) const IN_PAGE_ERROR: u32 = 0xc000_0006;
/// `STATUS_STACK_OVERFLOW`.
pub(crate) const STACK_OVERFLOW: u32 = 0xc000_00fd;
/// `STATUS_GUARD_PAGE_VIOLATION`.
pub(crate) const GUARD_PAGE: u32 = 0x8000_0001;

/// Addresses below are never allocated by default: whoever uses them added a little to a null pointer.
const NULL_PAGES: u64 = 0x1_0000;

/// How memory was accessed; `None` for a number that no processor gives.
pub(crate) fn kind(parameter: u64) -> Option<AccessKind> {
    match parameter {
        0 => Some(AccessKind::Read),
        1 => Some(AccessKind::Write),
        8 => Some(AccessKind::Execute),
        _ => None,
    }
}

/// What was accessed; `None` of a code that does not say, or a record that lacks it.
pub(crate) fn access(
    process: &Process<'_>,
    code: u32,
    thread_id: u32,
    parameters: &[u64],
) -> Option<AccessReport> {
    if ![ACCESS_VIOLATION, IN_PAGE_ERROR, STACK_OVERFLOW, GUARD_PAGE].contains(&code) {
        return None;
    }
    let (how, address) = (*parameters.first()?, *parameters.get(1)?);
    // With five-level paging addresses are longer: what the map reaches, a pointer can have.
    let reached = process.space.is_mapped() && process.space.region_at(address).is_some();
    let non_canonical = process.dump.arch() == Some(Arch::X64) && !reached && is_non_canonical(how, address);
    let piece = process.space.piece_at(address).filter(|_| !non_canonical);
    let status = parameters.get(2).filter(|_| code == IN_PAGE_ERROR);
    let status = status.and_then(|status| u32::try_from(status & u64::from(u32::MAX)).ok());
    let thread = process.threads.iter().find(|t| t.id == thread_id);
    let site = stack::site_of(process, address).filter(|_| !non_canonical);
    Some(AccessReport {
        kind: kind(how),
        address: Hex(address),
        null_page: address < NULL_PAGES,
        non_canonical,
        region: piece.map(|piece| Box::new(RegionReport::new(process, &piece))),
        module: site.as_ref().map(|site| site.name.clone()),
        offset: site.map(|site| Hex(site.offset)),
        unloaded: unloaded(process, address).filter(|_| !non_canonical),
        status: status.map(|code| CodeReport { code: code.into(), name: names::nt_status(code) }),
        below_stack_limit_bytes: thread.and_then(|thread| below_limit(process, thread, address)),
    })
}

/// For an address that is not canonical the processor raises a general protection fault, which names none: Windows
/// reports a read of the highest one. A misaligned SSE operand and a segment limit do the same.
fn is_non_canonical(how: u64, address: u64) -> bool {
    let nowhere = how == 0 && address == u64::MAX;
    let high = address.cast_signed() >> 47;
    nowhere || !(high == 0 || high == -1)
}

/// Bytes from the address up to the committed part of the thread's stack, if it lies between this and the end of
/// the stack's reservation.
fn below_limit(process: &Process<'_>, thread: &Thread<'_>, address: u64) -> Option<u64> {
    thread.tebs().find_map(|teb| {
        let (reserved_from, ..) = process.stack(teb)?;
        (reserved_from..teb.stack_limit).contains(&address).then(|| teb.stack_limit - address)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_addresses_are_sign_extended_from_bit_47() {
        for address in [0, 0x10, 0x7fff_ffff_ffff, 0xffff_8000_0000_0000, u64::MAX - 1] {
            assert!(!is_non_canonical(0, address), "{address:#x}");
        }
        for address in [0x8000_0000_0000, 0xdddd_dddd_dddd_dddd, 0xffff_7fff_ffff_ffff, u64::MAX] {
            assert!(is_non_canonical(0, address), "{address:#x}");
        }
        assert!(!is_non_canonical(1, u64::MAX), "a fault without an address is reported as a read");
    }
}
