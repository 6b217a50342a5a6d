//! `cargo xtask fixtures`: writes the dumps of fixtures/ anew from the presets of dumplens-synth.
//!
//! What is true of them stands beside them in `truth.toml`, written by hand; `tests/fixtures.rs` compares.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use dumplens_synth::presets::causes::{self, commit, handled, space32, story};
use dumplens_synth::presets::heaps::leak::{AFTER, BEFORE, leak};
use dumplens_synth::{Process, Width, presets};

/// Writes fixtures/*/dump.dmp anew
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Writes the processes of `presets::causes` to this folder instead, to be looked at
    #[arg(long, value_name = "DIR")]
    causes: Option<PathBuf>,
}

/// A folder of fixtures/, and what goes into it.
type Case = (&'static str, fn() -> Process);

const CASES: [Case; 12] = [
    ("x64-bad-alloc", presets::tiny_bad_alloc),
    ("x86-access-violation", presets::tiny_x86),
    ("wow64", presets::tiny_wow64),
    ("story-commit-limit", || story::commit_limit().process),
    ("story-commit-unknown", || story::commit_unknown().process),
    ("x86-fragmented", || space32::fragmented().process),
    ("job-limit", || commit::job_limit().process.touched()),
    ("leak-1", || leak(Width::W64, BEFORE)),
    ("leak-2", || leak(Width::W64, AFTER)),
    ("managed-exception", || presets::clr::exception().touched()),
    ("managed-deadlock", || presets::clr::deadlock().touched()),
    ("handled-then-abort", || handled::aborted_in_catch_block().process.touched()),
];

/// Runs the chore.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    if let Some(folder) = &options.causes {
        return write_causes(folder);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    for (case, make) in CASES {
        let path = root.join(case).join("dump.dmp");
        std::fs::create_dir_all(root.join(case))?;
        make().write_file(&path).with_context(|| path.display().to_string())?;
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Every process of which the cause is known, one file each.
fn write_causes(folder: &Path) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(folder)?;
    for make in causes::all() {
        let case = make();
        let path = folder.join(format!("{}.dmp", case.name));
        case.process.write_file(&path).with_context(|| path.display().to_string())?;
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
