//! Structures of Windows in the process's memory: TEB, PEB, process parameters and KUSER_SHARED_DATA, in both
//! widths, whole and partly kept.

use dumplens_core::process::{Peb, ProcessParameters, Teb, UserSharedData};
use dumplens_core::{Absence, Dump, Width};
use dumplens_synth::{self as synth, KUSER_SHARED_DATA, Process, Range, presets};

const WIDTHS: [(Width, synth::Width); 2] =
    [(Width::Bits32, synth::Width::W32), (Width::Bits64, synth::Width::W64)];
const ADDRESS: u64 = 0x20_0000;

fn open(process: &Process) -> Dump {
    Dump::open(process.to_bytes().0).expect("a dump that opens")
}

/// A dump that keeps `size` bytes at an address, of which the first are given.
fn keep(address: u64, size: u64, bytes: &[u8]) -> Dump {
    let mut process = Process { memory: vec![Range { start: address, size }], ..Process::default() };
    process.put(address, bytes);
    open(&process)
}

fn written_teb() -> synth::Teb {
    synth::Teb {
        exception_list: 0x1111_0000,
        stack_base: 0x30_0000,
        stack_limit: 0x2f_d000,
        own_address: ADDRESS,
        pid: 0x1234,
        tid: 0x5678,
        peb: 0x7ffd_e000,
        last_error: 1455,
        last_status: 0xc000_012d,
        deallocation_stack: 0x20_0000,
        guaranteed_stack_bytes: 0x8000,
        wow_teb_offset: -0x2000,
        ..synth::Teb::default()
    }
}

#[test]
fn teb() {
    for (width, written) in WIDTHS {
        let dump = keep(ADDRESS, 0x2000, &written_teb().to_bytes(written));
        let teb = Teb::read(dump.memory(), ADDRESS, width).unwrap();
        assert_eq!((teb.address, teb.width, teb.exception_list), (ADDRESS, width, 0x1111_0000));
        assert_eq!((teb.stack_base, teb.stack_limit), (0x30_0000, 0x2f_d000));
        assert_eq!((teb.self_pointer, teb.is_sound()), (ADDRESS, true));
        assert_eq!((teb.process_id, teb.thread_id, teb.peb), (0x1234, 0x5678, 0x7ffd_e000));
        assert_eq!((teb.last_error, teb.last_status()), (1455, Ok(0xc000_012d)));
        assert_eq!(teb.deallocation_stack(), Ok(0x20_0000));
        assert_eq!((teb.guaranteed_stack_bytes(), teb.wow_teb_offset()), (Ok(0x8000), Ok(-0x2000)));
    }
}

/// What is not kept is unknown, not zero.
#[test]
fn teb_of_which_only_the_beginning_is_kept() {
    for (width, written) in WIDTHS {
        let dump = keep(ADDRESS, 0x100, &written_teb().to_bytes(written)[..0x100]);
        let teb = Teb::read(dump.memory(), ADDRESS, width).unwrap();
        assert_eq!((teb.stack_base, teb.last_error), (0x30_0000, 1455));
        assert!(teb.last_status().is_err() && teb.deallocation_stack().is_err());
        assert!(teb.guaranteed_stack_bytes().is_err() && teb.wow_teb_offset().is_err());
    }
}

/// An x64 TEB up to DeallocationStack (1478) on its second page, and nothing behind it.
#[test]
fn teb_of_which_the_end_is_not_kept() {
    let dump = keep(ADDRESS, 0x1480, &written_teb().to_bytes(synth::Width::W64)[..0x1480]);
    let teb = Teb::read(dump.memory(), ADDRESS, Width::Bits64).unwrap();
    assert_eq!((teb.last_status(), teb.deallocation_stack()), (Ok(0xc000_012d), Ok(0x20_0000)));
    assert!(teb.guaranteed_stack_bytes().is_err() && teb.wow_teb_offset().is_err());
}

#[test]
fn teb_that_is_not_kept_or_not_one() {
    for (width, written) in WIDTHS {
        let dump = keep(ADDRESS, 0x30, &written_teb().to_bytes(written)[..0x30]);
        let error = Teb::read(dump.memory(), ADDRESS, width).unwrap_err();
        assert_eq!((error.address, error.why), (ADDRESS + 0x30, Absence::Unknown));

        let elsewhere = synth::Teb { own_address: ADDRESS + 8, ..written_teb() };
        let dump = keep(ADDRESS, 0x2000, &elsewhere.to_bytes(written));
        assert!(!Teb::read(dump.memory(), ADDRESS, width).unwrap().is_sound());
    }
    assert!(Teb::read(keep(ADDRESS, 0x1000, &[]).memory(), u64::MAX - 3, Width::Bits64).is_err());
}

