//! Process and machine at a limit of memory, whatever ended the program.

use dumplens_analyzer::report::Report;
use dumplens_analyzer::verdict::Confidence;
use dumplens_analyzer::{Options, Process, Question};
use dumplens_core::Dump;
use dumplens_synth::{self as synth, Exception, SystemMemory, VmCounters, presets};

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;
const COMMITMENT_LIMIT: (u32, u32) = (1455, 0xc000_012d);

fn report(process: &synth::Process) -> Report {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    Report::answer(&Process::gather(&dump), Question::Why, &Options::default())
}

fn cause(report: &Report) -> Option<&'static str> {
    report.verdict.as_ref().expect("a verdict").cause.map(dumplens_analyzer::verdict::Cause::name)
}

fn pressure(report: &Report) -> Option<Confidence> {
    let finding = report.findings.iter().find(|finding| finding.id == "memory_pressure");
    finding.map(|finding| finding.confidence)
}

/// A crash on a machine that may commit 40 GiB and has so much left; last error and status of the thread.
fn crashed(code: u32, parameters: &[u64], left: u64, (error, status): (u32, u32)) -> synth::Process {
    let mut process = presets::tiny();
    let thread_id = process.threads[0].id;
    let context = process.threads[0].context.clone();
    process.exception =
        Some(Exception { thread_id, code, parameters: parameters.to_vec(), context, ..Exception::default() });
    let (commit_limit, committed_pages) = (40 * GIB / 4096, (40 * GIB - left) / 4096);
    process.system_memory = Some(SystemMemory {
        commit_limit,
        committed_pages,
        peak_commitment: commit_limit,
        ..SystemMemory::default()
    });
    process.vm_counters = None;
    let teb = presets::tiny::X64.tebs[0];
    process.put(teb + 0x68, &error.to_le_bytes());
    process.put(teb + 0x1250, &status.to_le_bytes());
    process
}

const CODES: [(u32, &[u64], &str); 6] = [
    (0xc000_0005, &[1, 0], "access_violation"),
    (0xc000_00fd, &[], "stack_overflow"),
    (0xc000_0409, &[2], "fail_fast"),
    (0xc000_0409, &[7], "abort"),
    (0x8000_0003, &[], "assertion_or_breakpoint"),
    (0xc000_0094, &[], "other_exception"),
];

#[test]
fn a_crash_of_any_kind_at_the_commit_limit_may_be_its_consequence() {
    for (code, parameters, kind) in CODES {
        let at = report(&crashed(code, parameters, 13 * MIB, COMMITMENT_LIMIT));
        let roomy = report(&crashed(code, parameters, 20 * GIB, (0, 0)));
        assert_eq!((cause(&at), pressure(&at)), (Some("commit_limit"), Some(Confidence::Medium)), "{kind}");
        assert_eq!((cause(&roomy), pressure(&roomy)), (None, None), "{kind}");
        let (at_verdict, roomy_verdict) = (at.verdict.unwrap(), roomy.verdict.unwrap());
        assert_eq!((at_verdict.kind.name(), roomy_verdict.kind.name()), (kind, kind));
        assert_eq!(at_verdict.confidence, roomy_verdict.confidence, "{kind}: of the kind");
        assert!(at_verdict.title.contains("commit limit"), "{}", at_verdict.title);
        let figures = at_verdict.because.iter().any(|line| line.contains("13.000 MB was left"));
        assert!(figures, "{:?}", at_verdict.because);
        assert_ne!(at.signature.unwrap().id, roomy.signature.unwrap().id, "{kind}");
    }
}

/// The kernel leaves no status where a stack cannot grow; and what was refused may have been freed before the dump.
#[test]
fn figures_or_status_alone() {
    let figures = report(&crashed(0xc000_00fd, &[], 13 * MIB, (0, 0)));
    assert_eq!((cause(&figures), pressure(&figures)), (Some("commit_limit"), Some(Confidence::Medium)));
    let status = |last| report(&crashed(0xc000_0005, &[1, 0], 20 * GIB, last));
    let named = [
        (COMMITMENT_LIMIT, "commit_limit"),
        ((1816, 0xc000_0044), "quota"),
        ((1450, 0xc000_009a), "system_resources"),
        ((8, 0xc000_0017), "undetermined"),
    ];
    for (last, wanted) in named {
        let report = status(last);
        assert_eq!((cause(&report), pressure(&report)), (Some(wanted), Some(Confidence::Low)));
    }
    // An address that is in use, or no status at all.
    assert_eq!(pressure(&status((487, 0xc000_0018))), None);
    assert_eq!(pressure(&status((2, 0xc000_0034))), None);
}

#[test]
fn the_last_status_names_what_refused_a_request() {
    let refused = |last| report(&crashed(0xe000_0008, &[10 * MIB], 20 * GIB, last));
    for (last, wanted) in [
        ((1816, 0xc000_0044), "quota"),
        ((1454, 0xc000_012c), "quota"),
        ((1450, 0xc000_009a), "system_resources"),
        ((487, 0xc000_0018), "address_taken"),
        ((0, 0), "external_limit_suspected"),
    ] {
        assert_eq!(cause(&refused(last)), Some(wanted), "{last:x?}");
        assert_eq!(pressure(&refused(last)), None, "the cause says it");
    }
}

/// Shared commit counts for a job's total limit, and not for its private one.
#[test]
fn a_job_at_its_total_limit() {
    let job = |private_limit, total_limit| {
        let mut process = crashed(0xc000_0005, &[1, 0], 20 * GIB, (0, 0));
        let job = [GIB - MIB, GIB, GIB, private_limit, total_limit];
        process.vm_counters =
            Some(VmCounters { flags: 0x1f, pagefile_usage: MIB, job, ..VmCounters::default() });
        cause(&report(&process))
    };
    assert_eq!(job(0, 2 * GIB), Some("job_limit"));
    assert_eq!(job(0, 4 * GIB), None);
    assert_eq!(job(GIB + MIB, 0), Some("job_limit"));
    assert_eq!(job(2 * GIB, 0), None);
}

/// What the counters say cannot be of a process whose map shows twenty times as much.
#[test]
fn counters_of_a_clone() {
    let mut process = crashed(0xe000_0008, &[64 * MIB], 13 * MIB, COMMITMENT_LIMIT);
    let counted = |process: &synth::Process| {
        let report = report(process);
        let charge = report.findings.iter().find(|f| f.id == "commit_charge").expect("a charge");
        (charge.title.clone(), charge.evidence.iter().any(|e| e.what.contains("do not fit")))
    };
    let own = 600 * MIB;
    process.vm_counters = Some(VmCounters {
        flags: 0xf,
        pagefile_usage: own,
        peak_pagefile_usage: own,
        private_usage: own,
        shared_commit_usage: 2 * GIB,
        ..VmCounters::default()
    });
    let (title, odd) = counted(&process);
    assert!(title.contains("commit charge was 2.586 GB") && !odd, "{title}");

    // A process that holds 18 GB by its map, and counters of 12 MB.
    let mut process = presets::causes::story::commit_limit().process;
    let few = 12 * MIB;
    process.vm_counters =
        Some(VmCounters { flags: 0x7, pagefile_usage: few, private_usage: few, ..VmCounters::default() });
    let (title, odd) = counted(&process);
    assert!(title.contains("18.3") && odd, "{title}");
}
