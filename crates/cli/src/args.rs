//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::commands;

const AFTER_HELP: &str = "\
dumplens FILE.dmp alone asks why; --json is --format json.

Examples:
  dumplens why app.dmp                                    what happened, how much was asked for, why it was refused
  dumplens summary app.dmp                                what !address -summary shows
  dumplens regions app.dmp --usage free --min-size 2GiB   is there room for a large block?
  dumplens at app.dmp 7ffe0000                            what lies at an address
  dumplens heaps app.dmp                                  the heaps, and who asked for large blocks
  dumplens census app.dmp                                 what fills the memory: sizes, shapes, classes
  dumplens allocations app.dmp                            the largest allocations, modules, stacks
  dumplens managed app.dmp                                .NET: objects by type, exceptions, locks
  dumplens threads app.dmp                                stacks, last errors and statuses
  dumplens stack app.dmp --thread all                     call stacks, walked out of the dump itself
  dumplens cdb -z app.dmp                                 the commands of WinDbg at a prompt
  dumplens waits app.dmp                                  who waits for what, and on whom: deadlocks
  dumplens report app.dmp --format json                   everything, for another program
  dumplens report app.dmp --format html > app.html        the same as a page, with a picture of the address space
  dumplens diff old.dmp new.dmp                           what grew, how fast, until when
  dumplens trim app.dmp small.dmp                         a dump for a ticket, with the same report
  dumplens scan dumps                                     a folder of dumps, counted by cause
  dumplens watch dumps --store dumps.db                   each new dump, as soon as it is written
  dumplens history --store dumps.db                       causes over time
  dumplens mcp --root dumps                               the questions as tools of an assistant

Exit status:
  0    the question was answered, with warnings or without
  1    the file cannot be read as a minidump of a process; scan: the store cannot be used
  2    the command line is wrong
  3    scan found what --fail-on names
  130  scan was interrupted; what was done until then was printed";

/// Reads Windows crash dumps and says what happened to the process's memory.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

/// One variant for each question.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Why(commands::why::Options),
    Explain(commands::explain::Options),
    Summary(commands::summary::Options),
    Regions(commands::regions::Options),
    At(commands::at::Options),
    Heaps(commands::heaps::Options),
    Census(commands::census::Options),
    Allocations(commands::allocations::Options),
    Modules(commands::modules::Options),
    Managed(commands::managed::Options),
    Info(commands::info::Options),
    Threads(commands::threads::Options),
    Stack(commands::stack::Options),
    Cdb(commands::cdb::Options),
    Waits(commands::waits::Options),
    Report(commands::report::Options),
    Diff(commands::diff::Options),
    Trim(commands::trim::Options),
    Scan(commands::scan::Options),
    #[cfg(feature = "store")]
    History(commands::history::Options),
    Watch(commands::watch::Options),
    Mcp(commands::mcp::Options),
    Schema(commands::schema::Options),
    Completions(commands::completions::Options),
    Man(commands::man::Options),
}

/// The dump, and how to show the answer.
#[derive(Debug, clap::Args)]
pub(crate) struct Input {
    /// The minidump
    pub(crate) dump: PathBuf,
    /// How to show the answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// Only on a terminal
    Auto,
    Always,
    Never,
}
