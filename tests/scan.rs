//! `dumplens scan`: the table, the lines, the filter, limits and exit codes.

#[path = "support/many.rs"]
mod many;
#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::io::Write;
use std::process::Stdio;

use dumplens_synth::{PROCESS_VM_COUNTERS_STREAM, presets};
use many::{Running, age, at, dump, fill, lines, put};
use serde_json::Value;
use support::{dumplens, run, str, write};

/// Rows of a table by their verdict: count, and the whole line.
fn rows(text: &str) -> Vec<(u64, String)> {
    let table = text.lines().skip(1).take_while(|line| !line.is_empty());
    let count = |line: &str| line.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a count");
    table.map(|line| (count(line), line.to_owned())).collect()
}

#[test]
fn a_folder_is_a_table_of_causes() {
    let folder = tempfile::tempdir().expect("a folder");
    for (n, name) in ["a.dmp", "deep/er/b.DMP", "c.mdmp", "d.hdmp"].iter().enumerate() {
        let mut process = presets::tiny();
        process.time_date_stamp += u32::try_from(n).expect("few");
        put(&at(&folder, name), &process);
    }
    put(&at(&folder, "other.dmp"), &presets::tiny_bad_alloc());
    put(&at(&folder, "no ending"), &presets::tiny());
    fs::write(at(&folder, "notes.txt"), "none").expect("a file");
    fs::write(at(&folder, "text.dmp"), "this is no dump at all, whatever it is called").expect("a file");
    let scan = run(&["scan", str(folder.path())]);
    assert_eq!(scan.code, Some(0));
    assert_eq!(scan.stderr, "dumplens: 1 of 6 files failed: 1 not_a_dump\n");
    let table = rows(&scan.stdout);
    assert_eq!(table.len(), 2, "{}", scan.stdout);
    assert!(table[0].0 == 4 && table[0].1.contains("access_violation"), "{}", scan.stdout);
    assert!(table[0].1.ends_with("d.hdmp"), "the newest of them: {}", scan.stdout);
    assert!(table[1].0 == 1 && table[1].1.contains("allocation_failure"), "{}", scan.stdout);
    assert!(scan.stdout.contains("text.dmp: not_a_dump: "), "{}", scan.stdout);
    assert!(scan.stdout.ends_with("5 dumps, 2 signatures, 1 failed\n"), "{}", scan.stdout);
    let all = run(&["scan", "--all", str(folder.path())]);
    assert!(all.stdout.ends_with("6 dumps, 2 signatures, 1 failed\n"), "{}", all.stdout);
    // Named twice is not there twice.
    let (file, below) = (at(&folder, "a.dmp"), at(&folder, "deep"));
    let twice = run(&["scan", str(&below), str(&file), str(folder.path()), str(folder.path())]);
    assert_eq!(twice.stdout, scan.stdout);
}

/// What `report` prints, and the path.
#[test]
fn a_line_of_jsonl_is_the_report() {
    let folder = tempfile::tempdir().expect("a folder");
    fill(folder.path(), 5);
    let scan = run(&["scan", "--jsonl", "--jobs", "3", str(folder.path())]);
    let all = lines(scan.text());
    assert_eq!(all.len(), 5);
    for mut line in all {
        let path = line.as_object_mut().and_then(|o| o.remove("path")).expect("a path");
        let report = run(&["report", path.as_str().expect("text"), "--format", "json"]);
        assert_eq!(line, report.json());
        assert!(line["signature"]["id"].as_str().is_some_and(|id| id.starts_with("v2-") && id.len() == 15));
    }
}

