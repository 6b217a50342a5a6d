//! The store's tables, and how older stores become newer ones.

use anyhow::{Context, bail};
use rusqlite::{Connection, TransactionBehavior};

/// `PRAGMA application_id`: "dlns", so that no other program's database is taken for a store.
pub(crate) const APPLICATION_ID: i32 = 0x646c_6e73;

/// Each makes of a store of one version (its place here) one of the next. `PRAGMA user_version` says which it is. They are
/// never changed, only added to.
const MIGRATIONS: [&str; 2] = [
    // 1: one row for each file that was read.
    "CREATE TABLE results (
        size        INTEGER NOT NULL,   -- bytes of the file
        modified    INTEGER NOT NULL,   -- its time, nanoseconds from 1970
        hash        TEXT    NOT NULL,   -- of its first and last 64 KiB
        path        TEXT    NOT NULL,   -- where it was seen last
        analysis    INTEGER NOT NULL,   -- version of the analysis
        program     TEXT    NOT NULL,   -- version of the program
        scanned     TEXT    NOT NULL,   -- when, RFC 3339
        signature   TEXT,               -- NULL: it is no dump
        time        TEXT,               -- of the dump, RFC 3339
        row         TEXT    NOT NULL,   -- the row, or why there is none, in JSON
        PRIMARY KEY (size, modified, hash)
    ) WITHOUT ROWID;",
    // 2: history asks for signatures by time.
    "CREATE INDEX results_by_signature ON results (signature, time);",
];

/// Brings the database to the newest version; fails if another program made it, or a newer version of this one.
pub(crate) fn migrate(connection: &mut Connection) -> anyhow::Result<()> {
    if version(connection)? == MIGRATIONS.len() {
        return ours(connection);
    }
    // Another scan may be doing the same: one waits for the other, and finds nothing left to do.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = version(&transaction)?;
    if from > MIGRATIONS.len() {
        newer(from)?;
    }
    if from > 0 {
        ours(&transaction)?;
    } else if !is_empty(&transaction)? {
        bail!("is a database of another program");
    }
    for step in &MIGRATIONS[from..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    set_version(&transaction, MIGRATIONS.len())?;
    Ok(transaction.commit()?)
}

/// Whether it is a store that can be read as it is, of this version or an older one. Migrations so far added an index, and
/// no column.
pub(crate) fn check(connection: &Connection) -> anyhow::Result<()> {
    match version(connection)? {
        0 => bail!("is a database of another program"),
        of if of > MIGRATIONS.len() => newer(of),
        _ => ours(connection),
    }
}

fn newer(version: usize) -> anyhow::Result<()> {
    bail!(
        "a newer version of dumplens made it (store version {version}, this one knows {})",
        MIGRATIONS.len()
    );
}

fn version(connection: &Connection) -> anyhow::Result<usize> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    usize::try_from(version).context("is a database of another program")
}

fn set_version(connection: &Connection, version: usize) -> anyhow::Result<()> {
    Ok(connection.pragma_update(None, "user_version", i64::try_from(version)?)?)
}

fn ours(connection: &Connection) -> anyhow::Result<()> {
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id != APPLICATION_ID {
        bail!("is a database of another program");
    }
    Ok(())
}

fn is_empty(connection: &Connection) -> anyhow::Result<bool> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(connection: &Connection) -> Vec<String> {
        let mut statement =
            connection.prepare("SELECT name FROM sqlite_schema ORDER BY name").expect("a statement");
        let names = statement.query_map([], |row| row.get(0)).expect("names");
        names.map(|name| name.expect("text")).collect()
    }

    #[test]
    fn every_version_becomes_the_newest() {
        for from in 0..=MIGRATIONS.len() {
            let mut connection = Connection::open_in_memory().expect("a database");
            for step in &MIGRATIONS[..from] {
                connection.execute_batch(step).expect("a migration");
            }
            if from > 0 {
                connection.pragma_update(None, "application_id", APPLICATION_ID).expect("an id");
            }
            set_version(&connection, from).expect("a version");
            migrate(&mut connection).expect("a store");
            assert_eq!(version(&connection).expect("a version"), MIGRATIONS.len());
            let names = names(&connection);
            assert!(names.contains(&"results".to_owned()), "{names:?}");
            assert!(names.contains(&"results_by_signature".to_owned()), "{names:?}");
        }
    }

    #[test]
    fn other_databases_are_left_alone() {
        let mut other = Connection::open_in_memory().expect("a database");
        other.execute_batch("CREATE TABLE theirs (x)").expect("a table");
        assert!(migrate(&mut other).is_err());
        assert_eq!(names(&other), ["theirs"]);
        let mut newer = Connection::open_in_memory().expect("a database");
        set_version(&newer, MIGRATIONS.len() + 1).expect("a version");
        assert!(migrate(&mut newer).expect_err("refused").to_string().contains("newer version"));
        let mut same = Connection::open_in_memory().expect("a database");
        set_version(&same, MIGRATIONS.len()).expect("a version");
        assert!(migrate(&mut same).is_err(), "without our application_id");
    }
}
