//! PDBs that lie. Whatever the bytes, an answer or an error comes, in time and in bounded memory.
#![allow(clippy::print_stderr)]

use std::io::Cursor;
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

use dumplens_analyzer::Process;
use dumplens_analyzer::symbols::pdb::{PdbError, Reader, frames_at, size_of};
use dumplens_analyzer::symbols::{At, Search, SymbolWarning, Symbols};
use dumplens_synth as synth;
use dumplens_synth::damage::Random;

use crate::{AGE, BASE, GUID, IMIT, dump, id, needs, process_of};

const RVAS: [u32; 9] = [0, 0x1042, 0x109c, 0x1189, 0x1358, 0x1571, 0x1807, 0x4000, u32::MAX];
/// Longer than any single one takes, even in a debug build on a busy machine.
const HANG: Duration = Duration::from_secs(20);

/// A few bytes changed: single bits, small numbers, large numbers, or a piece copied from elsewhere.
fn mutate(random: &mut Random, bytes: &mut [u8]) {
    const NUMBERS: [u32; 8] = [0, 1, 2, 0x1000, 0x7fff_ffff, 0x8000_0001, 0xffff_fffe, u32::MAX];
    for _ in 0..=random.index(8) {
        let at = random.index(bytes.len() - 64);
        match random.index(4) {
            0 => bytes[at] ^= 1 << random.index(8),
            1 => bytes[at..at + 2]
                .copy_from_slice(&u16::try_from(random.index(0x2000)).expect("small").to_le_bytes()),
            2 => bytes[at..at + 4].copy_from_slice(&NUMBERS[random.index(8)].to_le_bytes()),
            _ => {
                let from = random.index(bytes.len() - 64);
                bytes.copy_within(from..from + 4 + random.index(60), at);
            }
        }
    }
}

/// The plain function, as a fuzz target would call it. The library below may panic, which [`Reader`] stops; hanging
/// and growing would be ours.
#[test]
fn changed_bytes_end_in_an_answer_or_an_error() {
    let quiet = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let (mut answered, mut refused, mut panicked, mut slowest) = (0, 0, 0, Duration::ZERO);
    for seed in 1..=1500_u64 {
        let mut random = Random::new(seed);
        let mut bytes = IMIT.to_vec();
        mutate(&mut random, &mut bytes);
        let started = Instant::now();
        match panic::catch_unwind(AssertUnwindSafe(|| frames_at(Cursor::new(&bytes), None, &RVAS))) {
            Ok(Ok(answers)) => {
                assert_eq!(answers.len(), RVAS.len());
                answered += 1;
            }
            Ok(Err(_)) => refused += 1,
            Err(_) => panicked += 1,
        }
        slowest = slowest.max(started.elapsed());
    }
    panic::set_hook(quiet);
    eprintln!(
        "{answered} answered, {refused} refused, {panicked} panics of the library, slowest {slowest:?}"
    );
    assert!(slowest < HANG, "{slowest:?}");
    assert!(answered > 0 && refused > 0, "the changes are neither all harmless nor all fatal");
}

/// A download that broke off. What is missing at the very end may belong to no stream that is read.
#[test]
fn a_pdb_cut_off_anywhere_is_refused() {
    let whole = frames_at(Cursor::new(IMIT), Some(id()), &RVAS).expect("frames");
    let mut refused = 0;
    for len in (0..IMIT.len()).step_by(997) {
        match frames_at(Cursor::new(&IMIT[..len]), Some(id()), &RVAS) {
            Err(_) => refused += 1,
            Ok(answers) => assert_eq!(answers, whole, "{len} bytes"),
        }
    }
    assert!(refused > 90, "{refused}");
}

#[test]
fn what_is_no_pdb_is_said_to_be_none() {
    let root = tempfile::tempdir().expect("a folder");
    for bytes in [&b""[..], b"MZ", &[0; 4096], b"Microsoft C/C++ MSF 7.00\r\n\x1a\x44\x53\0\0\0"] {
        std::fs::write(root.path().join("imit.pdb"), bytes).expect("a file");
        let dump = dump(&process_of(GUID, AGE, "imit.pdb"));
        let (sites, warnings) = crate::resolve(&dump, &[root.path()], BASE + 0x1358, At::Return);
        assert_eq!(sites.len(), 1, "the module is named all the same");
        assert!(matches!(warnings.as_slice(), [SymbolWarning::PdbUnreadable { .. }]), "{warnings:?}");
    }
}

