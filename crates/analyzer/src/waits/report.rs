//! The report about waits: plain data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::space::{Hex, words};

words! {
    /// What kind of wait it is.
    pub enum WaitKind {
        /// For one object by its handle: an event, a mutex, a thread, …
        Object = "object",
        /// For any of several objects.
        AnyObject = "any_object",
        /// For all of several objects.
        AllObjects = "all_objects",
        /// For a critical section.
        CriticalSection = "critical_section",
        /// For an SRW lock, which does not say who holds it.
        SrwLock = "srw_lock",
        /// For a condition variable to be woken.
        ConditionVariable = "condition_variable",
        /// For something at an address: an SRW lock, a condition variable, `WaitOnAddress`; which is not known.
        Address = "address",
        /// For a keyed event: a lock of Windows 7 and before.
        KeyedEvent = "keyed_event",
        /// For time to pass.
        Delay = "delay",
        /// For a packet of a completion port.
        CompletionPort = "completion_port",
        /// For work: an idle thread of a thread pool.
        WorkerFactory = "worker_factory",
        /// For a message of an ALPC or LPC port: another process answers, or asks.
        Port = "port",
        /// For a window message.
        Message = "message",
        /// For a device or a file.
        Io = "io",
    }
}

words! {
    /// How the system call is known.
    pub enum CallSource {
        /// By the export of ntdll or win32u that the thread is in.
        Export = "export",
        /// By its number, whose meaning depends on the Windows build, and by its arguments.
        Number = "number",
    }
}

words! {
    /// Whether a wait has a timeout.
    pub enum Timeout {
        /// It never times out.
        Infinite = "infinite",
        /// It ends after or at a given time.
        Finite = "finite",
    }
}

words! {
    /// How a chain ends.
    pub enum ChainEnd {
        /// In a cycle: the last thread waits for one in the chain.
        Cycle = "cycle",
        /// In a thread that does not wait.
        Running = "running",
        /// In a thread of which the dump does not show whether it waits.
        NotKnown = "not_known",
        /// In a thread that has ended: the dump's list does not have it.
        OwnerEnded = "owner_ended",
        /// In a thread that the dump's list does not have, although it has not ended as far as is known.
        OwnerLost = "owner_lost",
        /// In an object without a known owner or signaller in this process.
        Object = "object",
        /// In a lock or condition that does not record its owner.
        Lock = "lock",
        /// In a delay.
        Delay = "delay",
        /// In I/O: a completion port, a device, a file.
        Io = "io",
        /// In another process, through a port, or because a thread of that process holds the object.
        OtherProcess = "other_process",
        /// In an object that is signalled: the wait is over.
        Signalled = "signalled",
        /// In a window message, or in work for an idle thread.
        Idle = "idle",
    }
}

/// Who waits for what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitsReport {
    /// The threads, in the order of the thread list.
    pub threads: Vec<ThreadWaitReport>,
    /// Threads that wait for the same thing, the most first.
    pub groups: Vec<WaitGroupReport>,
    /// Who waits on whom: cycles first, then the longest.
    pub chains: Vec<ChainReport>,
    /// Critical sections that a thread holds: those that are waited for, and those of the process's list.
    pub locks: Vec<LockReport>,
    /// The loader's lock, where a thread waits for it: it is one of `locks`.
    pub loader_lock: Option<Hex>,
    /// Handles of threads and processes that have ended; `None` where the dump does not tell.
    pub ended: Option<EndedReport>,
    /// Thread IDs that used the most processor time, the most first; at most five.
    pub busiest: Vec<u32>,
    /// Places in memory that all this rests on, and their lengths.
    #[serde(skip)]
    pub proof: Vec<(u64, u64)>,
}

/// What one thread waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadWaitReport {
    /// Thread ID.
    pub id: u32,
    /// What it waits for; `None` if it is not known to wait.
    pub wait: Option<Box<WaitReport>>,
    /// Milliseconds of processor time that it used; `None` if it is not in the dump.
    pub processor_ms: Option<u32>,
    /// Whether it is known not to wait, so that a thread without a `wait` is not one of which nothing is known.
    #[serde(skip)]
    pub runs: bool,
    /// Whether it used windows or GDI, by its TEB; `None` if that is not kept.
    #[serde(skip)]
    pub has_windows: Option<bool>,
}

/// A wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitReport {
    /// The system call, such as `NtWaitForSingleObject`.
    pub call: String,
    /// How the call is known.
    pub known_by: CallSource,
    /// What kind of wait it is.
    pub kind: WaitKind,
    /// Whether it ends by itself; `None` if that is not known.
    pub timeout: Option<Timeout>,
    /// Milliseconds after which it does; `None` if it ends at a time of day, or that is not known.
    pub timeout_ms: Option<u64>,
    /// What it waits for; empty if that is not known.
    pub objects: Vec<ObjectReport>,
}

