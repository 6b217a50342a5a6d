//! A session on one of the project's dumps.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use dumplens_analyzer::Process;
use dumplens_core::{Dump, FileSource};
use dumplens_debugger::{Debugger, Options};

/// What the lines print, each on its own.
pub(crate) fn run_with(fixture: &str, options: Options, lines: &[&str]) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(fixture).join("dump.dmp");
    let dump = Dump::open(FileSource::open(&path).expect("the fixture")).expect("a dump");
    let process = Process::gather(&dump);
    let mut debugger = Debugger::new(&process, options);
    let stop = AtomicBool::new(false);
    let one = |line: &&str| {
        let mut out = Vec::new();
        debugger.run(line, &mut out, &stop).expect("memory takes everything");
        String::from_utf8(out).expect("text")
    };
    lines.iter().map(one).collect()
}

/// What one line prints.
pub(crate) fn run(fixture: &str, line: &str) -> String {
    run_with(fixture, Options::default(), &[line]).remove(0)
}
