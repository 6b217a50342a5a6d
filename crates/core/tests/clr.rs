//! .NET: what synth's small runtime holds is what [`clr`] reads, and a runtime that lies costs only itself.

use std::collections::BTreeMap;

use dumplens_core::clr::{
    self, Family, Found, Generation, Lock, LockState, Object, Refusal, Runtime, Walked,
};
use dumplens_core::{Dump, Width};
use dumplens_synth::clr::{
    ASSEMBLY, CODE, EXCEPTION, HEAP, INNER_MESSAGE, LOADER, MESSAGE, MODULE, OBJECTS, code,
};
use dumplens_synth::{Process, presets};

fn open(process: &Process) -> Dump {
    Dump::open(process.to_bytes().0).expect("a dump that opens")
}

/// The runtime of a dump that has one, or why it is not read.
fn runtime(dump: &Dump) -> Result<Runtime<'_>, Refusal> {
    let modules = dump.modules().expect("a module list").expect("modules");
    let found = clr::find(dump.memory(), &modules, dump.width());
    let [found] = found.as_slice() else { panic!("{found:?}") };
    Runtime::open(dump.memory(), &modules[found.module], found, dump.width())
}

/// The objects by their types, without free space.
fn count(runtime: &Runtime<'_>) -> (BTreeMap<String, (u64, u64)>, Walked) {
    let mut types: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let walked = runtime.walk(&mut |object| {
        if !object.free {
            let of = types.entry(runtime.type_name(object.table).to_string()).or_default();
            *of = (of.0 + 1, of.1 + object.size);
        }
        true
    });
    (types, walked)
}

fn locks(runtime: &Runtime<'_>) -> Vec<Lock> {
    let mut objects: Vec<Object> = Vec::new();
    runtime.walk(&mut |object| {
        objects.extend(object.may_be_locked().then_some(*object));
        true
    });
    runtime.locks(&objects)
}

#[test]
fn the_runtime_is_found_with_its_version() {
    let dump = open(&presets::clr::exception());
    let modules = dump.modules().unwrap().unwrap();
    let found = clr::find(dump.memory(), &modules, dump.width());
    let index = modules.iter().position(|m| m.base == MODULE).unwrap();
    let version = Some([10, 0, 926, 27113]);
    assert_eq!(found, [Found { module: index, family: Family::Core, version }]);
    let runtime = runtime(&dump).unwrap();
    assert_eq!((runtime.heap().server, runtime.heap().regions, runtime.heap().lost), (false, true, 0));
    assert_eq!(runtime.is_collecting(), Some(false));
    let ids: Vec<_> = runtime.threads().iter().map(|t| (t.os_id, t.managed_id)).collect();
    assert_eq!(ids, [(presets::FIRST_TID, Some(1)), (presets::FIRST_TID + 4, Some(2))]);
    // A dump without one has none.
    let plain = open(&presets::tiny());
    assert!(clr::find(plain.memory(), &plain.modules().unwrap().unwrap(), Width::Bits64).is_empty());
}

#[test]
fn every_object_is_counted_under_its_name() {
    for process in [presets::clr::deadlock(), presets::clr::refused()] {
        let dump = open(&process);
        let (types, walked) = count(&runtime(&dump).unwrap());
        let wanted = OBJECTS.map(|(name, count, size)| (name.to_owned(), (count, count * size)));
        assert_eq!(types, BTreeMap::from(wanted));
        assert_eq!((walked.breaks, walked.skipped_bytes, walked.missing_bytes), (0, 0, 0));
        assert_eq!(walked.gap_bytes, 0x100 + 24, "the allocation context");
    }
}

