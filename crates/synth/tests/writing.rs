//! The file layout, with literal offsets from the specification.

use std::fs;

use dumplens_synth::{
    Arch, Context, MEM_COMMIT, MEMORY_INFO_LIST_STREAM, MEMORY_LIST_STREAM, MEMORY64_LIST_STREAM, MemoryForm,
    Misc, Process, Range, Region, SystemMemory, THREAD_LIST_STREAM, Thread, VmCounters, presets,
};

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// Bytes of one stream of a process.
fn stream(process: &Process, stream_type: u32) -> Vec<u8> {
    let (bytes, layout) = process.to_bytes();
    let place = layout.stream(stream_type).unwrap();
    let entry = usize::try_from(place.entry).unwrap();
    assert_eq!(u32_at(&bytes, entry), stream_type);
    assert_eq!(u32_at(&bytes, entry + 4), place.size);
    assert_eq!(u32_at(&bytes, entry + 8), place.rva);
    bytes[place.rva as usize..(place.rva + place.size) as usize].to_vec()
}

#[test]
fn header_and_directory() {
    let (bytes, layout) = presets::tiny().to_bytes();
    assert_eq!(&bytes[..4], b"MDMP");
    assert_eq!(u16_at(&bytes, 4), 0xA793);
    assert_eq!(u32_at(&bytes, 8) as usize, layout.streams.len());
    assert_eq!(u32_at(&bytes, 0xC), 0x20);
    assert_eq!(u32_at(&bytes, 0x14), 1_700_000_600);
    assert_eq!(u64_at(&bytes, 0x18), 0x46_1826);
    let types: Vec<u32> = layout.streams.iter().map(|stream| stream.stream_type).collect();
    assert_eq!(types, [7, 15, 3, 17, 4, 14, 6, 12, 24, 11, 21, 22, 16, 9]);
    assert_eq!(layout.streams[1].entry, 0x20 + 12);
}

#[test]
fn memory_is_at_the_very_end_in_list_order() {
    let process = presets::tiny();
    let (bytes, layout) = process.to_bytes();
    let list = stream(&process, MEMORY64_LIST_STREAM);
    assert_eq!(u64_at(&list, 0), process.memory.len() as u64);
    assert_eq!(list.len(), 0x10 * (process.memory.len() + 1));
    assert_eq!(u64_at(&list, 8), layout.data_rva);
    assert_eq!(layout.data_rva % 0x1000, 0);
    assert_eq!(u64_at(&list, 16), process.memory[0].start);
    assert_eq!(u64_at(&list, 24), process.memory[0].size);
    let kept: u64 = process.memory.iter().map(|range| range.size).sum();
    assert_eq!(layout.data_rva + kept, bytes.len() as u64);
    let last = layout.streams.iter().map(|stream| stream.rva + stream.size).max().unwrap();
    assert!(u64::from(last) <= layout.data_rva);
}

#[test]
fn later_bytes_win_and_unkept_bytes_are_dropped() {
    let memory = vec![Range { start: 0x2000, size: 0x1800 }, Range { start: 0x3000, size: 0x10 }];
    let mut process = Process { memory, ..Process::default() };
    process.put(0x1FFE, b"abcdef");
    process.put(0x2002, b"XY");
    process.put(0x2FFE, b"edge");
    process.put(0x9000, b"nowhere");
    process.put(u64::MAX, b"top and round");
    let (bytes, layout) = process.to_bytes();
    let at = |va| usize::try_from(layout.offset_of(va).unwrap()).unwrap();
    assert_eq!(&bytes[at(0x2000)..at(0x2000) + 5], b"cdXY\0");
    assert_eq!(&bytes[at(0x2FFE)..at(0x2FFE) + 4], b"edge");
    assert_eq!(&bytes[bytes.len() - 0x10..bytes.len() - 0xE], b"ge");
    assert_eq!(layout.offset_of(0x1FFF), None);
    assert_eq!(bytes.len() as u64, layout.data_rva + 0x1810);
}

