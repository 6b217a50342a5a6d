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

use dumplens_core::MemoryState;

use super::{Confidence, Facts, Found, code};

/// Below this nothing is ever allocated.
const NULL_PAGES: u64 = 0x1_0000;

pub(super) fn detect(facts: &Facts<'_, '_>) -> Option<Found> {
    let exception =
        facts.exception.filter(|e| matches!(e.code.0, code::ACCESS_VIOLATION | code::IN_PAGE_ERROR))?;
    let did = match exception.parameters.first().map(|p| p.0) {
        Some(0) => "read",
        Some(1) => "wrote to",
        Some(8) => "executed",
        _ => "touched",
    };
    let Some(at) = exception.parameters.get(1).map(|p| p.0) else {
        let title = "The program touched memory that it may not; where is not in the dump.";
        return Some(Found::new(Confidence::Medium, title));
    };
    let (place, sure) = place(facts, at);
    let title = format!("The program {did} {at:#x}: {place}.");
    let found = Found::new(sure, title);
    Some(found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0)))
}

/// What lies at an address.
fn place(facts: &Facts<'_, '_>, at: u64) -> (String, Confidence) {
    let bits = facts.process.dump.width().bits();
    if at < NULL_PAGES {
        return (
            "the first pages of the address space, so a null pointer or one near it".into(),
            Confidence::High,
        );
    }
    if let Some(pattern) = pattern(at, bits) {
        return (format!("near {pattern}"), Confidence::Medium);
    }
    if bits == 64 && (at == u64::MAX || !is_canonical(at)) {
        let place = "no address that a pointer can have; Windows gives -1 for it, so see the registers";
        return (place.into(), Confidence::Medium);
    }
    if facts.raised(code::IN_PAGE_ERROR).is_some() {
        return ("mapped, but its page could not be read from its file".into(), Confidence::High);
    }
    let space = &facts.process.space;
    let Some(region) = space.region_at(at).filter(|_| space.is_mapped()) else {
        return ("what lies there the dump does not tell".into(), Confidence::Medium);
    };
    let place = match region.state {
        MemoryState::FREE => "free memory".to_owned(),
        MemoryState::RESERVE => "memory that is reserved and not committed".to_owned(),
        _ => format!("committed memory, {}", region.protect),
    };
    let module = facts.process.module_at(at).and_then(|n| facts.report.modules.get(n));
    let owner = module.map(|m| format!(", in {}", crate::report::region::module_name(&m.path)));
    (format!("{place}{}", owner.unwrap_or_default()), Confidence::High)
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

/// 48-bit addresses, sign-extended.
fn is_canonical(at: u64) -> bool {
    matches!(at >> 47, 0 | 0x1_ffff)
}
