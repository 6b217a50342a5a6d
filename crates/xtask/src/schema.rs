//! `cargo xtask schema`: writes docs/*.schema.json anew from the types of report and diff, and the types of the Python package
//! out of them. `tests/schema.rs` and the tests of `python` compare.

mod annotate;
mod python;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use dumplens_analyzer::render;

use crate::cargo;

/// Writes docs/report.schema.json, docs/diff.schema.json and the types of the Python package anew
#[derive(Debug, clap::Args)]
pub(crate) struct Options {}

/// Runs the chore.
pub(crate) fn run(_: &Options) -> anyhow::Result<ExitCode> {
    let docs = cargo::root().join("docs");
    for (path, text) in [
        (docs.join("report.schema.json"), render::schema()),
        (docs.join("diff.schema.json"), render::diff_schema()),
        (types_path(), python::module()?),
    ] {
        std::fs::write(&path, &text).with_context(|| path.display().to_string())?;
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Where the Python package has them.
fn types_path() -> PathBuf {
    cargo::root().join("crates/python/python/dumplens/types.py")
}
