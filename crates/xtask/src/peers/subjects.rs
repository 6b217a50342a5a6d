//! The dumps: generated ones, and real ones where there are any.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::bench::dumps::{BenchDump, Shape};
use crate::bench::number::grouped;
use crate::cargo;

/// Real dumps without a memory map that others could sum are not comparable; below this size they are such.
const LEAST_REAL: u64 = 5 << 20;
/// The regions of the dumps that differ in threads.
const OF_THREADS: u64 = 50_000;

/// A dump to measure on.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Of a generated one.
    pub(super) shape: Option<Shape>,
    /// Bytes at its beginning that are read before it is measured: of a generated one, those before its memory.
    pub(super) head: u64,
}

impl Subject {
    /// Whether other programs are run on it too: not on those that differ only for how cost grows.
    pub(super) fn is_compared(&self) -> bool {
        self.shape.is_none_or(|shape| shape.threads == 1_000 || shape == Shape::of_regions(shape.regions))
    }

    /// Whether it is one of those that differ in regions only.
    pub(super) fn of_regions(&self) -> Option<u64> {
        let shape = self.shape.filter(|s| *s == Shape::of_regions(s.regions))?;
        (shape.regions != OF_THREADS).then_some(shape.regions)
    }

    /// Whether it is one of those that differ in size only.
    pub(super) fn of_size(&self) -> Option<u64> {
        let shape = self.shape.filter(|s| s.regions == SMALL && s.threads == Shape::of_regions(0).threads)?;
        Some(shape.commit_mib)
    }

    /// Whether it is one of those that differ in threads only.
    pub(super) fn of_threads(&self) -> Option<u64> {
        Some(self.shape.filter(|s| s.regions == OF_THREADS)?.threads.into())
    }
}

const SMALL: u64 = 10_000;

fn shapes() -> Vec<Shape> {
    let small = |commit_mib| Shape { commit_mib, ..Shape::of_regions(SMALL) };
    let threads = |threads| Shape { threads, ..Shape::of_regions(OF_THREADS) };
    [small(64), small(1 << 10)]
        .into_iter()
        .chain([SMALL, 200_000, 1_000_000].map(Shape::of_regions))
        .chain([10, 100, 1_000, 10_000].map(threads))
        .collect()
}

/// The generated ones.
pub(super) fn made(dir: &Path) -> anyhow::Result<Vec<Subject>> {
    let of = |shape: Shape| {
        let BenchDump { path, metadata } = BenchDump::find_or_make(dir, shape)?;
        let size = match shape.commit_mib {
            mib @ 0..1024 => format!("{mib} MB"),
            mib => format!("{} GB", mib >> 10),
        };
        let (regions, threads) = (grouped(shape.regions), grouped(shape.threads.into()));
        let name = format!("{regions} regions, {size}, {threads} threads");
        Ok(Subject { name, path, shape: Some(shape), head: metadata })
    };
    shapes().into_iter().map(of).collect()
}

/// The real ones, if there are any.
pub(super) fn real(
    dir: &Path,
    folder: Option<&Path>,
    skipped: &mut Vec<String>,
) -> anyhow::Result<Vec<Subject>> {
    let shared =
        env::var_os("DUMPLENS_SHARED").map_or_else(|| cargo::root().join("../shared"), PathBuf::from);
    let folder = folder.map_or_else(|| shared.join("dumps"), Path::to_owned);
    let found = real_dumps(&folder, &dir.join("real"), skipped)?;
    if found.is_empty() {
        skipped.push("there are no real dumps here (--real FOLDER)".to_owned());
    }
    Ok(found)
}

/// The large dumps in the folders of a folder; packed ones are unpacked into `unpacked`.
fn real_dumps(folder: &Path, unpacked: &Path, skipped: &mut Vec<String>) -> anyhow::Result<Vec<Subject>> {
    let mut paths = Vec::new();
    for folder in entries(folder).into_iter().filter(|path| path.is_dir()) {
        for path in entries(&folder) {
            match path.extension().and_then(OsStr::to_str) {
                Some("dmp") => paths.push(path),
                Some("zst") => match unpack(&path, unpacked) {
                    Ok(path) => paths.push(path),
                    Err(error) => {
                        skipped.push(format!("{} could not be unpacked: {error:#}", path.display()));
                    }
                },
                _ => {}
            }
        }
    }
    let mut subjects = Vec::new();
    for path in paths {
        let size = fs::metadata(&path)?.len();
        if size >= LEAST_REAL {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let name = format!("{name} ({} MB)", size / 1_000_000);
            subjects.push(Subject { name, path, shape: None, head: size });
        }
    }
    Ok(subjects)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

fn unpack(packed: &Path, to: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(to)?;
    let path = to.join(packed.file_stem().unwrap_or_default());
    if !path.exists() {
        let status =
            Command::new("zstd").args(["-dqf", "-o"]).arg(&path).arg(packed).status().context("zstd")?;
        anyhow::ensure!(status.success(), "zstd failed");
    }
    Ok(path)
}
