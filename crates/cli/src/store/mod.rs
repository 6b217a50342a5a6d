//! The store: results of earlier scans, in one SQLite file.
//!
//! A result is written when its dump is done, in a transaction of its own: after a kill, all that was done is there. The
//! file is in WAL mode; scans that run at once wait for each other for the moment that a row takes. It must lie on a
//! local disk: SQLite's locks do not work on shares.

mod history;
mod identity;
mod read_only;
mod schema;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use dumplens_analyzer::verdict::signature::ANALYSIS_VERSION;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub(crate) use history::{History, SignatureHistory};
pub(crate) use identity::Identity;

use crate::open::shown;
use crate::scan::row::Row;
use dumplens_scan::{Failure, long, place};

/// How long one scan waits for another's write.
const BUSY: Duration = Duration::from_secs(30);

/// What a file gave: its row, or why there is none.
pub(crate) type Stored = Result<Row, Failure>;

/// An open store.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the store at `path`, and makes it if there is none.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Store> {
        let open = || -> anyhow::Result<Store> {
            refuse(path)?;
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
            let mut connection =
                Connection::open_with_flags(long::path(path), flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
            connection.busy_timeout(BUSY)?;
            schema::migrate(&mut connection)?;
            write_ahead(&connection)?;
            // In WAL mode a kill of the process loses nothing, and a power failure at most the last rows.
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            Ok(Store { connection, path: path.to_owned() })
        };
        open().with_context(|| shown(path))
    }

    /// Opens a store that must be there, to read it: neither the file nor its folder need be writable, and nothing is
    /// written to either.
    pub(crate) fn open_existing(path: &Path) -> anyhow::Result<Store> {
        let open = || -> anyhow::Result<Store> {
            std::fs::metadata(path)?;
            refuse(path)?;
            let connection = read_only::open(path)?;
            connection.busy_timeout(BUSY)?;
            schema::check(&connection)?;
            Ok(Store { connection, path: path.to_owned() })
        };
        open().with_context(|| shown(path))
    }

    /// What this version of the analysis, or a newer one, made of a file.
    pub(crate) fn find(&self, file: &Identity) -> anyhow::Result<Option<Stored>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT signature IS NULL, row FROM results
             WHERE size = ?1 AND modified = ?2 AND hash = ?3 AND analysis >= ?4",
        )?;
        let asked = params![file.size, file.modified, file.hash, ANALYSIS_VERSION];
        let found = statement.query_row(asked, |row| {
            let text = row.get_ref(1)?.as_str().ok().map(str::to_owned);
            Ok((row.get(0)?, text))
        });
        let Some((failed, Some(row))) = found.optional()? else { return Ok(None) };
        // A row that cannot be read is as good as none: the dump is read again.
        let stored =
            if failed { serde_json::from_str(&row).map(Err) } else { serde_json::from_str(&row).map(Ok) };
        Ok(stored.ok())
    }

    /// Keeps what a file gave, instead of what an older analysis made of it.
    ///
    /// An error names the store.
    pub(crate) fn keep(&self, file: &Identity, path: &Path, stored: &Stored) -> anyhow::Result<()> {
        self.write(file, path, stored).with_context(|| shown(&self.path))
    }

    fn write(&self, file: &Identity, path: &Path, stored: &Stored) -> anyhow::Result<()> {
        let (signature, time, row) = match stored {
            Ok(row) => (Some(&row.signature), row.time.as_ref(), serde_json::to_string(row)?),
            Err(failure) => (None, None, serde_json::to_string(failure)?),
        };
        let now = OffsetDateTime::now_utc().replace_nanosecond(0)?.format(&Rfc3339)?;
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO results
                 (size, modified, hash, path, analysis, program, scanned, signature, time, row)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT DO UPDATE SET
                 path = excluded.path, analysis = excluded.analysis, program = excluded.program,
                 scanned = excluded.scanned, signature = excluded.signature, time = excluded.time,
                 row = excluded.row
             WHERE excluded.analysis >= analysis",
        )?;
        let program = env!("CARGO_PKG_VERSION");
        let path = path.to_string_lossy();
        statement.execute(params![
            file.size,
            file.modified,
            file.hash,
            path,
            ANALYSIS_VERSION,
            program,
            now,
            signature,
            time,
            row
        ])?;
        Ok(())
    }
}

/// A store is a file, and nothing is written through a link: neither it nor the files that SQLite keeps beside it may be
/// one. SQLite itself would follow a link to the store on every system, and the others on Windows.
fn refuse(path: &Path) -> anyhow::Result<()> {
    if let Some(obstacle) = place::obstacle(path) {
        anyhow::bail!(obstacle);
    }
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(end);
        if place::is_link(Path::new(&beside)) {
            anyhow::bail!("{} is a link; name the file that it points to", shown(Path::new(&beside)));
        }
    }
    Ok(())
}

/// Switches to write-ahead logging. SQLite does not wait for others here, whatever the busy timeout.
fn write_ahead(connection: &Connection) -> anyhow::Result<()> {
    for _ in 0..100 {
        let switched = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
        match switched {
            Ok(mode) => {
                let mode: String = mode;
                anyhow::ensure!(mode == "wal", "SQLite cannot keep a write-ahead log there (mode {mode})");
                return Ok(());
            }
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(error) => return Err(error.into()),
        }
    }
    anyhow::bail!("another scan has locked it")
}
