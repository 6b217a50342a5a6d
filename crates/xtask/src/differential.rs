//! `cargo xtask differential`: many changed dumps by three readers (`tests/differential.rs`), and what differs, by kind.

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::cargo;

/// Compares dumplens with the minidump crate and a reader in Python over many changed dumps
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many
    #[arg(long, default_value_t = 100_000)]
    mutations: u64,
}

/// Runs the chore.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let test = ["test", "--release", "--package", "dumplens", "--test", "differential", "--", "--nocapture"];
    let status = Command::new(cargo)
        .args(test)
        .current_dir(cargo::root())
        .env("DUMPLENS_MUTATIONS", options.mutations.to_string())
        .status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
