//! Addresses of known dumps against the names that Microsoft's debugger printed for them: functions, offsets and
//! inline functions, out of PDBs and out of exports.
//!
//! The dumps lie in `shared` beside the project (or where `DUMPLENS_SHARED` points), and are never part of it. Without
//! them, and for packed ones without the `zstd` program, the test says that it is left out.
#![allow(clippy::print_stderr)]

#[path = "support/shared.rs"]
mod support;

use std::fs;
use std::path::Path;

use dumplens_analyzer::Process;
use dumplens_analyzer::symbols::{At, Search, Site, Source, Symbols};
use dumplens_core::pe::{ExportTarget, Image};
use dumplens_core::{Dump, FileSource};
use serde_json::Value;
use support::{shared, unpack};

/// A frame as the debugger printed it, with the inline functions above it.
struct Frame {
    ip: u64,
    at: At,
    inline: Vec<String>,
    site: String,
}

/// The debugger prints where a frame returns to: the address of the next one.
fn frames(thread: &Value, ip: u64) -> Vec<Frame> {
    let (mut ip, mut at, mut inline, mut frames) = (ip, At::Instruction, Vec::new(), Vec::new());
    for frame in thread["frames"].as_array().expect("frames") {
        let site = frame["site"].as_str().expect("a site").to_owned();
        if frame["inline"] == true {
            inline.push(site);
            continue;
        }
        frames.push(Frame { ip, at, inline: std::mem::take(&mut inline), site });
        let Some(ret) = frame["ret"].as_str() else { break };
        (ip, at) = (u64::from_str_radix(&ret[2..], 16).expect("an address"), At::Return);
    }
    frames
}

/// `module!function+0x12` in parts; a bare module's offset is from its base.
fn parts(site: &str) -> Option<(String, String, u64)> {
    let (module, rest) = site.split_once('!')?;
    let (function, offset) = rest.rsplit_once("+0x").unwrap_or((rest, "0"));
    Some((module.to_ascii_lowercase(), function.to_owned(), u64::from_str_radix(offset, 16).ok()?))
}

/// The debugger cuts a leading underscore off names that it has from exports.
fn same_function(wanted: &str, site: &Site) -> bool {
    let export = matches!(site.source, Some(Source::Export | Source::NearestExport));
    let bare = |found: &str| found == wanted || (export && found.strip_prefix('_') == Some(wanted));
    site.function.as_deref().is_some_and(bare)
}

/// Whether the image exports `name` at the address: one address may have several names, and which of them the debugger
/// shows follows no rule that is known.
fn is_exported_at(process: &Process<'_>, address: u64, name: &str) -> bool {
    let Some(module) = process.module_at(address).map(|index| &process.modules[index]) else { return false };
    let image = Image::read(process.dump.memory(), module.base, module.size).expect("an image");
    let exports = image.exports().expect("readable").unwrap_or_default();
    exports.iter().any(|export| {
        let here = matches!(export.target, ExportTarget::Rva(rva) if module.base + u64::from(rva) == address);
        here && export.name.is_some_and(|n| n == name || n.strip_prefix('_') == Some(name))
    })
}

/// The debugger leaves out the template arguments of inline functions.
fn without_arguments(name: &str) -> String {
    let mut depth = 0;
    name.chars()
        .filter(|c| {
            depth += i32::from(*c == '<');
            let keep = depth == 0;
            depth -= i32::from(*c == '>');
            keep
        })
        .collect()
}

#[derive(Default)]
struct Tally {
    pdb: [usize; 2],
    export: [usize; 2],
    other_names: usize,
    inline: [usize; 2],
    lines: usize,
    wrong: Vec<String>,
}

