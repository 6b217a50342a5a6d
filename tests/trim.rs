//! `trim`: a small dump that gives the same report, and nothing that it should not hold.

#[path = "support/shared.rs"]
mod shared;
mod support;

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use dumplens_analyzer::facts::Stacks;
use dumplens_analyzer::{Facts, Options, Process, Question, Report, TrimOptions, Trimmed, trim};
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

/// A thread in a stack of 260 KiB whose lowest page the dump lacks, so that how deep it was ever used is not known; the
/// thrown object lies 255 KiB above the stack pointer.
fn deep() -> dumplens_synth::Process {
    const COMMITTED: u64 = 0x4_1000;
    let mut process = presets::full(4000, 64 << 20, 40, 60);
    let (teb, sp) = (process.threads[0].teb, process.threads[0].stack_start);
    let base = (sp | 0xf_ffff) + 1;
    for region in
        process.regions.iter_mut().flatten().filter(|region| region.allocation_base == base - 0x10_0000)
    {
        (region.state, region.kind, region.protect) = (0x1000, 0x2_0000, 0x04);
    }
    let kept = process.memory.iter_mut().find(|range| range.start + range.size == base).expect("its stack");
    (kept.start, kept.size) = (base - COMMITTED + 0x1000, COMMITTED - 0x1000);
    process.put(teb + 0x10, &(base - COMMITTED).to_le_bytes());
    let context = process.threads[0].context.as_mut().expect("a context");
    context.sp = base - COMMITTED + 0x1000;
    let app = presets::full::MODULES;
    process.put(base - 0x400, &[app + 0xb000, app + 0xb100, 0].map(u64::to_le_bytes).concat());
    process.exception.as_mut().expect("a throw").parameters[1] = base - 0x400;
    process
}

/// What was read stays, also where the answer was that nothing is known, and where no thread leads to it.
#[test]
fn nothing_that_was_read_is_lost() {
    let mut bare = presets::tiny_bad_alloc();
    bare.threads.clear();
    for (what, process) in [("a deep stack", deep()), ("no threads", bare)] {
        let bytes = process.to_bytes().0;
        let dump = open(bytes.clone());
        check(what, &dump, Some(&bytes));
        assert_eq!(said(&dump)["exception"]["cpp"]["what"], "bad allocation", "{what}");
    }
    let found = said(&open(deep().to_bytes().0))["threads"][0].clone();
    assert_eq!(found["stack"]["deepest_bytes"], Value::Null);
}

#[test]
fn fixtures_can_be_trimmed_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    for case in folder.read_dir().expect("fixtures/") {
        let path = case.expect("entry").path().join("dump.dmp");
        let bytes = fs::read(&path).expect("dump.dmp");
        let dump = open(bytes.clone());
        check(&path.display().to_string(), &dump, Some(&bytes));
        assert_eq!(judged(&open(trimmed(&dump, PLAIN).0)), judged(&dump), "{}", path.display());
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
        let mut wanted = said(&dump);
        assert!(wanted["threads"][0]["frames"].as_array().is_some_and(|frames| frames.len() > 2));
        // How deep a stack was used is told by whatever lies there.
        for thread in wanted["threads"].as_array_mut().expect("threads") {
            thread["stack"]["deepest_bytes"] = Value::Null;
        }
        wanted["dump"]["redacted"] = true.into();
        assert_eq!(said(&open(redacted)), wanted, "secrets are no part of a report");
    }
}

/// Texts as they lie in memory: of scripts whose letters, two by two, are addresses of 32 bits; and of one byte each.
fn texts() -> [Vec<u8>; 5] {
    let ascii = b"xQ7#vK2!zR9@wJ5$hM8%".to_vec();
    [utf16("密码是火星人与海"), utf16("Пароль_ёжика"), utf16("ñáéíóúÜÖΩß"), ascii, "пароль_ёжа".into()]
}

/// Writes a text over every word that is zero.
fn fill(process: &mut dumplens_synth::Process, text: &[u8], places: &[std::ops::Range<u64>]) {
    let (bytes, _) = process.to_bytes();
    let dump = open(bytes);
    for place in places {
        for at in place.clone().step_by(4).filter(|at| dump.memory().u32(*at) == Ok(0)) {
            let skip = usize::try_from(at % (text.len() as u64 & !3)).expect("short");
            process.put(at, &text[skip..skip + 4]);
        }
    }
}

