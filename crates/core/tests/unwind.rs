//! Unwind data as a library function sees it: decoded values, small reads, and any bytes at all.

mod flat;

use dumplens_core::pe::{Headers, Image, ImageError};
use dumplens_core::unwind::{Code, FunctionTable, Operation, RuntimeFunction, UnwindInfo};
use dumplens_core::{Absence, Dump, Pages, ReadMemory};
use dumplens_synth::damage::Random;
use dumplens_synth::presets;
use flat::Flat;

const X64: presets::Addresses = presets::tiny::X64;

#[test]
fn a_record_as_synth_writes_it() {
    let dump = Dump::open(presets::tiny().to_bytes().0).unwrap();
    let image = Image::read(dump.memory(), X64.app, 0x3000).unwrap();
    let table = image.function_table().unwrap();
    let pages = Pages::new(dump.memory());
    // `main`: push rbp; sub rsp,0x40; lea rbp,[rsp+0x20].
    let main = table.find(&pages, 0x1055).unwrap().unwrap();
    assert_eq!((main.begin, main.end), (0x1050, 0x1066));
    let info = table.unwind_info(&pages, &main).unwrap();
    let code = |offset, operation| Code { offset, operation };
    let codes =
        vec![code(10, Operation::SetFrame), code(5, Operation::Allocate(0x40)), code(1, Operation::Push(5))];
    assert_eq!(info, UnwindInfo { version: 1, prolog: 10, frame: Some((5, 0x20)), codes, chained: None });
    // The cold part of `work` chains to it.
    let cold = table.find(&pages, 0x10a1).unwrap().unwrap();
    assert_eq!(table.records(&pages, &cold).unwrap().len(), 2);
    assert_eq!(table.primary(&pages, cold).unwrap().begin, 0x1020);
    assert_eq!(table.primary(&pages, main).unwrap(), main);
}

#[test]
fn pages_give_what_memory_gives() {
    let dump = Dump::open(presets::tiny().to_bytes().0).unwrap();
    let (memory, pages) = (dump.memory(), Pages::new(dump.memory()));
    for _ in 0..2 {
        for (at, length) in [(0, 4), (0xffe, 4), (0x1ff0, 0x20), (0, 0x3000)] {
            let mut buf = vec![0; length];
            pages.read(X64.app + at, &mut buf).unwrap();
            assert_eq!(buf, memory.bytes(X64.app + at, length as u64).unwrap());
        }
    }
    let mut buf = [0; 16];
    let end = pages.read(X64.app + 0x2ff8, &mut buf).unwrap_err();
    assert_eq!((end.address, end.why), (X64.app + 0x3000, Absence::Free));
    assert!(pages.read(u64::MAX - 3, &mut buf).is_err());
}

#[test]
fn a_large_directory_is_searched_by_small_reads() {
    const COUNT: u32 = 500_000;
    let mut bytes = Vec::new();
    for n in 0..COUNT {
        for field in [0x100_0000 + 16 * n, 0x100_0000 + 16 * n + 12, 4] {
            bytes.extend(field.to_le_bytes());
        }
    }
    let memory = Flat::new(bytes);
    let table = FunctionTable::new(0, u32::MAX, 0, 12 * COUNT);
    for n in [0, 1, 77_777, COUNT - 1] {
        let begin = 0x100_0000 + 16 * n;
        let found = table.find(&memory, begin + 11).unwrap();
        assert_eq!(found, Some(RuntimeFunction { begin, end: begin + 12, unwind_info: 4 }));
        assert_eq!(table.find(&memory, begin + 12).unwrap(), None, "between functions");
    }
    assert!(memory.read.get() <= 8 * 20 * 12, "{} bytes", memory.read.get());
}

#[test]
fn any_bytes_are_a_record_or_an_error() {
    let mut numbers = Random::new(1);
    let (mut records, mut errors) = (0, 0);
    for n in 0..100_000_usize {
        let mut bytes = numbers.bytes(n % 600);
        if let Some(first) = bytes.first_mut().filter(|_| n % 2 == 0) {
            *first = 1 + u8::try_from(n / 2 % 2).unwrap(); // a version that is known
        }
        if let Some(count) = bytes.get_mut(2).filter(|_| n % 3 != 0) {
            *count %= 4;
        }
        match UnwindInfo::parse(&bytes) {
            Ok(info) => {
                assert!(info.codes.len() <= 255);
                records += 1;
            }
            Err(ImageError::Malformed(_)) => errors += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(records > 1000 && errors > 1000, "{records} records, {errors} errors");
}

#[test]
fn a_table_of_any_bytes_ends() {
    let mut numbers = Random::new(2);
    for _ in 0..20_000 {
        let mut bytes = numbers.bytes(256);
        // Small values, so that entries refer to one another.
        bytes.iter_mut().skip(1).step_by(4).for_each(|byte| *byte = 0);
        bytes.iter_mut().skip(2).step_by(4).for_each(|byte| *byte = 0);
        bytes.iter_mut().skip(3).step_by(4).for_each(|byte| *byte = 0);
        let memory = Flat::new(bytes);
        let table = FunctionTable::new(0, 256, u32::try_from(numbers.below(0x40)).unwrap(), 96);
        if let Ok(Some(function)) = table.find(&memory, u32::try_from(numbers.below(0x100)).unwrap()) {
            let _ = table.primary(&memory, function);
            assert!(table.records(&memory, &function).map_or(0, |records| records.len()) <= 32);
        }
        assert!(memory.read.get() < 64 << 10, "{} bytes read", memory.read.get());
    }
}

#[test]
fn headers_of_any_bytes_end() {
    let sound = Dump::open(presets::tiny().to_bytes().0).unwrap().memory().bytes(X64.app, 0x1000).unwrap();
    assert!(Headers::parse(&sound).is_ok());
    let mut numbers = Random::new(3);
    let mut errors = 0;
    for _ in 0..20_000 {
        let mut bytes = sound.clone();
        for _ in 0..=numbers.below(8) {
            let at = numbers.index(0x200);
            bytes[at] = u8::try_from(numbers.below(0x100)).unwrap();
        }
        bytes.truncate(numbers.index(0x1001));
        errors += u32::from(Headers::parse(&bytes).is_err());
    }
    assert!(errors > 1000, "{errors} errors");
}