#[test]
fn memory_list_has_file_offsets() {
    let mut process = presets::tiny();
    process.memory_form = MemoryForm::MemoryList;
    let (bytes, layout) = process.to_bytes();
    let list = stream(&process, MEMORY_LIST_STREAM);
    assert_eq!(layout.stream(MEMORY64_LIST_STREAM), None);
    assert_eq!(list.len(), 4 + 16 * process.memory.len());
    assert_eq!(u64::from(u32_at(&list, 4 + 16 + 12)), layout.ranges[1].offset);
    let threads = stream(&process, THREAD_LIST_STREAM);
    let stack = u32_at(&threads, 4 + 0x24);
    assert_eq!(u64::from(stack), layout.offset_of(process.threads[0].stack_start).unwrap());
    assert!((stack as usize) < bytes.len());
    process.memory[0].size = 5 << 30;
    assert!(process.write_to(&mut std::io::Cursor::new(Vec::new())).is_err());
}

#[test]
fn a_region_is_48_bytes() {
    let region = Region {
        base: 0x11,
        allocation_base: 0x22,
        allocation_protect: 0x33,
        size: 0x44,
        state: MEM_COMMIT,
        protect: 0x66,
        kind: 0x77,
    };
    let list =
        stream(&Process { regions: Some(vec![region]), ..Process::default() }, MEMORY_INFO_LIST_STREAM);
    assert_eq!((u32_at(&list, 0), u32_at(&list, 4), u64_at(&list, 8)), (0x10, 0x30, 1));
    let entry = &list[0x10..];
    assert_eq!(entry.len(), 0x30);
    assert_eq!((u64_at(entry, 0), u64_at(entry, 8), u32_at(entry, 0x10)), (0x11, 0x22, 0x33));
    assert_eq!((u64_at(entry, 0x18), u32_at(entry, 0x20)), (0x44, 0x1000));
    assert_eq!((u32_at(entry, 0x24), u32_at(entry, 0x28)), (0x66, 0x77));
}

#[test]
fn misc_info_of_every_size() {
    for (size, flags) in [(24, 0x3), (44, 0x7), (232, 0xF7), (832, 0x1F7), (1364, 0x3F7)] {
        let misc =
            stream(&Process { misc: Some(Misc { size, ..Misc::default() }), ..Process::default() }, 15);
        assert_eq!(misc.len(), size as usize);
        assert_eq!((u32_at(&misc, 0), u32_at(&misc, 4), u32_at(&misc, 8)), (size, flags, 4242));
    }
    let misc = stream(&presets::tiny(), 15);
    assert_eq!(u32_at(&misc, 0x2C), 0x2000);
    assert_eq!(&misc[0xE8..0xEC], b"1\09\0");
    assert_eq!(u32_at(&misc, 0x550), 0x1234_5678);
}

#[test]
fn counters() {
    let system = SystemMemory { commit_limit: 0x1_2345_6789, ..SystemMemory::default() };
    let process = Process { system_memory: Some(system), ..Process::default() };
    let bytes = stream(&process, 21);
    assert_eq!(bytes.len(), 492);
    assert_eq!((u16_at(&bytes, 0), u16_at(&bytes, 2), u32_at(&bytes, 8)), (1, 0xF, 4096));
    assert_eq!((u64_at(&bytes, 0x84), u32_at(&bytes, 0xC8)), (0x1_2345_6789, 0x2345_6789));
    assert_eq!(u64_at(&bytes, 0x24), 0x7FFF_FFFE_FFFF);
    for (revision, size, private) in [(1, 0x50, 0x48), (2, 0x98, 0x58)] {
        let counters = VmCounters { revision, private_usage: 77, ..VmCounters::default() };
        let bytes = stream(&Process { vm_counters: Some(counters), ..Process::default() }, 22);
        assert_eq!((bytes.len(), u64_at(&bytes, private)), (size, 77));
    }
}

#[test]
fn contexts_have_their_registers_in_place() {
    let context = Context { general: vec![(0, 0xA), (3, 0xB), (7, 0xD)], ..Context::at(0x11, 0x22, 0x33) };
    let x86 = context.to_bytes(Arch::X86);
    assert_eq!(x86.len(), 0x2CC);
    assert_eq!((u32_at(&x86, 0xB8), u32_at(&x86, 0xC4), u32_at(&x86, 0xB4)), (0x11, 0x22, 0x33));
    assert_eq!((u32_at(&x86, 0xB0), u32_at(&x86, 0xA4), u32_at(&x86, 0x9C)), (0xA, 0xB, 0xD));
    let x64 = context.to_bytes(Arch::X64);
    assert_eq!(x64.len(), 1232);
    assert_eq!((u64_at(&x64, 0xF8), u64_at(&x64, 0x98), u64_at(&x64, 0xA0)), (0x11, 0x22, 0x33));
    assert_eq!((u64_at(&x64, 0x78), u64_at(&x64, 0x90), u64_at(&x64, 0xB0)), (0xA, 0xB, 0xD));
    let arm64 = context.to_bytes(Arch::Arm64);
    assert_eq!(arm64.len(), 0x390);
    assert_eq!((u64_at(&arm64, 0x108), u64_at(&arm64, 0x100), u64_at(&arm64, 0xF0)), (0x11, 0x22, 0x33));
}

