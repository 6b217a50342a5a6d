//! `cargo xtask fixtures`: writes the dumps of fixtures/ anew from the presets of dumplens-synth.
//!
//! What is true of them stands beside them in `truth.toml`, written by hand; `tests/fixtures.rs` compares.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use dumplens_synth::presets::causes::story;
use dumplens_synth::{Process, presets};

/// Writes fixtures/*/dump.dmp anew
#[derive(Debug, clap::Args)]
pub(crate) struct Options {}

/// A folder of fixtures/, and what goes into it.
type Case = (&'static str, fn() -> Process);

const CASES: [Case; 5] = [
    ("x64-bad-alloc", presets::tiny_bad_alloc),
    ("x86-access-violation", presets::tiny_x86),
    ("wow64", presets::tiny_wow64),
    ("story-commit-limit", || story::commit_limit().process),
    ("story-commit-unknown", || story::commit_unknown().process),
];

/// Runs the chore.
pub(crate) fn run(_: &Options) -> anyhow::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    for (case, make) in CASES {
        let path = root.join(case).join("dump.dmp");
        std::fs::create_dir_all(root.join(case))?;
        make().write_file(&path).with_context(|| path.display().to_string())?;
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
