//! ExceptionStream, with all three answers: absent, present, damaged.

use dumplens_core::{Damage, StreamType};
use dumplens_synth::{Context, Exception, Process, presets};

use super::{codes, open, open_changed, put, replace, rva};

fn thrown() -> Process {
    let exception = Exception {
        thread_id: 4321,
        code: 0xe06d_7363,
        flags: 1,
        record: 0x7777_0000,
        address: 0x7ff8_1234_5678,
        parameters: vec![0x1993_0520, 0xab_cdef, u64::MAX, 0],
        context: Some(Context::at(0x7ff8_1234_5678, 0x1000, 0)),
    };
    Process { exception: Some(exception), ..Process::default() }
}

#[test]
fn present() {
    let process = thrown();
    let wanted = process.exception.as_ref().unwrap();
    let dump = open(&process);
    let found = dump.exception().unwrap().unwrap();
    assert_eq!(found.thread_id, wanted.thread_id);
    assert_eq!((found.code, found.flags), (wanted.code, wanted.flags));
    assert_eq!((found.record, found.address), (wanted.record, wanted.address));
    assert_eq!(found.parameters, wanted.parameters);
    assert_eq!((found.context.unwrap().ip, found.signal), (wanted.address, None));
}

#[test]
fn absent() {
    let dump = open(&Process::default());
    assert!(dump.exception().unwrap().is_none());
}

#[test]
fn damaged_by_its_length() {
    let dump = open_changed(&thrown(), |bytes, layout| {
        let whole = super::contents(bytes, layout, StreamType::EXCEPTION);
        replace(bytes, layout, StreamType::EXCEPTION, &whole[..40]);
    });
    assert_eq!(codes(&dump), ["stream_malformed"]);
    assert_eq!(dump.exception().unwrap_err(), dump.damage()[0]);
}

#[test]
fn damaged_by_its_place() {
    let dump = open_changed(&thrown(), |bytes, layout| {
        let entry = usize::try_from(layout.stream(StreamType::EXCEPTION.0).unwrap().entry).unwrap();
        put(bytes, entry + 8, &0xffff_ff00_u32.to_le_bytes());
    });
    let outside = Damage::StreamOutside { stream: StreamType::EXCEPTION, rva: 0xffff_ff00, size: 0xa8 };
    assert_eq!(dump.damage(), [outside]);
    assert_eq!(dump.exception().unwrap_err(), dump.damage()[0]);
}

/// An RVA of 0 says that nothing was written: the file's header is not a stream.
#[test]
fn a_place_in_the_header_is_none() {
    for offset in [0, 0x1f] {
        let dump = open_changed(&thrown(), |bytes, layout| {
            let entry = usize::try_from(layout.stream(StreamType::EXCEPTION.0).unwrap().entry).unwrap();
            put(bytes, entry + 8, &u32::to_le_bytes(offset));
        });
        assert_eq!(codes(&dump), ["stream_malformed"]);
        assert_eq!(dump.exception().unwrap_err(), dump.damage()[0]);
    }
}

/// No exception has the code 0: the writer was given none, and left the record as it was.
#[test]
fn an_empty_record_is_no_exception() {
    let empty = Exception { thread_id: 4321, ..Exception::default() };
    let dump = open(&Process { exception: Some(empty), ..Process::default() });
    assert_eq!(dump.exception().unwrap_err().code(), "stream_malformed");
    let with_address = Exception { thread_id: 4321, address: 0x1000, ..Exception::default() };
    let dump = open(&Process { exception: Some(with_address), ..Process::default() });
    assert!(dump.exception().unwrap().is_some());
}

/// `EXCEPTION_MAXIMUM_PARAMETERS` is 15; the array has no more.
#[test]
fn a_count_of_parameters_beyond_15_is_clipped_and_the_15_are_kept() {
    for found in [16, u32::MAX] {
        let mut process = thrown();
        process.exception.as_mut().unwrap().parameters = (100..115).collect();
        let dump = open_changed(&process, |bytes, layout| {
            put(bytes, rva(layout, StreamType::EXCEPTION) + 0x20, &found.to_le_bytes());
        });
        let (stream, what) = (StreamType::EXCEPTION, "NumberParameters");
        assert_eq!(dump.damage(), [Damage::FieldClipped { stream, what, found: found.into(), most: 15 }]);
        let exception = dump.exception().unwrap().unwrap();
        assert_eq!(exception.parameters, (100..115).collect::<Vec<_>>());
    }
}

#[test]
fn a_lost_context_costs_the_context_only() {
    let dump = open_changed(&thrown(), |bytes, layout| {
        put(bytes, rva(layout, StreamType::EXCEPTION) + 0xa4, &0xffff_ff00_u32.to_le_bytes());
    });
    assert_eq!(codes(&dump), ["parts_lost"]);
    let exception = dump.exception().unwrap().unwrap();
    assert_eq!((exception.code, exception.context), (0xe06d_7363, None));
}

#[test]
fn sign_extension_is_undone() {
    let mut process = presets::tiny_x86();
    process.sign_extend = true;
    let exception = process.exception.as_mut().unwrap();
    exception.address = 0xb700_1000;
    exception.parameters = vec![1, 0xffff_ffff_9000_0010];
    let dump = open(&process);
    let exception = dump.exception().unwrap().unwrap();
    assert_eq!(exception.address, 0xb700_1000);
    assert_eq!(exception.parameters, [1, 0x9000_0010]);
}

/// Whatever a 32-bit writer leaves in the upper half.
#[test]
fn addresses_of_a_32_bit_process_have_32_bits() {
    let mut process = presets::tiny_x86();
    let exception = process.exception.as_mut().unwrap();
    exception.address = 0xffff_ffff_0040_1003;
    exception.record = 0x7777_7777_0050_0000;
    exception.parameters = vec![0xffff_ffff_0000_0001, 0xdead_beef_0000_0045];
    let exception = open(&process).exception().unwrap().unwrap();
    assert_eq!((exception.address, exception.record), (0x40_1003, 0x50_0000));
    assert_eq!(exception.parameters, [1, 0x45]);
}
