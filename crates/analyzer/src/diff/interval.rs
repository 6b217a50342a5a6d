//! The time between two dumps.

use schemars::JsonSchema;
use serde::Serialize;

use super::identity::Kind;
use super::{DiffWarning, Side};

/// Seconds below which a rate for an hour means little.
const SHORT: u64 = 60;
/// FILETIME ticks of a second.
const TICKS: u64 = 10_000_000;

/// The time between two dumps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Interval {
    /// Seconds from the old dump to the new one, negative if the order is reversed; for different runs, the
    /// difference of the processes' uptimes. `None` if it is not known, or meaningless because the programs are
    /// different.
    pub seconds: Option<i64>,
    /// Its source: `dump_times` (of the headers), `system_times` (of KUSER_SHARED_DATA), or for different runs
    /// `process_uptimes`.
    pub clock: Option<String>,
}

impl Interval {
    /// Seconds on which a rate can rest.
    pub fn rated(&self) -> Option<u64> {
        self.seconds.and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds > 0)
    }
}

/// The time between two dumps, by the clock that fits what they are to each other.
pub(super) fn between(
    old: &Side<'_, '_>,
    new: &Side<'_, '_>,
    kind: Kind,
    warnings: &mut Vec<DiffWarning>,
) -> Interval {
    let written = |side: &Side<'_, '_>| {
        Some(u64::from(side.process.dump.header().time_date_stamp)).filter(|seconds| *seconds != 0)
    };
    let system = |side: &Side<'_, '_>| Some(side.process.shared_data?.system_time? / TICKS);
    let uptime = |side: &Side<'_, '_>| side.facts.process.uptime_seconds;
    let by = |clock: &str, of: &dyn Fn(&Side<'_, '_>) -> Option<u64>| {
        let seconds = i64::try_from(of(new)?).ok()?.checked_sub(i64::try_from(of(old)?).ok()?)?;
        Some(Interval { seconds: Some(seconds), clock: Some(clock.to_owned()) })
    };
    let interval = match kind {
        Kind::SameProcess => by("dump_times", &written).or_else(|| by("system_times", &system)),
        Kind::AnotherRun | Kind::AnotherBuild => by("process_uptimes", &uptime),
        Kind::DifferentPrograms | Kind::Unknown => return Interval { seconds: None, clock: None },
    };
    let seconds = interval.as_ref().and_then(|interval| interval.seconds);
    // Which dump was written first, only their own times tell: a later run may well be younger.
    let another = matches!(kind, Kind::AnotherRun | Kind::AnotherBuild);
    let order = if another { by("dump_times", &written).and_then(|order| order.seconds) } else { seconds };
    if let Some(reversed) = order.filter(|order| *order < 0) {
        warnings.push(DiffWarning::OrderReversed { seconds: reversed.unsigned_abs() });
    }
    warnings.extend(match seconds {
        None => Some(DiffWarning::TimesUnknown),
        Some(0) => Some(DiffWarning::TimesEqual),
        Some(s) if s < 0 => another.then_some(DiffWarning::AgesReversed { seconds: s.unsigned_abs() }),
        Some(s) if s.unsigned_abs() < SHORT => Some(DiffWarning::IntervalShort { seconds: s.unsigned_abs() }),
        Some(_) => None,
    });
    interval.unwrap_or(Interval { seconds: None, clock: None })
}
