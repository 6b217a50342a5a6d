//! A PDB on a thread of its own: what answers borrows from what was read, a panic ends the thread and not the
//! process, and a reader that is dropped ends its thread.

use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use super::broken::Broken;
use super::{Answer, PdbError, Question};
use crate::symbols::identity::PdbId;
use crate::symbols::typed::{Function, Layout, TypeOf};
use crate::symbols::{READER_THREAD, Source};

/// How long opening may take: all ids and symbols of a PDB of 2 GB are gone through in some seconds.
const OPENING: Duration = Duration::from_mins(1);
/// How long one answer may take: the first address in an object file reads all of its symbols, a type's name all types.
const ANSWERING: Duration = Duration::from_secs(20);
/// Room for recursion; inline functions nested as deep as is let through take a quarter of a megabyte.
const STACK: usize = 8 << 20;

/// An open PDB.
#[derive(Debug)]
pub struct Reader {
    file: String,
    source: Source,
    ask: Sender<Question>,
    answers: Receiver<Result<Answer, PdbError>>,
}

impl Reader {
    /// Opens the PDB, or the symbol file by its extension `sym`, of the identity wanted.
    pub fn open(path: &Path, wanted: PdbId) -> Result<Reader, PdbError> {
        let io = |error: std::io::Error| PdbError::Io(error.to_string());
        let file = File::open(path).map_err(io)?;
        let is_sym = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("sym"));
        let source = if is_sym { Source::SymbolFile } else { Source::Pdb };
        let (ask, questions) = mpsc::channel();
        let (answer, answers) = mpsc::channel();
        let work = move || {
            let answering = |find: &dyn Fn(Question) -> Result<Answer, Broken>| {
                // The first answer says that it is open. That nobody listens means that nobody asks either.
                let mut next = answer.send(Ok(Answer::default())).is_ok();
                while next && let Ok(question) = questions.recv() {
                    next = answer.send(find(question).map_err(|broken| broken.0)).is_ok();
                }
                Ok(())
            };
            let result = match source {
                Source::SymbolFile => super::sym::with(file, Some(wanted), answering),
                _ => super::with(file, Some(wanted), answering),
            };
            if let Err(error) = result {
                let _ = answer.send(Err(error.0));
            }
        };
        thread::Builder::new().name(READER_THREAD.to_owned()).stack_size(STACK).spawn(work).map_err(io)?;
        let file = path.to_string_lossy().into_owned();
        let reader = Reader { file, source, ask, answers };
        reader.wait(OPENING)?;
        Ok(reader)
    }

    /// What the PDB says of an offset from the image base. After an error nothing more is answered.
    pub fn find(&self, rva: u32) -> Result<Answer, PdbError> {
        self.ask(Question::Frames(rva))
    }

    /// The bytes of a type, by its name.
    pub(crate) fn size_of_type(&self, name: &str) -> Result<Option<u64>, PdbError> {
        Ok(self.ask(Question::SizeOf(name.to_owned()))?.size)
    }

    /// Every name with its address.
    pub fn names(&self) -> Result<Vec<super::Name>, PdbError> {
        Ok(self.ask(Question::Names)?.names)
    }

    /// How far each inline function at an offset from the image base reaches back, the innermost first, and whether the
    /// function ends behind the byte there.
    pub fn inlined(&self, rva: u32) -> Result<(Vec<u32>, bool), PdbError> {
        let answer = self.ask(Question::Inlined(rva))?;
        Ok((answer.inlined, answer.ends))
    }

    /// How the frame is undone at an offset from the image base, and where its function begins.
    pub fn undo(&self, rva: u32) -> Result<Option<(Option<u32>, super::FrameProgram)>, PdbError> {
        let answer = self.ask(Question::Undo(rva))?;
        Ok(answer.frame.map(|frame| (answer.start, frame)))
    }

    /// What the function at an offset from the image base takes, and its variables there.
    pub fn function(&self, rva: u32) -> Result<Option<Box<Function>>, PdbError> {
        Ok(self.ask(Question::Function(rva))?.function)
    }

    /// The types of these indices; of functions what they take.
    pub fn types(&self, indices: Vec<u32>) -> Result<Vec<TypeOf>, PdbError> {
        Ok(self.ask(Question::Types(indices))?.types)
    }

    /// The fields of the type of a name.
    pub fn layout(&self, name: &str) -> Result<Option<Box<Layout>>, PdbError> {
        Ok(self.ask(Question::Layout(Some(name.to_owned())))?.layout)
    }

    /// The names of all classes, structures, unions and enumerations.
    pub fn type_names(&self) -> Result<Vec<String>, PdbError> {
        Ok(self.ask(Question::Layout(None))?.type_names)
    }

    fn ask(&self, question: Question) -> Result<Answer, PdbError> {
        self.ask.send(question).map_err(|_| ended())?;
        self.wait(ANSWERING)
    }

    /// By what its functions are known.
    pub fn source(&self) -> Source {
        self.source
    }

    /// The file, as it is shown.
    pub fn file(&self) -> &str {
        &self.file
    }

    fn wait(&self, most: Duration) -> Result<Answer, PdbError> {
        match self.answers.recv_timeout(most) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => Err(PdbError::Failed("it takes too long")),
            Err(RecvTimeoutError::Disconnected) => Err(ended()),
        }
    }
}

fn ended() -> PdbError {
    PdbError::Failed("its contents broke the library that reads it")
}
