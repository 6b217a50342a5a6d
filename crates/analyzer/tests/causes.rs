//! Verdicts on processes of which it is known how they ended: `dumplens_synth::presets::causes`, whose code was run.
//!
//! What is expected comes from what was put in. A case that the verdict does not know yet is in [`PENDING`], and must
//! still fail: a case that is understood is taken out of the list.

use std::fmt::Debug;

use dumplens_analyzer::verdict::{Cause, Confidence, VerdictReport};
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::Dump;
use dumplens_synth::presets::causes::{self, Case, Level, Sure, Wanted};

/// Cases that the verdict does not know yet.
const PENDING: &[&str] = &[];

fn report(case: &Case) -> Report {
    let dump = Dump::open(case.process.to_bytes().0).expect("a dump that opens");
    Report::answer(&Process::gather(&dump), Question::Why, &Options::default())
}

/// What differs, one line each.
fn differences(case: &Case, verdict: &VerdictReport) -> Vec<String> {
    let truth = &case.truth;
    let asked = verdict.allocation.as_ref();
    [
        differs("kind", &truth.kind, Some(verdict.kind.name())),
        differs("cause", &truth.cause, verdict.cause.map(Cause::name)),
        differs("origin", &truth.origin, asked.map(|a| a.origin.name())),
        differs("requested_bytes", &truth.requested_bytes, asked.map(|a| a.requested_bytes)),
        differs("element_size", &truth.element_size, asked.and_then(|a| a.element_size)),
        differs("element_count", &truth.element_count, asked.and_then(|a| a.element_count)),
        differs("padding", &truth.padding, asked.and_then(|a| a.padding)),
        differs("container", &truth.container, asked.and_then(|a| a.container).map(|at| at.0)),
        unsure(truth.confidence, verdict.confidence),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn differs<T: Debug + PartialEq + Copy>(what: &str, wanted: &Wanted<T>, found: Option<T>) -> Option<String> {
    let right = match (wanted, &found) {
        (Wanted::Open, _) | (Wanted::Absent | Wanted::OneOfOrAbsent(_), None) => true,
        (Wanted::Is(wanted), Some(found)) => wanted == found,
        (Wanted::OneOf(some) | Wanted::OneOfOrAbsent(some), Some(found)) => some.contains(found),
        _ => false,
    };
    (!right).then(|| format!("{what}: wanted {wanted:x?}, found {found:x?}"))
}

fn unsure(wanted: Sure, found: Confidence) -> Option<String> {
    let level = match found {
        Confidence::Low => Level::Low,
        Confidence::Medium => Level::Medium,
        Confidence::High => Level::High,
    };
    let right = match wanted {
        Sure::Exactly(wanted) => level == wanted,
        Sure::AtMost(most) => level <= most,
        Sure::AtLeast(least) => level >= least,
        Sure::Open => true,
    };
    (!right).then(|| format!("confidence: wanted {wanted:?}, found {found:?}"))
}

#[test]
fn every_case() {
    let mut wrong = Vec::new();
    for make in causes::all() {
        let case = make();
        let verdict = report(&case).verdict.expect("a verdict");
        let differences = differences(&case, &verdict);
        match (PENDING.contains(&case.name), differences.is_empty()) {
            (false, true) | (true, false) => {}
            (false, false) => wrong.push(format!("{}: {differences:#?}\n{verdict:#?}", case.name)),
            (true, true) => wrong.push(format!("{}: is right now: take it out of PENDING", case.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A name in the list that no case has would hide nothing, and a name twice would hide a case.
#[test]
fn names() {
    let names: Vec<&str> = causes::all().iter().map(|make| make().name).collect();
    for name in &names {
        assert_eq!(names.iter().filter(|other| other == &name).count(), 1, "{name}");
    }
    for pending in PENDING {
        assert!(names.contains(pending), "{pending}");
    }
}
