//! One x64 frame, from unwind data written by hand: what each kind of record does to the registers, and that no record
//! keeps the walk busy or makes it believe what is not there.

use dumplens_analyzer::stack::{Caller, FP, Fault, Registers, Trust, x64};
use dumplens_core::pe::ImageError;
use dumplens_core::unwind::FunctionTable;
use dumplens_core::{Absence, ReadMemory, Unreadable};
use dumplens_synth::damage::Random;

const BASE: u64 = 0x7ff6_0000_0000;
const SIZE: usize = 0x4000;
/// Code, exception directory, records.
const TEXT: u32 = 0x1000;
const PDATA: u32 = 0x2000;
const XDATA: u32 = 0x3000;
const STACK: u64 = 0x40_0000;
/// What the tests put where functions return to.
const RETURN: u64 = 0x7ff6_0000_1234;
const RBX: u8 = 3;
const RSP: u8 = 4;
const RSI: u8 = 6;

/// An image of 16 KiB and a stack of 64 words, all of them numbered: word n is 0x1000 + n.
struct Memory {
    image: Vec<u8>,
    stack: Vec<u64>,
}

impl ReadMemory for Memory {
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        let stack: Vec<u8> = self.stack.iter().flat_map(|word| word.to_le_bytes()).collect();
        for (bytes, base) in [(&self.image, BASE), (&stack, STACK)] {
            let start = address.checked_sub(base).and_then(|at| usize::try_from(at).ok());
            if let Some(found) = start.and_then(|at| bytes.get(at..at.checked_add(buf.len())?)) {
                buf.copy_from_slice(found);
                return Ok(());
            }
        }
        Err(Unreadable { address, why: Absence::NotKept })
    }
}

impl Memory {
    fn new() -> Memory {
        Memory { image: vec![0xcc; SIZE], stack: (0x1000..0x1040).collect() }
    }

