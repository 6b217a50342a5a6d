//! Structures of the process, with literal offsets from the specification.

use dumplens_synth::{
    CppThrow, Exception, Kuser, Peb, Process, ProcessParameters, Range, Teb, Width, presets,
};

fn number(bytes: &[u8], at: usize, size: usize) -> u64 {
    bytes[at..at + size].iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

fn teb() -> Teb {
    Teb {
        exception_list: 0x11,
        stack_base: 0x22,
        stack_limit: 0x33,
        own_address: 0x44,
        pid: 0x55,
        tid: 0x66,
        peb: 0x77,
        last_error: 0x88,
        last_status: 0x99,
        deallocation_stack: 0xAA,
        wow_teb_offset: -0x2000,
        ..Teb::default()
    }
}

#[test]
fn teb_of_both_widths() {
    let values = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xFFFF_E000];
    let x64 = [0, 8, 0x10, 0x30, 0x40, 0x48, 0x60, 0x68, 0x1250, 0x1478, 0x180C];
    let x86 = [0, 4, 8, 0x18, 0x20, 0x24, 0x30, 0x34, 0xBF4, 0xE0C, 0xFDC];
    for (width, offsets, size) in [(Width::W64, x64, 0x1878), (Width::W32, x86, 0x1038)] {
        let bytes = teb().to_bytes(width);
        assert_eq!(bytes.len(), size);
        assert_eq!(offsets.map(|at| number(&bytes, at, 4)), values);
    }
}

/// EXCEPTION_RECORD of winnt.h: code, flags, record, address, number of parameters, parameters.
#[test]
fn exception_record_of_both_widths() {
    let exception = Exception {
        code: 0xC000_0005,
        flags: 1,
        record: 0x1122,
        address: 0x3344,
        parameters: vec![8, 0x5566],
        ..Exception::default()
    };
    let values = [0xC000_0005, 1, 0x1122, 0x3344, 2, 8, 0x5566];
    let x86 = ([0, 4, 8, 0xC, 0x10, 0x14, 0x18], 0x1C);
    let x64 = ([0, 4, 8, 0x10, 0x18, 0x20, 0x28], 0x30);
    for (width, (offsets, size)) in [(Width::W32, x86), (Width::W64, x64)] {
        let bytes = exception.record_bytes(width);
        assert_eq!(bytes.len(), size);
        assert_eq!(offsets.map(|at| number(&bytes, at, 4)), values);
    }
}

#[test]
fn peb_of_both_widths() {
    let peb = Peb {
        being_debugged: 1,
        image_base: 0x11,
        process_parameters: 0x22,
        process_heap: 0x33,
        nt_global_flag: 0x44,
        number_of_heaps: 0x55,
        process_heaps: 0x66,
        session_id: 0x77,
        ..Peb::default()
    };
    let values = [0x11, 0x22, 0x33, 8, 0x44, 0x55, 16, 0x66, 10, 0x77];
    let x64 = [0x10, 0x20, 0x30, 0xB8, 0xBC, 0xE8, 0xEC, 0xF0, 0x118, 0x2C0];
    let x86 = [0x8, 0x10, 0x18, 0x64, 0x68, 0x88, 0x8C, 0x90, 0xA4, 0x1D4];
    for (width, offsets, build, size) in [(Width::W64, x64, 0x120, 0x7D0), (Width::W32, x86, 0xAC, 0x488)] {
        let bytes = peb.to_bytes(width);
        assert_eq!((bytes.len(), bytes[2]), (size, 1));
        assert_eq!(offsets.map(|at| number(&bytes, at, 4)), values);
        assert_eq!(number(&bytes, build, 2), 19045);
    }
}

#[test]
fn process_parameters_of_both_widths() {
    let parameters = ProcessParameters {
        address: 0x5000,
        image_path: "C:\\a.exe".into(),
        command_line: "a.exe -x".into(),
        environment: vec![("A".into(), "1".into()), ("B".into(), String::new())],
        ..ProcessParameters::default()
    };
    for (width, command_line, environment, environment_size) in
        [(Width::W64, 0x70, 0x80, 0x3F0), (Width::W32, 0x40, 0x48, 0x290)]
    {
        let bytes = parameters.to_bytes(width);
        let pointer = |at| usize::try_from(number(&bytes, at, width.bytes()) - 0x5000).unwrap();
        assert_eq!(number(&bytes, 8, 4), 1);
        assert_eq!(number(&bytes, command_line, 2), 16);
        assert_eq!(number(&bytes, command_line + 2, 2), 18);
        let text = pointer(command_line + width.bytes());
        assert_eq!(&bytes[text..text + 6], b"a\0.\0e\0");
        let block = &bytes[pointer(environment)..];
        assert_eq!(block, b"A\0=\x001\0\0\0B\0=\0\0\0\0\0");
        assert_eq!(number(&bytes, environment_size, width.bytes()), block.len() as u64);
    }
    let relative = ProcessParameters { relative: true, ..parameters }.to_bytes(Width::W64);
    assert_eq!(number(&relative, 8, 4), 0);
    assert!(number(&relative, 0x78, 8) < 0x1000);
}