/// Stacks, a heap, what a page of variables holds beside a type's name, the TEB's buffer for names: whatever is not proved
/// to be something else goes, also where it could be an address of the process.
#[test]
fn no_text_survives_redaction() {
    const RESERVE: u32 = 0x2000;
    for (preset, view) in
        [(presets::tiny(), X64), (presets::tiny_bad_alloc(), X64), (presets::tiny_x86(), presets::tiny::X86)]
    {
        for text in texts() {
            let mut process = preset.clone();
            // No address is free; and the image's page of variables is one that was written to.
            for region in process.regions.iter_mut().flatten() {
                if region.state == 0x1_0000 {
                    (region.state, region.kind, region.allocation_base) = (RESERVE, 0x2_0000, region.base);
                }
                if region.base == view.app + 0x2000 {
                    region.protect = 0x04;
                }
            }
            let stack = |n: usize| view.stack_base(n) - 0x3000..view.stack_base(n);
            let buffer = if view.width == Width::W64 { 0x1268 } else { 0xc00 };
            let names = view.tebs[0] + buffer..view.tebs[0] + buffer + 0x200;
            // Behind what names the thrown type.
            let data = view.app + 0x2a80..view.app + 0x3000;
            let heap = view.heap + 0x800..view.heap + 0x1000;
            fill(&mut process, &text, &[stack(0), stack(1), names, data, heap]);
            let dump = open(process.to_bytes().0);
            let redacted = trimmed(&dump, REDACTED).0;
            let pieces: Vec<&[u8]> = text.chunks_exact(4).collect();
            let left = |bytes: &[u8]| {
                bytes
                    .windows(4)
                    .filter(|window| pieces.contains(window))
                    .map(<[u8]>::to_vec)
                    .collect::<Vec<_>>()
            };
            assert!(left(&process.to_bytes().0).len() > 1000, "texts were put in");
            assert_eq!(left(&redacted), Vec::<Vec<u8>>::new(), "{}", String::from_utf8_lossy(&text));
            let frames = |dump: &Dump| -> Vec<Value> {
                let frames = said(dump)["threads"][0]["frames"].clone();
                frames.as_array().expect("frames").iter().map(|frame| frame["ip"].clone()).collect()
            };
            assert!(frames(&dump).len() > 2);
            assert_eq!(frames(&open(redacted)), frames(&dump));
        }
    }
}

/// The verdict with stacks: kind, cause, confidence, and bytes that were asked for.
fn judged(dump: &Dump) -> (Value, Value, Value, Value) {
    let process = Process::gather(dump);
    let report = Report::answer(&process, Question::Everything, &Options::default());
    let report = serde_json::to_value(report).expect("plain data");
    let of = |field: &str| report["verdict"][field].clone();
    (of("kind"), of("cause"), of("confidence"), report["verdict"]["allocation"]["requested_bytes"].clone())
}

/// What the verdict was proved by is no text, and stays; but for the objects of a managed heap, among which text lies. What
/// these proved is then not known, and not denied with certainty.
#[test]
fn redacted_fixtures_have_the_same_verdict() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let mut count = 0;
    for case in folder.read_dir().expect("fixtures/") {
        let path = case.expect("entry").path().join("dump.dmp");
        let dump = open(fs::read(&path).expect("dump.dmp"));
        let copy = open(trimmed(&dump, REDACTED).0);
        let (whole, left) = (judged(&dump), judged(&copy));
        let case = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        let kinds = match case {
            Some("managed-deadlock") => Some(("deadlock", "no_exception")),
            Some("managed-exception") => Some(("managed_exception", "other_exception")),
            _ => None,
        };
        match kinds {
            Some((of_whole, of_copy)) => {
                assert_eq!((whole.0, left.0, left.2), (of_whole.into(), of_copy.into(), "medium".into()));
            }
            None => assert_eq!(left, whole, "{}", path.display()),
        }
        count += 1;
    }
    assert!(count >= 13);
}

/// A size that another tool made zero is not known; it was not 0, and the cause is told all the same.
#[test]
fn a_request_of_nothing_is_no_size() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/story-commit-limit/dump.dmp");
    let mut bytes = fs::read(path).expect("dump.dmp");
    let (kind, cause, _, size) = judged(&open(bytes.clone()));
    let size = size.as_u64().expect("a size").to_le_bytes();
    let places: Vec<usize> =
        bytes.windows(8).enumerate().filter(|(_, window)| *window == size).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + 8].fill(0);
    }
    let found = judged(&open(bytes));
    assert_eq!((found.0, found.1, found.3), (kind, cause, Value::Null));
}