#[test]
fn an_address_is_that_of_the_object_around_it() {
    let dump = open(&presets::clr::exception());
    let runtime = runtime(&dump).unwrap();
    let at = |address| runtime.object_at(address).map(|o| (o.address, o.size, o.generation));
    assert_eq!(at(EXCEPTION + 127), Some((EXCEPTION, 128, Generation::Gen0)));
    assert_eq!(at(EXCEPTION + 128), Some((EXCEPTION + 128, 128, Generation::Gen0)));
    let node = HEAP + 2 * 0x4_0000 + 0x28;
    assert_eq!(at(node + 25), Some((node + 24, 24, Generation::Gen2)));
    assert_eq!((at(HEAP), at(HEAP + 0x4_0000 + 0x100), at(0)), (None, None, None));
}

#[test]
fn the_exception_of_a_thread() {
    let dump = open(&presets::clr::exception());
    let runtime = runtime(&dump).unwrap();
    let (exception, current) = runtime.exception_of(&runtime.threads()[0]).expect("an exception");
    assert!(current);
    assert_eq!((exception.address, exception.hresult), (EXCEPTION, Some(presets::clr::HRESULT)));
    assert_eq!(exception.type_name, "System.InvalidOperationException");
    assert_eq!(exception.message.as_deref(), Some(MESSAGE));
    let frames: Vec<_> = exception.frames.iter().map(|frame| frame.method.as_deref()).collect();
    assert_eq!(frames, [Some("Own.Program.Pay"), Some("Own.Program.Main")]);
    assert_eq!(exception.frame_count, 2);
    let inner = exception.inner.expect("an inner exception");
    assert_eq!((inner.message.as_deref(), inner.frames.len()), (Some(INNER_MESSAGE), 0));
    assert!(runtime.exception_of(&runtime.threads()[1]).is_none());
}

#[test]
fn locks_name_their_owners_and_count_those_who_wait() {
    let dump = open(&presets::clr::deadlock());
    let runtime = runtime(&dump).unwrap();
    let found: Vec<_> = locks(&runtime)
        .iter()
        .map(|lock| match lock.state {
            LockState::Block { owner, waiters, recursion, held, .. } => (owner, waiters, recursion, held),
            LockState::Thin { .. } => panic!("{lock:?}"),
        })
        .collect();
    let first = presets::FIRST_TID;
    assert_eq!(found, [(Some(first), 1, 1, true), (Some(first + 4), 1, 1, true)]);
}

#[test]
fn what_the_collector_refused_and_that_it_was_at_work() {
    let dump = open(&presets::clr::refused());
    let runtime = runtime(&dump).unwrap();
    assert_eq!(runtime.is_collecting(), Some(true));
    let record = runtime.heap().oom.expect("a record");
    assert_eq!((record.reason, record.alloc_size), (4, presets::clr::REFUSED + 32));
}

/// The preset with some bytes changed.
fn changed(changes: &[(u64, &[u8])]) -> Dump {
    let mut process = presets::clr::exception();
    for (at, bytes) in changes {
        process.put(*at, bytes);
    }
    open(&process)
}

/// Where the module's data begin, and in them the parts that are changed here.
const DATA: u64 = MODULE + 0x2000;
const DESCRIPTOR: u64 = DATA + 0x80;
const VARS: u64 = DATA + 0x300;
const GENERATIONS: u64 = DATA + 0x500;
const SEGMENTS: u64 = DATA + 0xA00;
const JSON: u64 = DATA + 0xD00;

#[test]
fn what_is_not_known_is_refused_by_its_name() {
    let refusal = |changes: &[(u64, &[u8])]| runtime(&changed(changes)).err();
    // Version 1 of the contract; a count of pointers that no contract has; JSON that is none.
    assert_eq!(refusal(&[(JSON + 11, b"1")]), Some(Refusal::Contract));
    assert_eq!(refusal(&[(DESCRIPTOR + 24, &u32::MAX.to_le_bytes())]), Some(Refusal::ContractLost));
    assert_eq!(refusal(&[(DESCRIPTOR + 12, &u32::MAX.to_le_bytes())]), Some(Refusal::ContractLost));
    assert_eq!(refusal(&[(JSON, b"[[[[")]), Some(Refusal::ContractLost));
    // A field without which nothing can be read.
    assert_eq!(refusal(&[(JSON + 44, b"Xhread")]), Some(Refusal::ContractLost));
    // The collector's interface: another version, and a size that none has.
    assert_eq!(refusal(&[(VARS, &[3])]), Some(Refusal::Collector(3)));
    assert_eq!(refusal(&[(VARS + 8, &u64::MAX.to_le_bytes())]), Some(Refusal::CollectorLost));
}

