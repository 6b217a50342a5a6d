//! Symbol files of Breakpad, written by hand after the format's own description (docs/symbol_files.md of Breakpad).

use std::fs;
use std::path::Path;

use dumplens_analyzer::symbols::{At, Source, SymbolWarning, pdb};
use dumplens_core::Dump;

use super::*;

const FILE: &str = "\
MODULE windows x86_64 C366B240C26490514C4C44205044422E1 imit.pdb
FILE 0 c:\\src\\a.cpp
FILE 1 c:\\src\\inl.h
INLINE_ORIGIN 0 inlined(int)
FUNC 1040 20 8 outer(char const *)
INLINE 0 12 0 0 1048 8
1040 8 10 0
1048 8 77 1
1050 10 13 0
PUBLIC 1100 0 public_one
STACK CFI INIT 1040 20 .cfa: $rsp 8 + .ra: .cfa 8 - ^
";

fn shown(dump: &Dump, dir: &Path, rva: u64) -> Vec<String> {
    let (sites, warnings) = resolve(dump, &[dir], BASE + rva, At::Instruction);
    assert_eq!(warnings, []);
    let line = |site: Site| {
        let offset = site.offset.map(|offset| format!("+{offset:#x}")).unwrap_or_default();
        let place =
            site.file.map(|file| format!(" [{file} @ {}]", site.line.unwrap_or(0))).unwrap_or_default();
        format!("{}{offset}{place} {:?}", site.function.unwrap_or_default(), site.source)
    };
    sites.into_iter().map(line).collect()
}

#[test]
fn functions_inline_functions_and_lines() {
    let dump = dump(&process_of(GUID, AGE, "imit.pdb"));
    let folder = tempfile::tempdir().expect("a folder");
    // As Breakpad's stores have it, and flat, in any case of the letters.
    let store = folder.path().join("store").join("imit.pdb").join(ID);
    fs::create_dir_all(&store).expect("a folder");
    fs::write(store.join("imit.sym"), FILE).expect("a file");
    let flat = folder.path().join("flat");
    fs::create_dir(&flat).expect("a folder");
    fs::write(flat.join("IMIT.SYM"), FILE).expect("a file");
    for dir in [folder.path().join("store"), flat] {
        assert_eq!(
            shown(&dump, &dir, 0x1044),
            ["outer(char const *)+0x4 [c:\\src\\a.cpp @ 10] Some(SymbolFile)"]
        );
        assert_eq!(
            shown(&dump, &dir, 0x1049),
            [
                "inlined(int) [c:\\src\\inl.h @ 77] Some(SymbolFile)",
                "outer(char const *)+0x9 [c:\\src\\a.cpp @ 12] Some(SymbolFile)"
            ]
        );
        assert_eq!(
            shown(&dump, &dir, 0x105f),
            ["outer(char const *)+0x1f [c:\\src\\a.cpp @ 13] Some(SymbolFile)"]
        );
    }
}

/// A public name says where a function begins, and not where it ends: exports come first, and it is marked as a guess.
#[test]
fn public_names_are_guesses() {
    let mut process = process_of(GUID, AGE, "imit.pdb");
    process.memory.retain(|range| range.start < BASE || range.start > BASE + 0x10000);
    let dump = dump(&process);
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("imit.sym"), FILE).expect("a file");
    let (sites, _) = resolve(&dump, &[folder.path()], BASE + 0x1140, At::Instruction);
    assert_eq!(sites[0].function.as_deref(), Some("public_one"));
    assert_eq!((sites[0].offset, sites[0].source), (Some(0x40), Some(Source::NearestExport)));
}

#[test]
fn the_pdb_comes_first_and_other_builds_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("imit.sym"), FILE).expect("a file");
    let older = dump(&process_of(GUID, 7, "imit.pdb"));
    let (sites, warnings) = resolve(&older, &[folder.path()], BASE + 0x1044, At::Instruction);
    assert_ne!(sites[0].source, Some(Source::SymbolFile));
    assert!(
        matches!(warnings.as_slice(), [SymbolWarning::PdbMismatch { found, .. }] if found == ID),
        "{warnings:?}"
    );
    fs::write(folder.path().join("imit.pdb"), IMIT).expect("a file");
    let dump = dump(&process_of(GUID, AGE, "imit.pdb"));
    let (sites, _) = resolve(&dump, &[folder.path()], BASE + 0x1044, At::Instruction);
    assert_eq!(sites[0].source, Some(Source::Pdb));
}

#[test]
fn what_is_no_symbol_file_is_an_error() {
    let read = |text: &[u8]| pdb::sym_frames_at(std::io::Cursor::new(text.to_vec()), None, &[0x1049]);
    for wrong in ["", "MODULE", "MODULE windows x86 12 a.pdb\n", "FUNC 1 2 3 f\n", "\u{0}\u{1}"] {
        assert!(matches!(read(wrong.as_bytes()), Err(pdb::PdbError::Damaged(_))), "{wrong:?}");
    }
    // Its first line is right: what can be read behind it is.
    let head = FILE.lines().next().expect("a line");
    let odd = format!("{head}\nFUNC 1040 ffffffff 0 f\nFUNC 1041 ffffffffffffffff 0 g\nrubbish\n");
    let _ = read(odd.as_bytes());
    for end in 0..FILE.len() {
        let _ = read(&FILE.as_bytes()[..end]);
    }
}
