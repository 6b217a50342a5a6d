//! The team's reference folder, where it is at hand.
#![allow(clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// `shared` beside the project, or where `DUMPLENS_SHARED` points; says that the test skipped if it is not there.
pub(crate) fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("DUMPLENS_SHARED").map_or_else(beside, PathBuf::from);
    if shared.join("truth").is_dir() {
        return Some(shared);
    }
    eprintln!("skipped: no known dumps in {}", shared.display());
    None
}

/// Unpacks a dump with the `zstd` program; `false` without it.
pub(crate) fn unpack(packed: &Path, to: &Path) -> bool {
    let status =
        Command::new("zstd").arg("-dqf").arg(packed).arg("-o").arg(to).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
