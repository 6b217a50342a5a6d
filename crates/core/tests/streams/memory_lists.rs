//! Memory64List and MemoryList: which addresses the dump keeps, and where in the file.

use dumplens_core::{Damage, MemoryRange, StreamType};
use dumplens_synth::{MemoryForm, Process, Range, presets};

use super::{open, open_changed, put, rva};

/// Two ranges that do not touch, each filled with its own byte.
fn two_ranges(memory_form: MemoryForm) -> Process {
    let memory =
        vec![Range { start: 0x1_0000, size: 0x1000 }, Range { start: 0x7fff_0000_0000, size: 0x2000 }];
    let mut process = Process { memory, memory_form, ..Process::default() };
    process.put(0x1_0000, &[0x11; 0x1000]);
    process.put(0x7fff_0000_0000, &[0x22; 0x2000]);
    process
}

#[test]
fn both_forms_give_the_same_memory() {
    for form in [MemoryForm::Memory64List, MemoryForm::MemoryList] {
        let process = two_ranges(form);
        let (dump, layout) = (open(&process), process.to_bytes().1);
        let memory = dump.memory();
        let ranges: Vec<_> = memory.ranges().collect();
        let wanted: Vec<_> = layout
            .ranges
            .iter()
            .map(|r| MemoryRange { start: r.start, size: r.size, offset: r.offset })
            .collect();
        assert_eq!(ranges, wanted);
        assert_eq!((memory.listed_bytes(), memory.missing_bytes()), (0x3000, 0));
        assert_eq!(memory.u64(0x1_0ff8), Ok(0x1111_1111_1111_1111));
        assert_eq!(memory.u64(0x7fff_0000_1ff8), Ok(0x2222_2222_2222_2222));
        assert_eq!(dump.memory_damage(), []);
    }
}

#[test]
fn a_dump_may_have_both_lists() {
    let mut process = two_ranges(MemoryForm::Memory64List);
    process.extra_streams = vec![(StreamType::MEMORY_LIST.0, vec![0; 20])];
    let dump = open_changed(&process, |bytes, layout| {
        let end = u32::try_from(bytes.len()).unwrap();
        bytes.extend_from_slice(&[0x33; 16]);
        let fields = [1_u32, 0x5_0000, 0, 16, end];
        put(bytes, rva(layout, StreamType::MEMORY_LIST), &fields.map(u32::to_le_bytes).concat());
    });
    assert_eq!(dump.memory().u32(0x5_000c), Ok(0x3333_3333));
    assert_eq!(dump.memory().u32(0x1_0000), Ok(0x1111_1111));
    assert_eq!(dump.memory().listed_bytes(), 0x3010);
    assert_eq!(dump.memory_damage(), []);
}

#[test]
fn without_a_list_nothing_is_kept() {
    let dump = open(&Process::default());
    assert_eq!(dump.memory().ranges().count(), 0);
    assert_eq!((dump.memory().listed_bytes(), dump.memory().missing_bytes()), (0, 0));
}

#[test]
fn a_count_beyond_the_bytes_is_clipped_to_them() {
    for (form, kind, at) in [
        (MemoryForm::Memory64List, StreamType::MEMORY64_LIST, 8),
        (MemoryForm::MemoryList, StreamType::MEMORY_LIST, 4),
    ] {
        let dump = open_changed(&two_ranges(form), |bytes, layout| {
            put(bytes, rva(layout, kind), &vec![0xff; at]);
        });
        let listed = if at == 8 { u64::MAX } else { u64::from(u32::MAX) };
        assert_eq!(dump.memory_damage(), [Damage::EntriesCut { stream: kind, listed, read: 2 }]);
        assert_eq!(dump.memory().u32(0x7fff_0000_0000), Ok(0x2222_2222));
    }
}

/// One byte missing at the end of the file costs that byte, not the memory.
#[test]
fn a_file_that_is_one_byte_short() {
    for form in [MemoryForm::Memory64List, MemoryForm::MemoryList] {
        let dump = open_changed(&two_ranges(form), |bytes, _| {
            bytes.pop();
        });
        assert_eq!(dump.memory_damage(), [Damage::MemoryCut { missing: 1, first: 0x7fff_0000_1fff }]);
        assert_eq!((dump.memory().listed_bytes(), dump.memory().missing_bytes()), (0x3000, 1));
        assert_eq!(dump.memory().u32(0x7fff_0000_1ff8), Ok(0x2222_2222));
    }
}

/// A range of an impossible size has no end in the file, so nothing behind it has a place; what is before it has.
#[test]
fn behind_an_impossible_size_the_ranges_have_no_place() {
    let mut process = two_ranges(MemoryForm::Memory64List);
    process.memory.push(Range { start: 0x7fff_1000_0000, size: 0x1000 });
    let dump = open_changed(&process, |bytes, layout| {
        put(bytes, rva(layout, StreamType::MEMORY64_LIST) + 16 + 16 + 8, &u64::MAX.to_le_bytes());
    });
    let stream = StreamType::MEMORY64_LIST;
    assert!(dump.memory_damage().contains(&Damage::RangesUnplaced {
        stream,
        after: 0x7fff_0000_0000,
        count: 1
    }));
    assert_eq!(dump.memory().u32(0x1_0000), Ok(0x1111_1111));
    assert!(dump.memory().u32(0x7fff_1000_0000).is_err());
}

