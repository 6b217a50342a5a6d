//! WinDbg's commands for minidumps: [`Debugger`] takes a line and prints what cdb prints.
//!
//! ```text
//! line ─ aliases ─ list ─ command ──> its file in commands/ ── expr (numbers, ranges) ──> Out ──> writer
//!                                                           └─ core and analyzer: memory, stacks, symbols
//! ```
//!
//! A session only reads: commands that would run or write are refused in the debugger's own words. What is printed
//! goes to one writer; on a terminal, control characters in it are shown as escapes.
#![deny(missing_docs)]
#![allow(clippy::unnecessary_wraps)] // commands share one signature, those that cannot fail too
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // numbers are cut to the width that is shown
#![allow(clippy::struct_excessive_bools)] // a command's letters
#![allow(clippy::match_same_arms)] // tables

mod aliases;
mod clock;
mod codes;
mod commands;
mod disasm;
mod error;
mod events;
mod expr;
mod extended;
mod extensions;
mod frames;
mod help;
mod kinds;
mod line;
mod machine;
mod numbers;
mod operands;
mod out;
mod pattern;
mod pseudo;
mod registers;
mod run;
mod session;
mod strings;
mod variables;
mod version;
mod walk;

use std::io::{self, Write};
use std::sync::atomic::AtomicBool;

use dumplens_analyzer::Process;
use dumplens_analyzer::symbols::Search;

use crate::out::Out;
use crate::session::Session;

/// How a session is set up.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The dump's path, as it is shown.
    pub path: String,
    /// Where PDBs are looked for.
    pub search: Search,
    /// The same as text, as it is shown.
    pub symbol_path: String,
    /// Where images were looked for, as it is shown.
    pub image_path: String,
    /// Whether `k` shows source files and lines.
    pub lines: bool,
    /// Refuses commands that show bytes of the process.
    pub no_memory: bool,
    /// Refuses commands that open files: scripts and logs.
    pub no_files: bool,
    /// Whether what is printed goes to a terminal: control characters are then shown as escapes.
    pub terminal: bool,
}

/// A debugger at its prompt.
#[derive(Debug)]
pub struct Debugger<'p, 'd> {
    session: Session<'p, 'd>,
    last: String,
}

impl<'p, 'd> Debugger<'p, 'd> {
    /// A session of its own.
    pub fn new(process: &'p Process<'d>, options: Options) -> Debugger<'p, 'd> {
        Debugger { session: Session::new(process, options), last: String::new() }
    }

    /// What is printed before the first prompt.
    pub fn banner(&mut self, to: &mut dyn Write) -> io::Result<()> {
        let stop = AtomicBool::new(false);
        let mut out = Out::new(to, self.session.options.terminal, &stop);
        let text = self.session.banner();
        out.text(&text);
        if let Some(state) = self.session.state() {
            self.session.show_instruction(&state, false, &mut out);
        }
        out.finish()
    }

    /// The prompt, such as `0:000> `.
    pub fn prompt(&self) -> String {
        self.session.prompt()
    }

    /// Runs a line of commands and prints what they say; `stop` ends it early. An empty line repeats the last one.
    /// An error is one of the writer.
    pub fn run(&mut self, line: &str, to: &mut dyn Write, stop: &AtomicBool) -> io::Result<()> {
        let line = if line.trim().is_empty() { self.last.clone() } else { line.to_owned() };
        let mut out = Out::new(to, self.session.options.terminal, stop);
        out.log = self.session.log.take();
        self.session.run_line(&line, &mut out);
        self.last = line;
        let result = out.finish();
        self.session.log = out.log.take();
        result
    }

    /// Runs what `.pcmd` set, as each prompt does before it is shown; lines of a script have none.
    pub fn before_prompt(&mut self, to: &mut dyn Write, stop: &AtomicBool) -> io::Result<()> {
        let Some(command) = self.session.prompt_command.clone().filter(|_| !self.session.quit) else {
            return Ok(());
        };
        let last = std::mem::take(&mut self.last);
        let result = self.run(&command, to, stop);
        self.last = last;
        result
    }

    /// Whether `q` was given.
    pub fn has_quit(&self) -> bool {
        self.session.quit
    }

    /// Words that may be completed: commands, and names of modules with a `!` behind them.
    pub fn words(&self) -> Vec<String> {
        let commands = commands::all().map(|command| command.name.to_owned());
        let modules = self.session.order.iter().map(|n| format!("{}!", self.session.module_name(*n)));
        commands.chain(modules).collect()
    }

    /// Symbols of a module, for completion.
    pub fn symbols(&mut self, module: &str) -> Vec<String> {
        let Some(index) = self.session.module_named(module) else { return Vec::new() };
        let name = self.session.module_name(index);
        self.session.symbols.table(index).iter().map(|symbol| format!("{name}!{}", symbol.name)).collect()
    }
}

/// The tables of docs/windbg.md, out of the table of commands.
pub fn commands_as_markdown() -> String {
    help::markdown()
}
