//! Where things are written: to standard output, and to the place that the caller named. Nothing that a dump holds, and
//! no link that lies there, leads anywhere else.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dumplens_synth::{CodeView, presets};
use support::{dumplens, run, run_command, str};

/// Every file and folder below a folder; of files what they hold.
fn below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.is_symlink() {
            all.extend(below(&path));
        }
        all.insert(path.clone(), fs::read(&path).unwrap_or_default());
    }
    all
}

/// A dump whose modules and PDBs are called so that whoever made files of the names would leave the folder.
fn dump_bytes() -> Vec<u8> {
    let mut process = presets::tiny_bad_alloc();
    let pdbs = ["..\\..\\..\\evil.pdb", "/etc/evil.pdb"];
    for (module, pdb) in process.modules.iter_mut().zip(pdbs) {
        module.path = format!("..\\..\\..\\{pdb}.dll");
        module.code_view = Some(CodeView { pdb: pdb.to_owned(), ..CodeView::default() });
    }
    process.threads[0].name = Some("../../../evil".into());
    process.to_bytes().0
}

struct Home {
    all: tempfile::TempDir,
    dump: PathBuf,
}

impl Home {
    fn new() -> Home {
        let all = tempfile::tempdir().expect("a folder");
        for folder in ["work", "home", "cache", "temporary", "dumps/below"] {
            fs::create_dir_all(all.path().join(folder)).expect("a folder");
        }
        let dump = all.path().join("dumps/below/a.dmp");
        fs::write(&dump, dump_bytes()).expect("a dump");
        Home { all, dump }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.all.path().join(path)
    }

    /// The binary in a folder of its own, with a home and a place for temporary files.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = dumplens(args);
        command.current_dir(self.at("work"));
        let places = [
            ("HOME", "home"),
            ("USERPROFILE", "home"),
            ("LOCALAPPDATA", "cache"),
            ("XDG_CACHE_HOME", "cache"),
            ("TMPDIR", "temporary"),
            ("TMP", "temporary"),
            ("TEMP", "temporary"),
        ];
        for (name, folder) in places {
            command.env(name, self.at(folder));
        }
        command
    }

    /// Runs it; returns what is there then that was not, or is not as it was.
    fn changed(&self, args: &[&str]) -> Vec<PathBuf> {
        let before = below(self.all.path());
        let run = run_command(self.command(args));
        assert_eq!(run.code, Some(0), "{args:?}: {}", run.stderr);
        let after = below(self.all.path());
        assert!(before.keys().all(|path| after.contains_key(path)), "{args:?} deletes");
        after
            .into_iter()
            .filter(|(path, bytes)| before.get(path) != Some(bytes))
            .map(|(path, _)| path)
            .collect()
    }
}

#[test]
fn answers_write_nothing() {
    let home = Home::new();
    let path = str(&home.dump).to_owned();
    let app = format!("{:x}", presets::tiny::X64.app + 0x1004);
    let mut asked: Vec<Vec<&str>> = vec![
        vec!["at", &path, &app],
        vec!["stack", &path, "--thread", "all"],
        vec!["report", &path, "--format", "html"],
        vec!["report", &path, "--format", "markdown"],
        vec!["regions", &path, "--format", "csv"],
        vec!["scan", &path, "--jsonl"],
        vec!["scan", &path, "--csv"],
        vec!["scan", &path],
        vec!["schema"],
        vec!["completions", "bash"],
        vec!["man"],
        vec!["explain", "bad_alloc"],
    ];
    for command in ["why", "summary", "regions", "heaps", "allocations", "info", "threads", "stack", "report"]
    {
        asked.push(vec![command, &path]);
    }
    for args in asked {
        assert_eq!(home.changed(&args), [""; 0].map(PathBuf::from), "{args:?}");
    }
}

