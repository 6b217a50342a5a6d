//! `dumplens diff`, from the command line to its exit codes.

#[path = "support/many.rs"]
mod dumps;
mod support;

use dumplens_synth::presets::heaps::leak::{AFTER, BEFORE, leak};
use dumplens_synth::{Width, presets};
use serde_json::json;
use support::run;
use tempfile::TempDir;

/// A folder with one process at two times.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    dumps::put(&dumps::at(&folder, "old.dmp"), &leak(Width::W64, BEFORE));
    dumps::put(&dumps::at(&folder, "new.dmp"), &leak(Width::W64, AFTER));
    folder
}

fn path(folder: &TempDir, name: &str) -> String {
    support::str(&dumps::at(folder, name)).to_owned()
}

#[test]
fn what_grew_is_told_in_three_formats() {
    let folder = folder();
    let (old, new) = (path(&folder, "old.dmp"), path(&folder, "new.dmp"));
    let shown = run(&["diff", &old, &new]);
    let text = shown.text();
    assert!(
        text.starts_with("One process at two times: C:\\Program Files\\Acme\\app.exe, pid 4242\n"),
        "{text}"
    );
    let blocks = text.lines().find(|line| line.contains("heap block  ")).expect("a row of heap blocks");
    let words: Vec<&str> = blocks.split_whitespace().collect();
    assert_eq!(words[..8], ["1048576", "heap", "block", "Heap", "3", "43", "+40", "+10.0"]);
    let data = run(&["diff", &old, &new, "--format", "json"]).json();
    assert_eq!(data["identity"]["kind"], "same_process");
    assert_eq!(data["interval"], json!({ "seconds": 14_400, "clock": "dump_times" }));
    assert_eq!(
        data["heaps"]["rows"][0]["large_blocks"],
        json!({ "old": 3, "new": 43, "delta": 40, "per_hour": 10.0 })
    );
    assert_eq!(data["old"]["path"], old);
    let ticket = run(&["diff", &old, &new, "--format", "markdown"]);
    assert!(ticket.text().starts_with("## One process at two times"), "{}", ticket.text());
}

/// Whatever the two are to each other, they are compared.
#[test]
fn other_pairs_are_compared_too() {
    let folder = folder();
    let (old, new) = (path(&folder, "old.dmp"), path(&folder, "new.dmp"));
    dumps::put(&dumps::at(&folder, "x86.dmp"), &presets::tiny_x86());
    let cases = [
        (&old, path(&folder, "x86.dmp"), "diff_different_programs"),
        (&new, old.clone(), "diff_order_reversed"),
        (&old, old.clone(), "diff_times_equal"),
    ];
    for (old, new, code) in cases {
        let shown = run(&["diff", old, &new]);
        assert!(shown.text().contains(&format!("[{code}]")), "{}", shown.text());
    }
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let folder = folder();
    let (old, none) = (path(&folder, "old.dmp"), path(&folder, "none.dmp"));
    let text = path(&folder, "text.dmp");
    std::fs::write(&text, "no dump").expect("a file");
    for pair in [[&old, &none], [&none, &old], [&old, &text], [&text, &old]] {
        let failed = run(&["diff", pair[0], pair[1]]);
        assert_eq!((failed.code, failed.stdout.as_str(), failed.stderr.lines().count()), (Some(1), "", 1));
    }
    assert_eq!(run(&["diff", &old]).code, Some(2));
    assert_eq!(run(&["diff", &old, &old, "--format", "html"]).code, Some(2));
    let help = run(&["diff", "--help"]);
    assert!(help.text().contains("Examples:") && help.text().contains("Exit status:"), "{}", help.text());
}

/// Memory follows the lists that are held, not the pairs; a million regions on both sides.
#[test]
#[ignore = "long; CONTRIBUTING.md, Tests"]
fn memory_is_bounded() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, seconds) in [("old.dmp", 0), ("new.dmp", 3600)] {
        let mut process = presets::full(1_000_000, 1 << 30, 20, 10);
        process.time_date_stamp += seconds;
        process.write_file(&dumps::at(&folder, name)).expect("a dump");
    }
    let shown = run(&["diff", &path(&folder, "old.dmp"), &path(&folder, "new.dmp")]);
    assert!(shown.text().starts_with("One process"), "{}", shown.text());
    // The maps take 2 x 46 MB in the dumps; 112 MB were seen.
    assert!(shown.peak < 160 << 20, "{}", shown.peak);
}
