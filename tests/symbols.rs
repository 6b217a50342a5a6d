//! Symbols on the command line: where they are looked for, and what `at` and `report` show.

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;

use dumplens_synth::{CodeView, presets};
use support::{Run, dumplens, run_command, str};

const PDB: &[u8] = include_bytes!("../crates/analyzer/tests/symbols/files/imit-x64.pdb");
/// `{C366B240-C264-9051-4C4C-44205044422E}` by llvm-pdbutil, as it lies in memory.
const GUID: [u8; 16] =
    [0x40, 0xb2, 0x66, 0xc3, 0x64, 0xc2, 0x51, 0x90, 0x4c, 0x4c, 0x44, 0x20, 0x50, 0x44, 0x42, 0x2e];

/// A dump whose program names the PDB, in a folder of its own.
fn dump(age: u32) -> (tempfile::TempDir, String) {
    let mut process = presets::tiny();
    let app = process.modules.iter_mut().find(|m| m.base == presets::tiny::X64.app).expect("the program");
    app.size = 0x10000;
    app.code_view = Some(CodeView { guid: GUID, age, pdb: "imit.pdb".to_owned() });
    let (folder, path) = support::write("a.dmp", &process.to_bytes().0);
    let path = str(&path).to_owned();
    (folder, path)
}

fn folder_with_pdb() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("imit.pdb"), PDB).expect("a file");
    folder
}

/// `at` for an address that in the PDB is 0x32 into __scrt_throw_std_bad_alloc, line 12; in the image of the preset it
/// is 0x22 into the export AppWork.
fn at(dump: &str, args: &[&str], variable: Option<&str>) -> Run {
    let address = format!("{:x}", presets::tiny::X64.app + 0x1042);
    let mut command = dumplens(&[&["at", dump, &address], args].concat());
    command.envs(variable.map(|value| ("_NT_SYMBOL_PATH", value)));
    run_command(command)
}

const SHOWN: &str =
    "Symbol:                 app!__scrt_throw_std_bad_alloc+0x32 [/tmp/lab/wine/imit/imit.cpp @ 12]\n";

#[test]
fn folders_come_from_the_option_the_variable_and_the_dump() {
    let (beside, path) = dump(1);
    let pdbs = folder_with_pdb();
    let none = at(&path, &[], None);
    assert!(
        none.text().contains("Symbol:                 app!AppWork+0x22 (nearest export)\n"),
        "{}",
        none.stdout
    );
    assert!(at(&path, &["--symbols", str(pdbs.path())], None).text().contains(SHOWN));
    // What it prints, it takes.
    let named = ["at", &path, "app!__scrt_throw_std_bad_alloc+0x32", "--symbols", str(pdbs.path())];
    assert!(run_command(dumplens(&named)).text().contains(SHOWN));
    let store = format!("srv*{}*https://symbols.test/x", str(pdbs.path()));
    let by_variable = at(&path, &[], Some(&store));
    assert!(by_variable.text().contains(SHOWN), "{}", by_variable.stdout);
    assert!(by_variable.stdout.contains("[symbol_server_ignored]"), "{}", by_variable.stdout);
    assert!(by_variable.stdout.contains("'https://symbols.test/x'"), "{}", by_variable.stdout);
    fs::write(beside.path().join("IMIT.pdb"), PDB).expect("a file");
    assert!(at(&path, &[], None).text().contains(SHOWN));
}

/// A link beside the dump, to a PDB elsewhere: followed, but not where `mcp` names the folders that may be read.
#[cfg(unix)]
#[test]
fn links_out_of_the_folders_are_not_followed() {
    let (beside, path) = dump(1);
    let pdbs = folder_with_pdb();
    std::os::unix::fs::symlink(pdbs.path().join("imit.pdb"), beside.path().join("imit.pdb")).expect("a link");
    assert!(at(&path, &[], None).text().contains(SHOWN));
    let [beside, pdbs] = [beside.path(), pdbs.path()].map(|path| path.canonicalize().expect("a path"));
    let within = |roots: &[&Path]| {
        let roots: Vec<String> = roots.iter().map(|root| format!("--within={}", str(root))).collect();
        at(&path, &roots.iter().map(String::as_str).collect::<Vec<_>>(), None)
    };
    assert!(!within(&[&beside]).text().contains(SHOWN));
    assert!(within(&[&beside, &pdbs]).text().contains(SHOWN));
}

#[test]
fn another_build_is_named_with_both_identities() {
    let (_beside, path) = dump(2);
    let pdbs = folder_with_pdb();
    let run = at(&path, &["--symbols", str(pdbs.path()), "--format", "json"], None).json();
    assert_eq!(run["symbol"][0]["source"], "nearest_export");
    let warning = &run["warnings"][0];
    assert_eq!(warning["code"], "pdb_mismatch");
    let message = warning["message"].as_str().expect("a message");
    for part in ["imit.pdb", "C366B240C26490514C4C44205044422E1", "C366B240C26490514C4C44205044422E2"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn the_report_names_its_addresses() {
    let (_beside, path) = dump(1);
    let report = run_command(dumplens(&["report", &path])).json();
    let symbol = &report["exception"]["symbol"];
    assert_eq!(symbol.as_array().map(Vec::len), Some(1), "{symbol}");
    assert_eq!((&symbol[0]["module"], &symbol[0]["inline"]), (&"app".into(), &false.into()));
    let missing = Path::new(&path).with_file_name("missing");
    let report = run_command(dumplens(&["report", &path, "--symbols", str(&missing)])).json();
    let codes: Vec<&str> =
        report["warnings"].as_array().expect("warnings").iter().filter_map(|w| w["code"].as_str()).collect();
    assert_eq!(codes, ["symbol_folder_unreadable", "pdbs_not_found"]);
}

/// Nothing leaves the machine by accident.
#[test]
#[cfg(not(feature = "symbol-server"))]
fn a_symbol_server_needs_a_build_that_has_it() {
    let (_beside, path) = dump(1);
    let run = at(&path, &["--symbol-server", "https://symbols.test"], None);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.contains("without the feature symbol-server"), "{}", run.stderr);
}

#[test]
#[cfg(feature = "symbol-server")]
fn a_symbol_server_is_asked_where_it_is_named() {
    let (_beside, path) = dump(1);
    let cache = tempfile::tempdir().expect("a folder");
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let url = format!("http://{free}");
    let run = at(&path, &["--symbol-server", &url, "--symbol-cache", str(cache.path())], None);
    assert!(run.text().contains("[symbol_server_failed]"), "{}", run.stdout);
    assert_eq!(at(&path, &["--symbol-server", "ftp://x"], None).code, Some(2));
}

/// A folder of builds, each with its PDBs; and what is nowhere is named.
#[test]
fn folders_inside_the_folder_and_what_is_missing() {
    let (_beside, path) = dump(1);
    let builds = tempfile::tempdir().expect("a folder");
    let told = at(&path, &["--symbols", str(builds.path())], None);
    assert!(told.stdout.contains("not found in any of the folders: imit.pdb"), "{}", told.stdout);
    assert!(!at(&path, &[], None).stdout.contains("pdbs_not_found"));
    let one = builds.path().join("build-7");
    fs::create_dir(&one).expect("a folder");
    fs::write(one.join("imit.pdb"), PDB).expect("a file");
    let found = at(&path, &["--symbols", str(builds.path())], None);
    assert!(found.text().contains(SHOWN), "{}", found.stdout);
}
