//! Parts of a dump, each in a file that is otherwise sound, so that every byte of the input counts.

use std::cell::RefCell;
use std::hint::black_box;

use dumplens_analyzer::Process;
use dumplens_core::process::heap::{BlockReader, Heap, Part};
use dumplens_core::process::{Peb, Teb, heap};
use dumplens_core::{Dump, MemoryInfo, Regions};
use dumplens_synth::presets::heaps::ALL;
use dumplens_synth::{Process as Written, Region};

use crate::MOST_BYTES;

/// The types of streams that are read.
pub(crate) const STREAMS: [u32; 16] = [3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 21, 24];
/// ProcessorArchitecture: x86, x64, ARM64, and one that nobody knows.
const PROCESSORS: [u16; 4] = [0, 9, 12, 77];
/// Where the stream begins in the file of [`streams`].
const AT: usize = 0x80;

/// One stream, alone with a SystemInfo. The first byte says which, the second of which processor; the rest is the stream,
/// at offset 0x80 of the file, so that offsets in it can lead to strings and records in it.
pub fn streams(bytes: &[u8]) {
    if let [stream, processor, contents @ ..] = bytes {
        let kind = STREAMS[usize::from(*stream) % STREAMS.len()];
        let processor = PROCESSORS[usize::from(*processor) % PROCESSORS.len()];
        crate::container(&file_of(kind, processor, contents));
    }
}

fn file_of(kind: u32, processor: u16, contents: &[u8]) -> Vec<u8> {
    // Header, two entries, and SystemInfo at 0x40.
    let mut file = Vec::with_capacity(AT + contents.len());
    for word in [0x504d_444d, 0xa793, 2, 0x20, 0, 0, 0, 0, kind, size32(contents), size32(&[0; AT])] {
        file.extend(word.to_le_bytes());
    }
    for word in [7, 0x38, 0x40_u32] {
        file.extend(word.to_le_bytes());
    }
    file.resize(0x40, 0);
    file.extend(processor.to_le_bytes());
    file.resize(AT, 0);
    file.extend_from_slice(contents);
    file
}

