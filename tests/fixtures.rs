//! What is true of each dump in fixtures/ is what the report says of it.

use std::path::{Path, PathBuf};

use dumplens_analyzer::{Options, Process, Report};
use dumplens_core::{Dump, FileSource};
use serde_json::{Value, json};

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let mut cases: Vec<PathBuf> =
        folder.read_dir().expect("fixtures/").map(|e| e.expect("entry").path()).collect();
    cases.sort();
    cases
}

fn report(case: &Path) -> Value {
    let source = FileSource::open(&case.join("dump.dmp")).expect("dump.dmp");
    let dump = Dump::open(source).expect("a minidump");
    let report = Report::new(&Process::gather(&dump), &Options { details: true, ..Options::default() });
    serde_json::to_value(report).expect("plain data")
}

/// A field of the report under the name that truth.toml gives it.
fn found(report: &Value, key: &str) -> Value {
    match key {
        "arch" => report["dump"]["arch"].clone(),
        "process_id" => report["process"]["id"].clone(),
        "process_uptime_seconds" => report["process"]["uptime_seconds"].clone(),
        "wow64" => report["process"]["wow64"].clone(),
        "threads" => json!(report["threads"].as_array().map(Vec::len)),
        "modules" => report["modules"].as_array().into_iter().flatten().map(|m| m["path"].clone()).collect(),
        _ => panic!("truth.toml: no such field: {key}"),
    }
}

fn table<'t>(truth: &'t toml::Table, name: &str) -> Option<&'t toml::Table> {
    truth.get(name).map(|table| table.as_table().unwrap_or_else(|| panic!("{name} is a table")))
}

fn check(case: &Path, truth: &toml::Table, report: &Value) {
    let shown = case.display();
    let same = |what: &str, found: &Value, wanted: &toml::Value| {
        assert_eq!(*found, json!(wanted), "{shown}: {what}");
    };
    for (key, wanted) in truth.iter().filter(|(_, value)| !value.is_table()) {
        same(key, &found(report, key), wanted);
    }
    let memory = table(truth, "memory").expect("[memory]");
    for (key, wanted) in memory.iter().filter(|(key, _)| *key != "usage") {
        same(key, &report["memory"][key], wanted);
    }
    for (name, wanted) in table(memory, "usage").expect("usage") {
        let rows = report["memory"]["usage"].as_array().expect("rows");
        let row =
            rows.iter().find(|row| row["name"] == *name).unwrap_or_else(|| panic!("{shown}: no row {name}"));
        same(name, &row["size_bytes"], wanted);
    }
    match table(truth, "exception") {
        Some(exception) => {
            for (key, wanted) in exception {
                same(key, &report["exception"][key], wanted);
            }
        }
        None => assert!(report["exception"].is_null(), "{shown}: no exception"),
    }
    if let Some(wanted) = table(truth, "crashed_thread") {
        let thread =
            report["threads"].as_array().expect("threads").iter().find(|t| json!(wanted["id"]) == t["id"]);
        let thread = thread.expect("the crashed thread");
        same("last_error", &thread["last_error"]["name"], &wanted["last_error"]);
        same("last_status", &thread["last_status"]["name"], &wanted["last_status"]);
        same("stack_base", &thread["stack"]["base"], &wanted["stack_base"]);
    }
}

#[test]
fn every_fixture_is_what_its_truth_says() {
    let cases = fixtures();
    assert!(cases.len() >= 3, "fixtures/ holds {}", cases.len());
    for case in cases {
        let truth = std::fs::read_to_string(case.join("truth.toml")).expect("truth.toml");
        assert!(case.join("origin.md").is_file(), "{}: origin.md", case.display());
        check(&case, &truth.parse().expect("TOML"), &report(&case));
    }
}
