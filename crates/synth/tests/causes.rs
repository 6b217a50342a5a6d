//! The processes of which the cause is known: that they hold what they say.

use dumplens_synth::presets::causes::{self, Wanted, story};
use dumplens_synth::{MEM_COMMIT, MEM_FREE, Region};
use minidump::{Minidump, MinidumpException, MinidumpMemoryInfoList, MinidumpModuleList, MinidumpThreadList};

/// An independent reader finds two threads, six images, and the exception that was raised, in a place with code.
#[test]
fn another_reader_reads_them() {
    for make in causes::all() {
        let case = make();
        let dump = Minidump::read(case.process.to_bytes().0).expect(case.name);
        let threads = dump.get_stream::<MinidumpThreadList<'_>>().expect(case.name);
        let modules = dump.get_stream::<MinidumpModuleList>().expect(case.name);
        assert_eq!((threads.threads.len(), modules.iter().count()), (2, 6), "{}", case.name);
        let raised = dump.get_stream::<MinidumpException<'_>>().ok();
        let found = raised.as_ref().map(|e| e.raw.exception_record.exception_code);
        assert_eq!(found, case.process.exception.as_ref().map(|e| e.code), "{}", case.name);
        assert_eq!(found.is_none(), case.truth.kind == Wanted::Is("no_exception"), "{}", case.name);
        let mapped = dump.get_stream::<MinidumpMemoryInfoList<'_>>().is_ok();
        assert_eq!(mapped, case.process.regions.is_some(), "{}", case.name);
    }
}

fn bytes(regions: &[Region], state: u32) -> u64 {
    regions.iter().filter(|region| region.state == state).map(|region| region.size).sum()
}

/// 18.3 GB committed, 119.96 TB free in one piece, and a vector that grows by half to 0x039bc719 elements.
#[test]
fn the_story() {
    let case = story::commit_limit();
    let regions = case.process.regions.as_deref().expect("a map");
    let tenths = bytes(regions, MEM_COMMIT) as f64 / f64::from(1 << 30);
    assert_eq!(format!("{tenths:.1}"), "18.3");
    let largest = regions.iter().filter(|r| r.state == MEM_FREE).map(|r| r.size).max().expect("free");
    assert_eq!(format!("{:.2}", largest as f64 / (1u64 << 40) as f64), "119.96");
    assert_eq!(case.truth.requested_bytes, Wanted::Is(968_651_191));
    assert_eq!(case.truth.element_count, Wanted::Is(0x039B_C719));
    let machine = case.process.system_memory.expect("the machine's figures");
    assert!((machine.commit_limit - machine.committed_pages) * 4096 < 968_651_191);
    assert!(story::commit_unknown().process.system_memory.is_none());
}
