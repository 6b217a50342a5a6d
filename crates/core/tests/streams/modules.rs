//! ModuleList with names, versions and CodeView records; UnloadedModuleList.

use dumplens_core::{Damage, StreamType};
use dumplens_synth::{CodeView, Module, Process, UnloadedModule, presets};

use super::{codes, open, open_changed, put, replace, rva};

fn two_modules() -> Process {
    let modules = vec![
        Module {
            base: 0x7ff6_4000_0000,
            size: 0x5000,
            checksum: 0x1111,
            time_date_stamp: 0x6543_2100,
            path: "C:\\Acme\\ä.exe".into(),
            version: Some([10, 0, 19041, 65535]),
            code_view: Some(CodeView {
                guid: [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 1, 2, 3, 4, 5, 6, 7, 8],
                age: 0x2a,
                pdb: "C:\\build\\a.pdb".into(),
            }),
        },
        Module { base: 0x1_8000_0000, size: 0x1000, path: "b.dll".into(), ..Module::default() },
    ];
    Process { modules, ..Process::default() }
}

#[test]
fn modules() {
    let process = two_modules();
    let dump = open(&process);
    let list = dump.modules().unwrap().unwrap();
    assert_eq!(list.len(), 2);
    for (found, wanted) in list.iter().zip(&process.modules) {
        assert_eq!((found.base, found.size), (wanted.base, wanted.size));
        assert_eq!(found.end(), wanted.base + u64::from(wanted.size));
        assert_eq!(found.time_date_stamp, wanted.time_date_stamp);
        assert_eq!(found.checksum, wanted.checksum);
        assert_eq!(found.name, wanted.path);
    }
    assert_eq!(list[0].version.as_deref(), Some("10.0.19041.65535"));
    let written = process.modules[0].code_view.as_ref().unwrap();
    let (guid, age, path) = (written.guid, written.age, written.pdb.clone());
    assert_eq!(list[0].codeview, Some(dumplens_core::CodeView::Pdb70 { guid, age, path }));
    // A GUID prints its first three fields as numbers, and the age follows in hex.
    assert_eq!(list[0].debug_id.as_deref(), Some("131211101514171601020304050607082a"));
    assert_eq!((&list[1].version, &list[1].codeview, &list[1].debug_id), (&None, &None, &None));
}

#[test]
fn absent() {
    let dump = open(&Process::default());
    assert!(dump.modules().unwrap().is_none());
    assert!(dump.unloaded_modules().unwrap().is_none());
}

#[test]
fn damaged() {
    let dump = open_changed(&two_modules(), |bytes, layout| {
        replace(bytes, layout, StreamType::MODULE_LIST, &[1, 0]);
    });
    assert_eq!(codes(&dump), ["stream_malformed"]);
    assert_eq!(dump.modules().unwrap_err(), dump.damage()[0]);
    assert!(dump.system_info().unwrap().is_some(), "the others are read");
}

#[test]
fn one_lost_name_costs_that_name_only() {
    for (at, new) in [(0x14, 0xffff_ff00_u32), (0x14, 3), (0x14, 0)] {
        let dump = open_changed(&two_modules(), |bytes, layout| {
            put(bytes, rva(layout, StreamType::MODULE_LIST) + 4 + at, &new.to_le_bytes());
        });
        let stream = StreamType::MODULE_LIST;
        assert_eq!(
            dump.damage(),
            [Damage::PartsLost { stream, what: "name", count: 1, first: 0 }],
            "{new:#x}"
        );
        let list = dump.modules().unwrap().unwrap();
        let names: Vec<_> = list.iter().map(|m| m.name.clone()).collect();
        assert_eq!(names, ["", "b.dll"]);
        assert_eq!(list[0].version.as_deref(), Some("10.0.19041.65535"));
    }
}

#[test]
fn one_lost_codeview_record_costs_that_record_only() {
    for (at, new) in [(0x50, 0xffff_ff00_u32), (0x4c, u32::MAX), (0x4c, 10)] {
        let dump = open_changed(&two_modules(), |bytes, layout| {
            put(bytes, rva(layout, StreamType::MODULE_LIST) + 4 + at, &new.to_le_bytes());
        });
        let stream = StreamType::MODULE_LIST;
        let lost = Damage::PartsLost { stream, what: "CodeView record", count: 1, first: 0 };
        assert_eq!(dump.damage(), [lost], "{at:#x} {new:#x}");
        let list = dump.modules().unwrap().unwrap();
        assert_eq!(list.len(), 2);
        assert_eq!(list[0].name, "C:\\Acme\\ä.exe");
        assert_eq!((&list[0].codeview, &list[0].debug_id), (&None, &None));
    }
}

