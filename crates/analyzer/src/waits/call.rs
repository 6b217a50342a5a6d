//! The system calls that wait, and what they take.

use super::report::WaitKind;

/// A system call, by what its arguments are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// (handle, alertable, timeout)
    Single,
    /// (signalled handle, waited handle, alertable, timeout)
    SignalAndWait,
    /// (count, handles, 0 all or 1 any, alertable, timeout)
    Multiple,
    /// (alertable, interval)
    Delay,
    /// (port, key, context, status, timeout)
    Completion,
    /// (port, entries, count, removed, timeout, alertable)
    CompletionEx,
    /// (factory, …)
    Worker,
    /// (address, timeout)
    Alert,
    /// (event, key, alertable, timeout)
    Keyed,
    /// (port, flags, message, …, timeout as the eighth)
    Alpc,
    /// (port, …): of the ports before ALPC
    Port,
    /// (file, …)
    Io,
    /// (count, handles, milliseconds, wake mask)
    MessageOrObject,
    /// For a message and nothing else.
    Message,
}

/// Names without `Nt`, as phnt and win32u spell them.
const NAMES: [(&str, Call); 24] = [
    ("WaitForSingleObject", Call::Single),
    ("SignalAndWaitForSingleObject", Call::SignalAndWait),
    ("WaitForMultipleObjects", Call::Multiple),
    ("WaitForMultipleObjects32", Call::Multiple),
    ("DelayExecution", Call::Delay),
    ("RemoveIoCompletion", Call::Completion),
    ("RemoveIoCompletionEx", Call::CompletionEx),
    ("WaitForWorkViaWorkerFactory", Call::Worker),
    ("WaitForAlertByThreadId", Call::Alert),
    ("WaitForKeyedEvent", Call::Keyed),
    ("AlpcSendWaitReceivePort", Call::Alpc),
    ("RequestWaitReplyPort", Call::Port),
    ("ReplyWaitReceivePort", Call::Port),
    ("ReplyWaitReceivePortEx", Call::Port),
    ("ReplyWaitReplyPort", Call::Port),
    ("DeviceIoControlFile", Call::Io),
    ("FsControlFile", Call::Io),
    ("ReadFile", Call::Io),
    ("WriteFile", Call::Io),
    ("NotifyChangeDirectoryFile", Call::Io),
    ("UserMsgWaitForMultipleObjectsEx", Call::MessageOrObject),
    ("UserGetMessage", Call::Message),
    ("UserWaitMessage", Call::Message),
    ("UserRealInternalGetMessage", Call::Message),
];

impl Call {
    /// The call of an export, and its name; `None` of one that does not wait.
    pub(super) fn of_export(name: &str) -> Option<(Call, &'static str)> {
        let bare = name.strip_prefix("Nt").or(name.strip_prefix("Zw"))?;
        NAMES.iter().find(|(known, _)| *known == bare).map(|(known, call)| (*call, *known))
    }

    /// The call by a name of [`NAMES`].
    pub(super) fn named(name: &'static str) -> (Call, &'static str) {
        let call = NAMES.iter().find(|(known, _)| *known == name).map_or(Call::Io, |(_, call)| *call);
        (call, name)
    }

    /// Which argument is the handle that is waited for.
    pub(super) fn handle(self) -> Option<usize> {
        match self {
            Call::SignalAndWait => Some(1),
            Call::Single
            | Call::Completion
            | Call::CompletionEx
            | Call::Worker
            | Call::Keyed
            | Call::Alpc
            | Call::Port
            | Call::Io => Some(0),
            Call::Multiple | Call::Delay | Call::Alert | Call::MessageOrObject | Call::Message => None,
        }
    }

    /// Which argument points to the timeout, in units of 100 ns; null is none.
    pub(super) fn timeout(self) -> Option<usize> {
        match self {
            Call::Single => Some(2),
            Call::SignalAndWait | Call::Keyed => Some(3),
            Call::Multiple | Call::Completion | Call::CompletionEx => Some(4),
            Call::Delay | Call::Alert => Some(1),
            Call::Alpc => Some(7),
            Call::Worker | Call::Port | Call::Io | Call::MessageOrObject | Call::Message => None,
        }
    }

    /// The kind of wait, where the arguments do not tell more.
    pub(super) fn kind(self) -> WaitKind {
        match self {
            Call::Single | Call::SignalAndWait => WaitKind::Object,
            Call::Multiple => WaitKind::AnyObject,
            Call::Delay => WaitKind::Delay,
            Call::Completion | Call::CompletionEx => WaitKind::CompletionPort,
            Call::Worker => WaitKind::WorkerFactory,
            Call::Alert => WaitKind::Address,
            Call::Keyed => WaitKind::KeyedEvent,
            Call::Alpc | Call::Port => WaitKind::Port,
            Call::Io => WaitKind::Io,
            Call::MessageOrObject | Call::Message => WaitKind::Message,
        }
    }
}
