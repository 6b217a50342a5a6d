//! The handles of the process, and what is known of the objects behind them.

use std::collections::HashMap;

use dumplens_core::{Dump, ObjectInformation, STILL_ACTIVE};

/// Characters of a name: each wait for the object has it.
const MOST_OF_NAME: usize = 260;

/// What is known of a handle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// The object's type; `None` if the writer gave none.
    pub(super) kind: Option<String>,
    /// Its name.
    pub(super) name: Option<String>,
    /// Who holds it, or which thread it is: process and thread.
    pub(super) owner: Option<(u64, u64)>,
    /// Of a thread or a process, whether it has ended.
    pub(super) ended: Option<bool>,
    /// Whether it is signalled, so that a wait for it ends.
    pub(super) signalled: Option<bool>,
    /// Of a process, its ID.
    pub(super) process: Option<u64>,
}

/// Handles by their values.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: HashMap<u64, Entry>,
    /// Whether the dump lists handles at all.
    pub(super) is_listed: bool,
}

impl Table {
    /// Reads the handle stream. Damage in it is reported where the process's handles are counted.
    pub(super) fn of(dump: &Dump) -> Table {
        let Ok(Some(handles)) = dump.handles() else { return Table::default() };
        let whole = handles.damage.is_empty();
        let text = |text: Option<String>| {
            text.filter(|text| !text.is_empty()).map(|text| text.chars().take(MOST_OF_NAME).collect())
        };
        let mut entries: HashMap<u64, Entry> = HashMap::with_capacity(handles.list.len());
        for handle in handles.list {
            let (kind, name) = (text(handle.type_name), text(handle.object_name));
            entries.insert(handle.handle, Entry { kind, name, ..Entry::default() });
        }
        let information = dump.handle_information().ok().flatten().unwrap_or_default();
        for of in information.list {
            if let Some(entry) = entries.get_mut(&of.handle) {
                entry.learn(of.information);
            }
        }
        Table { is_listed: whole && !entries.is_empty(), entries }
    }

    pub(super) fn get(&self, handle: u64) -> Option<&Entry> {
        self.entries.get(&handle)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Whether a value can be a handle: one of the list, or, without a list, a small multiple of four.
    pub(super) fn may_be(&self, value: u64) -> bool {
        /// The table of a process ends at 16 million handles.
        const MOST: u64 = 4 << 24;
        if self.is_listed {
            self.entries.contains_key(&value)
        } else {
            value != 0 && value.is_multiple_of(4) && value < MOST
        }
    }
}

impl Entry {
    /// What the kernel said about the object. It names the type too, which some writers leave out.
    fn learn(&mut self, information: ObjectInformation) {
        let kind = match information {
            ObjectInformation::Thread { exit_status, process_id, thread_id } => {
                self.owner = Some((process_id, thread_id));
                self.ended = Some(exit_status != STILL_ACTIVE);
                self.signalled = self.ended;
                "Thread"
            }
            ObjectInformation::Process { exit_status, process_id } => {
                self.process = Some(process_id);
                self.ended = Some(exit_status != STILL_ACTIVE);
                self.signalled = self.ended;
                "Process"
            }
            ObjectInformation::Mutant { count, .. } => {
                self.signalled = Some(count > 0);
                "Mutant"
            }
            ObjectInformation::MutantOwner { process_id, thread_id } => {
                self.owner = (thread_id != 0).then_some((process_id, thread_id)).or(self.owner);
                "Mutant"
            }
            ObjectInformation::Event { signalled, .. } => {
                self.signalled = Some(signalled);
                "Event"
            }
            ObjectInformation::Semaphore { count, .. } => {
                self.signalled = Some(count > 0);
                "Semaphore"
            }
            _ => return,
        };
        self.kind.get_or_insert_with(|| kind.to_owned());
    }

    /// Whether it is of this type.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind.as_deref() == Some(kind)
    }
}
