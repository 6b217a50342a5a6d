//! `dumplens schema`: the shape of `report --format json`, for whoever reads it with a program.

use dumplens_analyzer::report;

use crate::output::Output;

/// Print the JSON Schema of what report --format json prints
#[derive(Debug, clap::Args)]
pub(crate) struct Options {}

pub(crate) fn run(_: &Options, output: &mut Output) -> anyhow::Result<()> {
    output.json(&report::schema())
}
