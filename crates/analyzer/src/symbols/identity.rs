//! Which PDB belongs to a module: the CodeView record (`RSDS`) of the module list or of the image.

use std::fmt;

use dumplens_core::{CodeView, Module, last_name};

use crate::process::Process;

/// What the linker wrote into both the image and the PDB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PdbId {
    /// The GUID's bytes in the order in which it is written.
    pub guid: [u8; 16],
    /// How often the PDB had been written when the image was linked.
    pub age: u32,
}

impl PdbId {
    /// From a GUID as it lies in memory: its first three parts are little-endian.
    pub fn from_memory(guid: [u8; 16], age: u32) -> PdbId {
        let [a0, a1, a2, a3, b0, b1, c0, c1, rest @ ..] = guid;
        let mut ordered = [a3, a2, a1, a0, b1, b0, c1, c0, 0, 0, 0, 0, 0, 0, 0, 0];
        ordered[8..].copy_from_slice(&rest);
        PdbId { guid: ordered, age }
    }
}

impl PdbId {
    /// As it is written ([`fmt::Display`]); `None` of anything else.
    #[cfg(any(feature = "pdb", test))]
    pub(super) fn parse(text: &str) -> Option<PdbId> {
        let (guid, age) = text.is_ascii().then(|| text.split_at_checked(32)).flatten()?;
        let mut bytes = [0; 16];
        for (byte, digits) in bytes.iter_mut().zip(guid.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(PdbId { guid: bytes, age: u32::from_str_radix(age, 16).ok()? })
    }
}

/// As folders of a symbol store are named: 32 digits of the GUID and the age, in hex, without separators.
impl fmt::Display for PdbId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.guid.iter().try_for_each(|byte| write!(f, "{byte:02X}"))?;
        write!(f, "{:X}", self.age)
    }
}

/// A CodeView record whose file name can be looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeViewRecord {
    /// The last part of the path that the record names.
    pub file: String,
    /// What the file must carry.
    pub id: PdbId,
}

impl CodeViewRecord {
    /// The module's record; `None` if neither the module list nor the image has one, `Some(Err)` with the name if it
    /// is none that a file could have.
    pub fn of(process: &Process<'_>, module: &Module) -> Option<Result<CodeViewRecord, String>> {
        let (path, id) = listed(module).or_else(|| {
            let record = super::image(process, module).ok()?.codeview().ok()??;
            Some((record.path, PdbId::from_memory(record.guid, record.age)))
        })?;
        Some(match file_name(&path) {
            Some(file) => Ok(CodeViewRecord { file: file.to_owned(), id }),
            None => Err(path),
        })
    }
}

fn listed(module: &Module) -> Option<(String, PdbId)> {
    let Some(CodeView::Pdb70 { guid, age, path }) = &module.codeview else {
        return None;
    };
    let path = path.split('\0').next().unwrap_or_default();
    Some((path.to_owned(), PdbId::from_memory(*guid, *age)))
}

/// The last component of a path with either separator, if it cannot lead anywhere but to a file of that name: the
/// record is the dump's, and the folders are the user's.
pub(super) fn file_name(path: &str) -> Option<&str> {
    /// No file system in use allows longer names.
    const MOST: usize = 255;
    let file = last_name(path);
    let harmless = !file.contains(|c: char| c.is_control() || c == ':');
    (harmless && !matches!(file, "" | "." | "..") && file.len() <= MOST).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder() {
        assert_eq!(file_name("C:\\build\\app.pdb"), Some("app.pdb"));
        assert_eq!(file_name("/src/app.pdb"), Some("app.pdb"));
        assert_eq!(file_name("..\\..\\app.pdb"), Some("app.pdb"));
        for hostile in ["", "..", "a\\..", "a/.", "c:app.pdb", "a\\", "a\0b.pdb", "x\n.pdb"] {
            assert_eq!(file_name(hostile), None, "{hostile:?}");
        }
        assert_eq!(file_name(&"a".repeat(256)), None);
    }

    #[test]
    fn an_id_reads_as_a_symbol_store_has_it() {
        let memory = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
        let id = PdbId::from_memory(memory, 0x1a);
        assert_eq!(id.to_string(), "000102030405060708090A0B0C0D0E0F1A");
        assert_eq!(PdbId::parse(&id.to_string()), Some(id));
        for wrong in
            ["", "0001", "000102030405060708090A0B0C0D0E0F", "x00102030405060708090A0B0C0D0E0F1", "ä"]
        {
            assert_eq!(PdbId::parse(wrong), None, "{wrong}");
        }
    }
}
