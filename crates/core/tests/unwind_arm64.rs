//! ARM64 unwind data, written down by hand from Microsoft's documentation of the format ("ARM64 exception handling"), with
//! its examples. No image that a compiler made is read here.

mod flat;

use dumplens_core::pe::ImageError;
use dumplens_core::unwind::arm64::{FunctionTable, Operation};
use dumplens_synth::damage::Random;
use flat::Flat;

const BEGIN: u32 = 0x1000;
const XDATA: u32 = 0x200;
const SIZE: u32 = 0x4000;

/// An image with one function, whose entry has this second word, and a record.
fn image(second: u32, record: &[u8]) -> (Flat, FunctionTable) {
    let mut bytes = vec![0; XDATA as usize];
    bytes[0x100..0x108].copy_from_slice(&[BEGIN, second].map(u32::to_le_bytes).concat());
    bytes.extend(record);
    (Flat::new(bytes), FunctionTable::new(0, SIZE, 0x100, 8))
}

/// What is undone at a byte of a function with a packed entry.
fn packed(word: u32, at: u32) -> Vec<Operation> {
    let (memory, table) = image(word, &[]);
    table.undo(&memory, BEGIN + at).unwrap().expect("a function")
}

/// The same of one with a record: words, then codes, which are filled up to a word.
fn full(words: &[u32], codes: &[u8], at: u32) -> Result<Option<Vec<Operation>>, ImageError> {
    let mut record: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    record.extend(codes);
    record.resize(record.len().next_multiple_of(4), 0xff);
    let (memory, table) = image(XDATA, &record);
    table.undo(&memory, BEGIN + at)
}

/// A header: bytes of the function, whether E is set, the count, and words of codes.
fn header(bytes: u32, single: bool, count: u32, words: u32) -> u32 {
    (bytes / 4) | u32::from(single) << 21 | count << 22 | words << 27
}

fn restore(first: u8, second: Option<u8>, offset: u32, release: u32) -> Operation {
    Operation::Restore { first, second, offset, release }
}

const SET_FP: Operation = Operation::FromFrame(0);
const FLOATS: Operation = Operation::RestoreFloat { pair: true, release: 0 };

/// Each code as the table of the documentation has it.
#[test]
fn every_unwind_code() {
    let cases: &[(&[u8], Operation)] = &[
        (&[0x1f], Operation::Release(496)),
        (&[0x21], restore(19, Some(20), 0, 8)),
        (&[0x3f], restore(19, Some(20), 0, 248)),
        (&[0x7f], restore(29, Some(30), 504, 0)),
        (&[0xbf], restore(29, Some(30), 0, 512)),
        (&[0xc1, 0xe7], Operation::Release(7792)),
        (&[0xc8, 0x1e], restore(19, Some(20), 240, 0)),
        (&[0xca, 0x08], restore(27, Some(28), 64, 0)),
        (&[0xcc, 0x19], restore(19, Some(20), 0, 208)),
        (&[0xce, 0x41], restore(28, Some(29), 0, 16)),
        (&[0xd0, 0x42], restore(20, None, 16, 0)),
        (&[0xd2, 0xc1], restore(30, None, 8, 0)),
        (&[0xd4, 0x21], restore(20, None, 0, 16)),
        (&[0xd5, 0x60], restore(30, None, 0, 8)),
        (&[0xd6, 0x82], restore(23, Some(30), 16, 0)),
        (&[0xd9, 0x90], FLOATS),
        (&[0xda, 0x03], Operation::RestoreFloat { pair: true, release: 32 }),
        (&[0xdc, 0x41], Operation::RestoreFloat { pair: false, release: 0 }),
        (&[0xde, 0x21], Operation::RestoreFloat { pair: false, release: 16 }),
        (&[0xe0, 0x01, 0x02, 0x03], Operation::Release(0x01_0203 * 16)),
        (&[0xe1], SET_FP),
        (&[0xe2, 0x0a], Operation::FromFrame(80)),
        (&[0xe3], Operation::Nothing),
        (&[0xe5], Operation::Chained),
        (&[0xe6], Operation::Next),
        // save_any_reg: x21 at 24; x21, x22 at 48; x21, x22 below sp; d10; q10, q11 below sp.
        (&[0xe7, 0x15, 0x03], restore(21, None, 24, 0)),
        (&[0xe7, 0x55, 0x03], restore(21, Some(22), 48, 0)),
        (&[0xe7, 0x75, 0x03], restore(21, Some(22), 0, 64)),
        (&[0xe7, 0x0a, 0x43], Operation::RestoreFloat { pair: false, release: 0 }),
        (&[0xe7, 0x6a, 0x83], Operation::RestoreFloat { pair: true, release: 64 }),
        (&[0xe9], Operation::MachineFrame),
        (&[0xea], Operation::Context),
        (&[0xec], Operation::Interrupted),
        (&[0xfb, 0xe4, 0xe4, 0xe4, 0xe4], Operation::Nothing),
        (&[0xfc], Operation::Signed),
    ];
    for (code, operation) in cases {
        let codes = [code, &[0xe4][..]].concat();
        let words = u32::try_from(codes.len().div_ceil(4)).unwrap();
        let found = full(&[header(0x100, false, 0, words)], &codes, 0x80);
        assert_eq!(found, Ok(Some(vec![*operation])), "{code:x?}");
    }
    // A kernel's frame, SVE, what is not assigned; registers that do not exist; no end.
    for code in [&[0xe8][..], &[0xdf, 1], &[0xf0], &[0xcb, 0xc0], &[0xd3, 0x00], &[0xe7, 0x80, 0], &[0xe3]] {
        let codes = if code == [0xe3] { vec![0xe3; 4] } else { [code, &[0xe4]].concat() };
        let found = full(&[header(0x100, false, 0, 1)], &codes, 0x80);
        assert!(matches!(found, Err(ImageError::Malformed(_))), "{code:x?}: {found:?}");
    }
}

