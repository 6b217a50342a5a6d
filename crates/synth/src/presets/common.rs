//! What the small presets have in common.

use crate::address_space::{AddressSpace, Part};
use crate::constants::{MEM_COMMIT, MEM_PRIVATE, PAGE, PAGE_GUARD, PAGE_READONLY, PAGE_READWRITE};
use crate::handles::Handle;
use crate::kuser::{KUSER_SHARED_DATA, Kuser};
use crate::memory::Region;
use crate::modules::{CodeView, Module, UnloadedModule};
use crate::pe::Image;
use crate::process::Process;
use crate::process_parameters::ProcessParameters;
use crate::threads::ThreadInfo;
use crate::{Misc, SystemMemory, VmCounters};

/// Process id of every preset.
pub const PID: u32 = 4242;
/// Id of the first thread of every preset; the others follow in steps of 4.
pub const FIRST_TID: u32 = 1000;

/// A stack of 1 MiB: reserved, 3 guard pages, one committed page.
pub(super) const STACK_SIZE: u64 = 0x10_0000;

/// Allocates a stack; returns its base (the exclusive high end).
pub(super) fn stack(space: &mut AddressSpace, address: u64) -> u64 {
    let guard = Part::private(3 * PAGE, PAGE_READWRITE | PAGE_GUARD);
    let committed = Part::private(PAGE, PAGE_READWRITE);
    space.allocate(address, &[Part::reserved(STACK_SIZE - 4 * PAGE), guard, committed]);
    address + STACK_SIZE
}

/// Maps an image and lists it.
pub(super) fn map(
    process: &mut Process,
    space: &mut AddressSpace,
    image: &Image,
    path: &str,
    version: [u16; 4],
) {
    let bytes = image.to_bytes();
    space.allocate(image.base, &image.parts());
    process.put(image.base, &bytes);
    process.modules.push(Module {
        base: image.base,
        size: crate::bytes::len32(bytes.len()),
        checksum: 0,
        time_date_stamp: image.time_date_stamp,
        path: path.into(),
        version: Some(version),
        code_view: image.code_view.clone(),
    });
}

/// An RSDS record whose GUID bytes count up from `first`.
pub(super) fn code_view(first: u8, pdb: &str) -> CodeView {
    CodeView {
        guid: std::array::from_fn(|i| first.wrapping_add(i.to_le_bytes()[0])),
        age: 1,
        pdb: pdb.into(),
    }
}

/// KUSER_SHARED_DATA and its region.
pub(super) fn shared_data(process: &mut Process, space: &mut AddressSpace) {
    space.allocate(KUSER_SHARED_DATA, &[Part::private(PAGE, PAGE_READONLY)]);
    process.put(KUSER_SHARED_DATA, &Kuser::default().to_bytes());
}

/// Process parameters at an address.
pub(super) fn parameters(address: u64) -> ProcessParameters {
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    ProcessParameters {
        address,
        image_path: "C:\\Program Files\\Acme\\app.exe".into(),
        command_line: "\"C:\\Program Files\\Acme\\app.exe\" --serve 8080".into(),
        current_directory: "C:\\Program Files\\Acme\\".into(),
        window_title: "Acme".into(),
        desktop: "WinSta0\\Default".into(),
        environment: vec![
            variable("COMPUTERNAME", "BUILD7"),
            variable("PATH", "C:\\Windows\\system32;C:\\Windows"),
            variable("TEMP", "C:\\Temp"),
        ],
        ..ProcessParameters::default()
    }
}

/// Streams that do not depend on the address space.
pub(super) fn describe(process: &mut Process) {
    process.misc = Some(Misc::default());
    process.comment = Some(format!("\r\n*** procdump64.exe -ma {PID}\r\n*** Manual dump"));
    process.unloaded = vec![
        UnloadedModule {
            base: 0x7A00_0000,
            size: 0x1_0000,
            checksum: 0,
            time_date_stamp: 0x5F00_0000,
            name: "old_0.dll".into(),
        },
        UnloadedModule {
            base: 0x7A10_0000,
            size: 0x2_0000,
            checksum: 0,
            time_date_stamp: 0x5F00_0001,
            name: "old_1.dll".into(),
        },
    ];
    process.handles = vec![
        handle(4, "Event", Some("\\BaseNamedObjects\\Ready")),
        handle(8, "File", None),
        handle(12, "File", None),
        handle(16, "Key", Some("\\REGISTRY\\MACHINE\\SOFTWARE\\Acme")),
    ];
}

/// An open handle.
pub(super) fn handle(number: u64, type_name: &str, object_name: Option<&str>) -> Handle {
    Handle {
        handle: number,
        type_name: Some(type_name.into()),
        object_name: object_name.map(Into::into),
        attributes: 0,
        granted_access: 0x1F_0003,
        handle_count: 1,
        pointer_count: 32768,
        information: Vec::new(),
    }
}

/// Times of a running thread.
pub(super) fn running(start_address: u64) -> ThreadInfo {
    ThreadInfo {
        exit_status: 259,
        create_time: 133_444_736_000_000_000,
        kernel_time: 100_000,
        user_time: 200_000,
        start_address,
        affinity: 0xFF,
        ..ThreadInfo::default()
    }
}

/// Regions, kept memory and counters of the finished address space, from 0 to `top`.
pub(super) fn finish(process: &mut Process, space: &AddressSpace, top: u64) {
    let regions = space.regions(top);
    let bytes = |wanted: &dyn Fn(&&Region) -> bool| {
        regions.iter().filter(wanted).map(|region| region.size).sum::<u64>()
    };
    let committed = bytes(&|region| region.state == MEM_COMMIT);
    let private = bytes(&|region| region.state == MEM_COMMIT && region.kind == MEM_PRIVATE);
    let taken = bytes(&|region| region.allocation_base != 0);
    process.memory = space.kept();
    process.system_memory =
        Some(SystemMemory { maximum_user_mode_address: top - 1, ..SystemMemory::default() });
    process.vm_counters = Some(VmCounters {
        peak_working_set: committed,
        working_set: committed,
        pagefile_usage: private,
        peak_pagefile_usage: private + private / 8,
        peak_virtual_size: taken + 0x10_0000,
        virtual_size: taken,
        private_usage: private,
        private_working_set: private,
        shared_commit_usage: 0,
        ..VmCounters::default()
    });
    process.regions = Some(regions);
}
