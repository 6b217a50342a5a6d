//! .NET: what synth's small runtime holds, as report and verdict say it.

use dumplens_analyzer::diff::{Difference, Side};
use dumplens_analyzer::facts::AddressReport;
use dumplens_analyzer::managed::{Extent, ManagedReport, objects_of};
use dumplens_analyzer::render::{html, markdown, text};
use dumplens_analyzer::stack::Trust;
use dumplens_analyzer::symbols::Source;
use dumplens_analyzer::verdict::{Cause, Confidence, Kind};
use dumplens_analyzer::{Facts, Options, Process, Question, Report};
use dumplens_core::Dump;
use dumplens_synth::clr::{EXCEPTION, HEAP, HEAP_SIZE, INNER_MESSAGE, MESSAGE, OBJECTS, REGION};
use dumplens_synth::presets::{self, FIRST_TID};

fn open(process: &dumplens_synth::Process) -> Dump {
    Dump::open(process.to_bytes().0).expect("a dump that opens")
}

fn why(dump: &Dump) -> Report {
    Report::answer(&Process::gather(dump), Question::Why, &Options::default())
}

#[test]
fn an_exception_is_told_by_its_object() {
    let dump = open(&presets::clr::exception());
    let report = why(&dump);
    let verdict = report.verdict.as_ref().expect("a verdict");
    assert_eq!((verdict.kind, verdict.confidence), (Kind::ManagedException, Confidence::High));
    for text in [MESSAGE, "System.InvalidOperationException", "Own.Program.Pay"] {
        assert!(verdict.title.contains(text), "{}", verdict.title);
    }
    let signature = report.signature.as_ref().expect("a signature");
    assert_eq!(signature.what.as_deref(), Some("System.InvalidOperationException"));
    assert_eq!(signature.methods, ["Own.Program.Pay", "Own.Program.Main"]);
    let managed = report.facts.managed.as_ref().expect("a runtime");
    let thrown = managed.exception_of(FIRST_TID).expect("an exception");
    assert_eq!(thrown.frames, ["Own.Program.Pay", "Own.Program.Main"]);
    assert_eq!(thrown.inner.as_ref().and_then(|inner| inner.message.as_deref()), Some(INNER_MESSAGE));
    // Only the object makes it a managed exception.
    let mut process = presets::clr::exception();
    process.memory.retain(|range| !(HEAP..HEAP + HEAP_SIZE).contains(&range.start));
    let verdict = why(&open(&process)).verdict.expect("a verdict");
    assert_eq!(verdict.kind, Kind::OtherException);
}

#[test]
fn an_exception_that_was_caught_is_not_what_ended_the_program() {
    let mut process = presets::clr::exception();
    let exception = process.exception.as_mut().expect("an exception");
    // Another HRESULT than that of the object, which the thread no longer handles.
    exception.parameters[0] = 0xFFFF_FFFF_8013_1509 ^ 1;
    let thread = dumplens_synth::clr::LOADER + 0x3000;
    process.put(thread + 344, &(thread + 0x2A0).to_le_bytes());
    process.put(thread + 360, &[0; 8]);
    let report = why(&open(&process));
    let thrown = report.facts.managed.as_ref().and_then(|managed| managed.exception_of(FIRST_TID));
    assert_eq!(thrown.map(|thrown| thrown.current), Some(false));
    assert_eq!(report.verdict.expect("a verdict").kind, Kind::OtherException);
}

#[test]
fn threads_that_wait_for_each_other_are_a_deadlock() {
    let dump = open(&presets::clr::deadlock());
    let report = why(&dump);
    let verdict = report.verdict.as_ref().expect("a verdict");
    assert_eq!((verdict.kind, verdict.confidence), (Kind::Deadlock, Confidence::High));
    let managed = report.facts.managed.as_ref().expect("a runtime");
    assert_eq!(managed.deadlocks, [[FIRST_TID, FIRST_TID + 4]]);
    let waits = report.facts.waits.as_ref().expect("waits");
    let vias: Vec<_> = waits.chains[0].links.iter().map(|link| (link.from, link.via.kind.as_str())).collect();
    assert_eq!(vias, [(FIRST_TID, "Monitor"), (FIRST_TID + 4, "Monitor")]);
    let object = waits.threads[0].wait.as_ref().map(|wait| &wait.objects[0]).expect("a wait");
    assert_eq!((object.owner_thread_id, object.name.as_deref()), (Some(FIRST_TID + 4), Some("Own.Node")));
    let signature = report.signature.as_ref().expect("a signature");
    assert_eq!(signature.methods, ["Own.Program.Main", "Own.Program.Pay"]);
    // A thread that only once has the address on its stack need not wait.
    let mut process = presets::clr::deadlock();
    let stack = presets::tiny::X64.stack_base(1) - 0x80;
    for slot in [5, 6, 9, 14] {
        process.put(stack + 8 * slot, &[0; 8]);
    }
    let verdict = why(&open(&process)).verdict.expect("a verdict");
    assert_eq!(verdict.kind, Kind::NoException);
}

