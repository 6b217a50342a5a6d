//! Records of exceptions on stacks: values in, values out; what has not their form; bounds of the search.

use std::ops::Range;

use dumplens_core::process::{ExceptionRecord, RecordSearch};
use dumplens_core::{Dump, Width};
use dumplens_synth::{self as synth, Exception, Process};

const STACK: u64 = 0x20_0000;
const WIDTHS: [(synth::Width, Width); 2] =
    [(synth::Width::W32, Width::Bits32), (synth::Width::W64, Width::Bits64)];

fn exception() -> Exception {
    Exception {
        code: 0xc000_0005,
        flags: 0x81,
        record: 0x1000,
        address: 0x40_1234,
        parameters: vec![1, 0x45],
        ..Exception::default()
    }
}

fn dump(ranges: &[Range<u64>], put: &[(u64, Vec<u8>)]) -> Dump {
    let memory = ranges.iter().map(|r| synth::Range { start: r.start, size: r.end - r.start }).collect();
    let mut process = Process { memory, ..Process::default() };
    for (at, bytes) in put {
        process.put(*at, bytes);
    }
    Dump::open(process.to_bytes().0).expect("a dump that opens")
}

/// Where records of access violations were found.
fn found(dump: &Dump, range: Range<u64>, width: Width) -> (Option<bool>, Vec<u64>) {
    let mut all = Vec::new();
    let mut search = RecordSearch::new(dump.memory());
    let any = search.search(range, width, |code| code == 0xc000_0005, |at, _| all.push(at));
    (any, all)
}

#[test]
fn what_is_put_in_comes_out() {
    for (written, width) in WIDTHS {
        for count in [0, 2, 15] {
            let parameters: Vec<u64> = (0..count).map(|n| 0x100 + n).collect();
            let exception = Exception { parameters: parameters.clone(), ..exception() };
            let bytes = exception.record_bytes(written);
            let record = ExceptionRecord::parse(&bytes, width).expect("a record");
            assert_eq!((record.code, record.flags), (0xc000_0005, 0x81));
            assert_eq!((record.record, record.address, &record.parameters), (0x1000, 0x40_1234, &parameters));
            assert_eq!(record.size(width), bytes.len() as u64);
            // Cut off anywhere, it is none; the 4 bytes behind NumberParameters mean nothing.
            let padding = if count == 0 && width == Width::Bits64 { 4 } else { 0 };
            let cut = |at| ExceptionRecord::parse(&bytes[..at], width).is_none();
            assert!((0..bytes.len() - padding).all(cut));
        }
    }
}

#[test]
fn what_has_not_the_form_is_none() {
    let with = |change: fn(&mut Exception)| {
        let mut exception = exception();
        change(&mut exception);
        WIDTHS
            .map(|(written, width)| ExceptionRecord::parse(&exception.record_bytes(written), width).is_some())
    };
    assert_eq!(with(|_| {}), [true; 2]);
    assert_eq!(with(|e| e.code = 0), [false; 2]);
    assert_eq!(with(|e| e.address = 0), [false; 2], "a static record, or a template of one");
    assert_eq!(with(|e| e.flags = 0x100), [false; 2]);
    assert_eq!(with(|e| e.parameters = vec![0; 16]), [false; 2]);
}

/// The dump keeps pages with gaps between them, and begins in the middle of one, as minidumps of stacks do.
#[test]
fn gaps_are_passed_over() {
    for (written, width) in WIDTHS {
        let record = exception().record_bytes(written);
        let kept = [STACK + 0x7f8..STACK + 0x2000, STACK + 0x4000..STACK + 0x5000];
        let places = [STACK + 0x7f8, STACK + 0x1ff0, STACK + 0x4008, STACK + 0x4f00];
        let dump = dump(&kept, &places.map(|at| (at, record.clone())));
        let all = [places[0], places[2], places[3]];
        let whole = STACK + 0x7f8..STACK + 0x6000;
        assert_eq!(
            found(&dump, whole, width),
            (Some(true), all.to_vec()),
            "the second is cut off by the gap"
        );
        let behind = places[0] + 8..places[3] + 0x10;
        assert_eq!(
            found(&dump, behind, width).1,
            [places[2]],
            "what begins or ends outside is not looked at"
        );
        assert_eq!(found(&dump, STACK + 0x8000..STACK + 0x9000, width), (Some(false), Vec::new()));
    }
}

