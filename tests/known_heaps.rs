//! Heaps that Microsoft's own heap code made, against what it was asked for: every block, and whose memory it lies in.
//!
//! They lie in `shared` beside the project (or where `DUMPLENS_SHARED` points), and are never part of it. Without them,
//! and without the `zstd` program, the test says that it is left out.
#![allow(clippy::print_stderr)]

#[path = "support/shared.rs"]
mod support;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use dumplens_analyzer::facts::{LayoutProof, RegionReport};
use dumplens_analyzer::{Facts, Options, Process, Question};
use dumplens_core::process::heap::{BlockReader, BlockState};
use dumplens_core::{Dump, FileSource};
use serde_json::Value;
use support::{shared, unpack};

fn hex(text: &Value) -> u64 {
    let text = text.as_str().expect("a hex number");
    u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a hex number")
}

/// What was made: of a process with two PEBs, once for each.
fn truths(folder: &Path, name: &str, scratch: &Path) -> Vec<Value> {
    let read = |suffix: &str| {
        let path = scratch.join("truth.json");
        let packed = folder.join(format!("{name}.{suffix}.json.zst"));
        unpack(&packed, &path)
            .then(|| serde_json::from_slice(&fs::read(&path).expect("a file")).expect("JSON"))
    };
    ["truth", "truth32", "truth64"].into_iter().filter_map(read).collect()
}

#[test]
fn every_block_of_real_heaps() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("heaps");
    let Ok(entries) = fs::read_dir(&folder) else { return };
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let (mut wrong, mut seen) = (Vec::new(), 0);
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            entry.ok()?.file_name().into_string().ok()?.strip_suffix(".dmp.zst").map(str::to_owned)
        })
        .collect();
    names.sort();
    for name in names {
        let path = scratch.path().join("heaps.dmp");
        if !unpack(&folder.join(format!("{name}.dmp.zst")), &path) {
            return;
        }
        let truths = truths(&folder, &name, scratch.path());
        if !truths.is_empty() {
            seen += 1;
            let dump = Dump::open(FileSource::open(&path).expect("a file")).expect("a minidump");
            wrong.extend(compare(&dump, &truths).into_iter().map(|what| format!("{name}: {what}")));
        }
    }
    eprintln!("{seen} processes compared");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 0);
}

fn compare(dump: &Dump, truths: &[Value]) -> Vec<String> {
    let process = Process::gather(dump);
    let mut wrong = Vec::new();
    let facts = Facts::gather(&process, Question::Lists, &Options::default());
    for heap in &facts.heaps {
        let sound = heap.faults.is_empty() && heap.counters.agree != Some(false);
        if !sound || heap.basis != Some(LayoutProof::Verified) {
            wrong.push(format!("heap {} is not as it should be: {heap:?}", heap.handle));
        }
    }
    let reader = BlockReader::new(dump.memory(), &process.heaps.list);
    let mut found: HashMap<u64, (u64, u64)> = HashMap::new();
    for heap in &process.heaps.list {
        let mut blocks = reader.blocks(heap);
        let busy = blocks.by_ref().filter(|block| block.state == BlockState::Busy);
        for block in busy {
            if found.insert(block.address, (block.size, block.heap)).is_some() {
                wrong.push(format!("{:#x} is listed twice", block.address));
            }
        }
        wrong.extend(blocks.faults().iter().map(|fault| fault.fault.to_string()));
    }
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (mut known, mut handles) = (HashSet::new(), HashSet::new());
    for truth in truths {
        known.extend(list(&truth["other_busy_blocks"]).iter().map(|block| hex(&block["addr"])));
        for heap in list(&truth["heaps"]) {
            handles.insert(hex(&heap["handle"]));
            known.extend(list(&heap["rtlwalk"]["busy"]).iter().map(|block| hex(&block[0])));
        }
        for block in list(&truth["live"]) {
            let (address, heap) = (hex(&block["addr"]), hex(&block["heap"]));
            let size = block["size"].as_u64().expect("a size");
            known.insert(address);
            if found.get(&address) != Some(&(size, heap)) {
                wrong.push(format!(
                    "{address:#x}: wanted {size} bytes of {heap:#x}, found {:x?}",
                    found.get(&address)
                ));
            }
            // The usage of the first byte and of the last.
            for at in [address, address + size.max(1) - 1] {
                let region = process.space.piece_at(at).map(|piece| RegionReport::new(&process, &piece));
                let is_its_own = region.is_some_and(|region| {
                    let handle = format!("Handle: {heap:0digits$x};", digits = dump.width().bytes() * 2);
                    region.usage.starts_with("Heap")
                        && region.detail.is_some_and(|detail| detail.contains(&handle))
                });
                if !is_its_own {
                    wrong.push(format!("{at:#x} does not lie in memory of heap {heap:#x}"));
                }
            }
        }
    }
    let more = found.iter().filter(|(at, (_, heap))| handles.contains(heap) && !known.contains(at));
    wrong.extend(more.map(|(at, _)| format!("{at:#x} is no block")));
    wrong.truncate(5);
    wrong
}
