//! Questions about a dump. Each question gathers only what its answer needs.

use crate::contents::Reading;
use crate::symbols::Search;

/// A question about a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question {
    /// The file, the machine, the process, and the address space by usage, type, state and protection. No lists.
    Summary,
    /// The same, and lists of threads, modules, heaps and allocations. Nothing is named.
    Lists,
    /// The same, and what each thread was executing and where it started, by name.
    Threads,
    /// The same, and who waits for what, by the call stacks of all threads.
    Waits,
    /// The same, and the call stacks of some threads.
    Stacks(Stacks),
    /// What happened, and why: with the call stack of the exception's thread, or of all where there is no exception.
    Why,
    /// Everything: what happened, and why, with the call stacks of all threads.
    Everything,
}

/// Whose call stacks are walked: walking costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stacks {
    /// That of the thread at this position in the thread list.
    Thread(usize),
    /// That of the exception's thread; all where the dump has no exception.
    Exception,
    /// All.
    All,
}

impl Question {
    /// Whether the answer is a verdict.
    pub(crate) fn is_judged(self) -> bool {
        matches!(self, Question::Why | Question::Everything)
    }

    /// Whether addresses get names.
    pub(super) fn is_named(self) -> bool {
        !matches!(self, Question::Summary | Question::Lists)
    }

    /// The stacks that are walked.
    pub(super) fn stacks(self) -> Option<Stacks> {
        match self {
            Question::Summary | Question::Lists | Question::Threads => None,
            Question::Stacks(stacks) => Some(stacks),
            Question::Why => Some(Stacks::Exception),
            Question::Waits | Question::Everything => Some(Stacks::All),
        }
    }
}

impl Stacks {
    /// Whether the thread at this position in the list is one of them; `crashed` if it is the exception's, or
    /// there is none.
    pub(super) fn include(self, index: usize, crashed: bool) -> bool {
        match self {
            Stacks::Thread(wanted) => wanted == index,
            Stacks::Exception => crashed,
            Stacks::All => true,
        }
    }
}

/// How a question is to be answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Path of the dump, as it is to be shown.
    pub path: String,
    /// Whether the command line may be shown.
    pub include_secrets: bool,
    /// Where PDBs may lie.
    pub search: Search,
    /// How much is read for what fills the memory, where that is part of the answer.
    pub census: Reading,
}