/// What a redacted copy left out is not read as 0: not by this copy, nor by a copy of it.
#[test]
fn what_was_redacted_is_unknown() {
    let (bytes, _) = secretive(presets::tiny(), true).to_bytes();
    let dump = open(bytes);
    let redacted = open(trimmed(&dump, REDACTED).0);
    let again = open(trimmed(&redacted, PLAIN).0);
    let twice = open(trimmed(&redacted, REDACTED).0);
    let place = X64.stack_base(0) - 0x300;
    for copy in [&redacted, &again, &twice] {
        assert!(dump.memory().u64(place).is_ok_and(|value| value != 0));
        let unread = copy.memory().u64(place).expect_err("it was left out");
        assert_eq!((unread.address, unread.why), (place, dumplens_core::Absence::Redacted));
        assert_eq!(copy.memory().available(place, 8), 0);
        assert_eq!(said(copy)["dump"]["redacted"], true);
        let frames = |dump: &Dump| said(dump)["threads"].clone();
        assert_eq!(frames(copy), frames(&redacted));
    }
    assert_eq!(said(&dump)["dump"]["redacted"], false);
}

/// A PDB's path names who built it: a redacted copy has the file's name alone, in the module list and in the image.
#[test]
fn folders_of_pdbs_are_left_out() {
    const FOLDER: &str = "C:\\Users\\jane.doe\\agent\\_work\\";
    let mut process = presets::tiny();
    let path = format!("{FOLDER}app.pdb");
    let record = dumplens_synth::CodeView { pdb: path.clone(), ..dumplens_synth::CodeView::default() };
    for module in &mut process.modules {
        module.code_view = Some(record.clone());
    }
    let dump = open(process.to_bytes().0);
    let (plain, redacted) = (trimmed(&dump, PLAIN).0, trimmed(&dump, REDACTED).0);
    assert!(holds(&plain, &path) && !holds(&redacted, FOLDER));
    for bytes in [plain, redacted] {
        let dump = open(bytes);
        let modules = said(&dump)["modules"].clone();
        assert!(modules.as_array().is_some_and(|all| all.iter().all(|module| module["pdb"] == "app.pdb")));
    }
    let options = Options { include_secrets: true, ..Options::default() };
    let asked = Facts::gather(&Process::gather(&dump), Question::Lists, &options);
    assert!(asked.modules.iter().all(|module| module.pdb.as_deref() == Some(path.as_str())));
}

/// A copy says that its original was cut off, and what of it.
#[test]
fn a_copy_of_a_cut_dump_says_so() {
    let (bytes, layout) = presets::tiny().to_bytes();
    let _ = layout;
    let whole = open(bytes.clone());
    let last = whole.memory().ranges().max_by_key(|range| range.offset).expect("memory");
    let cut = usize::try_from(last.offset + last.size / 2).expect("small");
    let dump = open(bytes[..cut].to_vec());
    let lost = last.start + last.size - 8;
    for options in [PLAIN, REDACTED] {
        let copy = open(trimmed(&dump, options).0);
        let again = open(trimmed(&copy, PLAIN).0);
        for copy in [&copy, &again] {
            let about = said(copy)["dump"].clone();
            assert_eq!(
                (&about["truncated"], &about["missing_bytes"]),
                (&true.into(), &(last.size / 2).into())
            );
            let unread = copy.memory().u64(lost).expect_err("it was cut off");
            assert_eq!(unread.why, dumplens_core::Absence::CutOff);
        }
    }
}

#[test]
fn a_copy_that_dropped_nothing_says_so() {
    let mut process = presets::tiny();
    (process.regions, process.handles) = (None, Vec::new());
    process.extra_streams.clear();
    let dump = open(process.to_bytes().0);
    let done = trimmed(&dump, PLAIN).1;
    assert_eq!(done.kept_bytes, done.original_bytes);
    assert!(done.note.contains("; nothing was dropped"), "{}", done.note);
    assert!(!done.note.contains("all other memory"), "{}", done.note);
    let large = open(presets::full(2000, 64 << 20, 40, 60).to_bytes().0);
    let done = trimmed(&large, PLAIN).1;
    assert!(done.note.contains("; dropped: all other memory"), "{}", done.note);
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

/// For programs: the sizes and the note that the text has.
#[test]
fn the_answer_as_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (folder.path().join("a.dmp"), folder.path().join("b.dmp"));
    presets::tiny_bad_alloc().write_file(&from).expect("a dump");
    let answer = run(&["trim", str(&from), str(&to), "--format", "json"]).json();
    let dump = Dump::open(FileSource::open(&from).expect("a file")).expect("a dump");
    let (bytes, done) = trimmed(&dump, PLAIN);
    assert_eq!(fs::read(&to).expect("the copy"), bytes);
    assert_eq!(answer["size_bytes"], bytes.len());
    assert_eq!(answer["kept_bytes"], done.kept_bytes);
    assert_eq!(answer["original_bytes"], done.original_bytes);
    assert_eq!(answer["note"], done.note);
    assert_eq!(answer["schema_version"], 2);
}
