//! From an address to a function: local PDBs, and the exports of each image.
//!
//! ```text
//! address ─ module ─┬─ its CodeView record ─ Search ─ a PDB whose GUID and age equal ─> function, inline frames, line
//!                   └─ its export directory in the dump ─> the nearest export below
//! ```
//!
//! Nothing is read before the first lookup of an address in the module. A PDB is as untrusted as the dump: see [`pdb`].

#[cfg(feature = "pdb")]
mod by_pdb;
mod exports;
mod folders;
#[cfg(feature = "pdb")]
mod frame_rule;
mod identity;
mod images;
pub(crate) mod itanium;
mod leaf;
mod listings;
mod names;
mod one_by_one;
mod order;
#[cfg(feature = "pdb")]
pub mod pdb;
mod search;
#[cfg(feature = "symbol-server")]
mod server;
mod site;
mod typed;
mod undecorate;
mod warning;

use std::collections::{BTreeSet, HashMap};

use dumplens_core::pe::{Image, ImageError};
use dumplens_core::{Arch, Dump, Module};

use self::exports::Exports;
#[cfg(feature = "pdb")]
pub(crate) use self::frame_rule::FrameRule;
pub use self::identity::{CodeViewRecord, PdbId};
pub use self::images::supply_images;
pub(crate) use self::images::used as used_images;
pub use self::listings::Listings;
pub use self::names::{Around, Named};
pub use self::search::{NtSymbolPath, Search, SymbolServer, bare_url, parse_nt_symbol_path};
pub use self::site::{At, Site, Source};
pub use self::typed::{Field, FrameSizes, Function, Layout, Place, Shape, Signature, TypeOf, Variable};
pub use self::undecorate::{Undecorator, undecorate};
pub use self::warning::SymbolWarning;
use crate::process::module_names::module_name;
use crate::process::{Process, extent};

/// The name of threads in which libraries read PDBs. A panic there is caught and becomes a warning, so that a program's
/// own panic hook need not print it.
pub const READER_THREAD: &str = "PDB reader";

/// Bytes of names and files that one session gives out. A dump can let 100,000 frames lie in functions whose names have
/// kilobytes; a stack of 1,000 frames with long template names has 300 kB.
const MOST_TEXT: usize = 16 << 20;

/// Bytes that are gone back in one session for where inline functions begin: a question takes 256 and what they reach, so that
/// some 4,000 addresses are answered. Any takes some microseconds.
#[cfg(feature = "pdb")]
const MOST_REACH: usize = 1 << 20;

/// Bytes of exports that one session reads and holds, over all modules: many can share the bytes of one image in the
/// file. Those of a large program take a few MiB.
const MOST_EXPORTS: usize = 64 << 20;

/// Bytes of an export's name that is held beside a frame.
const MOST_EXPORT_NAME: usize = 256;

/// Resolves addresses of one process.
#[derive(Debug)]
pub struct Symbols<'p, 'd> {
    process: &'p Process<'d>,
    #[cfg(feature = "pdb")]
    folders: folders::Folders,
    modules: HashMap<usize, Loaded>,
    /// Symbols by address, of modules that were asked for theirs.
    tables: HashMap<usize, names::Table>,
    names: Undecorator,
    /// How far inline functions reach back, by module and offset from its base.
    #[cfg(feature = "pdb")]
    reaches: HashMap<(usize, u32), Vec<u32>>,
    /// What looking for that may still cost, of [`MOST_REACH`].
    #[cfg(feature = "pdb")]
    reach_left: usize,
    /// What may still be given out, of [`MOST_TEXT`].
    text_left: usize,
    /// What exports may still take, of [`MOST_EXPORTS`]; `None` once that was not enough.
    exports_left: Option<usize>,
    warnings: Vec<SymbolWarning>,
    /// PDBs that were looked for and not found, if they are to be reported.
    missing: Option<Vec<String>>,
    #[cfg(feature = "symbol-server")]
    server: Option<server::Server>,
}

/// What is known of one module, each part read when it is first asked for.
#[derive(Debug, Default)]
struct Loaded {
    exports: Option<Exports>,
    #[cfg(feature = "pdb")]
    pdb: PdbState,
}

/// A module's PDB.
#[cfg(feature = "pdb")]
#[derive(Debug, Default)]
enum PdbState {
    /// Not looked for yet.
    #[default]
    Unasked,
    /// There is none, or it failed: it is not looked for again.
    None,
    Open(pdb::Reader),
}

