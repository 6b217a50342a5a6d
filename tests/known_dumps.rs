//! Dumps of real programs against what Microsoft's debugger and an independent reader say of them: memory totals,
//! exception and both uptimes.
//!
//! They lie in `shared` beside the project (or where `DUMPLENS_SHARED` points), and are never part of it. Without them,
//! and for packed ones without the `zstd` program, the tests say that they are left out.
#![allow(clippy::print_stderr)]

#[path = "known_dumps/stacks.rs"]
mod stacks;
#[path = "support/shared.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use dumplens_analyzer::facts::Stacks;
use dumplens_analyzer::render::number::duration;
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::{Dump, FileSource};
use serde_json::{Value, json};
use support::{shared, unpack};

/// A dump, and what is known of it.
struct Known {
    name: String,
    path: PathBuf,
    truth: Value,
}

/// Those of the folders given that have a truth file, unpacked into `scratch` where they are packed.
fn known(shared: &Path, folders: &[&str], scratch: &Path) -> Vec<Known> {
    let mut all = Vec::new();
    for folder in folders {
        let Ok(entries) = fs::read_dir(shared.join("dumps").join(folder)) else { continue };
        for entry in entries {
            let packed = entry.expect("an entry").path();
            let file = packed.file_name().and_then(|f| f.to_str()).expect("a name").to_owned();
            let unpacked = file.strip_suffix(".zst");
            let Some(name) = unpacked.unwrap_or(&file).strip_suffix(".dmp") else { continue };
            let Ok(truth) = fs::read(shared.join("truth").join(format!("{name}.json"))) else { continue };
            let truth = serde_json::from_slice(&truth).expect("truth in JSON");
            let path = if unpacked.is_some() { scratch.join(format!("{name}.dmp")) } else { packed.clone() };
            if path != packed && !unpack(&packed, &path) {
                continue;
            }
            all.push(Known { name: name.to_owned(), path, truth });
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// Memory totals as the independent reader has them.
fn memory(report: &Report, truth: &Value) -> Option<(Value, Value)> {
    let want = truth.get("memory").filter(|m| !m.is_null())?;
    let state = |name: &str| want["state"].get(name).map_or(json!(0), |row| row[1].clone());
    let kind = |name: &str| want["type"].get(name).map_or(json!(0), |row| row[1].clone());
    let wanted = json!({
        "regions": want["regions"], "total": want["total_bytes"],
        "commit": state("commit"), "reserve": state("reserve"), "free": state("free"),
        "private": kind("private"), "mapped": kind("mapped"), "image": kind("image"),
        "largest_free": want["largest_free"], "usage": want["total_bytes"],
    });
    let m = &report.facts.memory;
    let of = |name: &str| m.kind.iter().find(|row| row.name == name).map_or(0, |row| row.size_bytes);
    let found = json!({
        "regions": m.regions, "total": m.total_bytes,
        "commit": m.commit_bytes, "reserve": m.reserve_bytes, "free": m.free_bytes,
        "private": of("MEM_PRIVATE"), "mapped": of("MEM_MAPPED"), "image": of("MEM_IMAGE"),
        "largest_free": m.largest_free, "usage": m.usage.iter().map(|row| row.size_bytes).sum::<u64>(),
    });
    Some((wanted, found))
}

/// Bytes committed with each protection: the truth has the number, the report its names.
fn protections(report: &Report, truth: &Value) -> Option<(Vec<u64>, Vec<u64>)> {
    let want = truth.get("memory")?.get("protect_of_commit")?.as_object()?;
    let mut wanted: Vec<u64> = want.values().filter_map(|row| row[1].as_u64()).collect();
    let mut found: Vec<u64> = report.facts.memory.protect.iter().map(|row| row.size_bytes).collect();
    wanted.sort_unstable();
    found.sort_unstable();
    Some((wanted, found))
}

/// Code, address and parameters. A debugger invents a breakpoint for a dump without an exception.
fn exception(report: &Report, truth: &Value) -> Option<(Value, Value)> {
    let want = truth.get("exception").filter(|e| !e.is_null())?;
    let part =
        |e: &Value| json!({ "code": e["code"], "address": e["address"], "parameters": e["parameters"] });
    match &report.facts.exception {
        None if want["code"] == "0x80000003" => None,
        found => Some((part(want), found.as_ref().map_or(Value::Null, |e| part(&json!(e))))),
    }
}

/// `.time` prints `11 days 8:36:03.996`, or that the uptime is not available; never that it is zero.
fn uptimes(report: &Report, truth: &Value) -> (Value, Value) {
    let shown = |ms: Option<u64>| ms.map_or_else(|| "not available".to_owned(), duration);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // milliseconds of some years
    let system = report.facts.system.uptime_seconds.map(|s| (s * 1000.0).round() as u64);
    let process = report.facts.process.uptime_seconds.map(|s| s * 1000);
    (truth["uptime"].clone(), json!({ "system": shown(system), "process": shown(process) }))
}

fn compare(folders: &[&str], least: usize) {
    let Some(shared) = shared() else { return };
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let (mut wrong, mut totals, mut seen) = (Vec::new(), 0, 0);
    for dump in known(&shared, folders, scratch.path()) {
        seen += 1;
        let opened = Dump::open(FileSource::open(&dump.path).expect("a file")).expect("a minidump");
        let process = Process::gather(&opened);
        let report = Report::answer(&process, Question::Lists, &Options::default());
        let mut differ = |what: &str, wanted: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
            wrong.push(format!("{} {what}: wanted {wanted:?}, found {found:?}", dump.name));
        };
        if let Some((wanted, found)) = memory(&report, &dump.truth) {
            totals += 1;
            if wanted != found {
                differ("memory", &wanted, &found);
            }
        }
        if let Some((wanted, found)) = protections(&report, &dump.truth)
            && wanted != found
        {
            differ("protections", &wanted, &found);
        }
        if let Some((wanted, found)) = exception(&report, &dump.truth)
            && wanted != found
        {
            differ("exception", &wanted, &found);
        }
        let (wanted, found) = uptimes(&report, &dump.truth);
        if wanted != found {
            differ("uptime", &wanted, &found);
        }
    }
    eprintln!("{folders:?}: {seen} dumps compared, {totals} of them with memory totals");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= least, "{seen} dumps have a truth file");
}

/// Regions and bytes of a row of the usage table.
fn usage(report: &Report, name: &str) -> Option<(u64, u64)> {
    report.facts.memory.usage.iter().find(|row| row.name == name).map(|row| (row.regions, row.size_bytes))
}

/// What each usage must have, by the threads and PEBs that the dumps are known to have.
#[test]
fn usages_of_published_dumps() {
    let Some(shared) = shared() else { return };
    let report = |name: &str| {
        let path = shared.join("dumps/public").join(name);
        let dump = Dump::open(FileSource::open(&path).expect("a file")).expect("a minidump");
        Report::answer(&Process::gather(&dump), Question::Lists, &Options::default())
    };
    // One thread of a 32-bit program on 64-bit Windows 7: everything twice.
    let wow64 = report("llvm-fizzbuzz_wow64.dmp");
    for (name, wanted) in [("TEB64", 0x2000), ("TEB32", 0x1000), ("PEB64", 0x1000), ("PEB32", 0x1000)] {
        assert_eq!(usage(&wow64, name), Some((1, wanted)), "{name}");
    }
    // Reserved, guard and committed part of each; the linker's default of 1 MiB for the 32-bit one.
    assert_eq!(usage(&wow64, "Stack32"), Some((3, 1 << 20)));
    assert_eq!(usage(&wow64, "Stack64").map(|(regions, _)| regions), Some(3));
    // Windows' own counters, in the 32-bit heaps: segments found and bytes in large blocks are what they count.
    let counted: Vec<_> = wow64.facts.heaps.iter().filter(|heap| heap.bits == 32).collect();
    assert!(!counted.is_empty() && counted.iter().all(|heap| heap.counters.agree == Some(true)));
    for heap in counted {
        assert_eq!(heap.counters.committed_bytes, Some(heap.committed_bytes - heap.large_bytes));
    }
    assert!(wow64.facts.heaps.iter().all(|heap| heap.faults.is_empty()));

    // 47 threads, with page heap.
    let electron = report("electron-crashpad.dmp");
    assert_eq!(usage(&electron, "TEB"), Some((47, 47 * 0x2000)));
    let stacks = electron.facts.threads.iter().filter(|thread| {
        thread
            .stack
            .as_ref()
            .is_some_and(|stack| stack.committed_bytes.is_some() && stack.guard_bytes > Some(0))
    });
    assert_eq!(stacks.count(), 47);
    assert!(electron.facts.warnings.iter().any(|warning| warning.code == "page_heap"));
}

/// What was asked for, worked out of code and stack without symbols, and why it was refused: real programs by three
/// compilers, and what is known of how they were made to fail.
#[test]
fn requests_that_were_refused() {
    let Some(shared) = shared() else { return };
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let mut compared = 0;
    for dump in known(&shared, &["own", "programs"], scratch.path()) {
        let known = &dump.truth["known"];
        if known.get("requested_bytes").is_none() {
            continue;
        }
        let opened = Dump::open(FileSource::open(&dump.path).expect("a file")).expect("a minidump");
        let verdict = Report::answer(&Process::gather(&opened), Question::Why, &Options::default())
            .verdict
            .expect("a verdict");
        assert_eq!(verdict.kind, "allocation_failure", "{}", dump.name);
        let found = json!(verdict.allocation.expect("what was asked for"));
        for part in ["requested_bytes", "element_size", "element_count", "padding"] {
            if let Some(wanted) = known.get(part) {
                assert_eq!(&found[part], wanted, "{} {part}", dump.name);
            }
        }
        // Whether room was reserved or grew cannot be told without the container or symbols.
        let origin = if known["origin"] == "vector_reserve" {
            "container"
        } else {
            known["origin"].as_str().expect("one")
        };
        assert_eq!(found["origin"], origin, "{}", dump.name);
        compared += 1;
    }
    eprintln!("{compared} requests compared");
}

/// Two dumps have an earlier exception. One is of the 32-bit program that dereferences null, whose dump a 64-bit program wrote,
/// without an exception stream; its twin that has one (`llvm-fizzbuzz_no_heap`) reads address 0, too. The other is of the .NET
/// program that was refused memory (`net_huge`): its runtime threw a C++ exception of its own before it raised that of the
/// dump. The bytes at 0x7ffffe27de30 are E06D7363, flags 1, the address of RaiseException and a throw's four parameters.
#[test]
fn earlier_exceptions() {
    let Some(shared) = shared() else { return };
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let mut with = Vec::new();
    for dump in known(&shared, &["public", "own", "programs"], scratch.path()) {
        let opened = Dump::open(FileSource::open(&dump.path).expect("a file")).expect("a minidump");
        let report =
            Report::answer(&Process::gather(&opened), Question::Stacks(Stacks::All), &Options::default());
        assert!(report.facts.threads.iter().all(|t| t.exceptions.is_some()), "{}: searched", dump.name);
        let found = report.facts.threads.into_iter().flat_map(|t| t.exceptions.unwrap_or_default());
        with.extend(found.map(|e| (dump.name.clone(), e.code.0, e.module, json!(e.parameters))));
    }
    with.sort_by_key(|(name, ..)| name.clone());
    let fizzbuzz = Some("fizzbuzz".to_owned());
    let throw = json!(["0x19930520", "0x7ffffe27e7f0", "0x6ffffb0d7070", "0x6ffffabc0000"]);
    let all = [
        ("llvm-fizzbuzz_wow64".to_owned(), 0xc000_0005, fizzbuzz, json!(["0x0", "0x0"])),
        ("net_huge".to_owned(), 0xe06d_7363, Some("kernelbase".to_owned()), throw),
    ];
    // `net_huge` is packed: it may not be there to be compared if `zstd` is not.
    let there = all.into_iter().filter(|(name, ..)| name != "net_huge" || with.len() > 1);
    assert_eq!(with, there.collect::<Vec<_>>());
}

#[test]
fn published_dumps() {
    compare(&["public"], 15);
}

/// Packed: none of them may be there to be compared if `zstd` is not.
#[test]
fn dumps_of_our_own_and_of_other_programs() {
    compare(&["own", "programs"], 0);
}

/// Files that other readers stumbled over: opened or refused with one line, and asked everything.
#[test]
fn published_dumps_without_a_truth_are_survived() {
    let Some(shared) = shared() else { return };
    for file in fs::read_dir(shared.join("dumps/public")).expect("a folder") {
        let path = file.expect("an entry").path();
        match Dump::open(FileSource::open(&path).expect("a file")) {
            Err(error) => assert_eq!(error.to_string().lines().count(), 1, "{}", path.display()),
            Ok(dump) => {
                let process = Process::gather(&dump);
                let report = Report::answer(&process, Question::Lists, &Options::default());
                let json = dumplens_analyzer::render::json::pretty(&report);
                serde_json::from_str::<Value>(&json).expect("JSON that parses");
                let posix = ["linux-mini.dmp", "macos.dmp"].iter().any(|name| path.ends_with(name));
                assert_eq!(
                    report.facts.warnings.iter().any(|w| w.code == "not_windows"),
                    posix,
                    "{}",
                    path.display()
                );
            }
        }
    }
}
