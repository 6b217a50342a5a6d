//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::commands;

const AFTER_HELP: &str = "\
`dumplens FILE.dmp` is short for `dumplens why FILE.dmp`, and --json for --format json.
Sizes use powers of 1024: 1 kB is 2^10 bytes, 1 MB is 2^20.

Examples:
  dumplens why app.dmp                                    what happened, what was requested, why it was refused
  dumplens summary app.dmp                                what !address -summary shows
  dumplens regions app.dmp --usage free --min-size 2GiB   is there room for a large block?
  dumplens at app.dmp 7ffe0000                            what is at an address
  dumplens heaps app.dmp                                  the heaps and their large blocks
  dumplens census app.dmp                                 what fills the memory: sizes, shapes, classes
  dumplens allocations app.dmp                            the largest allocations, modules, stacks
  dumplens managed app.dmp                                .NET: objects by type, exceptions, locks
  dumplens threads app.dmp                                stacks, last errors and statuses
  dumplens stack app.dmp --thread all                     call stacks of all threads
  dumplens cdb -z app.dmp                                 a prompt for WinDbg commands
  dumplens waits app.dmp                                  who waits for whom: deadlocks
  dumplens report app.dmp --format json                   everything, for another program
  dumplens report app.dmp --format html > app.html        the same as a page, with a picture of the address space
  dumplens diff old.dmp new.dmp                           what grew, how fast, and when it hits a limit
  dumplens trim app.dmp small.dmp                         a small dump for a ticket, with the same report
  dumplens scan dumps                                     a folder of dumps, grouped by cause
  dumplens watch dumps --store dumps.db                   each new dump as soon as it is written
  dumplens history --store dumps.db                       causes over time
  dumplens mcp --root dumps                               a server for assistants (MCP)

Exit status:
  0    the question was answered, with or without warnings
  1    the file cannot be read as a minidump of a process; scan: the store cannot be used
  2    the command line is wrong
  3    scan found what --fail-on names
  130  scan was interrupted; finished results have been printed";

/// Reads Windows crash dumps and explains what happened to the process's memory.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// When to use colors
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

/// The program with all its commands; what is parsed has the arguments of one only.
pub(crate) fn program() -> clap::Command {
    let mut program = Args::command();
    program.build();
    program
}

/// Parses the arguments. An error, or the help that was asked for, is printed by the parser that knows all commands.
pub(crate) fn parse(words: &[OsString]) -> Result<Args, clap::Error> {
    let failed = |error: clap::Error| match error.kind() {
        ErrorKind::DisplayVersion => error,
        _ => program().try_get_matches_from(words).err().unwrap_or(error),
    };
    Args::try_parse_from(words).map_err(failed)
}

/// One variant for each question. The arguments of a command are made when it is called.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
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
    /// Output format
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
