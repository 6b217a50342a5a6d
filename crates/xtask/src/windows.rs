//! `cargo xtask windows`: builds the Windows program on Linux, and runs it and its tests under Wine.
//!
//! Debian's own Rust has the library's source, so that the library can be built for Windows (`-Zbuild-std`) where
//! rustup's targets cannot be fetched. That is for this chore only: nothing else needs it. What it found last stands in
//! docs/dev/windows.md.

mod compare;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use tools::Tools;

/// The packages whose tests are run: the whole tool's, and those of what reads files.
const PACKAGES: [&str; 2] = ["dumplens", "dumplens-core"];

/// Builds the Windows program with Debian's Rust and mingw, and runs it and its tests under Wine
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// As it is shipped; by default without optimisation, which is built sooner
    #[arg(long)]
    release: bool,
    /// Only build it, and compare its answers with those of this system's program
    #[arg(long)]
    no_tests: bool,
    /// Dumps to compare, beside those of fixtures; folders are taken with all that is in them
    #[arg(value_name = "PATH")]
    dumps: Vec<PathBuf>,
}

/// Runs the chore.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let tools = Tools::find(options.release)?;
    let program = tools.build()?;
    println!("{} with {}, under {}", program.display(), Tools::rustc()?, Tools::wine_version()?);
    tools.prepare_wine()?;
    let compared = compare::all(&tools, &program, &options.dumps)?;
    println!("{compared}");
    let mut good = compared.different == 0;
    if !options.no_tests {
        let tests = tools.test(&PACKAGES)?;
        println!("{tests}");
        good &= tests.failed == 0 && tests.passed > 0;
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
