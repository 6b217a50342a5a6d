//! ARM64 stacks by the unwind data of images. Images, code and stacks are written by hand, as the documentation of the format
//! and the instructions' effects have them: no ARM64 dump that Windows wrote is read here.

use std::io::Cursor;

use dumplens_analyzer::stack::{ARM64_FP, Frame, Stack, Stopped, Trust, Walker};
use dumplens_analyzer::{Process, TrimOptions, trim};
use dumplens_core::Dump;
use dumplens_synth::damage::Random;
use dumplens_synth::{self as synth, Arch, Context, Exception, Module, Range, Thread};

const APP: u64 = 0x7ff6_5c20_0000;
const SIZE: u32 = 0x4000;
const PDATA: u32 = 0x2000;
const XDATA: u32 = 0x3000;
/// The end of the stack.
const END: u64 = 0x7c_1120_0000;

const MAIN: u64 = APP + 0x1000;
const MIDDLE: u64 = APP + 0x1100;
const LEAF: u64 = APP + 0x1200;
const OTHER: u64 = APP + 0x1300;
/// Where `main` and `middle` go on behind their calls.
const IN_MAIN: u64 = MAIN + 0x40;
const IN_MIDDLE: u64 = MIDDLE + 0x40;

/// An entry of the exception directory, and what its record has.
type Function = (u64, u32, &'static [u8]);

/// Packed: `stp fp,lr,[sp,#-0x20]!`; `mov fp,sp`. 64 instructions.
const MAIN_FRAME: Function = (MAIN, 1 | 0x40 << 2 | 3 << 21 | 2 << 23, &[]);
/// Packed, without a frame record: `stp x19,x20,[sp,#-0x20]!`; `str lr,[sp,#0x10]`; `sub sp,sp,#0x20`.
const MIDDLE_FRAME: Function = (MIDDLE, 1 | 0x40 << 2 | 2 << 16 | 1 << 21 | 4 << 23, &[]);

/// An image as it lies in memory.
fn image(functions: &[Function]) -> Vec<u8> {
    let mut bytes = vec![0; SIZE as usize];
    let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
    let long = u32::to_le_bytes;
    let at = |offset: u64| usize::try_from(offset).unwrap();
    put(0, b"MZ");
    put(0x3c, &long(0x80));
    put(0x80, b"PE\0\0");
    // IMAGE_FILE_HEADER: Machine, two sections, size of the optional header, characteristics.
    put(0x84, &0xaa64_u16.to_le_bytes());
    put(0x86, &2u16.to_le_bytes());
    put(0x94, &[0xf0, 0, 0x22, 0]);
    // IMAGE_OPTIONAL_HEADER64: magic, alignments, sizes, 16 directories.
    put(0x98, &0x20b_u16.to_le_bytes());
    put(0x98 + 0x20, &[long(0x1000), long(0x200)].concat());
    put(0x98 + 0x38, &[long(SIZE), long(0x400)].concat());
    put(0x98 + 0x6c, &long(16));
    put(0x98 + 0x70 + 8 * 3, &[long(PDATA), long(8 * u32::try_from(functions.len()).unwrap())].concat());
    let sections =
        [(&b".text\0\0\0"[..], 0x1000, 0x1000, 0x6000_0020_u32), (b".rdata\0\0", PDATA, 0x2000, 0x4000_0040)];
    for (n, (name, rva, size, flags)) in sections.into_iter().enumerate() {
        put(0x188 + 40 * n, name);
        put(0x188 + 40 * n + 8, &[size, rva, size, rva].map(long).concat());
        put(0x188 + 40 * n + 36, &long(flags));
    }
    // `bl` in front of each return address.
    for after in [IN_MAIN, IN_MIDDLE] {
        put(at(after - APP) - 4, &long(0x9400_0010));
    }
    for (n, (begin, word, codes)) in (0u32..).zip(functions) {
        let record = XDATA + 0x100 * n;
        let second = if codes.is_empty() { *word } else { record };
        put(at((PDATA + 8 * n).into()), &[long(u32::try_from(begin - APP).unwrap()), long(second)].concat());
        if !codes.is_empty() {
            // 64 instructions, no epilogue; as many words of codes as there are.
            let words = u32::try_from(codes.len().div_ceil(4)).unwrap();
            put(at(record.into()), &long(word | words << 27));
            put(at(record.into()) + 4, codes);
        }
    }
    bytes
}

/// A thread with these registers, and words of its stack.
fn process(functions: &[Function], context: Context, words: &[(u64, u64)]) -> synth::Process {
    let mut process = synth::Process {
        arch: Arch::Arm64,
        memory: vec![Range { start: APP, size: SIZE.into() }, Range { start: END - 0x1000, size: 0x1000 }],
        modules: vec![Module {
            base: APP,
            size: SIZE,
            path: "C:\\Acme\\app.exe".into(),
            ..Module::default()
        }],
        ..synth::Process::default()
    };
    process.put(APP, &image(functions));
    for (at, word) in words {
        process.put(*at, &word.to_le_bytes());
    }
    process.threads.push(Thread { id: 1, context: Some(context.clone()), ..Thread::default() });
    let (address, context) = (context.ip, Some(context));
    process.exception =
        Some(Exception { thread_id: 1, code: 0x8000_0003, address, context, ..Exception::default() });
    process
}

fn walk(process: &synth::Process) -> Stack {
    walk_dump(&Dump::open(process.to_bytes().0).expect("a dump that opens"))
}

fn walk_dump(dump: &Dump) -> Stack {
    Walker::new(&Process::gather(dump)).walk(0)
}

fn ips(stack: &Stack) -> Vec<u64> {
    stack.frames.iter().map(|frame| frame.ip).collect()
}

fn trusts(stack: &Stack) -> Vec<Trust> {
    stack.frames.iter().map(|frame| frame.trust).collect()
}

/// The frame record of `main`, and the stack pointer of `middle` below it.
const RECORD: u64 = END - 0x20;
const MIDDLE_SP: u64 = RECORD - 0x40;
/// What `middle` saved: x19, x20 and its return address.
const SAVED: [(u64, u64); 3] =
    [(MIDDLE_SP + 0x20, 0x1919), (MIDDLE_SP + 0x28, 0x2020), (MIDDLE_SP + 0x30, IN_MAIN)];

fn in_leaf() -> Context {
    Context {
        lr: IN_MIDDLE,
        general: vec![(19, 1), (20, 2), (21, 3), (0, 4)],
        ..Context::at(LEAF + 4, MIDDLE_SP, RECORD)
    }
}

/// `leaf`, which has no frame, was called by `middle`, which has no frame record, and that by `main`: the chain of x29 has
/// neither of them.
#[test]
fn functions_without_a_frame_record() {
    let stack = walk(&process(&[MAIN_FRAME, MIDDLE_FRAME], in_leaf(), &SAVED));
    assert_eq!(ips(&stack), [LEAF + 4, IN_MIDDLE, IN_MAIN]);
    assert_eq!(trusts(&stack), [Trust::Context, Trust::Leaf, Trust::UnwindInfo]);
    assert_eq!(stack.stopped, Stopped::End);
    let sps: Vec<u64> = stack.frames.iter().map(|frame| frame.sp).collect();
    assert_eq!(sps, [MIDDLE_SP, MIDDLE_SP, RECORD]);
    // What was saved is known again; what a call may change is not.
    let known = |frame: &Frame| [0, 19, 20, 21, ARM64_FP, 30].map(|register| frame.registers.get(register));
    assert_eq!(known(&stack.frames[1]), [None, Some(1), Some(2), Some(3), Some(RECORD), None]);
    assert_eq!(known(&stack.frames[2]), [None, Some(0x1919), Some(0x2020), Some(3), Some(RECORD), None]);
}

/// Each instruction of the prologue of `middle`, and the last two of its epilogue.
#[test]
fn in_the_middle_of_a_prologue() {
    let entered = RECORD;
    for (at, sp) in [
        (0, entered),
        (4, entered - 0x20),
        (8, entered - 0x20),
        (12, MIDDLE_SP),
        (0xf8, entered - 0x20),
        (0xfc, entered),
    ] {
        // Until it is saved, and after it was restored, the return address is in x30.
        let has_link = matches!(at, 0 | 4 | 0xfc | 0xf8);
        let lr = if has_link { IN_MAIN } else { 0xdead };
        let context = Context { lr, ..Context::at(MIDDLE + at, sp, RECORD) };
        let stack = walk(&process(&[MAIN_FRAME, MIDDLE_FRAME], context, &SAVED));
        assert_eq!((ips(&stack), stack.stopped), (vec![MIDDLE + at, IN_MAIN], Stopped::End), "{at:#x}");
    }
}

/// The stack pointer is not known behind a frame record; a function that sets x29 gives it back.
#[test]
fn from_the_chain_to_unwind_data() {
    // `middle`: stp x19,x20,[sp,#-0x20]!; stp fp,lr,[sp,#0x10]; add fp,sp,#0x10; sub sp,sp,#0x40.
    const FRAMED: Function = (MIDDLE, 0x40, &[0x04, 0xe2, 0x02, 0x42, 0xcc, 0x03, 0xe4]);
    let (record, inner) = (RECORD - 0x10, RECORD - 0x200);
    let words = [
        (inner, record),
        (inner + 8, IN_MIDDLE),
        (record, RECORD),
        (record + 8, IN_MAIN),
        (record - 0x10, 0x1919),
        (record - 8, 0x2020),
    ];
    // An address of no function that is listed, in the middle of nowhere.
    let context = Context { lr: 0, ..Context::at(OTHER + 0x80, inner - 0x40, inner) };
    let process = process(&[MAIN_FRAME, FRAMED], context, &words);
    let stack = walk(&process);
    assert_eq!(ips(&stack), [OTHER + 0x80, IN_MIDDLE, IN_MAIN]);
    assert_eq!(trusts(&stack), [Trust::Context, Trust::FramePointer, Trust::UnwindInfo]);
    assert_eq!((stack.frames[2].sp, stack.frames[2].registers.get(19)), (RECORD, Some(0x1919)));
    assert_eq!(stack.stopped, Stopped::End);
}

/// `save_next` and signed return addresses: stp x19,x20,[sp,#-0x40]!; stp x21,x22,[sp,#0x10]; stp x23,x24,[sp,#0x20];
/// str lr,[sp,#0x30], behind `pacibsp`.
#[test]
fn pairs_that_follow_and_a_signature() {
    const TOO_MANY: Function = (MIDDLE, 0x40, &[0xe6, 0xce, 0x07, 0xe4]);
    const NEXT: Function = (MIDDLE, 0x40, &[0xd2, 0xc6, 0xe6, 0xe6, 0xcc, 0x07, 0xfc, 0xe4]);
    let sp = RECORD - 0x40;
    let mut words: Vec<(u64, u64)> = (0..6).map(|n| (sp + 8 * n, 0x1900 + n)).collect();
    words.push((sp + 0x30, IN_MAIN | 0x0055_8000_0000_0000));
    let context = Context { lr: 0xdead, ..Context::at(IN_MIDDLE, sp, RECORD) };
    let stack = walk(&process(&[MAIN_FRAME, NEXT], context, &words));
    assert_eq!(ips(&stack), [IN_MIDDLE, IN_MAIN]);
    let saved = (19..=24).map(|register| stack.frames[1].registers.get(register));
    assert_eq!(saved.collect::<Vec<_>>(), (0..6).map(|n| Some(0x1900 + n)).collect::<Vec<_>>());
    // The third pair of five would be floating-point registers: no such sequence is followed.
    let context = Context { lr: IN_MAIN, ..Context::at(IN_MIDDLE, sp, RECORD) };
    let stack = walk(&process(&[MAIN_FRAME, TOO_MANY], context, &words));
    assert_eq!(ips(&stack), [IN_MIDDLE], "the record of main, whose return address is 0");
}

/// Windows lays a CONTEXT on the stack where it calls the program back: all registers of the interrupted function are known.
#[test]
fn an_interrupted_function() {
    const DISPATCHER: Function = (OTHER, 0x40, &[0xea, 0xe4]);
    let context_at = END - 0x800;
    let registers = (0..29).map(|n| (context_at + 8 + 8 * n, 0x100 + n));
    let words = registers.chain([
        (context_at, 0x0040_0007),
        (context_at + 0xf0, RECORD),
        (context_at + 0xf8, IN_MAIN),
        (context_at + 0x100, RECORD),
        (context_at + 0x108, MIDDLE),
    ]);
    let words: Vec<(u64, u64)> = words.collect();
    let stack = walk(&process(
        &[MAIN_FRAME, MIDDLE_FRAME, DISPATCHER],
        Context { lr: 0, ..Context::at(OTHER + 0x40, context_at, 0) },
        &words,
    ));
    // It was about to run the first instruction of `middle`.
    assert_eq!(ips(&stack), [OTHER + 0x40, MIDDLE, IN_MAIN]);
    assert!(stack.frames[1].exact && !stack.frames[2].exact);
    assert_eq!(stack.frames[1].registers.get(5), Some(0x105));
}

/// Where the image or the stack is not in the dump, or the record is damaged, the chain of x29 leads on as ever; what no
/// evidence supports is not followed.
#[test]
fn what_is_lost_leaves_the_chain() {
    const DAMAGED: Function = (MIDDLE, 0x40, &[0xf0, 0xf0, 0xf0, 0xf0]);
    let whole = process(&[MAIN_FRAME, MIDDLE_FRAME], in_leaf(), &SAVED);
    let mut without = whole.clone();
    without.memory.retain(|range| range.start != APP);
    assert_eq!(ips(&walk(&without)), [LEAF + 4], "x30 is in the same module: no proof without unwind data");
    // x30 is behind no call: it is not what a call left there.
    let mut stale = whole.clone();
    stale.put(IN_MIDDLE - 4, &[0; 4]);
    assert_eq!(ips(&walk(&stale)), [LEAF + 4]);
    let context = Context { lr: 0, ..Context::at(MIDDLE + 0x80, MIDDLE_SP, MIDDLE_SP) };
    let words = [(MIDDLE_SP, RECORD), (MIDDLE_SP + 8, IN_MAIN)];
    let stack = walk(&process(&[MAIN_FRAME, DAMAGED], context, &words));
    assert_eq!(trusts(&stack), [Trust::Context, Trust::FramePointer]);
    assert_eq!(ips(&stack), [MIDDLE + 0x80, IN_MAIN]);
}

/// A copy has the same frames, and so has one from which all was taken that could be text.
#[test]
fn copies_have_the_same_frames() {
    const FRAMED: Function = (MIDDLE, 0x40, &[0x04, 0xe2, 0x02, 0x42, 0xcc, 0x03, 0xe4]);
    let (record, inner) = (RECORD - 0x10, RECORD - 0x200);
    let text = u64::from_le_bytes(*b"password");
    let chained = [
        (inner, record),
        (inner + 8, IN_MIDDLE),
        (record, RECORD),
        (record + 8, IN_MAIN),
        (record - 0x10, text),
        (record - 8, text),
    ];
    let from_chain = Context { lr: 0, ..Context::at(OTHER + 0x80, inner - 0x40, inner) };
    let saved = [SAVED[2], (MIDDLE_SP + 0x20, text), (MIDDLE_SP + 0x28, text)];
    for process in [
        process(&[MAIN_FRAME, MIDDLE_FRAME], in_leaf(), &saved),
        process(&[MAIN_FRAME, FRAMED], from_chain, &chained),
    ] {
        let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
        let wanted = walk_dump(&dump);
        assert_eq!(wanted.frames.len(), 3);
        for redact in [false, true] {
            let mut out = Cursor::new(Vec::new());
            trim(&dump, TrimOptions { redact }, &mut out).expect("a copy");
            let bytes = out.into_inner();
            assert_eq!(bytes.windows(8).any(|word| word == b"password"), !redact);
            let found = walk_dump(&Dump::open(bytes).expect("a copy that opens"));
            assert_eq!((ips(&found), trusts(&found)), (ips(&wanted), trusts(&wanted)), "redact: {redact}");
            assert_eq!(found.stopped, wanted.stopped);
        }
    }
}

#[test]
fn any_unwind_data_ends() {
    let mut numbers = Random::new(5);
    let whole = process(&[MAIN_FRAME, (MIDDLE, 0x40, &[0xe4])], in_leaf(), &SAVED);
    for _ in 0..300 {
        let mut damaged = whole.clone();
        damaged.put(APP + u64::from(XDATA) + 0x104, &numbers.bytes(0x40));
        damaged.put(APP + u64::from(XDATA) + 0x103, &[0x78]);
        damaged.put(END - 0x200, &numbers.bytes(0x100));
        if numbers.below(3) == 0 {
            damaged.put(APP + u64::from(PDATA), &numbers.bytes(16));
        }
        assert!(walk(&damaged).frames.len() <= 1024);
    }
}
