//! Why there is no byte at an address. The first three reasons are evidence about the process; the others tell only
//! what the dump lacks, and must not be taken for evidence.

use dumplens_core::{Absence, Dump};
use dumplens_synth::{
    MEM_COMMIT, MEM_PRIVATE, MEM_RESERVE, PAGE_GUARD, PAGE_NOACCESS, PAGE_READWRITE, Process, Range, Region,
};

/// Ten pages of which the first is kept, and one region for each of the others' states.
fn process() -> Process {
    let region = |page: u64, state, protect| Region {
        base: 0x1000 * page,
        allocation_base: 0x1000,
        allocation_protect: PAGE_READWRITE,
        size: 0x1000,
        state,
        protect,
        kind: MEM_PRIVATE,
    };
    let regions = vec![
        Region::free(0, 0x1000),
        region(1, MEM_COMMIT, PAGE_READWRITE),
        region(2, MEM_RESERVE, 0),
        region(3, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD),
        region(4, MEM_COMMIT, PAGE_NOACCESS),
        region(5, MEM_COMMIT, PAGE_READWRITE),
        Region::free(0x6000, 0xa000),
    ];
    Process {
        regions: Some(regions),
        memory: vec![Range { start: 0x1000, size: 0x1000 }],
        ..Process::default()
    }
}

fn why(dump: &Dump, address: u64) -> Absence {
    let read = dump.memory().u16(address).expect_err("nothing to read");
    assert_eq!((read.address, read.why), (address, dump.memory().why_absent(address)));
    read.why
}

fn open(process: &Process) -> Dump {
    Dump::open(process.to_bytes().0).expect("a dump that opens")
}

#[test]
fn free() {
    let dump = open(&process());
    assert_eq!(why(&dump, 0x0), Absence::Free);
    assert_eq!(why(&dump, 0x6000), Absence::Free);
    assert_eq!(why(&dump, 0xfffe), Absence::Free);
}

#[test]
fn reserved() {
    assert_eq!(why(&open(&process()), 0x2000), Absence::Reserved);
}

#[test]
fn no_access_to_a_guard_page() {
    assert_eq!(why(&open(&process()), 0x3000), Absence::NoAccess);
}

#[test]
fn no_access_to_a_page_without_access() {
    assert_eq!(why(&open(&process()), 0x4ffe), Absence::NoAccess);
}

#[test]
fn not_kept() {
    assert_eq!(why(&open(&process()), 0x5000), Absence::NotKept);
}

#[test]
fn unknown_outside_the_map() {
    assert_eq!(why(&open(&process()), 0x1_0000), Absence::NotMapped);
}

#[test]
fn unknown_without_a_map() {
    let dump = open(&Process { regions: None, ..process() });
    assert_eq!(why(&dump, 0x0), Absence::Unknown);
    assert_eq!(why(&dump, 0x2000), Absence::Unknown);
}

#[test]
fn cut_off() {
    let (mut bytes, layout) = process().to_bytes();
    bytes.truncate(usize::try_from(layout.data_rva).unwrap() + 0x800);
    let dump = Dump::open(bytes).unwrap();
    assert_eq!(dump.memory().u16(0x17fe), Ok(0));
    assert_eq!(why(&dump, 0x1800), Absence::CutOff);
    assert_eq!(why(&dump, 0x1ffe), Absence::CutOff);
    // What was never listed is not cut off.
    assert_eq!(why(&dump, 0x2000), Absence::Reserved);
    let across = dump.memory().u32(0x17fe).unwrap_err();
    assert_eq!((across.address, across.why), (0x1800, Absence::CutOff));
}

/// A read that begins in kept memory and goes on into a reason gives that reason.
#[test]
fn the_reason_is_that_of_the_first_missing_byte() {
    let dump = open(&process());
    let read = dump.memory().bytes(0x1ff0, 0x4000).unwrap_err();
    assert_eq!((read.address, read.why), (0x2000, Absence::Reserved));
}

/// What a reader is told, word by word the opposite of each other.
#[test]
fn the_reasons_do_not_read_alike() {
    let all = [
        Absence::Free,
        Absence::Reserved,
        Absence::NoAccess,
        Absence::NotKept,
        Absence::CutOff,
        Absence::Unknown,
        Absence::ReadFailed,
    ];
    let mut texts: Vec<_> = all.iter().map(ToString::to_string).collect();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), all.len());
}
