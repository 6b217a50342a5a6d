//! `census`, beside a bare read of the same bytes.

use std::path::Path;
use std::process::{Command, Stdio};

use super::filled;
use super::programs::Program;
use super::run::{cpu, samples};
use super::waits::{Waits, least, prime, runs};
use crate::cargo;

/// GiB of memory of the large dump.
const LARGE: u64 = 18;

pub(super) fn measure(dir: &Path, own: &Program, waits: &mut Waits) -> anyhow::Result<()> {
    eprintln!("census ...");
    let small = filled::find_or_make(dir, 1)?;
    let large = filled::find_or_make(dir, LARGE)?;
    let bytes = prime(&small, u64::MAX)?;
    let beside = |bin: &str, args: &[String]| {
        let path = cargo::build("dumplens-xtask", bin)?;
        let samples = samples(3, || {
            let mut command = Command::new(&path);
            command.arg(&small).args(args).stdout(Stdio::null());
            command
        })?;
        anyhow::Ok(cpu(&samples).min)
    };
    let read = beside("read_floor", &[bytes.to_string()])?;
    let vftables = beside("vftables", &[])?;
    let of = |dump: &Path, times, all: bool| {
        let samples = runs(own, times, |command| {
            command.arg("census").args(all.then_some("--all")).arg(dump);
        })?;
        anyhow::Ok(least(&samples))
    };
    let (all, _) = of(&small, 3, true)?;
    let times = |ms: f64| format!("{:.1} times ({ms:.0} and {read:.0} ms)", ms / read);
    waits.add(
        "`census --all` of 1 GiB, beside a bare read, CPU",
        "",
        times(all),
        "5 times",
        Some(all <= 5.0 * read),
    );
    let met = Some(vftables <= 2.0 * read);
    waits.add("of this, the pass for vftables alone", "", times(vftables), "2 times", met);
    prime(&large, u64::MAX)?;
    let (sampled, _) = of(&large, 3, false)?;
    let (now, met) = (format!("{sampled:.0} ms"), sampled < 1000.0);
    waits.add(format!("`census` of {LARGE} GiB, sampled, CPU"), "", now, "under 1 s", Some(met));
    let (_, peak) = of(&large, 1, true)?;
    let (now, met) = (format!("{peak:.1} MB"), peak < 100.0);
    waits.add(format!("`census --all` of {LARGE} GiB, peak RSS"), "", now, "under 100 MB", Some(met));
    Ok(())
}
