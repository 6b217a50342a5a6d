//! `--store` and `dumplens history`: what is known is not read again, by whomever, and whatever happens meanwhile.

#[path = "support/many.rs"]
mod many;
#[path = "support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::io::Write;
#[cfg(unix)]
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;

use dumplens_synth::presets;
use many::{Running, at, dump, fill, lines, put};
use rusqlite::Connection;
use serde_json::Value;
use support::{Run, dumplens, run, str};

/// A scan with a store: how many dumps were read, and how many known.
fn scan(folder: &Path, store: &Path) -> (usize, usize, Run) {
    let scan = run(&["scan", "--jsonl", str(folder), "--store", str(store)]);
    assert_eq!(scan.code, Some(0), "{}", scan.stderr);
    let lines = lines(&scan.stdout);
    let known = lines.iter().filter(|line| line["known"].is_object()).count();
    let read = lines.iter().filter(|line| line["verdict"].is_object()).count();
    (read, known, scan)
}

fn integrity(store: &Path) -> String {
    let connection = Connection::open(store).expect("a database");
    connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an answer")
}

fn count(store: &Path) -> i64 {
    let connection = Connection::open(store).expect("a database");
    connection.query_row("SELECT count(*) FROM results", [], |row| row.get(0)).expect("a number")
}

#[test]
fn only_new_dumps_are_read() {
    let (folder, home) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = at(&home, "store.db");
    fill(folder.path(), 6);
    let (read, known, first) = scan(folder.path(), &store);
    assert_eq!((read, known), (6, 0));
    let (read, known, second) = scan(folder.path(), &store);
    assert_eq!((read, known), (0, 6));
    assert_eq!(second.stderr, "dumplens: 6 dumps (6 known to the store), 3 signatures, 0 failed\n");
    // The rows say what the reports said.
    let by_path = |run: &Run| -> Vec<Value> {
        let mut lines = lines(&run.stdout);
        lines.sort_by_key(|line| line["path"].to_string());
        lines
    };
    for (report, row) in by_path(&first).iter().zip(by_path(&second)) {
        assert_eq!(report["path"], row["path"]);
        assert_eq!(report["signature"]["id"], row["known"]["signature"]);
        assert_eq!(report["verdict"]["kind"], row["known"]["kind"]);
        assert_eq!(report["dump"]["created"], row["known"]["time"]);
    }
    // One that came, one that was moved, one that changed.
    put(&at(&folder, "new.dmp"), &dump(6));
    fs::rename(at(&folder, "day 0/0.dmp"), at(&folder, "moved.dmp")).expect("a move");
    put(&at(&folder, "day 1/1.dmp"), &dump(7));
    let (read, known, _) = scan(folder.path(), &store);
    assert_eq!((read, known), (2, 5));
    // A table counts all of them.
    let table = run(&["scan", str(folder.path()), "--store", str(&store)]);
    assert!(table.text().ends_with("7 dumps (7 known to the store), 3 signatures, 0 failed\n"));
    assert_eq!(
        table.text(),
        run(&["scan", str(folder.path())]).text().replace("7 dumps,", "7 dumps (7 known to the store),")
    );
}

/// What lies between the first and the last 64 KiB is not looked at: it is not read again.
#[test]
fn a_known_dump_is_not_opened() {
    let (folder, home) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = at(&home, "store.db");
    let path = at(&folder, "large.dmp");
    let mut bytes = presets::tiny().to_bytes().0;
    bytes.resize(400 << 10, 0);
    fs::write(&path, &bytes).expect("a dump");
    many::age(&path);
    let modified = fs::metadata(&path).and_then(|m| m.modified()).expect("a time");
    assert_eq!(scan(folder.path(), &store).0, 1);
    let keep_time = |bytes: &[u8]| {
        fs::write(&path, bytes).expect("a dump");
        File::options().write(true).open(&path).and_then(|f| f.set_modified(modified)).expect("its time");
    };
    bytes[200 << 10] ^= 1;
    keep_time(&bytes);
    assert_eq!(scan(folder.path(), &store).1, 1);
    // Beginning and end are.
    bytes[0x14] ^= 1;
    keep_time(&bytes);
    assert_eq!(scan(folder.path(), &store).0, 1);
    *bytes.last_mut().expect("bytes") ^= 1;
    keep_time(&bytes);
    assert_eq!(scan(folder.path(), &store).0, 1);
}

