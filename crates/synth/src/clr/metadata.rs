//! The assembly: a PE32 image with a CLR header, and metadata with TypeDef, MethodDef and NestedClass.

use crate::arch::Width;
use crate::bytes::{Fields, Push, len32};
use crate::pe::Image;

/// RVA of the image's data: the CLR header, then the metadata.
const DATA: u32 = 0x2000;
/// Data directory 14 of a PE32+ image whose NT headers stand at 0x80.
const CLR_DIRECTORY: usize = 0x80 + 24 + 112 + 8 * 14;

/// Namespace and name of each TypeDef, in order.
const TYPES: [(&str, &str); 12] = [
    ("", "<Module>"),
    ("System", "Object"),
    ("System", "String"),
    ("System", "Exception"),
    ("System", "InvalidOperationException"),
    ("Own", "Node"),
    ("Own", "Outer"),
    ("", "Inner"),
    ("Own", "Pair`2"),
    ("System", "SByte"),
    ("Own", "Program"),
    ("System", "OutOfMemoryException"),
];
/// The methods of Own.Program.
const METHODS: [&str; 2] = ["Pay", "Main"];
/// The fields: static ones of Own.Program, and that of Own.Node.
const FIELDS: [&str; 4] = ["cache", "current", "count", "next"];
/// Rows of the inner and the outer type.
const NESTED: (u16, u16) = (8, 7);

/// The mapped image.
pub(super) fn assembly() -> Vec<u8> {
    let root = root();
    let mut data = Fields::flat(0x48);
    data.u32(0, 0x48);
    data.u32(8, DATA + 0x48);
    data.u32(12, len32(root.len()));
    let mut data = data.bytes;
    data.extend(root);
    let image = Image { width: Width::W64, base: super::ASSEMBLY, data: vec![(0, data)], ..Image::default() };
    let mut bytes = Fields::of(image.to_bytes());
    bytes.u32(CLR_DIRECTORY, DATA);
    bytes.u32(CLR_DIRECTORY + 4, 0x48);
    bytes.bytes
}

fn root() -> Vec<u8> {
    let (tables, strings) = streams();
    let mut out = Vec::new();
    out.u32(0x424A_5342);
    out.u32(0x0001_0001);
    out.u32(0);
    out.u32(12);
    out.extend_from_slice(b"v4.0.30319\0\0");
    out.u16(0);
    out.u16(2);
    // Two headers: "#~" takes 12 bytes, "#Strings" 20.
    let first = len32(out.len()) + 12 + 20;
    for (name, offset, size) in [
        (&b"#~\0\0"[..], first, tables.len()),
        (b"#Strings\0\0\0\0", first + len32(tables.len()), strings.len()),
    ] {
        out.u32(offset);
        out.u32(len32(size));
        out.extend_from_slice(name);
    }
    out.extend(tables);
    out.extend(strings);
    out
}

/// `#~` and `#Strings`.
fn streams() -> (Vec<u8>, Vec<u8>) {
    let mut strings = vec![0];
    let mut text = |text: &str| {
        if text.is_empty() {
            return 0;
        }
        let at = u16::try_from(strings.len()).expect("few names");
        strings.extend_from_slice(text.as_bytes());
        strings.push(0);
        at
    };
    let mut tables = Vec::new();
    tables.u32(0);
    tables.extend_from_slice(&[2, 0, 0, 1]);
    tables.u64(1 | 1 << 2 | 1 << 4 | 1 << 6 | 1 << 0x29);
    tables.u64(0);
    for rows in [1, TYPES.len(), FIELDS.len(), METHODS.len(), 1] {
        tables.u32(len32(rows));
    }
    tables.u16(0);
    tables.u16(text("Own.dll"));
    tables.extend_from_slice(&[0; 6]);
    for (namespace, name) in TYPES {
        tables.u32(0);
        tables.u16(text(name));
        tables.u16(text(namespace));
        tables.extend_from_slice(&[0; 6]);
    }
    for name in FIELDS {
        tables.u16(0);
        tables.u16(text(name));
        tables.u16(0);
    }
    for name in METHODS {
        tables.extend_from_slice(&[0; 8]);
        tables.u16(text(name));
        tables.extend_from_slice(&[0; 4]);
    }
    tables.u16(NESTED.0);
    tables.u16(NESTED.1);
    tables.resize(tables.len().next_multiple_of(4), 0);
    (tables, strings)
}