/// A file of 8 GiB that takes no room on the disk.
#[test]
fn a_pdb_of_unlikely_length_is_not_read() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("imit.pdb");
    let file = std::fs::File::create(&path).expect("a file");
    if !needs::SPARSE_FILES.is_met() {
        return;
    }
    file.set_len(8 << 30).expect("a sparse file");
    assert_eq!(Reader::open(&path, id()).err(), Some(PdbError::TooLong { len: 8 << 30 }));
}

/// LF_FUNC_ID: length, 0x1601, scope, type, name. One of the scopes tried is the record itself, for which
/// pdb-addr2line alone would recurse until the stack ends.
#[test]
fn an_inline_function_inside_itself() {
    const INLINE: &[u8] = b"_Allocate_manually_vector_aligned\0";
    let is_id = |at: &usize| IMIT[at + 10..].starts_with(INLINE) && IMIT[*at..].starts_with(b"\x01\x16");
    let record = (0..IMIT.len() - 64).find(is_id).expect("the id");
    let (mut circles, mut fine) = (0, 0);
    for scope in 0x1000..0x1200_u32 {
        let mut bytes = IMIT.to_vec();
        bytes[record + 2..record + 6].copy_from_slice(&scope.to_le_bytes());
        let answers = frames_at(Cursor::new(&bytes), Some(id()), &[0x1807]).expect("an answer");
        match answers[0].refused.as_slice() {
            [] => fine += 1,
            [why] => {
                assert!(why.contains("leads in circles"), "{why}");
                circles += 1;
            }
            more => panic!("{more:?}"),
        }
        let last = answers[0].found.as_ref().and_then(|f| f.frames.last()).expect("a function");
        assert!(last.function.as_deref().is_some_and(|f| f.contains("_Emplace_reallocate")), "{last:?}");
    }
    assert!(circles > 0 && fine > 0, "{circles} {fine}");
}

/// S_GPROC32: length, kind, parent, end at +8, next, three lengths, type, offset, section, flags, name at +39.
#[test]
fn a_procedure_that_ends_before_it_begins() {
    let procedures = [b"telemetry::capture".as_slice(), b"telemetry::fragment", b"main"];
    let mut ends: Vec<usize> = procedures.iter().filter_map(|name| position_of_procedure(name)).collect();
    ends.sort_unstable();
    let [first, second, ..] = ends[..] else { panic!("{ends:?}") };
    let mut bytes = IMIT.to_vec();
    bytes[first..first + 4].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    bytes[second..second + 4].copy_from_slice(&4_u32.to_le_bytes());
    let answers = frames_at(Cursor::new(&bytes), Some(id()), &RVAS).expect("answers");
    let refused: Vec<&String> = answers.iter().flat_map(|a| &a.refused).collect();
    assert!(matches!(refused.as_slice(), [why] if why.contains("ends before it begins")), "{refused:?}");
    let names: Vec<Option<&str>> = answers
        .iter()
        .filter_map(|a| a.found.as_ref()?.frames.last().map(|f| f.function.as_deref()))
        .collect();
    assert!(names.contains(&Some("main")), "public names are left: {names:?}");
}