/// What is waited for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectReport {
    /// Its handle.
    pub handle: Option<Hex>,
    /// The address of a critical section, lock or condition.
    pub address: Option<Hex>,
    /// Its type: a handle's type as Windows names it, or `CriticalSection`, `SrwLock`, `Address`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The object's name, if it has one.
    pub name: Option<String>,
    /// The address as module and offset.
    pub location: Option<String>,
    /// The thread that holds it; for a thread object, that thread.
    pub owner_thread_id: Option<u32>,
    /// Whether the object itself records its owner, and was identified with certainty.
    pub proven: bool,
    /// Whether the object is not in the dump, and its owner follows from the code that the owner ran.
    pub by_code: bool,
    /// Whether that thread has ended, according to the dump's lists.
    pub owner_ended: bool,
    /// How many threads wait for it, according to its own counter.
    pub waiters: Option<u32>,
    /// Whether it is signalled, so that a wait for it ends: an event that is set, a mutex that is free, a thread or
    /// process that has ended. `None` if the dump does not contain it.
    pub signalled: Option<bool>,
    /// Who holds it in another process; for a process object or a thread object, that process or thread.
    pub other_process: Option<OtherProcess>,
}

/// A thread of another process, or that process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OtherProcess {
    /// Process ID.
    pub process_id: u32,
    /// Thread ID; `None` for a process object.
    pub thread_id: Option<u32>,
}

/// Threads that wait for the same object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitGroupReport {
    /// Its address, if it is identified by that.
    pub address: Option<Hex>,
    /// Its handle, if it is identified by that.
    pub handle: Option<Hex>,
    /// Its type, as in `objects`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Thread IDs.
    pub threads: Vec<u32>,
}

/// One thread waits for another; both are thread IDs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edge {
    /// The thread that waits.
    pub from: u32,
    /// The thread that must act first: the owner, or the thread that is waited for.
    pub to: u32,
    /// What it waits for.
    pub via: Via,
    /// Whether the object itself records it, and the wait cannot end otherwise as far as known.
    pub proven: bool,
    /// Whether the link is certain: the object is in the dump, and the wait is known to have no timeout.
    pub certain: bool,
}

/// An object that one thread waits for and another holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Via {
    /// Its type, as in `objects`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its address.
    pub address: Option<Hex>,
    /// Its handle.
    pub handle: Option<Hex>,
    /// Its name, or its address as module and offset.
    pub name: Option<String>,
}

/// Threads, each of which waits for the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChainReport {
    /// Thread IDs. In a cycle, the last waits for the first.
    pub threads: Vec<u32>,
    /// How it ends.
    pub ends: ChainEnd,
    /// Whether it is a cycle of proven links: none of the threads can continue.
    pub deadlock: bool,
    /// What each thread waits for, between one thread and the next.
    pub links: Vec<Edge>,
}

/// A critical section that a thread holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockReport {
    /// Its address.
    pub address: Hex,
    /// That address as module and offset.
    pub location: Option<String>,
    /// The thread that holds it.
    pub owner_thread_id: u32,
    /// How often that thread entered it.
    pub recursion: u32,
    /// How many threads wait for it.
    pub waiters: u32,
    /// How often threads had to wait for it, according to its DEBUG structure; `None` if it has none.
    pub contentions: Option<u32>,
}

/// Handles to threads and processes that have ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndedReport {
    /// Handles to threads that have ended.
    pub ended_threads: u64,
    /// All handles to threads.
    pub thread_handles: u64,
    /// Handles to processes that have ended.
    pub ended_processes: u64,
    /// All handles to processes.
    pub process_handles: u64,
}

impl WaitReport {
    /// Whether the thread waits to be given something to do: nothing hangs by it.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.kind, WaitKind::WorkerFactory | WaitKind::CompletionPort)
    }

    /// How a chain ends whose last thread waits so.
    pub(crate) fn end(&self) -> ChainEnd {
        let mut signalled = self.objects.iter().map(|object| object.signalled == Some(true));
        match self.kind {
            WaitKind::AllObjects if !self.objects.is_empty() && signalled.all(|yes| yes) => {
                ChainEnd::Signalled
            }
            WaitKind::Object | WaitKind::AnyObject if signalled.any(|yes| yes) => ChainEnd::Signalled,
            WaitKind::Object if self.objects.iter().any(|object| object.other_process.is_some()) => {
                ChainEnd::OtherProcess
            }
            WaitKind::Object | WaitKind::AnyObject | WaitKind::AllObjects => ChainEnd::Object,
            WaitKind::CriticalSection
            | WaitKind::SrwLock
            | WaitKind::ConditionVariable
            | WaitKind::Address
            | WaitKind::KeyedEvent => ChainEnd::Lock,
            WaitKind::Delay => ChainEnd::Delay,
            WaitKind::CompletionPort | WaitKind::Io => ChainEnd::Io,
            WaitKind::Port => ChainEnd::OtherProcess,
            WaitKind::WorkerFactory | WaitKind::Message => ChainEnd::Idle,
        }
    }
}
