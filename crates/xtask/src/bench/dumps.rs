//! The dumps to measure on: made once, sparse, by `dumplens-synth`.

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail, ensure};
use dumplens_core::{FileSource, Source, StreamType};
use dumplens_synth::presets;

use super::number::grouped;

const MODULES: u32 = 300;

/// What a dump holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) regions: u64,
    /// Megabytes (2^20) of committed memory, all of it kept.
    pub(crate) commit_mib: u64,
    pub(crate) threads: u32,
    /// Whether the regions follow one another as in a real process, and not always in the same way.
    pub(crate) irregular: bool,
}

impl Shape {
    /// A process of 20 GiB with 200 threads.
    pub(crate) const fn of_regions(regions: u64) -> Shape {
        Shape { regions, commit_mib: 20 << 10, threads: 200, irregular: true }
    }

    fn file_name(self) -> String {
        let Shape { regions, commit_mib, threads, irregular } = self;
        let order = if irregular { "irregular-" } else { "" };
        format!("{regions}-{order}regions-{commit_mib}-mib-{threads}-threads-{MODULES}-modules.dmp")
    }
}

/// A dump on disk.
pub(crate) struct BenchDump {
    pub(crate) path: PathBuf,
    /// Bytes before the memory itself: BaseRva of the Memory64List.
    pub(crate) metadata: u64,
}

/// Write a dump as `peers` uses it
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where to
    path: PathBuf,
    /// How many regions
    regions: u64,
    /// How many megabytes of memory
    commit_mib: u64,
    /// How many threads
    threads: u32,
    /// Let the regions follow one another as in a real process
    #[arg(long)]
    irregular: bool,
}

impl BenchDump {
    /// Takes the dump that an earlier run has left in `dir`, or makes it. The name says what is in it; whoever
    /// changes the preset deletes the directory.
    pub(crate) fn find_or_make(dir: &Path, shape: Shape) -> anyhow::Result<BenchDump> {
        let path = dir.join(shape.file_name());
        if !path.exists() {
            eprintln!("writing a dump of {} regions ...", grouped(shape.regions));
            fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
            make_elsewhere(&path, shape)?;
        }
        let metadata = metadata_size(&path).with_context(|| path.display().to_string())?;
        Ok(BenchDump { path, metadata })
    }
}

/// Makes the dump in a process of its own: this one has to stay small (see `peers/run.rs`).
fn make_elsewhere(path: &Path, shape: Shape) -> anyhow::Result<()> {
    let numbers = [shape.regions, shape.commit_mib, shape.threads.into()].map(|number| number.to_string());
    let mut command = Command::new(env::current_exe()?);
    command.arg("make-dump").arg(path).args(numbers);
    let status = command.args(shape.irregular.then_some("--irregular")).status()?;
    ensure!(status.success(), "could not write {}", path.display());
    Ok(())
}

/// `xtask make-dump`.
pub(crate) fn make(options: &Options) -> anyhow::Result<ExitCode> {
    let regions = usize::try_from(options.regions)?;
    let make = if options.irregular { presets::full_irregular } else { presets::full };
    let process = make(regions, options.commit_mib << 20, options.threads, MODULES);
    // Under its own name only when it is complete.
    let partial = options.path.with_extension("part");
    let mut file = File::create(&partial).with_context(|| partial.display().to_string())?;
    if cfg!(windows) {
        make_sparse(&partial);
    }
    let layout = process.write_to(&mut file)?;
    file.set_len(layout.file_size)?;
    file.sync_all()?; // what is not yet on the disk cannot be dropped from the page cache
    drop(file);
    fs::rename(&partial, &options.path)?;
    Ok(ExitCode::SUCCESS)
}

/// NTFS fills what is seeked over unless the file is marked. Where that fails the dump takes 20 GiB of disk, and
/// is none the worse.
fn make_sparse(path: &Path) {
    let marked = Command::new("fsutil").args(["sparse", "setflag"]).arg(path).status();
    if !marked.is_ok_and(|status| status.success()) {
        eprintln!("{} is not sparse", path.display());
    }
}

/// BaseRva of the Memory64List, found by hand: opening the dump would cost memory.
fn metadata_size(path: &Path) -> anyhow::Result<u64> {
    let source = FileSource::open(path)?;
    let (streams, directory) = (u32_at(&source, 8)?, u32_at(&source, 12)?);
    for entry in (0..u64::from(streams)).map(|n| u64::from(directory) + 12 * n) {
        if StreamType(u32_at(&source, entry)?) == StreamType::MEMORY64_LIST {
            let stream = u64::from(u32_at(&source, entry + 8)?);
            return Ok(u64::from_le_bytes(read(&source, stream + 8)?));
        }
    }
    bail!("has no Memory64List: delete it, and it is made anew")
}

fn u32_at(source: &FileSource, offset: u64) -> io::Result<u32> {
    Ok(u32::from_le_bytes(read(source, offset)?))
}

fn read<const N: usize>(source: &FileSource, offset: u64) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    match source.read_at(offset, &mut bytes)? {
        n if n == N => Ok(bytes),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