#[test]
fn tebs_of_a_wow64_thread() {
    use presets::wow64::{VIEW32, VIEW64};
    let dump = open(&presets::tiny_wow64());
    for thread in [0, 1] {
        let teb = Teb::read(dump.memory(), VIEW64.tebs[thread], Width::Bits64).unwrap();
        assert_eq!(teb.stack_base, VIEW64.stack_base(thread));
        let twin = teb.wow64().expect("a 32-bit TEB");
        assert_eq!((twin.address, twin.width), (VIEW32.tebs[thread], Width::Bits32));
        assert_eq!((twin.stack_base, twin.peb), (VIEW32.stack_base(thread), VIEW32.peb));
        assert_eq!(twin.thread_id, teb.thread_id);
        assert!(twin.wow64().is_none(), "a 32-bit TEB has no twin");
    }
}

/// By `WowTebOffset` where `ExceptionList` leads nowhere, and the other way round; never to another thread's.
#[test]
fn either_way_to_the_32_bit_teb_will_do() {
    use presets::wow64::{VIEW32, VIEW64};
    const LIST: u64 = VIEW64.tebs[0];
    const OFFSET: u64 = VIEW64.tebs[0] + 0x180c;
    let teb = |change: fn(&mut Process)| {
        let mut process = presets::tiny_wow64();
        change(&mut process);
        let dump = open(&process);
        let teb = Teb::read(dump.memory(), VIEW64.tebs[0], Width::Bits64).unwrap();
        teb.wow64().map(|twin| twin.address)
    };
    assert_eq!(teb(|p| p.put(LIST, &[0x77; 8])), Some(VIEW32.tebs[0]));
    assert_eq!(teb(|p| p.put(OFFSET, &[0; 4])), Some(VIEW32.tebs[0]));
    assert_eq!(teb(|p| p.put(LIST, &VIEW32.tebs[1].to_le_bytes())), Some(VIEW32.tebs[0]));
    let others = teb(|p| {
        p.put(LIST, &VIEW32.tebs[1].to_le_bytes());
        p.put(OFFSET, &[0; 4]);
    });
    assert_eq!(others, None);
}

#[test]
fn a_native_thread_has_no_32_bit_teb() {
    let dump = open(&presets::tiny());
    let teb = Teb::read(dump.memory(), presets::tiny::X64.tebs[0], Width::Bits64).unwrap();
    assert!(teb.wow64().is_none());
}

#[test]
fn peb() {
    for (width, written) in WIDTHS {
        let bytes = synth::Peb {
            being_debugged: 1,
            image_base: 0x40_0000,
            process_parameters: 0x50_0000,
            process_heap: 0x60_0000,
            processors: 24,
            nt_global_flag: 0x0200_0000,
            number_of_heaps: 17,
            process_heaps: 0x70_0000,
            loader_lock: 0x70_8000,
            os_major: 6,
            os_minor: 3,
            os_build: 9600,
            session_id: 2,
            api_set_map: 0x71_0000,
            read_only_shared_memory: 0x72_0000,
            ansi_code_page_data: 0x73_0000,
            gdi_shared_handle_table: 0x74_0000,
            activation_context_data: 0x75_0000,
            system_default_activation_context_data: 0x76_0000,
            ..synth::Peb::default()
        }
        .to_bytes(written);
        let dump = keep(ADDRESS, 0x1000, &bytes);
        let wanted = Peb {
            address: ADDRESS,
            width,
            being_debugged: Some(true),
            image_base: 0x40_0000,
            process_parameters: Some(0x50_0000),
            process_heap: Some(0x60_0000),
            processors: Some(24),
            nt_global_flag: Some(0x0200_0000),
            heaps: Some(17),
            process_heaps: Some(0x70_0000),
            loader_lock: Some(0x70_8000),
            os_version: Some((6, 3, 9600)),
            session_id: Some(2),
            api_set_map: Some(0x71_0000),
            read_only_shared_memory: Some(0x72_0000),
            ansi_code_page_data: Some(0x73_0000),
            gdi_shared_handle_table: Some(0x74_0000),
            activation_context_data: Some(0x75_0000),
            system_default_activation_context_data: Some(0x76_0000),
        };
        assert_eq!(Peb::read(dump.memory(), ADDRESS, width), Ok(wanted));

        let part = keep(ADDRESS, 0x28, &bytes[..0x28]);
        let peb = Peb::read(part.memory(), ADDRESS, width).unwrap();
        assert_eq!(peb.process_parameters, Some(0x50_0000));
        assert_eq!((peb.heaps, peb.os_version, peb.session_id), (None, None, None));
        assert!(Peb::read(part.memory(), ADDRESS + 0x20, width).is_err());
    }
}

fn parameters(relative: bool) -> synth::ProcessParameters {
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    synth::ProcessParameters {
        address: ADDRESS,
        relative,
        image_path: "C:\\Acme\\ä.exe".into(),
        command_line: "ä.exe --password=日本".into(),
        environment: vec![variable("=C:", "C:\\"), variable("PATH", "C:\\Windows"), variable("EMPTY", "")],
        ..synth::ProcessParameters::default()
    }
}