/// A file that is no dump will be none tomorrow; one that took too long may be quicker then.
#[test]
fn failures_are_kept_if_they_are_final() {
    let (folder, home) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = at(&home, "store.db");
    fs::write(at(&folder, "text.dmp"), "this is no dump").expect("a file");
    put(&at(&folder, "a.dmp"), &presets::tiny());
    let late = run(&["scan", str(folder.path()), "--timeout", "0.000000001", "--store", str(&store)]);
    assert!(late.stderr.contains("timed_out"), "{}", late.stderr);
    assert_eq!(count(&store), 0);
    scan(folder.path(), &store);
    assert_eq!(count(&store), 2);
    let (_, known, again) = scan(folder.path(), &store);
    assert_eq!(known, 1);
    assert!(again.stderr.starts_with("dumplens: 1 of 2 files failed: 1 not_a_dump\n"), "{}", again.stderr);
    let history = run(&["history", "--store", str(&store), "--format", "json"]).json();
    assert_eq!((history["failed"].as_u64(), history["signatures"][0]["count"].as_u64()), (Some(1), Some(1)));
}

#[test]
fn two_scans_at_once_share_a_store() {
    let (folder, home) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = at(&home, "store.db");
    fill(folder.path(), 60);
    let start = || Running::start(&["scan", "--jsonl", str(folder.path()), "--store", str(&store)]);
    let both = [start(), start(), start()];
    for one in both {
        let (lines, code) = one.end();
        assert_eq!((lines.len(), code), (60, Some(0)));
        assert!(!lines.iter().any(|line| line.contains("\"error\"")));
    }
    assert_eq!((integrity(&store), count(&store)), ("ok".to_owned(), 60));
    assert_eq!(scan(folder.path(), &store).1, 60);
}

/// Killed in the middle: everything that was told is kept, and the next scan does the rest.
#[test]
fn a_killed_scan_loses_nothing() {
    let (folder, home) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = at(&home, "store.db");
    fill(folder.path(), 80);
    for turn in 1..=3 {
        // The list is not at its end: however fast the scan is, it is in the middle.
        let mut command = dumplens(&["scan", "--csv", "--jobs", "2", "-", "--store", str(&store)]);
        command.stdin(Stdio::piped());
        let mut scan = Running::of(command);
        let mut input = scan.child.stdin.take().expect("a pipe");
        for n in 0..20 * turn {
            let path = folder.path().join(format!("day {}", n % 4)).join(format!("{n}.dmp"));
            writeln!(input, "{}", str(&path)).expect("a line");
        }
        // The head, and all but the last few.
        let told = 20 * turn - 8;
        (0..=told).for_each(|_| drop(scan.line()));
        scan.child.kill().expect("a kill");
        let status = scan.child.wait().expect("an end");
        #[cfg(unix)]
        assert_eq!(status.signal(), Some(9));
        assert_ne!(status.code(), Some(0));
        assert_eq!(integrity(&store), "ok");
        assert!((told..=20 * turn).contains(&count(&store)), "{} after turn {turn}", count(&store));
    }
    let kept = usize::try_from(count(&store)).expect("a number");
    let (read, known, _) = scan(folder.path(), &store);
    assert_eq!((read, known), (80 - kept, kept));
    assert_eq!((integrity(&store), count(&store)), ("ok".to_owned(), 80));
}

