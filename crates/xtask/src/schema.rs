//! `cargo xtask schema`: writes docs/*.schema.json anew from the types of report and diff. `tests/schema.rs` compares.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use dumplens_analyzer::render;

/// Writes docs/report.schema.json and docs/diff.schema.json anew
#[derive(Debug, clap::Args)]
pub(crate) struct Options {}

/// Runs the chore.
pub(crate) fn run(_: &Options) -> anyhow::Result<ExitCode> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for (file, schema) in
        [("report.schema.json", render::schema()), ("diff.schema.json", render::diff_schema())]
    {
        let path = docs.join(file);
        std::fs::write(&path, &schema).with_context(|| path.display().to_string())?;
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
