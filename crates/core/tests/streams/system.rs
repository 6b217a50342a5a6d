//! SystemInfo and MiscInfo.

use dumplens_core::{Arch, Damage, StreamType, Width};
use dumplens_synth::{Context, Misc, Process, SystemInfo, Thread, presets};

use super::{codes, open, open_changed, put, replace, rva};

#[test]
fn system_info() {
    let system = SystemInfo {
        processors: 24,
        product_type: 3,
        major: 6,
        minor: 1,
        build: 7601,
        csd_version: "Service Pack 1".into(),
        ..SystemInfo::default()
    };
    let dump = open(&Process { system: Some(system), ..Process::default() });
    let found = dump.system_info().unwrap().unwrap();
    assert_eq!((found.processors, found.product_type), (24, 3));
    assert_eq!((found.major, found.minor, found.build), (6, 1, 7601));
    assert_eq!(found.service_pack.as_deref(), Some("Service Pack 1"));
}

#[test]
fn processors_and_their_pointers() {
    use dumplens_synth::Arch as Written;
    for (written, arch, width) in [
        (Written::X86, Arch::X86, Width::Bits32),
        (Written::X64, Arch::X64, Width::Bits64),
        (Written::Arm64, Arch::Arm64, Width::Bits64),
        (Written::Other(5), Arch::Arm, Width::Bits32),
        (Written::Other(0x8003), Arch::Arm64, Width::Bits64),
    ] {
        let dump = open(&Process { arch: written, ..Process::default() });
        assert_eq!((dump.arch(), dump.width()), (Some(arch), width));
    }
}

/// The pointer's size is then guessed from the first thread's context, which is shortest on x86.
#[test]
fn an_unknown_processor_is_guessed_and_said() {
    let threads = vec![Thread { context: Some(Context::at(1, 2, 3)), ..Thread::default() }];
    let x64 = Process { threads, ..Process::default() };
    let x86 = Process { arch: dumplens_synth::Arch::X86, ..x64.clone() };
    for (process, bits, width) in [(x64, 64, Width::Bits64), (x86, 32, Width::Bits32)] {
        let dump = open_changed(&process, |bytes, layout| {
            put(bytes, rva(layout, StreamType::SYSTEM_INFO), &0x7777_u16.to_le_bytes());
        });
        assert_eq!((dump.arch(), dump.width()), (Some(Arch::Other(0x7777)), width));
        assert!(matches!(dump.damage(), [Damage::WidthGuessed { bits: b, .. }] if *b == bits));

        let dump = open_changed(&Process { system: None, ..process }, |_, _| ());
        assert_eq!((dump.arch(), dump.width()), (None, width));
        assert_eq!(codes(&dump), ["width_guessed"]);
        assert!(dump.system_info().unwrap().is_none());
    }
}

#[test]
fn a_short_system_info_is_damaged() {
    let dump = open_changed(&presets::tiny(), |bytes, layout| {
        let whole = super::contents(bytes, layout, StreamType::SYSTEM_INFO);
        replace(bytes, layout, StreamType::SYSTEM_INFO, &whole[..0x20]);
    });
    assert_eq!(codes(&dump), ["stream_malformed", "width_guessed"]);
    assert_eq!(dump.system_info().unwrap_err(), dump.damage()[0]);
}

/// Each size adds fields (spec B.2); those that a shorter one lacks are unknown, not zero.
#[test]
fn misc_info_of_five_sizes() {
    let sizes = [24, 44, 232, 832, 1364];
    for (version, size) in (1..).zip(sizes) {
        let dump = open(&Process { misc: Some(Misc { size, ..Misc::default() }), ..Process::default() });
        let misc = dump.misc_info().unwrap().unwrap();
        let from = |first: i32, value: u32| (version >= first).then_some(value);
        assert_eq!(misc.process_id, Some(4242));
        assert_eq!(misc.process_create_time, Some(1_700_000_000));
        assert_eq!((misc.process_user_time, misc.process_kernel_time), (Some(120), Some(30)));
        assert_eq!(misc.processor_max_mhz, from(2, 3600), "size {size}");
        assert_eq!(misc.process_integrity_level, from(3, 0x2000), "size {size}");
        assert_eq!(misc.time_zone_bias, (version >= 3).then_some(-60), "size {size}");
        let build = misc.build_string.as_deref().map(|text| &text[..5]);
        assert_eq!(build, (version >= 4).then_some("19041"), "size {size}");
        assert_eq!(misc.process_cookie, from(5, 0x1234_5678), "size {size}");
    }
}

#[test]
fn misc_info_gives_no_field_whose_flag_is_clear() {
    let misc = Misc { flags: Some(0x1), ..Misc::default() };
    let dump = open(&Process { misc: Some(misc), ..Process::default() });
    let misc = dump.misc_info().unwrap().unwrap();
    assert_eq!(misc.process_id, Some(4242));
    assert_eq!((misc.process_create_time, misc.process_cookie), (None, None));
    assert_eq!(misc.process_integrity_level, None);
}

#[test]
fn misc_info_absent_and_damaged() {
    assert!(open(&Process::default()).misc_info().unwrap().is_none());
    let process = Process { misc: Some(Misc { size: 20, ..Misc::default() }), ..Process::default() };
    let dump = open_changed(&process, |_, _| ());
    assert_eq!(codes(&dump), ["stream_malformed"]);
    assert_eq!(dump.misc_info().unwrap_err(), dump.damage()[0]);
}

/// A later version of the structure is read as far as this one goes.
#[test]
fn misc_info_longer_than_known() {
    let dump = open(&Process { misc: Some(Misc { size: 1400, ..Misc::default() }), ..Process::default() });
    assert_eq!(dump.misc_info().unwrap().unwrap().process_cookie, Some(0x1234_5678));
}
