//! Running a program, and what it took: processor time, wall, peak memory, and where Linux tells, bytes read.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Instant;

use wait4::Wait4;

use super::programs::Program;
use super::subjects::Subject;
use super::{Row, Runs};

/// What takes longer than this, in ms, is run [`FEW`] times, and once with a cold cache.
const LONG: f64 = 1000.0;
const FEW: u32 = 3;

/// One run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// User and system time, ms.
    pub(super) cpu: f64,
    /// ms.
    pub(super) wall: f64,
    /// MB.
    pub(super) peak: f64,
    /// MB by read and pread, programs and libraries included.
    pub(super) read: Option<f64>,
    /// MB that came from the disk, also of what is mapped.
    pub(super) disk: Option<f64>,
}

/// Runs it to its end; `Err` says how it failed.
pub(super) fn once(mut command: Command) -> Result<Sample, String> {
    let start = Instant::now();
    let child = command.spawn().map_err(|error| error.to_string())?;
    let io = io_at_the_end(&child);
    let used = child.wait4().map_err(|error| error.to_string())?;
    let wall = start.elapsed();
    if !used.status.success() {
        return Err(used.status.to_string());
    }
    let mb = |bytes: u64| bytes as f64 / 1e6;
    Ok(Sample {
        cpu: (used.rusage.utime + used.rusage.stime).as_secs_f64() * 1e3,
        wall: wall.as_secs_f64() * 1e3,
        peak: mb(used.rusage.maxrss),
        read: io.as_deref().and_then(|io| field(io, "rchar: ")).map(mb),
        disk: io.as_deref().and_then(|io| field(io, "read_bytes: ")).map(mb),
    })
}

/// What /proc says of a process that has ended and was not yet waited for.
#[cfg(target_os = "linux")]
fn io_at_the_end(child: &Child) -> Option<String> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    waitid(WaitId::Pid(Pid::from_child(child)), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).ok()?;
    fs::read_to_string(format!("/proc/{}/io", child.id())).ok()
}

#[cfg(not(target_os = "linux"))]
fn io_at_the_end(_: &Child) -> Option<String> {
    None
}

fn field(io: &str, name: &str) -> Option<u64> {
    io.lines().find_map(|line| line.strip_prefix(name))?.trim().parse().ok()
}

/// Puts a file out of the page cache. `None` where that cannot be asked for.
#[cfg(target_os = "linux")]
fn forget(path: &Path) -> Option<()> {
    use rustix::fs::{Advice, fadvise};
    fadvise(fs::File::open(path).ok()?, 0, None, Advice::DontNeed).ok()
}

#[cfg(not(target_os = "linux"))]
fn forget(_: &Path) -> Option<()> {
    None
}

/// What starting the program takes. Some say with an error that they want a dump: then there is no figure.
pub(super) fn starts(program: &Program, runs: u32) -> Vec<Sample> {
    (0..runs).filter_map(|_| once(program.starting()).ok()).collect()
}

/// Runs all programs that still stand, one after the other each time, so that whatever else the machine does falls
/// on all of them. A run of each before that warms the caches up and says how often it can be run.
pub(super) fn in_turn(subject: &Subject, programs: &[Program], rows: &mut [Row], runs: u32) {
    let mut counts = Vec::new();
    for (program, row) in programs.iter().zip(&mut *rows) {
        let wall = step(subject, program, row, |_, _| {});
        counts.push(if wall.is_some_and(|wall| wall > LONG) { runs.min(FEW) } else { runs });
    }
    for round in 0..runs {
        for ((program, row), count) in programs.iter().zip(&mut *rows).zip(&counts) {
            if round < *count {
                step(subject, program, row, |runs, sample| runs.warm.push(sample));
            }
        }
    }
    for round in 0..runs.min(FEW) {
        for ((program, row), count) in programs.iter().zip(&mut *rows).zip(&counts) {
            if (round == 0 || *count == runs) && forget(&subject.path).is_some() {
                step(subject, program, row, |runs, sample| runs.cold.push(sample));
            }
        }
    }
}

/// A run of a program that has not failed before; returns its wall time.
fn step(
    subject: &Subject,
    program: &Program,
    row: &mut Row,
    keep: impl Fn(&mut Runs, Sample),
) -> Option<f64> {
    let runs = row.runs.as_mut().ok()?;
    match once(program.on(subject)?) {
        Ok(sample) => {
            keep(runs, sample);
            Some(sample.wall)
        }
        Err(error) => {
            row.runs = Err(error);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc_are_read() {
        let io = "rchar: 4096\nwchar: 1\nread_bytes: 8192\n";
        assert_eq!((field(io, "rchar: "), field(io, "read_bytes: ")), (Some(4096), Some(8192)));
        assert_eq!(field(io, "write_bytes: "), None);
    }
}
