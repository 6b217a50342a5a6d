//! The goals beside other programs, and whether they are met. Medians decide, also on a machine that is busy; how cost grows is
//! judged by leasts, which other work disturbs least, and by instructions, which it does not disturb.

use super::programs::Who;
use super::run::Sample;
use super::tables::{Cost, cpu, peak, points, region_points, thread_points};
use super::{Measured, Results, Subject, growth};
use crate::bench::spread::Spread;

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
    let mut goals: Vec<Goal> = Vec::new();
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

/// Less than every peer on every dump that both read.
fn less(results: &Results, who: Who, wanted: &str, unit: &str, of: fn(&[Sample]) -> Spread) -> Goal {
    let (mut all, mut lost) = (0, Vec::new());
    for dump in &results.dumps {
        let Some(ours) = dump.runs(who).map(|runs| of(&runs.warm).median) else { continue };
        for (name, theirs) in peers(results, dump, unit, of) {
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
    unit: &'r str,
    of: fn(&[Sample]) -> Spread,
) -> impl Iterator<Item = (&'r str, f64)> {
    // A harness that answers one question takes less time than what answers many: nobody waits for it.
    let comparable = move |who: Who| who.is_peer() && !(who == Who::Harness && unit == "ms");
    let programs = results.programs.iter().filter(move |program| comparable(program.who));
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
