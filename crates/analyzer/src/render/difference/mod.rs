//! A comparison as sentences and tables of strings, from which text and Markdown are made. Strings are safe for people.

mod sections;

use super::escape;
use crate::diff::{Change, Difference, Kind, Projection, SideReport};
use crate::facts::number::{duration, size_text};

/// A table.
pub(super) struct Section {
    pub(super) title: String,
    /// Names of the columns; those before a `>` stand on the right.
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
    /// What is said below it.
    pub(super) note: Option<String>,
}

/// A whole comparison.
pub(super) struct Shown {
    /// What the two dumps are to each other.
    pub(super) title: String,
    /// Labels, and what belongs to them.
    pub(super) facts: Vec<(&'static str, String)>,
    /// What grew, and what it leads to.
    pub(super) sentences: Vec<String>,
    pub(super) sections: Vec<Section>,
}

/// What is to be said of a comparison.
pub(super) fn of(difference: &Difference) -> Shown {
    let mut sentences: Vec<String> = headline(difference).into_iter().chain(leak(difference)).collect();
    sentences.extend(difference.projections.iter().map(projection));
    Shown {
        title: title(difference),
        facts: vec![
            ("Old", side(&difference.old)),
            ("New", side(&difference.new)),
            ("Between", interval(difference)),
        ],
        sentences,
        sections: sections::all(difference),
    }
}

fn title(difference: &Difference) -> String {
    let new = &difference.new;
    let path = new.image.as_deref().or(difference.old.image.as_deref());
    let program = path.map_or_else(|| "a program that is not known".to_owned(), escape::line);
    let other = difference.old.image.as_deref().map_or_else(|| "not known".to_owned(), escape::line);
    let sure = if difference.identity.certain { "" } else { ", as far as the dumps tell" };
    match difference.identity.kind {
        Kind::SameProcess => {
            let id = new.process_id.map(|id| format!(", pid {id}")).unwrap_or_default();
            format!("One process at two times{sure}: {program}{id}")
        }
        Kind::AnotherRun => format!("Two runs of one program{sure}: {program}"),
        Kind::AnotherBuild => format!("Two builds of one program: {program}"),
        Kind::DifferentPrograms if difference.old.arch != difference.new.arch => {
            let arch = |side: &SideReport| side.arch.clone().unwrap_or_default();
            format!(
                "Different programs: {other} of {} and {program} of {}",
                arch(&difference.old),
                arch(&difference.new)
            )
        }
        Kind::DifferentPrograms => format!("Different programs: {other} and {program}"),
        Kind::Unknown => format!("Two dumps; whether of one program is not known: {other} and {program}"),
    }
}

fn side(side: &SideReport) -> String {
    let written =
        side.created.as_deref().map_or_else(|| "time not known".to_owned(), |at| format!("written {at}"));
    let arch = side.arch.as_deref().unwrap_or("processor not known");
    let id = side.process_id.map(|id| format!(", pid {id}")).unwrap_or_default();
    let up = side.uptime_seconds.map(|s| format!(", up {}", short_duration(s))).unwrap_or_default();
    let cut = if side.truncated { ", cut off" } else { "" };
    format!("{} ({written}, {arch}{id}{up}{cut})", escape::line(&side.path))
}

fn short_duration(seconds: u64) -> String {
    let text = duration(seconds.saturating_mul(1000));
    text.strip_suffix(".000").map_or(text.clone(), str::to_owned)
}

fn interval(difference: &Difference) -> String {
    let clock = match difference.interval.clock.as_deref() {
        Some("dump_times") => "by the times of the dumps",
        Some("system_times") => "by the system's clock in the dumps",
        Some("process_uptimes") => "by how long each process had been up",
        _ => "",
    };
    match difference.interval.seconds {
        Some(seconds) if seconds < 0 => {
            format!("{} the wrong way round, {clock}", short_duration(seconds.unsigned_abs()))
        }
        Some(seconds) => format!("{}, {clock}", short_duration(seconds.unsigned_abs())),
        None => "not known".to_owned(),
    }
}

/// What the process is charged for: by its counter, or else by the map.
fn headline(difference: &Difference) -> Option<String> {
    let named = |name: &str| {
        difference
            .counters
            .iter()
            .chain(&difference.memory)
            .find(|r| r.name == name && r.change.delta.is_some())
    };
    let row = named("commit charge").or_else(|| named("private commit by the map"))?;
    let change = row.change;
    let (old, new) = (size_text(change.old?), size_text(change.new?));
    let name = if row.name == "commit charge" { "Commit charge" } else { "Private commit, by the map," };
    let rate = change.per_hour.map(|rate| format!(", {} an hour", size_of(rate))).unwrap_or_default();
    Some(match change.delta? {
        0 => format!("{name} is as it was: {new}."),
        delta if difference.identity.kind == Kind::DifferentPrograms => {
            format!("{name} differs by {}: {old} and {new}.", signed(delta, true))
        }
        delta if delta > 0 => {
            format!("{name} grew by {}{rate}: from {old} to {new}.", size_text(delta.unsigned_abs()))
        }
        delta => format!("{name} shrank by {}: from {old} to {new}.", size_text(delta.unsigned_abs())),
    })
}

/// The type of .NET whose objects grew most, and what holds them.
fn leak(difference: &Difference) -> Option<String> {
    let row = difference.managed.as_ref()?.rows.iter().find(|row| row.bytes.delta.is_some_and(|d| d > 0))?;
    if difference.identity.kind == Kind::DifferentPrograms {
        return None;
    }
    let bytes = size_text(row.bytes.delta?.unsigned_abs());
    let rate = row.bytes.per_hour.map(|rate| format!(", {} an hour", size_of(rate))).unwrap_or_default();
    let count = row.count.delta.map(|n| format!(" ({} objects)", signed(n, false))).unwrap_or_default();
    let held =
        row.held_by.as_ref().map(|path| path.iter().map(|step| escape::line(step)).collect::<Vec<_>>());
    let held = held.map(|path| format!("; the most are held by {}", path.join(" -> "))).unwrap_or_default();
    Some(format!("{} grew by {bytes}{rate}{count}{held}.", escape::line(&row.name)))
}

fn projection(p: &Projection) -> String {
    let limit = match p.limit.as_str() {
        "commit_limit" => "the machine's commit limit",
        "job_private_commit_limit" => "the job's commit limit",
        _ => "the end of the address space",
    };
    let whose = match p.by.as_str() {
        "machine" => "the machine committed",
        "job" => "the job committed",
        _ if p.limit == "address_space" => "the process took",
        _ => "the process committed",
    };
    let at = p.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
    format!(
        "Projection: {limit} would be reached {} after the new dump{at}, if it went on like this: {} are left, and {whose} {} an hour.",
        hours(p.hours),
        size_text(p.left_bytes),
        size_of(p.per_hour),
    )
}

fn hours(hours: f64) -> String {
    match hours {
        h if h < 1.0 => format!("{:.0} minutes", h * 60.0),
        h if h < 72.0 => format!("{h:.1} hours"),
        h if h < 24.0 * 1000.0 => format!("{:.0} days", h / 24.0),
        _ => "more than 1000 days".to_owned(),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates, and is never negative
fn size_of(bytes: f64) -> String {
    size_text(bytes.abs().round() as u64)
}

/// A difference with its sign; 0 has none.
fn signed(delta: i64, bytes: bool) -> String {
    let amount = if bytes { size_text(delta.unsigned_abs()) } else { delta.unsigned_abs().to_string() };
    match delta {
        0 => "0".to_owned(),
        d if d < 0 => format!("-{amount}"),
        _ => format!("+{amount}"),
    }
}

/// What changed in an hour, with its sign.
fn rate(change: &Change, bytes: bool) -> String {
    let Some(rate) = change.per_hour else { return "?".to_owned() };
    let amount = if bytes { size_of(rate) } else { format!("{:.1}", rate.abs()) };
    let sign = if rate < 0.0 { "-" } else { "+" };
    if rate == 0.0 { "0".to_owned() } else { format!("{sign}{amount}") }
}

/// A figure, or that it is not known.
fn figure(value: Option<u64>, bytes: bool) -> String {
    value.map_or_else(
        || "unknown".to_owned(),
        |value| if bytes { size_text(value) } else { value.to_string() },
    )
}

/// Old, new, change, and per hour.
fn columns(change: &Change, bytes: bool) -> [String; 4] {
    let delta = change.delta.map_or_else(|| "unknown".to_owned(), |delta| signed(delta, bytes));
    [figure(change.old, bytes), figure(change.new, bytes), delta, rate(change, bytes)]
}