/// S_INLINESITE: length, 0x114d, parent, end, inlinee. The object file's symbols begin at offset 0xc000 of the file.
#[test]
fn inline_functions_nested_too_deep() {
    const SYMBOLS: usize = 0xc000;
    const LAST_END: u32 = 0x2e14;
    let end = position_of_procedure(b"telemetry::capture").expect("a procedure");
    let from = position_of_procedure(b"telemetry::fragment").expect("the next one") - 8;
    let until = position_of_procedure(b"std::_Xlength_error").expect("a later one") - 8;
    let site =
        (SYMBOLS..IMIT.len()).find(|at| IMIT[at + 2..].starts_with(b"\x4d\x11")).expect("an inline function");
    let inner_end = u32::try_from(until - SYMBOLS).expect("an offset").to_le_bytes();
    let inlinee = &IMIT[site + 12..site + 16];
    let nested = |depth: usize| {
        let mut bytes = IMIT.to_vec();
        bytes[end..end + 4].copy_from_slice(&LAST_END.to_le_bytes());
        let mut sites = Vec::new();
        for _ in 0..depth {
            sites.extend([&[14, 0, 0x4d, 0x11, 0, 0, 0, 0][..], &inner_end, inlinee].concat());
        }
        let rest = until - from - sites.len();
        sites.extend(u16::try_from(rest - 2).expect("a record").to_le_bytes());
        sites.extend([7, 0]); // S_SKIP
        bytes[from..from + sites.len()].copy_from_slice(&sites);
        let answers = frames_at(Cursor::new(&bytes), Some(id()), &[0x1189]).expect("answers");
        answers[0].refused.clone()
    };
    assert_eq!(nested(256), [""; 0], "as deep as is let through");
    let refused = nested(257);
    assert!(matches!(refused.as_slice(), [why] if why.contains("256 deep")), "{refused:?}");
}

/// The types begin at offset 0x8000 of the file, in two pages that lie one behind the other: a header of 0x38 bytes, then
/// for each type its length, its kind and what belongs to the kind.
const TYPES: usize = 0x8000;
const LF_ARGLIST: u16 = 0x1201;
const LF_FIELDLIST: u16 = 0x1203;

/// Index of each type of a kind, and where its contents begin in the file.
fn types_of_kind(kind: u16) -> Vec<(u32, usize)> {
    let number = |at: usize| u16::from_le_bytes([IMIT[at], IMIT[at + 1]]);
    let (mut at, mut found) = (TYPES + 0x38, Vec::new());
    for index in 0x1000..0x1092 {
        if number(at + 2) == kind {
            found.push((index, at + 4));
        }
        at += 2 + usize::from(number(at));
    }
    found
}

fn put(bytes: &mut [u8], at: usize, number: u32) {
    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
}

/// pdb2 would ask for 17 GB for each of these lists.
#[test]
fn lists_of_more_arguments_than_they_have() {
    let lists = types_of_kind(LF_ARGLIST);
    assert_eq!(lists.len(), 19);
    let mut bytes = IMIT.to_vec();
    for (_, at) in &lists {
        put(&mut bytes, *at, u32::MAX);
    }
    let sound = frames_at(Cursor::new(IMIT), None, &RVAS).expect("frames");
    assert_eq!(frames_at(Cursor::new(&bytes), None, &RVAS).expect("frames"), sound);
    assert_eq!(
        size_of(Cursor::new(&bytes), None, "std::bad_alloc"),
        size_of(Cursor::new(IMIT), None, "std::bad_alloc")
    );
    assert_eq!(size_of(Cursor::new(&bytes), None, "std::bad_alloc"), Ok(Some(24)));
}

/// pdb2 would ask for 2 GB for a table of them.
#[test]
fn more_types_than_there_are() {
    for (highest, fine) in [(0x1091, true), (0x1092, true), (0x1093, false), (u32::MAX, false)] {
        let mut bytes = IMIT.to_vec();
        put(&mut bytes, TYPES + 12, highest);
        let answers = frames_at(Cursor::new(&bytes), None, &RVAS);
        assert_eq!(answers.is_ok(), fine, "{highest:#x}: {answers:?}");
    }
}

/// A list of fields in which each field is such a list would be followed until the stack ends.
#[test]
fn a_function_whose_type_is_a_list() {
    let (lists, longest) = (types_of_kind(LF_FIELDLIST), 90);
    let (index, at) = lists[1];
    let mut bytes = IMIT.to_vec();
    bytes[at..at + longest - 2].as_chunks_mut().0.iter_mut().for_each(|f| *f = LF_FIELDLIST.to_le_bytes());
    let end = position_of_procedure(b"main").expect("a procedure");
    put(&mut bytes, end + 20, index);
    let answers = frames_at(Cursor::new(&bytes), None, &[0x1358]).expect("answers");
    assert!(matches!(answers[0].refused.as_slice(), [why] if why.contains("is a list")), "{answers:?}");
}

