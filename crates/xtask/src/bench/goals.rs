//! The goals of issue 2, and whether they are met.

use super::Measured;
use super::number::{grouped, mb};
use super::spread::Ratio;

const LESS_CPU: f64 = 5.0;
const LESS_CPU_AT: [u64; 2] = [200_000, 1_000_000];
const PEAK_MB: f64 = 25.0;
const PEAK_AT: u64 = 200_000;
const READ_TIMES: f64 = 2.0;

/// One goal.
#[derive(Debug)]
pub(super) struct Goal {
    /// What is wanted.
    pub(super) wanted: String,
    /// What there is.
    pub(super) found: String,
    pub(super) met: bool,
}

pub(super) fn of(measured: &[Measured]) -> Vec<Goal> {
    let at = |regions| measured.iter().filter(move |m| m.dump.regions == regions);
    let cpu = LESS_CPU_AT.into_iter().flat_map(at).map(less_cpu);
    let peak = at(PEAK_AT).map(small);
    let read = measured.iter().map(little_read);
    cpu.chain(peak).chain(read).collect()
}

/// The medians decide, also on a machine that is busy.
fn less_cpu(measured: &Measured) -> Goal {
    let times = Ratio::of(measured.harness.cpu(), measured.dumplens.cpu());
    let regions = grouped(measured.dump.regions);
    Goal {
        wanted: format!("at least {LESS_CPU} times less CPU than minidump at {regions} regions"),
        found: format!("{times} times"),
        met: times.medians >= LESS_CPU,
    }
}

/// The largest of all runs counts: it is a peak.
fn small(measured: &Measured) -> Goal {
    let peak = measured.dumplens.peak().max;
    let regions = grouped(measured.dump.regions);
    Goal {
        wanted: format!("peak RSS under {PEAK_MB} MB at {regions} regions"),
        found: format!("{peak:.1} MB"),
        met: peak < PEAK_MB,
    }
}

fn little_read(measured: &Measured) -> Goal {
    let times = mb(measured.read) / mb(measured.dump.metadata);
    let regions = grouped(measured.dump.regions);
    Goal {
        wanted: format!("bytes read under {READ_TIMES} times the metadata at {regions} regions"),
        found: format!("{times:.2} times"),
        met: times < READ_TIMES,
    }
}
