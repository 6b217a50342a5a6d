//! `trim`: a small dump that gives the same report, and nothing that it should not hold.

#[path = "support/shared.rs"]
mod shared;
mod support;

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use dumplens_analyzer::facts::Stacks;
use dumplens_analyzer::{Facts, Options, Process, Question, TrimOptions, Trimmed, trim};
use dumplens_core::{Dump, FileSource};
use dumplens_synth::presets::{self, tiny::X64};
use dumplens_synth::{Handle, MemoryForm, ProcessParameters, Width, damage};
use serde_json::Value;

use crate::support::{run, str, write};

const PLAIN: TrimOptions = TrimOptions { redact: false };
const REDACTED: TrimOptions = TrimOptions { redact: true };

fn open(bytes: Vec<u8>) -> Dump {
    Dump::open(bytes).expect("a minidump")
}

fn trimmed(dump: &Dump, options: TrimOptions) -> (Vec<u8>, Trimmed) {
    let mut out = Cursor::new(Vec::new());
    let done = trim(dump, options, &mut out).expect("a trimmed dump");
    let bytes = out.into_inner();
    assert_eq!(bytes.len() as u64, done.size_bytes);
    (bytes, done)
}

/// Everything that is said of the process; of the file, only what a copy shares.
fn said(dump: &Dump) -> Value {
    let process = Process::gather(dump);
    let facts = Facts::gather(&process, Question::Stacks(Stacks::All), &Options::default());
    let mut report = serde_json::to_value(facts).expect("plain data");
    for of_the_file in ["size_bytes", "comment", "kept_bytes", "streams"] {
        assert!(report["dump"].as_object_mut().expect("dump").remove(of_the_file).is_some(), "{of_the_file}");
    }
    report
}

/// Where never-used stack was dropped, how much was used is not known; nothing else may differ.
fn forget_unused(copy: &Value, original: &mut Value) {
    for (copy, original) in copy["threads"]
        .as_array()
        .expect("threads")
        .iter()
        .zip(original["threads"].as_array_mut().expect("threads"))
    {
        for stack in ["stack", "stack64"] {
            let committed = original[stack]["committed_bytes"].as_u64().unwrap_or(u64::MAX);
            let used = original[stack]["deepest_bytes"].as_u64();
            if copy[stack]["deepest_bytes"].is_null()
                && used.is_some_and(|used| used + (64 << 10) < committed)
            {
                original[stack]["deepest_bytes"] = Value::Null;
            }
        }
    }
}

/// The crate that everyone else reads minidumps with finds every stream that it found in the original.
fn opens_elsewhere(what: &str, original: Option<&[u8]>, copy: &[u8]) {
    let read = |bytes: &[u8]| {
        let dump = minidump::Minidump::read(bytes.to_vec()).expect("a minidump");
        let system = dump.get_stream::<minidump::MinidumpSystemInfo>().is_ok();
        let threads = dump.get_stream::<minidump::MinidumpThreadList<'_>>().map(|t| t.threads.len()).ok();
        let modules = dump.get_stream::<minidump::MinidumpModuleList>().map(|m| m.iter().count()).ok();
        let names = dump.get_stream::<minidump::MinidumpThreadNames>().is_ok();
        let exception = dump.get_stream::<minidump::MinidumpException<'_>>().is_ok();
        let map = dump.get_stream::<minidump::MinidumpMemoryInfoList<'_>>().map(|m| m.iter().count()).ok();
        let unloaded =
            dump.get_stream::<minidump::MinidumpUnloadedModuleList>().map(|m| m.iter().count()).ok();
        let misc = dump.get_stream::<minidump::MinidumpMiscInfo>().is_ok();
        let handles = dump.get_stream::<minidump::MinidumpHandleDataStream>().map(|h| h.iter().count()).ok();
        let memory = dump.get_memory().is_some();
        (system, threads, modules, names, exception, map, unloaded, misc, handles, memory)
    };
    let found = read(copy);
    if let Some(original) = original {
        assert_eq!(found, read(original), "{what}: the minidump crate");
    }
    // Header and directory: what is listed lies inside the file, one behind the other.
    let u32_at = |at: usize| u32::from_le_bytes(copy[at..at + 4].try_into().expect("four bytes")) as usize;
    assert_eq!((&copy[..4], u32_at(12)), (&b"MDMP"[..], 32), "{what}: header");
    let mut places: Vec<(usize, usize)> =
        (0..u32_at(8)).map(|i| (u32_at(32 + 12 * i + 8), u32_at(32 + 12 * i + 4))).collect();
    places.retain(|(rva, _)| *rva != u32::MAX as usize);
    places.sort_unstable();
    assert!(places.windows(2).all(|p| p[0].0 + p[0].1 <= p[1].0), "{what}: streams overlap");
    assert!(places.last().is_some_and(|(rva, size)| rva + size <= copy.len()), "{what}: streams outside");
}