#[test]
fn segments_that_lead_in_a_circle_or_overlap_end() {
    // Generation 2's region leads to itself.
    let dump = changed(&[(SEGMENTS + 2 * 0x40 + 48, &(SEGMENTS + 2 * 0x40).to_le_bytes())]);
    let heap = runtime(&dump).unwrap().heap().clone();
    assert_eq!((heap.segments.len(), heap.lost), (5, 1));
    // Generation 1's first region is that of generation 2, which is then met twice.
    let dump = changed(&[(GENERATIONS + 256 + 56, &(SEGMENTS + 2 * 0x40).to_le_bytes())]);
    let heap = runtime(&dump).unwrap().heap().clone();
    assert!(heap.lost >= 1, "{heap:?}");
    // It ends before it begins.
    let dump = changed(&[(SEGMENTS + 2 * 0x40, &8u64.to_le_bytes())]);
    let heap = runtime(&dump).unwrap().heap().clone();
    assert_eq!(
        (heap.segments.iter().filter(|s| s.generation == Generation::Gen2).count(), heap.lost),
        (0, 1)
    );
}

#[test]
fn threads_that_lead_in_a_circle_end() {
    let first = LOADER + 0x3000 + 120;
    let dump = changed(&[(first + 0x400, &first.to_le_bytes())]);
    let runtime = runtime(&dump).unwrap();
    assert_eq!((runtime.threads().len(), runtime.threads_are_whole()), (2, false));
}

#[test]
fn an_object_that_lies_costs_the_way_to_the_next_one() {
    let node = HEAP + 2 * 0x4_0000 + 0x28 + 24;
    let array = HEAP + 2 * 0x4_0000 + 0x28 + 4 * 24;
    // A method table that is none; one that leads nowhere; a length beyond everything.
    for (at, bytes) in [
        (node, 0x1234_5678_u64.to_le_bytes()),
        (node, u64::MAX.to_le_bytes()),
        (array + 8, u64::from(u32::MAX).to_le_bytes()),
    ] {
        let dump = changed(&[(at, &bytes)]);
        let (types, walked) = count(&runtime(&dump).unwrap());
        assert_eq!(walked.breaks, 1, "{at:#x}");
        assert!(walked.skipped_bytes <= 48, "{walked:?}");
        assert_eq!(types["Own.Outer+Inner"].0, 2, "what lies behind is counted: {types:?}");
    }
}

#[test]
fn names_that_contain_themselves_end() {
    // Pair's second argument is Pair; the element of Node[] is Node[]; a class is its own parent.
    let table = |n: u64| LOADER + 0x100 * n;
    let dump = changed(&[
        (table(6) + 0x70, &table(6).to_le_bytes()),
        (table(7) + 48, &table(7).to_le_bytes()),
        (table(4) + 16, &table(4).to_le_bytes()),
    ]);
    let (types, _) = count(&runtime(&dump).unwrap());
    assert!(types.keys().all(|name| name.len() <= 1100), "{types:?}");
    assert_eq!(types["Own.Node"].0, 5);
}

#[test]
fn a_trace_is_no_longer_than_its_array() {
    let dump = open(&presets::clr::exception());
    let trace = {
        let runtime = runtime(&dump).unwrap();
        let (exception, _) = runtime.exception_of(&runtime.threads()[0]).unwrap();
        assert_eq!(exception.frame_count, 2);
        dump.memory().u64(EXCEPTION + 48).unwrap()
    };
    let dump = changed(&[(trace + 16, &u64::MAX.to_le_bytes()), (EXCEPTION + 32, &EXCEPTION.to_le_bytes())]);
    let runtime = runtime(&dump).unwrap();
    let (exception, _) = runtime.exception_of(&runtime.threads()[0]).unwrap();
    assert_eq!((exception.frame_count, exception.frames.len()), (2, 2));
    assert!(exception.inner.is_none(), "an exception is not inside itself");
}

