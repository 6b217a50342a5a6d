//! ThreadList, ThreadNames, ThreadInfoList and the threads' registers.

use dumplens_core::{Damage, StreamType};
use dumplens_synth::{Arch, Context, Process, Thread, ThreadInfo, presets};

use super::{codes, open, open_changed, put, rva};

fn three_threads() -> Process {
    let info = ThreadInfo {
        dump_flags: 4,
        dump_error: 0x8000_4005,
        exit_status: 259,
        create_time: 133_000_000_000_000_001,
        exit_time: 7,
        kernel_time: 8,
        user_time: 9,
        start_address: 0x7ff6_0000_1234,
        affinity: 0xf0f0,
    };
    let thread = |id, name: Option<&str>, info| Thread {
        id,
        suspend_count: id + 1,
        priority_class: 0x20,
        priority: 15,
        teb: 0x40_0000_0000 + u64::from(id),
        stack_start: 0x50_0000_0000 + u64::from(id),
        stack_size: 0x800,
        context: Some(Context::at(0x1000 + u64::from(id), 0x2000, 0x3000)),
        name: name.map(Into::into),
        info,
    };
    let threads = vec![
        thread(7, Some("main"), Some(info)),
        thread(11, None, None),
        thread(0xffff_fff0, Some("ärger 日本"), Some(ThreadInfo { start_address: 0x99, ..info })),
    ];
    Process { threads, ..Process::default() }
}

#[test]
fn thread_list() {
    let process = three_threads();
    let list = open(&process).threads().unwrap().unwrap();
    assert_eq!(list.len(), 3);
    for (found, wanted) in list.iter().zip(&process.threads) {
        assert_eq!(
            (found.id, found.suspend_count, found.priority_class, found.priority),
            (wanted.id, wanted.suspend_count, wanted.priority_class, wanted.priority)
        );
        assert_eq!((found.teb, found.stack_start), (wanted.teb, wanted.stack_start));
    }
}

#[test]
fn names_only_of_threads_that_have_one() {
    let dump = open(&three_threads());
    let names = dump.thread_names().unwrap().unwrap();
    assert_eq!(names.get(&7).map(String::as_str), Some("main"));
    assert_eq!(names.get(&11), None);
    assert_eq!(names.get(&0xffff_fff0).map(String::as_str), Some("ärger 日本"));
}

#[test]
fn infos() {
    let process = three_threads();
    let dump = open(&process);
    let infos = dump.thread_infos().unwrap().unwrap();
    assert!(!infos.contains_key(&11));
    let (found, wanted) = (&infos[&7], process.threads[0].info.unwrap());
    assert_eq!(
        (found.dump_flags, found.dump_error, found.exit_status),
        (wanted.dump_flags, wanted.dump_error, wanted.exit_status)
    );
    assert_eq!((found.create_time, found.exit_time), (wanted.create_time, wanted.exit_time));
    assert_eq!((found.kernel_time, found.user_time), (wanted.kernel_time, wanted.user_time));
    assert_eq!((found.start_address, found.affinity), (wanted.start_address, wanted.affinity));
    assert_eq!(infos[&0xffff_fff0].start_address, 0x99);
}

#[test]
fn without_threads_all_three_streams_are_absent() {
    let dump = open(&Process::default());
    assert!(dump.threads().unwrap().is_none());
    assert!(dump.thread_names().unwrap().is_none());
    assert!(dump.thread_infos().unwrap().is_none());
    assert!(dump.context(0).is_none());
}

#[test]
fn registers_of_every_processor() {
    let general = vec![(0, 0xa0a0), (3, 0xb3b3)];
    for (arch, names) in
        [(Arch::X64, ["rax", "rbx"]), (Arch::X86, ["eax", "ebx"]), (Arch::Arm64, ["x0", "x3"])]
    {
        let context = Context { general: general.clone(), ..Context::at(0x4011, 0x4022, 0x4033) };
        let threads = vec![Thread { context: Some(context), ..Thread::default() }, Thread::default()];
        let dump = open(&Process { arch, threads, ..Process::default() });
        let registers = dump.context(0).expect("registers");
        assert_eq!(registers.ip, 0x4011, "{arch:?}");
        assert_eq!(registers.sp, 0x4022, "{arch:?}");
        assert_eq!(names.map(|n| registers.register(n)), [Some(0xa0a0), Some(0xb3b3)], "{arch:?}");
        assert!(dump.context(1).is_none(), "a thread without a context");
        assert!(dump.context(2).is_none(), "no such thread");
    }
}

