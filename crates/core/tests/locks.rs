//! Critical sections, their list, SRW locks, and what handles tell of their objects.

use dumplens_core::process::critical_section::{self, ListEnd};
use dumplens_core::process::{CriticalSection, Peb, SectionList, SrwLock, Teb};
use dumplens_core::{Dump, ObjectInformation, ReadMemory, STILL_ACTIVE, Width};
use dumplens_synth::{self as synth, Handle, Information, Process, Range, SectionDebug};

const WIDTHS: [(Width, synth::Width); 2] =
    [(Width::Bits32, synth::Width::W32), (Width::Bits64, synth::Width::W64)];
const MEMORY: u64 = 0x1000_0000;

fn open(process: &Process) -> Dump {
    Dump::open(process.to_bytes().0).expect("a dump that opens")
}

fn empty(size: u64) -> Process {
    Process { memory: vec![Range { start: MEMORY, size }], ..Process::default() }
}

#[test]
fn a_held_section() {
    for (width, written) in WIDTHS {
        let mut process = empty(0x1000);
        process.put(MEMORY + 0x100, &synth::CriticalSection::held(0x1a4, 3).to_bytes(written));
        let dump = open(&process);
        let section = CriticalSection::read(&dump.memory(), MEMORY + 0x100, width).expect("kept");
        let all_ones = if width == Width::Bits32 { u64::from(u32::MAX) } else { u64::MAX };
        assert_eq!((section.lock_count, section.recursion_count, section.owning_thread), (-14, 1, 0x1a4));
        assert_eq!(
            (section.lock_semaphore, section.debug_info, section.spin_count),
            (all_ones, all_ones, 0x0200_07d0)
        );
        assert_eq!((section.waiters(), section.is_held(4)), (3, true));
        assert!(!section.is_held(2), "more threads wait for it than there are");
    }
}

/// learn.microsoft.com: -22 is a held section for which five threads wait. Before Server 2003 SP1, and in Wine, one that
/// was entered once and for which two threads wait has 2.
#[test]
fn counts_of_both_kinds() {
    let counts = |lock_count, recursion_count| {
        let written =
            synth::CriticalSection { lock_count, recursion_count, owning_thread: 8, ..Default::default() };
        let mut process = empty(0x1000);
        process.put(MEMORY, &written.to_bytes(synth::Width::W64));
        let dump = open(&process);
        let section = CriticalSection::read(&dump.memory(), MEMORY, Width::Bits64).expect("kept");
        (section.is_held(64), section.waiters())
    };
    assert_eq!(counts(-22, 1), (true, 5));
    assert_eq!(counts(2, 1), (true, 2));
    assert_eq!(counts(3, 4), (true, 0));
    assert_eq!(counts(-1, 0), (false, 0));
    assert!(!counts(-3, 1).0, "bit 0 says that it is free");
    assert!(!counts(-2, 0).0 && !counts(-2, -1).0 && !counts(-2, 1 << 20).0);
    // What the list's head looked like in a dump of Windows 7.
    assert!(!counts(0x77c1_0cd0, 1).0);
    assert!(!counts(i32::MIN, 1).0 && !counts(i32::MAX, 1).0);
}

/// A list as Windows has it: the head lies in ntdll, the members' DEBUGs on the heap.
struct List {
    process: Process,
    width: synth::Width,
    links: u64,
}

const DEBUGS: u64 = MEMORY + 0x40_0000;
const HEAD: u64 = MEMORY + 0x8;

impl List {
    fn new(width: synth::Width, members: u64) -> List {
        let mut list = List { process: empty(0x80_0000), width, links: SectionDebug::links(width) };
        for n in 0..members {
            list.member(n, n == 0, |_| {});
        }
        // The head: its links alone.
        let (first, last) = (list.entry(0), list.entry(members - 1));
        let bytes = width.bytes();
        list.process.put(HEAD, &first.to_le_bytes()[..bytes]);
        list.process.put(HEAD + bytes as u64, &last.to_le_bytes()[..bytes]);
        list.member(0, true, |debug| debug.previous = HEAD);
        list.member(members - 1, members == 1, |debug| debug.next = HEAD);
        list
    }

