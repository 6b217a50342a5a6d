//! # What it detects
//! A dump that Windows Error Reporting or a debugger wrote because the program stopped responding.
//!
//! # What proves it
//! The code 0xCFFFFFFF, which no program raises.
//!
//! # What fools it
//! The named thread may not be the one that hung. What each thread waits for is better evidence.
//!
//! # Example
//! `The program stopped responding, and Windows wrote this dump: a hang, not an exception.`
//!
//! # Source
//! The code of "Application Hang" in reports of Windows Error Reporting, and WinDbg's name for it.

use super::{Confidence, Crash, Found, code};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception = crash.raised(code::APPLICATION_HANG)?;
    let title = "The program stopped responding, and Windows wrote this dump: a hang, not an exception.";
    let found = Found::new(Confidence::High, title);
    Some(found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0)))
}
