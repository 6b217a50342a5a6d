//! Reads by virtual address: across ranges, past ends, of files beyond 4 GiB, and from sources that fail. Every
//! reason for having nothing to read has its own test.

mod absence;
mod large;
mod sources;

use dumplens_core::{Absence, Damage, Dump, MemoryRange, StreamType, Unreadable, Width};
use dumplens_synth::{MEMORY64_LIST_STREAM, MemoryForm, Process, Range};

fn open(process: &Process) -> Dump {
    Dump::open(process.to_bytes().0).expect("a dump that opens")
}

fn ranges(ranges: &[(u64, u64)]) -> Vec<Range> {
    ranges.iter().map(|&(start, size)| Range { start, size }).collect()
}

/// Ranges that touch in the process need not touch in the file: it keeps them in the order of the list.
#[test]
fn reads_go_on_into_the_next_range() {
    for form in [MemoryForm::Memory64List, MemoryForm::MemoryList] {
        let memory = ranges(&[(0x3000, 0x1000), (0x1000, 0x1000), (0x2000, 0x1000)]);
        let mut process = Process { memory, memory_form: form, ..Process::default() };
        let pattern: Vec<u8> = (0..0x3000_u32).map(|i| i.to_le_bytes()[0] ^ i.to_le_bytes()[1]).collect();
        process.put(0x1000, &pattern);
        let dump = open(&process);
        assert_eq!(dump.memory().bytes(0x1000, 0x3000).unwrap(), pattern);
        assert_eq!(dump.memory().bytes(0x1ffd, 0x1006).unwrap(), pattern[0xffd..0x2003]);
        assert_eq!(dump.memory().available(0x1ffd, u64::MAX), 0x2003);
        assert_eq!(dump.memory().available(0x1ffd, 10), 10);
        let sorted: Vec<_> = dump.memory().ranges().map(|r| r.start).collect();
        assert!(sorted.is_sorted(), "{sorted:x?}");
    }
}

#[test]
fn a_read_that_leaves_what_is_kept_names_the_first_missing_address() {
    let mut process = Process { memory: ranges(&[(0x1000, 0x1000)]), ..Process::default() };
    process.put(0x1ffc, b"last");
    let dump = open(&process);
    let why = Absence::Unknown;
    assert_eq!(dump.memory().bytes(0x1ffc, 4).unwrap(), b"last");
    assert_eq!(dump.memory().bytes(0x1ffc, 5), Err(Unreadable { address: 0x2000, why }));
    assert_eq!(dump.memory().u64(0x1ffc), Err(Unreadable { address: 0x2000, why }));
    assert_eq!(dump.memory().u16(0xfff), Err(Unreadable { address: 0xfff, why }));
    assert_eq!(dump.memory().read(0x1ff0, &mut [0; 0x11]), Err(Unreadable { address: 0x2000, why }));
    assert_eq!(dump.memory().available(0xfff, 1), 0);
    assert_eq!(dump.memory().read(0x5000, &mut []), Ok(()), "nothing asked for");
}

/// A length out of a damaged structure must not be allocated before it is known to be there.
#[test]
fn an_absurd_length_is_refused_at_once() {
    let dump = open(&Process { memory: ranges(&[(0x1000, 0x1000)]), ..Process::default() });
    for len in [1 << 32, 1 << 60, u64::MAX] {
        assert_eq!(dump.memory().bytes(0x1000, len).unwrap_err().address, 0x2000);
    }
}

#[test]
fn reads_at_the_top_of_the_address_space_do_not_wrap() {
    let mut process =
        Process { memory: ranges(&[(0, 0x1000), (u64::MAX - 0xfff, 0xfff)]), ..Process::default() };
    process.put(0, &[0x44; 16]);
    process.put(u64::MAX - 0xfff, &[0x55; 0xfff]);
    let dump = open(&process);
    assert_eq!(dump.memory().u64(u64::MAX - 8), Ok(0x5555_5555_5555_5555));
    assert!(dump.memory().u64(u64::MAX - 7).is_err(), "the last byte is not kept");
    assert!(dump.memory().u64(u64::MAX).is_err());
    assert!(dump.memory().bytes(u64::MAX - 0xf, u64::MAX).is_err());
}

#[test]
fn numbers_are_little_endian_and_pointers_have_the_width_asked_for() {
    let mut process = Process { memory: ranges(&[(0x1000, 0x10)]), ..Process::default() };
    process.put(0x1000, &[1, 2, 3, 4, 5, 6, 7, 0x88]);
    let dump = open(&process);
    let memory = dump.memory();
    assert_eq!(memory.u16(0x1000), Ok(0x0201));
    assert_eq!(memory.u32(0x1001), Ok(0x0504_0302));
    assert_eq!(memory.u64(0x1000), Ok(0x8807_0605_0403_0201));
    assert_eq!(memory.pointer(0x1000, Width::Bits32), Ok(0x0403_0201));
    assert_eq!(memory.pointer(0x1000, Width::Bits64), Ok(0x8807_0605_0403_0201));
}

/// Each address is read from the range that begins lower; what the other has behind it is still there.
#[test]
fn overlapping_ranges() {
    let process = Process {
        memory: ranges(&[(0x2000, 0x2000), (0x1000, 0x1800), (0x1800, 0x10)]),
        ..Process::default()
    };
    let (mut bytes, layout) = process.to_bytes();
    for (range, fill) in layout.ranges.iter().zip([0x22, 0x11, 0x33]) {
        let at = usize::try_from(range.offset).unwrap();
        bytes[at..at + usize::try_from(range.size).unwrap()].fill(fill);
    }
    let dump = Dump::open(bytes).unwrap();
    let stream = StreamType(MEMORY64_LIST_STREAM);
    let differ = Damage::RangesDiffer { stream, count: 2, first: 0x1800 };
    assert_eq!(dump.memory_damage(), [Damage::RangesOverlap { stream, count: 2 }, differ]);
    let expected = [vec![0x11; 0x1800], vec![0x22; 0x1800]].concat();
    assert_eq!(dump.memory().bytes(0x1000, 0x3000).unwrap(), expected);
    let [lower, upper] = [layout.ranges[1], layout.ranges[0]];
    let wanted = [
        MemoryRange { start: 0x1000, size: 0x1800, offset: lower.offset },
        MemoryRange { start: 0x2800, size: 0x1800, offset: upper.offset + 0x800 },
    ];
    assert_eq!(dump.memory().ranges().collect::<Vec<_>>(), wanted);
}

#[test]
fn a_range_listed_twice_is_read_from_one_of_them() {
    let mut process = Process { memory: ranges(&[(0x1000, 0x1000), (0x1000, 0x1000)]), ..Process::default() };
    process.put(0x1000, b"same");
    let dump = open(&process);
    assert_eq!(dump.memory().bytes(0x1000, 4).unwrap(), b"same");
    assert_eq!(dump.memory().listed_bytes(), 0x1000, "kept once, listed twice");
    assert_eq!(dump.memory_damage()[0].code(), "ranges_overlap");
}