impl<'p, 'd> Symbols<'p, 'd> {
    /// A resolver that looks for PDBs where `search` says. It reads nothing yet.
    #[cfg_attr(not(feature = "pdb"), allow(clippy::needless_pass_by_value))] // it is kept where PDBs are read
    pub fn new(process: &'p Process<'d>, search: Search) -> Symbols<'p, 'd> {
        let mut warnings = Vec::new();
        if cfg!(not(feature = "pdb")) && (!search.dirs.is_empty() || search.beside.is_some()) {
            warnings.push(SymbolWarning::PdbUnsupported);
        }
        if cfg!(not(feature = "symbol-server")) && search.server.is_some() {
            warnings.push(SymbolWarning::ServerUnsupported);
        }
        let missing = search.tell_missing.then(Vec::new);
        Symbols {
            process,
            #[cfg(feature = "symbol-server")]
            server: search.server.clone().map(server::Server::new),
            #[cfg(feature = "pdb")]
            folders: folders::Folders::of(search),
            modules: HashMap::new(),
            tables: HashMap::new(),
            names: Undecorator::default(),
            #[cfg(feature = "pdb")]
            reaches: HashMap::new(),
            #[cfg(feature = "pdb")]
            reach_left: MOST_REACH,
            text_left: MOST_TEXT,
            exports_left: Some(MOST_EXPORTS),
            warnings,
            missing,
        }
    }

    /// Says that these addresses will be resolved: reads the headers of their images, as many as 4 MiB hold, at once.
    pub(crate) fn read_ahead(&self, addresses: &[u64]) {
        /// Bytes of an image's headers.
        const HEADERS: u64 = 0x2000;
        let modules: BTreeSet<usize> =
            addresses.iter().filter_map(|at| self.process.module_at(*at)).collect();
        let unread = modules.into_iter().filter(|n| self.modules.get(n).is_none_or(|m| m.exports.is_none()));
        let bases =
            unread.filter_map(|n| self.process.modules.get(n)).map(|module| (extent(module).0, HEADERS));
        self.process.dump.memory().read_ahead(bases);
    }

