//! The ids (IPI stream) that inline functions are named by. pdb-addr2line follows an id's scope and a method's class
//! by recursion without a bound; linkers write scopes before what lies in them, so a sound PDB has no circle.

use ::pdb_addr2line::pdb::{
    FallibleIterator as _, IdData, IdIndex, IdInformation, ItemIndex as _, TypeInformation,
};

use super::PdbError;

/// Functions inside functions. Namespaces are one string, so that sound PDBs stay below ten.
const MOST_SCOPES: u8 = 64;

/// Which ids may be named.
#[derive(Debug)]
pub(super) struct SafeIds {
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

/// Reads all ids, and of the types those that are classes of methods.
pub(super) fn check(types: &TypeInformation<'_>, ids: &IdInformation<'_>) -> Result<SafeIds, PdbError> {
    let mut safe = SafeIds { first: 0, depths: Vec::new() };
    let mut methods = Vec::new();
    let mut all = ids.iter();
    while let Some(item) = all.next()? {
        if safe.depths.is_empty() {
            safe.first = item.index().0;
        }
        let depth = match item.parse() {
            Ok(IdData::String(_)) => 1,
            Ok(IdData::Function(function)) => match function.scope.map(|scope| safe.depth(scope)) {
                None => 1,
                // A scope that comes later, or from another object file, has the depth 0.
                Some(0 | MOST_SCOPES..) => 0,
                Some(depth) => depth + 1,
            },
            Ok(IdData::MemberFunction(method)) => {
                methods.push((method.parent.0, safe.depths.len()));
                1
            }
            // Lists of strings are followed into the types; what else there is has no name.
            _ => 0,
        };
        safe.depths.push(depth);
    }
    methods.sort_unstable();
    unsafe_classes(types, &methods, |id| safe.depths[id] = 0)?;
    Ok(safe)
}

/// A method's class must be one: a pointer, array or modifier would be followed to what it points to. `methods` are
/// classes and ids, sorted; `refuse` gets the ids whose class is something else.
fn unsafe_classes(
    types: &TypeInformation<'_>,
    methods: &[(u32, usize)],
    mut refuse: impl FnMut(usize),
) -> Result<(), PdbError> {
    let mut rest = methods;
    let mut all = types.iter();
    while let Some((class, _)) = rest.first().copied() {
        let Some(item) = all.next()? else { break };
        let (index, sound) = (item.index().0, is_class(item.raw_kind()));
        if index < class {
            continue;
        }
        // Below the first type are the primitive ones, which lead nowhere.
        let passed = rest.partition_point(|(class, _)| *class <= index);
        let (these, behind) = rest.split_at(passed);
        these.iter().filter(|(class, _)| *class == index && !sound).for_each(|(_, id)| refuse(*id));
        rest = behind;
    }
    // Another object file's types, and types that are not there.
    for (_, id) in rest {
        refuse(*id);
    }
    Ok(())
}

/// `LF_CLASS`, `LF_STRUCTURE`, `LF_UNION`, `LF_ENUM`, `LF_INTERFACE` and their forms of other compiler versions
/// (cvinfo.h of microsoft-pdb).
fn is_class(kind: u16) -> bool {
    matches!(kind, 0x1004..=0x1007 | 0x1504..=0x1507 | 0x1519 | 0x1608..=0x160b)
}