/// A size in the list that was made smaller moves everything behind it; that the contents then end before the
/// file does is the only sign.
#[test]
fn contents_that_end_early_are_reported() {
    let dump = open_changed(&two_ranges(MemoryForm::Memory64List), |bytes, _| bytes.extend([0; 4096]));
    let stream = StreamType::MEMORY64_LIST;
    assert_eq!(dump.memory_damage(), [Damage::MemorySurplus { stream, surplus: 4096 }]);
    // A stream behind the contents: they end where they should.
    let dump = open_changed(&two_ranges(MemoryForm::Memory64List), |bytes, _| {
        let long = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
        let mut entries = (0..long(8)).map(|n| long(12) + 12 * n);
        let entry = entries.find(|at| long(*at) == 7).expect("SystemInfoStream");
        let (size, from) = (long(entry + 4), long(entry + 8));
        let to = u32::try_from(bytes.len()).expect("a small dump");
        let mut moved = bytes[from..from + size].to_vec();
        moved.resize(4096, 0);
        bytes.extend(moved);
        put(bytes, entry + 8, &to.to_le_bytes());
    });
    assert_eq!(dump.memory_damage(), []);
}

/// A writer that was stopped leaves the streams that it had written by then, and a header that promises more.
#[test]
fn memory_that_the_header_promises_and_nothing_lists_is_reported() {
    let promised = |bytes: &mut Vec<u8>| bytes[24] |= 2; // MiniDumpWithFullMemory
    assert_eq!(open(&Process::default()).memory_damage(), []);
    let unfinished = open_changed(&Process::default(), |bytes, _| promised(bytes));
    assert_eq!(unfinished.memory_damage(), [Damage::MemoryUnlisted]);
    assert_eq!(open(&two_ranges(MemoryForm::Memory64List)).memory_damage(), []);
}

/// A list long enough to be held in samples answers as a short one does.
#[test]
fn forty_thousand_ranges() {
    let memory: Vec<_> = (0..40_000).map(|i| Range { start: 0x10_0000 + 0x40 * i, size: 0x10 }).collect();
    let mut process = Process { memory, ..Process::default() };
    for i in [0, 1, 63, 64, 65, 39_999] {
        process.put(0x10_0000 + 0x40 * i, &i.to_le_bytes());
    }
    let dump = open(&process);
    for i in [0, 39_999, 64, 63, 65, 1] {
        assert_eq!(dump.memory().u64(0x10_0000 + 0x40 * i), Ok(i));
    }
    assert!(dump.memory().u64(0x10_0000 + 0x10).is_err());
    assert!(dump.memory().u64(0x10_0000 - 8).is_err());
    assert!(dump.memory().u64(0x10_0000 + 0x40 * 40_000).is_err());
    assert_eq!(dump.memory().listed_bytes(), 640_000);
    let ranges: Vec<_> = dump.memory().ranges().map(|r| (r.start, r.size)).collect();
    assert_eq!(ranges, process.memory.iter().map(|r| (r.start, r.size)).collect::<Vec<_>>());
}

/// Ranges that touch are one, also where one sample ends and the next begins.
#[test]
fn forty_thousand_ranges_that_touch() {
    let gap = |i: u64| 0x1000 * u64::from(i >= 20_000);
    let memory = (0..40_000).map(|i| Range { start: 0x10_0000 + 0x10 * i + gap(i), size: 0x10 }).collect();
    let dump = open(&Process { memory, ..Process::default() });
    let ranges: Vec<_> = dump.memory().ranges().map(|r| (r.start, r.size)).collect();
    assert_eq!(ranges, [(0x10_0000, 0x4_e200), (0x10_0000 + 0x4_e200 + 0x1000, 0x4_e200)]);
}

#[test]
fn sign_extension_is_undone() {
    let mut process = presets::tiny_x86();
    process.sign_extend = true;
    let dump = open(&process);
    let ranges: Vec<_> = dump.memory().ranges().map(|r| r.start).collect();
    assert!(ranges.is_sorted() && ranges.last() < Some(&0x1_0000_0000), "{ranges:x?}");
    assert_eq!(dump.memory().bytes(0xa000_0000, 6).unwrap(), b"mapped");
}

/// An RVA of 0 says that the bytes were not written; the file's header is not memory.
#[test]
fn ranges_without_a_place_are_not_kept() {
    let process = two_ranges(MemoryForm::MemoryList);
    let dump = open_changed(&process, |bytes, layout| {
        // The second MINIDUMP_MEMORY_DESCRIPTOR's RVA.
        put(bytes, rva(layout, StreamType::MEMORY_LIST) + 4 + 16 + 12, &[0; 4]);
    });
    let damage: Vec<_> = dump.memory_damage().iter().map(dumplens_core::Damage::code).collect();
    assert_eq!(damage, ["entries_dropped"]);
    assert_eq!(dump.memory().ranges().count(), 1);
    let dump = open_changed(&two_ranges(MemoryForm::Memory64List), |bytes, layout| {
        put(bytes, rva(layout, StreamType::MEMORY64_LIST) + 8, &[0; 8]);
    });
    let damage: Vec<_> = dump.memory_damage().iter().map(dumplens_core::Damage::code).collect();
    assert_eq!((damage, dump.memory().ranges().count()), (vec!["stream_malformed"], 0));
}