#[test]
fn a_context_outside_the_file_costs_that_context_only() {
    let dump = open_changed(&three_threads(), |bytes, layout| {
        let second = rva(layout, StreamType::THREAD_LIST) + 4 + 0x30;
        put(bytes, second + 0x2c, &0xffff_ff00_u32.to_le_bytes());
    });
    let stream = StreamType::THREAD_LIST;
    assert_eq!(dump.damage(), [Damage::PartsLost { stream, what: "context", count: 1, first: 1 }]);
    assert_eq!(dump.context(0).unwrap().ip, 0x1007);
    assert!(dump.context(1).is_none());
    assert_eq!(dump.context(2).unwrap().ip, 0x1_0000_0ff0);
}

#[test]
fn a_count_beyond_the_bytes_is_clipped_to_them() {
    for (kind, at) in
        [(StreamType::THREAD_LIST, 0), (StreamType::THREAD_NAMES, 0), (StreamType::THREAD_INFO_LIST, 8)]
    {
        let dump = open_changed(&three_threads(), |bytes, layout| {
            put(bytes, rva(layout, kind) + at, &u32::MAX.to_le_bytes());
        });
        let read = if kind == StreamType::THREAD_LIST { 3 } else { 2 };
        let listed = u64::from(u32::MAX);
        assert_eq!(dump.damage(), [Damage::EntriesCut { stream: kind, listed, read }]);
        assert_eq!(dump.threads().unwrap().unwrap().len(), 3);
        assert_eq!(dump.thread_names().unwrap().unwrap().get(&7).map(String::as_str), Some("main"));
        assert!(dump.thread_infos().unwrap().unwrap().contains_key(&0xffff_fff0));
    }
}

#[test]
fn one_bad_name_costs_that_name_only() {
    let dump = open_changed(&three_threads(), |bytes, layout| {
        put(bytes, rva(layout, StreamType::THREAD_NAMES) + 8, &u64::MAX.to_le_bytes());
    });
    assert_eq!(codes(&dump), ["parts_lost"]);
    let names = dump.thread_names().unwrap().unwrap();
    assert_eq!(names[&7], "");
    assert_eq!(names.get(&0xffff_fff0).map(String::as_str), Some("ärger 日本"));
}

#[test]
fn infos_of_entry_size_zero_are_lost_and_nothing_else() {
    let dump = open_changed(&three_threads(), |bytes, layout| {
        put(bytes, rva(layout, StreamType::THREAD_INFO_LIST) + 4, &[0; 4]);
    });
    assert_eq!(dump.thread_infos().unwrap_err().code(), "stream_malformed");
    assert_eq!(dump.threads().unwrap().unwrap().len(), 3);
}

/// A 32-bit writer sign-extends addresses above 2 GiB.
#[test]
fn sign_extension_is_undone() {
    let mut process = presets::tiny_x86();
    process.threads[1].teb = 0x9000_0000;
    process.sign_extend = true;
    let dump = open(&process);
    let list = dump.threads().unwrap().unwrap();
    assert_eq!(list[1].teb, 0x9000_0000);
    assert_eq!(list[1].stack_start, process.threads[1].stack_start);
    assert!(process.threads[1].stack_start > 0x8000_0000);
    assert_eq!(list[0].teb, presets::tiny::X86.tebs[0], "below 2 GiB nothing changes");
}

/// x64's ContextFlags are at 0x30. Of a service that was active Windows notes so; of another processor nothing is read.
#[test]
fn flags_of_a_context() {
    let flagged = |flags: u32| {
        open_changed(&three_threads(), |bytes, layout| {
            let entry = rva(layout, StreamType::THREAD_LIST) + 4;
            let place: [u8; 4] = bytes[entry + 0x2c..][..4].try_into().unwrap();
            put(bytes, u32::from_le_bytes(place) as usize + 0x30, &flags.to_le_bytes());
        })
    };
    for notes in [0, 0x0800_0000, 0x1000_0000, 0x5000_0000, 0xf800_0000] {
        let dump = flagged(0x10_001f | notes);
        assert_eq!(dump.context(0).expect("registers").ip, 0x1007, "{notes:#x}");
    }
    let other = flagged(0x40_001f);
    assert!(other.context(0).is_none() && other.has_context(0) && !other.has_context(3));
}
