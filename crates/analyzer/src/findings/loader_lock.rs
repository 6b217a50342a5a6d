//! # What it detects
//! Threads wait for the loader lock, to load or unload a DLL, or to start or end. Its owner usually runs a `DllMain`,
//! and must not wait for other threads there.
//!
//! # What proves it
//! The critical section at PEB.LoaderLock records its owner, and threads wait for it, or TEB.WaitingOnLoaderLock says
//! that they do.
//!
//! # What fools it
//! Loading a DLL takes time: a thread that holds the lock and does not wait may be about to release it.
//!
//! # Example
//! `Thread 0x2b0 holds the loader lock and waits for thread 0x1a4; 3 threads wait for the lock.`
//!
//! # Source
//! PEB.LoaderLock, TEB.WaitingOnLoaderLock; learn.microsoft.com, "Dynamic-Link Library Best Practices".

use super::{Confidence, Crash, Found, wait_chain};
use crate::waits::words;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let waits = wait_chain::waits(crash)?;
    let lock = waits.loader_lock?;
    let waiting = waits.threads.iter().filter(|thread| {
        thread.wait.iter().flat_map(|wait| &wait.objects).any(|object| object.address == Some(lock))
    });
    let waiting: Vec<u32> = waiting.map(|thread| thread.id).collect();
    let owner = waits.locks.iter().find(|of| of.address == lock)?.owner_thread_id;
    let of_owner = waits.threads.iter().find(|thread| thread.id == owner);
    let does = match of_owner.map(|thread| thread.wait.as_deref()) {
        Some(Some(wait)) => format!("and waits for {}", words::wait(wait)),
        Some(None) => "and is not waiting".to_owned(),
        None => "and has ended".to_owned(),
    };
    let threads =
        if waiting.len() == 1 { "1 thread waits" } else { &format!("{} threads wait", waiting.len()) };
    let title = format!("Thread {owner:#x} holds the loader lock {does}; {threads} for the lock.");
    let mut found =
        Found::new(Confidence::High, title).with_at("the loader lock", lock.0, format!("held by {owner:#x}"));
    for id in waiting.iter().take(8) {
        found = found.with(format!("thread {id:#x}"), "waits for it");
    }
    Some(found)
}
