//! Long lists of regions that follow one another as they do in real processes.

use std::path::Path;
use std::process::{Command, Stdio};

use super::programs::Program;
use super::run::once;
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
            beside_tally(dir, &tally, own, &irregular, times, waits)?;
        } else {
            let report = |command: &mut Command| {
                command.args(["report", "--format", "html"]).arg(&irregular.path);
            };
            let html = least(&runs(own, 3, report)?).0;
            waits.add(
                "`report --format html` of 1,000,000 regions, CPU",
                "103 ms",
                format!("{html:.0} ms"),
                "stay, by 25%",
                Some(html <= 1.25 * 103.0),
            );
        }
    }
    Ok(())
}

/// The list alone: of both, what the same dump takes with 10,000 regions is subtracted. They run in turn: one program that
/// reads the same list again and again finds it in the processor's cache, as no user does.
fn beside_tally(
    dir: &Path,
    tally: &Path,
    own: &Program,
    long: &BenchDump,
    times: u32,
    waits: &mut Waits,
) -> anyhow::Result<()> {
    let short = &BenchDump::find_or_make(dir, Shape::of_regions(10_000))?;
    let summary = |dump: &BenchDump| {
        let mut command = own.command(["summary"]);
        command.arg(&dump.path);
        command
    };
    let pass = |dump: &BenchDump| {
        let mut command = Command::new(tally);
        command.arg(&dump.path).stdout(Stdio::null());
        command
    };
    let mut least = [f64::INFINITY; 4];
    for _ in 0..times {
        let commands = [summary(long), summary(short), pass(long), pass(short)];
        for (least, command) in least.iter_mut().zip(commands) {
            *least = least.min(once(command).map_err(anyhow::Error::msg)?.cpu);
        }
    }
    let [now, rest, passed, pass_rest] = least;
    let (list, tallied) = (now - rest, passed - pass_rest);
    let ratio = list / tallied;
    waits.add(
        "the list of 200,000 alone, beside a pass that only tallies",
        "",
        format!(
            "{ratio:.2} times ({list:.1} and {tallied:.1} ms; with all else {now:.1} and {passed:.1} ms)"
        ),
        "1.5 times",
        Some(ratio <= 1.5),
    );
    Ok(())
}