/// Normalised, as in a process that runs, and with offsets in place of addresses, as before it does.
#[test]
fn process_parameters() {
    for (width, written) in WIDTHS {
        for relative in [false, true] {
            let dump = keep(ADDRESS, 0x1000, &parameters(relative).to_bytes(written));
            let found = ProcessParameters::read(dump.memory(), ADDRESS, width).unwrap();
            assert_eq!(found.image_path().unwrap(), "C:\\Acme\\ä.exe");
            assert_eq!(found.command_line().unwrap(), "ä.exe --password=日本");
            assert_eq!(found.environment().unwrap(), ["=C:=C:\\", "PATH=C:\\Windows", "EMPTY="]);
        }
    }
}

#[test]
fn process_parameters_that_are_partly_kept() {
    for (width, written) in WIDTHS {
        let bytes = parameters(false).to_bytes(written);
        // The structure (2c0 / 440 bytes) without its strings.
        let structure = if width == Width::Bits32 { 0x2c0 } else { 0x440 };
        let dump = keep(ADDRESS, structure as u64, &bytes[..structure]);
        let found = ProcessParameters::read(dump.memory(), ADDRESS, width).unwrap();
        assert!(found.command_line().is_err() && found.image_path().is_err());
        assert!(ProcessParameters::read(dump.memory(), ADDRESS + 0x10_0000, width).is_err());
    }
}

/// A size that was destroyed: the block ends where the empty string is, at the latest where the memory ends.
#[test]
fn an_environment_without_a_believable_size() {
    for (width, written) in WIDTHS {
        let mut bytes = parameters(false).to_bytes(written);
        let (at, len) = if width == Width::Bits32 { (0x290, 4) } else { (0x3f0, 8) };
        for fill in [0, 0xff] {
            bytes[at..at + len].fill(fill);
            let dump = keep(ADDRESS, 0x1000, &bytes);
            let found = ProcessParameters::read(dump.memory(), ADDRESS, width).unwrap();
            assert_eq!(found.environment().unwrap(), ["=C:=C:\\", "PATH=C:\\Windows", "EMPTY="]);
        }
    }
}

fn shared_data(kuser: &synth::Kuser) -> UserSharedData {
    let dump = keep(KUSER_SHARED_DATA, 0x1000, &kuser.to_bytes());
    UserSharedData::read(dump.memory()).unwrap()
}

/// The debugger's uptime is InterruptTime, 100 ns each; the tick count would be another number here.
#[test]
fn kuser_shared_data() {
    let kuser = synth::Kuser {
        interrupt_time: 9_813_639_960_000,
        tick_count: 1_000_000,
        system_time: 133_444_742_000_000_000,
        build: 0xf000_4a65,
        major: 10,
        minor: 7,
        native_architecture: 9,
        physical_pages: 0x80_0000,
        full_physical_pages: 0,
        processors: 24,
        ..synth::Kuser::default()
    };
    let wanted = UserSharedData {
        uptime_ms: 981_363_996,
        system_time: Some(133_444_742_000_000_000),
        build: Some(19045),
        version: (10, 7),
        native_arch: Some(9),
        physical_pages: Some(0x80_0000),
        processors: Some(24),
    };
    assert_eq!(shared_data(&kuser), wanted);
    let large = synth::Kuser { full_physical_pages: 0x1_0000_0000, ..kuser };
    assert_eq!(shared_data(&large).physical_pages, Some(0x1_0000_0000));
}

#[test]
fn unfilled_fields_of_kuser_shared_data_are_unknown() {
    let kuser = synth::Kuser {
        build: 0,
        physical_pages: 0,
        processors: 0,
        system_time: 0,
        ..synth::Kuser::default()
    };
    let found = shared_data(&kuser);
    assert_eq!((found.build, found.physical_pages), (None, None));
    assert_eq!((found.processors, found.system_time), (None, None));
}

/// While the kernel writes a time, its two high parts differ: the value is torn, and not to be believed.
#[test]
fn a_torn_time_is_not_believed() {
    let kuser = synth::Kuser {
        interrupt_time: 0x9_0000_0000,
        tick_count: 1_000_000,
        tick_count_multiplier: 0x0fa0_0000,
        ..synth::Kuser::default()
    };
    let mut bytes = kuser.to_bytes();
    bytes[0x8 + 4] ^= 1;
    bytes[0x14 + 8] ^= 1;
    let dump = keep(KUSER_SHARED_DATA, 0x1000, &bytes);
    let found = UserSharedData::read(dump.memory()).unwrap();
    // (1,000,000 x 0x0FA00000) >> 24: a tick is 15.625 ms.
    assert_eq!(found.uptime_ms, 15_625_000);
    assert_eq!(found.system_time, None);
}

#[test]
fn kuser_shared_data_that_is_not_kept() {
    let dump = keep(KUSER_SHARED_DATA, 0x100, &[1; 0x100]);
    // NtSystemRoot, 30 to 238, is not read.
    assert_eq!(UserSharedData::read(dump.memory()).unwrap_err().address, KUSER_SHARED_DATA + 0x238);
}
