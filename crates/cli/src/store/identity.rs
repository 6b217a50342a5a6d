//! By what a file is known again: size, time, and the hash of its first and last 64 KiB.
//!
//! A dump's beginning holds its header and the table of its streams, and with the time and process in them differs from
//! every other dump's; its end holds what was written last. A file that was moved keeps all three.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

/// Bytes of beginning and end that are hashed.
const PART: u64 = 64 << 10;

/// Which file it is, wherever it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Its length.
    pub(crate) size: i64,
    /// Nanoseconds from 1970 to its last change.
    pub(crate) modified: i64,
    /// Of the SHA-256 of first and last 64 KiB, the first 32 hex digits.
    pub(crate) hash: String,
}

impl Identity {
    /// Reads at most 128 KiB of the file.
    pub(crate) fn of(path: &Path) -> io::Result<Identity> {
        // Before opening: a FIFO would block.
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file"));
        }
        let mut file = File::open(path)?;
        let of = file.metadata()?;
        let mut hash = Sha256::new();
        let mut take = |from: u64| -> io::Result<()> {
            file.seek(SeekFrom::Start(from))?;
            let mut part = Vec::new();
            file.by_ref().take(PART).read_to_end(&mut part)?;
            hash.update(&part);
            Ok(())
        };
        take(0)?;
        take(of.len().saturating_sub(PART))?;
        let first = hash.finalize().iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte));
        Ok(Identity {
            size: i64::try_from(of.len()).unwrap_or(i64::MAX),
            modified: nanoseconds(of.modified()?),
            hash: format!("{first:032x}"),
        })
    }
}

fn nanoseconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |n| -n),
    }
}
