//! How often a frame was right, by what it rests on: docs/stacks.md has the table that this prints.

use std::collections::BTreeMap;
use std::path::Path;

use dumplens_analyzer::facts::FrameReport;
use dumplens_analyzer::stack::Trust;
use dumplens_analyzer::symbols::Search;
use serde_json::Value;

use super::*;

/// The thread's return addresses by Microsoft's debugger engine. Behind a call that does not return it shows the byte before.
fn engine(thread: &Value) -> Vec<u64> {
    let frames = thread["frames"].as_array().into_iter().flatten();
    let address =
        |frame: &Value| u64::from_str_radix(frame["ret"].as_str()?.trim_start_matches("0x"), 16).ok();
    frames.filter_map(address).filter(|address| *address != 0).collect()
}

fn answer(dump: &Known, pdbs: Option<&Path>) -> Report {
    let opened = Dump::open(FileSource::open(&dump.path).expect("a file")).expect("a minidump");
    let search = Search { dirs: pdbs.map(Path::to_owned).into_iter().collect(), ..Search::default() };
    let options = Options { search, ..Options::default() };
    Report::answer(&Process::gather(&opened), Question::Stacks(Stacks::All), &options)
}

/// Full dumps, which keep code and unwind data. What the engine does not show of the guesses may be right all the same: it
/// leaves out callers too.
#[test]
fn how_often_each_trust_was_right() {
    let Some(shared) = shared() else { return };
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let mut counted: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
    let mut compare = |frames: &[FrameReport], rets: &[u64], dump: &str| {
        for frame in frames.iter().filter(|frame| !frame.inline).skip(1) {
            let shown = rets.contains(&frame.ip.0) || rets.contains(&(frame.ip.0 - 1));
            let (right, all) = counted.entry(frame.trust.name()).or_default();
            (*right, *all) = (*right + usize::from(shown), *all + 1);
            let proven = matches!(frame.trust, Trust::UnwindInfo | Trust::Leaf | Trust::FrameData);
            assert!(shown || !proven, "{dump}: {} by {}", frame.ip, frame.trust.name());
        }
    };
    let dumps = known(&shared, &["own", "programs"], scratch.path());
    for dump in &dumps {
        let pdbs = shared.join("dumps/symbols/x86");
        // With the PDB of our own 32-bit program, and without.
        let own = dump.name.starts_with("imit32");
        let reports = std::iter::once(answer(dump, None)).chain(own.then(|| answer(dump, Some(&pdbs))));
        for report in reports {
            for thread in dump.truth["threads"].as_array().into_iter().flatten() {
                let found = report
                    .facts
                    .threads
                    .iter()
                    .find(|found| Some(u64::from(found.id)) == thread["tid"].as_u64());
                let Some(found) = found else { continue };
                let rets = engine(thread);
                compare(found.frames.as_deref().unwrap_or_default(), &rets, &dump.name);
                compare(found.native.as_ref().map_or(&[], |native| &native.frames), &rets, &dump.name);
            }
        }
    }
    for (trust, (right, all)) in &counted {
        eprintln!("{trust}: the engine has {right} of {all}");
    }
    assert!(dumps.is_empty() || counted.values().map(|(_, all)| all).sum::<usize>() > 200);
}
