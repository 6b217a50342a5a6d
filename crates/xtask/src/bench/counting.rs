//! How many bytes dumplens reads: the library on a source that counts.

use std::hint::black_box;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dumplens_analyzer::{Options, Process, Question, Report, render};
use dumplens_core::{Dump, FileSource, Source};

/// A file that counts what is read of it.
struct Counting {
    file: FileSource,
    bytes: Arc<AtomicU64>,
}

impl Source for Counting {
    fn size(&self) -> u64 {
        self.file.size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(offset, buf)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Does what `dumplens summary` does, and returns how many bytes of the dump that took.
pub(super) fn bytes_read(path: &Path) -> anyhow::Result<u64> {
    let bytes = Arc::new(AtomicU64::new(0));
    let dump = Dump::open(Counting { file: FileSource::open(path)?, bytes: Arc::clone(&bytes) })?;
    let process = Process::gather(&dump);
    let report = Report::answer(&process, Question::Summary, &Options::default());
    black_box(render::text::summary(&report));
    Ok(bytes.load(Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_reads_the_metadata_and_little_else() {
        let dir = std::env::temp_dir().join(format!("xtask-counting-{}", std::process::id()));
        let layout = dumplens_synth::presets::full(5000, 1 << 30, 10, 10).write_file(&dir).expect("room");
        let read = bytes_read(&dir);
        std::fs::remove_file(&dir).expect("it was there");
        let read = read.expect("a dump");
        assert!((5000 * 48..layout.file_size / 100).contains(&read), "{read}");
    }
}
