//! An open PDB, and what it answers.

use std::cell::OnceCell;
use std::fmt;
use std::io::{Read, Seek};

use ::pdb_addr2line::pdb::{self, FallibleIterator as _, PDB};
use ::pdb_addr2line::{Context, TypeFormatter, TypeFormatterFlags, maybe_owned::MaybeOwned};

use super::bounded::Bounded;
use super::broken::Broken;
use super::objects::Objects;
use super::records::Types;
use super::shapes::Shapes;
use super::{
    Answer, Found, Frame, MOST_TEXT, PdbError, Question, fields, frames, ids, is_no_line, names, types,
    variables,
};
use crate::symbols::identity::PdbId;
use crate::symbols::typed::Function;

/// The stream of types.
const TYPES: pdb::StreamIndex = pdb::StreamIndex(2);

/// Opens a PDB and lets `use_it` ask: what answers borrows from what was opened.
pub(super) fn with<R: Read + Seek + fmt::Debug + Send>(
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
    let records = pdb.raw_stream(TYPES)?;
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
    // The places of all types, once they are asked for.
    let table: OnceCell<Shapes<'_>> = OnceCell::new();
    let shapes = || match (table.get(), &records) {
        (Some(shapes), _) => Ok(shapes),
        (None, Some(records)) => Shapes::read(records.as_slice()).map(|shapes| table.get_or_init(|| shapes)),
        (None, None) => Err(Broken(PdbError::Damaged("it has no types".to_owned()))),
    };
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
            Question::Function(rva) => {
                let function = variables::function_at(&debug, &again, &objects, &addresses, shapes()?, rva)?;
                let sizes = frames
                    .as_ref()
                    .map(|frames| frames::sizes(frames, &addresses, strings.as_ref(), rva))
                    .transpose()?
                    .flatten();
                answer.function = function.map(|function| Box::new(Function { frame: sizes, ..function }));
            }
            Question::Types(indices) => {
                let shapes = shapes()?;
                answer.types = indices.into_iter().map(|index| shapes.told(index)).collect();
            }
            Question::Layout(None) => answer.type_names = fields::names(shapes()?),
            Question::Layout(Some(name)) => {
                answer.layout = fields::layout(shapes()?, &name).map(Box::new);
            }
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

/// Who the PDB is, and its DBI stream, which says it.
pub(super) fn identity<'s, S: pdb::Source<'s> + Send + 's>(
    pdb: &mut PDB<'s, S>,
) -> Result<(PdbId, pdb::DebugInformation<'s>), Broken> {
    let info = pdb.pdb_information()?;
    let debug = pdb.debug_information()?;
    let age = debug.age().unwrap_or(info.age);
    Ok((PdbId { guid: *info.guid.as_bytes(), age }, debug))
}
