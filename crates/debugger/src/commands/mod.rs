//! The table of commands: one family a file.

mod alias;
mod before;
mod code;
mod context;
mod context_text;
mod control;
mod dump;
mod dump_file;
mod evaluate;
mod exception;
mod extension;
mod float;
mod function;
mod images;
mod locals;
mod log;
mod model;
mod module_status;
mod modules;
mod names;
mod printf;
mod processors;
mod refused;
mod register_text;
mod registers;
mod script;
mod search;
mod settings;
mod stack;
mod stack_text;
mod symbols;
mod systems;
mod target;
mod text;
mod texts;
mod threads;
mod types;
mod unwind;

pub(crate) use self::evaluate::missing_type;
use crate::error::Result;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

/// Where a command stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    /// How many blocks it is in.
    pub(crate) depth: usize,
    /// Its first character.
    pub(crate) begin: usize,
}

/// What runs a command: the line stands behind its name.
pub(crate) type Run = fn(&mut Session<'_, '_>, &mut Line, At, &mut Out<'_>) -> Result<()>;

/// A command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Command {
    /// Its name. Those that begin with `.` or `!` are whole words; of the others the longest that fits counts.
    pub(crate) name: &'static str,
    /// How it is written; empty for those that are not told of.
    pub(crate) syntax: &'static str,
    /// What it does.
    pub(crate) about: &'static str,
    /// Whether it shows bytes of the process, which `--no-memory` refuses.
    pub(crate) memory: bool,
    /// Whether it opens a file, which `--no-files` refuses.
    pub(crate) files: bool,
    pub(crate) run: Run,
}

impl Command {
    pub(crate) const fn new(
        name: &'static str,
        syntax: &'static str,
        about: &'static str,
        run: Run,
    ) -> Command {
        Command { name, syntax, about, memory: false, files: false, run }
    }

    /// One that shows bytes of the process.
    pub(crate) const fn memory(self) -> Command {
        Command { memory: true, ..self }
    }

    /// One that opens a file that it names.
    pub(crate) const fn files(self) -> Command {
        Command { files: true, ..self }
    }
}

/// Headings and commands, in the order of the documentation.
pub(crate) const FAMILIES: &[(&str, &[Command])] = &[
    ("Stacks and frames", stack::COMMANDS),
    ("Registers and contexts", registers::COMMANDS),
    ("", float::COMMANDS),
    ("", context::COMMANDS),
    ("The exception", exception::COMMANDS),
    ("Threads and processes", threads::COMMANDS),
    ("", systems::COMMANDS),
    ("The target", target::COMMANDS),
    ("", dump_file::COMMANDS),
    ("Modules and symbols", modules::COMMANDS),
    ("", images::COMMANDS),
    ("", names::COMMANDS),
    ("Expressions", evaluate::COMMANDS),
    ("", model::COMMANDS),
    ("Memory", dump::COMMANDS),
    ("", types::COMMANDS),
    ("", locals::COMMANDS),
    ("", search::COMMANDS),
    ("Code", code::COMMANDS),
    ("", before::COMMANDS),
    ("", function::COMMANDS),
    ("", unwind::COMMANDS),
    ("Extensions", extension::COMMANDS),
    ("Scripts", control::COMMANDS),
    ("", script::COMMANDS),
    ("", alias::COMMANDS),
    ("Output", text::COMMANDS),
    ("", printf::COMMANDS),
    ("Settings", settings::COMMANDS),
    ("", symbols::COMMANDS),
    ("", log::COMMANDS),
    ("Refused", refused::COMMANDS),
];

/// Every command.
pub(crate) fn all() -> impl Iterator<Item = &'static Command> {
    FAMILIES.iter().flat_map(|(_, commands)| commands.iter())
}

/// The command that begins at the line's place, and how many characters its name has.
pub(crate) fn find(line: &Line) -> Option<(&'static Command, usize)> {
    match line.peek() {
        b'.' if line.at(1).is_ascii_alphabetic() || line.at(1) == b'_' => dot(line),
        b'!' => Some(extension::find(line)),
        _ => letters(line),
    }
}

fn dot(line: &Line) -> Option<(&'static Command, usize)> {
    let word = |n: usize| matches!(line.at(n), c if c.is_ascii_alphanumeric() || c == b'_');
    let length = (1..=line.text.len()).find(|n| !word(*n)).unwrap_or(1);
    let name = line.between(line.pos, line.pos + length).to_ascii_lowercase();
    let signed = format!("{name}{}", char::from(line.at(length)));
    let named = |name: &str| all().find(|command| command.name == name);
    if let Some(command) = named(&signed).filter(|_| matches!(line.at(length), b'+' | b'-')) {
        return Some((command, length + 1));
    }
    named(&name).map(|command| (command, length))
}

fn letters(line: &Line) -> Option<(&'static Command, usize)> {
    let fits = |command: &&Command| {
        let name = command.name.as_bytes();
        let plain = !matches!(name.first(), Some(b'.' | b'!'));
        // A capital in a name is one that counts.
        let same = |n: usize, c: &u8| {
            line.at(n) == *c || c.is_ascii_lowercase() && line.at(n).eq_ignore_ascii_case(c)
        };
        plain && name.iter().enumerate().all(|(n, c)| same(n, c))
    };
    let longest = all().filter(fits).max_by_key(|command| command.name.len())?;
    Some((longest, longest.name.len()))
}
