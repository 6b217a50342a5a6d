//! The object files (`modules` in PDB terms) inside a PDB: each is read and checked on first use.

use std::sync::{Mutex, OnceLock, PoisonError};

use ::pdb_addr2line::ModuleProvider;
use ::pdb_addr2line::pdb::{Error, Module, ModuleInfo, PDB, Source};

use super::ids::SafeIds;
use super::scopes;

pub(super) struct Objects<'s, S> {
    pdb: Mutex<PDB<'s, S>>,
    read: Vec<OnceLock<Option<ModuleInfo<'s>>>>,
    safe: SafeIds,
    refused: Mutex<Vec<String>>,
}

impl<'s, S: Source<'s> + Send + 's> Objects<'s, S> {
    pub(super) fn new(pdb: PDB<'s, S>, count: usize, safe: SafeIds) -> Objects<'s, S> {
        let read = (0..count).map(|_| OnceLock::new()).collect();
        Objects { pdb: Mutex::new(pdb), read, safe, refused: Mutex::new(Vec::new()) }
    }

    /// What was refused since the last call.
    pub(super) fn take_refused(&self) -> Vec<String> {
        std::mem::take(&mut *self.refused.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn read(&self, module: &Module<'_>) -> Option<ModuleInfo<'s>> {
        let read = self.pdb.lock().unwrap_or_else(PoisonError::into_inner).module_info(module);
        let checked = match read {
            Ok(Some(info)) => scopes::check(&info, &self.safe).map(|()| info),
            Ok(None) => return None, // an object file without symbols
            Err(error) => Err(error.to_string()),
        };
        let why = match checked {
            Ok(info) => return Some(info),
            Err(why) => why,
        };
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.push(format!("the symbols of {} are left out: {why}", module.module_name()));
        None
    }
}

impl<'s, S: Source<'s> + Send + 's> ModuleProvider<'s> for Objects<'s, S> {
    fn get_module_info(&self, index: usize, module: &Module<'_>) -> Result<Option<&ModuleInfo<'s>>, Error> {
        Ok(self.read.get(index).and_then(|slot| slot.get_or_init(|| self.read(module)).as_ref()))
    }
}
