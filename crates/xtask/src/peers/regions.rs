//! Long lists of regions that follow one another as they do in real processes.

use std::path::Path;
use std::process::{Command, Stdio};

use super::programs::Program;
use super::run::{cpu, samples};
use super::waits::{Waits, least, prime, runs};
use crate::bench::dumps::{BenchDump, Shape};
use crate::bench::number::grouped;
use crate::cargo;

/// Beside periodic lists, and beside a pass that only tallies; `start` is the CPU of a start in ms.
pub(super) fn measure(dir: &Path, own: &Program, start: f64, waits: &mut Waits) -> anyhow::Result<()> {
    let tally = cargo::build("dumplens-xtask", "tally")?;
    for (regions, times) in [(200_000, 15), (1_000_000, 9)] {
        eprintln!("{} regions ...", grouped(regions));
        let shape = Shape::of_regions(regions);
        let irregular = BenchDump::find_or_make(dir, shape)?;
        let periodic = BenchDump::find_or_make(dir, Shape { irregular: false, ..shape })?;
        let summary = |dump: &BenchDump| {
            prime(&dump.path, dump.metadata)?;
            anyhow::Ok(
                least(&runs(own, times, |command| {
                    command.arg("summary").arg(&dump.path);
                })?)
                .0,
            )
        };
        let (now, regular) = (summary(&irregular)?, summary(&periodic)?);
        let ratio = (now - start) / (regular - start);
        waits.add(
            format!("`summary` of {} irregular regions, beside periodic ones", grouped(regions)),
            "2 to 4 times",
            format!("{ratio:.2} times ({now:.1} and {regular:.1} ms)"),
            "1.3 times",
            Some(ratio <= 1.3),
        );
        if regions == 200_000 {
            let pass = samples(times, || {
                let mut command = Command::new(&tally);
                command.arg(&irregular.path).stdout(Stdio::null());
                command
            })?;
            let pass = cpu(&pass).min;
            let ratio = now / pass;
            waits.add(
                "the same, beside a pass that only tallies",
                "",
                format!("{ratio:.2} times ({now:.1} and {pass:.1} ms)"),
                "1.5 times",
                Some(ratio <= 1.5),
            );
        } else {
            let report = |command: &mut Command| {
                command.args(["report", "--format", "html"]).arg(&irregular.path);
            };
            let html = least(&runs(own, 3, report)?).0;
            waits.add(
                "`report --format html` of 1,000,000 regions, CPU",
                "103 ms",
                format!("{html:.0} ms"),
                "stay",
                Some(html <= 1.25 * 103.0),
            );
        }
    }
    Ok(())
}
