//! Dumps of .NET programs against what the programs themselves wrote down: objects by type, exceptions, the kind of end.
//!
//! They lie in `shared` beside the project (or where `DUMPLENS_SHARED` points), and are never part of it. Without them,
//! and without the `zstd` program, the test says that it is left out.
#![allow(clippy::print_stderr)]

#[path = "support/shared.rs"]
mod support;

use std::fs;
use std::path::Path;

use dumplens_analyzer::managed::{Extent, ManagedReport};
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::{Dump, FileSource};
use serde_json::Value;
use support::{shared, unpack};

#[test]
fn objects_and_exceptions_of_known_programs() {
    let Some(shared) = shared() else { return };
    let Ok(entries) = fs::read_dir(shared.join("managed")) else { return };
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for entry in entries {
        let packed = entry.expect("an entry").path();
        let Some(stem) = packed.to_str().and_then(|path| path.strip_suffix(".dmp.zst")) else { continue };
        let path = scratch.path().join("managed.dmp");
        if !unpack(&packed, &path) {
            return;
        }
        let truth = fs::read(format!("{stem}.truth.json")).expect("a file");
        let truth: Value = serde_json::from_slice(&truth).expect("JSON");
        wrong.extend(
            compare(&path, &truth["told_by_program"]).into_iter().map(|what| format!("{stem}: {what}")),
        );
        seen += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 10, "{seen} dumps");
}

fn compare(path: &Path, told: &Value) -> Vec<String> {
    let dump = Dump::open(FileSource::open(path).expect("a file")).expect("a minidump");
    let process = Process::gather(&dump);
    let Some(report) = ManagedReport::of(&process, Extent::ALL) else { return vec!["no runtime".to_owned()] };
    let moving = report.runtimes.iter().any(|runtime| runtime.gc_in_progress == Some(true));
    let mut wrong = Vec::new();
    // While objects are moved, counts are approximate.
    for (name, count) in told["own_counts"].as_object().into_iter().flatten().filter(|_| !moving) {
        let found = report.types.iter().find(|one| one.name == *name).map(|one| one.count);
        if count.is_u64() && found != count.as_u64() {
            wrong.push(format!("{name}: {found:?}, not {count}"));
        }
    }
    for (kind, message) in [("exc_type", "exc_message"), ("inner_type", "inner_message")] {
        let (Some(kind), message) = (told[kind].as_str(), told[message].as_str()) else { continue };
        let all = report
            .exceptions
            .iter()
            .flat_map(|outer| std::iter::successors(Some(outer), |exception| exception.inner.as_deref()));
        let mut all = all.filter(|exception| exception.type_name == kind);
        if !all.any(|exception| message.is_none_or(|message| exception.message.as_deref() == Some(message))) {
            wrong.push(format!("{kind} with its message is not there"));
        }
    }
    let verdict = Report::answer(&process, Question::Why, &Options::default()).verdict.expect("a verdict");
    let wanted = match (told["mode"].as_str(), told["stop"].as_str()) {
        (Some("deadlock"), _) => Some("deadlock"),
        (_, Some("oom")) => Some("allocation_failure"),
        (_, Some("exception")) => Some("managed_exception"),
        _ => None,
    };
    if let Some(wanted) = wanted.filter(|wanted| verdict.kind.name() != *wanted) {
        wrong.push(format!("{}, not {wanted}", verdict.kind));
    }
    wrong
}