/// The documentation's example of a prologue and an epilogue, at each of their instructions.
#[test]
fn within_a_prologue_and_an_epilogue() {
    // set_fp; save_regp 0,240; save_fregp 0,224; save_fplr_x 256; end.
    let codes = [0xe1, 0xc8, 0x1e, 0xd8, 0x1c, 0x9f, 0xe4];
    let all = [SET_FP, restore(19, Some(20), 240, 0), FLOATS, restore(29, Some(30), 0, 256)];
    // One epilogue at the end; two by their starts; the same with the counts in a second word.
    let last = |start: u32| start / 4;
    let records: [(Vec<u32>, u32); 3] = [
        (vec![header(0x114, true, 0, 2)], 0x114),
        (vec![header(0x120, false, 2, 2), last(0x80), last(0x100)], 0x120),
        (vec![header(0x120, false, 0, 0), 2 | 2 << 16, last(0x80), last(0x100)], 0x120),
    ];
    for (words, end) in &records {
        let undone = |at| full(words, &codes, at).unwrap().expect("a function");
        let prologue: Vec<usize> = (0..=4).map(|n| undone(4 * n).len()).collect();
        assert_eq!(prologue, [0, 1, 2, 3, 4], "{words:x?}");
        assert_eq!(undone(4), all[3..]);
        assert_eq!(undone(0xfc), all);
        for (n, rest) in [4, 3, 2, 1, 0].into_iter().enumerate() {
            let at = 0x100 + 4 * u32::try_from(n).unwrap();
            assert_eq!(undone(at), all[4 - rest..], "{at:#x} of {words:x?}");
        }
        assert_eq!(full(words, &codes, *end), Ok(None), "behind the function");
    }
    assert_eq!(full(&records[1].0, &codes, 0x114).unwrap().expect("a function"), all, "between epilogues");
    assert_eq!(full(&records[1].0, &codes, 0x88).unwrap().expect("a function"), all[2..]);
}

/// An epilogue with codes of its own, by its index.
#[test]
fn codes_of_an_epilogue() {
    // Prologue: alloc_s 32; save_fplr_x 16. Epilogue: save_fplr_x 16 alone.
    let codes = [0x02, 0x81, 0xe4, 0x81, 0xe4];
    let (release, record) = (Operation::Release(32), restore(29, Some(30), 0, 16));
    for words in [vec![header(0x100, true, 3, 2)], vec![header(0x100, false, 1, 2), 0x3e | 3 << 22]] {
        let undone = |at| full(&words, &codes, at).unwrap().expect("a function");
        assert_eq!(undone(0xf4), [release, record]);
        assert_eq!((undone(0xf8), undone(0xfc)), (vec![record], vec![]));
    }
}

/// Parts of functions whose prologue was in another part, as the documentation describes them.
#[test]
fn fragments() {
    // Region 2: end_c, set_fp, save_regp 0,240, save_fplr_x 256, end; its epilogue begins with set_fp.
    let codes = [0xe5, 0xe1, 0xc8, 0x1e, 0x9f, 0xe4];
    let rest = [SET_FP, restore(19, Some(20), 240, 0), restore(29, Some(30), 0, 256)];
    let undone = |at| full(&[header(0x20, true, 1, 2)], &codes, at).unwrap().expect("a function");
    let all = [&[Operation::Chained], &rest[..]].concat();
    assert_eq!(undone(0), all, "nothing of it is a prologue");
    assert_eq!((undone(0x10), undone(0x18)), (rest.to_vec(), rest[2..].to_vec()));
    // Shrink wrapping: save_regp 2,224 of its own, before end_c.
    let codes = [0xc8, 0x9c, 0xe5, 0xe1, 0xc8, 0x1e, 0x9f, 0xe4];
    let own = restore(21, Some(22), 224, 0);
    let undone = |at| full(&[header(0x40, false, 0, 2)], &codes, at).unwrap().expect("a function");
    assert_eq!(undone(0), all);
    assert_eq!(undone(4), [&[own], &all[..]].concat());
}