#[test]
fn modules_that_cannot_be_are_dropped_and_counted() {
    let mut process = two_modules();
    process.modules.push(Module { base: 0x1000, size: 0, path: "empty.dll".into(), ..Module::default() });
    process.modules.push(Module {
        base: u64::MAX - 5,
        size: 9,
        path: "wraps.dll".into(),
        ..Module::default()
    });
    let dump = open_changed(&process, |_, _| ());
    assert!(
        matches!(dump.damage(), [Damage::EntriesDropped { stream: StreamType::MODULE_LIST, count: 2, .. }]),
        "{:?}",
        dump.damage()
    );
    assert_eq!(dump.modules().unwrap().unwrap().len(), 2);
}

/// Some writers align the entries to 8 bytes.
#[test]
fn four_bytes_of_padding_behind_the_count() {
    let process = two_modules();
    let dump = open_changed(&process, |bytes, layout| {
        let list = super::contents(bytes, layout, StreamType::MODULE_LIST);
        replace(bytes, layout, StreamType::MODULE_LIST, &[&list[..4], &[0; 4], &list[4..]].concat());
    });
    assert_eq!(dump.damage(), []);
    let list = dump.modules().unwrap().unwrap();
    let bases: Vec<_> = list.iter().map(|m| m.base).collect();
    assert_eq!(bases, [0x7ff6_4000_0000, 0x1_8000_0000]);
}

#[test]
fn unloaded_modules() {
    let entry = |base, size, name: &str| UnloadedModule {
        base,
        size,
        checksum: 5,
        time_date_stamp: 0x5f00_0000,
        name: name.into(),
    };
    let unloaded = vec![
        entry(0x7a00_0000, 0x1_0000, "old.dll"),
        entry(0, 0, ""),
        entry(0x7a00_0000, 0x1_0000, "again.dll"),
    ];
    let process = Process { unloaded, ..Process::default() };
    let dump = open(&process);
    let unloaded = dump.unloaded_modules().unwrap().unwrap();
    assert_eq!(unloaded.damage, []);
    let found: Vec<_> =
        unloaded.list.iter().map(|m| (m.base, m.size, m.time_date_stamp, m.name.clone())).collect();
    // The entry without a place, of which Wine writes 65,536, says nothing.
    assert_eq!(
        found,
        [
            (0x7a00_0000, 0x1_0000, 0x5f00_0000, "old.dll".to_owned()),
            (0x7a00_0000, 0x1_0000, 0x5f00_0000, "again.dll".to_owned())
        ]
    );
}

/// Damage is told with the list, and costs nothing before somebody asks for it.
#[test]
fn damaged_unloaded_modules() {
    let unloaded = |base| UnloadedModule { base, size: 0x1000, name: "old.dll".into(), ..Default::default() };
    let process = Process { unloaded: vec![unloaded(0x7a00_0000), unloaded(u64::MAX)], ..Process::default() };
    let dump = open(&process);
    assert_eq!(codes(&dump), [""; 0]);
    let read = dump.unloaded_modules().unwrap().unwrap();
    let codes_of = |damage: &[Damage]| damage.iter().map(Damage::code).collect::<Vec<_>>();
    assert_eq!((read.list.len(), codes_of(&read.damage)), (1, vec!["entries_dropped"]));
    let dump = open_changed(&process, |bytes, layout| {
        replace(bytes, layout, StreamType::UNLOADED_MODULE_LIST, &[12, 0]);
    });
    assert_eq!(codes(&dump), [""; 0]);
    assert_eq!(dump.unloaded_modules().unwrap_err().code(), "stream_malformed");
}

#[test]
fn sign_extension_is_undone() {
    let mut process = presets::tiny_x86();
    process.sign_extend = true;
    process.unloaded[0].base = 0xfff0_0000;
    let dump = open(&process);
    let modules = dump.modules().unwrap().unwrap();
    assert_eq!(modules[1].base, 0xb700_0000);
    assert_eq!(dump.unloaded_modules().unwrap().unwrap().list[0].base, 0xfff0_0000);
}
