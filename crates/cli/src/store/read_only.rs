//! A store that is only read.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use dumplens_scan::long;

/// Opens the database to read it. A database in WAL mode is read through a file beside it (`-shm`), which SQLite would make
/// and leave there; so one that no other process has open is read as one that cannot change.
pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if std::fs::symlink_metadata(&log).is_err()
        && let Ok(connection) = Connection::open_with_flags(uri(path), flags | OpenFlags::SQLITE_OPEN_URI)
    {
        return Ok(connection);
    }
    Connection::open_with_flags(long::path(path), flags)
}

/// `file:` and the path, with every byte escaped that could mean something else there
/// (<https://sqlite.org/uri.html>).
fn uri(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut uri = String::from(if cfg!(windows) { "file:///" } else { "file://" });
    for byte in whole.as_os_str().as_encoded_bytes() {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'/' | b':' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(*byte)),
            byte => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    uri + "?immutable=1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_the_same_file() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a.db", "a b%41.db", "ä#1.db", "a&b=c.db"] {
            let path = folder.path().join(name);
            let made = Connection::open(&path).expect("a database");
            made.execute_batch("CREATE TABLE of_this_name (x)").expect("a table");
            drop(made);
            let read = open(&path).expect("the database");
            let tables: i64 =
                read.query_row("SELECT count(*) FROM of_this_name", [], |row| row.get(0)).expect("the table");
            assert_eq!(tables, 0, "{name}");
            assert!(read.execute_batch("DROP TABLE of_this_name").is_err(), "{name}");
        }
    }
}