    /// The dump whose addresses are resolved.
    pub(crate) fn dump(&self) -> &'d Dump {
        self.process.dump
    }

    /// What was refused or could not be read so far, each once; the list is then empty again.
    pub fn take_warnings(&mut self) -> Vec<SymbolWarning> {
        let missing = self.missing.as_mut().map(std::mem::take).filter(|missing| !missing.is_empty());
        self.warnings.extend(missing.map(|pdbs| SymbolWarning::PdbsNotFound { pdbs }));
        std::mem::take(&mut self.warnings)
    }

    /// The sites of an address, the innermost inline function first; empty if neither a module nor managed code lies there. Once a session has
    /// given out 16 MiB of names, only the module.
    pub fn resolve(&mut self, address: u64, at: At) -> Vec<Site> {
        let looked_up = match at {
            At::Instruction => address,
            At::Return => address.wrapping_sub(1),
        };
        let Some(index) = self.process.module_at(looked_up) else {
            let managed = self.managed(address, looked_up).filter(|_| self.text_left > 0);
            return managed.into_iter().filter(|site| self.spend(std::slice::from_ref(site))).collect();
        };
        let module = &self.process.modules[index];
        let base = extent(module).0;
        let Ok(rva) = u32::try_from(looked_up - base) else {
            return Vec::new();
        };
        let name = module_name(&module.name).to_owned();
        let bare = Site::in_module(name, address.wrapping_sub(base));
        if self.text_left == 0 {
            return vec![bare];
        }
        let sites = self.functions(index, rva, &bare);
        if self.spend(&sites) { sites } else { vec![bare] }
    }

    /// The method of managed code, which lies in no module.
    fn managed(&self, address: u64, looked_up: u64) -> Option<Site> {
        let found = self.process.method_at(looked_up)?;
        let source = found.method.is_some().then_some(Source::Runtime);
        let bare = Site::in_module(found.assembly.unwrap_or_else(|| "(dynamic)".to_owned()), 0);
        Some(Site { function: found.method, offset: Some(address.wrapping_sub(found.start)), source, ..bare })
    }

    /// The export that the function at an address begins with, whatever PDBs say: the same with and without them.
    pub(crate) fn export(&mut self, address: u64, at: At) -> Option<String> {
        let looked_up = match at {
            At::Instruction => address,
            At::Return => address.wrapping_sub(1),
        };
        let index = self.process.module_at(looked_up)?;
        let rva = u32::try_from(looked_up - extent(&self.process.modules[index]).0).ok()?;
        let memory = self.process.dump.memory();
        let exports = self.exports(index);
        let export = exports.below(rva)?;
        // What is looked for among them are short names; long ones would be held for every frame.
        let short = export.name.len() <= MOST_EXPORT_NAME;
        (short && exports.is_function_of(&memory, &export, rva)).then_some(export.name)
    }

    /// The nearest export at or below an address, and how far below: a guess, but where functions are all exported.
    pub(crate) fn nearest_export(&mut self, address: u64) -> Option<(String, u64)> {
        let index = self.process.module_at(address)?;
        let rva = u32::try_from(address - extent(&self.process.modules[index]).0).ok()?;
        let export = self.exports(index).below(rva)?;
        let short = export.name.len() <= MOST_EXPORT_NAME;
        short.then(|| (export.name, u64::from(rva - export.rva)))
    }

    /// The sites of an address that lies `rva` behind the base of a module; `bare` is what is known without symbols.
    fn functions(&mut self, index: usize, rva: u32, bare: &Site) -> Vec<Site> {
        let behind_base = bare.offset.unwrap_or_default();
        #[cfg(feature = "pdb")]
        let found = self.by_pdb(index, rva);
        #[cfg(feature = "pdb")]
        if let Some((found, source)) = found.as_ref().filter(|(found, _)| !found.nearest) {
            return self.sites((index, rva), bare, found, *source);
        }
        let memory = self.process.dump.memory();
        let exports = self.exports(index);
        let Some(export) = exports.below(rva) else {
            #[cfg(feature = "pdb")]
            if let Some((found, _)) = found {
                return self.sites((index, rva), bare, &found, Source::NearestExport);
            }
            return vec![bare.clone()];
        };
        let begins = exports.is_function_of(&memory, &export, rva);
        vec![Site {
            source: Some(if begins { Source::Export } else { Source::NearestExport }),
            offset: Some(behind_base.wrapping_sub(u64::from(export.rva))),
            function: Some(self.shown(export.name)),
            ..bare.clone()
        }]
    }

    /// Whether what sites say is still within what a session may give out.
    fn spend(&mut self, sites: &[Site]) -> bool {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let bytes = sites.iter().map(|site| length(&site.function) + length(&site.file)).sum();
        let left = self.text_left.checked_sub(bytes);
        if left.is_none() {
            self.warnings.push(SymbolWarning::NamesInAll);
        }
        self.text_left = left.unwrap_or(0);
        left.is_some()
    }

    /// Without PDBs no type is known.
    #[cfg(not(feature = "pdb"))]
    #[allow(clippy::unused_self)] // what has PDBs uses it
    pub(crate) fn size_of_type(&mut self, _address: u64, _name: &str) -> Option<u64> {
        None
    }

    /// The module's exports, read from its image in the dump; none once those of others have taken what there is for
    /// all.
    fn exports(&mut self, index: usize) -> &Exports {
        let (process, warnings, left) = (self.process, &mut self.warnings, &mut self.exports_left);
        self.modules.entry(index).or_default().exports.get_or_insert_with(|| {
            let module = &process.modules[index];
            let all_read = left.is_none();
            let exports = Exports::within(process, module, left);
            if left.is_none() && !all_read {
                warnings.push(SymbolWarning::ExportsInAll);
            }
            exports.unwrap_or_else(|error| {
                // That a dump keeps no images is nothing to warn of: most small ones do not.
                if let ImageError::Malformed(why) = error {
                    let module = module.name.clone();
                    warnings.push(SymbolWarning::ExportsUnreadable { module, why });
                }
                Exports::default()
            })
        })
    }

    /// A name as it is shown: undecorated where it is decorated.
    fn shown(&mut self, name: String) -> String {
        let x86 = self.process.dump.arch() == Some(Arch::X86);
        self.names.undecorate(&name, x86).unwrap_or(name)
    }
}

/// The module's image in the dump.
pub(crate) fn image<'d>(process: &Process<'d>, module: &Module) -> Result<Image<'d>, ImageError> {
    Image::read(process.dump.memory(), module.base, module.size)
}