fn check(what: &str, dump: &Dump, original: Option<&[u8]>) -> u64 {
    let wanted = said(dump);
    let (bytes, done) = trimmed(dump, PLAIN);
    opens_elsewhere(what, original, &bytes);
    let copy = open(bytes.clone());
    let found = said(&copy);
    let mut wanted = wanted;
    forget_unused(&found, &mut wanted);
    assert_eq!(found, wanted, "{what}");
    // Of a copy, a copy: it says the same, and loses no note.
    let (again, twice) = trimmed(&copy, PLAIN);
    let again = open(again);
    let comment = again.comment().expect("a comment").expect("a comment").text;
    assert!(comment.contains(&done.note) && comment.ends_with(&twice.note), "{what}: {comment}");
    assert!(twice.kept_bytes <= done.kept_bytes && twice.original_bytes == done.kept_bytes, "{what}");
    assert_eq!(said(&again), found, "{what}: the copy's copy");
    done.size_bytes
}

#[test]
fn the_report_of_a_copy_is_that_of_the_original() {
    let heaps = [
        presets::heaps::nt_win7_x86,
        presets::heaps::nt_win8_x86,
        presets::heaps::nt_win10_x86,
        presets::heaps::nt_win7_x64,
        presets::heaps::nt_win8_x64,
        presets::heaps::nt_win10_x64,
        presets::heaps::nt_24h2_x64,
        presets::heaps::nt_wow64,
        presets::heaps::page_heap_x86,
        presets::heaps::page_heap_x64,
        presets::heaps::segment_10240,
        presets::heaps::segment_1607,
        presets::heaps::segment_1703,
        presets::heaps::segment_2004,
        presets::heaps::segment_2004_x86,
        presets::heaps::segment_win11,
        presets::heaps::segment_2004_encoded_root,
        presets::heaps::segment_24h2,
    ];
    let mut presets =
        vec![presets::tiny(), presets::tiny_x86(), presets::tiny_bad_alloc(), presets::tiny_wow64()];
    presets.extend(heaps.iter().map(|preset| preset().0));
    presets.push(presets::full(2000, 64 << 20, 40, 60));
    let mut small = presets::tiny();
    (small.regions, small.memory_form) = (None, MemoryForm::MemoryList);
    presets.push(small);
    for (index, preset) in presets.iter().enumerate() {
        let (bytes, _) = preset.to_bytes();
        check(&format!("preset {index}"), &open(bytes.clone()), Some(&bytes));
    }
}

#[test]
fn fixtures_can_be_trimmed_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    for case in folder.read_dir().expect("fixtures/") {
        let path = case.expect("entry").path().join("dump.dmp");
        let bytes = fs::read(&path).expect("dump.dmp");
        check(&path.display().to_string(), &open(bytes.clone()), Some(&bytes));
    }
}

/// Dumps of other programs, where there are any: those that have nothing to warn of.
#[test]
fn known_dumps_give_the_same_report() {
    let Some(shared) = shared::shared() else { return };
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in ["dumps/public", "dumps/own", "dumps/programs"] {
        let entries = shared.join(folder).read_dir().into_iter().flatten();
        paths.extend(entries.map(|e| e.expect("entry").path()));
    }
    let scratch = tempfile::tempdir().expect("a folder");
    for path in &mut paths {
        let unpacked = scratch.path().join(path.file_stem().expect("a name"));
        if path.extension().is_some_and(|e| e == "zst") && shared::unpack(path, &unpacked) {
            *path = unpacked;
        }
    }
    paths.retain(|path| path.extension().is_some_and(|e| e == "dmp"));
    assert!(paths.len() > 15, "{} dumps", paths.len());
    for path in paths {
        let dump = Dump::open(FileSource::open(&path).expect("a file")).expect("a minidump");
        if dump.damage().is_empty() && dump.memory_damage().is_empty() {
            check(&path.display().to_string(), &dump, None);
        }
    }
}

