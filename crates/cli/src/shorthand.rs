//! Shorthands on the command line: a dump alone, and `--json`.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::Parser;

/// The arguments as clap knows them: `dumplens FILE.dmp` asks `why`, and `--json` is `--format=json`.
pub(crate) fn expand<A: Parser>(args: Vec<OsString>) -> Vec<OsString> {
    let mut args = args;
    let program = A::command();
    let command = |args: &[OsString]| {
        let mut command = program.find_subcommand(args.get(1)?.to_str()?)?.clone();
        command.build(); // its arguments are made only then
        Some(command)
    };
    if command(&args).is_none() && args.get(1).is_some_and(|first| is_dump(first)) {
        args.insert(1, "why".into());
    }
    // Of a command without `--format`, clap answers to what was typed.
    if !command(&args).is_some_and(|command| command.get_arguments().any(|arg| arg.get_id() == "format")) {
        return args;
    }
    let end = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    for arg in args.iter_mut().take(end).filter(|arg| *arg == "--json") {
        *arg = "--format=json".into();
    }
    args
}

/// Whether a word is a file, or named as a dump: then a missing file is reported as such.
fn is_dump(word: &OsStr) -> bool {
    let path = Path::new(word);
    let named = dumplens_scan::named_as_dump(path);
    !word.to_string_lossy().starts_with('-') && (named || path.is_file())
}
