//! Finding the PDB of a module, and asking it.

use dumplens_core::{Module, last_name};

use super::folders::Wanted;
use super::identity::CodeViewRecord;
use super::warning::{self, SymbolWarning};
use super::{PdbState, Site, Source, Symbols, pdb};

impl Symbols<'_, '_> {
    /// Opens the module's PDB, unless it was looked for before.
    fn look_for_pdb(&mut self, index: usize) {
        if matches!(self.modules.entry(index).or_default().pdb, PdbState::Unasked) {
            let opened = self.open_pdb(index).map_or(PdbState::None, PdbState::Open);
            self.modules.entry(index).or_default().pdb = opened;
        }
    }

    /// Every name that the module's PDB has; `None` if there is no PDB.
    pub(super) fn names_by_pdb(&mut self, index: usize) -> Option<Vec<pdb::Name>> {
        self.look_for_pdb(index);
        let PdbState::Open(reader) = &self.modules.get(&index)?.pdb else { return None };
        let (file, names) = (reader.file().to_owned(), reader.names());
        match names {
            Ok(names) => Some(names),
            Err(error) => {
                self.modules.entry(index).or_default().pdb = PdbState::None;
                self.warn(SymbolWarning::PdbUnreadable { file, why: error.to_string() });
                None
            }
        }
    }

    /// As [`pdb::Reader::undo`]; `None` too if there is no PDB.
    pub(super) fn frame_by_pdb(
        &mut self,
        index: usize,
        rva: u32,
    ) -> Option<(Option<u32>, pdb::FrameProgram)> {
        self.look_for_pdb(index);
        let PdbState::Open(reader) = &self.modules.get(&index)?.pdb else { return None };
        let (file, undo) = (reader.file().to_owned(), reader.undo(rva));
        undo.unwrap_or_else(|error| {
            self.modules.entry(index).or_default().pdb = PdbState::None;
            self.warn(SymbolWarning::PdbUnreadable { file, why: error.to_string() });
            None
        })
    }

    /// As [`pdb::Reader::inlined`].
    pub(super) fn inlined_by_pdb(&self, index: usize, rva: u32) -> Option<(Vec<u32>, bool)> {
        let PdbState::Open(reader) = &self.modules.get(&index)?.pdb else { return None };
        reader.inlined(rva).ok()
    }

    /// Asks a module's PDB; `None` if there is none, or if it has no answer.
    pub(super) fn ask_pdb<T>(
        &mut self,
        index: usize,
        ask: impl FnOnce(&pdb::Reader) -> Result<T, pdb::PdbError>,
    ) -> Option<T> {
        self.look_for_pdb(index);
        let PdbState::Open(reader) = &self.modules.get(&index)?.pdb else { return None };
        ask(reader).ok()
    }

    /// What the module's PDB says of an offset from its base; `None` too if there is no PDB.
    pub(super) fn by_pdb(&mut self, index: usize, rva: u32) -> Option<(pdb::Found, Source)> {
        self.look_for_pdb(index);
        let slot = &mut self.modules.get_mut(&index)?.pdb;
        let PdbState::Open(reader) = slot else {
            return None;
        };
        let (answer, source) = (reader.find(rva), reader.source());
        let mut warnings: Vec<SymbolWarning> = Vec::new();
        let found = match answer {
            Ok(answer) => {
                for why in answer.refused {
                    warnings.push(SymbolWarning::PdbUnreadable { file: reader.file().to_owned(), why });
                }
                answer.found
            }
            Err(error) => {
                let (file, why) = (reader.file().to_owned(), error.to_string());
                warnings.push(SymbolWarning::PdbUnreadable { file, why });
                *slot = PdbState::None;
                None
            }
        };
        for warning in warnings {
            self.warn(warning);
        }
        found.map(|found| (found, source))
    }

    /// The bytes of a type that the PDB of the module at an address knows by this name.
    pub(crate) fn size_of_type(&mut self, address: u64, name: &str) -> Option<u64> {
        let index = self.process.module_at(address)?;
        let PdbState::Open(reader) = &self.modules.get(&index)?.pdb else { return None };
        let (file, size) = (reader.file().to_owned(), reader.size_of_type(name));
        match size {
            Ok(size) => size,
            Err(error) => {
                self.warn(SymbolWarning::PdbUnreadable { file, why: error.to_string() });
                None
            }
        }
    }

