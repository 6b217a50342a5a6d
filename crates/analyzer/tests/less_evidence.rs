//! Less evidence never gives more confidence: whatever stream or kept range is taken out of a dump, its verdict is not more
//! certain than before; and where one that was certain becomes another one, that is less certain, or a warning says what is
//! missing.

use std::collections::BTreeSet;
use std::path::Path;

use dumplens_analyzer::verdict::{Cause, Confidence, Kind};
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::Dump;
use dumplens_synth::presets::causes;

/// `MINIDUMP_STREAM_TYPE`: unused, and the exception.
const UNUSED: u32 = 0;
const EXCEPTION: u32 = 6;
/// Kept ranges of one dump that are taken out, one at a time: every so many, so that there are not more than this.
const RANGES: usize = 24;

/// What a dump's verdict is.
#[derive(Debug)]
struct Answer {
    kind: Kind,
    cause: Option<Cause>,
    confidence: Confidence,
    warnings: BTreeSet<String>,
}

fn answer(bytes: Vec<u8>) -> Option<Answer> {
    let dump = Dump::open(bytes).ok()?;
    let report = Report::answer(&Process::gather(&dump), Question::Why, &Options::default());
    let verdict = report.verdict?;
    let warnings = report.facts.warnings.into_iter().map(|warning| warning.message).collect();
    Some(Answer { kind: verdict.kind, cause: verdict.cause, confidence: verdict.confidence, warnings })
}

/// What is wrong with the answer of a dump with less in it.
fn wrong(whole: &Answer, less: &Answer) -> Option<String> {
    // A cause that is no longer known is not another one.
    let unsaid = less.cause.is_none() && whole.kind != Kind::AllocationFailure;
    let same = whole.kind == less.kind && (whole.cause == less.cause || unsaid);
    let warned = less.warnings.difference(&whole.warnings).next().is_some();
    let fine = if same {
        less.confidence <= whole.confidence
    } else {
        less.confidence < whole.confidence.max(Confidence::Medium) || warned
    };
    (!fine).then(|| format!("{whole:?} became {less:?}"))
}

/// A dump without one of its streams, for each of them; the exception's own is left in: without it nothing says that there
/// was one.
fn without_streams(bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let long = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (count, directory) = (long(8) as usize, long(12) as usize);
    let entries =
        (0..count).map(|n| directory + 12 * n).filter(|at| ![UNUSED, EXCEPTION].contains(&long(*at)));
    let without = |at: usize| {
        let mut less = bytes.to_vec();
        less[at..at + 4].copy_from_slice(&UNUSED.to_le_bytes());
        (long(at), less)
    };
    entries.map(without).collect()
}

#[test]
fn no_stream_less_makes_a_verdict_surer() {
    let (mut found, mut tried) = (Vec::new(), 0);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let fixtures = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().join("dump.dmp"));
    let fixtures = fixtures.filter(|path| path.metadata().is_ok_and(|file| file.len() < 32 << 20));
    let files = fixtures.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()));
    let made = causes::all().into_iter().map(|make| {
        let case = make();
        (case.name.to_string(), case.process.to_bytes().0)
    });
    for (name, bytes) in files.chain(made) {
        let whole = answer(bytes.clone()).expect("an answer");
        for (stream, bytes) in without_streams(&bytes) {
            let Some(less) = answer(bytes) else { continue };
            found.extend(wrong(&whole, &less).map(|why| format!("{name} without stream {stream}: {why}")));
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried} tried");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_page_less_makes_a_verdict_surer() {
    let (mut found, mut tried) = (Vec::new(), 0);
    for make in causes::all() {
        let case = make();
        let whole = answer(case.process.to_bytes().0).expect("an answer");
        let ranges = case.process.memory.len();
        for at in (0..ranges).step_by(ranges.div_ceil(RANGES).max(1)) {
            let mut process = case.process.clone();
            let range = process.memory.remove(at);
            let less = answer(process.to_bytes().0).expect("an answer");
            found.extend(
                wrong(&whole, &less).map(|why| format!("{} without {:#x}: {why}", case.name, range.start)),
            );
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried} tried");
    assert!(found.is_empty(), "{}", found.join("\n"));
}
