//! `dumplens watch`: a dump is told when it is whole, once, and handed on.

#[path = "support/many.rs"]
mod many;
#[path = "support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use dumplens_synth::presets;
use many::{Running, at, put};
use serde_json::Value;
use support::{run, str};

/// A watch that has begun.
fn watch(folder: &Path, args: &[&str]) -> Running {
    let watch = Running::start(&[&["watch", str(folder), "--settle", "0.4"], args].concat());
    assert!(watch.complaint().starts_with("dumplens: watching "));
    watch
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))
}

/// Writes a dump in pieces, with pauses between them that are shorter than what counts as settled.
fn write_slowly(path: &Path) {
    let bytes = presets::tiny().to_bytes().0;
    let mut file = File::create(path).expect("a file");
    for piece in bytes.chunks(bytes.len() / 6) {
        file.write_all(piece).expect("a piece");
        file.flush().expect("a piece");
        std::thread::sleep(Duration::from_millis(120));
    }
}

fn a_dump_that_grows(args: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    put(&at(&folder, "old.dmp"), &presets::tiny());
    let watch = watch(folder.path(), &[&["--jsonl"], args].concat());
    fs::create_dir(at(&folder, "below")).expect("a folder");
    fs::write(at(&folder, "notes.txt"), "no dump").expect("a file");
    let path = at(&folder, "below/new.dmp");
    write_slowly(&path);
    let told = json(&watch.line());
    assert_eq!(told["path"], str(&path));
    assert_eq!(
        (&told["dump"]["truncated"], &told["verdict"]["kind"]),
        (&false.into(), &"access_violation".into())
    );
    // Once; and not what was there before, though it be touched.
    fs::rename(at(&folder, "old.dmp"), at(&folder, "old.txt")).expect("a name");
    assert_eq!(watch.line_within(Duration::from_millis(900)), None);
    fs::write(at(&folder, "bad.dmp"), "this is no dump").expect("a file");
    assert_eq!(json(&watch.line())["error"]["code"], "not_a_dump");
}

#[test]
fn a_dump_is_told_when_it_has_stopped_growing() {
    a_dump_that_grows(&[]);
}

#[test]
fn a_share_is_looked_at() {
    a_dump_that_grows(&["--poll", "0.1"]);
}

#[test]
fn what_the_store_knows_is_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = tempfile::tempdir().expect("a folder");
    let store = at(&home, "store.db");
    put(&at(&folder, "a.dmp"), &presets::tiny());
    let first = watch(folder.path(), &["--existing", "--store", str(&store)]);
    let line = first.line();
    assert!(line.contains("access_violation") && line.ends_with("a.dmp"), "{line}");
    drop(first);
    let second = watch(folder.path(), &["--existing", "--store", str(&store)]);
    put(&at(&folder, "b.dmp"), &presets::tiny_bad_alloc());
    let line = second.line();
    assert!(line.contains("allocation_failure") && line.ends_with("b.dmp"), "{line}");
    let history = run(&["history", "--store", str(&store), "--format", "json"]).json();
    assert_eq!(history["signatures"].as_array().map(Vec::len), Some(2));
}

#[test]
#[cfg(unix)]
fn a_program_is_given_the_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = tempfile::tempdir().expect("a folder");
    let copy = at(&home, "copy.json");
    // A name that a shell would obey.
    let path = at(&folder, "$(touch obeyed); x.dmp");
    put(&path, &presets::tiny());
    let script = "cat > \"$1\"; echo handed on; [ -s \"$1\" ]";
    let args = ["--existing", "--exec", "sh", "-c", script, "-", str(&copy), ";", "--jsonl"];
    let watch = watch(folder.path(), &args);
    let told = watch.line();
    assert_eq!(watch.complaint(), "handed on");
    many::until("the report arrives", || fs::read_to_string(&copy).is_ok_and(|text| text.ends_with('\n')));
    assert_eq!(json(&fs::read_to_string(&copy).expect("JSON")), json(&told));
    // Ctrl-C is how it ends.
    watch.interrupt();
    assert_eq!(watch.end(), (Vec::new(), Some(0)));
}

#[test]
#[cfg(unix)]
fn a_program_that_fails_is_told() {
    let complaint = |exec: &[&str]| {
        let folder = tempfile::tempdir().expect("a folder");
        put(&at(&folder, "a.dmp"), &presets::tiny());
        let args = [&["--existing", "--exec-timeout", "0.3", "--exec"], exec].concat();
        let watch = watch(folder.path(), &args);
        watch.line();
        let complaint = watch.complaint();
        assert!(complaint.ends_with("a.dmp"), "{complaint}");
        complaint
    };
    assert!(complaint(&["sh", "-c", "exit 7"]).contains("sh: ended with exit status: 7"));
    assert!(complaint(&["/no/such program"]).contains("cannot be run"));
    // One that does not read is no failure of its own, one that does not end is.
    assert!(complaint(&["sleep", "60"]).contains("killed because it took longer than 0.3 seconds"));
}

/// A child of the program that holds its standard input without reading it costs nothing; an end does not wait for it.
#[test]
#[cfg(unix)]
fn a_program_that_goes_on_is_ended_with_the_watch() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "sleep 60 <&0 >/dev/null 2>&1 & echo started >&2";
    let watch = watch(folder.path(), &["--exec", "sh", "-c", script]);
    let mut threads_after_first = None;
    // Reports of more than a pipe holds.
    let threads =
        |n| (0..400).map(move |id: u32| dumplens_synth::Thread { id: 4 * id + n, ..Default::default() });
    for n in 1..=3 {
        let process = dumplens_synth::Process { threads: threads(n).collect(), ..presets::tiny() };
        put(&at(&folder, &format!("{n}.dmp")), &process);
        watch.line();
        assert_eq!(watch.complaint(), "started");
        // Workers end by themselves; one that waits for the child would not.
        let count = || fs::read_dir(format!("/proc/{}/task", watch.child.id())).map_or(0, Iterator::count);
        let most = *threads_after_first.get_or_insert_with(count);
        many::until("no thread more than after the first dump", || count() <= most);
    }
    let folder = tempfile::tempdir().expect("a folder");
    put(&at(&folder, "a.dmp"), &presets::tiny());
    let busy = self::watch(folder.path(), &["--existing", "--exec", "sleep", "60"]);
    busy.line();
    let since = std::time::Instant::now();
    busy.interrupt();
    assert!(busy.complaint().contains("was killed because the watch ended"));
    assert_eq!(busy.end(), (Vec::new(), Some(0)));
    assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
}

/// Any name, but no file that is no dump; a dump may get its first bytes last.
#[test]
fn all_names_are_watched() {
    let folder = tempfile::tempdir().expect("a folder");
    let watch = watch(folder.path(), &["--all"]);
    fs::write(at(&folder, "notes.txt"), "no dump").expect("a file");
    fs::write(at(&folder, "core"), [0; 64]).expect("a file");
    fs::write(at(&folder, "core"), presets::tiny().to_bytes().0).expect("a dump");
    let line = watch.line();
    assert!(line.contains("access_violation") && line.ends_with("core"), "{line}");
    assert_eq!(watch.line_within(Duration::from_millis(600)), None);
}

#[test]
fn only_a_folder_is_watched() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = run(&["watch", str(&at(&folder, "missing"))]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.ends_with("missing: is not a folder\n"), "{}", missing.stderr);
    assert_eq!(run(&["watch", str(folder.path()), "--poll", "0"]).code, Some(2));
}
