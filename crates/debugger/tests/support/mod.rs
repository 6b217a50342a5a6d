//! A session on one of the project's dumps.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use dumplens_analyzer::Process;
use dumplens_core::{Dump, FileSource};
use dumplens_debugger::{Debugger, Options};

/// What the lines print, each on its own.
pub(crate) fn run_with(fixture: &str, options: Options, lines: &[&str]) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(fixture).join("dump.dmp");
    run_on(&Dump::open(FileSource::open(&path).expect("the fixture")).expect("a dump"), options, lines)
}

/// The same on any dump.
pub(crate) fn run_on(dump: &Dump, options: Options, lines: &[&str]) -> Vec<String> {
    let process = Process::gather(dump);
    let mut debugger = Debugger::new(&process, options);
    let stop = AtomicBool::new(false);
    let one = |line: &&str| {
        let mut out = Vec::new();
        debugger.run(line, &mut out, &stop).expect("memory takes everything");
        String::from_utf8(out).expect("text")
    };
    lines.iter().map(one).collect()
}

/// What lines print on a dump that synth writes.
#[allow(dead_code)] // not every test has one
pub(crate) fn run_synth(process: &dumplens_synth::Process, lines: &[&str]) -> Vec<String> {
    run_on(&Dump::open(process.to_bytes().0).expect("a dump"), Options::default(), lines)
}

/// What one line prints.
#[allow(dead_code)]
pub(crate) fn run(fixture: &str, line: &str) -> String {
    run_with(fixture, Options::default(), &[line]).remove(0)
}