#[test]
fn metadata_that_is_not_there_costs_the_names() {
    let mut process = presets::clr::exception();
    process.memory.retain(|range| range.start != ASSEMBLY);
    let dump = open(&process);
    let runtime = runtime(&dump).unwrap();
    let (types, walked) = count(&runtime);
    assert_eq!(types.keys().collect::<Vec<_>>(), ["(unnamed)", "(unnamed)[,]", "(unnamed)[]"]);
    assert_eq!(walked.breaks, 0);
    // Nothing says any more that it is an exception.
    assert!(runtime.exception_of(&runtime.threads()[0]).is_none());
}

#[test]
fn heaps_that_are_not_there_are_counted_as_missing() {
    let mut process = presets::clr::exception();
    process.memory.retain(|range| range.start != HEAP + 2 * 0x4_0000);
    let dump = open(&process);
    let (types, walked) = count(&runtime(&dump).unwrap());
    assert_eq!(types["Own.Node"].0, 1, "that of generation 0");
    assert!(walked.missing_bytes > 0 && walked.breaks == 0, "{walked:?}");
}

/// A page at a time, its 2^47 bytes would take hours.
#[test]
fn a_segment_without_an_end_is_given_up() {
    let end = (HEAP + (1 << 47)).to_le_bytes();
    let segment = SEGMENTS + 2 * 0x40;
    let dump = changed(&[(segment, &end), (segment + 8, &end), (segment + 16, &end)]);
    let (types, walked) = count(&runtime(&dump).unwrap());
    assert!(walked.cut_short && walked.missing_bytes > 1 << 40, "{walked:?}");
    assert_eq!(types["Own.Outer+Inner"].0, 2, "what is there is counted");
}

#[test]
fn code_is_a_methods_up_to_the_end_of_its_functions() {
    let dump = open(&presets::clr::exception());
    let runtime = runtime(&dump).unwrap();
    let at = |ip| runtime.method_at(ip).map(|site| (site.method, site.start));
    for (n, name) in ["Own.Program.Pay", "Own.Program.Main"].into_iter().enumerate() {
        let start = code::method(n as u64);
        let method = Some((Some(name.to_owned()), start));
        assert_eq!([at(start), at(start + 0x7f)], [method.clone(), method]);
        assert_eq!([at(start + 0x80), at(start - 8)], [None, None], "behind it, and before it");
        let functions = runtime.functions_at(start + 0x20).expect("unwind data");
        assert_eq!((functions.base(), functions.count()), (CODE, 1));
    }
    assert_eq!(runtime.method_at(HEAP), None);
}

#[test]
fn code_that_lies_is_no_method() {
    let start = code::method(0);
    let header = CODE + 0x200;
    // A header that is a stub's number; more functions than a method has; a function elsewhere; a map that begins behind.
    for (at, value) in [
        (start - 8, 3),
        (header + 32, u64::from(u32::MAX)),
        (header + 36, 0x1800_0000_1700),
        (CODE + 0x900 + 4 * 16, 0),
        (CODE + 0xA00 + 24, start),
        (CODE + 0xB00 + 8, start),
        (CODE + 0xC00 + 24, 8),
    ] {
        let dump = changed(&[(at, &u64::to_le_bytes(value))]);
        let runtime = runtime(&dump).unwrap();
        assert_eq!(runtime.method_at(start + 0x10), None, "{at:#x}");
        assert!(runtime.functions_at(start + 0x10).is_none(), "{at:#x}");
    }
    // A leaf of the tree whose fragments lead in a circle, none of them with the address.
    let fragment = [CODE + 0xC00, CODE, CODE + 1].map(u64::to_le_bytes).concat();
    let dump = changed(&[(CODE + 0xC00, &fragment)]);
    assert_eq!(runtime(&dump).unwrap().method_at(start), None);
}

