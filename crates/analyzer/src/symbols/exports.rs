//! The exports of one image, for the question which of them lies nearest below an address.

use dumplens_core::ReadMemory;
use dumplens_core::minidump::MinidumpModule;
use dumplens_core::pe::{ExportTarget, ImageError, Section};
use dumplens_core::unwind::FunctionTable;

use crate::process::Process;

/// One export with an address of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// From the image base.
    pub(super) rva: u32,
    /// The name, or `Ordinal` and the number for one without, as the debugger has it.
    pub(super) name: String,
}

/// Sorted by address; of several names for one address only the first in the alphabet is kept.
#[derive(Debug, Default)]
pub(super) struct Exports {
    sorted: Vec<Named>,
    sections: Vec<Section>,
    /// Where the functions begin and end, as an x64 image tells.
    functions: Option<FunctionTable>,
}

impl Exports {
    /// Reads the export directory from the dump. Forwarded exports have no address here and are left out.
    pub(super) fn read(process: &Process<'_>, module: &MinidumpModule) -> Result<Exports, ImageError> {
        let image = super::image(process, module)?;
        let all = image.exports()?.unwrap_or_default();
        let mut sorted: Vec<Named> = all
            .into_iter()
            .filter_map(|export| match export.target {
                ExportTarget::Rva(rva) => {
                    let name = export.name.unwrap_or_else(|| format!("Ordinal{}", export.ordinal));
                    Some(Named { rva, name })
                }
                ExportTarget::Forward(_) => None,
            })
            .collect();
        sorted.sort_by(|a, b| a.rva.cmp(&b.rva).then_with(|| a.name.cmp(&b.name)));
        sorted.dedup_by_key(|named| named.rva);
        Ok(Exports { sorted, sections: image.sections().to_vec(), functions: image.function_table() })
    }

    /// What they take in memory, about.
    pub(super) fn bytes(&self) -> usize {
        self.sorted.iter().map(|export| size_of::<Named>() + export.name.capacity()).sum()
    }

    /// Whether the image tells that the function at `rva` begins with an export.
    pub(super) fn is_function_of(&self, memory: &dyn ReadMemory, export: &Named, rva: u32) -> bool {
        let Some(table) = &self.functions else { return false };
        let begin =
            |rva| table.find(memory, rva).and_then(|f| f.map(|f| table.primary(memory, f)).transpose());
        match begin(rva) {
            Ok(Some(function)) => function.begin == export.rva,
            // A leaf function, which the table leaves out; so must the export be.
            Ok(None) => matches!(begin(export.rva), Ok(None)),
            Err(_) => false,
        }
    }

    /// The nearest export at or below `rva`, if it lies in the same section.
    pub(super) fn below(&self, rva: u32) -> Option<&Named> {
        let section =
            self.sections.iter().find(|s| rva.checked_sub(s.rva).is_some_and(|offset| offset < s.size))?;
        let after = self.sorted.partition_point(|named| named.rva <= rva);
        self.sorted.get(after.checked_sub(1)?).filter(|named| named.rva >= section.rva)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_reaches_to_the_end_of_its_section_and_no_further() {
        let section = |rva, size| Section { name: String::new(), rva, size };
        let named = |rva, name: &str| Named { rva, name: name.to_owned() };
        let exports = Exports {
            sorted: vec![named(0x1010, "first"), named(0x1400, "second")],
            sections: vec![section(0x1000, 0x800), section(0x3000, 0x1000)],
            functions: None,
        };
        let name = |rva| exports.below(rva).map(|n| n.name.as_str());
        assert_eq!([name(0), name(0x1000), name(0x100f)], [None; 3]);
        assert_eq!([name(0x1010), name(0x13ff)], [Some("first"); 2]);
        assert_eq!([name(0x1400), name(0x17ff)], [Some("second"); 2]);
        assert_eq!([name(0x1800), name(0x3000), name(u32::MAX)], [None; 3]);
    }
}
