//! The exports of one image, for the question which of them lies nearest below an address.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use dumplens_core::pe::{self, ExportTarget, Image, ImageError, Section};
use dumplens_core::unwind::FunctionTable;
use dumplens_core::{Module, ReadMemory};

use super::{leaf, order};
use crate::process::Process;

/// `IMAGE_FILE_MACHINE_AMD64`.
const X64: u16 = 0x8664;

/// What counts for exports that cannot be read: the tables of as many as an image can have take half of it.
const FAILED_EXPORTS: usize = 1 << 20;

/// No function is as long. Where a table of functions shows how many begin in between, an export that lies so far below is
/// not named; elsewhere it is, as the debugger does.
const FURTHEST: u32 = 1 << 20;

/// One export with an address of its own.
#[derive(Debug)]
pub(super) struct Named {
    /// From the image base.
    pub(super) rva: u32,
    /// The name, or `Ordinal` and the number for one without, as the debugger has it.
    pub(super) name: String,
}

/// Sorted by address; of several names for one address only the first in the alphabet counts.
#[derive(Debug, Default)]
pub(super) struct Exports {
    all: pe::Exports,
    /// Address, and place among all. Forwarded exports have no address here and are left out. Only once several were
    /// looked for.
    sorted: OnceCell<Vec<(u32, usize)>>,
    /// How many were looked for by a pass over all.
    passes: Cell<usize>,
    sections: Vec<Section>,
    /// Where the functions begin and end, as an x64 image tells.
    functions: Option<FunctionTable>,
}

impl Exports {
    /// The module's exports; none where `left` does not reach. It becomes `None` when that happens.
    pub(super) fn within(
        process: &Process<'_>,
        module: &Module,
        left: &mut Option<usize>,
    ) -> Result<Exports, ImageError> {
        let mut spend = |bytes: usize| {
            *left = left.and_then(|left| left.checked_sub(bytes));
            left.is_some()
        };
        if !spend(0) {
            return Ok(Exports::default());
        }
        let image = super::image(process, module)?;
        if !spend(image.export_bytes() as usize) {
            return Ok(Exports::default());
        }
        let exports = Exports::read(&image);
        let held = exports.as_ref().map_or(FAILED_EXPORTS, Exports::bytes);
        if spend(held) { exports } else { exports.map(|_| Exports::default()) }
    }

    /// Reads the export directory from the dump.
    fn read(image: &Image<'_>) -> Result<Exports, ImageError> {
        let all = image.exports()?.unwrap_or_default();
        let functions = image.function_table().filter(|_| image.machine() == X64);
        let sections = image.sections().to_vec();
        Ok(Exports { all, sections, functions, ..Exports::default() })
    }

    /// What they take in memory, about.
    pub(super) fn bytes(&self) -> usize {
        self.all.bytes() + size_of::<(u32, usize)>() * self.all.len()
    }

    /// Whether it is proved that no function begins behind the export and up to `rva`: by the image's table of functions,
    /// or, of leaf functions, which that table leaves out, by their instructions.
    pub(super) fn is_function_of(&self, memory: &dyn ReadMemory, export: &Named, rva: u32) -> bool {
        let Some(table) = &self.functions else { return false };
        match table.find(memory, rva).and_then(|f| f.map(|f| table.primary(memory, f)).transpose()) {
            Ok(Some(function)) => function.begin == export.rva,
            Ok(None) => leaf::reaches(memory, table, export.rva, rva),
            Err(_) => false,
        }
    }

