//! What Windows asks of the program: patterns, long paths, names in any script, files that others write. All of it holds
//! on every system, as far as the system can be asked; `cargo xtask windows` runs it under Wine.

#[path = "support/many.rs"]
mod many;
#[path = "support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::path::PathBuf;

use dumplens_synth::presets;
use many::{at, fill, lines, put};
use serde_json::Value;
#[cfg(windows)]
use support::{dumplens, run_command};
use support::{run, str};

/// A folder whose path is longer than the 260 characters of MAX_PATH.
fn deep(folder: &tempfile::TempDir) -> PathBuf {
    let deep = folder.path().join("a".repeat(90)).join("b".repeat(90)).join("c".repeat(90));
    fs::create_dir_all(&deep).expect("folders");
    deep
}

fn paths(lines: &[Value]) -> Vec<&str> {
    let mut paths: Vec<&str> = lines.iter().map(|line| line["path"].as_str().expect("a path")).collect();
    paths.sort_unstable();
    paths
}

#[test]
fn scan_expands_patterns_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    fill(folder.path(), 8);
    put(&at(&folder, "top.dmp"), &presets::tiny());
    fs::write(at(&folder, "notes.txt"), "none").expect("a file");
    let scan = |named: &str| run(&["scan", "--jsonl", str(&at(&folder, named))]);
    assert_eq!(paths(&lines(scan("*.dmp").text())), [str(&at(&folder, "top.dmp"))]);
    let below = ["0.dmp", "4.dmp"].map(|name| at(&folder, "day 0").join(name));
    assert_eq!(paths(&lines(scan("day 0/?.dmp").text())), below.each_ref().map(|path| str(path)));
    // Folders that match are searched; what both bring is there once.
    assert_eq!(lines(scan("day*").text()).len(), 8);
    let both = run(&["scan", "--jsonl", str(&at(&folder, "*")), str(&at(&folder, "top.*"))]);
    assert_eq!(lines(&both.stdout).len(), 10, "nine dumps, and the notes: {}", both.stdout);
    let none = lines(&scan("*.mdmp").stdout);
    assert_eq!((none.len(), &none[0]["error"]["code"]), (1, &"not_found".into()));
    assert_eq!(none[0]["path"], str(&at(&folder, "*.mdmp")));
}

/// All that opens, writes or watches a file.
#[test]
fn paths_may_be_longer_than_max_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let deep = deep(&folder);
    let (dump, small, store) = (deep.join("a.dmp"), deep.join("small.dmp"), deep.join("results.db"));
    put(&dump, &presets::tiny_bad_alloc());
    assert!(str(&dump).len() > 260);
    assert_eq!(run(&["report", str(&dump)]).json()["dump"]["path"], str(&dump));
    let trim = run(&["trim", str(&dump), str(&small)]);
    assert_eq!((trim.code, trim.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        run(&["why", str(&small), "--format", "json"]).json()["verdict"]["kind"],
        "allocation_failure"
    );
    let again = run(&["trim", str(&dump), str(&small), "--force"]);
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""));
    let scan = run(&["scan", str(&deep), "--store", str(&store)]);
    assert!(scan.stdout.ends_with("2 dumps, 1 signature, 0 failed\n"), "{} {}", scan.stdout, scan.stderr);
    let history = run(&["history", "--store", str(&store), "--format", "json"]).json();
    assert_eq!(history["signatures"][0]["count"], 2);
    let pattern = run(&["scan", "--jsonl", str(&deep.join("*.dmp"))]);
    assert_eq!(paths(&lines(pattern.text())), [str(&dump), str(&small)]);
}

#[test]
fn names_in_any_script() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = at(&folder, "дамп 転倒 é [1] %TEMP% & !.dmp");
    put(&path, &presets::tiny());
    assert_eq!(run(&["report", str(&path)]).json()["dump"]["path"], str(&path));
    assert!(run(&["summary", str(&path)]).text().contains("дамп 転倒 é [1] %TEMP% & !.dmp"));
    let scan = run(&["scan", "--jsonl", str(folder.path())]);
    assert_eq!(paths(&lines(scan.text())), [str(&path)]);
}

/// Answers have line ends of one kind, for pipes between systems.
#[test]
fn no_carriage_returns() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = at(&folder, "a.dmp");
    put(&path, &presets::tiny());
    for args in [&["summary"][..], &["report"], &["report", "--format=html"], &["regions", "--format=csv"]] {
        let answer = run(&[args, &[str(&path)]].concat());
        assert!(answer.text().contains('\n') && !answer.stdout.contains('\r'), "{args:?}");
    }
}

#[test]
fn a_dump_that_is_being_written_opens() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = at(&folder, "a.dmp");
    put(&path, &presets::tiny());
    let _writer = File::options().append(true).open(&path).expect("a writer");
    assert_eq!(run(&["report", str(&path)]).json()["verdict"]["kind"], "access_violation");
    assert!(lines(run(&["scan", "--jsonl", str(&path)]).text())[0]["verdict"].is_object());
}

#[test]
#[cfg(windows)]
fn a_dump_that_its_writer_shares_with_nobody_is_told_as_such() {
    use std::os::windows::fs::OpenOptionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = at(&folder, "a.dmp");
    put(&path, &presets::tiny());
    let _writer = File::options().write(true).share_mode(0).open(&path).expect("a writer");
    let scan = lines(&run(&["scan", "--jsonl", str(&path)]).stdout);
    assert_eq!(scan[0]["error"]["code"], "being_written");
    let why = run(&["why", str(&path)]);
    assert_eq!(
        (why.code, why.stdout.as_str(), why.stderr.lines().count()),
        (Some(1), "", 1),
        "{}",
        why.stderr
    );
}

/// Forms of one path: either slash, verbatim, relative to a drive's folder and to its root.
#[test]
#[cfg(windows)]
fn forms_of_paths() {
    use std::path::Path;
    let folder = tempfile::tempdir().expect("a folder");
    let path = at(&folder, "a.dmp");
    put(&path, &presets::tiny());
    let verbatim = path.canonicalize().expect("a path");
    let whole = str(&verbatim).strip_prefix(r"\\?\").expect("a verbatim path").to_owned();
    let (drive, rest) = whole.split_at(2);
    for form in
        [&whole, &whole.replace('\\', "/"), str(&verbatim), rest, &format!("{drive}a.dmp"), r".\a.dmp"]
    {
        let mut command = dumplens(&["report", form]);
        command.current_dir(
            drive.to_owned() + Path::new(rest).parent().expect("a folder").to_str().expect("text"),
        );
        let report = run_command(command).json();
        assert_eq!(report["dump"]["path"], form, "{form}");
        let mut command = dumplens(&["scan", "--jsonl", form]);
        command.current_dir(folder.path());
        assert_eq!(paths(&lines(run_command(command).text())), [form], "{form}");
    }
}

#[test]
#[cfg(windows)]
fn devices_and_folders_are_refused_on_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    for place in ["NUL", str(folder.path()), r"C:\", r"C:\no\such.dmp", r"C:\a*?.dmp"] {
        let refused = run(&["summary", place]);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{place}");
        assert_eq!(refused.stderr.lines().count(), 1, "{place}: {}", refused.stderr);
    }
}