/// The documentation's packed example: `str x19,[sp,#-0x10]!`; `sub sp,sp,#0x810`; `stp fp,lr,[sp]`; `mov fp,sp`.
#[test]
fn the_packed_example() {
    const FOO: u32 = 0x4161_01ed;
    let all = [SET_FP, restore(29, Some(30), 0, 0), Operation::Release(0x810), restore(19, None, 0, 0x10)];
    for done in 0..=4_usize {
        assert_eq!(packed(FOO, 4 * u32::try_from(done).unwrap()), all[4 - done..], "{done}");
    }
    assert_eq!(packed(FOO, 0x100), all);
    // The epilogue has no `mov sp,fp`: ldp, add, ldr, ret.
    let end = 492;
    for (left, kept) in [(4, &all[1..]), (3, &all[2..]), (2, &all[3..]), (1, &[])] {
        assert_eq!(packed(FOO, end - 4 * left), kept, "{left}");
    }
    assert_eq!(packed(FOO, end - 20), all, "the body");
    let (memory, table) = image(FOO, &[]);
    assert_eq!(table.undo(&memory, BEGIN + end), Ok(None));
    assert_eq!(table.undo(&memory, BEGIN - 4), Ok(None));
}

/// The fields of a packed entry, by their bits.
fn entry(flag: u32, reg_f: u32, reg_i: u32, homes: u32, link: u32, frame_bytes: u32) -> u32 {
    flag | 0x40 << 2 | reg_f << 13 | reg_i << 16 | homes << 20 | link << 21 | (frame_bytes / 16) << 23
}

/// What Microsoft's unwinder names as the longest sequence that a packed entry stands for, and its codes.
#[test]
fn the_longest_packed_function() {
    let prologue = [
        0xe1, 0x40, 0xc1, 0xe7, 0xe3, 0xe3, 0xe3, 0xe3, 0xd9, 0x90, 0xd9, 0x0e, 0xd8, 0x8c, 0xd8, 0x0a, 0xca,
        0x08, 0xc9, 0x86, 0xc9, 0x04, 0xc8, 0x82, 0xcc, 0x19, 0xfc, 0xe4,
    ];
    let word = entry(1, 7, 10, 1, 2, 8000);
    let same = full(&[header(0x400, false, 0, 7)], &prologue, 0x200).unwrap().expect("a function");
    assert_eq!(packed(word, 0x60), same);
    // 17 instructions, four of which store parameters; 12 in the epilogue, and the return.
    for done in 0..17 {
        let at = full(&[header(0x400, false, 0, 7)], &prologue, 4 * done).unwrap().expect("a function");
        assert_eq!(packed(word, 4 * done), at, "{done}");
    }
    let epilogue: Vec<Operation> =
        same.iter().filter(|o| !matches!(o, Operation::FromFrame(_) | Operation::Nothing)).copied().collect();
    assert_eq!(packed(word, 0x100 - 4 * 13), epilogue);
    assert_eq!(packed(word, 0x100 - 8), [Operation::Signed]);
}

