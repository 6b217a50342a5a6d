//! Small processes, one architecture each.

use super::common::FIRST_TID;
use super::small::Addresses;
use crate::address_space::{TOP_X64, TOP_X86_4GB};
use crate::process::Process;
use crate::{Arch, CppThrow, Misc, SystemInfo, Width};

/// Where the parts of [`tiny`] and [`tiny_bad_alloc`] lie.
pub const X64: Addresses = Addresses {
    width: Width::W64,
    app: 0x7FF6_4000_0000,
    ntdll: 0x7FFB_1000_0000,
    peb: 0x40_0001_0000,
    tebs: [0x40_0001_1000, 0x40_0001_3000],
    stacks: [0x40_0020_0000, 0x40_0030_0000],
    heap: 0x1F0_0000_0000,
    mapped: 0x1F1_0000_0000,
    top: TOP_X64,
};

/// Where the parts of [`tiny_x86`] lie: ntdll, the second stack and the mapped page above 2 GiB.
pub const X86: Addresses = Addresses {
    width: Width::W32,
    app: 0x0040_0000,
    ntdll: 0xB700_0000,
    peb: 0x0021_0000,
    tebs: [0x0021_1000, 0x0021_3000],
    stacks: [0x0050_0000, 0x9000_0000],
    heap: 0x0070_0000,
    mapped: 0xA000_0000,
    top: TOP_X86_4GB,
};

/// A complete x64 full dump, 76 KiB: access violation in thread 1000, thread 1004 waits. To cut it at every byte
/// take `tiny().trimmed()`, 23 KB.
pub fn tiny() -> Process {
    X64.build(Process::default())
}

/// The same as a large-address-aware 32-bit process of 64-bit Windows, as a 32-bit writer sees it. Set
/// `sign_extend` to have addresses above 2 GiB stored as 0xFFFFFFFF_9000_0000.
pub fn tiny_x86() -> Process {
    let mut process = X86.build(Process { arch: Arch::X86, ..Process::default() });
    process.system = Some(SystemInfo::default());
    process.misc =
        Some(Misc { build_string: "19041.1.x86fre.vb_release.191206-1406".into(), ..Misc::default() });
    process
}

/// [`tiny`], but the exception is a C++ `std::bad_alloc` with the text "bad allocation", as [`throw`] has it.
pub fn tiny_bad_alloc() -> Process {
    let mut process = tiny();
    throw(&mut process, ".?AVbad_alloc@std@@", b"bad allocation\0");
    process
}

/// Makes the exception of a process like [`tiny`] a C++ exception of thread 1000: a class that is derived from
/// `std::exception`, by its decorated name, and what its `what()` returns, up to a NUL. The ThrowInfo is at
/// app.exe + 0x2800, the object on the thread's stack.
pub fn throw(process: &mut Process, class: &str, what: &[u8]) {
    let object = X64.stack_base(0) - 0x400;
    let thrown = CppThrow {
        width: Width::W64,
        image: X64.app,
        rva: 0x2800,
        object,
        types: vec![class.into(), ".?AVexception@std@@".into()],
        ..CppThrow::default()
    };
    let text = X64.app + 0x2A00;
    let vftable = text + (what.len() as u64).next_multiple_of(0x40);
    process.put(text, what);
    process.put(object, &[vftable, text, 0].map(u64::to_le_bytes).concat());
    let mut exception = thrown.raise(process);
    exception.thread_id = FIRST_TID;
    exception.address = process.threads[0].context.as_ref().map_or(0, |context| context.ip);
    exception.context.clone_from(&process.threads[0].context);
    process.exception = Some(exception);
}
