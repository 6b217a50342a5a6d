//! Type information of C++ throws, in both widths, whole and damaged.

use dumplens_core::process::{CppError, CppException};
use dumplens_core::{Absence, Dump, Width};
use dumplens_synth::{self as synth, CppThrow, Process, Range};

const IMAGE: u64 = 0x40_0000;
const OBJECT: u64 = 0x20_0000;
const TYPES: [&str; 2] = [".?AVbad_alloc@std@@", ".?AVexception@std@@"];

fn thrown(width: synth::Width) -> (Process, Vec<u64>) {
    let memory = vec![Range { start: OBJECT, size: 0x1000 }, Range { start: IMAGE, size: 0x2000 }];
    let mut process = Process { memory, ..Process::default() };
    let types = TYPES.map(String::from).to_vec();
    let raised = CppThrow { width, image: IMAGE, rva: 0x1000, object: OBJECT, types, ..CppThrow::default() }
        .raise(&mut process);
    (process, raised.parameters)
}

fn open(process: &Process) -> Dump {
    Dump::open(process.to_bytes().0).expect("a dump that opens")
}

#[test]
fn types_and_text() {
    for (width, pointer, length) in [(synth::Width::W32, 4, 4), (synth::Width::W64, 8, 8)] {
        let (mut process, parameters) = thrown(width);
        process.put(OBJECT + pointer, &(OBJECT + 0x100).to_le_bytes()[..length]);
        process.put(OBJECT + 0x100, b"bad allocation\0");
        let dump = open(&process);
        let cpp = CppException::read(dump.memory(), &parameters).unwrap();
        assert_eq!(cpp.width, if pointer == 4 { Width::Bits32 } else { Width::Bits64 });
        assert_eq!(cpp.types.iter().map(|t| t.decorated.as_str()).collect::<Vec<_>>(), TYPES);
        let what = cpp.what(dump.memory()).unwrap().unwrap();
        assert_eq!((what.text.as_str(), what.cut), ("bad allocation", false));
    }
}

/// A class of which `std::exception` is the second base, and one of which it is a virtual base: its part of the object
/// is found by the displacements.
#[test]
fn the_text_of_a_base_that_is_not_at_the_start() {
    for (width, pointer) in [(synth::Width::W32, 4), (synth::Width::W64, 8)] {
        // pdisp 8: there lies the pointer to the virtual base table, whose entry at 4 says 0x30 from there.
        for (displacement, part) in [([0x20, -1, 0], 0x20), ([0, 8, 4], 8 + 0x30)] {
            let memory = vec![Range { start: OBJECT, size: 0x1000 }, Range { start: IMAGE, size: 0x2000 }];
            let mut process = Process { memory, ..Process::default() };
            let types =
                [".?AVError@app@@", ".?AVexception@std@@", ".?AVBase@app@@"].map(String::from).to_vec();
            let displacements = vec![[0, -1, 0], displacement];
            let throw = CppThrow { width, image: IMAGE, rva: 0x1000, object: OBJECT, types, displacements };
            let parameters = throw.raise(&mut process).parameters;
            let put = |process: &mut Process, at: u64, value: u64| {
                process.put(at, &value.to_le_bytes()[..width.bytes()]);
            };
            put(&mut process, OBJECT + 8, OBJECT + 0x200);
            process.put(OBJECT + 0x204, &0x30_u32.to_le_bytes());
            put(&mut process, OBJECT + part + pointer, OBJECT + 0x100);
            process.put(OBJECT + 0x100, b"second base\0");
            let dump = open(&process);
            let cpp = CppException::read(dump.memory(), &parameters).unwrap();
            assert_eq!(cpp.types.len(), 3);
            assert_eq!(cpp.what(dump.memory()).unwrap().unwrap().text, "second base", "{displacement:?}");
        }
    }
}

/// 500 types that are all one, and a count of which most is not there.
#[test]
fn a_throw_of_too_many_types_is_read_as_far_as_the_bound() {
    for (width, reference) in [(synth::Width::W32, 0x40_0000), (synth::Width::W64, 0)] {
        let (mut process, parameters) = thrown(width);
        let array = 0x1200;
        process.put(IMAGE + 0x100c, &u32::to_le_bytes(reference + array));
        for n in 1..=500 {
            process.put(IMAGE + u64::from(array + 4 * n), &u32::to_le_bytes(reference + 0x1040));
        }
        for count in [500u32, 0x7fff_ffff] {
            process.put(IMAGE + u64::from(array), &count.to_le_bytes());
            let cpp = CppException::read(open(&process).memory(), &parameters).unwrap();
            assert_eq!((cpp.types.len(), cpp.types_left), (64, count - 64));
        }
        process.put(IMAGE + u64::from(array), &u32::MAX.to_le_bytes());
        assert!(CppException::read(open(&process).memory(), &parameters).is_err());
    }
}

#[test]
fn what_is_not_there_is_not_guessed() {
    let (process, mut parameters) = thrown(synth::Width::W64);
    let dump = open(&process);
    parameters[2] = 0;
    assert_eq!(CppException::read(dump.memory(), &parameters), Err(CppError::NoThrowInfo));
    parameters[2] = 0x7000_0000;
    let unread = CppException::read(dump.memory(), &parameters).unwrap_err();
    assert!(
        matches!(unread, CppError::Unreadable { what: "ThrowInfo", why } if why.why == Absence::Unknown),
        "{unread}"
    );
    parameters[0] = 0x1234;
    assert_eq!(CppException::read(dump.memory(), &parameters), Err(CppError::NotAThrow));
}

/// Each byte of the structures set to each of four values: an answer or an error, within the bounds.
#[test]
fn mutated_structures_stay_within_bounds() {
    for width in [synth::Width::W32, synth::Width::W64] {
        let (base, parameters) = thrown(width);
        for at in 0..0x100u64 {
            for value in [0, 1, 0x7f, 0xff] {
                let mut process = base.clone();
                process.put(IMAGE + 0x1000 + at, &[value]);
                let dump = open(&process);
                if let Ok(cpp) = CppException::read(dump.memory(), &parameters) {
                    assert!((1..=64).contains(&cpp.types.len()));
                    assert!(
                        cpp.types.iter().all(|t| t.decorated.starts_with('.') && t.decorated.len() < 4096)
                    );
                    if let Some(Ok(what)) = cpp.what(dump.memory()) {
                        assert!(what.text.chars().count() <= 512);
                    }
                }
            }
        }
    }
}