#[test]
fn packed_functions_without_a_frame_record() {
    let body = |word| packed(word, 0x80);
    let release = Operation::Release;
    // x19, x20 and x21; x19 and x30; x19, x20 and x30; x30 alone.
    assert_eq!(
        body(entry(1, 0, 3, 0, 0, 48)),
        [release(16), restore(21, None, 16, 0), restore(19, Some(20), 0, 32)]
    );
    assert_eq!(body(entry(1, 0, 1, 0, 1, 16)), [restore(19, Some(30), 0, 0), release(16)]);
    assert_eq!(
        body(entry(1, 0, 2, 0, 1, 48)),
        [release(16), restore(30, None, 16, 0), restore(19, Some(20), 0, 32)]
    );
    assert_eq!(body(entry(1, 0, 0, 0, 1, 16)), [restore(30, None, 0, 16)]);
    assert_eq!(body(entry(1, 0, 3, 0, 1, 32)), [restore(21, Some(30), 16, 0), restore(19, Some(20), 0, 32)]);
    // d8 and d9 are the first; with x19 they are not. Three of them.
    let floats = |pair, release| Operation::RestoreFloat { pair, release };
    assert_eq!(body(entry(1, 1, 0, 0, 0, 16)), [floats(true, 16)]);
    assert_eq!(body(entry(1, 1, 1, 0, 0, 32)), [floats(true, 0), restore(19, None, 0, 32)]);
    assert_eq!(body(entry(1, 2, 0, 0, 0, 32)), [floats(false, 0), floats(true, 32)]);
    // Parameters behind saved registers; without any, they lie among the locals.
    let stores = [Operation::Nothing; 4];
    assert_eq!(body(entry(1, 0, 2, 1, 0, 80)), [&stores[..], &[restore(19, Some(20), 0, 80)]].concat());
    assert_eq!(body(entry(1, 0, 0, 1, 0, 64)), [release(64)]);
    // Neither a prologue nor an epilogue.
    let fragment = entry(2, 0, 0, 0, 3, 32);
    for at in [0, 4, 0xfc] {
        assert_eq!(packed(fragment, at), [Operation::Chained, SET_FP, restore(29, Some(30), 0, 32)]);
    }
    // More registers than there are; a frame smaller than its registers; a kind that is reserved.
    for word in [entry(1, 0, 11, 0, 0, 160), entry(1, 0, 4, 0, 0, 16), entry(3, 0, 0, 0, 0, 16)] {
        let (memory, table) = image(word, &[]);
        assert!(matches!(table.undo(&memory, BEGIN), Err(ImageError::Malformed(_))), "{word:#x}");
    }
}

#[test]
fn what_is_not_kept_and_what_lies() {
    // The record is not in the dump; it lies outside the image; a version that is not known.
    let (memory, table) = image(0x3000, &[]);
    assert!(matches!(table.undo(&memory, BEGIN), Err(ImageError::Unreadable(_))));
    let (memory, table) = image(SIZE + 0x100, &[]);
    assert!(matches!(table.undo(&memory, BEGIN), Err(ImageError::Malformed(_))));
    let version = full(&[header(0x100, false, 0, 1) | 1 << 18], &[0xe4], 0);
    assert!(matches!(version, Err(ImageError::Malformed(_))));
    // An entry outside the image, and no entries.
    let table = FunctionTable::new(0, 0x800, 0x100, 8);
    assert!(matches!(table.undo(&image(1, &[]).0, 0x100), Err(ImageError::Malformed(_))));
    assert_eq!(FunctionTable::new(0, SIZE, 0x100, 0).undo(&image(1, &[]).0, BEGIN), Ok(None));
}

#[test]
fn a_large_directory_is_searched_by_small_reads() {
    const COUNT: u32 = 500_000;
    let entries = (0..COUNT).flat_map(|n| [0x100_0000 + 16 * n, 1 | 3 << 2 | 1 << 23]);
    let bytes = entries.flat_map(u32::to_le_bytes).collect();
    let memory = Flat::new(bytes);
    let table = FunctionTable::new(0, u32::MAX, 0, 8 * COUNT);
    for n in [0, 1, 77_777, COUNT - 1] {
        let begin = 0x100_0000 + 16 * n;
        assert_eq!(table.undo(&memory, begin + 4), Ok(Some(vec![Operation::Release(16)])));
        assert_eq!(table.undo(&memory, begin + 12), Ok(None), "between functions");
    }
    assert!(memory.read.get() <= 8 * 20 * 8, "{} bytes", memory.read.get());
}

#[test]
fn any_bytes_are_undone_or_an_error() {
    let mut numbers = Random::new(4);
    let (mut some, mut errors) = (0, 0);
    for n in 0..100_000_usize {
        let mut bytes = vec![0; 0x800];
        bytes[..0x600].copy_from_slice(&numbers.bytes(0x600));
        let kind = u32::try_from(n % 3).unwrap();
        let word = u32::from_le_bytes(bytes[..4].try_into().unwrap());
        let second = if kind == 0 { XDATA } else { word & !3 | kind };
        bytes[0x100..0x108].copy_from_slice(&[BEGIN, second].map(u32::to_le_bytes).concat());
        if n % 2 == 0 {
            bytes[XDATA as usize + 2] &= 0x23; // version 0, and no more epilogues than are kept
            bytes[XDATA as usize + 3] = 0x11;
        }
        let memory = Flat::new(bytes);
        let table = FunctionTable::new(0, SIZE, 0x100, 8);
        let at = u32::try_from(numbers.below(0x200)).unwrap() * 4;
        match table.undo(&memory, BEGIN + at) {
            Ok(found) => {
                assert!(found.as_ref().map_or(0, Vec::len) <= 1020);
                some += u32::from(found.is_some());
            }
            Err(_) => errors += 1,
        }
        assert!(memory.read.get() < 2048, "{} bytes", memory.read.get());
    }
    assert!(some > 1000 && errors > 1000, "{some} sequences, {errors} errors");
}