    fn warn(&mut self, warning: SymbolWarning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// The first file that is the module's PDB; those that are not it are named if none is.
    fn open_pdb(&mut self, index: usize) -> Option<pdb::Reader> {
        if !self.searches() {
            return None;
        }
        let module = &self.process.modules[index];
        let record = match CodeViewRecord::of(self.process, module)? {
            Ok(record) => record,
            Err(name) => {
                let module = module.name.clone();
                self.warn(SymbolWarning::PdbNameUnusable { module, name });
                return None;
            }
        };
        let extension = extension(module);
        let mut refused = Vec::new();
        let id = record.id.to_string();
        // Breakpad's symbol files lie in folders of the PDB's name, too.
        let sym = format!("{}.sym", record.file.strip_suffix(".pdb").unwrap_or(&record.file));
        for file in [&record.file, &sym] {
            let wanted = Wanted { folder: &record.file, file, id: &id, extension: &extension };
            for file in self.folders.candidates(&wanted, &mut self.warnings) {
                match pdb::Reader::open(&file, record.id) {
                    Ok(reader) => return Some(reader),
                    Err(error) => refused.push(warning::refused(&file, record.id, &error)),
                }
            }
        }
        #[cfg(feature = "symbol-server")]
        if let Some(reader) = self.ask_server(&record) {
            return Some(reader);
        }
        if let Some(missing) = self.missing.as_mut().filter(|_| refused.is_empty()) {
            missing.push(format!("{} ({})", record.file, record.id));
        }
        for warning in refused {
            self.warn(warning);
        }
        None
    }

    #[cfg(not(feature = "symbol-server"))]
    fn searches(&self) -> bool {
        !self.folders.is_empty()
    }

    #[cfg(feature = "symbol-server")]
    fn searches(&self) -> bool {
        !self.folders.is_empty() || self.server.is_some()
    }

    #[cfg(feature = "symbol-server")]
    fn ask_server(&mut self, record: &CodeViewRecord) -> Option<pdb::Reader> {
        let fetched = self.server.as_mut()?.fetch(record);
        let failed = match fetched {
            Ok(Some(file)) => match pdb::Reader::open(&file, record.id) {
                Ok(reader) => return Some(reader),
                Err(error) => warning::refused(&file, record.id, &error),
            },
            Ok(None) => return None,
            Err(why) => SymbolWarning::ServerFailed { pdb: record.file.clone(), why },
        };
        self.warn(failed);
        None
    }

    /// The sites of what a PDB says of `rva` of a module, for an address at `bare`'s offset from its base.
    pub(super) fn sites(
        &mut self,
        (index, rva): (usize, u32),
        bare: &Site,
        found: &pdb::Found,
        source: Source,
    ) -> Vec<Site> {
        let offset = bare.offset.unwrap_or_default();
        let last = found.frames.len().saturating_sub(1);
        let reach = if last > 0 { self.inline_reach(index, rva) } else { Vec::new() };
        let mut sites = Vec::with_capacity(found.frames.len());
        for (n, frame) in found.frames.iter().enumerate() {
            let inline = n != last;
            let function = frame.function.clone().map(|name| self.shown(name));
            let start = if function.is_some() { u64::from(found.start) } else { 0 };
            let begins = reach.get(n).and_then(|reach| rva.checked_sub(*reach)).map(u64::from);
            let begins = if inline { begins } else { Some(start) };
            sites.push(Site {
                module: bare.module.clone(),
                offset: begins.map(|begins| offset.wrapping_sub(begins)),
                file: frame.file.clone(),
                line: frame.line,
                inline,
                source: function.as_ref().map(|_| source),
                function,
            });
        }
        sites
    }

    /// How far each inline function at an offset reaches back, the innermost first; empty once a session has looked for too
    /// many.
    fn inline_reach(&mut self, index: usize, rva: u32) -> Vec<u32> {
        if let Some(known) = self.reaches.get(&(index, rva)) {
            return known.clone();
        }
        if self.reach_left == 0 {
            return Vec::new();
        }
        let (reach, _) = self.inlined_by_pdb(index, rva).unwrap_or_default();
        let steps = 256 + reach.iter().max().map_or(0, |steps| *steps as usize);
        self.reach_left = self.reach_left.saturating_sub(steps);
        self.reaches.insert((index, rva), reach.clone());
        reach
    }
}

/// The extension of the module's file in lower case, as symbol folders are named after it: `exe`, `dll`.
fn extension(module: &Module) -> String {
    let path = &module.name;
    let file = last_name(path);
    file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}
