//! Symbols: what a PDB and exports say of addresses, where PDBs are found, and PDBs that lie.
#![cfg(feature = "pdb")]

mod exports;
mod folders;
mod hostile;
mod names;
#[path = "../../../../tests/support/needs.rs"]
mod needs;
mod sym;
mod types;

use dumplens_analyzer::Process;
use dumplens_analyzer::symbols::{At, PdbId, Search, Site, SymbolWarning, Symbols};
use dumplens_core::Dump;
use dumplens_synth::{self as synth, CodeView, presets};

/// See `files/ORIGIN.md`.
const IMIT: &[u8] = include_bytes!("files/imit-x64.pdb");

/// Its GUID as it lies in memory, and its age, by llvm-pdbutil: `{C366B240-C264-9051-4C4C-44205044422E}`, 1.
const GUID: [u8; 16] =
    [0x40, 0xb2, 0x66, 0xc3, 0x64, 0xc2, 0x51, 0x90, 0x4c, 0x4c, 0x44, 0x20, 0x50, 0x44, 0x42, 0x2e];
const AGE: u32 = 1;
/// As a symbol store names the folder.
const ID: &str = "C366B240C26490514C4C44205044422E1";

fn id() -> PdbId {
    PdbId::from_memory(GUID, AGE)
}

/// The base of the module whose PDB is [`IMIT`].
const BASE: u64 = presets::tiny::X64.app;

/// A small dump in which the program is 0x10000 bytes long and names a PDB.
fn process_of(guid: [u8; 16], age: u32, pdb: &str) -> synth::Process {
    let mut process = presets::tiny();
    let app = process.modules.iter_mut().find(|m| m.base == BASE).expect("the program");
    app.size = 0x10000;
    app.code_view = Some(CodeView { guid, age, pdb: pdb.to_owned() });
    process
}

fn dump(process: &synth::Process) -> Dump {
    Dump::open(process.to_bytes().0).expect("a dump that opens")
}

/// Resolves one address of a dump with folders to search.
fn resolve(dump: &Dump, dirs: &[&std::path::Path], address: u64, at: At) -> (Vec<Site>, Vec<SymbolWarning>) {
    let process = Process::gather(dump);
    let dirs = dirs.iter().map(|dir| dir.to_path_buf()).collect();
    let mut symbols = Symbols::new(&process, Search { dirs, ..Search::default() });
    let sites = symbols.resolve(address, at);
    (sites, symbols.take_warnings())
}
