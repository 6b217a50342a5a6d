//! What is refused: exit code 1 and one line that names the file, or 2 and a usage message.

use crate::support::{acts, run, str, write};
use crate::{COMMANDS, file};
use dumplens_synth::presets;

/// Every command refuses with the same line.
fn refused(path: &str, words: &str) {
    for command in COMMANDS.into_iter().chain(["at"]) {
        let address: &[&str] = if command == "at" { &["1000"] } else { &[] };
        let run = run(&[&[command, path], address].concat());
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{command} {path}: {}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        assert!(run.stderr.starts_with("dumplens: ") && run.stderr.ends_with('\n'), "{}", run.stderr);
        assert!(run.stderr.contains(words), "{words:?} is not in {}", run.stderr);
        assert!(run.stderr.contains(path) || path.contains(acts), "{}", run.stderr);
        assert!(!run.stderr.contains(acts), "{:?}", run.stderr);
    }
}

#[test]
fn files_of_other_kinds() {
    let page = |signature: &[u8]| [signature, &[b'x'; 4096]].concat();
    for (bytes, words) in [
        (Vec::new(), "the file is empty"),
        (
            page(b"PAGEDU64"),
            "a kernel memory dump (PAGEDU64), not a minidump of a process: open it with WinDbg",
        ),
        (
            page(b"PAGEDUMP"),
            "a kernel memory dump (PAGEDUMP), not a minidump of a process: open it with WinDbg",
        ),
        (page(b"hello"), "not a minidump: it does not begin with the signature MDMP"),
        (page(b"MZ"), "not a minidump: this is a Windows program or library"),
        (page(b"\x7fELF"), "not a minidump: this is an ELF file"),
        (page(b"\x28\xb5\x2f\xfd"), "not a minidump: this is a zstd archive: unpack it first"),
        (page(b"PK\x03\x04"), "not a minidump: this is a zip archive: unpack it first"),
        (page(b"7z\xbc\xaf\x27\x1c"), "not a minidump: this is a 7-Zip archive: unpack it first"),
        (page(b"\xfd7zXZ\0\0\x04"), "not a minidump: this is an xz archive: unpack it first"),
        (page(b"BZh91AY&SY"), "not a minidump: this is a bzip2 archive: unpack it first"),
        (
            page(&[&[b'n'; 257][..], b"ustar\x0000"].concat()),
            "not a minidump: this is a tar archive: unpack it first",
        ),
        (
            page(b"--7d9\r\nContent-Disposition: form-data; name=\"dump\"\r\n\r\nMDMP\x93\xa7"),
            "not a minidump: this is the body of an upload (multipart/form-data)",
        ),
        (page(b"<!DOCTYPE html>"), "not a minidump: this is an HTML page"),
        (vec![0; 4096], "not a minidump: it begins with zeros, like a file that was never written"),
        (page(b"PMDM"), "big-endian"),
        (b"MDMP\x93\xa7".to_vec(), "the minidump is cut off after 6 bytes, inside its header"),
    ] {
        let (_directory, path) = write("other.dmp", &bytes);
        refused(str(&path), words);
    }
}

#[test]
fn no_file() {
    let directory = tempfile::tempdir().unwrap();
    refused(str(directory.path()), "is a directory");
    let missing = directory.path().join("missing.dmp");
    let words = std::fs::read(&missing).unwrap_err().to_string();
    refused(str(&missing), &words);
}

/// Whoever named the file may have been hostile.
#[cfg(unix)]
#[test]
fn a_hostile_file_name() {
    let (_directory, path) = write("a\u{1b}[2J\n\u{202e}b.dmp", b"");
    refused(str(&path), "\\u{1b}[2J\\u{a}\\u{202e}b.dmp: the file is empty");
}

#[cfg(unix)]
#[test]
fn no_permission() {
    use std::os::unix::fs::PermissionsExt as _;
    if !crate::needs::LOCKED_FILES.is_met() {
        return;
    }
    let (_directory, path) = write("secret.dmp", &presets::tiny().to_bytes().0);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    let error = std::fs::File::open(&path).unwrap_err();
    refused(str(&path), &error.to_string());
}

/// Neither a pipe nor a device is read, which could block for ever.
#[cfg(unix)]
#[test]
fn a_device() {
    refused("/dev/null", "is not a regular file");
    refused("/dev/zero", "is not a regular file");
}

#[test]
fn usage_errors_are_2() {
    let (_directory, path) = file(&presets::tiny());
    let path = str(&path);
    for args in [
        &[][..],
        &["summarise", path],
        &["summary"],
        &["summary", path, "more"],
        &["summary", path, "--format", "xml"],
        &["summary", path, "--colour", "always"],
        &["regions", path, "--usage", "hea"],
        &["regions", path, "--state", "MEM_FRE"],
        &["regions", path, "--type", "private,maped"],
        &["regions", path, "--protect", "rw"],
        &["regions", path, "--min-size", "large"],
        &["regions", path, "--min-size", "-1"],
        &["at", path],
        &["at", path, "main"],
        &["at", path, "12345678123456781"],
        &["at", path, ""],
    ] {
        let run = run(args);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(!run.stderr.is_empty(), "{args:?}");
    }
    let wrong = run(&["regions", path, "--usage", "hea"]).stderr;
    assert!(wrong.contains("hea") && wrong.contains("image"), "the values are named: {wrong}");
}

#[test]
fn help_has_examples_and_exit_codes() {
    let help = run(&["--help"]);
    for words in ["Examples:", "Exit status:", "summary", "regions", "threads", "report", "info", "at"] {
        assert!(help.text().contains(words), "{words}");
    }
    assert!(run(&["--version"]).text().starts_with("dumplens "));
    for command in COMMANDS {
        assert!(run(&[command, "--help"]).text().contains("--format"), "{command}");
    }
}