/// A store as the first version made it: its rows are known, but for those of an older analysis.
#[test]
fn older_stores_are_brought_up_to_date() {
    let (folder, home) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (store, old) = (at(&home, "store.db"), at(&home, "old.db"));
    fill(folder.path(), 4);
    scan(folder.path(), &store);
    let connection = Connection::open(&old).expect("a database");
    connection
        .execute_batch(&format!(
            "PRAGMA application_id = 1684827763; PRAGMA user_version = 1;
             CREATE TABLE results (size INTEGER NOT NULL, modified INTEGER NOT NULL, hash TEXT NOT NULL,
                 path TEXT NOT NULL, analysis INTEGER NOT NULL, program TEXT NOT NULL, scanned TEXT NOT NULL,
                 signature TEXT, time TEXT, row TEXT NOT NULL, PRIMARY KEY (size, modified, hash)) WITHOUT ROWID;
             ATTACH '{}' AS newer;
             INSERT INTO results SELECT * FROM newer.results;
             UPDATE results SET analysis = 0 WHERE path LIKE '%0.dmp';
             DETACH newer;",
            str(&store).replace('\'', "''")
        ))
        .expect("a store of version 1");
    drop(connection);
    let (read, known, _) = scan(folder.path(), &old);
    assert_eq!((read, known), (1, 3));
    assert_eq!(scan(folder.path(), &old).1, 4);
    let connection = Connection::open(&old).expect("a database");
    let version: i64 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a version");
    assert_eq!(version, 2);
    let programs: String = connection
        .query_row("SELECT group_concat(DISTINCT program) FROM results", [], |row| row.get(0))
        .expect("versions");
    assert_eq!(programs, env!("CARGO_PKG_VERSION"));
}

#[test]
fn what_is_no_store_is_left_alone() {
    let home = tempfile::tempdir().expect("a folder");
    let (other, text) = (at(&home, "other.db"), at(&home, "text.db"));
    Connection::open(&other).and_then(|c| c.execute_batch("CREATE TABLE theirs (x)")).expect("a database");
    fs::write(&text, "this is no database, and is long enough to be taken for something else")
        .expect("a file");
    for path in [&other, &text] {
        let before = fs::read(path).expect("bytes");
        for args in
            [["scan", str(home.path()), "--store", str(path)].as_slice(), &["history", "--store", str(path)]]
        {
            let refused = run(args);
            assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
            assert!(refused.stderr.starts_with(&format!("dumplens: {}: ", str(path))), "{}", refused.stderr);
            assert_eq!(refused.stderr.lines().count(), 1);
        }
        assert_eq!(fs::read(path).expect("bytes"), before);
    }
    let missing = at(&home, "missing.db");
    assert_eq!(run(&["history", "--store", str(&missing)]).code, Some(1));
    assert!(!missing.exists());
}

#[test]
fn history_is_by_day() {
    let (folder, home) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = at(&home, "store.db");
    // 2023-11-14T22:23:20Z, and the days after it.
    for (n, days) in [0, 0, 2].into_iter().enumerate() {
        let mut process = presets::tiny();
        process.time_date_stamp += days * 86_400 + u32::try_from(n).expect("few");
        put(&at(&folder, &format!("{n}.dmp")), &process);
    }
    put(&at(&folder, "x.dmp"), &presets::tiny_bad_alloc());
    scan(folder.path(), &store);
    let history = run(&["history", "--store", str(&store), "--format", "json"]).json();
    let signatures = history["signatures"].as_array().expect("signatures");
    assert_eq!(signatures.len(), 2);
    let newest = &signatures[0];
    assert_eq!(newest["count"], 3);
    assert_eq!(newest["newest"]["kind"], "access_violation");
    assert_eq!(newest["first_seen"], "2023-11-14T22:23:20Z");
    assert_eq!(newest["last_seen"], "2023-11-16T22:23:22Z");
    assert_eq!(newest["newest_path"], str(&at(&folder, "2.dmp")));
    let days = serde_json::json!([{ "day": "2023-11-14", "count": 2 }, { "day": "2023-11-16", "count": 1 }]);
    assert_eq!(newest["days"], days);
    let text = run(&["history", "--store", str(&store)]);
    let text = text.text();
    assert!(text.contains("2023-11-14: 2, 2023-11-16: 1\n"), "{text}");
    assert!(text.ends_with("4 dumps, 2 signatures, 0 files that are not dumps\n"), "{text}");
}

