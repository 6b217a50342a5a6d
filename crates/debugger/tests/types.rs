//! Types and values out of a PDB: what Microsoft's engine printed for the process of `fixtures/imit64-append`, with the same
//! PDB.

mod support;

use std::path::PathBuf;

use dumplens_analyzer::symbols::Search;
use dumplens_debugger::Options;
use support::run_with;

/// A folder in which the program's PDB has its name; it is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("dumplens-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let pdb = concat!(env!("CARGO_MANIFEST_DIR"), "/../analyzer/tests/symbols/files/imit-x64.pdb");
        std::fs::copy(pdb, folder.join("imit.pdb")).expect("the PDB");
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn said(name: &str, options: Options, lines: &[&str]) -> Vec<String> {
    let folder = Folder::new(name);
    let search = Search { dirs: vec![folder.0.clone()], ..Search::default() };
    run_with("imit64-append", Options { search, ..options }, lines)
}

#[test]
fn parameters_locals_and_symbols_have_types_and_values() {
    let said = said(
        "types",
        Options::default(),
        &[".ecxr", "kp 4", "kP 4", ".frame 3", "dv", "dv /V", "x imit!main", "x imit!__security_cookie"],
    );
    assert!(said[1].ends_with("imit!operator new(unsigned int64 size = 0x240b5e7)+0x4c\n"), "{}", said[1]);
    assert!(said[1].contains("imit!__scrt_throw_std_bad_alloc(void)+0x32\n"), "{}", said[1]);
    assert!(
        said[2].ends_with("imit!operator new(\n\t\t\tunsigned int64 size = 0x240b5e7)+0x4c\n"),
        "{}",
        said[2]
    );
    assert_eq!(said[4], "           size = 0x240b5e7\n          block = <value unavailable>\n");
    assert_eq!(
        said[5],
        "@rsi              @rsi                         size = 0x240b5e7\n\
         <unavailable>     <unavailable>               block = <value unavailable>\n"
    );
    assert_eq!(said[6], "00000001`400011d0 imit!main (int, char **)\n");
    assert!(said[7].starts_with("00000001`40003008 imit!__security_cookie = "), "{}", said[7]);
}

/// `struct Chunk { unsigned char bytes[64]; Chunk *next; }`
#[test]
fn fields_are_listed_with_their_offsets() {
    let said =
        said("fields", Options::default(), &["dt telemetry::Chunk", "dt imit!nosuch", "dt imit!*Sample"]);
    assert_eq!(
        said[0],
        "imit!telemetry::Chunk\n   +0x000 bytes            : [64] UChar\n   +0x040 next             : Ptr64 telemetry::Chunk\n"
    );
    assert!(said[1].ends_with("Symbol imit!nosuch not found.\n"), "{}", said[1]);
    assert_eq!(said[2].lines().next(), Some("          imit!telemetry::Sample"));
}

#[test]
fn no_memory_shows_types_without_values() {
    let options = Options { no_memory: true, ..Options::default() };
    let said = said("no-memory", options, &["x imit!__security_cookie", "dv", ".ecxr", "kp 7"]);
    assert_eq!(said[0], "00000001`40003008 imit!__security_cookie = unsigned int64\n");
    assert!(said[1].contains("--no-memory"), "{}", said[1]);
    assert!(!said[3].contains("char ** argv = 0x"), "{}", said[3]);
}
