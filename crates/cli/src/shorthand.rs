//! What people type in place of the full words: a dump alone, and `--json`.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::Parser;

/// Commands whose arguments may be another program's, or that have another `--json…`.
const LEFT_ALONE: [&str; 3] = ["cdb", "scan", "watch"];

/// The arguments as clap knows them: `dumplens FILE.dmp` asks `why`, and `--json` is `--format=json`.
pub(crate) fn expand<A: Parser>(args: Vec<OsString>) -> Vec<OsString> {
    let Some(first) = args.get(1).cloned() else { return args };
    let known = first.to_str().is_some_and(|first| A::command().find_subcommand(first).is_some());
    if LEFT_ALONE.iter().any(|name| first == *name) {
        return args;
    }
    let mut args = args;
    if !known && is_dump(&first) {
        args.insert(1, "why".into());
    }
    let end = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    for arg in args.iter_mut().take(end).filter(|arg| *arg == "--json") {
        *arg = "--format=json".into();
    }
    args
}

/// Whether a word is a file, or named as a dump: then a file that is not there is told as such.
fn is_dump(word: &OsStr) -> bool {
    let path = Path::new(word);
    let named = dumplens_scan::named_as_dump(path);
    !word.to_string_lossy().starts_with('-') && (named || path.is_file())
}
