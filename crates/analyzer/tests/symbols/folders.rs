//! Where PDBs are found, and which are refused.

use std::fs;
use std::path::{Path, PathBuf};

use dumplens_analyzer::Process;
use dumplens_analyzer::symbols::{At, Search, Source, SymbolWarning, Symbols};

use crate::{AGE, BASE, GUID, ID, IMIT, dump, process_of};

/// Whether the PDB is found below `root` when the record names `pdb`.
fn found(root: &Path, pdb: &str) -> (bool, Vec<SymbolWarning>) {
    let dump = dump(&process_of(GUID, AGE, pdb));
    let (sites, warnings) = crate::resolve(&dump, &[root], BASE + 0x1358, At::Return);
    (sites.iter().any(|s| s.source == Some(Source::Pdb) && s.function.as_deref() == Some("main")), warnings)
}

fn put(root: &Path, parts: &[&str], bytes: &[u8]) -> PathBuf {
    let path = parts.iter().fold(root.to_path_buf(), |path, part| path.join(part));
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(&path, bytes).expect("a file");
    path
}

#[test]
fn flat_folders_and_symbol_stores() {
    for layout in [
        &["imit.pdb"][..],
        &["imit.pdb", ID, "imit.pdb"],
        &["symbols", "exe", "imit.pdb"],
        &["exe", "imit.pdb"],
        &["IMIT.PDB"],
        &["Imit.pdb", "c366b240c26490514c4c44205044422e1", "IMIT.pdb"],
    ] {
        let root = tempfile::tempdir().expect("a folder");
        put(root.path(), layout, IMIT);
        assert_eq!(found(root.path(), "C:\\build\\imit.pdb"), (true, vec![]), "{layout:?}");
    }
}

/// The dump's own folder, among so many files that it is not listed.
#[test]
fn the_folder_of_many_dumps_has_pdbs_under_their_own_names() {
    let root = tempfile::tempdir().expect("a folder");
    for n in 0..1000 {
        put(root.path(), &[&format!("{n}.dmp")], b"");
    }
    let found = |tell_missing| {
        let dump = dump(&process_of(GUID, AGE, "C:\\build\\Imit.pdb"));
        let process = Process::gather(&dump);
        let beside = Some(root.path().to_owned());
        let mut symbols = Symbols::new(&process, Search { beside, tell_missing, ..Search::default() });
        let sites = symbols.resolve(BASE + 0x1358, At::Return);
        let found = sites.iter().any(|site| site.source == Some(Source::Pdb));
        (found, symbols.take_warnings().len())
    };
    assert_eq!(found(false), (false, 0));
    for layout in
        [&["Imit.pdb"][..], &["imit.pdb"], &["Imit.pdb", ID, "imit.pdb"], &["symbols", "exe", "Imit.pdb"]]
    {
        let file = put(root.path(), layout, IMIT);
        assert_eq!(found(false), (true, 0), "{layout:?}");
        let first = root.path().join(layout[0]);
        if first == file { fs::remove_file(file) } else { fs::remove_dir_all(first) }.expect("it is there");
    }
    // In another spelling it is found where somebody wants to know what is missing.
    put(root.path(), &["IMIT.PDB"], IMIT);
    let told = if cfg!(any(windows, target_os = "macos")) { true } else { found(false).0 };
    assert_eq!((told, found(true)), (cfg!(any(windows, target_os = "macos")), (true, 0)));
}

#[test]
fn a_store_may_hold_other_builds_beside_it() {
    let root = tempfile::tempdir().expect("a folder");
    put(root.path(), &["imit.pdb", "00000000000000000000000000000000A", "imit.pdb"], b"another");
    assert_eq!(found(root.path(), "imit.pdb"), (false, vec![]), "no file of this identity");
    put(root.path(), &["imit.pdb", ID, "imit.pdb"], IMIT);
    assert_eq!(found(root.path(), "imit.pdb"), (true, vec![]));
}

#[test]
fn another_build_is_named_and_refused() {
    let root = tempfile::tempdir().expect("a folder");
    let file = put(root.path(), &["imit.pdb"], IMIT).to_string_lossy().into_owned();
    let mut other = GUID;
    other[15] ^= 1;
    for (guid, age) in [(GUID, AGE + 1), (other, AGE)] {
        let dump = dump(&process_of(guid, age, "imit.pdb"));
        let (sites, warnings) = crate::resolve(&dump, &[root.path()], BASE + 0x1358, At::Return);
        assert!(sites.iter().all(|s| s.source != Some(Source::Pdb)), "{sites:?}");
        let [SymbolWarning::PdbMismatch { file: named, wanted, found }] = warnings.as_slice() else {
            panic!("{warnings:?}")
        };
        assert_eq!((named, found.as_str()), (&file, ID));
        assert_ne!(wanted, found);
    }
    let store = tempfile::tempdir().expect("a folder");
    put(store.path(), &["imit.pdb"], IMIT);
    let dump = dump(&process_of(GUID, AGE, "imit.pdb"));
    let wrong = tempfile::tempdir().expect("a folder");
    put(wrong.path(), &["imit.pdb"], b"Microsoft C/C++ MSF 7.00");
    let (sites, warnings) = crate::resolve(&dump, &[wrong.path(), store.path()], BASE + 0x1358, At::Return);
    assert_eq!((sites[0].source, warnings), (Some(Source::Pdb), vec![]), "the next folder has it");
}

/// The record is the dump's: it may name anything, but leads to no file outside the folders.
#[test]
fn a_hostile_name_leads_nowhere() {
    let root = tempfile::tempdir().expect("a folder");
    let inner = root.path().join("inner");
    fs::create_dir(&inner).expect("a folder");
    let outside = put(root.path(), &["imit.pdb"], IMIT);
    let absolute = outside.to_string_lossy().into_owned();
    for name in ["../imit.pdb", "..\\imit.pdb", absolute.as_str(), "/../imit.pdb", "x/../../imit.pdb"] {
        assert_eq!(found(&inner, name), (false, vec![]), "{name}");
    }
    for name in ["..", "a\\..", "C:imit.pdb", "a/", ""] {
        let (hit, warnings) = found(&inner, name);
        assert!(
            !hit && matches!(warnings.as_slice(), [SymbolWarning::PdbNameUnusable { .. }]),
            "{name}: {warnings:?}"
        );
    }
}

#[test]
fn what_cannot_be_searched_is_said_once() {
    let root = tempfile::tempdir().expect("a folder");
    let missing = root.path().join("missing");
    let (hit, warnings) = found(&missing, "imit.pdb");
    assert!(!hit && matches!(warnings.as_slice(), [SymbolWarning::FolderUnreadable { .. }]), "{warnings:?}");
    fs::create_dir(root.path().join("imit.pdb")).expect("a folder in place of the file");
    assert_eq!(found(root.path(), "imit.pdb"), (false, vec![]));
}
