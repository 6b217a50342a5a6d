//! From a file that was found to its result.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dumplens_analyzer::Question;
use dumplens_analyzer::contents::Reading;

use super::lines;
use super::row::Row;
use super::triage::{self, Triaged};
use crate::remote;
use crate::store::{Identity, Store, Stored};
use crate::symbols::SymbolArgs;
use dumplens_scan::Found;
use dumplens_scan::Guard;
use dumplens_scan::pool::Lost;
use dumplens_scan::{Code, Failure};

/// How files are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// The report on a line.
    Jsonl,
    /// A row on a line.
    Csv,
}

/// What is done with each file, on any thread.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) form: Form,
    pub(crate) symbols: SymbolArgs,
    /// How much is read for what fills the memory.
    pub(crate) census: Reading,
    /// Where results are kept; `None` without a store, and once it is closed.
    pub(crate) store: Mutex<Option<Store>>,
}

/// What a file gave.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) path: PathBuf,
    pub(crate) result: Stored,
    /// Whether the store knew it.
    pub(crate) known: bool,
    /// By what the store will know it.
    identity: Option<Identity>,
    /// What is printed; empty for text.
    pub(crate) line: String,
}

impl Worker {
    /// Looks into the store, and if it does not know the file, into the file. `None`: it was interrupted.
    pub(crate) fn work(&self, found: &Found, guard: &Guard) -> Option<Outcome> {
        if let Some(failure) = &found.failure {
            return Some(self.failed(&found.path, failure.clone()));
        }
        let identity = match self.identity(&found.path) {
            Ok(identity) => identity,
            Err(failure) => return Some(self.failed(&found.path, failure)),
        };
        match identity.as_ref().map_or(Ok(None), |identity| self.known(identity)) {
            Ok(None) => {}
            Ok(Some(stored)) => return Some(self.stored(&found.path, stored)),
            Err(error) => {
                let failure = Failure::new(Code::InternalError, format!("the store: {error:#}"));
                return Some(self.failed(&found.path, failure));
            }
        }
        let question = if self.form == Form::Jsonl { Question::Everything } else { Question::Why };
        // A line of JSON is the report as `report` prints it.
        let census = if self.form == Form::Jsonl { Reading::Leader } else { self.census };
        let outcome = match triage::triage(&found.path, question, (&self.symbols, census), guard)? {
            Ok(Triaged { row, report }) => {
                let line = match self.form {
                    Form::Text => String::new(),
                    Form::Jsonl => lines::report(&found.path, &report),
                    Form::Csv => lines::csv_row(&found.path, &row),
                };
                Outcome { path: found.path.clone(), result: Ok(row), known: false, identity: None, line }
            }
            Err(failure) => self.failed(&found.path, failure),
        };
        Some(Outcome { identity, ..outcome })
    }

    /// Keeps what a file gave, if another look would find the same.
    pub(crate) fn keep(&self, outcome: &Outcome) -> anyhow::Result<()> {
        let lasting = outcome.result.as_ref().err().is_none_or(|failure| failure.code.is_final());
        match (self.store().as_ref(), &outcome.identity) {
            (Some(store), Some(identity)) if lasting => store.keep(identity, &outcome.path, &outcome.result),
            _ => Ok(()),
        }
    }

    /// Closes the store, so that its log does not stay beside it: a thread that has not ended yet would hold it open until
    /// the program ends.
    pub(crate) fn close(&self) {
        self.store().take();
    }

    fn store(&self) -> MutexGuard<'_, Option<Store>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn identity(&self, path: &Path) -> Result<Option<Identity>, Failure> {
        // What lies on a server has no time and no place of its own to be known by.
        let lasting = self.store().is_some() && !remote::is_url(path);
        Ok(if lasting { Some(Identity::of(path)?) } else { None })
    }

    fn known(&self, identity: &Identity) -> anyhow::Result<Option<Stored>> {
        self.store().as_ref().map_or(Ok(None), |store| store.find(identity))
    }

    fn stored(&self, path: &Path, stored: Stored) -> Outcome {
        let outcome = match stored {
            Ok(row) => Outcome {
                path: path.to_owned(),
                line: known(self.form, path, &row),
                result: Ok(row),
                known: false,
                identity: None,
            },
            Err(failure) => self.failed(path, failure),
        };
        Outcome { known: true, ..outcome }
    }

    fn failed(&self, path: &Path, failure: Failure) -> Outcome {
        failed(self.form, path, failure)
    }
}

/// The failure of a file whose analysis has no result.
pub(crate) fn lost(form: Form, found: &Found, lost: Lost) -> Outcome {
    failed(form, &found.path, lost.failure())
}

fn failed(form: Form, path: &Path, failure: Failure) -> Outcome {
    let line = match form {
        Form::Text => String::new(),
        Form::Jsonl => lines::error(path, &failure),
        Form::Csv => lines::csv_error(path, &failure),
    };
    Outcome { path: path.to_owned(), result: Err(failure), known: false, identity: None, line }
}

fn known(form: Form, path: &Path, row: &Row) -> String {
    match form {
        Form::Text => String::new(),
        Form::Jsonl => lines::known(path, row),
        Form::Csv => lines::csv_row(path, row),
    }
}
