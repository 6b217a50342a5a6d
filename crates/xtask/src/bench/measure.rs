//! Running a program and seeing what it took.
//!
//! Processor time is user and system time of the child, from start to exit, as wait4(2) and GetProcessTimes give
//! it. How fine that is depends on the system, so it is found out first:
//!
//! - Linux and macOS report what the scheduler added up, in microseconds. (Linux does so even where it accounts
//!   by ticks: the sum of the two is exact, only its division into user and system is estimated. Compared with
//!   /proc/PID/schedstat, which counts nanoseconds: equal, but for the truncated digits.)
//! - Windows charges a whole clock tick, 15.6 ms or less, to whoever runs when it ticks. One run of some
//!   milliseconds says nothing then. The error has no direction, so it averages out: a measurement becomes the mean
//!   over as many runs as take about a hundred ticks, a hundred runs at most.
//!
//! Peak memory has a floor. Linux counts into it what the child was before it became another program: a copy of this
//! process. So this process must have been smaller than what it measures; it leaves writing and opening dumps to
//! others, or until afterwards, and [`own_peak`] says how large it was.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use wait4::Wait4;

use super::Series;

/// The coarsest clock tick in use.
const COARSEST: Duration = Duration::from_micros(15_625);
/// How many ticks a measurement should take, and how many runs it may be.
const TICKS: u32 = 100;
const MOST_RUNS: u32 = 100;

/// A program and its arguments.
pub(super) struct Program {
    name: String,
    path: PathBuf,
    args: Vec<OsString>,
}

/// What a program took: one run, or the mean over several (of peak memory the largest).
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// User and system time.
    pub(super) cpu: Duration,
    pub(super) wall: Duration,
    /// Bytes.
    pub(super) peak: u64,
}

impl Program {
    pub(super) fn new<'a>(name: &str, path: &Path, args: impl IntoIterator<Item = &'a OsStr>) -> Program {
        let args = args.into_iter().map(OsStr::to_owned).collect();
        Program { name: name.to_owned(), path: path.to_owned(), args }
    }

    fn run(&self) -> anyhow::Result<Sample> {
        let mut command = Command::new(&self.path);
        command.args(&self.args).stdin(Stdio::null()).stdout(Stdio::null());
        let start = Instant::now();
        let child = command.spawn().with_context(|| self.path.display().to_string())?;
        let used = child.wait4()?;
        let wall = start.elapsed();
        ensure!(used.status.success(), "{} failed: {}", self.name, used.status);
        Ok(Sample { cpu: used.rusage.utime + used.rusage.stime, wall, peak: used.rusage.maxrss })
    }

    fn mean(&self, runs: u32) -> anyhow::Result<Sample> {
        let mut sum = self.run()?;
        for _ in 1..runs {
            let next = self.run()?;
            sum.cpu += next.cpu;
            sum.wall += next.wall;
            sum.peak = sum.peak.max(next.peak);
        }
        Ok(Sample { cpu: sum.cpu / runs, wall: sum.wall / runs, peak: sum.peak })
    }
}

/// Measures some programs `count` times, one after the other each time, so that whatever else the machine does
/// falls on all of them. A run of each before that warms the caches up.
pub(super) fn in_turn<const N: usize>(programs: &[Program; N], count: u32) -> anyhow::Result<[Series; N]> {
    let mut warm = Vec::new();
    for program in programs {
        warm.push(program.run()?.wall);
    }
    let tick = tick(&programs[N - 1])?;
    let mut series = programs.each_ref().map(|p| Series { program: p.name.clone(), samples: Vec::new() });
    for _ in 0..count {
        for ((program, wall), series) in programs.iter().zip(&warm).zip(&mut series) {
            series.samples.push(program.mean(runs_for(tick, *wall))?);
        }
    }
    Ok(series)
}

/// What processor times are multiples of, judged by some runs of a program.
fn tick(program: &Program) -> anyhow::Result<Duration> {
    let mut tick = 0;
    for _ in 0..12 {
        tick = common_divisor(tick, program.run()?.cpu.as_nanos());
    }
    let tick = u64::try_from(tick).map_or(COARSEST, Duration::from_nanos);
    Ok(if tick.is_zero() { COARSEST } else { tick })
}

fn common_divisor(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// How many runs make a measurement, when a run takes `wall`.
fn runs_for(tick: Duration, wall: Duration) -> u32 {
    let runs = (TICKS * tick).as_nanos().div_ceil(wall.as_nanos().max(1));
    u32::try_from(runs).unwrap_or(MOST_RUNS).clamp(1, MOST_RUNS)
}

/// The largest this process has been, where children are measured by it.
pub(crate) fn own_peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_what_all_times_are_multiples_of() {
        let of = |times: &[u128]| times.iter().fold(0, |tick, time| common_divisor(tick, *time));
        assert_eq!(of(&[0, 15_625_000, 0, 31_250_000]), 15_625_000);
        assert_eq!(of(&[4_841_000, 8_685_000, 12_753_000]), 1_000);
        assert_eq!(of(&[0, 0]), 0);
    }

    #[test]
    fn a_coarse_clock_needs_many_runs_and_a_fine_one_only_one() {
        let (fine, wall) = (Duration::from_micros(1), Duration::from_millis(40));
        assert_eq!(runs_for(fine, wall), 1);
        assert_eq!(runs_for(COARSEST, wall), 40);
        assert_eq!(runs_for(COARSEST, Duration::ZERO), MOST_RUNS);
    }
}