#[test]
fn slots_are_as_wide_as_a_pointer() {
    let aligned = |written, width, at: u64| {
        let kept = STACK..STACK + 0x1000;
        let dump = dump(std::slice::from_ref(&kept), &[(STACK + at, exception().record_bytes(written))]);
        found(&dump, kept.start + 1..kept.end, width).1.len()
    };
    let [(w32, bits32), (w64, bits64)] = WIDTHS;
    assert_eq!([4, 8, 6].map(|at| aligned(w32, bits32, at)), [1, 1, 0]);
    assert_eq!([8, 4, 0].map(|at| aligned(w64, bits64, at)), [1, 0, 0]);
}

/// 64 KiB above a stack pointer, 16 KiB below it, and both within the stack.
#[test]
fn what_is_searched_is_bounded() {
    let stack = 0x10_0000..0x20_0000;
    assert_eq!(RecordSearch::above(0x18_0000, &stack), 0x18_0000..0x19_0000);
    assert_eq!(RecordSearch::above(0x1f_f000, &stack), 0x1f_f000..0x20_0000);
    assert_eq!(RecordSearch::below(0x18_0000, &stack), 0x17_c000..0x18_0000);
    assert_eq!(RecordSearch::below(0x10_0800, &stack), 0x10_0000..0x10_0800);
    assert_eq!(RecordSearch::before(0x20_0000), 0x1f_0000..0x20_0000);
    assert!(RecordSearch::above(u64::MAX, &(0..u64::MAX)).is_empty());
    assert_eq!(RecordSearch::below(0, &(0..u64::MAX)), 0..0);
}

/// Hostile thread lists name the same stack over and over: 32 MiB in all.
#[test]
fn all_stacks_together_are_bounded() {
    let kept = STACK..STACK + 0x1000;
    let dump = dump(std::slice::from_ref(&kept), &[]);
    let mut search = RecordSearch::new(dump.memory());
    let mut once = |bytes| search.search(STACK..STACK + bytes, Width::Bits64, |_| true, |_, _| {});
    for _ in 0..(32 << 20) / 0x1_0000 - 1 {
        assert_eq!(once(0x1_0000), Some(true));
    }
    assert_eq!(once(0x1_0008), None);
    assert_eq!(once(0x1_0000), Some(true), "what was refused costs nothing");
    assert_eq!(once(8), None);
    assert!(search.is_spent() && !RecordSearch::new(dump.memory()).is_spent());
}

#[test]
fn the_ends_of_the_address_space() {
    let kept = u64::MAX - 0xfff..u64::MAX;
    let dump = dump(std::slice::from_ref(&kept), &[]);
    assert_eq!(found(&dump, u64::MAX - 0x800..u64::MAX, Width::Bits64).0, Some(true));
    assert_eq!(found(&dump, u64::MAX..u64::MAX, Width::Bits64).0, Some(false));
    #[allow(clippy::reversed_empty_ranges)]
    let turned = found(&dump, 5..3, Width::Bits32);
    assert_eq!(turned, (Some(false), Vec::new()));
}

/// Any bytes: at most 15 parameters, a code, an address, and no panic.
#[test]
fn any_bytes() {
    let mut state = 1u64;
    let mut records = 0;
    for round in 0..200_000u32 {
        let mut bytes = [0u8; 0x98];
        for word in bytes.chunks_mut(4) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Mostly small numbers, or nothing would pass.
            let value = (state >> 33) as u32 >> ((state >> 8) % 31);
            word.copy_from_slice(&value.to_le_bytes());
        }
        let width = if round % 2 == 0 { Width::Bits32 } else { Width::Bits64 };
        if let Some(record) = ExceptionRecord::parse(&bytes, width) {
            records += 1;
            assert!(record.code != 0 && record.address != 0 && record.flags < 0x100);
            assert!(record.parameters.len() <= 15 && record.size(width) <= 0x98);
        }
    }
    assert!(records > 1000, "{records}");
}
