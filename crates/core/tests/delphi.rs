//! Delphi's exceptions: classes laid out by hand, as System.pas has them, in versions of 32 and 64 bits.

use dumplens_core::process::DelphiException;
use dumplens_core::{Dump, Width};
use dumplens_synth::{Process, Range};

const OBJECT: u64 = 0x1_0100;
const TEXT: u64 = 0x1_0820;

/// The classes' tables, from the object's own on, and a message of UTF-16 or of bytes.
struct Layout {
    width: Width,
    /// `vmtSelfPtr`, `vmtClassName` and `vmtParent`, without their signs.
    offsets: [u64; 3],
    wide: bool,
}

const LAYOUTS: [Layout; 4] = [
    // Delphi 7, 2009 and later, XE2 for 64 bits, and versions with three more fields.
    Layout { width: Width::Bits32, offsets: [76, 44, 36], wide: false },
    Layout { width: Width::Bits32, offsets: [88, 56, 48], wide: true },
    Layout { width: Width::Bits64, offsets: [176, 112, 96], wide: true },
    Layout { width: Width::Bits64, offsets: [200, 136, 120], wide: true },
];

impl Layout {
    fn dump(&self, classes: &[&str], message: &str) -> Dump {
        let mut process =
            Process { memory: vec![Range { start: 0x1_0000, size: 0x4000 }], ..Process::default() };
        let pointer = self.width.bytes();
        let mut put = |at: u64, value: u64| process.put(at, &value.to_le_bytes()[..pointer]);
        let table = |n: usize| 0x1_1000 + 0x400 * n as u64;
        put(OBJECT, table(0));
        put(OBJECT + pointer as u64, TEXT);
        for (n, _) in classes.iter().enumerate() {
            let [own, name, parent] = self.offsets.map(|offset| table(n) - offset);
            put(own, table(n));
            put(name, table(n) + 0x100);
            if n + 1 < classes.len() {
                put(parent, table(n) + 0x180);
                put(table(n) + 0x180, table(n + 1));
            }
        }
        for (n, class) in classes.iter().enumerate() {
            let text = [&[u8::try_from(class.len()).expect("a short name")], class.as_bytes()].concat();
            process.put(table(n) + 0x100, &text);
        }
        let units: Vec<u8> = message.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let bytes = if self.wide { units } else { message.as_bytes().to_vec() };
        let length = u32::try_from(message.encode_utf16().count()).expect("a short text");
        process.put(TEXT, &bytes);
        process.put(TEXT - 4, &length.to_le_bytes());
        if self.wide {
            process.put(TEXT - 10, &2u16.to_le_bytes());
        }
        Dump::open(process.to_bytes().0).expect("a dump that opens")
    }
}

#[test]
fn classes_and_message_of_each_version() {
    let classes = ["EOutOfMemory", "EHeapException", "Exception", "TObject"];
    for layout in LAYOUTS {
        let dump = layout.dump(&classes, "Out of memory");
        let thrown = DelphiException::read(dump.memory(), OBJECT, layout.width).expect("an exception");
        assert_eq!(thrown.classes, classes, "{:?}", layout.offsets);
        let message = thrown.message(dump.memory()).expect("a message");
        assert_eq!((message.at, message.text.as_str(), message.cut), (TEXT, "Out of memory", false));
    }
}

#[test]
fn a_long_message_is_cut_and_an_endless_one_is_none() {
    let layout = &LAYOUTS[1];
    let dump = layout.dump(&["EText", "Exception"], &"x".repeat(600));
    let thrown = DelphiException::read(dump.memory(), OBJECT, layout.width).expect("an exception");
    let message = thrown.message(dump.memory()).expect("a message");
    assert_eq!((message.text.chars().count(), message.cut), (256, true));
}

/// What is no `Exception` has no message, and a table that does not have its own address is no class.
#[test]
fn what_is_no_exception() {
    let layout = &LAYOUTS[2];
    let dump = layout.dump(&["TPerson", "TObject"], "a name");
    let thrown = DelphiException::read(dump.memory(), OBJECT, layout.width).expect("an object");
    assert_eq!(thrown.message(dump.memory()), None);
    assert_eq!(DelphiException::read(dump.memory(), OBJECT + 0x10, layout.width), None);
    assert_eq!(DelphiException::read(dump.memory(), 8, layout.width), None);
}

/// A class that is its own parent.
#[test]
fn a_circle_ends() {
    let layout = &LAYOUTS[1];
    let mut process = Process { memory: vec![Range { start: 0x1_0000, size: 0x4000 }], ..Process::default() };
    let table = 0x1_1000u32;
    for (at, value) in [
        (0x1_0100, table),
        (table - 88, table),
        (table - 56, table + 0x100),
        (table - 48, table + 0x180),
        (table + 0x180, table),
    ] {
        process.put(at.into(), &value.to_le_bytes());
    }
    process.put(u64::from(table) + 0x100, b"\x01E");
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    let thrown = DelphiException::read(dump.memory(), OBJECT, layout.width).expect("an exception");
    assert_eq!(thrown.classes.len(), 16);
}