#[test]
fn what_is_named_is_all_that_is_written() {
    let home = Home::new();
    let (small, store, pages) = (home.at("work/small.dmp"), home.at("home/a.db"), home.at("work/pages"));
    let args = ["trim", str(&home.dump), str(&small), "--redact"];
    assert_eq!(home.changed(&args), std::slice::from_ref(&small));
    // By a name alone, in the folder that one is in.
    assert_eq!(home.changed(&["trim", str(&home.dump), "here.dmp"]), [home.at("work/here.dmp")]);
    // SQLite's own files beside it, if they are left, begin with its name.
    let kept = home.changed(&["scan", str(&home.dump), "--store", str(&store)]);
    let name = |path: &Path| path.file_name().is_some_and(|name| str(name.as_ref()).starts_with("a.db"));
    let beside = |path: &PathBuf| path.parent() == store.parent() && name(path);
    assert!(kept.contains(&store) && kept.iter().all(beside), "{kept:?}");
    fs::create_dir(&pages).expect("a folder");
    let written = home.changed(&["man", "--dir", str(&pages)]);
    assert!(written.len() > 10 && written.iter().all(|path| path.parent() == Some(&pages)), "{written:?}");
}

/// The dump has many names; under none of them is it overwritten. What a link leads to is not touched.
#[test]
fn trim_and_links() {
    let home = Home::new();
    let bytes = dump_bytes();
    let path = home.dump.clone();
    let hard = home.at("work/hard.dmp");
    fs::hard_link(&path, &hard).expect("a link");
    let trim = |to: &Path| run(&["trim", str(&path), str(to), "--force"]);
    // Another name of the dump is given to the copy; the dump stays. Windows keeps the name of a file that is open.
    let given = trim(&hard);
    assert_eq!(fs::read(&path).expect("the dump"), bytes);
    if cfg!(windows) && given.code == Some(1) {
        assert_eq!(fs::read(&hard).expect("the dump"), bytes);
    } else {
        given.text();
        assert!(fs::read(&hard).expect("a copy").len() < bytes.len() * 2);
    }
    let around = path.parent().expect("a folder").join("../below/a.dmp");
    assert!(trim(&around).stderr.contains("is the dump itself"));
    assert_eq!(fs::read(&path).expect("the dump"), bytes);
    links(&home, &bytes);
}

#[cfg(unix)]
fn links(home: &Home, bytes: &[u8]) {
    use std::os::unix::fs::symlink;
    let path = home.dump.clone();
    let (to_dump, to_other, to_none) = (home.at("work/a"), home.at("work/b"), home.at("work/c"));
    let (other, none) = (home.at("home/other"), home.at("home/none"));
    fs::write(&other, "theirs").expect("a file");
    symlink(&path, &to_dump).expect("a link");
    symlink(&other, &to_other).expect("a link");
    symlink(&none, &to_none).expect("a link");
    for link in [&to_dump, &to_other, &to_none] {
        assert_eq!(run(&["trim", str(&path), str(link)]).code, Some(1), "not without --force");
    }
    // Named by a link, it is the dump all the same; as source too.
    assert!(run(&["trim", str(&path), str(&to_dump), "--force"]).stderr.contains("is the dump itself"));
    assert!(run(&["trim", str(&to_dump), str(&path), "--force"]).stderr.contains("is the dump itself"));
    // Elsewhere the link is replaced, and not what it leads to.
    for link in [&to_other, &to_none] {
        run(&["trim", str(&path), str(link), "--force"]).text();
        assert!(!link.is_symlink() && fs::read(link).expect("a copy").starts_with(b"MDMP"));
    }
    assert_eq!(fs::read(&other).expect("a file"), b"theirs");
    assert!(!none.exists());
    assert_eq!(fs::read(&path).expect("the dump"), bytes);
}

#[cfg(not(unix))]
fn links(_: &Home, _: &[u8]) {}

