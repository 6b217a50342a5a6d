//! Every damaged dump of synth, asked everything in-process: no panic, JSON that parses, sums that agree; and for each
//! of the known malformations the words that refuse it or the warnings that name what was lost.

#[path = "damage/expected.rs"]
mod expected;
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use dumplens_analyzer::{Facts, Options, Process, Question};
use dumplens_core::{Dump, OpenError};
use dumplens_synth::{damage, presets};
use expected::{Expected, FURTHER, MALFORMED, Map};
use support::{Answers, acts, ask_everything};

/// Asks a dump everything; a panic becomes a message that names the variant.
fn ask(name: &str, bytes: Vec<u8>) -> Result<Answers, OpenError> {
    let asked = catch_unwind(AssertUnwindSafe(|| Dump::open(bytes).map(|dump| ask_everything(&dump))));
    asked.unwrap_or_else(|_| panic!("{name}: the panic above"))
}

fn report(bytes: Vec<u8>) -> Result<Facts, OpenError> {
    Dump::open(bytes).map(|dump| Facts::gather(&Process::gather(&dump), Question::Lists, &Options::default()))
}

/// Codes of the warnings, sorted, each once.
fn codes(report: &Facts) -> Vec<&str> {
    let mut codes: Vec<&str> = report.warnings.iter().map(|w| w.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Regions, total, commit, reserve, free, largest free region.
fn totals(report: &Facts) -> impl PartialEq + std::fmt::Debug {
    let m = &report.memory;
    (m.regions, [m.total_bytes, m.commit_bytes, m.reserve_bytes, m.free_bytes], m.largest_free)
}

/// Two halves, for two processors.
fn survives(half: usize) {
    for (n, variant) in damage::variants().enumerate() {
        if n % 2 != half {
            continue;
        }
        match ask(variant.name, variant.bytes) {
            Err(error) => {
                let line = error.to_string();
                assert!(!line.is_empty() && !line.contains(acts) && !line.contains('\n'), "{line:?}");
            }
            Ok(answers) => {
                for text in &answers.texts {
                    let found = text.chars().find(|c| acts(*c));
                    assert_eq!(found, None, "{} shows what it should escape: {text}", variant.name);
                }
            }
        }
    }
}

#[test]
fn every_even_variant_is_survived() {
    survives(0);
}

#[test]
fn every_odd_variant_is_survived() {
    survives(1);
}

/// Compares the variants of a table with what it promises; lists every one that differs.
fn check(table: &[(&str, Expected)], undamaged: &Facts) {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for variant in damage::variants() {
        let Some((name, expected)) = table.iter().find(|(name, _)| *name == variant.name) else { continue };
        seen += 1;
        let result = report(variant.bytes);
        let complaint = match (&result, expected) {
            (Err(error), Expected::Refused(words)) if error.to_string().contains(words) => None,
            (Err(error), _) => Some(format!("refused: {error}")),
            (Ok(report), Expected::Refused(_)) => Some(format!("opened with {:?}", codes(report))),
            (Ok(report), Expected::Opens(wanted, map)) => {
                let found = match &report.memory {
                    memory if memory.total_bytes.is_none() => Map::Absent,
                    _ if totals(report) == totals(undamaged) => Map::Whole,
                    _ => Map::Other,
                };
                let same = codes(report) == *wanted && found == *map;
                (!same).then(|| format!("opened with {:?}, map {found:?}", codes(report)))
            }
            (Ok(report), Expected::OpensAtLeast(wanted)) => {
                let found = codes(report);
                (!wanted.iter().all(|code| found.contains(code))).then(|| format!("opened with {found:?}"))
            }
        };
        wrong.extend(complaint.map(|c| format!("{name}: {c}, expected {expected:?}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen, table.len(), "a variant of the table is not one of synth's");
}

fn undamaged(process: &dumplens_synth::Process) -> Facts {
    let report = report(process.to_bytes().0).expect("a dump that opens");
    assert_eq!(codes(&report), [""; 0]);
    report
}

#[test]
fn known_malformations_are_refused_or_named() {
    check(MALFORMED, &undamaged(&presets::full(150, 640 << 10, 3, 4)));
}

#[test]
fn further_damage_is_refused_or_named() {
    check(FURTHER, &undamaged(&presets::tiny()));
}

#[test]
fn the_table_covers_all_of_malform_py() {
    let numbered = damage::names()
        .filter(|name| name.split('_').next().and_then(|n| n.parse::<u32>().ok()).is_some_and(|n| n < 50));
    let listed: Vec<&str> = MALFORMED.iter().map(|(name, _)| *name).collect();
    assert_eq!(numbered.collect::<Vec<_>>(), listed);
    assert_eq!(listed.len(), 48);
}

#[test]
fn no_warning_is_given_twice() {
    let mut twice = Vec::new();
    for variant in damage::variants() {
        let Ok(Facts { warnings, .. }) = report(variant.bytes) else { continue };
        for (n, warning) in warnings.iter().enumerate() {
            if warnings[..n].contains(warning) {
                twice.push(format!("{}: {}", variant.name, warning.message));
            }
        }
    }
    assert!(twice.is_empty(), "{}", twice.join("\n"));
}

/// The modules, threads and regions that a damaged neighbour must not take with it.
#[test]
fn what_is_not_damaged_is_still_told() {
    for variant in damage::variants() {
        let kept: fn(&Facts) -> bool = match variant.name {
            "31_modname_len_fffffffe" | "32_modname_rva_outside" => |r| {
                r.modules.len() == 4
                    && r.modules[0].path.is_empty()
                    && r.modules[3].path.contains("VCRUNTIME140")
            },
            "29_threads_count_ffffffff" | "44_thread_ctx_outside" => |r| r.threads.len() == 3,
            "30_modules_count_ffffffff" => |r| r.modules.len() == 4,
            "43_exception_nparams_ffffffff" => |r| {
                let exception = r.exception.as_ref().expect("an exception");
                exception.code.0 == 0xe06d_7363 && exception.parameters.len() == 15
            },
            "62_short_by_1_byte" => {
                |r| r.dump.missing_bytes == 1 && r.dump.truncated && r.threads[0].stack.is_some()
            }
            "70_one_bad_module_name" => {
                |r| r.modules[0].path.ends_with("app.exe") && r.modules[1].path.is_empty()
            }
            "72_module_name_unpaired_surrogate" => |r| r.modules[1].path.contains('\u{fffd}'),
            "104_no_memory_list" => |r| r.dump.kept_bytes == 0 && !r.dump.truncated,
            "170_sysmem_all_zero" => |r| {
                // The page that the kernel shares still tells the size of RAM.
                r.system
                    .memory
                    .as_ref()
                    .is_some_and(|m| m.physical_bytes == Some(32 << 30) && m.commit_bytes.is_none())
            },
            "188_tebs_not_kept" => {
                |r| r.threads.len() == 2 && r.threads.iter().all(|t| t.last_error.is_none())
            }
            "190_kuser_not_kept" => {
                |r| r.system.uptime_seconds.is_none() && r.process.uptime_seconds == Some(600)
            }
            "199_kuser_all_zero" => |r| r.system.uptime_seconds.is_none() && r.system.time.is_none(),
            _ => continue,
        };
        let report = report(variant.bytes).unwrap_or_else(|e| panic!("{}: {e}", variant.name));
        assert!(kept(&report), "{}: {report:#?}", variant.name);
    }
}