/// Offset of a procedure's field `end`, by its kind and name.
fn position_of_procedure(name: &[u8]) -> Option<usize> {
    let name = [name, b"\0"].concat();
    let starts = (39..IMIT.len() - name.len()).filter(|at| IMIT[*at..].starts_with(&name));
    starts.map(|at| at - 39).find(|at| matches!(IMIT[at + 2..at + 4], [0x10, 0x11])).map(|at| at + 8)
}

/// 16 MiB of names are given out, and then only modules: many frames can lie in functions of long names.
#[test]
fn long_names_end_once_they_are_too_much() {
    let base = 0x7ff6_0000_0000;
    let image = synth::pe::Image {
        width: synth::Width::W64,
        base,
        functions: vec![synth::pe::Function { rva: 0x1000, code: vec![0xcc; 16], unwind: None }],
        exports: vec![synth::pe::Export::At("x".repeat(4000), 0x1000)],
        ..synth::pe::Image::default()
    };
    let bytes = image.to_bytes();
    let size = u32::try_from(bytes.len()).unwrap();
    let mut process = synth::Process {
        memory: vec![synth::Range { start: base, size: size.into() }],
        modules: vec![synth::Module { base, size, path: "C:\\long.exe".into(), ..synth::Module::default() }],
        ..synth::Process::default()
    };
    process.put(base, &bytes);
    let dump = dump(&process);
    let process = Process::gather(&dump);
    let mut symbols = Symbols::new(&process, Search::default());
    let named =
        (0..6000).take_while(|_| symbols.resolve(base + 0x1004, At::Instruction)[0].function.is_some());
    assert_eq!(named.count(), (16 << 20) / 4000);
    let sites = symbols.resolve(base + 0x1004, At::Instruction);
    assert_eq!((sites.len(), sites[0].module.as_str(), sites[0].offset), (1, "long", Some(0x1004)));
    assert_eq!(symbols.take_warnings(), [SymbolWarning::NamesInAll], "once");
}

/// 64 MiB of exports are read and held, however many modules there are: here 17 that each have 4 MB of names.
#[test]
fn many_long_exports_end_once_they_are_too_much() {
    const MODULES: u64 = 17;
    let mut image = synth::pe::Image {
        width: synth::Width::W64,
        functions: vec![synth::pe::Function { rva: 0x1000, code: vec![0xcc; 16], unwind: None }],
        // Each has an address of its own, so that none is dropped as another name of the same.
        exports: (0..1000).map(|n| synth::pe::Export::At(format!("{n:04000}"), 0x1000 + n)).collect(),
        ..synth::pe::Image::default()
    };
    let mut process = synth::Process::default();
    for n in 0..MODULES {
        image.base = 0x1_0000_0000 + (n << 24);
        let bytes = image.to_bytes();
        let size = u32::try_from(bytes.len()).unwrap();
        process.memory.push(synth::Range { start: image.base, size: size.into() });
        process.modules.push(synth::Module {
            base: image.base,
            size,
            path: format!("{n}.dll"),
            ..Default::default()
        });
        process.put(image.base, &bytes);
    }
    let dump = dump(&process);
    let process = Process::gather(&dump);
    let mut symbols = Symbols::new(&process, Search::default());
    let named = |n: u64| {
        let site = symbols.resolve(0x1_0000_1000 + (n << 24), At::Instruction).remove(0);
        site.function.is_some()
    };
    let named = (0..MODULES).map(named).collect::<Vec<_>>();
    // Each is read, 4 MB, and held, the same again.
    assert_eq!(named.iter().position(|named| !named), Some(8));
    assert!(!named[8..].contains(&true), "and then none is read");
    assert_eq!(symbols.take_warnings(), [SymbolWarning::ExportsInAll], "once");
}