#[test]
fn an_exception_that_a_deadlock_stands_beside_is_what_happened() {
    let mut process = presets::clr::deadlock();
    process.exception = presets::tiny().exception;
    let report = why(&open(&process));
    assert_eq!(report.verdict.expect("a verdict").kind, Kind::AccessViolation);
}

#[test]
fn usage_classes_add_up() {
    let dump = open(&presets::clr::refused());
    let report = Report::answer(&Process::gather(&dump), Question::Summary, &Options::default());
    let memory = &report.facts.memory;
    let size = |name: &str| memory.usage.iter().find(|row| row.name == name).map_or(0, |row| row.size_bytes);
    assert_eq!(["GC gen0", "GC gen1", "GC gen2", "GC LOH"].map(size), [REGION; 4]);
    assert_eq!(size("GC reserved"), HEAP_SIZE - 4 * REGION);
    let all: u64 = memory.usage.iter().map(|row| row.size_bytes).sum();
    assert_eq!(Some(all), memory.total_bytes);
}

#[test]
fn types_have_counts_bytes_and_shares() {
    let dump = open(&presets::clr::refused());
    let process = Process::gather(&dump);
    let report = ManagedReport::of(&process, Extent::ALL).expect("a runtime");
    assert_eq!(report.type_count, OBJECTS.len() as u64);
    for (name, count, size) in OBJECTS {
        let found = report.types.iter().find(|one| one.name == name).expect(name);
        assert_eq!((found.count, found.size_bytes), (count, count * size), "{name}");
    }
    assert!((report.types.iter().map(|one| one.share).sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(report.types.is_sorted_by_key(|one| std::cmp::Reverse(one.size_bytes)));
    let runtime = report.runtime().expect("a runtime");
    assert_eq!((runtime.version.as_deref(), runtime.gc_in_progress), (Some("10.0.9"), Some(true)));
    assert_eq!(
        report.refused.as_ref().and_then(|refused| refused.requested_bytes),
        Some(presets::clr::REFUSED)
    );
    let mut addresses = Vec::new();
    objects_of(&process, "Own.Outer+Inner", &mut |object| {
        addresses.push(object.address.0);
        true
    });
    assert_eq!(addresses.len(), 2);
    // A list of some types says how many there are.
    let some = ManagedReport::of(&process, Extent { types: 2, ..Extent::ALL }).expect("a runtime");
    assert_eq!((some.types.len(), some.type_count), (2, OBJECTS.len() as u64));
    // What is not walked is not said to be complete.
    let part = ManagedReport::of(&process, Extent { heap_bytes: 100, ..Extent::ALL }).expect("a runtime");
    assert_eq!(part.walk.map(|walk| walk.complete), Some(false));
}

#[test]
fn an_out_of_memory_exception_is_a_refusal_with_the_size_that_the_collector_recorded() {
    let mut process = presets::clr::out_of_memory();
    let report = why(&open(&process));
    let verdict = report.verdict.expect("a verdict");
    assert_eq!(verdict.kind, Kind::AllocationFailure);
    let asked = verdict.allocation.as_ref().map(|allocation| allocation.requested_bytes);
    assert_eq!(asked, Some(presets::clr::REFUSED));
    // The size of an allocation context is none of an object.
    let oom = dumplens_synth::clr::MODULE + 0x2000 + 0xC80;
    process.put(oom + 8, &128u64.to_le_bytes());
    let verdict = why(&open(&process)).verdict.expect("a verdict");
    assert_eq!((verdict.kind, verdict.allocation), (Kind::AllocationFailure, None));
    assert_ne!(verdict.cause, Some(Cause::GcHeapLimit), "no limit is known");
}

/// The variable that names the thread which collects is set late and cleared early; marks on objects are not.
#[test]
fn marked_objects_tell_of_a_collection() {
    let mut process = presets::clr::exception();
    let whole = open(&process);
    let gathered = Process::gather(&whole);
    let report = ManagedReport::of(&gathered, Extent::ALL).expect("a runtime");
    assert_eq!(report.runtimes[0].gc_in_progress, Some(false));
    assert!(report.holders.is_some());
    let table = whole.memory().u64(EXCEPTION).expect("a method table");
    process.put(EXCEPTION, &(table | 1).to_le_bytes());
    let dump = open(&process);
    let marked = ManagedReport::of(&Process::gather(&dump), Extent::ALL).expect("a runtime");
    assert_eq!(marked.runtimes[0].gc_in_progress, Some(true));
    assert_eq!((marked.types, marked.holders), (report.types, None), "what is held is not told");
}

#[test]
fn at_says_which_object_it_is() {
    let dump = open(&presets::clr::exception());
    let report = AddressReport::new(&Process::gather(&dump), EXCEPTION + 16);
    let object = report.object.as_ref().expect("an object");
    assert_eq!((object.address.0, object.offset.0, object.length), (EXCEPTION, 16, None));
    assert_eq!(object.type_name, "System.InvalidOperationException");
    assert!(text::address(&report).contains("System.InvalidOperationException, 128 bytes, gen0"));
}

#[test]
fn every_renderer_names_the_runtime_and_its_types() {
    let dump = open(&presets::clr::exception());
    let process = Process::gather(&dump);
    let report = Report::answer(&process, Question::Everything, &Options::default());
    let map = dumplens_analyzer::facts::SpaceMap::new(&process);
    for page in [html::page(&report, &map), markdown::report(&report)] {
        assert!(page.contains("10.0.9, workstation GC"), "{page}");
        assert!(page.contains("Own.Outer+Inner"), "{page}");
    }
    assert!(text::info(&report).contains(".NET 10.0.9, workstation GC, 2 managed threads"));
    let managed = text::managed(report.facts.managed.as_deref(), 64);
    for line in [MESSAGE, INNER_MESSAGE, "    at Own.Program.Pay\n", "Own.Pair<System.String,Own.Node[]>"] {
        assert!(managed.contains(line), "{managed}");
    }
}

#[test]
fn heaps_of_which_much_is_no_objects_are_not_believed() {
    let mut process = presets::clr::deadlock();
    // A length that reaches behind everything, and a method table that is none.
    let array = HEAP + 2 * 0x4_0000 + 0x28 + 4 * 24;
    process.put(array + 8, &u32::MAX.to_le_bytes());
    process.put(HEAP + 0x28, &[0; 8]);
    let dump = open(&process);
    let report = ManagedReport::of(&Process::gather(&dump), Extent::ALL).expect("a runtime");
    assert!(report.types.is_empty() && report.locks.is_empty(), "{report:?}");
    let runtime = &report.runtimes[0];
    assert!(!runtime.readable && runtime.refusal.as_deref().is_some_and(|why| why.contains("hundredth")));
}

#[test]
fn a_stack_goes_through_managed_frames_and_names_them() {
    let dump = open(&presets::clr::frames());
    let process = Process::gather(&dump);
    let report = Report::answer(&process, Question::Everything, &Options::default());
    let thread = &report.facts.threads[1];
    let frames = thread.frames.as_ref().expect("frames");
    let shown: Vec<_> =
        frames.iter().map(|f| (f.function.as_deref(), f.offset.map(|o| o.0), f.trust, f.source)).collect();
    let source = Some(Source::Runtime);
    assert_eq!(
        shown,
        [
            (Some("Own.Program.Pay"), Some(0x10), Trust::Context, source),
            (Some("Own.Program.Main"), Some(0x20), Trust::UnwindInfo, source),
        ]
    );
    assert_eq!(thread.stopped.as_deref(), Some("end of the stack"));
    let blame = thread.blame.as_ref().expect("a frame to blame");
    assert_eq!((blame.frame, blame.function.as_deref()), (0, Some("Own.Program.Pay")));
}

/// The array of nodes of generation 2, behind four of them, and the first pair.
const ARRAY: u64 = HEAP + 2 * 0x4_0000 + 0x28 + 4 * 24;
const PAIR: u64 = ARRAY + 48 + 2 * 40;

#[test]
fn objects_hang_on_static_fields_and_stacks() {
    let mut process = presets::clr::out_of_memory();
    // The fourth node stands on the stack of the second thread.
    process.put(presets::tiny::X64.stack_base(1) - 0x40, &(ARRAY - 24).to_le_bytes());
    let dump = open(&process);
    let report = ManagedReport::of(&Process::gather(&dump), Extent::ALL).expect("a runtime");
    let held = report.holders.as_ref().expect("references");
    assert!(held.statics_named && held.complete);
    let [field] = held.statics.as_slice() else { panic!("{held:?}") };
    assert_eq!((field.name.as_str(), field.object.map(|at| at.0)), ("Own.Program.cache", Some(PAIR)));
    // A pair, an array of three, two nodes in it, and the one that the first refers to.
    assert_eq!((field.objects, field.size_bytes), (5, 32 + 48 + 3 * 24));
    let threads: Vec<_> = held.threads.iter().map(|t| (t.name.as_str(), t.objects, t.size_bytes)).collect();
    assert_eq!(threads, [("thread 0x3ec", 1, 24)]);
    let walk = report.walk.expect("a walk");
    let all = [held.by_statics, held.by_threads, held.rest];
    assert_eq!(all.iter().map(|sum| sum.objects).sum::<u64>(), walk.objects);
    assert_eq!(all.iter().map(|sum| sum.size_bytes).sum::<u64>(), walk.size_bytes);
    let path = held.paths.iter().find(|path| path.type_name == "Own.Node").expect("a path");
    let pair = "Own.Pair<System.String,Own.Node[]>";
    assert_eq!(path.steps, ["Own.Program.cache", pair, "Own.Node[]", "Own.Node"]);
    assert_eq!((path.objects, path.size_bytes), (3, 72));
    let node = report.types.iter().find(|of| of.name == "Own.Node").expect("a type");
    let places: Vec<_> = node.generations.iter().map(|g| (g.name.as_str(), g.count, g.size_bytes)).collect();
    assert_eq!(places, [("gen0", 1, 24), ("gen2", 4, 96)]);
    // The renderers show it.
    let process = Process::gather(&dump);
    let whole = Report::answer(&process, Question::Everything, &Options::default());
    let map = dumplens_analyzer::facts::SpaceMap::new(&process);
    for page in [markdown::report(&whole), html::page(&whole, &map)] {
        assert!(page.contains("Held by") && page.contains("thread 0x3ec"), "{page}");
        assert!(page.contains("How the largest types are held"), "{page}");
    }
    // While objects are moved, references lead anywhere.
    let report = ManagedReport::of(&Process::gather(&open(&presets::clr::refused())), Extent::ALL);
    assert!(report.expect("a runtime").holders.is_none());
}

#[test]
fn strings_of_equal_text_are_counted_and_not_shown() {
    let mut process = presets::clr::exception();
    // Both messages have the text of the first; the second is shorter.
    let first = EXCEPTION + 256;
    let second = first + (22 + 2 * MESSAGE.len() as u64).next_multiple_of(8);
    let text: Vec<u8> = MESSAGE.encode_utf16().take(INNER_MESSAGE.len()).flat_map(u16::to_le_bytes).collect();
    let strings = |process: &dumplens_synth::Process| {
        let report = ManagedReport::of(&Process::gather(&open(process)), Extent::ALL);
        report.and_then(|report| report.strings).expect("strings")
    };
    let found = strings(&process);
    assert_eq!((found.count, found.duplicate_count, found.complete), (2, 0, true));
    // A text that begins like the other is another one; of one length both are one.
    process.put(second + 12, &text);
    assert_eq!(strings(&process).duplicate_count, 0);
    let length = u32::try_from(INNER_MESSAGE.len()).expect("a short text");
    process.put(first + 8, &length.to_le_bytes());
    let found = strings(&process);
    assert_eq!((found.duplicate_count, found.repeated_texts), (1, 1));
    assert_eq!(found.duplicate_bytes, (22 + 2 * u64::from(length)).next_multiple_of(8));
}

#[test]
fn at_names_the_field_and_what_refers_to_the_object() {
    let dump = open(&presets::clr::exception());
    let process = Process::gather(&dump);
    let report = AddressReport::new(&process, ARRAY - 4 * 24 + 8);
    let object = report.object.as_ref().expect("an object");
    assert_eq!((object.type_name.as_str(), object.field.as_deref()), ("Own.Node", Some("next")));
    let referrers = |address: u64| {
        let object = AddressReport::new(&process, address).object.expect("an object");
        let list = object.referrers.expect("references");
        let names = list.into_iter().map(|r| (r.address.map(|at| at.0), r.name, r.field));
        (object.referrer_count, names.collect::<Vec<_>>())
    };
    let element = (Some(ARRAY), "Own.Node[]".to_owned(), Some("[0]".to_owned()));
    assert_eq!(referrers(ARRAY - 4 * 24), (1, vec![element]));
    assert_eq!(referrers(PAIR), (1, vec![(None, "Own.Program.cache".to_owned(), None)]));
    assert_eq!(referrers(ARRAY - 24).0, 0, "the fourth node");
    let text = text::address(&report);
    assert!(text.contains("0x8 into it (.next)") && text.contains("Own.Node[][0] at"), "{text}");
}

#[test]
fn types_that_grew_are_told_with_what_holds_them() {
    let old = presets::clr::out_of_memory();
    let mut new = old.clone();
    // Four nodes where free space of 96 bytes was, behind all other objects; the fourth old one refers to the first of them.
    let behind = PAIR + 4 * 32 + 24 + 2 * 8 + 4 * 8;
    let mut words = [0u64; 12];
    for node in 0..4 {
        words[3 * node] = NODE_TABLE;
    }
    new.put(behind, &words.map(u64::to_le_bytes).concat());
    new.put(ARRAY - 2 * 24 + 8, &behind.to_le_bytes());
    let (old, new) = (open(&old), open(&new));
    let (old, new) = (Process::gather(&old), Process::gather(&new));
    let facts = |process: &Process<'_>| {
        let mut facts = Facts::gather(process, Question::Lists, &Options::default());
        facts.managed = ManagedReport::of(process, Extent::COMPARED).map(Box::new);
        facts
    };
    let (before, after) = (facts(&old), facts(&new));
    let compared =
        Difference::between(&Side { process: &old, facts: &before }, &Side { process: &new, facts: &after });
    let rows = &compared.managed.as_ref().expect("types").rows;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.name.as_str(), row.count.delta, row.bytes.delta), ("Own.Node", Some(4), Some(96)));
    let held = row.held_by.as_ref().expect("a path");
    assert_eq!(held.first().map(String::as_str), Some("Own.Program.cache"));
    let text = text::diff(&compared);
    assert!(
        text.contains("Own.Node grew by 0.094 kB (+4 objects); the most are held by Own.Program.cache"),
        "{text}"
    );
    // Where the heaps of one were not counted, nothing is known of types.
    let bare = Facts::gather(&new, Question::Lists, &Options::default());
    let compared =
        Difference::between(&Side { process: &old, facts: &before }, &Side { process: &new, facts: &bare });
    assert_eq!(compared.managed, None);
}

