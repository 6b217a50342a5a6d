//! `dumplens schema`: the shape of `report --format json`, for whoever reads it with a program.

use clap::ValueEnum;
use dumplens_analyzer::render;

use crate::output::Output;

/// Print the JSON Schema of `report --format json` or `diff --format json`
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The command whose output is described
    #[arg(long, value_enum, default_value_t = Of::Report)]
    of: Of,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    Report,
    Diff,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    output.raw(&match options.of {
        Of::Report => render::schema(),
        Of::Diff => render::diff_schema(),
    })
}
