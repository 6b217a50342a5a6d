//! `dumplens cdb`: the commands of WinDbg, from the command line, a file, a pipe or a prompt.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use dumplens_analyzer::render::text;
use dumplens_debugger::{Debugger, Options as Session};

use crate::open::{self, Gathered, shown};
use crate::output::{self, Output};
use crate::symbols::SymbolArgs;

mod prompt;

/// Run WinDbg and cdb commands (k, r, dq, u, !address …) at a prompt, or from the command line
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The minidump
    #[arg(short = 'z', value_name = "DUMP")]
    dump: PathBuf,
    /// Folders with PDBs, as in _NT_SYMBOL_PATH; servers in it are not asked
    #[arg(short = 'y', value_name = "PATH")]
    symbol_path: Option<String>,
    /// Folders with image files, separated by `;`: they provide code, exports and unwind data that the dump does not contain
    #[arg(short = 'i', value_name = "PATH")]
    image_path: Option<String>,
    /// Commands to run first, separated by `;`; `q` at the end quits
    #[arg(short = 'c', value_name = "COMMANDS", allow_hyphen_values = true)]
    commands: Option<String>,
    /// A file with commands to run first, one per line; also -cf
    #[arg(long, value_name = "FILE")]
    command_file: Option<PathBuf>,
    /// Show source files and lines in stacks; also -lines
    #[arg(long)]
    lines: bool,
    /// Copy the session to a new file; also -logo
    #[arg(long, value_name = "FILE")]
    logo: Option<PathBuf>,
    /// Refuse commands that show memory of the process: d, s, u, strings and arguments
    #[arg(long)]
    no_memory: bool,
    /// Refuse commands that open other files: scripts and logs
    #[arg(long)]
    no_files: bool,
    #[command(flatten)]
    symbols: SymbolArgs,
}

/// cdb's long options have one dash: those that follow `cdb` get two.
pub(crate) fn long_options(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let args: Vec<OsString> = args.collect();
    let is_cdb = args.get(1).is_some_and(|command| command == "cdb");
    // What follows -z, -y, -c and the like is theirs.
    let mut is_value = false;
    let long = |arg: OsString| {
        let value = std::mem::replace(&mut is_value, false);
        if !is_cdb || value {
            return arg;
        }
        let name = arg.to_str().map(str::to_owned);
        is_value = matches!(
            name.as_deref(),
            Some("-z" | "-y" | "-i" | "-c" | "-cf" | "-logo" | "--command-file" | "--logo")
        );
        match name.as_deref() {
            Some("-cf") => "--command-file".into(),
            Some("-lines") => "--lines".into(),
            Some("-logo") => "--logo".into(),
            _ => arg,
        }
    };
    args.into_iter().map(long).collect()
}

/// cdb's exit code where its input ends before `q`.
pub(crate) const END_OF_INPUT: u8 = 30;

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let path = &options.dump;
    let dump = open::open(path)?;
    let Gathered { process, warnings } = Gathered::new(&dump, &symbols(options));
    open::all_read(&dump, path)?;
    for warning in &warnings {
        output::note(&text::warning(warning));
    }
    let mut debugger = Debugger::new(&process, session(options, path)?);
    let log = options.logo.as_ref().map(|file| log(file)).transpose()?;
    // Not by `Output`, which takes out what might be colours: here they are text of the dump.
    let mut out = BufWriter::new(io::stdout().lock());
    let mut to = Tee { out: &mut out, log };
    debugger.banner(&mut to)?;
    let stop = AtomicBool::new(false);
    start(options, &mut debugger, &mut to, &stop)?;
    if debugger.has_quit() {
        return Ok(());
    }
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        return prompt::run(&mut debugger, &mut to);
    }
    pipe(&mut debugger, &mut to, &stop)?;
    if !debugger.has_quit() {
        output.exit_with(END_OF_INPUT);
    }
    Ok(())
}

/// Where symbols and images are looked for, the folders of `-i` first.
fn symbols(options: &Options) -> SymbolArgs {
    let mut symbols = options.symbols.clone();
    if let Some(text) = &options.image_path {
        let given = dumplens_analyzer::symbols::parse_nt_symbol_path(text).dirs;
        symbols.images.splice(0..0, given);
    }
    symbols
}

fn session(options: &Options, path: &Path) -> anyhow::Result<Session> {
    let (mut search, _) = options.symbols.search(path)?;
    if let Some(text) = &options.symbol_path {
        let given = dumplens_analyzer::symbols::parse_nt_symbol_path(text).dirs;
        search.dirs.splice(0..0, given);
    }
    Ok(Session {
        path: shown(path),
        search,
        symbol_path: options.symbol_path.clone().unwrap_or_default(),
        image_path: options.image_path.clone().unwrap_or_default(),
        lines: options.lines,
        no_memory: options.no_memory,
        no_files: options.no_files,
        terminal: io::stdout().is_terminal(),
    })
}

/// A new file: what is there is not written over.
fn log(file: &Path) -> anyhow::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).open(file).with_context(|| shown(file))
}

/// The commands of the command line.
fn start(
    options: &Options,
    debugger: &mut Debugger<'_, '_>,
    to: &mut Tee<'_>,
    stop: &AtomicBool,
) -> anyhow::Result<()> {
    if let Some(file) = &options.command_file {
        let text = fs::read(file).with_context(|| shown(file))?;
        for line in String::from_utf8_lossy(&text).lines() {
            writeln!(to, "{}{line}", debugger.prompt())?;
            debugger.run(line, to, stop)?;
            if debugger.has_quit() {
                return Ok(());
            }
        }
    }
    if let Some(commands) = &options.commands {
        writeln!(to, "{}cdb: Reading initial command '{commands}'", debugger.prompt())?;
        debugger.run(commands, to, stop)?;
    }
    Ok(())
}

/// Commands from a pipe, which are not repeated: the output follows the prompt.
fn pipe(debugger: &mut Debugger<'_, '_>, to: &mut Tee<'_>, stop: &AtomicBool) -> anyhow::Result<()> {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        debugger.before_prompt(to, stop)?;
        write!(to, "{}", debugger.prompt())?;
        to.flush()?;
        line.clear();
        if debugger.has_quit() || input.read_until(b'\n', &mut line)? == 0 {
            writeln!(to)?;
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line);
        debugger.run(text.trim_end_matches(['\r', '\n']), to, stop)?;
        if debugger.has_quit() {
            return Ok(());
        }
    }
}

/// Standard output, and the file of `-logo`.
struct Tee<'o> {
    out: &'o mut dyn Write,
    log: Option<fs::File>,
}

impl Write for Tee<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(log) = &mut self.log {
            log.write_all(bytes)?;
        }
        self.out.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_one_dash_are_those_of_cdb_only() {
        let long = |args: &[&str]| {
            let args = args.iter().map(OsString::from);
            long_options(args).into_iter().map(|a| a.into_string().unwrap()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            long(&["x", "cdb", "-z", "-lines", "-lines", "-cf", "f"]),
            "x cdb -z -lines --lines --command-file f"
        );
        assert_eq!(long(&["x", "why", "-lines"]), "x why -lines");
    }
}
