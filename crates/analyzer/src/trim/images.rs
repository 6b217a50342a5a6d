//! What of images a redacted copy keeps: what was never written to, and the code that was read.

use dumplens_core::Module;
use dumplens_core::pe::Image;
use dumplens_core::{MemoryType, Spans};

use crate::process::{Process, extent};
use crate::space::{PAGE, WRITABLE};

/// What a part of an image is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Headers, and sections that are not to be written to.
    Constant,
    /// Code that may be written to, as in images that unpack themselves.
    WritableCode,
    Variables,
}

/// The images of the process, as the module list has them.
pub(super) struct Images<'p, 'd> {
    process: &'p Process<'d>,
    all: Vec<Option<Image<'d>>>,
}

impl<'p, 'd> Images<'p, 'd> {
    pub(super) fn of(process: &'p Process<'d>) -> Images<'p, 'd> {
        let memory = process.dump.memory();
        let image = |module: &Module| Image::read(memory, module.base, module.size).ok();
        Images { process, all: process.modules.iter().map(image).collect() }
    }

    /// Where images name PDBs with their folders, and what is to stand there instead.
    pub(super) fn pdb_paths(&self) -> Vec<(u64, Vec<u8>)> {
        self.all.iter().flatten().filter_map(Image::pdb_path).collect()
    }

    /// What an image's headers say of an address in it. The headers themselves lie before all sections.
    fn part(&self, address: u64) -> Option<Part> {
        let index = self.process.module_at(address)?;
        let base = extent(self.process.modules.get(index)?).0;
        let rva = u32::try_from(address.checked_sub(base)?).ok()?;
        match self.all.get(index)?.as_ref()?.section_at(rva) {
            Some(section) if !section.writable => Some(Part::Constant),
            Some(section) if section.executable => Some(Part::WritableCode),
            Some(_) => Some(Part::Variables),
            None => (u64::from(rva) < PAGE).then_some(Part::Constant),
        }
    }

    /// Keeps pages as they came from disk.
    pub(super) fn constant(&self, keep: &Spans, kept: &mut Spans) {
        for (start, end) in keep.runs() {
            let mut page = start;
            while page < end {
                if self.is_constant(page) {
                    kept.add(page, PAGE);
                }
                page = page.saturating_add(PAGE);
            }
        }
    }

    /// Whether a page cannot have been written to: neither now, by the map, nor by its section. Without a map the section
    /// must say so.
    fn is_constant(&self, page: u64) -> bool {
        let space = &self.process.space;
        let part = self.part(page);
        match space.region_at(page).filter(|_| space.is_mapped()) {
            Some(region) => {
                let image = region.kind == MemoryType::IMAGE && region.protect.0 & WRITABLE == 0;
                image && part.is_none_or(|part| part == Part::Constant)
            }
            None => !space.is_mapped() && part == Some(Part::Constant),
        }
    }

    /// Keeps what walks read of code and what describes it, also where it can be written to, as in images that unpack
    /// themselves; but not of sections for variables.
    pub(super) fn code(&self, reads: &Spans, kept: &mut Spans) {
        for (base, end) in self.process.modules.iter().map(extent) {
            for (from, until) in reads.within(base, end) {
                let (mut at, until) = (from.max(base), until.min(end));
                while at < until {
                    let behind = (at | (PAGE - 1)).saturating_add(1).min(until);
                    if matches!(self.part(at), Some(Part::Constant | Part::WritableCode)) {
                        kept.add(at, behind - at);
                    }
                    at = behind;
                }
            }
        }
    }
}
