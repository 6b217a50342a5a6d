//! What `dumplens summary` is measured against: its totals, the short way, on the `minidump` crate. Of its usage
//! rows those that the module list gives: Free, Image, and the rest in one.
#![allow(clippy::print_stdout, reason = "it prints its totals")]

use std::collections::BTreeMap;
use std::error::Error;

use minidump::{Minidump, MinidumpMemory64List, MinidumpMemoryInfoList, MinidumpModuleList};

const MEM_COMMIT: u32 = 0x1000;
const MEM_FREE: u32 = 0x1_0000;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: minidump_totals DUMP")?;
    let dump = Minidump::read_path(path)?;
    let list = dump.get_stream::<MinidumpMemoryInfoList>()?;
    let memory = dump.get_stream::<MinidumpMemory64List>()?;
    let modules = dump.get_stream::<MinidumpModuleList>()?;

    let (mut regions, mut total) = (0u64, 0);
    let [mut state, mut kind, mut protect] = [const { BTreeMap::<u32, u64>::new() }; 3];
    let (mut image, mut largest_free) = (0u64, (0, 0));
    for region in list.iter().map(|region| &region.raw) {
        let size = region.region_size;
        regions += 1;
        total += size;
        *state.entry(region.state).or_insert(0) += size;
        if region.state != MEM_FREE {
            *kind.entry(region._type).or_insert(0) += size;
            image += modules.module_at_address(region.base_address).map_or(0, |_| size);
        } else if size > largest_free.1 {
            largest_free = (region.base_address, size);
        }
        if region.state == MEM_COMMIT {
            *protect.entry(region.protection).or_insert(0) += size;
        }
    }

    println!("regions {regions} {total}");
    println!("usage Image {image}");
    for (name, rows) in [("state", state), ("type", kind), ("protect", protect)] {
        for (value, bytes) in rows {
            println!("{name} {value:#x} {bytes}");
        }
    }
    println!("largest-free {:#x} {}", largest_free.0, largest_free.1);
    println!("kept {} {}", memory.iter().count(), memory.iter().map(|range| range.size).sum::<u64>());
    Ok(())
}