#[test]
fn csv_has_a_row_for_each_file() {
    let folder = tempfile::tempdir().expect("a folder");
    put(&at(&folder, "a.dmp"), &presets::tiny_bad_alloc());
    let missing = at(&folder, "missing.dmp");
    let scan = run(&["scan", "--csv", str(&at(&folder, "a.dmp")), str(&missing)]);
    assert_eq!(scan.code, Some(0));
    let mut reader = csv::Reader::from_reader(scan.stdout.as_bytes());
    let head = reader.headers().expect("a head").clone();
    let rows: Vec<Vec<(String, String)>> = reader
        .records()
        .map(|row| {
            let row = row.expect("a row");
            head.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect()
        })
        .collect();
    let cell = |path: &std::path::Path, name: &str| {
        let row = rows.iter().find(|row| row[0].1 == path.to_string_lossy()).expect("the row");
        row.iter().find(|(column, _)| column == name).expect("the column").1.clone()
    };
    assert_eq!(rows.len(), 2);
    assert_eq!(cell(&at(&folder, "a.dmp"), "kind"), "allocation_failure");
    assert_eq!(cell(&at(&folder, "a.dmp"), "module"), "app+0x1004");
    assert_eq!(cell(&at(&folder, "a.dmp"), "error"), "");
    assert_eq!((cell(&missing, "error").as_str(), cell(&missing, "kind").as_str()), ("not_found", ""));
}

/// One answer for each line, before the next line is given: Spark, Ray and `parallel` need no more.
#[test]
fn a_filter_answers_line_by_line() {
    let folder = tempfile::tempdir().expect("a folder");
    fill(folder.path(), 2);
    let mut command = dumplens(&["scan", "--jsonl", "-"]);
    command.stdin(Stdio::piped());
    let mut filter = Running::of(command);
    let mut input = filter.child.stdin.take().expect("a pipe");
    let dump = at(&folder, "day 0/0.dmp");
    let asked = [
        (str(&dump).to_owned(), None),
        ("no such.dmp".to_owned(), Some("not_found")),
        (str(folder.path()).to_owned(), Some("not_a_file")),
        (format!("{}\r", str(&dump)), None),
        ("x".repeat(200_000), Some("not_a_file")),
        (str(&at(&folder, "day 1/1.dmp")).to_owned(), None),
    ];
    for (line, error) in &asked {
        writeln!(input, "{line}\n").expect("a line, and an empty one");
        let answer: Value = serde_json::from_str(&filter.line()).expect("JSON");
        let line = line.trim_end();
        assert_eq!(answer["path"], if line.len() > 100_000 { "" } else { line });
        assert_eq!(answer["error"]["code"], error.map_or(Value::Null, Value::from), "{answer}");
        assert_eq!(answer["error"].is_null(), answer["verdict"].is_object());
    }
    drop(input);
    let (rest, code) = filter.end();
    assert_eq!((rest.len(), code), (0, Some(0)));
}

#[test]
fn exit_codes() {
    let folder = tempfile::tempdir().expect("a folder");
    put(&at(&folder, "a.dmp"), &presets::tiny());
    let code = |args: &[&str]| run(&[&["scan", str(folder.path())], args].concat()).code;
    assert_eq!(code(&[]), Some(0));
    assert_eq!(code(&["--fail-on", "any"]), Some(3));
    assert_eq!(code(&["--fail-on", "access_violation"]), Some(3));
    assert_eq!(code(&["--fail-on", "stack_overflow,allocation_failure"]), Some(0));
    assert_eq!(code(&["--fail-on", "failed"]), Some(0));
    assert_eq!(code(&["--fail-on", "anything"]), Some(2));
    fs::write(at(&folder, "b.dmp"), "no dump").expect("a file");
    assert_eq!(code(&[]), Some(0));
    assert_eq!(code(&["--fail-on", "failed"]), Some(3));
    let mut quiet = presets::tiny();
    quiet.exception = None;
    put(&at(&folder, "a.dmp"), &quiet);
    assert_eq!(code(&["--fail-on", "any"]), Some(0));
    let nothing = tempfile::tempdir().expect("a folder");
    let nothing = run(&["scan", str(nothing.path())]);
    assert_eq!((nothing.code, nothing.stderr.as_str()), (Some(0), "dumplens: no dumps found\n"));
    assert_eq!(run(&["scan", "-", str(folder.path())]).code, Some(1));
}

