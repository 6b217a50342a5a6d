//! Whole walks through dumps of synth: frames, registers, trust, the reason of the end, and bounds.

use dumplens_analyzer::Process as Facts;
use dumplens_analyzer::stack::{ARM64_FP, FP, SP, Stack, Stopped, Trust, Walker, blame, is_system};
use dumplens_core::{Absence, Dump};
use dumplens_synth::damage::Random;
use dumplens_synth::pe::{Function, Image, Unwind};
use dumplens_synth::{
    Arch, Context, Exception, FunctionTable, Module, Process, Range, Thread, Width, damage, presets,
};

const X64: presets::Addresses = presets::tiny::X64;
const X86: presets::Addresses = presets::tiny::X86;
const RBX: u8 = 3;

fn open(process: &Process) -> Dump {
    Dump::open(process.to_bytes().0).expect("a dump that opens")
}

fn walk(process: &Process, thread: usize) -> Stack {
    Walker::new(&Facts::gather(&open(process))).walk(thread)
}

fn ips(stack: &Stack) -> Vec<u64> {
    stack.frames.iter().map(|frame| frame.ip).collect()
}

fn trusts(stack: &Stack) -> Vec<Trust> {
    stack.frames.iter().map(|frame| frame.trust).collect()
}

#[test]
fn x64_frames_and_registers() {
    let crashed = walk(&presets::tiny(), 0);
    assert_eq!(ips(&crashed), X64.crashed_frames());
    assert_eq!(trusts(&crashed), [Trust::Context, Trust::UnwindInfo, Trust::UnwindInfo, Trust::UnwindInfo]);
    assert_eq!(crashed.stopped, Stopped::End);
    // `work` keeps its caller's rbx (0x1111, as the preset puts it) and sets its own; `main` has the frame pointer.
    let rbx: Vec<_> = crashed.frames.iter().map(|frame| frame.registers.get(RBX)).collect();
    assert_eq!(rbx, [Some(0x2222), Some(0x2222), Some(0x1111), Some(0x1111)]);
    assert_eq!(crashed.frames[2].registers.get(FP), Some(crashed.frames[2].sp + 0x20));
    assert!(crashed.frames.iter().all(|frame| frame.registers.get(SP) == Some(frame.sp)));
    assert_eq!(crashed.frames[1].registers.get(1), None, "rcx is not kept by a call");

    let waiting = walk(&presets::tiny(), 1);
    assert_eq!(ips(&waiting), X64.waiting_frames());
    assert_eq!(trusts(&waiting), [Trust::Context, Trust::Leaf, Trust::UnwindInfo]);
    assert_eq!(waiting.stopped, Stopped::End);
}

/// Go's linker leaves `.pdata` in no order: the functions are found all the same.
#[test]
fn functions_in_any_order_are_found() {
    let mut process = presets::tiny();
    let image = open(&process).memory().bytes(X64.app, 0x3000).unwrap();
    let first = [0x1000_u32.to_le_bytes(), 0x100c_u32.to_le_bytes()].concat();
    let table = image.windows(8).position(|bytes| bytes == first).expect("the RUNTIME_FUNCTION of `crash`");
    let reversed: Vec<u8> = image[table..table + 5 * 12].chunks(12).rev().flatten().copied().collect();
    process.put(X64.app + table as u64, &reversed);
    for thread in [0, 1] {
        let (ordered, stack) = (walk(&presets::tiny(), thread), walk(&process, thread));
        assert_eq!(stack.frames, ordered.frames);
        assert_eq!(stack.stopped, Stopped::End);
    }
}

#[test]
fn x86_frames() {
    for sign_extend in [false, true] {
        let process = Process { sign_extend, ..presets::tiny_x86() };
        let crashed = walk(&process, 0);
        assert_eq!((ips(&crashed), &crashed.stopped), (X86.crashed_frames().to_vec(), &Stopped::End));
        assert!(trusts(&crashed)[1..].iter().all(|trust| *trust == Trust::FramePointer));
        // NtWaitForSingleObject has no frame: its caller is at the top of the stack.
        let waiting = walk(&process, 1);
        assert_eq!((ips(&waiting), &waiting.stopped), (X86.waiting_frames().to_vec(), &Stopped::End));
        assert_eq!(trusts(&waiting), [Trust::Context, Trust::Scan, Trust::FramePointer]);
        // EBP is known along the chain, no other register beyond frame 0; after a scan not even EBP.
        assert_eq!(crashed.frames[0].registers.get(RBX), Some(0x2222));
        assert!(crashed.frames[1..].iter().all(|f| f.registers.get(RBX).is_none()));
        assert!(crashed.frames.iter().all(|f| f.registers.get(FP).is_some()));
        assert!(waiting.frames[1..].iter().all(|f| f.registers.get(FP).is_none()));
    }
}