/// What is neither a file nor a link to one stays, whoever asks; nothing waits for the other end of a pipe.
#[test]
#[cfg(all(unix, not(target_vendor = "apple")))]
fn what_is_no_file_is_not_written_over() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::os::unix::net::UnixListener;
    let home = Home::new();
    let (pipe, socket, folder) = (home.at("work/pipe"), home.at("work/socket"), home.at("work/folder"));
    make_pipe(&pipe);
    let _listener = UnixListener::bind(&socket).expect("a socket");
    fs::create_dir(&folder).expect("a folder");
    let (to_pipe, to_device, to_folder) = (home.at("work/p"), home.at("work/d"), home.at("work/f"));
    symlink(&pipe, &to_pipe).expect("a link");
    symlink("/dev/null", &to_device).expect("a link");
    symlink(&folder, &to_folder).expect("a link");
    let all = [&pipe, &socket, &folder, &to_pipe, &to_device, &to_folder];
    for to in all {
        for force in [&[][..], &["--force"]] {
            let refused = run(&[&["trim", str(&home.dump), str(to)], force].concat());
            let why = if to.is_dir() { "is a directory" } else { "is not a regular file" };
            assert_eq!(refused.code, Some(1), "{to:?}");
            assert!(refused.stderr.contains(why), "{}", refused.stderr);
        }
    }
    // As a store, or as a page of the manual.
    for to in [&pipe, &to_pipe, &to_device] {
        let refused = run(&["scan", str(&home.dump), "--store", str(to)]);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{to:?}");
        let page = folder.join("dumplens.1");
        symlink(to, &page).expect("a link");
        assert_eq!(run(&["man", "--dir", str(&folder)]).code, Some(1));
        fs::remove_file(&page).expect("the link");
    }
    let kind = |path: &Path| fs::symlink_metadata(path).expect("it is there").file_type();
    assert!(kind(&pipe).is_fifo() && kind(&socket).is_socket() && folder.is_dir());
    assert!(all[3..].iter().all(|link| kind(link).is_symlink()));
    let names = fs::read_dir(home.at("work")).expect("a folder").map(|entry| entry.expect("an entry").path());
    assert!(names.into_iter().all(|path| path.extension().is_none_or(|end| end != "tmp")));
}

/// A FIFO; on macOS the library has no call for one.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn make_pipe(at: &Path) {
    use rustix::fs::{CWD, Mode, mkfifoat};
    mkfifoat(CWD, at, Mode::RUSR | Mode::WUSR).expect("a FIFO");
}

/// Links at the places that are written are not followed.
#[test]
#[cfg(unix)]
fn links_are_not_written_through() {
    use std::os::unix::fs::symlink;
    let home = Home::new();
    let (theirs, pages) = (home.at("home/theirs"), home.at("work/pages"));
    fs::write(&theirs, "").expect("a file");
    fs::create_dir(&pages).expect("a folder");
    for page in ["dumplens.1", "dumplens-why.1"] {
        symlink(&theirs, pages.join(page)).expect("a link");
    }
    symlink(home.at("home/none"), pages.join("dumplens-scan.1")).expect("a link");
    run(&["man", "--dir", str(&pages)]).text();
    assert!(
        below(&pages).keys().all(|page| !page.is_symlink())
            && fs::read_dir(&pages).expect("pages").count() > 10
    );
    for (n, end) in ["", "-wal", "-shm", "-journal"].into_iter().enumerate() {
        let store = home.at(&format!("work/{n}.db"));
        symlink(&theirs, home.at(&format!("work/{n}.db{end}"))).expect("a link");
        for args in
            [["scan", str(&home.dump), "--store"].as_slice(), &["watch", str(&home.at("dumps")), "--store"]]
        {
            let refused = run(&[args, &[str(&store)]].concat());
            assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{end}");
            assert!(refused.stderr.contains("is a link"), "{}", refused.stderr);
        }
        assert!(end.is_empty() || !store.exists(), "{end}");
    }
    assert!(fs::read(&theirs).expect("a file").is_empty() && !home.at("home/none").exists());
    // The way there is the caller's own.
    symlink(home.at("work"), home.at("way")).expect("a link");
    let store = home.at("way/a.db");
    run(&["scan", str(&home.dump), "--store", str(&store)]).text();
    run(&["history", "--store", str(&store)]).text();
}

/// A copy has the permissions that the user gives to new files.
#[test]
#[cfg(unix)]
fn a_copy_has_the_mode_of_a_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    for (mask, mode) in [("022", 0o644), ("027", 0o640), ("077", 0o600)] {
        let small = home.at(&format!("work/{mask}.dmp"));
        let program = dumplens(&[]).get_program().to_owned();
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("umask {mask}; exec \"$0\" \"$@\"")]).arg(program);
        shell.args(["trim", str(&home.dump), str(&small)]);
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        run_command(shell).text();
        let found = fs::metadata(&small).expect("a copy").permissions().mode();
        assert_eq!(found & 0o7777, mode, "{mask}");
    }
}