    fn section(n: u64) -> u64 {
        MEMORY + 0x1000 + 0x28 * n
    }

    fn entry(&self, n: u64) -> u64 {
        DEBUGS + 0x30 * n + self.links
    }

    fn member(&mut self, n: u64, held: bool, change: impl Fn(&mut SectionDebug)) {
        let section =
            if held { synth::CriticalSection::held(4, 1) } else { synth::CriticalSection::default() };
        let section = synth::CriticalSection { debug_info: DEBUGS + 0x30 * n, ..section };
        self.process.put(Self::section(n), &section.to_bytes(self.width));
        let mut debug = SectionDebug {
            section: Self::section(n),
            next: self.entry(n + 1),
            previous: if n == 0 { HEAD } else { self.entry(n - 1) },
            contention_count: u32::try_from(n).expect("few") + 7,
            ..SectionDebug::default()
        };
        change(&mut debug);
        self.process.put(DEBUGS + 0x30 * n, &debug.to_bytes(self.width));
    }

    fn walk(&self, from: u64) -> Option<SectionList> {
        let width = if self.width == synth::Width::W32 { Width::Bits32 } else { Width::Bits64 };
        SectionList::walk(open(&self.process).memory(), Self::section(from), width)
    }
}

#[test]
fn the_list_is_walked_from_any_member_and_its_head_is_none() {
    for (_, width) in WIDTHS {
        let list = List::new(width, 11);
        for from in [0, 5, 10] {
            let found = list.walk(from).expect("a list");
            let expected: Vec<u64> = (from..11).chain(0..from).map(List::section).collect();
            assert_eq!(found.sections.iter().map(|of| of.section.address).collect::<Vec<_>>(), expected);
            assert_eq!(found.end, ListEnd::Closed);
            let first = found.sections.iter().find(|of| of.section.address == List::section(0)).expect("it");
            assert_eq!((first.contention_count, first.section.owning_thread), (7, 4));
        }
    }
}

#[test]
fn a_list_that_is_no_ring_ends_where_it_breaks() {
    for (_, width) in WIDTHS {
        // A link that leads back into the middle: what stands there does not point back to it.
        let mut list = List::new(width, 8);
        let third = list.entry(2);
        list.member(5, false, |debug| debug.next = third);
        let found = list.walk(0).expect("a list");
        assert_eq!((found.sections.len(), found.end), (6, ListEnd::Broken { at: third }));
        // One that points to itself.
        let mut list = List::new(width, 3);
        let own = list.entry(1);
        list.member(1, false, |debug| debug.next = own);
        assert_eq!(list.walk(0).expect("a list").end, ListEnd::Broken { at: own });
        // One that leads where nothing is kept, and to the end of all addresses.
        for at in [0x7000_0000, u64::MAX, 0] {
            let mut list = List::new(width, 3);
            list.member(1, false, |debug| debug.next = at);
            assert!(matches!(list.walk(0).expect("a list").end, ListEnd::Broken { .. }));
        }
    }
}

#[test]
fn what_names_another_section_is_no_member_and_begins_no_list() {
    let mut list = List::new(synth::Width::W64, 4);
    list.member(2, false, |debug| debug.section = List::section(1));
    let found = list.walk(0).expect("a list");
    assert_eq!((found.sections.len(), found.end), (3, ListEnd::Closed));
    assert!(list.walk(2).is_none());
    list.member(1, false, |debug| debug.kind = 1);
    assert_eq!(list.walk(0).expect("a list").sections.len(), 2);
    assert!(List::new(synth::Width::W64, 1).walk(3).is_none(), "no section there");
}

