//! What is true of each dump in fixtures/ is what the report says of it.

use std::path::{Path, PathBuf};

use dumplens_analyzer::{Options, Process, Question, Report};
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
    let report = Report::answer(&Process::gather(&dump), Question::Everything, &Options::default());
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
    for (key, wanted) in memory {
        let Some(wanted) = wanted.as_table().filter(|_| ["usage", "type"].contains(&key.as_str())) else {
            same(key, &report["memory"][key], wanted);
            continue;
        };
        for (name, wanted) in wanted {
            let rows = report["memory"][key].as_array().expect("rows");
            let row = rows.iter().find(|row| row["name"] == *name);
            let row = row.unwrap_or_else(|| panic!("{shown}: no row {name}"));
            same(name, &row["size_bytes"], wanted);
        }
    }
    match table(truth, "exception") {
        Some(exception) => {
            for (key, wanted) in exception {
                let of_type = &report["exception"]["cpp"]["type"];
                same(key, if key == "type" { of_type } else { &report["exception"][key] }, wanted);
            }
        }
        None => assert!(report["exception"].is_null(), "{shown}: no exception"),
    }
    if let Some(wanted) = table(truth, "verdict") {
        check_verdict(&shown.to_string(), &report["verdict"], wanted);
    }
    if let Some(wanted) = table(truth, "crashed_thread") {
        let thread =
            report["threads"].as_array().expect("threads").iter().find(|t| json!(wanted["id"]) == t["id"]);
        let thread = thread.expect("the crashed thread");
        same("last_error", &thread["last_error"]["name"], &wanted["last_error"]);
        same("last_status", &thread["last_status"]["name"], &wanted["last_status"]);
        if let Some(base) = wanted.get("stack_base") {
            same("stack_base", &thread["stack"]["base"], base);
        }
        check_frames(&shown.to_string(), thread, wanted);
    }
}

/// What the verdict says. With `pending = true` it does not say that yet, and must not say it by chance: whoever makes it
/// say so takes the mark out.
fn check_verdict(shown: &str, verdict: &Value, wanted: &toml::Table) {
    let pending = wanted.get("pending").and_then(toml::Value::as_bool) == Some(true);
    let differs = |(key, wanted): &(&String, &toml::Value)| {
        let of_verdict = ["kind", "cause", "confidence"].contains(&key.as_str());
        let holder = if of_verdict { verdict } else { &verdict["allocation"] };
        holder[*key] != json!(wanted)
    };
    let different: Vec<_> = wanted.iter().filter(|(key, _)| *key != "pending").filter(differs).collect();
    assert_eq!(different.is_empty(), !pending, "{shown}: verdict differs in {different:?}: {verdict:#}");
}

/// The callers of the crashed thread: all of them, or some in their order.
fn check_frames(shown: &str, thread: &Value, wanted: &toml::Table) {
    let frames = thread["frames"].as_array().expect("frames");
    let callers: Vec<&Value> =
        frames.iter().filter(|f| f["inline"] == false).skip(1).map(|frame| &frame["ip"]).collect();
    if let Some(all) = wanted.get("return_addresses") {
        assert_eq!(json!(callers), json!(all), "{shown}: return addresses");
    }
    if let Some(some) = wanted.get("return_addresses_in_order") {
        let mut found = callers.iter();
        for address in some.as_array().expect("a list") {
            assert!(
                found.any(|ip| **ip == json!(address)),
                "{shown}: no return address {address} in {callers:?}"
            );
        }
    }
}

#[test]
fn every_fixture_is_what_its_truth_says() {
    let cases = fixtures();
    assert!(cases.len() >= 11, "fixtures/ holds {}", cases.len());
    for case in cases {
        let size = case.join("dump.dmp").metadata().expect("dump.dmp").len();
        assert!(size < 2 << 20, "{}: {size} bytes", case.display());
        let truth = std::fs::read_to_string(case.join("truth.toml")).expect("truth.toml");
        assert!(case.join("origin.md").is_file(), "{}: origin.md", case.display());
        check(&case, &truth.parse().expect("TOML"), &report(&case));
    }
}
