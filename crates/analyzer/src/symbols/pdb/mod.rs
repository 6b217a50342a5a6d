//! Reading PDBs, which are as untrusted as the dump.
//!
//! [`frames_at`] is the whole of it as a plain function: bytes in, frames out. pdb-addr2line does the reading, inside
//! these bounds:
//!
//! - no stream is longer than the file, none is read twice, and holes are no bytes (`bounded`);
//! - what has a count by which pdb2 0.10 would allocate is gone through first, or refused (`records`);
//! - records that would lead pdb-addr2line 0.12 round in circles or too deep are refused before it sees them: ids and
//!   their scopes when the PDB is opened (`ids`), symbols when their object file is first asked for (`scopes`);
//! - [`Reader`] keeps each PDB on a thread of its own, so that a panic of the library ends that PDB and nothing else,
//!   and an answer that does not come is not waited for.
//!
//! Names are read without parameters: their types are what recursion would follow. Types, variables and fields are read
//! here, so far and no further (`shapes`, `variables`, `fields`).

mod bounded;
mod broken;
mod fields;
mod frames;
mod ids;
mod leaf;
mod names;
mod objects;
mod open;
mod reader;
mod records;
mod scopes;
mod shapes;
mod sym;
mod types;
mod variables;

use std::fmt;
use std::io::{Read, Seek};

use ::pdb_addr2line::pdb::PDB;

use self::bounded::Bounded;
use self::broken::Broken;
pub use self::frames::FrameProgram;
pub use self::names::Name;
use self::open::{identity, with};
pub use self::reader::Reader;
use super::identity::PdbId;
use super::typed::{Function, Layout, TypeOf};

/// Bytes of a name or path that is shown: the longest path of Windows. The compilers cut names far below.
const MOST_TEXT: usize = 32_767;

/// Why a PDB is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PdbError {
    /// It cannot be read.
    Io(String),
    /// It is longer than any that is read.
    TooLong {
        /// Bytes.
        len: u64,
    },
    /// It belongs to another build.
    Mismatch {
        /// GUID and age in the file.
        found: PdbId,
    },
    /// It is not a PDB, or a damaged one.
    Damaged(String),
    /// Reading it took too long, or ended in a fault of the library that reads it.
    Failed(&'static str),
}

impl fmt::Display for PdbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PdbError::Io(why) => write!(f, "not readable: {why}"),
            PdbError::TooLong { len } => {
                write!(
                    f,
                    "not read: its {len} bytes are more than the {} that a PDB may have",
                    bounded::MOST_FILE
                )
            }
            PdbError::Mismatch { found } => write!(f, "belongs to another build ({found})"),
            PdbError::Damaged(why) => write!(f, "damaged: {why}"),
            PdbError::Failed(how) => write!(f, "not read: {how}"),
        }
    }
}

impl std::error::Error for PdbError {}

/// One function at an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// Its name, decorated if the PDB has nothing better; `None` if unknown or too long to be one.
    pub function: Option<String>,
    /// The source file.
    pub file: Option<String>,
    /// The line that the instruction belongs to.
    pub line: Option<u32>,
}

/// What a PDB says of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where the physical function starts, from the image base.
    pub start: u32,
    /// Innermost inline function first, physical function last; never empty.
    pub frames: Vec<Frame>,
    /// Whether it is only the nearest public name below: where that function ends is not said.
    pub nearest: bool,
}

/// What a PDB is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Question {
    /// What lies at this offset from the image base.
    Frames(u32),
    /// The bytes of the type of this name.
    SizeOf(String),
    /// Every name with its address.
    Names,
    /// Where each inline function at this offset from the image base begins, the innermost first.
    Inlined(u32),
    /// How the frame is undone at this offset from the image base.
    Undo(u32),
    /// What the function at this offset from the image base takes, and its variables there.
    Function(u32),
    /// The types of these indices.
    Types(Vec<u32>),
    /// The fields of the type of this name; without a name the names of all types.
    Layout(Option<String>),
}

