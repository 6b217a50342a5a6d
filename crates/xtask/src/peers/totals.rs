//! Whether a peer finds what dumplens finds. Else there is nothing to compare.

use std::process::Stdio;

use anyhow::{Context, ensure};

use super::programs::{Program, Who};
use super::subjects::Subject;
use crate::bench::agree::{self, Totals};

/// What `dumplens summary` finds.
pub(super) fn of_dumplens(programs: &[Program], subject: &Subject) -> anyhow::Result<Totals> {
    let summary = programs.iter().find(|program| program.who == Who::Summary).context("dumplens")?;
    let mut command = summary.command(["summary", "--format", "json"]);
    let output = command.arg(&subject.path).stdout(Stdio::piped()).output()?;
    ensure!(output.status.success(), "dumplens summary: {}", output.status);
    agree::from_json(&serde_json::from_slice(&output.stdout)?).context("it has no memory map")
}

/// Runs a program that prints totals; returns what was compared, all of it equal.
pub(super) fn compare(
    ours: &Totals,
    program: &Program,
    subject: &Subject,
) -> Result<Vec<&'static str>, String> {
    if !matches!(program.who, Who::Harness | Who::PypiMinidump | Who::Udmp) {
        return Ok(Vec::new());
    }
    let output = program.on(subject).stdout(Stdio::piped()).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("fails: {}", output.status));
    }
    let theirs = agree::from_text(&String::from_utf8_lossy(&output.stdout)).ok_or("prints no totals")?;
    let told = compared(ours, &theirs);
    let other: Vec<_> = told.iter().filter(|(_, same)| !same).map(|(what, _)| *what).collect();
    if other.is_empty() {
        Ok(told.into_iter().map(|(what, _)| what).collect())
    } else {
        Err(format!("finds something else: {}", other.join(", ")))
    }
}

/// What the other tells, and whether it is the same.
fn compared(ours: &Totals, theirs: &Totals) -> Vec<(&'static str, bool)> {
    let image = (theirs.image > 0).then_some(("images", ours.image == theirs.image));
    let protect = (!theirs.protect.is_empty()).then_some(("protections", ours.protect == theirs.protect));
    let always = [
        ("regions", ours.regions == theirs.regions),
        ("states", ours.state == theirs.state),
        ("types", ours.kind == theirs.kind),
        ("largest free", ours.largest_free == theirs.largest_free),
        ("kept bytes", ours.kept == theirs.kept),
    ];
    always.into_iter().chain(image).chain(protect).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_told_is_not_compared() {
        let full = "regions 1 4096\nusage Image 4096\nstate 0x1000 4096\nprotect 0x2 4096\nkept 1 4096\n";
        let ours = agree::from_text(full).expect("totals");
        let same = |text: &str| compared(&ours, &agree::from_text(text).expect("totals"));
        assert!(same(full).iter().all(|(_, same)| *same));
        let less = same("regions 1 4096\nstate 0x1000 4096\nkept 1 4095\n");
        assert_eq!(less.iter().find(|(_, same)| !same).map(|(what, _)| *what), Some("kept bytes"));
        assert!(less.iter().all(|(what, _)| !["images", "protections"].contains(what)));
    }
}