#[test]
fn damage_is_told_of_the_copy_too() {
    for variant in damage::variants() {
        let name = variant.name;
        let Ok(dump) = Dump::open(variant.bytes) else { continue };
        let codes: Vec<&str> =
            dump.damage().iter().chain(dump.memory_damage()).map(dumplens_core::Damage::code).collect();
        for options in [PLAIN, REDACTED] {
            let mut out = Cursor::new(Vec::new());
            let done = trim(&dump, options, &mut out).unwrap_or_else(|error| panic!("{name}: {error}"));
            for code in codes.iter().take(16) {
                assert!(done.note.contains(&format!("[{code}]")), "{name}: {code} in {}", done.note);
            }
            let copy = open(out.into_inner());
            let comment = copy.comment().expect("a comment").expect("a comment").text;
            assert!(comment.ends_with(&done.note), "{name}");
            let threads = |dump: &Dump| dump.threads().ok().flatten().map(|list| list.len());
            assert_eq!(threads(&copy), threads(&dump), "{name}: threads");
            let modules = |dump: &Dump| dump.modules().ok().flatten().map(|list| list.len());
            assert_eq!(modules(&copy), modules(&dump), "{name}: modules");
        }
    }
}

const COMMAND: &str = "--password=hunter2";
const ENVIRONMENT: &str = "correcthorsebattery";
const NARROW: &str = "narrow secret: violets";
const WIDE: &str = "wide secret: marigold";
const THROWN: &str = "what() told: nasturtium";
const OBJECT: &str = "C:\\secret\\plans.txt";
const PRIVATE: u32 = 0x7654_3210;

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Secrets wherever a process has them.
fn secretive(mut process: dumplens_synth::Process, x64: bool) -> dumplens_synth::Process {
    let (view, width) = if x64 { (X64, Width::W64) } else { (presets::tiny::X86, Width::W32) };
    let parameters = ProcessParameters {
        address: view.parameters(),
        image_path: "C:\\a.exe".into(),
        command_line: format!("a.exe {COMMAND}"),
        environment: vec![("API_KEY".into(), ENVIRONMENT.into())],
        ..ProcessParameters::default()
    };
    process.put(view.parameters(), &[0; 0x800]);
    process.put(view.parameters(), &parameters.to_bytes(width));
    // Below the frames of the crashed thread, where earlier calls left it; at odd places too.
    let top = view.stack_base(0);
    process.put(top - 0x2ff, NARROW.as_bytes());
    process.put(top - 0x282, &utf16(WIDE));
    process.put(view.parameters() - 0x103, THROWN.as_bytes());
    process.handles.push(Handle {
        type_name: Some("File".into()),
        object_name: Some(OBJECT.into()),
        ..Handle::default()
    });
    process.extra_streams.push((PRIVATE, COMMAND.as_bytes().to_vec()));
    process
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    let found = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    found(secret.as_bytes()) || found(&utf16(secret)) || {
        // Not even a part of it that says something.
        let part = &secret[secret.len() - 6..];
        found(part.as_bytes()) || found(&utf16(part))
    }
}

#[test]
fn redaction_leaves_frames_and_no_secrets() {
    for (preset, x64) in
        [(presets::tiny(), true), (presets::tiny_bad_alloc(), true), (presets::tiny_x86(), false)]
    {
        let (bytes, _) = secretive(preset, x64).to_bytes();
        let dump = open(bytes.clone());
        let (plain, _) = trimmed(&dump, PLAIN);
        let (redacted, done) = trimmed(&dump, REDACTED);
        for secret in [COMMAND, ENVIRONMENT, NARROW, WIDE, THROWN, OBJECT] {
            assert!(holds(&bytes, secret), "{secret}: was put in");
            assert!(!holds(&redacted, secret), "{secret} {x64}");
        }
        for secret in [COMMAND, ENVIRONMENT, NARROW, WIDE, OBJECT] {
            assert!(holds(&plain, secret), "{secret}: only redaction takes it out");
        }
        assert!(done.note.contains("; redacted: environment, command line"));
        assert!(done.note.contains("stream 0x76543210"), "{}", done.note);
        let wanted = said(&dump);
        assert!(wanted["threads"][0]["frames"].as_array().is_some_and(|frames| frames.len() > 2));
        assert_eq!(said(&open(redacted)), wanted, "secrets are no part of a report");
    }
}

