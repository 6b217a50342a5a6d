//! Dumps that were asked for: who holds the memory, what is left, how many handles there are. And the limits of a 32-bit
//! program in a 64-bit dump.

use dumplens_analyzer::report::Report;
use dumplens_analyzer::{Options, Process, Question};
use dumplens_core::{Dump, Source, StreamType};
use dumplens_synth::{self as synth, Handle, presets};

fn report(process: &synth::Process) -> Report {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    Report::answer(&Process::gather(&dump), Question::Why, &Options::default())
}

fn title<'r>(report: &'r Report, id: &str) -> Option<&'r str> {
    report.findings.iter().find(|finding| finding.id == id).map(|finding| finding.title.as_str())
}

/// As `procdump -m` writes it: the story without its exception.
#[test]
fn who_holds_the_memory_and_what_is_left() {
    let mut process = presets::causes::story::commit_limit().process;
    process.exception = None;
    // It does not stand in RaiseException: that would be an exception of which the dump was not told.
    process.threads[0].context = process.threads[1].context.clone();
    let report = report(&process);
    let verdict = report.verdict.as_ref().expect("a verdict");
    assert_eq!(
        (verdict.kind.name(), verdict.cause.map(dumplens_analyzer::verdict::Cause::name)),
        ("no_exception", Some("commit_limit"))
    );
    assert!(title(&report, "largest_owners").expect("owners").contains("18.300 GB"));
    assert!(title(&report, "commit_limit").expect("the machine").contains("13.000 MB was left"));
    assert!(verdict.place.is_none());
}

#[test]
fn many_handles() {
    let with = |count: u32| {
        let mut process = presets::tiny();
        process.exception = None;
        let handle =
            |n| Handle { handle: 4 * u64::from(n), type_name: Some("Event".into()), ..Handle::default() };
        process.handles = (1..=count).map(handle).collect();
        let report = report(&process);
        title(&report, "open_handles").map(str::to_owned)
    };
    assert_eq!(with(500), None);
    assert!(with(12_000).expect("many").contains("12,000 open handles, 12,000 of them Event"));
}

/// A thread whose context the dump lacks is nowhere else: it is not known where it is.
#[test]
fn threads_without_contexts_are_not_known() {
    let mut process = presets::causes::story::commit_limit().process;
    process.exception = None;
    process.threads.iter_mut().for_each(|thread| thread.context = None);
    let report = report(&process);
    let all = process.threads.len();
    let waiting = report.findings.iter().find(|finding| finding.id == "waiting").expect("threads");
    assert!(waiting.title.ends_with(&format!("Of {all} threads: {all} not known.")), "{}", waiting.title);
    assert!(waiting.evidence.iter().all(|fact| fact.at.is_none()), "{:?}", waiting.evidence);
}

/// A file, and zeros behind it.
struct Padded {
    bytes: Vec<u8>,
    size: u64,
}

impl Source for Padded {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        buf.fill(0);
        let held = self.bytes.len() as u64;
        if offset < held {
            return self.bytes.read_at(offset, buf);
        }
        Ok(buf.len().min(usize::try_from(self.size.saturating_sub(offset)).unwrap_or(0)))
    }
}

/// 16,777,216 is what Windows allows. They are counted though they are not all read.
#[test]
fn as_many_handles_as_there_can_be() {
    const MOST: u32 = 1 << 24;
    let mut process = presets::tiny();
    process.exception = None;
    process.handles = vec![Handle { handle: 4, ..Handle::default() }];
    let mut bytes = process.to_bytes().0;
    let (rva, size) = (u32::try_from(bytes.len()).unwrap(), 0x10 + 0x20 * MOST);
    let directory = bytes[0x20..].chunks_exact(12).position(|entry| entry[..4] == 12u32.to_le_bytes());
    let entry = 0x20 + 12 * directory.expect("a handle stream");
    bytes[entry + 4..entry + 8].copy_from_slice(&size.to_le_bytes());
    bytes[entry + 8..entry + 12].copy_from_slice(&rva.to_le_bytes());
    for field in [0x10u32, 0x20, MOST, 0] {
        bytes.extend(field.to_le_bytes());
    }
    let size = u64::from(rva) + u64::from(size);
    let dump = Dump::open(Padded { bytes, size }).expect("a dump that opens");
    assert!(dump.stream(StreamType::HANDLE_DATA).is_some());
    let report = Report::answer(&Process::gather(&dump), Question::Why, &Options::default());
    assert_eq!(report.facts.process.handle_count, Some(MOST.into()));
    let title = title(&report, "open_handles").expect("as many as there can be");
    assert!(title.contains("16,777,216 open handles, and the limit is 16,777,216"), "{title}");
}

/// The 64-bit address space above is not the program's. The image's file header, 0x122, has LARGE_ADDRESS_AWARE (0x20).
#[test]
fn a_32_bit_program_has_no_more_than_4_gb() {
    let report = report(&presets::tiny_wow64());
    let program = report.facts.memory.program_space.as_ref().expect("a 32-bit program");
    assert_eq!((program.limit_bytes, program.large_address_aware), (1 << 32, Some(true)));
    assert!(program.total_bytes <= 1 << 32 && report.facts.memory.total_bytes > Some(1 << 40));
    assert_eq!(program.total_bytes, program.commit_bytes + program.reserve_bytes + program.free_bytes);
    let bare = presets::tiny();
    assert!(self::report(&bare).facts.memory.program_space.is_none());
}