#[test]
fn a_list_without_an_end_is_left() {
    let mut list = List::new(synth::Width::W64, 1);
    for n in 1..70_000 {
        list.member(n, false, |_| {});
    }
    let entry = list.entry(1);
    list.member(0, true, |debug| debug.next = entry);
    let found = list.walk(0).expect("a list");
    assert_eq!((found.end, found.sections.len()), (ListEnd::TooMany, 1 << 16));
}

#[test]
fn sections_are_found_by_a_search() {
    for (width, written) in WIDTHS {
        let mut process = empty(0x4_0000);
        // One over the border of what is read at a time, one at the very end.
        let size = if width == Width::Bits32 { 0x18 } else { 0x28 };
        let places = [MEMORY + 0x1_0000 - 8, MEMORY + 0x2_0010, MEMORY + 0x4_0000 - size];
        for at in places {
            process.put(at, &synth::CriticalSection::held(0x1a4, 1).to_bytes(written));
        }
        process.put(MEMORY + 0x400, &synth::CriticalSection::held(0x1a8, 1).to_bytes(written));
        let dump = open(&process);
        let whole = [(MEMORY, MEMORY + 0x4_0000)];
        let found = critical_section::search(dump.memory(), whole, width, 8, |id| id == 0x1a4);
        assert_eq!(found.iter().map(|section| section.address).collect::<Vec<_>>(), places);
    }
}

#[test]
fn words_of_srw_locks() {
    let free = SrwLock { owned: false, shared: Some(0), wait_block: None };
    assert_eq!(SrwLock::of(0), free);
    assert_eq!(SrwLock::of(1), SrwLock { owned: true, ..free });
    assert_eq!(SrwLock::of(0x31), SrwLock { owned: true, shared: Some(3), wait_block: None });
    let waited = SrwLock { owned: true, shared: None, wait_block: Some(0x12_f3c0) };
    assert_eq!(SrwLock::of(0x12_f3c3), waited);
}

#[test]
fn flags_of_the_teb_and_the_loaders_lock() {
    for (width, written) in WIDTHS {
        let mut process = empty(0x8000);
        let teb = synth::Teb {
            own_address: MEMORY,
            waiting_on_loader_lock: 1,
            win32_thread_info: 0x5566_7788,
            ..synth::Teb::default()
        };
        process.put(MEMORY, &teb.to_bytes(written));
        let peb = synth::Peb { loader_lock: 0x1234_5678, image_base: 1, ..synth::Peb::default() };
        process.put(MEMORY + 0x4000, &peb.to_bytes(written));
        let dump = open(&process);
        let teb = Teb::read(dump.memory(), MEMORY, width).expect("kept");
        assert_eq!((teb.waiting_on_loader_lock(), teb.win32_thread_info()), (Ok(1), Ok(0x5566_7788)));
        let peb = Peb::read(dump.memory(), MEMORY + 0x4000, width).expect("kept");
        assert_eq!(peb.loader_lock, Some(0x1234_5678));
    }
    let dump = open(&empty(0x1000));
    assert!(dump.memory().read_u32(MEMORY + 0x2000).is_err());
}

fn with(information: Vec<Information>) -> Process {
    let handle = |handle, information| Handle { handle, information, ..Handle::default() };
    Process { handles: vec![handle(4, information), handle(8, Vec::new())], ..Process::default() }
}

fn read(information: Vec<Information>) -> Vec<ObjectInformation> {
    let dump = open(&with(information));
    let found = dump.handle_information().expect("a stream").expect("present");
    assert!(found.damage.is_empty() && found.list.iter().all(|of| of.handle == 4));
    found.list.iter().map(|of| of.information).collect()
}

