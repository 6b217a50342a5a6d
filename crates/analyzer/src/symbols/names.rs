//! Names as the debugger resolves them: by `module!name`, by pattern, and the nearest at or below an address.

use std::rc::Rc;

use super::Symbols;
use crate::process::extent;

/// A symbol of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name, undecorated where it is decorated. It may be hostile.
    pub name: String,
    /// Its address.
    pub address: u64,
    /// Whether it lies in code.
    pub code: bool,
    /// The index of its type in the module's PDB; 0 where none is known.
    pub type_index: u32,
    /// Whether it is the name that is shown for its address, of several.
    shown: bool,
}

/// The symbols around an address: the nearest at or below it, and the next one behind that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Around {
    /// The module, by its index.
    pub module: usize,
    /// The nearest symbol at or below the address; `None` if all are above it.
    pub at: Option<Named>,
    /// The next symbol.
    pub next: Option<Named>,
}

/// All symbols of one module, by address.
pub(super) type Table = Rc<[Named]>;

impl Symbols<'_, '_> {
    /// Every symbol of a module, by address: what its export directory names.
    pub fn table(&mut self, module: usize) -> Rc<[Named]> {
        if let Some(table) = self.tables.get(&module) {
            return Rc::clone(table);
        }
        let table: Table = self.read_table(module).into();
        self.tables.insert(module, Rc::clone(&table));
        table
    }

    fn read_table(&mut self, module: usize) -> Vec<Named> {
        let Some(of) = self.process.modules.get(module) else { return Vec::new() };
        let base = extent(of).0;
        #[cfg(feature = "pdb")]
        if let Some(names) = self.names_by_pdb(module) {
            return self.of_pdb(base, names);
        }
        let exports = self.exports(module);
        let every: Vec<(u32, String, bool)> =
            exports.every().into_iter().map(|(e, code)| (e.rva, e.name, code)).collect();
        let ntdll = super::module_name(&of.name).eq_ignore_ascii_case("ntdll");
        let mut names = Vec::with_capacity(every.len());
        for of_one in every.chunk_by(|a, b| a.0 == b.0) {
            let chosen = shown_of(of_one.iter().map(|(_, name, _)| name.as_str()), ntdll);
            for (n, (rva, name, code)) in of_one.iter().enumerate() {
                let address = base.wrapping_add(u64::from(*rva));
                let name = self.debugger_name(name.clone());
                names.push(Named { name, address, code: *code, type_index: 0, shown: n == chosen });
            }
        }
        names
    }

    /// The names of a PDB: of those of one address, what an object file calls it, or else the first public name.
    #[cfg(feature = "pdb")]
    fn of_pdb(&mut self, base: u64, mut names: Vec<super::pdb::Name>) -> Vec<Named> {
        names.sort_by(|a, b| (a.rva, a.public, &a.name).cmp(&(b.rva, b.public, &b.name)));
        names.dedup_by(|later, kept| {
            later.rva == kept.rva && (later.name == kept.name || later.public && !kept.public)
        });
        let mut table = Vec::with_capacity(names.len());
        for super::pdb::Name { rva, name, public, code, type_index } in names {
            let name = if public { self.public_name(&name) } else { name };
            let address = base.wrapping_add(u64::from(rva));
            // Of several names of one address the first.
            let shown = table.last().is_none_or(|last: &Named| last.address != address);
            table.push(Named { name, address, code, type_index, shown });
        }
        table
    }

    /// A public name as the debugger shows it: undecorated, or with what C and the compiler put around it cut off.
    #[cfg(feature = "pdb")]
    fn public_name(&mut self, name: &str) -> String {
        if name.starts_with("??_C@") {
            return "`string'".to_owned();
        }
        if name.starts_with('?') {
            return self.shown(name.to_owned());
        }
        let plain = name.strip_prefix('_').filter(|rest| !rest.is_empty()).unwrap_or(name);
        let plain = plain.split("@@").next().unwrap_or(plain);
        without_bytes(plain).unwrap_or(plain).replace('@', "")
    }