#[test]
fn types_of_exceptions_survive_redaction() {
    let (bytes, _) = presets::tiny_bad_alloc().to_bytes();
    let (redacted, _) = trimmed(&open(bytes), REDACTED);
    assert!(redacted.windows(19).any(|window| window == b".?AVbad_alloc@std@@"));
}

/// Their codes and magic numbers are no pointers, and stay all the same.
#[test]
fn earlier_exceptions_survive_redaction() {
    let mut process = presets::tiny_bad_alloc();
    let thrown = process.exception.clone().expect("an exception");
    // A copy of the dump's own, with another object; and an access violation that is over.
    let [magic, object, rest @ ..] = &thrown.parameters[..] else { panic!("parameters of a throw") };
    let parameters = [&[*magic, object - 0x40][..], rest].concat();
    let earlier = dumplens_synth::Exception { parameters, ..thrown };
    process.put(X64.stack_base(0) - 0x140, &earlier.record_bytes(Width::W64));
    let over =
        dumplens_synth::Exception { code: 0xc000_0005, parameters: vec![1, 0x7654_3210_0000], ..earlier };
    process.put(X64.stack_base(0) - 0xa00, &over.record_bytes(Width::W64));
    let dump = open(process.to_bytes().0);
    let wanted = said(&dump);
    assert_eq!(wanted["threads"][0]["exceptions"].as_array().map(Vec::len), Some(2));
    assert_eq!(wanted["threads"][0]["exceptions"][0]["cpp_type"], "std::bad_alloc");
    for options in [PLAIN, REDACTED] {
        let copy = open(trimmed(&dump, options).0);
        assert_eq!(
            said(&copy)["threads"][0]["exceptions"],
            wanted["threads"][0]["exceptions"],
            "{options:?}"
        );
    }
}

#[test]
fn the_command_writes_one_file_and_overwrites_none() {
    let (bytes, _) = presets::tiny().to_bytes();
    let (folder, path) = write("big.dmp", &bytes);
    let small = folder.path().join("small.dmp");
    let told = run(&["trim", str(&path), str(&small)]);
    assert!(told.text().contains("Memory kept: "), "{}", told.stdout);
    let first = fs::read(&small).expect("a copy");
    let report = run(&["report", str(&small)]).json();
    let of_original = run(&["report", str(&path)]).json();
    assert_eq!(report["memory"], of_original["memory"]);
    assert_eq!(report["threads"], of_original["threads"]);

    for (to, why) in [(&small, "exists (--force replaces it)"), (&path, "is the dump itself")] {
        let refused = run(&["trim", str(&path), str(to)]);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
    let onto_itself = run(&["trim", str(&path), str(&path), "--force"]);
    assert!(onto_itself.code == Some(1) && onto_itself.stderr.contains("is the dump itself"));
    assert_eq!(fs::read(&path).expect("the dump"), bytes);

    fs::write(&small, b"something else").expect("a file");
    run(&["trim", str(&path), str(&small), "--force"]).text();
    assert_eq!(fs::read(&small).expect("a copy"), first);

    let nowhere = run(&["trim", str(&path), str(&folder.path().join("none/small.dmp"))]);
    assert_eq!(nowhere.code, Some(1));
    let mut names: Vec<_> =
        folder.path().read_dir().expect("folder").map(|e| e.expect("entry").file_name()).collect();
    names.sort();
    assert_eq!(names, ["big.dmp", "small.dmp"], "nothing else is left behind");
}

/// 4 GiB of memory that nobody asks for are neither read nor held.
#[test]
fn a_large_dump_is_trimmed_in_little_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, small) = (folder.path().join("large.dmp"), folder.path().join("small.dmp"));
    presets::full(20_000, 4 << 30, 20, 50).write_file(&path).expect("a sparse file");
    let done = run(&["trim", str(&path), str(&small)]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let size = fs::metadata(&small).expect("a copy").len();
    assert!(size < 8 << 20, "{size} bytes");
    assert!(done.peak < 64 << 20, "{} bytes resident", done.peak);
}
