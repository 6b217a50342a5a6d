//! How large a type is: looked up by its name among the types (TPI stream).

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ::pdb_addr2line::pdb::{FallibleIterator as _, PDB, TypeData};

use super::bounded::Bounded;
use super::{PdbError, identity};
use crate::symbols::identity::PdbId;

/// How long the search may take: the types of a PDB of 2 GB are gone through in some seconds.
const SEARCHING: Duration = Duration::from_secs(20);

/// The bytes of a class, structure or enumeration of the PDB at a path. As with [`super::Reader`], a thread of its own
/// keeps a fault of the library away from the rest.
pub fn size_in(path: &Path, wanted: PdbId, name: &str) -> Result<Option<u64>, PdbError> {
    let io = |error: std::io::Error| PdbError::Io(error.to_string());
    let file = File::open(path).map_err(io)?;
    let name = name.to_owned();
    let (answer, answers) = mpsc::channel();
    let work = move || drop(answer.send(size_of(file, Some(wanted), &name)));
    thread::Builder::new().name("PDB types".to_owned()).spawn(work).map_err(io)?;
    answers.recv_timeout(SEARCHING).unwrap_or(Err(PdbError::Failed("its types cannot be searched")))
}

/// The bytes of the type of this name; `None` if there is none, or two of different sizes.
pub fn size_of<R: Read + Seek + fmt::Debug + Send>(
    reader: R,
    wanted: Option<PdbId>,
    name: &str,
) -> Result<Option<u64>, PdbError> {
    let mut pdb = PDB::open(Bounded::new(reader)?)?;
    let found = identity(&mut pdb)?;
    if wanted.is_some_and(|wanted| wanted != found) {
        return Err(PdbError::Mismatch { found });
    }
    let types = pdb.type_information()?;
    let mut all = types.iter();
    let mut sizes = Vec::new();
    while let Some(item) = all.next()? {
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
