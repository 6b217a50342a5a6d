//! Processes with a small .NET runtime: [`tiny`](super::tiny()) with [`Clr`] in it.

use super::common::FIRST_TID;
use super::{tiny, tiny::X64};
use crate::Context;
use crate::address_space::Part;
use crate::clr::{ASSEMBLY, CODE, Clr, HEAP, HEAP_SIZE, LOADER, MODULE, REGION, code};
use crate::constants::{PAGE_EXECUTE_READ, PAGE_READONLY, PAGE_READWRITE};
use crate::memory::{Range, Region};
use crate::modules::Module;
use crate::process::Process;
use crate::{AddressSpace, TOP_X64};

/// `COR_E_INVALIDOPERATION`.
pub const HRESULT: u32 = 0x8013_1509;
/// The object that [`out_of_memory`] was refused.
pub const REFUSED: u64 = 1_073_741_848;

/// An unhandled System.InvalidOperationException in the first thread.
pub fn exception() -> Process {
    build(&Clr { exception: Some(HRESULT), ..clr() })
}

/// The threads wait for each other, in a dump without an exception: both in a system call, called from their method.
pub fn deadlock() -> Process {
    let stacks = [0, 1].map(|n| X64.stack_base(n) - 0x80);
    let mut process = build(&Clr { deadlock: Some(stacks), ..clr() });
    process.exception = None;
    let waiting = process.threads[1].context.clone().unwrap_or_default();
    for n in [0, 1] {
        let sp = stacks[n] - 0x80;
        process.put(sp, &(code::method(n as u64) + 0x10).to_le_bytes());
        process.put(sp + 8 + code::FRAME, &[0; 8]);
        process.threads[n].context = Some(Context { sp, ..waiting.clone() });
    }
    process
}

/// [`exception`], whose second thread stands in Own.Program.Pay, which Own.Program.Main called, which nothing called.
pub fn frames() -> Process {
    let mut process = exception();
    let sp = X64.stack_base(1) - 0x80;
    for (n, ip) in [code::method(1) + 0x20, 0].into_iter().enumerate() {
        process.put(sp + code::FRAME + (code::FRAME + 8) * n as u64, &ip.to_le_bytes());
    }
    process.threads[1].context = Some(Context { ip: code::method(0) + 0x10, sp, ..Context::default() });
    process
}

/// The collector refused an object, and a collection is in progress.
pub fn refused() -> Process {
    build(&Clr { refused: Some(REFUSED), collecting: true, ..clr() })
}

/// An unhandled System.OutOfMemoryException, after the collector refused an object.
pub fn out_of_memory() -> Process {
    build(&Clr { exception: Some(0x8007_000E), refused: Some(REFUSED), ..clr() })
}

fn clr() -> Clr {
    Clr { threads: vec![FIRST_TID, FIRST_TID + 4], ..Clr::default() }
}

fn build(clr: &Clr) -> Process {
    let mut process = tiny();
    // LastErrorValue and LastStatusValue: nothing was refused.
    for at in [0x68, 0x1250] {
        process.put(X64.tebs[0] + at, &[0; 4]);
    }
    clr.put(&mut process);
    let size = clr.module().len() as u64;
    let mut space = AddressSpace::default();
    space.allocate(MODULE, &[Part::image(size, PAGE_READONLY)]);
    space.allocate(LOADER, &[Part::private(0x6000, PAGE_READWRITE)]);
    space.allocate(ASSEMBLY, &[Part::mapped(0x3000, PAGE_READONLY)]);
    let region = || [Part::private(REGION, PAGE_READWRITE), Part::reserved(HEAP_SIZE / 4 - REGION)];
    space.allocate(CODE, &[Part::mapped(0x5000, PAGE_EXECUTE_READ)]);
    space.allocate(HEAP, &[region(), region(), region(), region()].concat());
    for (start, size) in [(MODULE, size), (LOADER, 0x6000), (ASSEMBLY, 0x3000), (CODE, 0x5000)] {
        process.memory.push(Range { start, size });
    }
    process.memory.extend((0..4).map(|n| Range { start: HEAP + n * HEAP_SIZE / 4, size: REGION }));
    process.memory.sort_by_key(|range| range.start);
    let added = space.regions(TOP_X64).into_iter().filter(|region| region.allocation_base != 0);
    let regions = process.regions.get_or_insert_with(Vec::new);
    added.for_each(|region| carve(regions, region));
    process.modules.push(Module {
        base: MODULE,
        size: u32::try_from(size).expect("a small module"),
        path: "C:\\app\\coreclr.dll".into(),
        version: Some([10, 0, 926, 27113]),
        ..Module::default()
    });
    if let (Some(code), Some(exception)) = (clr.exception, &mut process.exception) {
        exception.code = 0xE043_4352;
        exception.parameters = vec![u64::from(code) | 0xFFFF_FFFF_0000_0000, 0, 0, 0, MODULE];
    }
    process
}

/// Puts a region in place of the free memory there.
fn carve(regions: &mut Vec<Region>, region: Region) {
    let end = region.base + region.size;
    let place = regions
        .iter()
        .position(|r| r.allocation_base == 0 && r.base <= region.base && r.base + r.size >= end);
    let index = place.expect("free memory");
    let free = regions.remove(index);
    let parts = [
        Region::free(free.base, region.base - free.base),
        region,
        Region::free(end, free.base + free.size - end),
    ];
    let parts = parts.into_iter().filter(|part| part.size > 0);
    regions.splice(index..index, parts);
}