/// No time at all: the first read is too late.
#[test]
fn a_dump_over_its_limit_is_a_row() {
    let folder = tempfile::tempdir().expect("a folder");
    fill(folder.path(), 3);
    let scan = run(&["scan", "--jsonl", "--timeout", "0.000000001", str(folder.path())]);
    assert_eq!((scan.code, scan.stderr.as_str()), (Some(0), "dumplens: 3 of 3 files failed: 3 timed_out\n"));
    assert!(lines(&scan.stdout).iter().all(|line| line["error"]["code"] == "timed_out"));
    assert_eq!(lines(run(&["scan", "--jsonl", "--timeout", "0", str(folder.path())]).text()).len(), 3);
}

/// Cut off and young: still being written. Cut off and old: a dump with something missing.
#[test]
fn what_is_being_written_is_a_row() {
    let bytes = presets::tiny().to_bytes().0;
    let cut = |at: usize| {
        let (folder, path) = write("a.dmp", &bytes[..at]);
        let young = lines(&run(&["scan", "--jsonl", str(&path)]).stdout).remove(0);
        age(&path);
        let old = lines(&run(&["scan", "--jsonl", str(&path)]).stdout).remove(0);
        drop(folder);
        assert_eq!(young["error"]["code"], "being_written");
        old
    };
    assert_eq!(cut(bytes.len() / 2)["dump"]["truncated"], true);
    assert_eq!(cut(10)["error"]["code"], "not_a_dump");
    assert_eq!(cut(0)["error"]["code"], "not_a_dump");
    // Young and whole is nothing to wait for.
    let (_folder, whole) = write("a.dmp", &bytes);
    assert!(lines(run(&["scan", "--jsonl", str(&whole)]).text())[0]["verdict"].is_object());
    // Every dump that is damaged, but not cut, is itself.
    let (mut damaged, layout) = presets::tiny().to_bytes();
    let stream = layout.stream(PROCESS_VM_COUNTERS_STREAM).expect("counters");
    let at = stream.rva as usize;
    damaged[at..at + 4].fill(0xff);
    let (_folder, damaged) = write("a.dmp", &damaged);
    assert!(lines(run(&["scan", "--jsonl", str(&damaged)]).text())[0]["verdict"].is_object());
}

#[test]
#[cfg(unix)]
fn links_lead_to_files_and_never_in_circles() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a folder");
    put(&at(&folder, "below/a.dmp"), &presets::tiny());
    let elsewhere = tempfile::tempdir().expect("a folder");
    put(&at(&elsewhere, "b.dmp"), &presets::tiny());
    symlink(folder.path(), at(&folder, "below/circle")).expect("a link");
    symlink(elsewhere.path(), at(&folder, "other")).expect("a link");
    symlink(at(&elsewhere, "b.dmp"), at(&folder, "b.dmp")).expect("a link");
    symlink("nowhere", at(&folder, "c.dmp")).expect("a link");
    let scan = run(&["scan", "--jsonl", str(folder.path())]);
    let mut paths: Vec<String> =
        lines(scan.text()).iter().map(|line| line["path"].as_str().expect("a path").to_owned()).collect();
    paths.sort();
    assert_eq!(paths, [str(&at(&folder, "b.dmp")), str(&at(&folder, "below/a.dmp"))]);
}