/// A row that is damaged costs that row: its dump is read again, and history goes on with the others.
#[test]
fn a_damaged_row_costs_that_row() {
    let (folder, home) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = at(&home, "store.db");
    fill(folder.path(), 6);
    let damages = [
        "row = 'no JSON'",
        "row = x'ff00'",
        "row = CAST(x'c328' AS TEXT)",
        "row = '{}'",
        "signature = x'00', row = ''",
        "path = x'ff', time = x'ff', row = 7",
    ];
    for damage in damages {
        scan(folder.path(), &store);
        let whole = run(&["history", "--store", str(&store), "--format", "json"]).json();
        assert_eq!(whole["unreadable"], 0);
        let connection = Connection::open(&store).expect("a database");
        connection
            .execute(&format!("UPDATE results SET {damage} WHERE path LIKE '%2.dmp'"), [])
            .expect("damage");
        drop(connection);
        let history = run(&["history", "--store", str(&store), "--format", "json"]).json();
        assert_eq!(history["unreadable"], 1, "{damage}");
        let signatures = |of: &Value| of["signatures"].as_array().expect("signatures").len();
        assert_eq!(signatures(&history), signatures(&whole), "{damage}");
        let text = run(&["history", "--store", str(&store)]);
        assert!(text.text().ends_with("\n1 row of the store cannot be read\n"), "{damage}: {}", text.stdout);
        let (read, known, _) = scan(folder.path(), &store);
        assert_eq!((read, known), (1, 5), "{damage}");
    }
}

/// History makes no files beside the store and changes nothing in it, and sees what a scan has not yet put into it.
#[test]
fn history_only_reads() {
    let (folder, home) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = at(&home, "a store #1.db");
    fill(folder.path(), 3);
    scan(folder.path(), &store);
    let names = || fs::read_dir(home.path()).expect("a folder").count();
    let before = (names(), fs::read(&store).expect("the store"));
    assert_eq!(before.0, 1);
    let history = run(&["history", "--store", str(&store)]);
    assert!(history.text().contains("3 dumps, 3 signatures"), "{}", history.stdout);
    assert!((names(), fs::read(&store).expect("the store")) == before);
    // A store that a scan has open: what it added lies in the log beside it.
    let other = Connection::open(&store).expect("a database");
    other.execute("UPDATE results SET signature = NULL WHERE path LIKE '%2.dmp'", []).expect("a change");
    assert!(at(&home, "a store #1.db-wal").exists());
    let history = run(&["history", "--store", str(&store)]);
    assert!(history.text().contains("2 dumps, 2 signatures, 1 files"), "{}", history.stdout);
}

/// No room for the store: what was done is told, then the scan ends and says which store it was.
#[test]
#[cfg(unix)]
fn a_full_disk_loses_no_answer() {
    let (folder, home) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store = at(&home, "store.db");
    fill(folder.path(), 60);
    for form in [&["--csv"][..], &[]] {
        let _ = fs::remove_file(&store);
        // Files may grow to 64 KiB, the size of the log after some rows; writing more fails as it does on a full disk.
        let mut shell = std::process::Command::new("sh");
        let program = dumplens(&[]).get_program().to_owned();
        shell.args(["-c", "trap '' XFSZ; ulimit -f 128; exec \"$0\" \"$@\""]).arg(program);
        shell.args(["scan", "--jobs", "1", str(folder.path()), "--store", str(&store)]).args(form);
        shell.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
        let run = support::run_command(shell);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        let last = run.stderr.lines().last().expect("a reason");
        assert!(last.contains(str(&store)) && last.contains("cannot be written"), "{last}");
        let kept = usize::try_from(count(&store)).expect("a number");
        assert!((1..60).contains(&kept), "{kept}");
        if form.is_empty() {
            let dumps = run.stdout.lines().last().and_then(|sum| sum.split(' ').next()?.parse().ok());
            assert!(dumps.is_some_and(|dumps: usize| dumps > kept && dumps < 60), "{}", run.stdout);
        } else {
            assert!((kept + 2..60).contains(&run.stdout.lines().count()), "{}", run.stdout);
        }
    }
}