#[test]
fn kuser_shared_data() {
    let bytes = Kuser { cookie: 0x1234, full_physical_pages: 0x9999, ..Kuser::default() }.to_bytes();
    let ticks = number(&bytes, 0x320, 8);
    let uptime = (ticks * number(&bytes, 4, 4)) >> 24;
    assert_eq!(uptime, (3 * 86400 - 600) * 1000);
    assert_eq!(number(&bytes, 0x14, 8), 133_444_742_000_000_000);
    assert_eq!(number(&bytes, 0x18, 4), number(&bytes, 0x1C, 4));
    assert_eq!(&bytes[0x30..0x36], b"C\0:\0\\\0");
    assert_eq!(number(&bytes, 0x260, 4), 19045);
    assert_eq!((number(&bytes, 0x264, 4), number(&bytes, 0x26A, 2)), (1, 9));
    assert_eq!((number(&bytes, 0x26C, 4), number(&bytes, 0x270, 4)), (10, 0));
    assert_eq!((number(&bytes, 0x2E8, 4), number(&bytes, 0x310, 8)), (0x80_0000, 0x9999));
    assert_eq!((number(&bytes, 0x330, 4), number(&bytes, 0x3C0, 4)), (0x1234, 8));
}

/// Reads the type names as a debugger does.
fn thrown_types(process: &Process, width: Width, info: u64, image: u64) -> Vec<String> {
    let (bytes, layout) = process.to_bytes();
    let at = |va| usize::try_from(layout.offset_of(va).unwrap()).unwrap();
    let base = if width == Width::W64 { image } else { 0 };
    let follow = |va: u64| base + number(&bytes, at(va), 4);
    let array = follow(info + 0xC);
    (0..number(&bytes, at(array), 4))
        .map(|n| {
            let descriptor = follow(follow(array + 4 + 4 * n) + 4);
            let name = &bytes[at(descriptor + 2 * width.bytes() as u64)..];
            let end = name.iter().position(|&byte| byte == 0).unwrap();
            String::from_utf8(name[..end].to_vec()).unwrap()
        })
        .collect()
}

#[test]
fn cpp_throw_of_both_widths() {
    let types = [".?AVbad_alloc@std@@", ".?AVexception@std@@"];
    for width in [Width::W32, Width::W64] {
        let image = 0x40_0000;
        let memory = vec![Range { start: image, size: 0x2000 }];
        let mut process = Process { memory, ..Process::default() };
        let thrown = CppThrow {
            width,
            image,
            rva: 0x1000,
            object: 0x1234,
            types: types.map(String::from).to_vec(),
            ..CppThrow::default()
        };
        let exception = thrown.raise(&mut process);
        assert_eq!(exception.parameters[..3], [0x1993_0520, 0x1234, image + 0x1000]);
        assert_eq!(exception.parameters.len(), if width == Width::W64 { 4 } else { 3 });
        assert_eq!(thrown_types(&process, width, image + 0x1000, image), types);
    }
}

#[test]
fn wow64_tebs_point_at_each_other() {
    let process = presets::tiny_wow64();
    let (bytes, layout) = process.to_bytes();
    for (teb64, teb32) in presets::wow64::VIEW64.tebs.into_iter().zip(presets::wow64::VIEW32.tebs) {
        let at = |va| usize::try_from(layout.offset_of(va).unwrap()).unwrap();
        assert_eq!(number(&bytes, at(teb64), 8), teb32);
        assert_eq!(number(&bytes, at(teb64 + 0x180C), 4), teb32 - teb64);
        assert_eq!(number(&bytes, at(teb32 + 0x18), 4), teb32);
        assert_eq!(number(&bytes, at(teb32 + 0x30), 4), presets::wow64::VIEW32.peb);
        assert_eq!(number(&bytes, at(teb64 + 0x60), 8), presets::wow64::VIEW64.peb);
    }
}
