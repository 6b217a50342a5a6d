//! Reading at positions: the same answers on every system, for any number of threads at once.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::thread;

use dumplens_core::{FileSource, Source};

/// A file in which the eight bytes at each multiple of eight are their own offset.
fn numbered(len: u64) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("numbered");
    let bytes: Vec<u8> = (0..len / 8).flat_map(|n| (n * 8).to_le_bytes()).collect();
    fs::write(&path, bytes).expect("a file");
    (folder, path)
}

#[test]
fn threads_do_not_disturb_each_other() {
    let (_folder, path) = numbered(1 << 20);
    let source = FileSource::open(&path).expect("a file");
    thread::scope(|scope| {
        for start in 0..8u64 {
            let source = &source;
            scope.spawn(move || {
                for step in 0..2000u64 {
                    let offset = (start * 131_072 + step * 7919 * 8) % (1 << 20);
                    let mut bytes = [0; 8];
                    assert_eq!(source.read_at(offset, &mut bytes).expect("bytes"), 8);
                    assert_eq!(u64::from_le_bytes(bytes), offset);
                }
            });
        }
    });
}

#[test]
fn beyond_the_end_there_is_nothing_and_no_error() {
    let (_folder, path) = numbered(64);
    let source = FileSource::open(&path).expect("a file");
    assert_eq!(source.size(), 64);
    let mut bytes = [0xaa; 16];
    assert_eq!(source.read_at(56, &mut bytes).expect("the last bytes"), 8);
    assert_eq!(bytes[..8], 56u64.to_le_bytes());
    for offset in [64, 65, 1 << 33, i64::MAX as u64, 1 << 63, u64::MAX] {
        assert_eq!(source.read_at(offset, &mut bytes).expect("no error"), 0, "{offset:#x}");
    }
}

#[test]
fn a_file_that_grows_and_goes_while_it_is_open() {
    let (_folder, path) = numbered(64);
    let mut writer = File::options().append(true).open(&path).expect("a writer");
    let source = FileSource::open(&path).expect("a file that is open for writing");
    writer.write_all(&64u64.to_le_bytes()).expect("more");
    assert_eq!(source.size(), 64, "as it was when it was opened");
    drop(writer);
    fs::remove_file(&path).expect("a file that is being read can be deleted");
    let mut bytes = [0; 8];
    assert_eq!(source.read_at(16, &mut bytes).expect("bytes"), 8);
    assert_eq!(u64::from_le_bytes(bytes), 16);
}

#[test]
fn a_file_that_became_shorter_is_no_file_that_ends() {
    let (_folder, path) = numbered(64);
    let source = FileSource::open(&path).expect("a file");
    File::options().write(true).open(&path).and_then(|file| file.set_len(24)).expect("a shorter file");
    let mut bytes = [0; 8];
    assert_eq!(source.read_at(16, &mut bytes).expect("what is left"), 8);
    let error = source.read_at(24, &mut bytes).expect_err("another file than was opened");
    assert_eq!(error.kind(), ErrorKind::StaleNetworkFileHandle);
    assert_eq!(source.read_at(64, &mut bytes).expect("the end, as it was"), 0);
    assert_eq!(source.read_at(24, &mut []).expect("nothing asked for"), 0);
}

#[test]
fn folders_and_what_is_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let kind = |path: &std::path::Path| FileSource::open(path).expect_err("no file").kind();
    assert_eq!(kind(folder.path()), ErrorKind::IsADirectory);
    assert_eq!(kind(&folder.path().join("none.dmp")), ErrorKind::NotFound);
    assert_eq!(kind(&folder.path().join("none").join("none.dmp")), ErrorKind::NotFound);
}

/// One that shares with readers only is the common writer; one that shares with nobody has to be waited for.
#[test]
#[cfg(windows)]
fn what_a_writer_shares_decides() {
    use std::os::windows::fs::OpenOptionsExt as _;
    const FILE_SHARE_READ: u32 = 1;
    const ERROR_SHARING_VIOLATION: i32 = 32;
    let (_folder, path) = numbered(64);
    let open = |share| File::options().write(true).share_mode(share).open(&path).expect("a writer");
    let writer = open(FILE_SHARE_READ);
    let source = FileSource::open(&path).expect("a file that its writer shares");
    let mut bytes = [0; 8];
    assert_eq!(source.read_at(8, &mut bytes).expect("bytes"), 8);
    drop((writer, source));
    let _writer = open(0);
    let error = FileSource::open(&path).expect_err("a file that its writer does not share");
    assert_eq!(error.raw_os_error(), Some(ERROR_SHARING_VIOLATION));
}