fn compare(dump: &Path, truth: &Value, symbols: &Path, tally: &mut Tally) {
    let opened = Dump::open(FileSource::open(dump).expect("a file")).expect("a minidump");
    let process = Process::gather(&opened);
    let mut resolver = Symbols::new(&process, Search { dirs: vec![symbols.to_owned()], ..Search::default() });
    for thread in truth["threads"].as_array().expect("threads") {
        let id = thread["tid"].as_u64().expect("an ID");
        let Some(index) = process.threads.iter().position(|t| u64::from(t.id) == id) else { continue };
        let Some(context) = opened.context(index) else { continue };
        for frame in frames(thread, context.ip) {
            let sites = resolver.resolve(frame.ip, frame.at);
            check(&process, &frame, &sites, tally);
        }
    }
    let warnings = resolver.take_warnings();
    assert!(warnings.is_empty(), "{}: {warnings:?}", dump.display());
}

fn check(process: &Process<'_>, frame: &Frame, sites: &[Site], tally: &mut Tally) {
    let Some((module, function, offset)) = parts(&frame.site) else { return };
    let Some(site) = sites.last() else {
        tally.wrong.push(format!("{:#x} {}: no module", frame.ip, frame.site));
        return;
    };
    let row = if site.source == Some(Source::Pdb) { &mut tally.pdb } else { &mut tally.export };
    row[1] += 1;
    let place = site.module.to_ascii_lowercase() == module && site.offset == Some(offset);
    if place && same_function(&function, site) {
        row[0] += 1;
    } else if place && is_exported_at(process, frame.ip - offset, &function) {
        tally.other_names += 1;
    } else {
        tally.wrong.push(format!("{:#x} {}: {site:?}", frame.ip, frame.site));
    }
    tally.lines += sites.iter().filter(|s| s.line.is_some() && s.file.is_some()).count();
    let wanted: Vec<String> = frame.inline.iter().filter_map(|s| Some(parts(s)?.1)).collect();
    let found: Vec<String> =
        sites.iter().filter(|s| s.inline).map(|s| s.function.clone().unwrap_or_default()).collect();
    tally.inline[1] += wanted.len();
    let same =
        wanted.iter().zip(&found).take_while(|(w, f)| without_arguments(w) == without_arguments(f)).count();
    tally.inline[0] += same;
    if same < wanted.len() || found.len() != wanted.len() {
        tally
            .wrong
            .push(format!("{:#x} inline in {}: wanted {wanted:?}, found {found:?}", frame.ip, frame.site));
    }
}

/// Dumps whose frames the debugger printed with names, and the folder of PDBs of their architecture.
const DUMPS: [(&str, &str); 6] = [
    ("imit64_append", "x64"),
    ("imit64_huge", "x64"),
    ("imit32_va", "x86"),
    ("ninja64", "x64"),
    ("cmake32", "x86"),
    ("mingw64_winebuiltin", "x64"),
];

#[test]
fn names_as_the_debugger_printed_them() {
    let Some(shared) = shared() else { return };
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let mut seen = 0;
    for (name, folder) in DUMPS {
        let mut tally = Tally::default();
        let dump = scratch.path().join(format!("{name}.dmp"));
        let file = format!("{name}.dmp.zst");
        if !["own", "programs"].iter().any(|f| unpack(&shared.join("dumps").join(f).join(&file), &dump)) {
            continue;
        }
        seen += 1;
        let truth = fs::read(shared.join("truth").join(format!("{name}.json"))).expect("truth");
        let truth = serde_json::from_slice(&truth).expect("truth in JSON");
        compare(&dump, &truth, &shared.join("dumps/symbols").join(folder), &mut tally);
        let Tally { pdb, export, other_names, inline, lines, wrong } = tally;
        eprintln!(
            "{name}: as the debugger {pdb:?} of PDBs, {export:?} of exports and {other_names} by another name of the \
             same address, {inline:?} inline functions; {lines} with file and line"
        );
        assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
        assert!(export[1] > 0, "{name}: something was compared");
        if name.starts_with("imit") {
            assert!(
                pdb[1] > 0 && inline[1] > 0 && lines >= pdb[1],
                "{name}: PDBs were compared, and have lines"
            );
        }
    }
    eprintln!("{seen} dumps compared");
}