#[test]
fn x86_addresses_can_be_sign_extended() {
    let mut process = presets::tiny_x86();
    process.sign_extend = true;
    let threads = stream(&process, THREAD_LIST_STREAM);
    assert_eq!(u64_at(&threads, 4 + 0x30 + 0x18), 0xFFFF_FFFF_0000_0000 | process.threads[1].stack_start);
    assert_eq!(u64_at(&threads, 4 + 0x10), process.threads[0].teb);
    let list = stream(&process, MEMORY64_LIST_STREAM);
    assert!((0..process.memory.len()).any(|n| u64_at(&list, 16 + 16 * n) == 0xFFFF_FFFF_A000_0000));
    assert!(process.to_bytes().1.offset_of(0xA000_0000).is_some());
}

#[test]
fn unused_entries_are_zero() {
    let process =
        Process { extra_streams: vec![(0, Vec::new()), (99, b"abc".to_vec())], ..Process::default() };
    let (bytes, layout) = process.to_bytes();
    assert_eq!(&bytes[0x20 + 12..0x20 + 24], &[0; 12]);
    assert_eq!(&bytes[layout.stream(99).unwrap().rva as usize..][..3], b"abc");
    assert_eq!(bytes.len() as u64, layout.file_size);
}

#[test]
fn a_large_dump_is_sparse() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("full.dmp");
    let process = presets::full(10_000, 2 << 30, 200, 300);
    let layout = process.write_file(&path).unwrap();
    assert_eq!(process.regions.as_ref().unwrap().len(), 10_000);
    assert_eq!(process.memory.iter().map(|range| range.size).sum::<u64>(), 2 << 30);
    assert_eq!(fs::metadata(&path).unwrap().len(), layout.file_size);
    let mut head = vec![0; usize::try_from(layout.data_rva).unwrap()];
    std::io::Read::read_exact(&mut fs::File::open(&path).unwrap(), &mut head).unwrap();
    let info = layout.stream(MEMORY_INFO_LIST_STREAM).unwrap().rva as usize;
    assert_eq!(u64_at(&head, info + 8), 10_000);
}

#[test]
fn full_meets_its_numbers() {
    for (regions, commit) in [(150, 640 << 10), (401, 16 << 20), (3002, 64 << 20), (9_999, 1 << 30)] {
        let process = presets::full(regions, commit, 3, 4);
        assert_eq!(process.regions.as_ref().unwrap().len(), regions);
        assert_eq!(process.memory.iter().map(|range| range.size).sum::<u64>(), commit);
    }
}

#[test]
fn regions_have_no_gaps() {
    for process in
        [presets::tiny(), presets::tiny_x86(), presets::tiny_wow64(), presets::full(5000, 64 << 20, 9, 9)]
    {
        let regions = process.regions.unwrap();
        assert_eq!((regions[0].base, regions[0].state), (0, 0x1_0000));
        assert!(regions.windows(2).all(|pair| pair[0].base + pair[0].size == pair[1].base));
        let last = regions.last().unwrap();
        let top = if process.arch == Arch::X86 { 0xFFFF_0000 } else { 0x7FFF_FFFF_0000 };
        assert_eq!((last.base + last.size, last.state), (top, 0x1_0000));
    }
}

#[test]
fn an_empty_process_has_the_system_stream_only() {
    let (bytes, layout) = Process { threads: vec![Thread::default()], ..Process::default() }.to_bytes();
    assert_eq!(layout.streams.iter().map(|s| s.stream_type).collect::<Vec<_>>(), [7, 3]);
    assert_eq!(bytes.len() as u64, layout.file_size);
}
