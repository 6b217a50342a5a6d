//! The shapes of what is told about waits: plain data.

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
        /// By the export of ntdll or win32u that the thread stands in.
        Export = "export",
        /// By its number, which the build of Windows gives a meaning, and by what its arguments are.
        Number = "number",
    }
}

words! {
    /// Whether a wait ends by itself.
    pub enum Timeout {
        /// Never.
        Infinite = "infinite",
        /// After a time, or at a time.
        Finite = "finite",
    }
}

words! {
    /// How a chain ends.
    pub enum ChainEnd {
        /// In itself: the last thread waits for one of the chain.
        Cycle = "cycle",
        /// In a thread that does not wait.
        Running = "running",
        /// In a thread that is not there any more.
        OwnerEnded = "owner_ended",
        /// In an object that nobody here is known to hold, or to signal.
        Object = "object",
        /// In a lock or condition that does not say who holds it.
        Lock = "lock",
        /// In time that has to pass.
        Delay = "delay",
        /// In I/O: a completion port, a device, a file.
        Io = "io",
        /// In another process, by a port.
        OtherProcess = "other_process",
        /// In a window message, or in work for an idle thread: it waits to be asked.
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
    /// `None` if it is not known to wait.
    pub wait: Option<Box<WaitReport>>,
    /// Milliseconds of processor time that it used; `None` if the dump does not tell.
    pub processor_ms: Option<u32>,
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
    /// Its address: of a critical section, a lock, a condition.
    pub address: Option<Hex>,
    /// What it is: a handle's type as Windows names it, or `CriticalSection`, `SrwLock`, `Address`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The object's name, if it has one.
    pub name: Option<String>,
    /// Where the address lies: module and offset.
    pub location: Option<String>,
    /// The thread that holds it; of a thread, that thread itself.
    pub owner_thread_id: Option<u32>,
    /// Whether the object itself says so, and it was found beyond doubt.
    pub proven: bool,
    /// Whether the object is not kept, and the code that the owner ran tells that it took it.
    pub by_code: bool,
    /// Whether that thread has ended, by the dump's own lists.
    pub owner_ended: bool,
    /// How many threads wait for it, by its own count.
    pub waiters: Option<u32>,
}

/// Threads that wait for the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitGroupReport {
    /// Its address, if it is known by that.
    pub address: Option<Hex>,
    /// Its handle, if it is known by that.
    pub handle: Option<Hex>,
    /// What it is, as in `objects`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Thread IDs.
    pub threads: Vec<u32>,
}

/// One thread waits on another. The threads are given by their IDs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edge {
    /// Who waits.
    pub from: u32,
    /// Who has to act first: the owner, or the thread whose end is waited for.
    pub to: u32,
    /// For what.
    pub via: Via,
    /// Whether the object itself says so, and the wait is not known to end otherwise.
    pub proven: bool,
    /// Whether nothing is left open: the object is kept, and the wait is known to have no timeout.
    pub certain: bool,
}

/// What one thread waits for, and another holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Via {
    /// What it is, as in `objects`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its address.
    pub address: Option<Hex>,
    /// Its handle.
    pub handle: Option<Hex>,
    /// Its name, or where it lies.
    pub name: Option<String>,
}

/// Threads each of which waits on the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChainReport {
    /// Thread IDs. Of a cycle, the last waits on the first.
    pub threads: Vec<u32>,
    /// How it ends.
    pub ends: ChainEnd,
    /// Whether it is a cycle of proven links: nobody in it can ever go on.
    pub deadlock: bool,
    /// What stands between one thread and the next.
    pub links: Vec<Edge>,
}

/// A critical section that a thread holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockReport {
    /// Where it lies.
    pub address: Hex,
    /// Where that is: module and offset.
    pub location: Option<String>,
    /// The thread that holds it.
    pub owner_thread_id: u32,
    /// How often that thread entered it.
    pub recursion: u32,
    /// How many threads wait for it.
    pub waiters: u32,
    /// How often it was waited for, by its DEBUG; `None` if it has none.
    pub contentions: Option<u32>,
}

/// Handles of what has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndedReport {
    /// Handles of threads that have ended.
    pub ended_threads: u64,
    /// Handles of threads in all.
    pub thread_handles: u64,
    /// Handles of processes that have ended.
    pub ended_processes: u64,
    /// Handles of processes in all.
    pub process_handles: u64,
}

impl WaitReport {
    /// Whether the thread waits to be given something to do: nothing hangs by it.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.kind, WaitKind::WorkerFactory | WaitKind::CompletionPort)
    }

    /// How a chain ends whose last thread waits so.
    pub(crate) fn end(&self) -> ChainEnd {
        match self.kind {
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
