//! `dumplens man`: the manual, one page for the program and one for each command.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use dumplens_scan::place;

use crate::args::Args;
use crate::open::shown;
use crate::output::Output;

/// Print the man page, or write all man pages to a folder
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write dumplens.1 and a page for each command to this folder, replacing existing pages
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let Some(dir) = &options.dir else {
        let mut page = Vec::new();
        Man::new(Args::command()).render(&mut page)?;
        return output.raw(&String::from_utf8(page)?);
    };
    std::fs::create_dir_all(dir).with_context(|| shown(dir))?;
    let mut program = Args::command().disable_help_subcommand(true);
    program.build();
    write(&program, dir)
}

/// A page for a command and for each below it. What lies there under its name is replaced; a link is not followed.
fn write(command: &Command, dir: &Path) -> anyhow::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write(below, dir)?;
    }
    let page = Man::new(command.clone());
    let to = dir.join(page.get_filename());
    let write = || -> std::io::Result<()> {
        let mut draft = place::draft(&to)?;
        page.render(&mut draft)?;
        place::put(draft, &to, true)
    };
    write().with_context(|| shown(&to))
}
