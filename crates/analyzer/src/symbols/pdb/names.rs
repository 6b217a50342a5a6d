//! Every name that a PDB has for an address: functions and data of object files, and public names.

use ::pdb_addr2line::ModuleProvider as _;
use ::pdb_addr2line::pdb::{
    AddressMap, FallibleIterator as _, Module, PdbInternalSectionOffset, Source, SymbolData, SymbolTable,
};

use super::broken::Broken;
use super::objects::Objects;

/// Names of one PDB; those of the largest programs are some millions.
const MOST_NAMES: usize = 4 << 20;
/// Bytes of them together.
const MOST_TEXT: usize = 256 << 20;
/// Bytes of one name.
const LONGEST: usize = 4096;

/// A name and its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// From the image base.
    pub rva: u32,
    /// As the PDB has it: public names are decorated.
    pub name: String,
    /// Whether it is a public name.
    pub public: bool,
    /// Whether it is a function.
    pub code: bool,
    /// The index of its type; 0 where the PDB has none.
    pub type_index: u32,
}

/// The names, in no order; `true` if there are more than are read.
pub(super) fn all<'s, S: Source<'s> + Send + 's>(
    globals: &SymbolTable<'_>,
    objects: &Objects<'s, S>,
    modules: &[Module<'_>],
    addresses: &AddressMap<'_>,
) -> Result<Vec<Name>, Broken> {
    let mut names = Names { addresses, list: Vec::new(), text: 0 };
    let mut symbols = globals.iter();
    while let Some(symbol) = symbols.next()? {
        // One that cannot be read has no name to give.
        if let Ok(data) = symbol.parse() {
            names.add(&data);
        }
        if names.is_full() {
            return Ok(names.list);
        }
    }
    for (index, module) in modules.iter().enumerate() {
        let Some(info) = objects.get_module_info(index, module)? else { continue };
        let mut symbols = info.symbols()?;
        while let Some(symbol) = symbols.next()? {
            if let Ok(data) = symbol.parse() {
                names.add(&data);
            }
            if names.is_full() {
                return Ok(names.list);
            }
        }
    }
    Ok(names.list)
}

struct Names<'m, 'a> {
    addresses: &'m AddressMap<'a>,
    list: Vec<Name>,
    text: usize,
}

impl Names<'_, '_> {
    fn is_full(&self) -> bool {
        self.list.len() >= MOST_NAMES || self.text >= MOST_TEXT
    }

    fn add(&mut self, data: &SymbolData<'_>) {
        match data {
            SymbolData::Public(public) => {
                let code = public.function || public.code;
                self.push(public.offset, &public.name.to_string(), true, code, 0);
            }
            SymbolData::Procedure(procedure) => {
                let of = procedure.type_index.0;
                self.push(procedure.offset, &procedure.name.to_string(), false, true, of);
            }
            SymbolData::Data(data) => {
                self.push(data.offset, &data.name.to_string(), false, false, data.type_index.0);
            }
            _ => {}
        }
    }

    fn push(
        &mut self,
        offset: PdbInternalSectionOffset,
        name: &str,
        public: bool,
        code: bool,
        type_index: u32,
    ) {
        let Some(rva) = offset.to_rva(self.addresses) else { return };
        if name.is_empty() || name.len() > LONGEST {
            return;
        }
        self.text += name.len();
        self.list.push(Name { rva: rva.0, name: name.to_owned(), public, code, type_index });
    }
}