/// The array of nodes and the first pair of generation 2.
const ARRAY: u64 = HEAP + 2 * 0x4_0000 + 0x28 + 4 * 24;
const PAIR: u64 = ARRAY + 48 + 2 * 40;

#[test]
fn references_are_those_of_the_collectors_maps() {
    let dump = open(&presets::clr::refused());
    let runtime = runtime(&dump).unwrap();
    let mut references = runtime.references();
    let mut of = |address: u64| {
        let (object, mut found) = (references.object(address).expect("an object"), Vec::new());
        references.of(&object, &mut |offset, target| found.push((runtime.field_at(&object, offset), target)));
        found
    };
    let node = |n: u64| HEAP + 2 * 0x4_0000 + 0x28 + 24 * n;
    assert_eq!(of(node(0)), [(Some("next".to_owned()), node(1))]);
    assert_eq!(of(ARRAY), [(Some("[0]".to_owned()), node(0)), (Some("[2]".to_owned()), node(2))]);
    assert_eq!(of(PAIR), [(None, ARRAY)], "a class of which no field is known");
    assert!(of(node(3)).is_empty());
    let table = dump.memory().u64(node(0)).unwrap();
    let statics = runtime.statics(&[table]).expect("a version that tells");
    let [field] = statics.as_slice() else { panic!("{statics:?}") };
    assert_eq!((field.name.as_str(), field.object), ("Own.Program.cache", PAIR));
}

#[test]
fn maps_that_lie_lead_nowhere() {
    let table = |n: u64| LOADER + 0x100 * n;
    let references = |changes: &[(u64, &[u8])], address: u64| {
        let dump = changed(changes);
        let runtime = runtime(&dump).unwrap();
        let (mut references, mut count) = (runtime.references(), 0);
        let object = references.object(address).expect("an object");
        references.of(&object, &mut |offset, _| {
            assert!(offset < object.size);
            count += 1;
        });
        count
    };
    let word = |value: i64| value.to_le_bytes();
    assert_eq!(references(&[], ARRAY), 2);
    // More series than the type has words, and none; a run that goes on behind the object, and one that starts there.
    for (at, value) in [(-8, 5000), (-8, i64::MIN), (-8, 0), (-24, 1 << 40), (-16, 1 << 40), (-16, 0)] {
        let at = table(7).wrapping_add_signed(at);
        assert_eq!(references(&[(at, &word(value))], ARRAY), 0, "{at:#x} {value:#x}");
    }
    // An array of structures whose items take no step, and one whose items go on beyond it.
    let items = |first: u64| [first.to_le_bytes(), word(16), word(-1)].concat();
    assert_eq!(references(&[(table(7) - 24, &items(0))], ARRAY), 0);
    assert_eq!(references(&[(table(7) - 24, &items(1 | 8 << 32))], ARRAY), 2, "every other word");
    assert!(references(&[(table(7) - 24, &items(u64::from(u32::MAX)))], ARRAY) <= 3);
}

#[test]
fn lists_of_classes_that_lie_have_no_statics() {
    let module = LOADER + 0x2000;
    // A count beyond everything; a map that leads to itself; fields without an end, of another class.
    for (at, bytes) in [
        (module + 344 + 16, u64::from(u32::MAX)),
        (LOADER + 0x2A00, 0x1234),
        (LOADER + 0x2B00 - 24, 0),
        (LOADER + 0x100 * 11 + 0x80 + 70, 0),
    ] {
        let dump = changed(&[(at, &bytes.to_le_bytes())]);
        let runtime = runtime(&dump).unwrap();
        assert_eq!(runtime.statics(&[LOADER + 0x400]), Some(Vec::new()), "{at:#x}");
    }
    let dump = changed(&[(module + 344, &(module + 344).to_le_bytes())]);
    assert_eq!(runtime(&dump).unwrap().statics(&[LOADER + 0x400]).map(|found| found.len()), Some(1));
}
