//! The types (TPI stream), checked once before pdb2 makes tables of them.
//!
//! pdb2 0.10 allocates what a count says before it looks for as many entries, in lists of arguments (LF_ARGLIST) and
//! strings (LF_SUBSTR_LIST) and by the range of indices in the stream's header, and follows a list of fields
//! (LF_FIELDLIST) inside another by recursion. None of these lists is needed for a name: whatever would lead to one is
//! refused. Kinds are those of cvinfo.h of microsoft-pdb.

use ::pdb_addr2line::pdb::{FallibleIterator as _, ItemIndex, ItemInformation, TypeIndex, TypeInformation};

use super::PdbError;
use super::broken::Broken;

/// What a type is, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `LF_CLASS`, `LF_STRUCTURE`, `LF_UNION`, `LF_ENUM`, `LF_INTERFACE` and their forms of other compiler versions.
    Class,
    /// `LF_ARGLIST`, `LF_FIELDLIST`, `LF_METHODLIST`.
    List,
    Other,
}

/// The kind of each type.
#[derive(Debug)]
pub(super) struct Types {
    first: u32,
    kinds: Vec<Kind>,
}

impl Types {
    /// Goes through all types; fails if the header counts more than there are.
    pub(super) fn read(types: &TypeInformation<'_>) -> Result<Types, Broken> {
        let mut read = Types { first: 0x1000, kinds: Vec::new() };
        let mut all = types.iter();
        while let Some(item) = all.next()? {
            if read.kinds.is_empty() {
                read.first = item.index().0;
            }
            read.kinds.push(kind(item.raw_kind()));
        }
        check_count(types, read.kinds.len())?;
        Ok(read)
    }

    /// Whether it is a class, or one of the types that no stream holds.
    pub(super) fn is_class(&self, index: TypeIndex) -> bool {
        !index.is_cross_module() && (index.0 < self.first || self.kind(index) == Some(Kind::Class))
    }

    /// Whether it can be read as the type of a function. Another object file's are looked up there, in exports that
    /// have been checked.
    pub(super) fn is_no_list(&self, index: TypeIndex) -> bool {
        self.kind(index) != Some(Kind::List)
    }

    fn kind(&self, index: TypeIndex) -> Option<Kind> {
        let at = usize::try_from(index.0.checked_sub(self.first)?).ok()?;
        self.kinds.get(at).copied()
    }
}

/// The header's range of indices, by which tables are made, against the records that are there.
pub(super) fn check_count<I: ItemIndex>(
    items: &ItemInformation<'_, I>,
    present: usize,
) -> Result<(), Broken> {
    if items.len() > present {
        let why = format!("it counts {} types or ids, and has {present}", items.len());
        return Err(PdbError::Damaged(why).into());
    }
    Ok(())
}

fn kind(leaf: u16) -> Kind {
    match leaf {
        0x1004..=0x1007 | 0x1504..=0x1507 | 0x1519 | 0x1608..=0x160b => Kind::Class,
        0x1201 | 0x1203 | 0x1206 => Kind::List,
        _ => Kind::Other,
    }
}

/// Whether pdb2 reads a type of this kind without what is refused here.
pub(super) fn is_class(leaf: u16) -> bool {
    kind(leaf) == Kind::Class
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_no_class_and_no_list() {
        let types = Types { first: 0x1000, kinds: vec![Kind::Class, Kind::List, Kind::Other] };
        let class: Vec<bool> = (0xfff..=0x1003).map(|n| types.is_class(TypeIndex(n))).collect();
        assert_eq!(class, [true, true, false, false, false]);
        let function: Vec<bool> = (0xfff..=0x1003).map(|n| types.is_no_list(TypeIndex(n))).collect();
        assert_eq!(function, [true, true, false, true, true]);
        assert!(!types.is_class(TypeIndex(0x8000_0001)), "another object file's");
    }
}