/// In the 64-bit dump of a 32-bit program: its own stack, and the 64-bit one below.
#[test]
fn wow64_has_two_stacks() {
    let process = presets::tiny_wow64();
    let view = presets::wow64::VIEW32;
    for (thread, frames) in [(0, view.crashed_frames().to_vec()), (1, view.waiting_frames().to_vec())] {
        let stack = walk(&process, thread);
        assert_eq!((ips(&stack), stack.stopped), (frames, Stopped::End));
        let native = Walker::new(&Facts::gather(&open(&process))).walk_native(thread).unwrap();
        assert_eq!((ips(&native), native.stopped), (presets::wow64::frames64().to_vec(), Stopped::End));
    }
    assert_eq!(walk(&process, 0).frames[0].registers.get(RBX), Some(0x2222));
    // A native process has one.
    assert_eq!(Walker::new(&Facts::gather(&open(&presets::tiny()))).walk_native(0), None);
}

/// Of a 32-bit exception the record may be all that is known; or its context is on the 32-bit stack, or in the dump.
#[test]
fn wow64_walks_begin_at_the_exception() {
    let view = presets::wow64::VIEW32;
    let address = view.app + 0x1010;
    let mut process = presets::tiny_wow64();
    let context = process.threads[0].context.clone();
    let id = process.threads[0].id;
    let exception =
        |context| Exception { thread_id: id, code: 0xc000_0005, address, context, ..Exception::default() };
    process.exception = Some(exception(context));
    let stack = walk(&process, 0);
    assert_eq!(ips(&stack)[..2], [address, view.crashed_frames()[0]]);
    assert_eq!(trusts(&stack)[..2], [Trust::ExceptionRecord, Trust::Context]);
    assert_eq!(stack.frames[0].registers.get(FP), None, "no register of it is known");

    // KiUserExceptionDispatcher got the record and the context.
    let (esp, ebp) = (view.stack_base(0) - 0x2c, view.stack_base(0) - 0x2c);
    let (arguments, record, at) = (esp - 0x800, esp - 0x700, esp - 0x600);
    let saved = Context::at(address, esp, ebp).to_bytes(Arch::X86);
    let pointers: Vec<u8> =
        [record, at].iter().flat_map(|p| u32::try_from(*p).unwrap().to_le_bytes()).collect();
    let mut on_stack = process.clone();
    on_stack.put(arguments, &pointers);
    on_stack.put(record, &exception(None).record_bytes(Width::W32));
    on_stack.put(at, &saved);
    let below = Context::at(view.ntdll + 0x1004, arguments - 0x10, ebp).to_bytes(Arch::X86);
    on_stack.put(presets::wow64::VIEW64.stack_base(0) - 0x400 + 4, &below);
    let stack = walk(&on_stack, 0);
    assert_eq!((stack.frames[0].ip, stack.frames[0].sp), (address, esp));
    assert_eq!(stack.frames[0].trust, Trust::Context);

    // A context of 32-bit code, as a 64-bit debugger has it.
    let mut raw = Context::at(address, esp, ebp).to_bytes(Arch::X64);
    raw[0x38] = 0x23;
    process.exception = Some(exception(Some(Context { raw: Some(raw), ..Context::default() })));
    let stack = walk(&process, 0);
    assert_eq!(
        (stack.frames[0].ip, stack.frames[0].sp, stack.frames[0].trust),
        (address, esp, Trust::Context)
    );
    assert!(!matches!(stack.stopped, Stopped::StackLeft { .. }), "{:?}", stack.stopped);
}

