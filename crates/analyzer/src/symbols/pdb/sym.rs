//! Breakpad's symbol files (`.sym`), for those who have no PDBs: functions, inline functions, files and lines.
//!
//! breakpad-symbols reads them, and keeps all it reads: their length is bounded, and what one address gives. Their frame
//! data is not used.

use std::io::{BufRead as _, BufReader, Read, Seek};

use breakpad_symbols::{FrameSymbolizer, SimpleModule, SymbolFile};

use super::broken::Broken;
use super::{Answer, Found, Frame, MOST_TEXT, Name, PdbError, Question, is_no_line};
use crate::symbols::identity::PdbId;

/// Bytes of a symbol file: those of a browser's largest library have some hundred megabytes.
const MOST_FILE: u64 = 256 << 20;
/// Bytes of its first line, which names the module.
const FIRST_LINE: u64 = 4096;
/// Inline functions at one address; compilers nest some tens.
const MOST_INLINE: usize = 128;

/// Opens a symbol file and lets `use_it` ask.
pub(super) fn with<R: Read + Seek>(
    mut reader: R,
    wanted: Option<PdbId>,
    use_it: impl FnOnce(&dyn Fn(Question) -> Result<Answer, Broken>) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let io = |error: std::io::Error| Broken(PdbError::Io(error.to_string()));
    let len = reader.seek(std::io::SeekFrom::End(0)).map_err(io)?;
    if len > MOST_FILE {
        return Err(PdbError::Damaged(format!("{len} bytes: more than are read of a symbol file")).into());
    }
    reader.rewind().map_err(io)?;
    let found = identity(&mut reader)?;
    if wanted.is_some_and(|wanted| wanted != found) {
        return Err(PdbError::Mismatch { found }.into());
    }
    reader.rewind().map_err(io)?;
    let file =
        SymbolFile::parse(&mut reader, |_| ()).map_err(|e| Broken(PdbError::Damaged(e.to_string())))?;
    use_it(&|question| {
        let mut answer = Answer::default();
        match question {
            Question::Frames(rva) => answer.found = found_at(&file, rva),
            Question::Names => answer.names = names(&file),
            // What is not in it.
            Question::SizeOf(_)
            | Question::Inlined(_)
            | Question::Undo(_)
            | Question::Function(_)
            | Question::Types(_)
            | Question::Layout(_) => {}
        }
        Ok(answer)
    })
}

/// `MODULE windows x86_64 C366B240C26490514C4C44205044422E1 imit.pdb`: GUID and age as symbol stores have them.
fn identity(reader: &mut impl Read) -> Result<PdbId, Broken> {
    let mut line = Vec::new();
    let first = BufReader::new(reader.take(FIRST_LINE)).read_until(b'\n', &mut line);
    first.map_err(|error| PdbError::Io(error.to_string()))?;
    let line = String::from_utf8_lossy(&line);
    let mut words = line.split_ascii_whitespace();
    let id = words.next().filter(|word| *word == "MODULE").and_then(|_| words.nth(2)).and_then(PdbId::parse);
    id.ok_or_else(|| PdbError::Damaged("no symbol file: it does not begin with its module".to_owned()).into())
}

fn found_at(file: &SymbolFile, rva: u32) -> Option<Found> {
    let mut here = Here { rva, ..Here::default() };
    file.fill_symbol(&SimpleModule::default(), &mut here);
    let (start, function) = here.function?;
    let physical = Frame { function: Some(function), ..here.line.unwrap_or_default() };
    // They were told from the function outwards in.
    let frames = here.inline.into_iter().rev().chain([physical]).collect();
    Some(Found { start, frames, nearest: file.functions.get(rva.into()).is_none() })
}

fn names(file: &SymbolFile) -> Vec<Name> {
    let name = |address: u64, name: &str, public| {
        let rva = u32::try_from(address).ok()?;
        (name.len() <= MOST_TEXT).then(|| Name {
            rva,
            name: name.to_owned(),
            public,
            code: true,
            type_index: 0,
        })
    };
    let functions = file.functions.ranges_values().filter_map(|(_, f)| name(f.address, &f.name, false));
    let publics = file.publics.iter().filter_map(|public| name(public.address, &public.name, true));
    functions.chain(publics).collect()
}

/// What a symbol file tells of an address.
#[derive(Debug, Default)]
struct Here {
    rva: u32,
    /// Where the function begins, and its name.
    function: Option<(u32, String)>,
    line: Option<Frame>,
    inline: Vec<Frame>,
}

fn short(text: &str) -> Option<String> {
    (text.len() <= MOST_TEXT && !text.is_empty()).then(|| text.to_owned())
}

impl FrameSymbolizer for Here {
    fn get_instruction(&self) -> u64 {
        self.rva.into()
    }

    fn set_function(&mut self, name: &str, base: u64, _: u32) {
        self.function = u32::try_from(base).ok().zip(short(name));
    }

    fn set_source_file(&mut self, file: &str, line: u32, _: u64) {
        let line = Some(line).filter(|line| !is_no_line(*line));
        self.line = Some(Frame { function: None, file: short(file), line });
    }

    fn add_inline_frame(&mut self, name: &str, file: Option<&str>, line: Option<u32>) {
        if self.inline.len() < MOST_INLINE {
            let line = line.filter(|line| !is_no_line(*line));
            self.inline.push(Frame { function: short(name), file: file.and_then(short), line });
        }
    }
}