    fn put(&mut self, rva: u32, bytes: &[u8]) {
        self.image[rva as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    /// RUNTIME_FUNCTION number `n`.
    fn function(&mut self, n: u32, begin: u32, end: u32, unwind_info: u32) {
        self.put(PDATA + 12 * n, &entry(begin, end, unwind_info));
    }

    /// The frame below `ip`, with a directory of `count` functions; rsp at the start of the stack, rbp in its middle.
    fn caller(&self, count: u32, ip: u32, exact: bool) -> Result<Caller, Fault> {
        let table = FunctionTable::new(BASE, u32::try_from(SIZE).unwrap(), PDATA, 12 * count);
        let mut registers = Registers::default();
        (0..16).for_each(|number| registers.set(number, 0xabc0 + u64::from(number)));
        registers.set(RSP, STACK);
        registers.set(FP, STACK + 0x80);
        x64::caller(self, &table, BASE + u64::from(ip), &registers, exact)
    }
}

fn entry(begin: u32, end: u32, unwind_info: u32) -> Vec<u8> {
    [begin, end, unwind_info].iter().flat_map(|field| field.to_le_bytes()).collect()
}

/// UNWIND_INFO: version and flags, prologue, frame register and offset, codes.
fn info(version_flags: u8, prolog: u8, frame: u8, codes: &[[u8; 2]]) -> Vec<u8> {
    let mut bytes = vec![version_flags, prolog, u8::try_from(codes.len()).unwrap(), frame];
    bytes.extend(codes.iter().flatten());
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A code: offset, operation, its information.
fn code(offset: u8, operation: u8, information: u8) -> [u8; 2] {
    [offset, operation | information << 4]
}

const PUSH: u8 = 0;
const ALLOC_LARGE: u8 = 1;
const ALLOC_SMALL: u8 = 2;
const SET_FPREG: u8 = 3;
const SAVE: u8 = 4;
const SAVE_FAR: u8 = 5;
const EPILOG: u8 = 6;
const MACHINE_FRAME: u8 = 10;

/// A function of 0x40 bytes without an epilogue, with these records.
fn one(record: &[u8]) -> Memory {
    let mut memory = Memory::new();
    memory.function(0, TEXT, TEXT + 0x40, XDATA);
    memory.put(XDATA, record);
    memory.put(TEXT, &[0x90; 0x40]);
    memory
}

/// What is in word `n` of the stack, and where the stack pointer is behind it.
fn word(n: u64) -> u64 {
    0x1000 + n
}

fn behind(n: u64) -> u64 {
    STACK + 8 * (n + 1)
}

#[test]
fn pushes_and_allocations_are_undone_in_order() {
    // push rbx; push rsi; sub rsp,0x18; sub rsp,0x88 (of two slots); sub rsp,8 (of three)
    let codes = [
        code(16, ALLOC_LARGE, 1),
        [8, 0],
        [0, 0],
        code(12, ALLOC_LARGE, 0),
        [0x11, 0],
        code(6, ALLOC_SMALL, 2),
        code(3, PUSH, RSI),
        code(1, PUSH, RBX),
    ];
    let memory = one(&info(1, 16, 0, &codes));
    let caller = memory.caller(1, TEXT + 0x20, true).unwrap();
    let at = 1 + 0x11 + 3;
    assert_eq!((caller.ip, caller.sp, caller.trust), (word(at + 2), behind(at + 2), Trust::UnwindInfo));
    assert_eq!(caller.registers.get(RSI), Some(word(at)));
    assert_eq!(caller.registers.get(RBX), Some(word(at + 1)));
    assert_eq!(caller.registers.get(12), Some(0xabcc), "a register that is not saved is as it was");
    assert_eq!(caller.registers.get(0), None, "a volatile one is not known");
    assert!(!caller.exact);

    // In the prologue, only what has been done is undone: both pushes, then none.
    let caller = memory.caller(1, TEXT + 3, true).unwrap();
    assert_eq!((caller.ip, caller.registers.get(RSI)), (word(2), Some(word(0))));
    assert_eq!(memory.caller(1, TEXT, true).unwrap().ip, word(0));
}

#[test]
fn a_frame_register_wins_over_rsp() {
    // push rbp; sub rsp,0x20; lea rbp,[rsp+0x10]; mov [rsp+0x28],rbx; mov [rsp+0x30],rsi (far)
    let codes = [
        code(20, SAVE_FAR, RSI),
        [0x30, 0],
        [0, 0],
        code(15, SAVE, RBX),
        [5, 0],
        code(10, SET_FPREG, 0),
        code(5, ALLOC_SMALL, 3),
        code(1, PUSH, FP),
    ];
    let memory = one(&info(1, 20, 0x10 | FP, &codes));
    // rbp is at word 16, so the frame's base at word 14.
    let caller = memory.caller(1, TEXT + 0x20, false).unwrap();
    assert_eq!((caller.registers.get(RBX), caller.registers.get(RSI)), (Some(word(19)), Some(word(20))));
    assert_eq!((caller.registers.get(FP), caller.ip, caller.sp), (Some(word(18)), word(19), behind(19)));
    // Before it is set, rsp counts.
    let caller = memory.caller(1, TEXT + 5, true).unwrap();
    assert_eq!((caller.registers.get(FP), caller.ip), (Some(word(4)), word(5)));
}

#[test]
fn a_chained_record_goes_on_with_its_parents() {
    // The part: mov [rsp+0x40],rsi. The function: push rbx; sub rsp,0x20.
    let mut memory = one(&info(1, 6, 0, &[code(6, ALLOC_SMALL, 3), code(1, PUSH, RBX)]));
    memory.function(1, TEXT + 0x100, TEXT + 0x110, XDATA + 0x40);
    let mut part = info(1 | 4 << 3, 5, 0, &[code(5, SAVE, RSI), [8, 0]]);
    part.extend(entry(TEXT, TEXT + 0x40, XDATA));
    memory.put(XDATA + 0x40, &part);
    memory.put(TEXT + 0x100, &[0x90; 16]);
    let caller = memory.caller(2, TEXT + 0x108, true).unwrap();
    assert_eq!((caller.registers.get(RSI), caller.registers.get(RBX)), (Some(word(8)), Some(word(4))));
    assert_eq!((caller.ip, caller.sp), (word(5), behind(5)));
    // At the part's start its own prologue has not run; the function's has.
    let caller = memory.caller(2, TEXT + 0x100, true).unwrap();
    assert_eq!((caller.registers.get(RSI), caller.ip), (Some(0xabc6), word(5)));

    // A jump from the part to the function, in which it stays, is no epilogue; one to another function is.
    memory.put(TEXT + 0x100, &[0xe9, 0x10, 0xff, 0xff, 0xff]); // to TEXT + 0x15
    assert_eq!(memory.caller(2, TEXT + 0x100, true).unwrap().ip, word(5));
    memory.put(TEXT + 0x100, &[0xe9, 0xfb, 0x01, 0, 0]); // to TEXT + 0x300, which has no record
    assert_eq!(memory.caller(2, TEXT + 0x100, true).unwrap().ip, word(0));
    memory.put(TEXT + 0x100, &[0xe9, 0xfb, 0xfe, 0xff, 0xff]); // to the function's very start
    assert_eq!(memory.caller(2, TEXT + 0x100, true).unwrap().ip, word(0));
}

#[test]
fn a_machine_frame_leads_to_what_was_interrupted() {
    for (error_code, skipped) in [(0, 0), (1, 1)] {
        let memory = one(&info(1, 0, 0, &[code(0, MACHINE_FRAME, error_code)]));
        let caller = memory.caller(1, TEXT + 0x10, true).unwrap();
        // rip, cs, flags, rsp: the fourth is where the stack goes on.
        assert_eq!((caller.ip, caller.sp), (word(skipped), word(skipped + 3)));
        assert!(caller.exact, "it was stopped there, not called from there");
    }
}

#[test]
fn version_2_says_where_epilogues_are_and_nothing_else() {
    // Two epilogue codes, as MSVC writes them, before an allocation.
    let codes = [code(7, EPILOG, 1), code(0x20, EPILOG, 0), code(4, ALLOC_SMALL, 4)];
    let memory = one(&info(2, 4, 0, &codes));
    let caller = memory.caller(1, TEXT + 0x20, true).unwrap();
    assert_eq!((caller.ip, caller.sp), (word(5), behind(5)));
}

#[test]
fn an_epilogue_is_carried_out_to_its_end() {
    // add rsp,0x20; pop rbx; pop rsi; ret, at the end of the function.
    let epilogue = [0x48, 0x83, 0xc4, 0x20, 0x5b, 0x5e, 0xc3];
    let codes = [code(6, ALLOC_SMALL, 3), code(2, PUSH, RBX), code(1, PUSH, RSI)];
    let mut memory = one(&info(1, 6, 0, &codes));
    memory.put(TEXT + 0x30, &epilogue);
    let at = |offset, exact| memory.caller(1, TEXT + offset, exact).unwrap();
    let whole = at(0x30, true);
    assert_eq!(
        (whole.ip, whole.registers.get(RBX), whole.registers.get(RSI)),
        (word(6), Some(word(4)), Some(word(5)))
    );
    let popped = at(0x35, true); // pop rsi; ret
    assert_eq!(
        (popped.ip, popped.registers.get(RBX), popped.registers.get(RSI)),
        (word(1), Some(0xabc3), Some(word(0)))
    );
    assert_eq!((at(0x36, true).ip, at(0x36, true).sp), (word(0), behind(0)));
    // A return address is never in an epilogue, whatever code follows the call.
    assert_eq!(at(0x36, false).ip, word(6));
}

#[test]
fn what_ends_an_epilogue() {
    let ends = |code: &[u8]| {
        let mut memory = one(&info(1, 4, 0, &[[4, ALLOC_SMALL | 3 << 4]]));
        memory.put(TEXT + 0x20, code);
        memory.caller(1, TEXT + 0x20, true).unwrap().ip == word(0)
    };
    assert!(ends(&[0xc3]) && ends(&[0xf3, 0xc3]) && ends(&[0xc2, 8, 0]), "returns");
    assert!(
        ends(&[0xff, 0x25, 0, 0, 0, 0]) && ends(&[0x48, 0xff, 0xe0]),
        "through an import, and with REX.W"
    );
    assert!(!ends(&[0xff, 0xe0]), "jmp rax is a switch");
    assert!(!ends(&[0xeb, 0x05]), "a jump in the function");
    assert!(!ends(&[0x90, 0xc3]) && !ends(&[0x48, 0x8b, 0xc3, 0xc3]), "other instructions before");
    assert!(!ends(&[0x48, 0x8d, 0x65, 0x10, 0xc3]), "lea rsp,[rbp+0x10] without a frame register");
}

#[test]
fn a_function_without_a_record_is_a_leaf() {
    let caller = Memory::new().caller(0, TEXT, true).unwrap();
    assert_eq!((caller.ip, caller.sp, caller.trust), (word(0), behind(0), Trust::Leaf));
    assert_eq!((caller.registers.get(RBX), caller.registers.get(1)), (Some(0xabc3), None));
}

#[test]
fn an_indirect_entry_is_followed_and_one_to_itself_is_not_for_ever() {
    let mut memory = one(&info(1, 4, 0, &[code(4, ALLOC_SMALL, 1)]));
    memory.function(1, TEXT + 0x100, TEXT + 0x140, PDATA | 1);
    assert_eq!(memory.caller(2, TEXT + 0x120, false).unwrap().ip, word(2));
    memory.function(1, TEXT + 0x100, TEXT + 0x140, (PDATA + 12) | 1);
    assert!(matches!(memory.caller(2, TEXT + 0x120, false), Err(Fault::Image(ImageError::Malformed(_)))));
}

#[test]
fn a_record_chained_to_itself_and_a_chain_of_33_are_refused() {
    let mut itself = info(1 | 4 << 3, 0, 0, &[]);
    itself.extend(entry(TEXT, TEXT + 0x40, XDATA));
    for exact in [true, false] {
        let fault = one(&itself).caller(1, TEXT + 0x10, exact);
        assert!(matches!(fault, Err(Fault::Image(ImageError::Malformed(_)))), "{fault:?}");
    }
    let chain = |length: u32| {
        let mut memory = one(&[]);
        for n in 0..length {
            let last = n + 1 == length;
            let mut record = info(if last { 1 } else { 1 | 4 << 3 }, 0, 0, &[]);
            if !last {
                record.extend(entry(TEXT, TEXT + 0x40, XDATA + 16 * (n + 1)));
            }
            memory.put(XDATA + 16 * n, &record);
        }
        memory.caller(1, TEXT + 0x10, true)
    };
    assert_eq!(chain(32).unwrap().ip, word(0));
    assert!(matches!(chain(33), Err(Fault::Image(ImageError::Malformed(_)))));
}

#[test]
fn damaged_records_are_errors() {
    let fails = |record: &[u8]| matches!(one(record).caller(1, TEXT + 0x20, false), Err(Fault::Image(_)));
    assert!(fails(&info(3, 4, 0, &[])), "version 3");
    assert!(fails(&info(1, 4, 0, &[code(4, 14, 0)])), "an operation that is none");
    assert!(fails(&info(1, 4, 0, &[code(4, ALLOC_LARGE, 1), [0, 0]])), "a code that ends in the middle");
    assert!(fails(&info(1, 4, 0, &[code(4, ALLOC_LARGE, 2), [0, 0]])), "an operation with wrong information");
    // 255 codes at the very end of the image.
    let mut memory = one(&[]);
    let end = u32::try_from(SIZE).unwrap() - 4;
    memory.function(0, TEXT, TEXT + 0x40, end);
    memory.put(end, &[1, 4, 255, 0]);
    assert!(matches!(memory.caller(1, TEXT + 0x20, false), Err(Fault::Image(ImageError::Malformed(_)))));
}

#[test]
fn what_is_not_known_is_not_made_up() {
    // rbp is the frame register, and not known.
    let memory = one(&info(1, 4, FP, &[code(4, SET_FPREG, 0)]));
    let table = FunctionTable::new(BASE, u32::try_from(SIZE).unwrap(), PDATA, 12);
    let mut registers = Registers::default();
    registers.set(RSP, STACK);
    let ip = BASE + u64::from(TEXT) + 0x20;
    assert_eq!(x64::caller(&memory, &table, ip, &registers, false), Err(Fault::Register(FP)));
    // The stack ends before the saved register.
    let codes = [code(4, PUSH, RBX)];
    registers.set(RSP, STACK + 64 * 8);
    let memory = one(&info(1, 4, 0, &codes));
    let missing = Unreadable { address: STACK + 64 * 8, why: Absence::NotKept };
    assert_eq!(x64::caller(&memory, &table, ip, &registers, false), Err(Fault::Unreadable(missing)));
    // An unknown register that is saved nowhere stays unknown.
    registers.set(RSP, STACK);
    let caller = x64::caller(&memory, &table, ip, &registers, false).unwrap();
    assert_eq!((caller.registers.get(RBX), caller.registers.get(RSI)), (Some(word(0)), None));
    // An address outside the image.
    assert_eq!(x64::caller(&memory, &table, RETURN << 8, &registers, true), Err(Fault::NoImage));
}

/// Deterministic damage: any bytes in code, directory and records end in an answer or an error, never in a loop.
#[test]
fn random_bytes_end() {
    let mut numbers = Random::new(1);
    let mut next = move || numbers.number();
    let codes = [code(6, ALLOC_SMALL, 3), code(2, PUSH, RBX), code(1, PUSH, RSI)];
    let (mut answers, mut errors) = (0, 0);
    for _ in 0..20_000 {
        let mut memory = one(&info(1, 6, 0, &codes));
        memory.function(1, TEXT + 0x40, TEXT + 0x80, XDATA);
        for _ in 0..=next() % 12 {
            let areas = [(TEXT, 0x80), (PDATA, 24), (XDATA, 32)];
            let (area, length) = areas[usize::try_from(next() % 3).unwrap()];
            let at = area + u32::try_from(next() % length).unwrap();
            let byte = u8::try_from(next() & 0xff).unwrap();
            memory.put(at, &[byte]);
        }
        let ip = TEXT + u32::try_from(next() % 0x90).unwrap();
        match memory.caller(2, ip, next() & 1 == 0) {
            Ok(_) => answers += 1,
            Err(_) => errors += 1,
        }
    }
    assert!(answers > 1000 && errors > 1000, "{answers} answers, {errors} errors");
}