/// An ARM64 thread: frame records at each x29, the last with return address 0; one return address signed.
#[test]
fn arm64_frames_are_the_chain_of_x29() {
    let (base, stack) = (0x7ff7_0000_0000_u64, 0x10_0000_u64);
    let mut process = Process {
        arch: Arch::Arm64,
        memory: vec![Range { start: stack, size: 0x1000 }],
        modules: vec![Module { base, size: 0x1_0000, path: "C:\\app.exe".into(), ..Module::default() }],
        ..Process::default()
    };
    let records = [
        (0x100, 0x200, base + 0x2000),
        (0x200, 0x300, 0x0055_0000_0000_0000 | (base + 0x3000)),
        (0x300, 0, 0),
    ];
    for (at, fp, lr) in records {
        let fp = if fp == 0 { 0 } else { stack + fp };
        process.put(stack + at, &[fp.to_le_bytes(), lr.to_le_bytes()].concat());
    }
    let context =
        Context { general: vec![(19, 0x19)], ..Context::at(base + 0x1000, stack + 0x80, stack + 0x100) };
    process.threads.push(Thread { id: 1, context: Some(context), ..Thread::default() });
    let stack_of = walk(&process, 0);
    assert_eq!(ips(&stack_of), [base + 0x1000, base + 0x2000, base + 0x3000]);
    assert_eq!(trusts(&stack_of), [Trust::Context, Trust::FramePointer, Trust::FramePointer]);
    assert_eq!(stack_of.stopped, Stopped::End);
    assert_eq!(stack_of.frames[0].registers.get(19), Some(0x19));
    assert_eq!(stack_of.frames[1].registers.get(19), None, "the chain does not tell x19");
    assert_eq!(stack_of.frames[1].registers.get(ARM64_FP), Some(stack + 0x200));
}

#[test]
fn a_call_through_a_null_pointer_leads_to_the_caller() {
    // The thread was sent to address 0 from `wait`, whose call goes through memory.
    let mut process = presets::tiny();
    let context = process.threads[1].context.clone().unwrap();
    process.exception = None;
    process.threads[1].context = Some(Context { ip: 0, ..context });
    let stack = walk(&process, 1);
    let [_, wait, start] = X64.waiting_frames();
    assert_eq!(ips(&stack), [0, wait, start]);
    assert_eq!(trusts(&stack)[1], Trust::Leaf);
    // A dump that keeps no code does not prove the call.
    let mut small = process.clone();
    small.memory.retain(|range| !(X64.app..X64.app + 0x10_0000).contains(&range.start));
    assert_eq!((ips(&walk(&small, 1))[1], trusts(&walk(&small, 1))[1]), (wait, Trust::Scan));
    // From `work`, which names its target, nobody gets there.
    let context = process.threads[0].context.clone().unwrap();
    let sp = context.sp + 0x28;
    process.threads[0].context = Some(Context { ip: 0, sp, ..context });
    let stack = walk(&process, 0);
    assert_eq!((ips(&stack), stack.stopped), (vec![0], Stopped::NoCode { ip: 0 }));
}

/// Without execution prevention the fetch is recorded as a read; EBP is still the caller's.
#[test]
fn a_bad_call_on_x86_leads_to_the_caller() {
    let mut process = presets::tiny_x86();
    let crashed = process.threads[0].context.clone().unwrap();
    let target = X86.mapped + 6;
    let esp = crashed.sp - 0x40;
    // call eax
    process.put(X86.app + 0x1600, &[0xff, 0xd0]);
    let back = u32::try_from(X86.app + 0x1602).unwrap();
    process.put(esp, &back.to_le_bytes());
    let context = Context { ip: target, sp: esp, ..crashed };
    process.threads[0].context = Some(context.clone());
    process.exception = Some(Exception {
        thread_id: process.threads[0].id,
        code: 0xc000_0005,
        address: target,
        parameters: vec![0, target],
        context: Some(context),
        ..Exception::default()
    });
    let dump = open(&process);
    let facts = Facts::gather(&dump);
    let stack = Walker::new(&facts).walk(0);
    assert_eq!((ips(&stack)[0], ips(&stack)[1]), (target, u64::from(back)));
    assert_eq!((stack.frames[1].sp, trusts(&stack)[1]), (esp + 4, Trust::Leaf));
    assert_eq!(stack.frames[1].registers.get(FP), Some(stack.frames[0].registers.get(FP).unwrap()));
}

