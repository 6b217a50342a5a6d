//! Errors of the libraries that read PDBs, which stay out of this crate's public types.

use super::PdbError;

/// Why a PDB cannot be read: what `?` turns the libraries' errors into.
#[derive(Debug)]
pub(super) struct Broken(pub(super) PdbError);

impl From<PdbError> for Broken {
    fn from(error: PdbError) -> Broken {
        Broken(error)
    }
}

impl From<pdb_addr2line::pdb::Error> for Broken {
    fn from(error: pdb_addr2line::pdb::Error) -> Broken {
        use pdb_addr2line::pdb::Error;
        Broken(match error {
            Error::IoError(error) => match error.kind() {
                std::io::ErrorKind::InvalidData => PdbError::Damaged(error.to_string()),
                std::io::ErrorKind::UnexpectedEof => {
                    PdbError::Damaged("it lists more bytes than it has".to_owned())
                }
                _ => PdbError::Io(error.to_string()),
            },
            error => PdbError::Damaged(error.to_string()),
        })
    }
}

impl From<pdb_addr2line::Error> for Broken {
    fn from(error: pdb_addr2line::Error) -> Broken {
        match error {
            pdb_addr2line::Error::PdbError(error) => error.into(),
            error => Broken(PdbError::Damaged(error.to_string())),
        }
    }
}
