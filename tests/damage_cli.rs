//! Every damaged dump through the binary: it ends, with exit code 0 or with 1 and one line that names the file, in
//! bounded memory, and prints nothing that acts on a terminal.

mod support;

use dumplens_synth::damage;
use support::{acts, run, str, write};

/// Beyond the file itself: what a debug build takes for tables and text of the largest variants.
const MEMORY: u64 = 64 << 20;

/// One test for each command, so that they share the processors.
fn every_variant(command: &str) {
    let mut wrong = Vec::new();
    // Windows counts the program's own pages too: 31 MB of an unoptimized one.
    let own = if cfg!(windows) { run(&["--version"]).peak } else { 0 };
    for variant in damage::variants() {
        let (_directory, path) = write(&format!("{}.dmp", variant.name), &variant.bytes);
        let size = variant.bytes.len() as u64;
        drop(variant.bytes);
        let run = run(&[command, str(&path)]);
        let mut complain = |what: &str| wrong.push(format!("{}: {what}", variant.name));
        match run.code {
            Some(0) if !run.stderr.is_empty() => complain(&format!("succeeded and said {:?}", run.stderr)),
            Some(0) if run.stdout.is_empty() => complain("succeeded and said nothing"),
            Some(0) => {}
            Some(1) => {
                let one_line = run.stderr.lines().count() == 1 && run.stderr.ends_with('\n');
                if !one_line || !run.stderr.contains(variant.name) || !run.stdout.is_empty() {
                    complain(&format!("failed with {:?}", run.stderr));
                }
            }
            other => complain(&format!("exit code {other:?}, {:?}", run.stderr)),
        }
        if let Some(c) = run.stdout.chars().chain(run.stderr.chars()).find(|c| acts(*c)) {
            complain(&format!("printed {c:?}"));
        }
        if run.peak > MEMORY + own + size {
            complain(&format!("took {} KiB of memory for a file of {} KiB", run.peak >> 10, size >> 10));
        }
    }
    assert!(wrong.is_empty(), "{command}:\n{}", wrong.join("\n"));
}

#[test]
fn summary() {
    every_variant("summary");
}

#[test]
fn report() {
    every_variant("report");
}

#[test]
fn regions() {
    every_variant("regions");
}
