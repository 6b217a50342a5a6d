//! How large a type is: looked up by its name among the types (TPI stream).

use ::pdb_addr2line::pdb::{FallibleIterator as _, TypeData, TypeInformation};

use super::broken::Broken;
use super::records;

/// The bytes of the class, structure or union of this name; `None` if there is none, or two of different sizes.
pub(super) fn size_of(types: &TypeInformation<'_>, name: &str) -> Result<Option<u64>, Broken> {
    let mut all = types.iter();
    let mut sizes = Vec::new();
    while let Some(item) = all.next()? {
        if !records::is_class(item.raw_kind()) {
            continue;
        }
        // One that cannot be read is not the one looked for.
        let size = match item.parse() {
            Ok(TypeData::Class(class)) if !class.properties.forward_reference() => {
                Some(class.size).filter(|_| class.name.as_bytes() == name.as_bytes())
            }
            Ok(TypeData::Union(union)) if !union.properties.forward_reference() => {
                Some(union.size).filter(|_| union.name.as_bytes() == name.as_bytes())
            }
            _ => None,
        };
        if let Some(size) = size.filter(|size| *size > 0 && !sizes.contains(size)) {
            sizes.push(size);
        }
        if sizes.len() > 1 {
            return Ok(None);
        }
    }
    Ok(sizes.pop())
}