    /// Every export, forwarded ones at the name that they forward to, by address, in the debugger's order; and whether
    /// it is code.
    pub(super) fn every(&self) -> Vec<(Named, bool)> {
        let named = |export: pe::Export<'_>| {
            let code = matches!(export.target, ExportTarget::Rva(_)) && self.is_code(export.rva);
            (Named { rva: export.rva, name: name(&export).into_owned() }, code)
        };
        let mut every: Vec<(Named, bool)> = self.all.iter().map(named).collect();
        // As the table of names has them.
        every.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        order::sort(&mut every, |(export, _)| export.rva);
        every
    }

    /// Whether an offset from the image's base lies in a section of code.
    fn is_code(&self, rva: u32) -> bool {
        let within = |s: &&Section| rva.checked_sub(s.rva).is_some_and(|offset| offset < s.size);
        self.sections.iter().find(within).is_some_and(|section| section.executable)
    }

    /// The nearest export at or below `rva`, if it lies in the same section, and near enough to tell anything.
    pub(super) fn below(&self, rva: u32) -> Option<Named> {
        let most = if self.functions.is_some() { FURTHEST } else { u32::MAX };
        let near = |(begin, _): &(u32, usize)| rva - begin < most;
        let (rva, place) = self.nearest(rva).filter(near)?;
        Some(Named { rva, name: name(&self.all.get(place)?).into_owned() })
    }
}

impl Exports {
    /// The nearest export at or below `rva` in the same section: address, and place among all. Of most images one or two are
    /// asked for: one pass over all costs less than to sort them.
    fn nearest(&self, rva: u32) -> Option<(u32, usize)> {
        let passes = self.passes.get();
        if passes >= PASSES {
            return nearest(self.sorted.get_or_init(|| by_address(&self.all)), &self.sections, rva);
        }
        self.passes.set(passes + 1);
        let mut best: Option<(u32, usize)> = None;
        for (place, at) in addresses(&self.all).filter(|(_, at)| *at <= rva) {
            if best.is_none_or(|(known, kept)| known < at || known == at && is_before(&self.all, place, kept))
            {
                best = Some((at, place));
            }
        }
        nearest(best.as_slice(), &self.sections, rva)
    }
}

/// Passes after which the exports are sorted.
const PASSES: usize = 8;

/// Whether of two exports with one address the first is the one that counts.
fn is_before(all: &pe::Exports, place: usize, kept: usize) -> bool {
    match (all.get(place), all.get(kept)) {
        (Some(one), Some(other)) => name(&one) < name(&other),
        _ => false,
    }
}

/// Place among all and address of each export that has one.
fn addresses(all: &pe::Exports) -> impl Iterator<Item = (usize, u32)> {
    (0..all.len()).filter_map(|place| match all.get(place)?.target {
        ExportTarget::Rva(rva) => Some((place, rva)),
        ExportTarget::Forward(_) => None,
    })
}

fn nearest(sorted: &[(u32, usize)], sections: &[Section], rva: u32) -> Option<(u32, usize)> {
    let section = sections.iter().find(|s| rva.checked_sub(s.rva).is_some_and(|offset| offset < s.size))?;
    let after = sorted.partition_point(|(begin, _)| *begin <= rva);
    sorted.get(after.checked_sub(1)?).copied().filter(|(begin, _)| *begin >= section.rva)
}

/// Address of each export and its place among all.
fn by_address(all: &pe::Exports) -> Vec<(u32, usize)> {
    let mut sorted: Vec<(u32, usize)> = addresses(all).map(|(place, rva)| (rva, place)).collect();
    sorted.sort_unstable();
    sorted.dedup_by(|(rva, place), kept| {
        if *rva == kept.0 && is_before(all, *place, kept.1) {
            kept.1 = *place;
        }
        *rva == kept.0
    });
    sorted
}

/// An export's name, if need be one made of its ordinal.
fn name<'e>(export: &pe::Export<'e>) -> Cow<'e, str> {
    export.name.map_or_else(|| format!("Ordinal{}", export.ordinal).into(), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_reaches_to_the_end_of_its_section_and_no_further() {
        let section =
            |rva, size| Section { name: String::new(), rva, size, writable: false, executable: false };
        let sorted = [(0x1010, 1), (0x1400, 0)];
        let sections = [section(0x1000, 0x800), section(0x3000, 0x1000)];
        let place = |rva| nearest(&sorted, &sections, rva).map(|(_, place)| place);
        assert_eq!([place(0), place(0x1000), place(0x100f)], [None; 3]);
        assert_eq!([place(0x1010), place(0x13ff)], [Some(1); 2]);
        assert_eq!([place(0x1400), place(0x17ff)], [Some(0); 2]);
        assert_eq!([place(0x1800), place(0x3000), place(u32::MAX)], [None; 3]);
    }
}