/// The method table of Own.Node.
const NODE_TABLE: u64 = dumplens_synth::clr::LOADER + 0x400;

#[test]
fn damaged_heaps_are_warned_of() {
    let warned = |process: &dumplens_synth::Process| {
        let report =
            Report::answer(&Process::gather(&open(process)), Question::Everything, &Options::default());
        let found = report.facts.warnings.into_iter().find(|warning| warning.code == "managed_heap_damaged");
        found.map(|warning| warning.message)
    };
    assert_eq!([warned(&presets::clr::exception()), warned(&presets::clr::refused())], [None, None]);
    // A segment that ends before it begins; an object that is none; threads in a circle; a region that is not kept.
    let changed = |at: u64, value: u64| {
        let mut process = presets::clr::exception();
        process.put(at, &value.to_le_bytes());
        warned(&process).expect("a warning")
    };
    let segment = dumplens_synth::clr::MODULE + 0x2000 + 0xA00 + 2 * 0x40;
    assert!(changed(segment, 8).contains("1 segments cannot be read"));
    assert!(changed(ARRAY - 48, 0x1234_5678).contains("1 places should contain an object"));
    let link = dumplens_synth::clr::LOADER + 0x3000 + 120;
    assert!(changed(link + 0x400, link).contains("list of threads ends early"));
    let mut process = presets::clr::exception();
    process.memory.retain(|range| range.start != HEAP + 2 * 0x4_0000);
    assert!(warned(&process).expect("a warning").contains("are not in the dump"));
}