/// Code that was made while the process ran: its unwind data is in FunctionTableStream and in memory.
#[test]
fn generated_code_is_walked_by_the_dumps_own_tables() {
    let mut process = presets::tiny();
    let crashed = process.threads[0].context.clone().unwrap();
    let code = 0x2_4800_0000_0000;
    process.memory.push(Range { start: code, size: 0x1000 });
    process.regions = None;
    // push rbx; sub rsp,20h; mov rax,[rcx] — called by `work`.
    process.put(code + 0x100, &[0x53, 0x48, 0x83, 0xec, 0x20, 0x48, 0x8b, 0x01]);
    process.put(code + 0x800, &[1, 5, 2, 0, 5, 0x32, 1, 0x30]);
    let sp = crashed.sp + 0x28 - 0x28;
    process.put(sp + 0x20, &0x5555_u64.to_le_bytes());
    let tables = [
        FunctionTable { base: code - 0x10_0000, size: 0x1000, functions: vec![(0, 0x10, 0)] },
        FunctionTable {
            base: code,
            size: 0x1000,
            functions: vec![(0x200, 0x240, 0x900), (0x100, 0x140, 0x800)],
        },
    ];
    process.extra_streams.push((13, FunctionTable::stream(&tables)));
    process.exception = None;
    process.threads[0].context = Some(Context { ip: code + 0x105, sp, ..crashed });
    process.modules.push(Module { base: code, size: 0x1000, path: "none".into(), ..Module::default() });
    let stack = walk(&process, 0);
    assert_eq!(ips(&stack)[1..], X64.crashed_frames()[1..]);
    assert_eq!(stack.frames[1].registers.get(RBX), Some(0x5555));
    assert_eq!(trusts(&stack)[1], Trust::UnwindInfo);
    // What is cut off costs what is behind it.
    let (_, stream) = process.extra_streams.last_mut().unwrap();
    stream.truncate(stream.len() - 30);
    let dump = open(&process);
    let tables = dump.function_tables().unwrap().unwrap();
    assert_eq!((tables.count(), tables.damage.is_some()), (1, true));
    assert_eq!(walk(&process, 0).frames.len(), 1);
}

/// The exception's context is enough, whether or not its thread is in the list.
#[test]
fn a_thread_that_is_not_listed_is_walked() {
    let mut process = presets::tiny();
    let expected = walk(&process, 0);
    process.exception.as_mut().unwrap().thread_id = 0x7777;
    let dump = open(&process);
    let facts = Facts::gather(&dump);
    assert_eq!((facts.threads.len(), facts.threads[2].id, facts.threads[2].listed), (3, 0x7777, false));
    assert_eq!(Walker::new(&facts).walk(2).frames, expected.frames);
    process.exception.as_mut().unwrap().context = None;
    assert_eq!(Facts::gather(&open(&process)).threads.len(), 2);
}

/// Without TEBs the thread list says where stacks end.
#[test]
fn stacks_are_known_without_tebs() {
    let mut process = presets::tiny();
    process.memory.retain(|range| !(range.start..range.start + range.size).contains(&X64.tebs[0]));
    let dump = open(&process);
    let facts = Facts::gather(&dump);
    assert!(facts.threads.iter().all(|thread| thread.teb.is_none()));
    for (thread, base) in [(0, X64.stack_base(0)), (1, X64.stack_base(1))] {
        let row = facts.space.piece_at(base - 8).and_then(|piece| piece.span).expect("a stack");
        assert_eq!((row.owner, row.end), (dumplens_analyzer::Owner::Thread(thread), base));
        let teb = facts.space.piece_at(X64.tebs[thread]).and_then(|piece| piece.span).expect("a TEB");
        assert_eq!(teb.owner, dumplens_analyzer::Owner::Thread(thread));
    }
    // A stack pointer beyond the end leaves it.
    let context = process.threads[1].context.clone().unwrap();
    process.threads[1].context = Some(Context { sp: X64.stack_base(1) + 8, ..context });
    assert!(matches!(walk(&process, 1).stopped, Stopped::StackLeft { .. }));
}