fn size32(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// A memory map of regions that are anything: eight bytes each say where it begins and how long it is, in pages of one
/// of four sizes, to which allocation it belongs, and what it is.
///
/// # Panics
///
/// If the map that is made of it is not sorted, has overlaps or gaps, or does not hold of each address what the rules of
/// its repair say.
pub fn memory_map(bytes: &[u8]) {
    if bytes.len() > MOST_BYTES / 8 {
        return;
    }
    let listed: Vec<Region> = bytes.chunks_exact(8).map(region).collect();
    let written = Written { regions: Some(listed.clone()), ..Written::default() };
    let Ok(dump) = Dump::open(written.to_bytes().0) else { return };
    let process = Process::gather(&dump);
    if !process.space.is_mapped() {
        return;
    }
    let mut end = 0;
    for piece in process.space.pieces() {
        assert!(piece.base == end && piece.size > 0, "a gap or an overlap at {end:#x}");
        end = piece.end();
    }
    for place in &listed {
        for address in [place.base, place.base.wrapping_add(place.size), place.base.wrapping_sub(1)] {
            let found = process.space.region_at(address).map(|r| (r.state.0, r.protect.0, r.kind.0));
            assert_eq!(found, expected(&listed, address), "at {address:#x}");
        }
    }
}

fn region(entry: &[u8]) -> Region {
    let number = |at: usize| u64::from(u16::from_le_bytes([entry[at], entry[at + 1]]));
    let shift = [12, 16, 32, 48][usize::from(entry[6] & 3)];
    let (state, kind) = [(0x1_0000, 0), (0x2000, 0x2_0000), (0x1000, 0x4_0000), (0x1000, 0x100_0000)]
        [usize::from(entry[6] >> 2 & 3)];
    let protect = 1 << (entry[7] & 7) | u32::from(entry[7] >> 7) << 8;
    Region {
        base: number(0) << shift,
        size: number(2) << shift,
        allocation_base: number(4) << shift,
        allocation_protect: 4,
        state,
        protect,
        kind,
    }
}

/// State, protection and type at an address, by the rules of the repair: of the regions with bytes, the one that begins
/// last at or below the address, and of those the first listed; behind its end, free up to the next region.
fn expected(listed: &[Region], address: u64) -> Option<(u32, u32, u32)> {
    let sound = || listed.iter().filter(|r| r.size > 0);
    let last = sound().map(|r| r.base).max()?;
    let wraps = |r: &Region| r.base == last && r.base.checked_add(r.size).is_none();
    let below = sound().filter(|r| r.base <= address).map(|r| r.base).max();
    let holder = below.and_then(|base| sound().find(|r| r.base == base)).filter(|r| !wraps(r));
    match holder.filter(|r| address - r.base < r.size) {
        Some(r) => Some((r.state, r.protect, r.kind)),
        // A last region that is left out leaves no gap before it.
        None => sound()
            .filter(|r| r.base > address)
            .any(|r| sound().find(|first| first.base == r.base).is_some_and(|first| !wraps(first)))
            .then_some((0x1_0000, 1, 0)),
    }
}

/// A dump with heaps, and where its memory begins in the file.
struct Scene {
    bytes: Vec<u8>,
    memory: usize,
}

thread_local! {
    static SCENES: RefCell<Vec<Option<Scene>>> = const { RefCell::new(Vec::new()) };
}

/// The heaps of a process that has some, after changes to its memory: the first byte says which process, each eleven bytes
/// behind it where a number is put, how many of its bytes, and which.
pub fn heaps(bytes: &[u8]) {
    let Some((scene, changes)) = bytes.split_first().filter(|(_, changes)| changes.len() < MOST_BYTES) else {
        return;
    };
    let number = usize::from(*scene) % ALL.len();
    let dump = SCENES.with_borrow_mut(|scenes| {
        scenes.resize_with(ALL.len(), || None);
        let scene = scenes[number].get_or_insert_with(|| scene_of(number));
        changed(scene, changes)
    });
    let Ok(dump) = Dump::open(dump) else { return };
    walk(&dump);
}

fn scene_of(number: usize) -> Scene {
    let (bytes, layout) = (ALL[number].1)().0.trimmed().to_bytes();
    Scene { memory: usize::try_from(layout.data_rva).unwrap_or(bytes.len()), bytes }
}

fn changed(scene: &Scene, changes: &[u8]) -> Vec<u8> {
    let mut bytes = scene.bytes.clone();
    let memory = bytes.get_mut(scene.memory..).unwrap_or_default();
    for change in changes.chunks_exact(11) {
        let place = u16::from_le_bytes([change[0], change[1]]);
        // Pages of heaps begin with what is worth changing; structures are aligned to four bytes.
        let at = usize::from(place) * 4 % memory.len().max(1);
        let size = [1, 2, 4, 8][usize::from(change[2] & 3)];
        for (to, from) in memory[at..].iter_mut().zip(&change[3..][..size]) {
            *to = *from;
        }
    }
    bytes
}

/// What `Process::gather` does for heaps, and all their blocks; nothing else.
///
/// # Panics
///
/// If a block lies in no part of its heap, or blocks take more bytes than there are.
fn walk(dump: &Dump) {
    let (Ok(Some(list)), Ok(Some(threads))) = (dump.memory_info(), dump.threads()) else { return };
    let regions: Vec<MemoryInfo> = list.regions.iter().collect();
    let map = Regions::from_iter(regions);
    let Some(thread) = threads.first() else { return };
    let Ok(teb) = Teb::read(dump.memory(), thread.teb, dump.width()) else { return };
    for teb in [Some(teb), teb.wow64()].into_iter().flatten() {
        let Ok(peb) = Peb::read(dump.memory(), teb.peb, teb.width) else { continue };
        for build in [peb.os_version.map(|version| u32::from(version.2)), None, Some(26100)] {
            let heaps = heap::walk(dump.memory(), &map, &peb, build);
            let reader = BlockReader::new(dump.memory(), &heaps.list);
            heaps.list.iter().for_each(|heap| blocks(&reader, heap));
        }
    }
}

fn blocks<'h>(reader: &BlockReader<'_, 'h>, heap: &'h Heap) {
    let mut taken = 0u64;
    for block in reader.blocks(heap) {
        let holds = |part: &Part| part.base <= block.start && block.start + block.taken <= part.end;
        assert!(heap.parts.iter().any(holds), "a block in no part: {block:x?}");
        taken += block.taken;
    }
    let room: u64 =
        heap.parts.iter().map(|part| part.end.saturating_sub(part.base)).fold(0, u64::saturating_add);
    assert!(taken <= room, "blocks take {taken:#x} of {room:#x} bytes");
    if let Some(part) = heap.parts.last() {
        black_box(reader.at(part.base));
    }
}
