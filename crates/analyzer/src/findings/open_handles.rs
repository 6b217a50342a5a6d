//! # What it detects
//! The process has so many open handles that it may leak them.
//!
//! # What proves it
//! The handle stream lists every handle with its type.
//!
//! # What fools it
//! Servers may need tens of thousands. Handles to windows and GDI objects are not in the stream.
//!
//! # Example
//! `The process has 30,000 open handles, 29,400 of them Event: it may leak them.`
//!
//! # Source
//! MINIDUMP_HANDLE_DATA_STREAM; 16,777,216 handles per process, 10,000 each for window and GDI objects: Mark
//! Russinovich, Pushing the Limits of Windows: Handles.

use super::{Confidence, Crash, Found, grouped};

/// More than programs use as a rule: 10,000 is what Windows allows of windows and GDI objects.
const MANY: u64 = 10_000;
/// Handles that Windows allows a process.
const LIMIT: u64 = 1 << 24;
/// Types that are listed.
const LISTED: usize = 5;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let handles = crash.facts.process.handles.as_ref()?;
    let all = crash.facts.process.handle_count?;
    let most = handles.first().filter(|_| all >= MANY)?;
    let kind = |name: &str| if name.is_empty() { "of unknown type".to_owned() } else { name.to_owned() };
    if all >= LIMIT - LIMIT / 100 {
        let title =
            format!("The process has {} open handles, and the limit is {}.", grouped(all), grouped(LIMIT));
        return Some(Found::new(Confidence::High, title).with(kind(&most.kind), grouped(most.count)));
    }
    let title = format!(
        "The process has {} open handles, {} of them {}: it may leak them.",
        grouped(all),
        grouped(most.count),
        kind(&most.kind)
    );
    let found = Found::new(Confidence::Medium, title);
    Some(
        handles.iter().take(LISTED).fold(found, |found, one| found.with(kind(&one.kind), grouped(one.count))),
    )
}
