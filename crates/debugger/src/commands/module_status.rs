//! What the debugger has of a module: the flag and the kind of symbols that `lm` shows.

use dumplens_core::{Module, last_name};

use crate::session::Session;

impl Session<'_, '_> {
    /// Whether the debugger read the module's symbols by now, and found some.
    pub(super) fn is_loaded(&self, index: usize) -> bool {
        self.loaded.contains(&index)
    }
}

/// The flag and the kind of symbols.
pub(super) fn status(session: &mut Session<'_, '_>, module: &Module, index: usize) -> String {
    let symbols = session.symbols_of(index);
    let (flag, kind, file) = match &symbols {
        Symbols::Deferred if session.touched.contains(&index) => {
            (session.unchecked(module), "(deferred)", String::new())
        }
        Symbols::Deferred => (' ', "(deferred)", String::new()),
        Symbols::Export => (checksum_flag(module), "(export symbols)", last_name(&module.name).to_owned()),
        Symbols::None => (session.unchecked(module), "(no symbols)", String::new()),
        Symbols::Pdb(path) => (checksum_flag(module), "(private pdb symbols)", path.clone()),
    };
    format!(" {flag} {kind:<23}{file}")
}

/// `C`: the checksum cannot be verified, as the linker set none.
fn checksum_flag(module: &Module) -> char {
    if module.checksum == 0 { 'C' } else { ' ' }
}

impl Session<'_, '_> {
    /// `T` where the image is not there to be compared with what the list says of it.
    fn unchecked(&self, module: &Module) -> char {
        if self.is_full() { checksum_flag(module) } else { 'T' }
    }
}

/// What the debugger has of a module.
pub(super) enum Symbols {
    Deferred,
    Export,
    None,
    Pdb(String),
}

impl Session<'_, '_> {
    pub(super) fn symbols_of(&mut self, index: usize) -> Symbols {
        if !self.loaded.contains(&index) {
            return Symbols::Deferred;
        }
        if let Some(pdb) = self.symbols.pdb_of(index) {
            return Symbols::Pdb(pdb);
        }
        if self.symbols.table(index).is_empty() { Symbols::None } else { Symbols::Export }
    }
}
