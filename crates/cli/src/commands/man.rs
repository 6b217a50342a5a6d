//! `dumplens man`: the manual, one page for the program and one for each command.

use std::path::PathBuf;

use anyhow::Context;
use clap::CommandFactory;
use clap_mangen::Man;

use crate::args::Args;
use crate::open::shown;
use crate::output::Output;

/// Print the man page, or write all of them
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write dumplens.1 and a page for each command into this folder, over those that are there
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
    clap_mangen::generate_to(Args::command(), dir).with_context(|| shown(dir))
}
