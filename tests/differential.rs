//! Three readers of the same dumps: dumplens as its report says it, the `minidump` crate on the file itself, and a small
//! reader in Python. Where they differ, the difference is of a kind that is named and explained, or the test fails.
//!
//! DUMPLENS_MUTATIONS says how many changed dumps are read too, from DUMPLENS_FIRST on; `cargo xtask differential` reads many and prints what
//! docs/dev/differential.md has. Without Python the crate alone is compared with, on sound dumps.
#![allow(clippy::print_stderr)]

#[path = "differential/explain.rs"]
mod explain;
#[path = "differential/readers.rs"]
mod readers;
#[path = "support/shared.rs"]
mod shared;
#[path = "differential/view.rs"]
mod view;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dumplens_synth::presets;
use readers::Python;
use shared::needs;

/// Changed dumps without DUMPLENS_MUTATIONS: some 10 s in a debug build.
const MUTATIONS: u64 = 500;
/// Larger dumps are left to other tests.
const MOST_BYTES: u64 = 16 << 20;

/// What a run found.
#[derive(Default)]
struct Tally {
    dumps: u64,
    refused: u64,
    differ: u64,
    kinds: BTreeMap<&'static str, u64>,
    wrong: Vec<String>,
}

impl Tally {
    /// Compares what the readers make of a file.
    fn compare(&mut self, name: &str, bytes: &[u8], python: Option<&mut Python>) {
        self.dumps += 1;
        let (asked, theirs) = (python.is_some(), python.and_then(|python| python.read(bytes)));
        let Some((ours, warnings)) = readers::dumplens(bytes) else {
            self.refused += 1;
            if theirs.is_some() {
                self.wrong.push(format!("{name}: dumplens refuses what reader.py reads"));
            }
            return;
        };
        let mut found = Vec::new();
        let mut agreed = false;
        match theirs {
            Some(theirs) => match explain::with_python(&ours, &theirs, &warnings, bytes.len()) {
                Ok(kinds) => (agreed, found) = (true, kinds),
                Err(why) => self.wrong.push(format!("{name}, reader.py: {why}")),
            },
            None if asked => self.wrong.push(format!("{name}: reader.py refuses what dumplens reads")),
            None => {}
        }
        match explain::with_crate(&ours, bytes, &warnings, agreed) {
            Ok(kinds) => found.extend(kinds),
            Err(why) => self.wrong.push(format!("{name}, minidump: {why}")),
        }
        found.sort_unstable();
        found.dedup();
        self.differ += u64::from(!found.is_empty());
        for kind in found {
            *self.kinds.entry(kind).or_default() += 1;
        }
    }

    fn tell(&self, what: &str) {
        let kinds: Vec<String> = self.kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let Tally { dumps, refused, differ, .. } = self;
        eprintln!("{what}: {dumps} dumps, {refused} refused, {differ} differ: {}", kinds.join(", "));
        let shown: Vec<&String> = self.wrong.iter().take(10).collect();
        assert!(self.wrong.is_empty(), "{} unexplained: {shown:#?}", self.wrong.len());
        let explained = explain::KINDS.iter().chain(&explain::PYTHON_KINDS);
        let explained: Vec<&str> = explained.map(|(kind, _)| *kind).collect();
        assert!(self.kinds.keys().all(|kind| explained.contains(kind)), "{:?}", self.kinds);
    }
}

fn python() -> Option<Python> {
    needs::PYTHON.is_met().then(Python::start)
}

/// Every `.dmp` of a folder and of those in it.
fn folder(folder: &Path, tally: &mut Tally, python: &mut Option<Python>) {
    let mut paths: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            self::folder(&path, tally, python);
        } else if path.extension().is_some_and(|e| e == "dmp")
            && fs::metadata(&path).is_ok_and(|file| file.len() <= MOST_BYTES)
        {
            tally.compare(&path.display().to_string(), &fs::read(&path).expect("a dump"), python.as_mut());
        }
    }
}

/// All that was written on purpose and is sound: no difference at all but in the form of addresses.
#[test]
fn sound_dumps() {
    let (mut tally, mut python) = (Tally::default(), python());
    folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures"), &mut tally, &mut python);
    let tiny = [presets::tiny(), presets::tiny_x86(), presets::tiny_bad_alloc(), presets::tiny_wow64()];
    let heaps = presets::heaps::ALL.iter().map(|(_, make)| make().0.touched());
    let causes = presets::causes::all().into_iter().map(|make| make().process.touched());
    for (n, process) in tiny.into_iter().chain(heaps).chain(causes).enumerate() {
        tally.compare(&format!("preset {n}"), &process.to_bytes().0, python.as_mut());
    }
    tally.tell("sound");
    assert!(tally.dumps > 100 && tally.refused == 0, "{} dumps", tally.dumps);
    let found: Vec<&str> = tally.kinds.keys().copied().collect();
    assert!(found.iter().all(|kind| *kind == "sign_extended"), "{found:?}");
}

/// Damaged on purpose, and changed by chance.
#[test]
fn damaged_dumps() {
    let Some(mut python) = python() else { return };
    let seeds = dumplens_fuzz::seeds::dumps();
    let mut tally = Tally::default();
    for (n, seed) in seeds.iter().enumerate() {
        tally.compare(&format!("seed {n}"), seed, Some(&mut python));
    }
    tally.tell("damaged on purpose");
    let variable = std::env::var("DUMPLENS_MUTATIONS").ok();
    let count = variable.and_then(|count| count.parse().ok()).unwrap_or(MUTATIONS);
    let first: u64 = std::env::var("DUMPLENS_FIRST").ok().and_then(|first| first.parse().ok()).unwrap_or(0);
    let mut tally = Tally::default();
    for n in first..first + count {
        let bytes = dumplens_fuzz::changed(&seeds, n);
        tally.compare(&format!("changed {n}"), &bytes, Some(&mut python));
    }
    tally.tell("changed");
    let few = count < 20;
    assert!(
        few || tally.dumps - tally.refused > count / 2 && tally.differ > count / 20,
        "nothing was compared"
    );
}

/// Dumps of other people's programs, where they are at hand.
#[test]
fn published_dumps() {
    let Some(shared) = shared::shared() else { return };
    let Some(mut python) = python().map(Some) else { return };
    let mut tally = Tally::default();
    folder(&shared.join("dumps"), &mut tally, &mut python);
    let scratch = tempfile::tempdir().expect("a folder");
    for group in ["own", "programs"] {
        for packed in fs::read_dir(shared.join("dumps").join(group)).into_iter().flatten() {
            let packed = packed.expect("an entry").path();
            let name = packed.file_stem().expect("a name").to_owned();
            let unpacked = scratch.path().join(name);
            if packed.extension().is_some_and(|e| e == "zst") && shared::unpack(&packed, &unpacked) {
                let bytes = fs::read(&unpacked).expect("a dump");
                tally.compare(&packed.display().to_string(), &bytes, python.as_mut());
            }
        }
    }
    tally.tell("published");
}
