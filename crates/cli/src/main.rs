//! `dumplens`: the command line. Arguments, paths, the terminal and exit codes; nothing else.

mod address;
mod args;
mod commands;
mod interrupt;
mod limit;
mod mcp;
mod open;
mod output;
mod page;
mod paint;
#[cfg(all(test, feature = "html", feature = "store"))]
mod reference;
mod remote;
mod scan;
mod shorthand;
#[cfg(feature = "store")]
mod store;
#[cfg(not(feature = "store"))]
#[path = "store/none.rs"]
mod store;
mod symbols;
mod value;
mod watch;

use std::process::ExitCode;
use std::{panic, thread};

use dumplens_analyzer::symbols::READER_THREAD;

use crate::args::{Args, Command};
use crate::output::Output;

/// musl's own allocator is slow, and slower with more threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rust prints a line about every panic, caught or not. Those of the libraries that read PDBs are told as warnings.
fn quiet_readers() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().name() != Some(READER_THREAD) {
            tell(info);
        }
    }));
}

fn main() -> ExitCode {
    quiet_readers();
    let words =
        shorthand::expand::<Args>(commands::cdb::long_options(std::env::args_os()).into_iter().collect());
    let args = match args::parse(&words) {
        Ok(args) => args,
        Err(error) => return output::refuse(&error),
    };
    let mut output = Output::new(args.color);
    let result = match &args.command {
        Command::Why(options) => commands::why::run(options, &mut output),
        Command::Explain(options) => commands::explain::run(options, &mut output),
        Command::Summary(options) => commands::summary::run(options, &mut output),
        Command::Regions(options) => commands::regions::run(options, &mut output),
        Command::At(options) => commands::at::run(options, &mut output),
        Command::Heaps(options) => commands::heaps::run(options, &mut output),
        Command::Census(options) => commands::census::run(options, &mut output),
        Command::Allocations(options) => commands::allocations::run(options, &mut output),
        Command::Modules(options) => commands::modules::run(options, &mut output),
        Command::Managed(options) => commands::managed::run(options, &mut output),
        Command::Info(options) => commands::info::run(options, &mut output),
        Command::Threads(options) => commands::threads::run(options, &mut output),
        Command::Stack(options) => commands::stack::run(options, &mut output),
        Command::Cdb(options) => commands::cdb::run(options, &mut output),
        Command::Waits(options) => commands::waits::run(options, &mut output),
        Command::Report(options) => commands::report::run(options, &mut output),
        Command::Diff(options) => commands::diff::run(options, &mut output),
        Command::Trim(options) => commands::trim::run(options, &mut output),
        Command::Scan(options) => commands::scan::run(options, &mut output),
        #[cfg(feature = "store")]
        Command::History(options) => commands::history::run(options, &mut output),
        Command::Watch(options) => commands::watch::run(options, &mut output),
        Command::Mcp(options) => commands::mcp::run(options, &mut output),
        Command::Schema(options) => commands::schema::run(options, &mut output),
        Command::Completions(options) => commands::completions::run(options, &mut output),
        Command::Man(options) => commands::man::run(options, &mut output),
    };
    match result.and_then(|()| output.finish()) {
        Ok(()) => output.status(),
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::FAILURE
        }
    }
}