/// The answer to one question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// What was found; `None` if the PDB knows nothing there.
    pub found: Option<Found>,
    /// The bytes of the requested type.
    pub size: Option<u64>,
    /// Every name, in no order.
    pub names: Vec<Name>,
    /// How far each inline function reaches back from the offset, the innermost first.
    pub inlined: Vec<u32>,
    /// Whether the function ends behind the byte at the offset.
    pub ends: bool,
    /// How the frame is undone, of an x86 function.
    pub frame: Option<FrameProgram>,
    /// Where the function begins whose frame that is.
    pub start: Option<u32>,
    /// What the function at the offset takes, and its variables.
    pub function: Option<Box<Function>>,
    /// The requested types; of a function, those of its parameters.
    pub types: Vec<TypeOf>,
    /// The fields of the requested type.
    pub layout: Option<Box<Layout>>,
    /// The names of all types.
    pub type_names: Vec<String>,
    /// Parts of the PDB that were left out since the last answer, and why: what is found may lack names and lines.
    pub refused: Vec<String>,
}

/// GUID and age of a PDB. The age is that of the DBI stream, which the linker writes; the one in the PDB stream also
/// counts what other tools did. It is used only where the DBI stream has none.
pub fn identify<R: Read + Seek + fmt::Debug + Send>(reader: R) -> Result<PdbId, PdbError> {
    let found = || -> Result<PdbId, Broken> { Ok(identity(&mut PDB::open(Bounded::new(reader)?)?)?.0) };
    found().map_err(|broken| broken.0)
}

/// What the PDB says of each of `rvas`, offsets from the image base. With `wanted`, a PDB of another build is an
/// error. This is the function to fuzz: it must end, in memory bounded by the length of the input, for all bytes.
///
/// A panic of pdb-addr2line passes through; [`Reader`] is what stops it.
pub fn frames_at<R: Read + Seek + fmt::Debug + Send>(
    reader: R,
    wanted: Option<PdbId>,
    rvas: &[u32],
) -> Result<Vec<Answer>, PdbError> {
    let mut answers = Vec::with_capacity(rvas.len());
    with(reader, wanted, |ask| {
        for rva in rvas {
            let undo = ask(Question::Undo(*rva))?;
            let answer = ask(Question::Frames(*rva))?;
            let function = ask(Question::Function(*rva))?.function;
            answers.push(Answer { frame: undo.frame, start: undo.start, function, ..answer });
        }
        Ok(())
    })
    .map_err(|broken| broken.0)?;
    Ok(answers)
}

/// The fields of each type that the PDB names, at most so many: as hostile as the rest.
pub fn layouts<R: Read + Seek + fmt::Debug + Send>(reader: R, most: usize) -> Result<Vec<Layout>, PdbError> {
    let mut layouts = Vec::new();
    with(reader, None, |ask| {
        for name in ask(Question::Layout(None))?.type_names.into_iter().take(most) {
            layouts.extend(ask(Question::Layout(Some(name)))?.layout.map(|layout| *layout));
        }
        Ok(())
    })
    .map_err(|broken| broken.0)?;
    Ok(layouts)
}

/// What a symbol file of Breakpad says of each of `rvas`, as [`frames_at`].
pub fn sym_frames_at<R: Read + Seek>(
    reader: R,
    wanted: Option<PdbId>,
    rvas: &[u32],
) -> Result<Vec<Answer>, PdbError> {
    let mut answers = Vec::with_capacity(rvas.len());
    sym::with(reader, wanted, |ask| {
        for rva in rvas {
            answers.push(ask(Question::Frames(*rva))?);
        }
        let names = ask(Question::Names)?.names;
        answers.push(Answer { names, ..Answer::default() });
        Ok(())
    })
    .map_err(|broken| broken.0)?;
    Ok(answers)
}

/// The bytes of the class, structure or union of a name; `None` if there is none, or two of different sizes.
pub fn size_of<R: Read + Seek + fmt::Debug + Send>(
    reader: R,
    wanted: Option<PdbId>,
    name: &str,
) -> Result<Option<u64>, PdbError> {
    let mut size = None;
    with(reader, wanted, |ask| {
        size = ask(Question::SizeOf(name.to_owned()))?.size;
        Ok(())
    })
    .map_err(|broken| broken.0)?;
    Ok(size)
}

/// Numbers that the compilers give to code that belongs to no line: none, `0xf00f00` and `0xfeefee`.
fn is_no_line(line: u32) -> bool {
    matches!(line, 0 | 0x00f0_0f00 | 0x00fe_efee)
}
