//! The prompt on a terminal: history, completion, and Ctrl-C, which stops a command and not the program.

use std::cell::RefCell;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use dumplens_debugger::Debugger;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::Tee;

/// Names that are offered at once.
const MOST_OFFERED: usize = 200;

/// Completes the last word of a line.
struct Words<'b, 'r, 'p, 'd> {
    /// Commands, and modules with a `!` behind them.
    all: Vec<String>,
    debugger: &'b RefCell<&'r mut Debugger<'p, 'd>>,
    /// The symbols of the module that was completed last, and that module.
    symbols: RefCell<(String, Vec<String>)>,
}

impl Words<'_, '_, '_, '_> {
    /// Reads the symbols of the module that a word begins with.
    fn read_symbols(&self, word: &str) {
        let Some((module, _)) = word.split_once('!').filter(|(module, _)| !module.is_empty()) else { return };
        let mut symbols = self.symbols.borrow_mut();
        if let (true, Ok(mut debugger)) = (symbols.0 != module, self.debugger.try_borrow_mut()) {
            *symbols = (module.to_owned(), debugger.symbols(module));
        }
    }
}

impl Completer for Words<'_, '_, '_, '_> {
    type Candidate = String;

    fn complete(&self, line: &str, end: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = line.get(..end).unwrap_or_default();
        let start = typed.rfind([' ', ';', '(', '{', '+', '-', '*']).map_or(0, |at| at + 1);
        let word = typed[start..].to_ascii_lowercase();
        self.read_symbols(&word);
        let symbols = self.symbols.borrow();
        let fits = |name: &&String| !word.is_empty() && name.to_ascii_lowercase().starts_with(&word);
        Ok((
            start,
            self.all.iter().chain(symbols.1.iter()).filter(fits).take(MOST_OFFERED).cloned().collect(),
        ))
    }
}

impl Hinter for Words<'_, '_, '_, '_> {
    type Hint = String;
}
impl Highlighter for Words<'_, '_, '_, '_> {}
impl Validator for Words<'_, '_, '_, '_> {}
impl Helper for Words<'_, '_, '_, '_> {}

pub(super) fn run(debugger: &mut Debugger<'_, '_>, to: &mut Tee<'_>) -> anyhow::Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&stop);
    ctrlc::set_handler(move || set.store(true, Ordering::Relaxed)).context("cannot handle Ctrl-C")?;
    let all = debugger.words();
    // The editor asks it for symbols, and between lines it runs them.
    let debugger = RefCell::new(debugger);
    let config = Config::builder().auto_add_history(true).completion_type(CompletionType::List).build();
    let mut editor: Editor<Words<'_, '_, '_, '_>, MemHistory> =
        Editor::with_history(config, MemHistory::new())?;
    editor.set_helper(Some(Words { all, debugger: &debugger, symbols: RefCell::default() }));
    while !debugger.borrow().has_quit() {
        debugger.borrow_mut().before_prompt(to, &stop)?;
        to.flush()?;
        let prompt = debugger.borrow().prompt();
        match editor.readline(&prompt) {
            Ok(line) => {
                if let Some(log) = &mut to.log {
                    writeln!(log, "{prompt}{line}")?;
                }
                stop.store(false, Ordering::Relaxed);
                debugger.borrow_mut().run(&line, to, &stop)?;
            }
            // Ctrl-C at an empty prompt stops nothing; Ctrl-D ends the session.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