#[test]
fn object_information_of_each_type() {
    let found = read(vec![
        Information::thread(STILL_ACTIVE, 4242, 0x1aec),
        Information::mutant(0, true),
        Information::mutant_owner(4242, 0x2b0),
        Information::process(1, 77),
        Information::event(0, true),
        Information::section(1 << 40),
        Information::semaphore(2, 5),
    ]);
    let expected = [
        ObjectInformation::Thread { exit_status: 0x103, process_id: 4242, thread_id: 0x1aec },
        ObjectInformation::Mutant { count: 0, abandoned: true },
        ObjectInformation::MutantOwner { process_id: 4242, thread_id: 0x2b0 },
        ObjectInformation::Process { exit_status: 1, process_id: 77 },
        ObjectInformation::Event { manual_reset: true, signalled: true },
        ObjectInformation::Section { size: 1 << 40 },
        ObjectInformation::Semaphore { count: 2, maximum: 5 },
    ];
    assert_eq!(found, expected);
}

#[test]
fn object_information_that_is_short_or_of_an_unknown_type_is_left_out() {
    let short = |mut of: Information, length| {
        of.bytes.truncate(length);
        of
    };
    let found = read(vec![
        Information { kind: 99, bytes: vec![1; 8] },
        short(Information::thread(1, 2, 3), 40),
        short(Information::mutant_owner(1, 2), 12),
        short(Information::event(1, true), 7),
        Information::semaphore(1, 1),
    ]);
    assert_eq!(found, [ObjectInformation::Semaphore { count: 1, maximum: 1 }]);
}

#[test]
fn a_chain_that_is_a_loop_is_left_after_some_links() {
    let (mut bytes, layout) = with(vec![Information::event(1, true)]).to_bytes();
    let stream = layout.stream(12).expect("handles").rva as usize;
    let at = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four"));
    let link = at(&bytes, stream + 0x10 + 0x20);
    bytes[link as usize..link as usize + 4].copy_from_slice(&link.to_le_bytes());
    let dump = Dump::open(bytes.clone()).expect("a dump that opens");
    let found = dump.handle_information().expect("a stream").expect("present");
    assert!((1..=8).contains(&found.list.len()), "{}", found.list.len());
    // A link of four gigabytes, and one outside the file.
    for (offset, value) in [(8, u32::MAX), (0, u32::MAX - 5)] {
        let mut bytes = bytes.clone();
        let place = link as usize + offset;
        bytes[place..place + 4].copy_from_slice(&value.to_le_bytes());
        let dump = Dump::open(bytes).expect("a dump that opens");
        let found = dump.handle_information().expect("a stream").expect("present");
        assert_eq!(found.list.len(), usize::from(offset == 0));
    }
}

#[test]
fn a_million_handles_with_chains_are_bounded() {
    let handle = Handle { handle: 4, information: vec![Information::event(1, true)], ..Handle::default() };
    let (bytes, layout) = Process { handles: vec![handle], ..Process::default() }.to_bytes();
    let stream = layout.stream(12).expect("handles");
    let rva = stream.rva as usize;
    let entry = bytes[rva + 0x10..rva + 0x38].to_vec();
    // The list goes to the end of the file, where there is room for a million entries; all share the chain.
    let mut list = bytes[rva..rva + 0x10].to_vec();
    list[8..12].copy_from_slice(&1_000_000_u32.to_le_bytes());
    list.extend(entry.iter().copied().cycle().take(40 * 1_000_000));
    let mut bytes = bytes;
    let entry = usize::try_from(stream.entry).expect("small");
    let place = u32::try_from(bytes.len()).expect("small");
    bytes[entry + 4..entry + 8].copy_from_slice(&u32::try_from(list.len()).expect("small").to_le_bytes());
    bytes[entry + 8..entry + 12].copy_from_slice(&place.to_le_bytes());
    bytes.extend(list);
    let dump = Dump::open(bytes).expect("a dump that opens");
    let found = dump.handle_information().expect("a stream").expect("present");
    assert_eq!((found.list.len(), found.damage.len()), (1 << 18, 1));
    assert_eq!(found.damage[0].code(), "entries_over_limit");
}