    /// How far each inline function at an address reaches back from it, the innermost first, and whether the function
    /// ends behind the byte there; nothing without a PDB.
    pub fn inlined(&mut self, address: u64) -> (Vec<u32>, bool) {
        #[cfg(feature = "pdb")]
        if let Some(module) = self.process.module_at(address)
            && let Ok(rva) = u32::try_from(address - extent(&self.process.modules[module]).0)
        {
            return self.inlined_by_pdb(module, rva).unwrap_or_default();
        }
        let _ = address;
        (Vec::new(), false)
    }

    /// An export as the debugger shows it: undecorated, and without the underscore and the bytes of arguments that C
    /// puts around a name.
    fn debugger_name(&mut self, name: String) -> String {
        if name.starts_with('?') {
            return self.shown(name);
        }
        let plain = name.strip_prefix('_').filter(|rest| !rest.is_empty()).unwrap_or(&name);
        without_bytes(plain).unwrap_or(plain).to_owned()
    }

    /// The symbols around an address; `None` outside all modules.
    pub fn around(&mut self, address: u64) -> Option<Around> {
        let module = self.process.module_at(address)?;
        let table = self.table(module);
        let behind = table.partition_point(|symbol| symbol.address <= address);
        let at = behind.checked_sub(1).and_then(|n| table.get(n)).map(|last| {
            let first = table.partition_point(|symbol| symbol.address < last.address);
            let mut of_one = table.iter().take(behind).skip(first);
            of_one.find(|symbol| symbol.shown).unwrap_or(last).clone()
        });
        Some(Around { module, at, next: table.get(behind).cloned() })
    }

    /// The address of a symbol of a module, ignoring the case of its name.
    pub fn address_of(&mut self, module: usize, name: &str) -> Option<u64> {
        let table = self.table(module);
        let found = table.iter().find(|symbol| symbol.name.eq_ignore_ascii_case(name));
        found.map(|symbol| symbol.address)
    }

    /// Whether a PDB belongs to the module and is open: its path. Nothing is looked for.
    pub fn pdb_of(&self, module: usize) -> Option<String> {
        #[cfg(feature = "pdb")]
        if let Some(super::PdbState::Open(reader)) = self.modules.get(&module).map(|loaded| &loaded.pdb) {
            return Some(reader.file().to_owned());
        }
        let _ = module;
        None
    }
}

/// A name without the bytes of its arguments, `@8` for instance.
fn without_bytes(name: &str) -> Option<&str> {
    let (short, bytes) = name.rsplit_once('@')?;
    let number = !bytes.is_empty() && bytes.bytes().all(|c| c.is_ascii_digit());
    Some(short).filter(|short| number && !short.is_empty())
}

/// Which of an address's exports the debugger shows: one with fewer underscores before it; of equals the last in its table,
/// of ntdll's `Nt` and `Zw` the first.
fn shown_of<'n>(names: impl DoubleEndedIterator<Item = &'n str> + ExactSizeIterator, first: bool) -> usize {
    let underscores = |name: &str| name.len() - name.trim_start_matches('_').len();
    let names = names.enumerate();
    let chosen = if first {
        names.min_by_key(|(_, name)| underscores(name))
    } else {
        names.rev().min_by_key(|(_, name)| underscores(name))
    };
    chosen.map_or(0, |(n, _)| n)
}

#[cfg(test)]
mod tests {
    use super::{shown_of, without_bytes};

    /// What dbghelp showed of Wine's ucrtbase, cmake and ntdll.
    #[test]
    fn of_several_names_the_debuggers_is_shown() {
        let shown = |names: &[&'static str], first| names[shown_of(names.iter().copied(), first)];
        assert_eq!(shown(&["_o_malloc", "malloc"], false), "malloc");
        assert_eq!(shown(&["modff", "_o_modff"], false), "modff");
        assert_eq!(
            shown(&["curl_easy_ssls_export", "curl_easy_ssls_import"], false),
            "curl_easy_ssls_import"
        );
        assert_eq!(shown(&["ZwClose", "NtClose"], true), "ZwClose");
        assert_eq!(shown(&["NtDelayExecution", "ZwDelayExecution"], true), "NtDelayExecution");
    }

    #[test]
    fn bytes_of_arguments_are_no_part_of_a_name() {
        assert_eq!(without_bytes("_CxxThrowException@8"), Some("_CxxThrowException"));
        assert_eq!(without_bytes("name@x"), None);
        assert_eq!(without_bytes("@8"), None);
    }
}
