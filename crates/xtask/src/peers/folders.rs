//! Folders of many dumps: `scan`, and `why` of one of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::programs::Program;
use super::waits::{RUNS, Waits, least, runs};
use crate::bench::number::grouped;

/// Names of one file that a file system allows, and some more.
const NAMES: u32 = 50_000;

/// Folders of many names of one dump, and a dump in one of them.
pub(super) fn measure(dir: &Path, own: &Program, small: &Path, waits: &mut Waits) -> anyhow::Result<()> {
    let (few, few_peak) = scan(dir, own, small, (100, 5))?;
    let (many, _) = scan(dir, own, small, (10_000, 3))?;
    let (most, most_peak) = scan(dir, own, small, (100_000, 1))?;
    waits.add(
        "`scan` of 10,000 small dumps in one folder, CPU",
        "4.8 s",
        format!("{:.2} s", many / 1e3),
        "under 2.5 s",
        Some(many < 2500.0),
    );
    let (first, last) = (few / 100.0, most / 100_000.0);
    waits.add(
        "the same for each dump of 100, and of 100,000",
        "",
        format!("{first:.3} and {last:.3} ms; peak RSS {few_peak:.1} and {most_peak:.1} MB"),
        "the same",
        Some(last <= 1.1 * first && most_peak <= 1.5 * few_peak),
    );
    let why = |count| {
        let dump = folder(dir, small, count)?.join("0.dmp");
        anyhow::Ok(
            least(&runs(own, RUNS, |command| {
                command.arg("why").arg(&dump);
            })?)
            .0,
        )
    };
    let (beside, alone) = (why(10_000)?, why(1)?);
    waits.add(
        "`why` beside 10,000 dumps, and alone, CPU",
        "8.6 and 2.3 ms",
        format!("{beside:.2} and {alone:.2} ms"),
        "the same",
        Some(beside <= 1.1 * alone),
    );
    Ok(())
}

/// Scans so many dumps so many times: least CPU in ms, and greatest peak in MB.
fn scan(dir: &Path, own: &Program, small: &Path, (count, times): (u32, u32)) -> anyhow::Result<(f64, f64)> {
    eprintln!("a folder of {} dumps ...", grouped(count.into()));
    let folder = folder(dir, small, count)?;
    Ok(least(&runs(own, times, |command| {
        command.args(["scan", "--jobs", "1"]).arg(&folder);
    })?))
}

/// A folder with so many names of one dump.
fn folder(dir: &Path, dump: &Path, count: u32) -> anyhow::Result<PathBuf> {
    let folder = dir.join(format!("names-{count}"));
    if folder.join(format!("{}.dmp", count - 1)).exists() {
        return Ok(folder);
    }
    fs::create_dir_all(&folder)?;
    let mut of = dump.to_owned();
    for number in 0..count {
        if number % NAMES == 0 && number > 0 {
            of = dump.with_extension(format!("{number}.dmp"));
            fs::copy(dump, &of)?;
        }
        match fs::hard_link(&of, folder.join(format!("{number}.dmp"))) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
    }
    // What is listed so soon after a change is not believed for long.
    thread::sleep(Duration::from_secs(3));
    Ok(folder)
}
