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
//! Names are read without parameters: their types are what recursion would follow.

mod bounded;
mod broken;
mod frames;
mod ids;
mod names;
mod objects;
mod reader;
mod records;
mod scopes;
mod sym;
mod types;

use std::fmt;
use std::io::{Read, Seek};

use ::pdb_addr2line::pdb::{self, FallibleIterator as _, PDB};
use ::pdb_addr2line::{Context, TypeFormatter, TypeFormatterFlags, maybe_owned::MaybeOwned};

use self::bounded::Bounded;
use self::broken::Broken;
pub use self::frames::FrameProgram;
pub use self::names::Name;
use self::objects::Objects;
pub use self::reader::Reader;
use self::records::Types;
use super::identity::PdbId;

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
    /// It is no PDB, or not a sound one.
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
}

/// The answer to one question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// What was found; `None` if the PDB knows nothing there.
    pub found: Option<Found>,
    /// The bytes of the type that was asked for.
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
            answers.push(Answer { frame: undo.frame, start: undo.start, ..answer });
        }
        Ok(())
    })
    .map_err(|broken| broken.0)?;
    Ok(answers)
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

/// Opens a PDB and lets `use_it` ask: what answers borrows from what was opened.
fn with<R: Read + Seek + fmt::Debug + Send>(
    reader: R,
    wanted: Option<PdbId>,
    use_it: impl FnOnce(&dyn Fn(Question) -> Result<Answer, Broken>) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let mut pdb = PDB::open(Bounded::new(reader)?)?;
    let (found, debug) = identity(&mut pdb)?;
    if wanted.is_some_and(|wanted| wanted != found) {
        return Err(PdbError::Mismatch { found }.into());
    }
    let globals = pdb.global_symbols()?;
    let (types, ids) = (pdb.type_information()?, pdb.id_information()?);
    let addresses = pdb.address_map()?;
    let strings = pdb.string_table().ok();
    let sections = pdb.sections()?.unwrap_or_default();
    let frames = pdb.frame_table().ok().filter(|frames| !frames.is_empty());
    let safe = ids::check(Types::read(&types)?, &ids)?;
    let modules: Vec<pdb::Module<'_>> = debug.modules()?.collect()?;
    let objects = Objects::new(pdb, modules.len(), safe);
    let flags = TypeFormatterFlags::default() | TypeFormatterFlags::NO_ARGUMENTS;
    // The formatter takes the list of object files; they are read again for names.
    let again: Vec<pdb::Module<'_>> = debug.modules()?.collect()?;
    let names =
        TypeFormatter::new_from_parts(&objects, modules, &debug, &types, &ids, strings.as_ref(), flags)?;
    let context = Context::new_from_parts(
        &objects,
        &sections,
        &addresses,
        &globals,
        strings.as_ref(),
        &debug,
        MaybeOwned::Owned(names),
    )?;
    use_it(&|question| {
        let mut answer = Answer::default();
        match question {
            Question::Frames(rva) => {
                let found = context.find_frames(rva)?.map(shortened);
                answer.found = found.filter(|found| !found.frames.is_empty());
            }
            Question::Names => answer.names = names::all(&globals, &objects, &again, &addresses)?,
            Question::Inlined(rva) => {
                answer.inlined = inlined(&context, rva)?;
                let end = context.find_function(rva)?.and_then(|function| function.end_rva);
                answer.ends = end.is_some_and(|end| end <= rva.saturating_add(1));
            }
            Question::Undo(rva) => {
                let Some(frames) = &frames else { return Ok(answer) };
                answer.frame = frames::at(frames, &addresses, strings.as_ref(), rva)?;
                if answer.frame.is_some() {
                    answer.start = context.find_function(rva)?.map(|function| function.start_rva);
                }
            }
            Question::SizeOf(name) => answer.size = types::size_of(&types, &name)?,
        }
        answer.refused = objects.take_refused();
        Ok(answer)
    })
}

/// Bytes that are looked back for the begin of an inline function, and how long a gap in one may be.
const FURTHEST: u32 = 4096;
const LARGEST_GAP: u32 = 256;

/// How far back each inline function at `rva` begins, the innermost first. Its code may have gaps, in which that of its caller
/// stands.
fn inlined(context: &Context<'_, '_>, rva: u32) -> Result<Vec<u32>, Broken> {
    let here = chain(context, rva)?;
    let mut reach = vec![0; here.len().saturating_sub(1)];
    let mut last = 0;
    for back in 1..=FURTHEST.min(rva) {
        let there = chain(context, rva - back)?;
        let same = here.iter().zip(&there).take_while(|(a, b)| a == b).count();
        // The function itself ended, or the gap is too long.
        if same == 0 || back - last > LARGEST_GAP {
            break;
        }
        for of in reach.iter_mut().take(same - 1) {
            (*of, last) = (back, back);
        }
    }
    reach.reverse();
    Ok(reach)
}

/// A function, and the line of its caller that it was put into: two calls of one function are two.
type Link = (Option<String>, Option<u32>);

/// The functions at `rva`, from the outermost on.
fn chain(context: &Context<'_, '_>, rva: u32) -> Result<Vec<Link>, Broken> {
    let found = context.find_frames(rva)?;
    let frames = found.map(|found| found.frames).unwrap_or_default();
    let mut line = None;
    let of = frames.into_iter().rev().map(|frame| (frame.function, std::mem::replace(&mut line, frame.line)));
    Ok(of.collect())
}

#[allow(clippy::needless_pass_by_value)] // for map
fn shortened(frames: ::pdb_addr2line::FunctionFrames<'_>) -> Found {
    let short = |text: &String| text.len() <= MOST_TEXT;
    let frame = |frame: ::pdb_addr2line::Frame<'_>| Frame {
        function: frame.function.filter(short).filter(|name| !name.is_empty()),
        file: frame.file.map(std::borrow::Cow::into_owned).filter(short),
        line: frame.line.filter(|line| !is_no_line(*line)),
    };
    Found { start: frames.start_rva, frames: frames.frames.into_iter().map(frame).collect(), nearest: false }
}

/// Numbers that the compilers give to code that belongs to no line: none, `0xf00f00` and `0xfeefee`.
fn is_no_line(line: u32) -> bool {
    matches!(line, 0 | 0x00f0_0f00 | 0x00fe_efee)
}

/// Who the PDB is, and its DBI stream, which says it.
fn identity<'s, S: pdb::Source<'s> + Send + 's>(
    pdb: &mut PDB<'s, S>,
) -> Result<(PdbId, pdb::DebugInformation<'s>), Broken> {
    let info = pdb.pdb_information()?;
    let debug = pdb.debug_information()?;
    let age = debug.age().unwrap_or(info.age);
    Ok((PdbId { guid: *info.guid.as_bytes(), age }, debug))
}
