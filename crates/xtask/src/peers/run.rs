//! Running a program, and what it took: processor time, wall, peak memory.
//!
//! Peak memory has a floor. Linux counts into it what the child was before it became another program: a copy of this
//! process. So this process must have been smaller than what it measures; it leaves writing and opening dumps to
//! others, or until afterwards, and [`own_peak`] says how large it was.

use std::fs;
use std::process::Command;
use std::time::Instant;

use wait4::Wait4;

use super::programs::Program;
use super::subjects::Subject;
use super::{Row, Runs};
use crate::bench::spread::Spread;

/// What takes longer than this, in ms, is run [`FEW`] times.
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
}

pub(super) fn cpu(samples: &[Sample]) -> Spread {
    Spread::of(samples.iter().map(|sample| sample.cpu))
}

pub(super) fn peak(samples: &[Sample]) -> Spread {
    Spread::of(samples.iter().map(|sample| sample.peak))
}

/// Some runs, after one that warms up.
pub(super) fn samples(runs: u32, command: impl Fn() -> Command) -> anyhow::Result<Vec<Sample>> {
    let once = || once(command()).map_err(anyhow::Error::msg);
    if runs > 1 {
        once()?;
    }
    (0..runs).map(|_| once()).collect()
}

/// Runs it to its end; `Err` says how it failed.
pub(super) fn once(mut command: Command) -> Result<Sample, String> {
    let start = Instant::now();
    let child = command.spawn().map_err(|error| error.to_string())?;
    let used = child.wait4().map_err(|error| error.to_string())?;
    let wall = start.elapsed();
    if !used.status.success() {
        return Err(used.status.to_string());
    }
    Ok(Sample {
        cpu: (used.rusage.utime + used.rusage.stime).as_secs_f64() * 1e3,
        wall: wall.as_secs_f64() * 1e3,
        peak: used.rusage.maxrss as f64 / 1e6,
    })
}

/// The largest this process has been, where children are measured by it.
pub(super) fn own_peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Runs all programs that still stand, one after the other each time, so that whatever else the machine does falls
/// on all of them. A run of each before that warms the caches up and says how often it can be run.
pub(super) fn in_turn(subject: &Subject, programs: &[Program], rows: &mut [Row], runs: u32) {
    let mut counts = Vec::new();
    for row in &mut *rows {
        let wall = step(subject, programs, row, |_, _| {});
        counts.push(if wall.is_some_and(|wall| wall > LONG) { runs.min(FEW) } else { runs });
    }
    for round in 0..runs {
        for (row, count) in rows.iter_mut().zip(&counts) {
            if round < *count {
                step(subject, programs, row, |runs, sample| runs.samples.push(sample));
            }
        }
    }
}

/// A run of a program that has not failed before; returns its wall time.
fn step(
    subject: &Subject,
    programs: &[Program],
    row: &mut Row,
    keep: impl Fn(&mut Runs, Sample),
) -> Option<f64> {
    let program = programs.iter().find(|program| program.who == row.who)?;
    let runs = row.runs.as_mut().ok()?;
    match once(program.on(subject)) {
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
