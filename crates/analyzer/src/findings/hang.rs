//! # What it detects
//! A dump that Windows Error Reporting or a debugger wrote because the program did not respond.
//!
//! # What proves it
//! The code 0xCFFFFFFF, which no program raises.
//!
//! # What fools it
//! The thread that is named need not be the one that hung; what each thread waits for tells more.
//!
//! # Example
//! `The program did not respond, and Windows took this dump of it: a hang, no exception.`
//!
//! # Source
//! The code of "Application Hang" in reports of Windows Error Reporting, and WinDbg's name for it.

use super::{Confidence, Crash, Found, code};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception = crash.raised(code::APPLICATION_HANG)?;
    let title = "The program did not respond, and Windows took this dump of it: a hang, no exception.";
    let found = Found::new(Confidence::High, title);
    Some(found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0)))
}
