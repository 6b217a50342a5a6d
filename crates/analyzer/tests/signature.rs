//! Signatures: what tells dumps apart, what does not, and that the id is the one of docs/signature.md.

use dumplens_analyzer::facts::Stacks;
use dumplens_analyzer::report::Report;
use dumplens_analyzer::symbols::Search;
use dumplens_analyzer::verdict::Cause;
use dumplens_analyzer::verdict::signature::SignatureReport;
use dumplens_analyzer::{Options, Process, Question};
use dumplens_core::{Dump, FileSource, Source};
use dumplens_synth::{self as synth, Exception, presets};

fn of(source: impl Source + 'static) -> SignatureReport {
    let dump = Dump::open(source).expect("a dump that opens");
    let report = Report::answer(&Process::gather(&dump), Question::Why, &Options::default());
    report.signature.expect("a signature")
}

fn signature(process: &synth::Process) -> SignatureReport {
    of(process.to_bytes().0)
}

/// Nothing was refused before.
fn raised(code: u32, parameters: &[u64]) -> synth::Process {
    let mut process = presets::tiny();
    let teb = presets::tiny::X64.tebs[0];
    process.put(teb + 0x68, &[0; 4]);
    process.put(teb + 0x1250, &[0; 4]);
    let thread_id = process.threads[0].id;
    let context = process.threads[0].context.clone();
    process.exception =
        Some(Exception { thread_id, code, parameters: parameters.to_vec(), context, ..Exception::default() });
    process
}

/// The document's recipe, computed with another program:
/// `printf 'dumplens signature 2\nabort\n-\n-\n-\n-\napp+0x1004\napp+0x102e' | sha256sum | cut -c1-12`; for the family, ends in `app`.
#[test]
fn the_id_is_the_documents() {
    let mut abort = raised(0xc000_0409, &[7]);
    let frames = presets::tiny::X64.crashed_frames();
    let app = presets::tiny::X64.app;
    let made = signature(&abort);
    let offsets: Vec<u64> = made.frames.iter().map(|frame| frame.offset.0).collect();
    assert_eq!(offsets, [frames[0] - app, frames[1] - app], "the first two frames, both of app.exe");
    assert!(made.frames.iter().all(|frame| frame.module == "app"));
    assert_eq!((made.id.as_str(), made.family.as_str()), (ID, FAMILY));
    // No frame: the program.
    abort.threads.clear();
    abort.exception.as_mut().unwrap().context = None;
    let made = signature(&abort);
    assert_eq!((made.program.as_deref(), made.frames.len()), (Some("app.exe"), 0));
    assert_ne!(made.id, ID);
}

const ID: &str = "v2-9e8640045be0";
const FAMILY: &str = "v2-2d85a5ab650e";

#[test]
fn what_was_asked_for_counts_by_its_power_of_two() {
    let asked = |bytes: u64| signature(&raised(0xe000_0008, &[bytes]));
    let (small, same, more) = (asked(64 << 20), asked((128 << 20) - 1), asked(128 << 20));
    assert_eq!(small.size_class_bytes, Some(64 << 20));
    assert_eq!(small, same);
    assert_ne!(small.id, more.id);
    assert_eq!(asked(0).size_class_bytes, None);
    assert_eq!(asked(u64::MAX).size_class_bytes, Some(1 << 63));
}

#[test]
fn kind_code_and_frame_tell_dumps_apart() {
    let read = signature(&raised(0xc000_0005, &[0, 0x10]));
    // Which address, and whether it was read or written, is chance.
    assert_eq!(read.id, signature(&raised(0xc000_0005, &[1, 0x7777])).id);
    let mut ids = vec![
        read.id.clone(),
        signature(&raised(0xc000_0006, &[0, 0x10])).id,
        signature(&raised(0xc000_0409, &[2])).id,
        signature(&raised(0xc000_0409, &[3])).id,
        signature(&raised(0xc000_0094, &[])).id,
        signature(&presets::tiny_bad_alloc()).id,
    ];
    let mut elsewhere = raised(0xc000_0005, &[0, 0x10]);
    if let Some(context) = elsewhere.exception.as_mut().and_then(|e| e.context.as_mut()) {
        context.ip += 1;
    }
    let elsewhere = signature(&elsewhere);
    assert_eq!(elsewhere.family, read.family, "another build of the program may have moved it");
    ids.push(elsewhere.id);
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

/// Another folder, other letters, another time, another process: the same cause.
#[test]
fn chance_is_no_part_of_it() {
    let one = presets::tiny();
    let mut other = presets::tiny();
    for module in &mut other.modules {
        module.path = module.path.replace("C:\\Program Files\\Acme\\app.exe", "D:\\Build 7\\APP.EXE");
    }
    other.time_date_stamp += 86_400;
    assert_eq!(signature(&one), signature(&other));
}

/// A PDB names functions that alone say that memory was refused: the id is the same without it.
#[test]
fn names_take_no_part() {
    let pdb = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/symbols/files/imit-x64.pdb");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(pdb, folder.path().join("imit.pdb")).expect("a copy");
    let search = Search { dirs: vec![folder.path().to_owned()], ..Search::default() };
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/imit64-append/dump.dmp");
    let dump = Dump::open(FileSource::open(path.as_ref()).expect("a fixture")).expect("a dump");
    let process = Process::gather(&dump);
    let bare = Report::answer(&process, Question::Why, &Options::default());
    let named = Report::answer(&process, Question::Why, &Options { search, ..Options::default() });
    let (bare, named) = (bare.signature.expect("a signature"), named.signature.expect("a signature"));
    assert_eq!((&named.id, &named.family), (&bare.id, &bare.family));
    assert!(named.frames[0].function.is_some() && bare.frames[0].function.is_none(), "{named:?}");
}

#[test]
fn what_is_not_judged_has_none() {
    let dump = Dump::open(presets::tiny().to_bytes().0).expect("a dump");
    let process = Process::gather(&dump);
    let with = |question| Report::answer(&process, question, &Options::default()).signature;
    assert!(with(Question::Why).is_some() && with(Question::Everything).is_some());
    assert!(with(Question::Stacks(Stacks::All)).is_none() && with(Question::Lists).is_none());
}

/// The three real processes among the fixtures: the function that grew the vector, by its module and size class.
#[test]
fn real_processes() {
    let of = |name: &str| {
        let path = format!("{}/../../fixtures/{name}/dump.dmp", env!("CARGO_MANIFEST_DIR"));
        of(FileSource::open(path.as_ref()).expect("a fixture"))
    };
    let (append, huge, x86) = (of("imit64-append"), of("imit64-huge"), of("imit32-va"));
    for (signature, cause) in [
        (&append, "undetermined"),
        (&huge, "request_exceeds_address_space"),
        (&x86, "address_space_fragmented"),
    ] {
        assert_eq!(
            (signature.kind.name(), signature.cause.map(Cause::name)),
            ("allocation_failure", Some(cause))
        );
        assert_eq!(signature.frames[0].module, "imit");
    }
    assert!(append.id != huge.id && huge.id != x86.id && append.id != x86.id);
}
