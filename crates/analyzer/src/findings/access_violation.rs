//! # What it detects
//! The program read, wrote or executed memory that it may not, and what lies there: a null pointer, free or reserved
//! memory, a guard page, code or data of a module.
//!
//! # What proves it
//! The exception's parameters name the address and what was done; the memory map says what is there.
//!
//! # What fools it
//! For an address that no pointer can have (not canonical) Windows reports -1: the registers tell the true one. The map
//! is that of the time of the dump: memory may have been freed or allocated since.
//!
//! # Example
//! `The program wrote to 0x18: the first pages of the address space, so a null pointer with an offset.`
//!
//! # Source
//! EXCEPTION_RECORD; MemoryInfoList.

use super::{Confidence, Crash, Found, code};
use crate::facts::{AccessKind, AccessReport};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception =
        crash.exception.filter(|e| matches!(e.code.0, code::ACCESS_VIOLATION | code::IN_PAGE_ERROR))?;
    let at =
        |found: Found| found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0));
    let Some(access) = &exception.access else {
        let title = "The program touched memory that it may not; where is not in the dump.";
        return Some(at(Found::new(Confidence::Medium, title)));
    };
    let did = match access.kind {
        Some(AccessKind::Read) => "read",
        Some(AccessKind::Write) => "wrote to",
        Some(AccessKind::Execute) => "executed",
        None => "touched",
    };
    let (place, sure) = place(crash, access);
    let found = at(Found::new(sure, format!("The program {did} {:#x}: {place}.", access.address.0)));
    let Some(region) = &access.region else { return Some(found) };
    let detail = region.detail.as_deref().map(|detail| format!(" {detail}")).unwrap_or_default();
    let protect = region.protect.as_deref().map(|protect| format!(" {protect}")).unwrap_or_default();
    Some(found.with_at(
        "region",
        region.base.0,
        format!("{}{protect} {}{detail}", region.state, region.usage),
    ))
}

/// What lies at the address.
fn place(crash: &Crash<'_>, access: &AccessReport) -> (String, Confidence) {
    if access.null_page {
        let place = "the first pages of the address space, so a null pointer or one near it";
        return (place.into(), Confidence::High);
    }
    if let Some(pattern) = pattern(access.address.0, crash.facts.dump.pointer_bits) {
        return (format!("near {pattern}"), Confidence::Medium);
    }
    if access.non_canonical {
        let place = "no address that a pointer can have, for which Windows gives -1; see the registers";
        return (place.into(), Confidence::Medium);
    }
    if let Some(status) = &access.status {
        let why = status.name.clone().unwrap_or_else(|| format!("{:#x}", status.code.0));
        return (format!("mapped, but its page could not be read ({why})"), Confidence::High);
    }
    if let Some(below) = access.below_stack_limit_bytes {
        return (
            format!("{below} bytes below the committed part of the thread's own stack"),
            Confidence::High,
        );
    }
    let Some(region) = &access.region else {
        return ("what lies there the dump does not tell".into(), Confidence::Medium);
    };
    let place = match region.state.as_str() {
        "MEM_FREE" => "free memory".to_owned(),
        "MEM_RESERVE" => "memory that is reserved and not committed".to_owned(),
        _ => format!("committed memory, {}", region.protect.as_deref().unwrap_or("protection unknown")),
    };
    let module = access.module.as_deref().map(|module| format!(", in {module}")).unwrap_or_default();
    (format!("{place}{module}"), Confidence::High)
}

/// What allocators fill memory with, of which a pointer was made.
fn pattern(at: u64, bits: u32) -> Option<&'static str> {
    const NEAR: u64 = 0x1000;
    const PATTERNS: [(u32, &str); 6] = [
        (0xcdcd_cdcd, "0xcdcdcdcd, with which the debug heap of the C runtime fills new memory"),
        (0xdddd_dddd, "0xdddddddd, with which the debug heap of the C runtime fills freed memory"),
        (0xfeee_feee, "0xfeeefeee, with which a heap under a debugger fills freed memory"),
        (0xbaad_f00d, "0xbaadf00d, with which a heap under a debugger fills new memory"),
        (0xabab_abab, "0xabababab, with which a heap under a debugger guards the end of a block"),
        (0xcccc_cccc, "0xcccccccc, with which /RTC fills variables on the stack"),
    ];
    let whole =
        |word: u32| if bits == 64 { u64::from(word) << 32 | u64::from(word) } else { u64::from(word) };
    PATTERNS.into_iter().find(|(word, _)| at.abs_diff(whole(*word)) < NEAR).map(|(_, words)| words)
}
