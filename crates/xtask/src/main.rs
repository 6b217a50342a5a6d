//! `cargo xtask`: the repository's chores. A table of subcommands; each lives in a module of its name.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for developers: it prints")]

mod bench;
mod cargo;
mod differential;
mod fixtures;
mod manifests;
mod peers;
mod python;
mod schema;
mod windows;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of the dumplens repository
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    Differential(differential::Options),
    Fixtures(fixtures::Options),
    Manifests(manifests::Options),
    Python(python::Options),
    Peers(peers::Options),
    Schema(schema::Options),
    Windows(windows::Options),
    #[command(hide = true)]
    MakeDump(bench::dumps::Options),
}

fn main() -> anyhow::Result<ExitCode> {
    match Args::parse().chore {
        Chore::Differential(options) => differential::run(&options),
        Chore::Fixtures(options) => fixtures::run(&options),
        Chore::Manifests(options) => manifests::run(&options),
        Chore::Python(options) => python::run(&options),
        Chore::Peers(options) => peers::run(&options),
        Chore::Schema(options) => schema::run(&options),
        Chore::Windows(options) => windows::run(&options),
        Chore::MakeDump(options) => bench::dumps::make(&options),
    }
}
