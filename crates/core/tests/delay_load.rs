//! `DelayLoadInfo`, laid out by hand as delayimp.h has it for 32 and 64 bits.

use dumplens_core::process::delay_load::{DelayLoad, DelayLoadError, Procedure};
use dumplens_core::{Absence, Dump, Width};
use dumplens_synth::{Process, Range};

const INFO: u64 = 0x1_0100;
const DLL: u64 = 0x1_0400;
const PROCEDURE: u64 = 0x1_0500;
const DESCRIPTOR: u64 = 0x40_2000;
const MODULE: u64 = 0x5000_0000;
/// What the dump does not keep.
const LOST: u64 = 0x7_0000;

/// cb, pidd, ppfn, szDll, fImportByName, szProcName or dwOrdinal, hmodCur, pfnCur, dwLastError.
fn fields(width: Width, dll: u64, by_name: u64, procedure: u64, error: u64) -> Vec<u8> {
    let values = [DESCRIPTOR, 0x40_3000, dll, by_name, procedure, MODULE, 0, error];
    match width {
        Width::Bits32 => {
            let all = [0x24].into_iter().chain(values);
            all.flat_map(|value| u32::try_from(value).expect("32 bits").to_le_bytes()).collect()
        }
        // Each takes 8 bytes: a DWORD has padding behind it.
        Width::Bits64 => [0x48].into_iter().chain(values).flat_map(u64::to_le_bytes).collect(),
    }
}

fn dump(info: &[u8]) -> Dump {
    let mut process = Process { memory: vec![Range { start: 0x1_0000, size: 0x1000 }], ..Process::default() };
    process.put(INFO, info);
    process.put(DLL, b"widgets.dll\0");
    process.put(PROCEDURE, b"?Draw@Widget@@QEAAXXZ\0");
    Dump::open(process.to_bytes().0).expect("a dump that opens")
}

fn read(info: &[u8]) -> Result<DelayLoad, DelayLoadError> {
    DelayLoad::read(dump(info).memory(), INFO)
}

#[test]
fn names_ordinals_and_errors_of_both_widths() {
    for width in [Width::Bits32, Width::Bits64] {
        let by_name = read(&fields(width, DLL, 1, PROCEDURE, 127)).expect("a structure");
        assert_eq!((by_name.width, by_name.descriptor, by_name.module), (width, DESCRIPTOR, Some(MODULE)));
        assert_eq!(by_name.last_error, 127);
        let dll = by_name.dll.expect("kept").expect("named");
        assert_eq!((dll.at, dll.text.as_str(), dll.cut), (DLL, "widgets.dll", false));
        let Procedure::Name(Ok(Some(name))) = by_name.procedure else { panic!("by name") };
        assert_eq!((name.at, name.text.as_str()), (PROCEDURE, "?Draw@Widget@@QEAAXXZ"));
        let by_ordinal = read(&fields(width, DLL, 0, 42, 126)).expect("a structure");
        assert_eq!((by_ordinal.procedure, by_ordinal.last_error), (Procedure::Ordinal(42), 126));
    }
}

#[test]
fn a_name_that_is_absent_and_one_that_is_lost() {
    for width in [Width::Bits32, Width::Bits64] {
        let found = read(&fields(width, 0, 1, LOST, 126)).expect("a structure");
        assert_eq!(found.dll, Ok(None));
        let Procedure::Name(Err(why)) = found.procedure else { panic!("lost") };
        assert_eq!((why.address, why.why), (LOST, Absence::Unknown));
    }
}

#[test]
fn what_is_no_such_structure() {
    let wrong_size = fields(Width::Bits64, DLL, 1, PROCEDURE, 126);
    for cb in [0_u8, 0x20, 0x25, 0x4c] {
        let bytes = [&[cb], &wrong_size[1..]].concat();
        assert_eq!(read(&bytes), Err(DelayLoadError::Other { at: INFO }), "{cb:#x}");
    }
    // Nothing there; the last field is not kept; the end of the address space.
    let memory = dump(&[]);
    for at in [LOST, u64::MAX - 1] {
        let lost = DelayLoad::read(memory.memory(), at);
        assert!(matches!(lost, Err(DelayLoadError::Unreadable(_))), "{at:#x}: {lost:?}");
    }
    let mut process = Process { memory: vec![Range { start: 0x1_0000, size: 0x1000 }], ..Process::default() };
    process.put(0x1_0fc0, &wrong_size[..0x40]);
    let cut = Dump::open(process.to_bytes().0).expect("a dump that opens");
    let cut = DelayLoad::read(cut.memory(), 0x1_0fc0).expect_err("cut");
    assert_eq!(
        cut,
        DelayLoadError::Unreadable(dumplens_core::Unreadable { address: 0x1_1000, why: Absence::Unknown })
    );
}

#[test]
fn a_name_without_an_end_is_cut() {
    let mut process = Process { memory: vec![Range { start: 0x1_0000, size: 0x1000 }], ..Process::default() };
    process.put(INFO, &fields(Width::Bits64, DLL, 0, 1, 126));
    process.put(DLL, &[b'x'; 0xc00]);
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    let dll = DelayLoad::read(dump.memory(), INFO).expect("a structure").dll.expect("kept").expect("named");
    assert!(dll.cut && dll.text.len() == 512, "{}", dll.text.len());
}
