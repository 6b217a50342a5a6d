//! The goals beside other programs and for growth, and whether they are met. Medians decide where programs are compared.
//! How cost grows is judged by instructions, which other work of the machine does not disturb, or else by leasts.

use super::programs::Who;
use super::run::{Sample, cpu, peak};
use super::tables::{Cost, points, region_points, thread_points};
use super::{Measured, Results, Subject, growth};
use crate::bench::number::grouped;
use crate::bench::spread::Spread;

/// What still is linear: measurements are not exact.
const LINEAR: f64 = 1.05;
/// What still is the same.
const SAME: f64 = 0.10;
/// How many of the comparisons that were lost are named.
const NAMED: usize = 3;

/// One goal.
#[derive(Debug)]
pub(super) struct Goal {
    /// What is wanted.
    pub(super) wanted: String,
    /// What there is.
    pub(super) found: String,
    pub(super) met: bool,
}

const OURS: [(Who, &str); 2] = [(Who::Summary, "summary"), (Who::Why, "why")];

pub(super) fn of(results: &Results) -> Vec<Goal> {
    let mut goals = Vec::new();
    for (who, name) in OURS {
        goals.push(less(results, who, &format!("`{name}`: less CPU"), "ms", cpu));
        goals.push(less(results, who, &format!("`{name}`: less memory"), "MB", peak));
    }
    let cost = Cost::of_growth(results);
    for (who, name) in OURS {
        let unit = cost.unit();
        goals.push(linear(&region_points(results, who, cost), &format!("`{name}`: linear in regions"), unit));
        goals.push(linear(&thread_points(results, who, cost), &format!("`{name}`: linear in threads"), unit));
        goals.push(same(&points(results, who, cost, Subject::of_size), name, unit));
    }
    goals
}

/// Less than every peer on every dump that both read.
fn less(results: &Results, who: Who, wanted: &str, unit: &str, of: fn(&[Sample]) -> Spread) -> Goal {
    let (mut all, mut lost) = (0, Vec::new());
    for dump in &results.dumps {
        let Some(ours) = dump.runs(who).map(|runs| of(&runs.samples).median) else { continue };
        for (name, theirs) in peers(results, dump, unit, of) {
            all += 1;
            if ours >= theirs {
                let subject = &dump.subject.name;
                lost.push(format!("{name} on {subject} ({ours:.1} and {theirs:.1} {unit})"));
            }
        }
    }
    let met = lost.is_empty() && all > 0;
    let more = lost.len().saturating_sub(NAMED);
    let mut found = format!("{} of {all}", all - lost.len());
    if !lost.is_empty() {
        lost.truncate(NAMED);
        found = format!("{found}; not {}", lost.join(", "));
    }
    if more > 0 {
        found = format!("{found}, and {more} more");
    }
    Goal { wanted: format!("{wanted} than every other program"), found, met }
}

fn peers<'r>(
    results: &'r Results,
    dump: &'r Measured,
    unit: &'r str,
    of: fn(&[Sample]) -> Spread,
) -> impl Iterator<Item = (&'r str, f64)> {
    // A harness that answers one question takes less time than what answers many: nobody waits for it.
    let comparable = move |who: Who| !who.is_own() && (who != Who::Harness || unit != "ms");
    let programs = results.programs.iter().filter(move |program| comparable(program.who));
    programs
        .filter_map(move |program| Some((program.name.as_str(), of(&dump.runs(program.who)?.samples).median)))
}

fn linear(points: &[(u64, f64)], wanted: &str, unit: &str) -> Goal {
    let (between, _) = growth::exponents(points);
    // A point whose cost is lost in that of starting the program has no exponent.
    let shown = |k: &f64| if k.is_finite() { format!("{k:.2}") } else { "?".to_owned() };
    let exponents: Vec<_> = between.iter().map(shown).collect();
    let costs: Vec<_> = points.iter().map(|(n, cost)| format!("{}: {cost:.1}", grouped(*n))).collect();
    Goal {
        wanted: format!("{wanted}, no exponent over {LINEAR}"),
        found: format!("{}; {} {unit}", exponents.join(", "), costs.join(", ")),
        met: between.iter().any(|k| k.is_finite()) && between.iter().all(|k| !k.is_finite() || *k <= LINEAR),
    }
}

fn same(points: &[(u64, f64)], name: &str, unit: &str) -> Goal {
    let wanted = format!("`{name}`: the same from 64 MB to 20 GB, within {:.0}%", 100.0 * SAME);
    if points.is_empty() {
        return Goal { wanted, found: "not measured".to_owned(), met: false };
    }
    let costs = Spread::of(points.iter().map(|(_, cost)| *cost));
    let off = costs.max / costs.min - 1.0;
    let found = format!("{:.1}% apart; {:.1} {unit}", 100.0 * off, costs.median);
    Goal { wanted, found, met: off <= SAME }
}