#[test]
fn ends_say_why() {
    let stopped = |name: &str| {
        let variant = damage::variants().find(|v| v.name == name).unwrap_or_else(|| panic!("{name}"));
        let dump = Dump::open(variant.bytes).unwrap();
        let stack = Walker::new(&Facts::gather(&dump)).walk(0);
        (stack.frames.len(), stack.stopped)
    };
    assert_eq!(stopped("220_rip_0").0, 1);
    assert_eq!(stopped("220_rip_0").1, Stopped::NoCode { ip: 0 });
    assert!(matches!(stopped("221_rip_in_free_memory").1, Stopped::NoCode { .. }));
    assert!(matches!(stopped("223_rsp_0"), (1, Stopped::StackLeft { sp: 0, .. })));
    assert!(matches!(stopped("224_rsp_2^64-8"), (1, Stopped::StackLeft { .. })));
    assert!(matches!(stopped("226_rsp_on_the_other_stack"), (1, Stopped::StackLeft { .. })));
    let (frames, reason) = stopped("227_stack_returns_to_itself");
    assert!(frames > 5 && frames < 1024, "{frames} frames");
    assert!(matches!(reason, Stopped::StackLeft { .. } | Stopped::Unreadable(_)), "{reason:?}");
    assert!(matches!(stopped("228_stack_all_ff"), (1, Stopped::NoCode { ip: u64::MAX })));
    for name in [
        "213_pe_pdata_all_ff",
        "215_unwind_info_outside",
        "216_unwind_info_odd_points_at_itself",
        "217_unwind_chain_to_itself",
        "218_unwind_255_codes_at_end_of_image",
        "219_unwind_version_7_bad_operations",
    ] {
        let (frames, reason) = stopped(name);
        assert!(frames <= 2, "{name}: {frames} frames");
        assert!(matches!(reason, Stopped::Image { .. } | Stopped::NoCode { .. }), "{name}: {reason:?}");
    }
    for (name, frames) in
        [("229_x86_ebp_points_at_itself", 2), ("230_x86_ebp_goes_down", 2), ("231_x86_ebp_ffffffff", 2)]
    {
        assert!(stopped(name).0 >= frames, "{name}");
    }
}

#[test]
fn a_stack_that_the_dump_does_not_keep_is_said_to_be_missing() {
    let mut process = presets::tiny();
    let crashed = process.threads[0].context.clone().unwrap();
    process.memory.retain(|range| !(range.start..range.start + range.size).contains(&crashed.sp));
    let stack = walk(&process, 0);
    assert_eq!(stack.frames.len(), 1);
    assert!(
        matches!(stack.stopped, Stopped::Unreadable(u) if u.why == Absence::NotKept),
        "{:?}",
        stack.stopped
    );
    // Without the image there are no tables, and nothing is guessed.
    let mut process = presets::tiny();
    process.memory.retain(|range| !(range.start..range.start + range.size).contains(&X64.app));
    let stack = walk(&process, 0);
    assert_eq!(stack.frames.len(), 1);
    assert!(matches!(stack.stopped, Stopped::Image { .. }), "{:?}", stack.stopped);
}

/// A function that calls itself for ever, in a process whose stack is full of its frames.
fn recursion(frames: u64, threads: u32) -> Process {
    const FRAME: u64 = 0x10;
    let (base, stack) = (0x7ff6_0000_0000, 0x1000_0000);
    let size = (frames * FRAME).next_multiple_of(0x1000);
    // sub rsp,8; call itself; nop
    let code = vec![0x48, 0x83, 0xec, 0x08, 0xe8, 0xf7, 0xff, 0xff, 0xff, 0x90, 0xcc];
    let unwind = Unwind { prolog: 4, codes: vec![4 | 2 << 8], ..Unwind::default() };
    let function = Function { rva: 0x1000, code, unwind: Some(unwind) };
    let image = Image { width: Width::W64, base, functions: vec![function], ..Image::default() };
    let bytes = image.to_bytes();
    let mut process = Process {
        memory: vec![Range { start: base, size: bytes.len() as u64 }, Range { start: stack, size }],
        modules: vec![Module {
            base,
            size: u32::try_from(bytes.len()).unwrap(),
            path: "C:\\recursion.exe".into(),
            ..Module::default()
        }],
        ..Process::default()
    };
    process.put(base, &bytes);
    for n in 0..size / 8 {
        process.put(stack + 8 * n, &(base + 0x1009).to_le_bytes());
    }
    for id in 1..=threads {
        let context = Some(Context::at(base + 0x1009, stack, 0));
        process.threads.push(Thread { id, context, ..Thread::default() });
    }
    process
}

#[test]
fn a_walk_has_1024_frames_at_most() {
    let stack = walk(&recursion(2000, 1), 0);
    assert_eq!((stack.frames.len(), stack.stopped), (1024, Stopped::Frames(1024)));
    assert!(stack.frames.iter().all(|frame| frame.ip == 0x7ff6_0000_1009));
    let stack = walk(&recursion(500, 1), 0);
    assert!(
        stack.frames.len() < 1024 && matches!(stack.stopped, Stopped::Unreadable(_)),
        "{:?}",
        stack.stopped
    );
}

