//! The goals of issue 7, and whether they are met. Medians decide, also on a machine that is busy; how cost grows is
//! judged by leasts, which other work disturbs least, and by instructions, which it does not disturb.

use super::programs::Who;
use super::run::Sample;
use super::tables::{Cost, cpu, peak, points, region_points, thread_points};
use super::{Measured, Results, Subject, growth};
use crate::bench::spread::Spread;

const TIMES_FLOOR: f64 = 1.5;
const FLOOR_AT: u64 = 1_000_000;
/// What still is linear: measurements are not exact.
const LINEAR: f64 = 1.05;
/// What still is the same.
const SAME: f64 = 0.10;
/// How many of the comparisons that were lost are named.
const NAMED: usize = 6;

/// One goal.
#[derive(Debug)]
pub(super) struct Goal {
    /// What is wanted.
    pub(super) wanted: String,
    /// What there is.
    pub(super) found: String,
    pub(super) met: bool,
}

const OURS: [(Who, &str); 3] = [(Who::Summary, "summary"), (Who::Why, "why"), (Who::Scan, "scan")];

pub(super) fn of(results: &Results) -> Vec<Goal> {
    let mut goals: Vec<Goal> = floor(results).into_iter().collect();
    for (who, name) in OURS {
        goals.push(less(results, who, &format!("`{name}`: less CPU"), "ms", cpu));
        goals.push(less(results, who, &format!("`{name}`: less memory"), "MB", peak));
    }
    for (who, name) in OURS {
        for cost in Cost::all(results).iter().copied() {
            let of = format!("`{name}`: {}", cost.name());
            goals.push(linear(&region_points(results, who, cost), &format!("{of} linear in regions")));
            goals.push(linear(&thread_points(results, who, cost), &format!("{of} linear in threads")));
            goals.push(same(&points(results, who, cost, Subject::of_size), &of));
        }
    }
    goals
}

fn floor(results: &Results) -> Option<Goal> {
    let dump = results.dumps.iter().find(|dump| dump.subject.of_regions() == Some(FLOOR_AT))?;
    let (ours, floor) = (cpu(&dump.runs(Who::Summary)?.warm), cpu(&dump.runs(Who::Floor)?.warm));
    let (medians, leasts) = (ours.median / floor.median, ours.min / floor.min);
    Some(Goal {
        wanted: format!("`summary` within {TIMES_FLOOR} times the floor at 1,000,000 regions"),
        found: format!("{medians:.2} times (of leasts {leasts:.2})"),
        met: medians <= TIMES_FLOOR,
    })
}

/// Less than every peer on every dump that both read.
fn less(results: &Results, who: Who, wanted: &str, unit: &str, of: fn(&[Sample]) -> Spread) -> Goal {
    let (mut all, mut lost) = (0, Vec::new());
    for dump in &results.dumps {
        let Some(ours) = dump.runs(who).map(|runs| of(&runs.warm).median) else { continue };
        for (name, theirs) in peers(results, dump, of) {
            all += 1;
            if ours >= theirs {
                let subject = &dump.subject.name;
                lost.push(format!("{name} on {subject} ({ours:.1} against {theirs:.1} {unit})"));
            }
        }
    }
    let met = lost.is_empty() && all > 0;
    let more = lost.len().saturating_sub(NAMED);
    let mut found = format!("less in {} of {all} comparisons", all - lost.len());
    if !lost.is_empty() {
        lost.truncate(NAMED);
        found = format!("{found}; not than {}", lost.join(", "));
    }
    if more > 0 {
        found = format!("{found}, and {more} more");
    }
    Goal { wanted: format!("{wanted} than every peer on every dump"), found, met }
}

fn peers<'r>(
    results: &'r Results,
    dump: &'r Measured,
    of: fn(&[Sample]) -> Spread,
) -> impl Iterator<Item = (&'r str, f64)> {
    let programs = results.programs.iter().filter(|program| program.who.is_peer());
    programs
        .filter_map(move |program| Some((program.name.as_str(), of(&dump.runs(program.who)?.warm).median)))
}

fn linear(points: &[(u64, f64)], wanted: &str) -> Goal {
    let (between, overall) = growth::exponents(points);
    // A point whose cost is lost in that of starting the program has no exponent.
    let shown = |k: f64| if k.is_finite() { format!("{k:.2}") } else { "?".to_owned() };
    let found: Vec<_> = between.iter().map(|k| shown(*k)).collect();
    Goal {
        wanted: format!("{wanted}: no exponent over {LINEAR}"),
        found: format!("{}; overall {}", found.join("; "), shown(overall)),
        met: between.iter().any(|k| k.is_finite()) && between.iter().all(|k| !k.is_finite() || *k <= LINEAR),
    }
}

fn same(points: &[(u64, f64)], of: &str) -> Goal {
    let costs = Spread::of(points.iter().map(|(_, cost)| *cost));
    let off = costs.max / costs.min - 1.0;
    Goal {
        wanted: format!("{of} independent of the dump's size: within {:.0}%", 100.0 * SAME),
        found: format!("64 MB to 20 GB: {:.1}% apart", 100.0 * off),
        met: off <= SAME,
    }
}
