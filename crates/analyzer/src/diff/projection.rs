//! What would be reached when, if it went on as between the dumps. Growth is taken to be even; it rarely is.

use super::identity::Kind;
use super::model::Projection;
use super::{Change, Sides};
use crate::facts::Facts;
use crate::facts::clock;
use crate::facts::{CountersReport, SystemMemoryReport};

/// Every limit that both dumps tell of and that is being approached, the nearest first.
pub(super) fn all(sides: &Sides<'_, '_, '_>, kind: Kind) -> Vec<Projection> {
    let machine =
        |facts: &Facts, of: fn(&SystemMemoryReport) -> Option<u64>| of(facts.system.memory.as_ref()?);
    let counter =
        |facts: &Facts, of: fn(&CountersReport) -> Option<u64>| of(facts.process.counters.as_ref()?);
    let new = sides.new.facts;
    let left = |limit: Option<u64>, used: Option<u64>| Some(limit?.saturating_sub(used?));
    let commit_left = left(machine(new, |m| m.commit_limit_bytes), machine(new, |m| m.commit_bytes));
    let job_limit = counter(new, |c| c.job_private_commit_limit_bytes).filter(|limit| *limit > 0);
    let job_left = left(job_limit, counter(new, |c| c.job_private_commit_bytes));
    let mut all = vec![project(sides, "commit_limit", "process", commit_left, private(sides))];
    // What the machine did between two runs, and what other processes of a job did, is not the program's growth.
    if kind == Kind::SameProcess {
        let by_machine = sides.of(|r| machine(r, |m| m.commit_bytes));
        let by_job = sides.of(|r| counter(r, |c| c.job_private_commit_bytes));
        all.push(project(sides, "commit_limit", "machine", commit_left, by_machine));
        all.push(project(sides, "job_private_commit_limit", "job", job_left, by_job));
    }
    // A process of 64 bits does not run out of addresses in any time that matters.
    if sides.old.facts.dump.pointer_bits == 32 && new.dump.pointer_bits == 32 {
        let busy = sides.of(|r| r.memory.busy_bytes);
        all.push(project(sides, "address_space", "process", new.memory.free_bytes, busy));
    }
    let mut all: Vec<Projection> = all.into_iter().flatten().collect();
    all.sort_by(|a, b| a.hours.total_cmp(&b.hours));
    all
}

/// The commit of the process: by its counter, or else by the map, but by the same in both.
fn private(sides: &Sides<'_, '_, '_>) -> Change {
    let by = [
        sides.of(|r| r.process.counters.as_ref()?.private_bytes),
        sides.of(|r| Some(r.process.counters.as_ref()?.pagefile_bytes)),
    ];
    let by_map = sides.of(|r| r.memory.private_commit_estimate_bytes);
    by.into_iter().find(|change| change.delta.is_some()).unwrap_or(by_map)
}

#[allow(clippy::cast_precision_loss)] // a projection
fn project(
    sides: &Sides<'_, '_, '_>,
    limit: &str,
    by: &str,
    left: Option<u64>,
    used: Change,
) -> Option<Projection> {
    let (left_bytes, per_hour) = (left?, used.per_hour.filter(|rate| *rate > 0.0)?);
    let hours = left_bytes as f64 / per_hour;
    Some(Projection {
        limit: limit.to_owned(),
        by: by.to_owned(),
        left_bytes,
        per_hour,
        hours,
        at: at(sides.new.process.dump.header().time_date_stamp, hours),
    })
}

/// The time some hours after another; `None` if one is not known, or too far off for a `time_t` of 32 bits.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // bounded before
fn at(written: u32, hours: f64) -> Option<String> {
    let seconds = hours * 3600.0;
    (written != 0 && seconds < f64::from(u32::MAX)).then_some(())?;
    clock::from_unix(written.checked_add(seconds as u32)?)
}