#[test]
fn all_threads_together_have_a_bound_too() {
    let dump = open(&recursion(2000, 200));
    let facts = Facts::gather(&dump);
    let walker = Walker::new(&facts);
    let stacks: Vec<Stack> = (0..200).map(|thread| walker.walk(thread)).collect();
    let frames: usize = stacks.iter().map(|stack| stack.frames.len()).sum();
    assert!((120_000..121_000).contains(&frames), "{frames} frames");
    assert_eq!(stacks[0].stopped, Stopped::Frames(1024));
    assert!(matches!(stacks[199].stopped, Stopped::FramesInAll(_)));
    assert_eq!(stacks[199].frames.len(), 1, "frame 0 costs nothing and is always there");
}

/// Stacks full of addresses of code that no call stands before, in as many threads as there may be: the search ends.
#[test]
fn the_search_of_x86_stacks_is_bounded() {
    let mut process = presets::tiny_x86();
    let stack = 0x2000_0000;
    let (size, word) = (0x8000_u64, u32::try_from(X86.app + 0x1004).unwrap());
    process.memory.push(Range { start: stack, size });
    process.put(stack, &word.to_le_bytes().repeat(usize::try_from(size / 4).unwrap()));
    process.threads.truncate(1);
    for id in 2..3000 {
        let context = Some(Context::at(X86.app + 0x1004, stack, 0));
        process.threads.push(Thread { id, context, ..Thread::default() });
    }
    process.regions = None;
    let dump = open(&process);
    let facts = Facts::gather(&dump);
    let walker = Walker::new(&facts);
    let reasons: Vec<Stopped> = (1..2999).map(|thread| walker.walk(thread).stopped).collect();
    assert_eq!(reasons[0], Stopped::NothingFound);
    assert_eq!(reasons.last(), Some(&Stopped::Work));
}

/// Bytes of image and stack changed at random: every walk ends, within its bounds.
#[test]
fn walks_through_damaged_processes_end() {
    let mut numbers = Random::new(1);
    let mut next = move |below: u64| numbers.below(below);
    for (process, places) in [(presets::tiny(), X64), (presets::tiny_x86(), X86)] {
        for _ in 0..400 {
            let mut process = process.clone();
            for _ in 0..=next(20) {
                let stack = places.stack_base(usize::from(next(2) == 1)) - 0x200;
                let areas = [
                    (places.app + 0x1000, 0xb0),
                    (places.app + 0x2000, 0x200),
                    (stack, 0x200),
                    (places.app, 0x200),
                ];
                let (area, length) = areas[usize::try_from(next(4)).unwrap()];
                let byte = u8::try_from(next(256)).unwrap();
                process.put(area + next(length), &[byte]);
            }
            let dump = open(&process);
            let facts = Facts::gather(&dump);
            let walker = Walker::new(&facts);
            for thread in 0..2 {
                let stack = walker.walk(thread);
                assert!((1..=1024).contains(&stack.frames.len()));
                let grows = stack.frames.windows(2).all(|pair| pair[0].sp < pair[1].sp);
                assert!(grows, "a stack that grows from frame to frame");
                assert!(!stack.stopped.to_string().is_empty());
            }
        }
    }
}

#[test]
fn blame_passes_over_system_and_runtime() {
    let dump = open(&presets::tiny());
    let facts = Facts::gather(&dump);
    let walker = Walker::new(&facts);
    // The crash is in app.exe itself; the waiting thread is in ntdll, called by it.
    assert_eq!(blame(&facts, &walker.walk(0), 0), Some(0));
    assert_eq!(blame(&facts, &walker.walk(1), 0), Some(1));
    for path in [
        "C:\\Windows\\System32\\anything.dll",
        "ntdll.dll",
        "D:\\app\\VCRUNTIME140.dll",
        "C:\\app\\ucrtbase.dll",
        "libstdc++-6.dll",
        "\\Device\\HarddiskVolume3\\Windows\\System32\\anything.dll",
        "C:\\WINNT\\system32\\anything.dll",
    ] {
        assert!(is_system(path), "{path}");
    }
    for path in [
        "C:\\Program Files\\Acme\\app.exe",
        "C:\\app\\ntdllish.dll",
        "",
        "C:\\users\\windows\\app.exe",
        "atlas.exe",
        "\\Device\\HarddiskVolume3\\Acme\\Windows\\app.exe",
        "\\Device\\HarddiskVolume3\\Windows\\System32\\DriverStore\\FileRepository\\a\\acmegl64.dll",
        "C:\\Windows\\Temp\\is-1.tmp\\setup.exe",
    ] {
        assert!(!is_system(path), "{path}");
    }
}
