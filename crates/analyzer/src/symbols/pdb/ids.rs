//! The ids (IPI stream) that inline functions are named by. pdb-addr2line follows an id's scope and a method's class
//! by recursion without a bound; linkers write scopes before what lies in them, so a sound PDB has no circle.

use ::pdb_addr2line::pdb::{FallibleIterator as _, Id, IdData, IdIndex, IdInformation, ItemIndex as _};

use super::broken::Broken;
use super::records::{self, Types};

/// Kinds of ids that have a name (cvinfo.h of microsoft-pdb).
const LF_FUNC_ID: u16 = 0x1601;
const LF_MFUNC_ID: u16 = 0x1602;
const LF_STRING_ID: u16 = 0x1605;

/// Functions inside functions. Namespaces are one string, so that sound PDBs stay below ten.
const MOST_SCOPES: u8 = 64;

/// Which ids may be named, and which types may be read.
#[derive(Debug)]
pub(super) struct SafeIds {
    pub(super) types: Types,
    first: u32,
    /// For each id: 0 if it must not be named, else 1 and the functions around it.
    depths: Vec<u8>,
}

impl SafeIds {
    /// Whether naming this id ends. An index into another object file's exports is looked up there, in exports that
    /// have been checked.
    pub(super) fn holds(&self, id: IdIndex) -> bool {
        id.is_cross_module() || self.depth(id) > 0
    }

    fn depth(&self, id: IdIndex) -> u8 {
        let at = id.0.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.depths.get(at)).copied().unwrap_or(0)
    }
}

/// Reads all ids.
pub(super) fn check(types: Types, ids: &IdInformation<'_>) -> Result<SafeIds, Broken> {
    let mut safe = SafeIds { types, first: 0, depths: Vec::new() };
    let mut all = ids.iter();
    while let Some(item) = all.next()? {
        if safe.depths.is_empty() {
            safe.first = item.index().0;
        }
        let depth = depth(&item, &safe);
        safe.depths.push(depth);
    }
    records::check_count(ids, safe.depths.len())?;
    Ok(safe)
}

/// 0 if the id must not be named. Lists of strings are followed into the types, and what else there is has no name:
/// neither is parsed.
fn depth(item: &Id<'_>, before: &SafeIds) -> u8 {
    let types = &before.types;
    if !matches!(item.raw_kind(), LF_FUNC_ID | LF_MFUNC_ID | LF_STRING_ID) {
        return 0;
    }
    match item.parse() {
        Ok(IdData::String(_)) => 1,
        Ok(IdData::Function(function)) if types.is_no_list(function.function_type) => {
            match function.scope.map(|scope| before.depth(scope)) {
                None => 1,
                // A scope that comes later, or from another object file, has the depth 0.
                Some(0 | MOST_SCOPES..) => 0,
                Some(depth) => depth + 1,
            }
        }
        // A method's class must be one: a pointer, array or modifier would be followed to what it points to.
        Ok(IdData::MemberFunction(method)) => {
            u8::from(types.is_class(method.parent) && types.is_no_list(method.function_type))
        }
        _ => 0,
    }
}
