//! Whether two dumps are of one process, or at least of one program.

use dumplens_core::last_name;
use schemars::JsonSchema;
use serde::Serialize;

use super::{DiffWarning, Side};
use crate::facts::Facts;
use crate::facts::ModuleReport;

/// How two dumps are related.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One process at two times: process ID and creation time are the same.
    SameProcess,
    /// Two runs of the same program: name and `TimeDateStamp` are the same, as far as they are known.
    AnotherRun,
    /// The same program by its name, with another `TimeDateStamp`.
    AnotherBuild,
    /// Name or processor differ.
    DifferentPrograms,
    /// Neither name nor process is known in both.
    Unknown,
}

/// How two dumps are related, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Identity {
    /// `same_process`, `another_run`, `another_build`, `different_programs` or `unknown`.
    pub kind: Kind,
    /// Whether both dumps contain everything that decides it.
    pub certain: bool,
    /// What was compared.
    pub checks: Vec<Check>,
}

/// One compared property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Check {
    /// `program`, `time_date_stamp`, `processor`, `process_id`, `created`, `peb` or `image_base`.
    pub what: String,
    /// In the old dump.
    pub old: Option<String>,
    /// In the new dump.
    pub new: Option<String>,
    /// Whether it is equal; `None` if one is not known.
    pub same: Option<bool>,
}

/// The program's module.
pub(super) fn program(facts: &Facts) -> Option<&ModuleReport> {
    let path = facts.process.image.as_deref()?;
    facts.modules.iter().find(|module| module.path == path)
}

/// Compares, and warns of whatever is not one process.
pub(super) fn identify(old: &Side<'_, '_>, new: &Side<'_, '_>, warnings: &mut Vec<DiffWarning>) -> Identity {
    let check = |what: &str, of: &dyn Fn(&Facts) -> Option<String>| {
        let (old, new) = (of(old.facts), of(new.facts));
        let same = old.as_deref().zip(new.as_deref()).map(|(old, new)| old.eq_ignore_ascii_case(new));
        Check { what: what.to_owned(), old, new, same }
    };
    let checks = vec![
        check("program", &|r| r.process.image.as_deref().map(|path| last_name(path).to_owned())),
        check("time_date_stamp", &|r| {
            Some(program(r)?.time_date_stamp).filter(|t| t.0 != 0).map(|t| t.to_string())
        }),
        check("processor", &|r| r.dump.arch.clone()),
        check("process_id", &|r| r.process.id.map(|id| id.to_string())),
        // Without an uptime it is the dump's own time, which says nothing.
        check("created", &|r| r.process.uptime_seconds.and(r.process.created.clone())),
        check("peb", &|r| r.process.pebs.first().map(ToString::to_string)),
        check("image_base", &|r| program(r).map(|module| module.base.to_string())),
    ];
    let same = |n: usize| checks.get(n).and_then(|check| check.same);
    let (kind, certain) = judge([0, 1, 2, 3, 4, 5, 6].map(same));
    warnings.extend(match kind {
        Kind::SameProcess if certain => None,
        Kind::SameProcess => Some(DiffWarning::IdentityUnsure),
        Kind::AnotherRun => Some(DiffWarning::AnotherRun),
        Kind::AnotherBuild => Some(DiffWarning::AnotherBuild),
        Kind::DifferentPrograms => Some(DiffWarning::DifferentPrograms),
        Kind::Unknown => Some(DiffWarning::IdentityUnknown),
    });
    Identity { kind, certain, checks }
}

/// By the checks, in their order: what two dumps are to each other, and whether all that decides is known.
fn judge([name, stamp, arch, id, created, peb, base]: [Option<bool>; 7]) -> (Kind, bool) {
    if arch == Some(false) || name == Some(false) {
        return (Kind::DifferentPrograms, true);
    }
    if stamp == Some(false) {
        return (Kind::AnotherBuild, true);
    }
    match (id, created) {
        (Some(true), Some(true)) => (Kind::SameProcess, true),
        (Some(true), None) if peb == Some(true) && base == Some(true) => (Kind::SameProcess, false),
        _ if name.is_none() => (Kind::Unknown, false),
        (Some(false), _) | (_, Some(false)) => (Kind::AnotherRun, stamp.is_some()),
        _ => (Kind::AnotherRun, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YES: Option<bool> = Some(true);
    const NO: Option<bool> = Some(false);

    #[test]
    fn a_process_is_one_by_id_and_creation() {
        assert_eq!(judge([YES; 7]), (Kind::SameProcess, true));
        assert_eq!(judge([YES, YES, YES, YES, YES, None, None]), (Kind::SameProcess, true));
        assert_eq!(judge([YES, YES, YES, YES, NO, YES, YES]), (Kind::AnotherRun, true));
        assert_eq!(judge([YES, YES, YES, NO, YES, YES, YES]), (Kind::AnotherRun, true));
        // An ID alone is used again.
        assert_eq!(judge([YES, YES, YES, YES, None, NO, YES]), (Kind::AnotherRun, false));
        assert_eq!(judge([YES, YES, YES, YES, None, YES, YES]), (Kind::SameProcess, false));
    }

    #[test]
    fn programs_differ_by_name_build_and_processor() {
        assert_eq!(judge([NO, YES, YES, YES, YES, YES, YES]), (Kind::DifferentPrograms, true));
        assert_eq!(judge([YES, YES, NO, YES, YES, YES, YES]), (Kind::DifferentPrograms, true));
        assert_eq!(judge([YES, NO, YES, NO, NO, NO, NO]), (Kind::AnotherBuild, true));
        assert_eq!(judge([None, None, YES, None, None, None, None]), (Kind::Unknown, false));
        assert_eq!(judge([YES, None, YES, NO, None, None, None]), (Kind::AnotherRun, false));
    }
}
