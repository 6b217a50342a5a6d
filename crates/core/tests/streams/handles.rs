//! HandleDataStream: both versions of the descriptor, names, and sizes that would ask for 500 GB.

use dumplens_core::{Damage, StreamType};
use dumplens_synth::{Handle, Process};

use super::{contents, open, open_changed, put, replace, rva};

const KIND: StreamType = StreamType::HANDLE_DATA;

fn three_handles() -> Process {
    let handle = |number, type_name: Option<&str>, object_name: Option<&str>| Handle {
        handle: number,
        type_name: type_name.map(Into::into),
        object_name: object_name.map(Into::into),
        attributes: 2,
        granted_access: 0x1f_0003,
        handle_count: 5,
        pointer_count: 32768,
        information: Vec::new(),
    };
    let handles = vec![
        handle(4, Some("Event"), Some("\\BaseNamedObjects\\Ready")),
        handle(0x1_0000_0008, Some("File"), None),
        handle(12, None, Some("\\Device\\ä")),
    ];
    Process { handles, ..Process::default() }
}

fn check(dump: &dumplens_core::Dump, wanted: &[Handle]) {
    let handles = dump.handles().unwrap().unwrap();
    assert_eq!(handles.damage, []);
    assert_eq!(handles.list.len(), wanted.len());
    for (found, wanted) in handles.list.iter().zip(wanted) {
        assert_eq!(found.handle, wanted.handle);
        assert_eq!(found.type_name, wanted.type_name);
        assert_eq!(found.object_name, wanted.object_name);
        assert_eq!(found.attributes, wanted.attributes);
        assert_eq!(found.granted_access, wanted.granted_access);
        assert_eq!(found.handle_count, wanted.handle_count);
        assert_eq!(found.pointer_count, wanted.pointer_count);
    }
}

#[test]
fn version_2() {
    let process = three_handles();
    check(&open(&process), &process.handles);
}

/// 0x20 bytes instead of 0x28: without ObjectInfoRva and Reserved.
#[test]
fn version_1() {
    let process = three_handles();
    let dump = open_changed(&process, |bytes, layout| {
        let mut list = contents(bytes, layout, KIND);
        let entries: Vec<u8> = list.split_off(0x10).chunks(0x28).flat_map(|e| e[..0x20].to_vec()).collect();
        list[4] = 0x20;
        replace(bytes, layout, KIND, &[list, entries].concat());
    });
    check(&dump, &process.handles);
}

#[test]
fn absent() {
    assert!(open(&Process::default()).handles().unwrap().is_none());
}

#[test]
fn descriptors_of_size_zero_are_refused() {
    let dump = open_changed(&three_handles(), |bytes, layout| {
        put(bytes, rva(layout, KIND) + 4, &0_u32.to_le_bytes());
        put(bytes, rva(layout, KIND) + 8, &u32::MAX.to_le_bytes());
    });
    assert_eq!(dump.handles().unwrap_err().code(), "stream_malformed");
}

#[test]
fn a_count_beyond_the_bytes_is_clipped_to_them() {
    let dump = open_changed(&three_handles(), |bytes, layout| {
        put(bytes, rva(layout, KIND) + 8, &u32::MAX.to_le_bytes());
    });
    let handles = dump.handles().unwrap().unwrap();
    let listed = u64::from(u32::MAX);
    assert_eq!(handles.damage, [Damage::EntriesCut { stream: KIND, listed, read: 3 }]);
    assert_eq!(handles.list.len(), 3);
}

#[test]
fn one_bad_name_costs_that_name_only() {
    let dump = open_changed(&three_handles(), |bytes, layout| {
        put(bytes, rva(layout, KIND) + 0x10 + 8, &0xffff_ff00_u32.to_le_bytes());
    });
    let handles = dump.handles().unwrap().unwrap();
    assert_eq!(handles.damage, [Damage::PartsLost { stream: KIND, what: "name", count: 1, first: 0 }]);
    assert_eq!(handles.list[0].type_name.as_deref().unwrap_or_default(), "");
    assert_eq!(handles.list[0].object_name.as_deref(), Some("\\BaseNamedObjects\\Ready"));
    assert_eq!(handles.list[1].type_name.as_deref(), Some("File"));
}
