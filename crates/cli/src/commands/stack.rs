//! `dumplens stack`: who called whom, down to what went wrong.

use anyhow::bail;
use dumplens_analyzer::render::json::Part;
use dumplens_analyzer::render::text;
use dumplens_analyzer::{Process, Question, Stacks};

use crate::args::Input;
use crate::open::{self, Gathered, shown};
use crate::output::Output;
use crate::page::{Page, Paged};
use crate::paint::Look;
use crate::symbols::SymbolArgs;
use crate::value::{self, ThreadChoice};

/// Show call stacks, without symbols or image files (k, ~*k)
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
    /// `all`, the debugger's thread number (the N of ~N), or a thread ID as 0x… [default: the thread of the exception,
    /// or the first]
    #[arg(long, value_parser = value::thread, value_name = "N|0xID|all")]
    thread: Option<ThreadChoice>,
    #[command(flatten)]
    symbols: SymbolArgs,
    #[command(flatten)]
    page: Page,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let path = &options.input.dump;
    let dump = open::open(path)?;
    let gathered = Gathered::new(&dump, &options.symbols);
    let process = &gathered.process;
    open::all_read(&dump, path)?;
    let stacks = match options.thread {
        None => Stacks::Thread(by_default(process)),
        Some(ThreadChoice::All) => Stacks::All,
        Some(ThreadChoice::Number(number)) => Stacks::Thread(number),
        Some(ThreadChoice::Id(id)) => match process.threads.iter().find(|t| t.id == id) {
            Some(thread) => Stacks::Thread(thread.index),
            None => bail!("{}: no thread has the ID {id:#x}", shown(path)),
        },
    };
    if let Stacks::Thread(number) = stacks
        && options.thread.is_some()
        && number >= process.threads.len()
    {
        bail!("{}: no thread {number}, there are {}", shown(path), process.threads.len());
    }
    let question = Question::Stacks(stacks);
    let mut report = open::with_symbols(&gathered, question, &open::options(path), path, &options.symbols)?;
    report.facts.threads.retain(|thread| thread.frames.is_some());
    let piece = options.page.cut_facts(&mut report.facts).threads;
    let json = || Paged { answer: Part::threads(&report), next_offset: piece.next() };
    output.look = Look::Stack;
    output.answer(options.input.format, || text::stacks(&report) + &piece.note("stacks"), json)
}

/// The thread that a person asks for who names none.
fn by_default(process: &Process<'_>) -> usize {
    let id = process.exception().map(|e| e.thread_id);
    process.threads.iter().find(|t| Some(t.id) == id).map_or(0, |thread| thread.index)
}
