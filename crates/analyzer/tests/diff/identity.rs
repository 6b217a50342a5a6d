//! Whether two dumps are of one process, and what follows from it.

use dumplens_analyzer::diff::{DiffWarning, Kind};
use dumplens_synth::presets::heaps::leak::{AFTER, BEFORE, Moment, leak};
use dumplens_synth::{Misc, Process, Width, presets};

use super::{between, bytes, codes, row};

fn old() -> Process {
    leak(Width::W64, BEFORE)
}

fn new() -> Process {
    leak(Width::W64, AFTER)
}

fn with_misc(process: Process, change: impl Fn(&mut Misc)) -> Process {
    let mut misc = process.misc.clone().expect("misc");
    change(&mut misc);
    Process { misc: Some(misc), ..process }
}

#[test]
fn one_process_by_id_and_creation() {
    let d = between(bytes(&old()), bytes(&new()));
    assert_eq!((d.identity.kind, d.identity.certain), (Kind::SameProcess, true));
    assert!(d.identity.checks.iter().all(|check| check.same == Some(true)), "{:#?}", d.identity.checks);
}

/// An hour after it was started, not an hour after the other dump.
#[test]
fn another_run_is_rated_by_uptimes_and_not_matched_by_address() {
    let later = with_misc(new(), |misc| misc.create_time += 3600);
    let d = between(bytes(&old()), bytes(&later));
    assert_eq!((d.identity.kind, d.identity.certain), (Kind::AnotherRun, true));
    assert_eq!((d.interval.seconds, d.interval.clock.as_deref()), (Some(3 * 3600), Some("process_uptimes")));
    assert_eq!(codes(&d), ["diff_another_run"]);
    assert_eq!(d.allocations, None);
    assert_eq!(d.threads.as_ref().expect("threads").new, None);
    let heaps = d.heaps.as_ref().expect("heaps");
    assert_eq!((heaps.matched_by.as_str(), heaps.rows[0].large_blocks.delta), ("index and kind", Some(40)));
    assert_eq!(d.sizes.as_ref().expect("sizes").rows[0].count.delta, Some(40));
    // What the machine did meanwhile is not the program's growth.
    assert!(d.projections.iter().all(|p| p.by == "process"));
}

#[test]
fn another_id_is_another_run() {
    let d = between(bytes(&old()), bytes(&with_misc(new(), |misc| misc.pid = 4243)));
    assert_eq!(d.identity.kind, Kind::AnotherRun);
}

/// Without the creation time, PEB and image base stand for it, and that is said.
#[test]
fn without_a_creation_time_it_is_taken_for_one() {
    let unknown = |p| with_misc(p, |misc| misc.create_time = 0);
    let d = between(bytes(&unknown(old())), bytes(&unknown(new())));
    assert_eq!((d.identity.kind, d.identity.certain), (Kind::SameProcess, false));
    assert_eq!(codes(&d), ["diff_identity_unsure"]);
    assert!(d.allocations.is_some());
}

#[test]
fn another_build_is_another_stamp() {
    let mut later = new();
    later.modules[0].time_date_stamp += 1;
    let d = between(bytes(&old()), bytes(&later));
    assert_eq!(d.identity.kind, Kind::AnotherBuild);
    assert_eq!((codes(&d), &d.allocations), (vec!["diff_another_build"], &None));
}

#[test]
fn different_programs_are_compared_and_said_to_be() {
    let mut other = new();
    other.modules[0].path = "C:\\Other\\server.exe".into();
    let d = between(bytes(&old()), bytes(&other));
    assert_eq!(d.identity.kind, Kind::DifferentPrograms);
    assert_eq!(codes(&d), ["diff_different_programs"]);
    assert_eq!((d.interval.seconds, d.fastest.len(), d.projections.len()), (None, 0, 0));
    assert!(row(&d.memory, "committed").delta.is_some_and(|delta| delta > 0));
    assert_eq!(row(&d.memory, "committed").per_hour, None);
    // The same name on another processor is another program too.
    let d = between(bytes(&presets::tiny_x86()), bytes(&presets::tiny()));
    assert_eq!(d.identity.kind, Kind::DifferentPrograms);
}

#[test]
fn no_rates_without_a_time_between() {
    let none = |p: Process| Process { time_date_stamp: 0, ..p };
    let cases = [
        (new(), old(), DiffWarning::OrderReversed { seconds: 14_400 }),
        (old(), leak(Width::W64, Moment { seconds: 0, ..AFTER }), DiffWarning::TimesEqual),
        (
            old(),
            leak(Width::W64, Moment { seconds: 59, ..AFTER }),
            DiffWarning::IntervalShort { seconds: 59 },
        ),
    ];
    for (old, new, warning) in cases {
        let d = between(bytes(&old), bytes(&new));
        assert_eq!((codes(&d), &d.warnings[0].message), (vec![warning.code()], &warning.to_string()));
        let rated = matches!(warning, DiffWarning::IntervalShort { .. });
        assert_eq!(row(&d.memory, "committed").per_hour.is_some(), rated, "{warning}");
        assert_eq!(d.projections.is_empty(), !rated, "{warning}");
        assert!(row(&d.memory, "committed").delta.is_some());
    }
    // Without times in the headers, the system's clock in the dump tells. An uptime needs the header's, so who it was
    // is less sure.
    let d = between(bytes(&none(old())), bytes(&none(new())));
    assert_eq!((d.interval.seconds, d.interval.clock.as_deref()), (Some(14_400), Some("system_times")));
    assert_eq!(d.projections[0].at, None);
}
