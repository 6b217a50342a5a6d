//! The prompt on a terminal: history, completion, and Ctrl-C, which stops a command and not the program.

use std::cell::RefCell;
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
use rustyline::{Config, Context, Editor, Helper};

use super::Tee;

/// Completes the last word of a line.
struct Words {
    all: Vec<String>,
    /// The symbols of the module that was completed last.
    symbols: RefCell<Vec<String>>,
}

impl Completer for Words {
    type Candidate = String;

    fn complete(&self, line: &str, end: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = line.get(..end).unwrap_or_default();
        let start = typed.rfind([' ', ';', '(', '{', '+', '-', '*']).map_or(0, |at| at + 1);
        let word = typed[start..].to_ascii_lowercase();
        let symbols = self.symbols.borrow();
        let fits = |name: &&String| !word.is_empty() && name.to_ascii_lowercase().starts_with(&word);
        Ok((start, self.all.iter().chain(symbols.iter()).filter(fits).take(200).cloned().collect()))
    }
}

impl Hinter for Words {
    type Hint = String;
}
impl Highlighter for Words {}
impl Validator for Words {}
impl Helper for Words {}

pub(super) fn run(debugger: &mut Debugger<'_, '_>, to: &mut Tee<'_>) -> anyhow::Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&stop);
    ctrlc::set_handler(move || set.store(true, Ordering::Relaxed)).context("Ctrl-C cannot be caught")?;
    let config = Config::builder().auto_add_history(true).build();
    let mut editor: Editor<Words, MemHistory> = Editor::with_history(config, MemHistory::new())?;
    editor.set_helper(Some(Words { all: debugger.words(), symbols: RefCell::default() }));
    while !debugger.has_quit() {
        use std::io::Write as _;
        debugger.before_prompt(to, &stop)?;
        to.flush()?;
        match editor.readline(&debugger.prompt()) {
            Ok(line) => {
                if let Some(log) = &mut to.log {
                    writeln!(log, "{}{line}", debugger.prompt())?;
                }
                stop.store(false, Ordering::Relaxed);
                debugger.run(&line, to, &stop)?;
                if let Some(words) = editor.helper() {
                    learn(debugger, words, &line);
                }
            }
            // Ctrl-C at an empty prompt stops nothing; Ctrl-D ends the session.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The names of a module that a line named are completed from then on.
fn learn(debugger: &mut Debugger<'_, '_>, words: &Words, line: &str) {
    let module =
        line.split([' ', ';', '(', '@']).find_map(|word| word.split_once('!')).map(|(module, _)| module);
    if let Some(module) = module.filter(|module| !module.is_empty()) {
        let symbols = debugger.symbols(module);
        if !symbols.is_empty() {
            *words.symbols.borrow_mut() = symbols;
        }
    }
}