/// Names of files are as hostile as what is in them.
#[test]
#[cfg(unix)]
fn names_do_not_act() {
    let folder = tempfile::tempdir().expect("a folder");
    put(&at(&folder, "\u{1b}[2J.dmp"), &presets::tiny());
    put(&at(&folder, "=1+1.dmp"), &presets::tiny());
    fs::write(at(&folder, "two\nlines.dmp"), "no dump").expect("a file");
    for form in ["--jobs=1", "--csv", "--jsonl"] {
        let scan = run(&["scan", form, str(folder.path())]);
        assert!(!scan.stdout.chars().any(support::acts), "{}", scan.stdout);
        let lines = scan.stdout.lines().count();
        assert_eq!(
            lines,
            match form {
                "--csv" => 4,
                "--jsonl" => 3,
                _ => 6,
            },
            "{}",
            scan.stdout
        );
    }
    let mut command = dumplens(&["scan", "--csv", "=1+1.dmp"]);
    command.current_dir(folder.path());
    assert!(support::run_command(command).stdout.contains("\n'=1+1.dmp,"));
}

/// Ctrl-C: what is done is told, the code says that it is not all.
#[test]
#[cfg(unix)]
fn an_interrupted_scan_tells_what_it_has() {
    let folder = tempfile::tempdir().expect("a folder");
    fill(folder.path(), 1);
    let mut command = dumplens(&["scan", "--jsonl", "-"]);
    command.stdin(Stdio::piped());
    let mut filter = Running::of(command);
    let mut input = filter.child.stdin.take().expect("a pipe");
    writeln!(input, "{}", str(&at(&folder, "day 0/0.dmp"))).expect("a line");
    filter.line();
    filter.interrupt();
    assert_eq!(filter.complaint(), "dumplens: interrupted; these are the finished results");
    assert_eq!(filter.end().1, Some(130));

    let store = at(&folder, "store.db");
    let mut command = dumplens(&["scan", "-", "--store", str(&store)]);
    command.stdin(Stdio::piped());
    let mut table = Running::of(command);
    let mut input = table.child.stdin.take().expect("a pipe");
    writeln!(input, "{}", str(&at(&folder, "day 0/0.dmp"))).expect("a line");
    many::until("the dump is done", || {
        store.exists() && run(&["history", "--store", str(&store)]).stdout.starts_with("Count")
    });
    table.interrupt();
    let (lines, code) = table.end();
    assert_eq!(code, Some(130));
    assert_eq!(lines.last().map(String::as_str), Some("1 dump, 1 signature, 0 failed"));
}

/// Peak memory of scans of `few` and of `many` dumps; each is written once and linked under many names.
fn peaks(few: u32, many: u32) -> (u64, u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let originals: Vec<_> = (0..3).map(|n| at(&folder, &format!("{n}.original"))).collect();
    for (n, original) in (0..).zip(&originals) {
        put(original, &dump(n));
    }
    let peak = |name: &str, count: u32| {
        for n in 0..count {
            let path = at(&folder, &format!("{name}/{}/{n}.dmp", n % 7));
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            let original = &originals[n as usize % 3];
            fs::hard_link(original, &path)
                .or_else(|_| fs::copy(original, &path).map(|_| ()))
                .expect("a dump");
        }
        let scan = run(&["scan", "--jobs", "2", str(&at(&folder, name))]);
        assert!(
            scan.stdout.ends_with(&format!("{count} dumps, 3 signatures, 0 failed\n")),
            "{}",
            scan.stdout
        );
        scan.peak
    };
    (peak("few", few), peak("many", many))
}

#[test]
fn memory_does_not_grow_with_the_folder() {
    let (few, many) = peaks(40, 240);
    assert!(many <= few + few / 5, "{few} for 40 dumps, {many} for 240");
}

/// `cargo test --release -p dumplens --test scan -- --ignored --nocapture`
#[test]
#[ignore = "long; CONTRIBUTING.md, Tests"]
#[allow(clippy::print_stderr)]
fn memory_does_not_grow_with_a_large_folder() {
    let (few, many) = peaks(100, 2000);
    eprintln!("peak resident bytes: {few} for 100 dumps, {many} for 2,000");
    assert!(many <= few + few / 5);
}
