//! `cargo xtask schema`: writes docs/report.schema.json anew from the report's types. `tests/schema.rs` compares.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use dumplens_analyzer::render::json;
use dumplens_analyzer::report;

/// Writes docs/report.schema.json anew
#[derive(Debug, clap::Args)]
pub(crate) struct Options {}

/// Runs the chore.
pub(crate) fn run(_: &Options) -> anyhow::Result<ExitCode> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/report.schema.json");
    std::fs::write(&path, json::pretty(&report::schema())).with_context(|| path.display().to_string())?;
    println!("{}", path.display());
    Ok(ExitCode::SUCCESS)
}
