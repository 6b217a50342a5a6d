//! The fields of a class, as `dt` lists them (TPI stream).

use super::leaf::Leaf;
use super::shapes::Shapes;
use crate::symbols::typed::{Field, Layout};

/// Fields of one class, and parts that its list is in.
const MOST_FIELDS: usize = 4096;
const MOST_PARTS: usize = 256;
/// Names of types that a pattern fits.
const MOST_NAMES: usize = 16_384;

/// The type of a name; `None` where the PDB has none.
pub(super) fn layout(shapes: &Shapes<'_>, name: &str) -> Option<Layout> {
    shapes.indices().find_map(|index| {
        let class = shapes.class(index)?;
        (!class.is_forward && class.name == name.as_bytes()).then(|| Layout {
            of: shapes.of(index),
            fields: fields_of(shapes, class.fields),
            enumeration: class.under != 0,
        })
    })
}

/// The names of all types, in the order of the PDB.
pub(super) fn names(shapes: &Shapes<'_>) -> Vec<String> {
    let classes = shapes.indices().filter_map(|index| shapes.class(index)).filter(|class| !class.is_forward);
    classes.map(|class| String::from_utf8_lossy(class.name).into_owned()).take(MOST_NAMES).collect()
}

fn fields_of(shapes: &Shapes<'_>, list: u32) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut next = Some(list);
    for _ in 0..MOST_PARTS {
        let Some((LF_FIELDLIST, bytes)) = next.take().and_then(|index| shapes.record(index)) else { break };
        let mut leaf = Leaf::new(bytes);
        while fields.len() < MOST_FIELDS {
            match member(&mut leaf, shapes) {
                Some(Member::Field(field)) => fields.push(field),
                Some(Member::More(index)) => next = Some(index),
                Some(Member::Other) => {}
                None => break,
            }
        }
    }
    fields
}

/// Kinds of records (cvinfo.h of microsoft-pdb).
const LF_BITFIELD: u16 = 0x1205;
const LF_FIELDLIST: u16 = 0x1203;
const LF_BCLASS: u16 = 0x1400;
const LF_VBCLASS: u16 = 0x1401;
const LF_IVBCLASS: u16 = 0x1402;
const LF_INDEX: u16 = 0x1404;
const LF_VFUNCTAB: u16 = 0x1409;
const LF_ENUMERATE: u16 = 0x1502;
const LF_MEMBER: u16 = 0x150d;
const LF_STMEMBER: u16 = 0x150e;
const LF_METHOD: u16 = 0x150f;
const LF_NESTTYPE: u16 = 0x1510;
const LF_ONEMETHOD: u16 = 0x1511;

enum Member {
    Field(Field),
    /// The list goes on in another record.
    More(u32),
    Other,
}

/// The next member; `None` at the end, and where it is none that is known.
fn member(leaf: &mut Leaf<'_>, shapes: &Shapes<'_>) -> Option<Member> {
    leaf.skip_padding();
    let (kind, attributes) = (leaf.u16()?, leaf.u16()?);
    let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    Some(match kind {
        LF_MEMBER => {
            let index = leaf.u32()?;
            let (offset, name) = (leaf.number()?, text(leaf.name()?));
            Member::Field(Field { name, offset, of: shapes.of(index), bits: bits(shapes, index) })
        }
        LF_BCLASS => {
            let of = shapes.of(leaf.u32()?);
            Member::Field(Field { offset: leaf.number()?, of, ..Field::default() })
        }
        LF_VBCLASS | LF_IVBCLASS => {
            leaf.skip(8);
            leaf.number()?;
            leaf.number()?;
            Member::Other
        }
        LF_INDEX => Member::More(leaf.u32()?),
        LF_VFUNCTAB => {
            let of = shapes.of(leaf.u32()?);
            Member::Field(Field { name: "__VFN_table".to_owned(), of, ..Field::default() })
        }
        LF_ENUMERATE => {
            let (offset, name) = (leaf.number()?, text(leaf.name()?));
            Member::Field(Field { name, offset, ..Field::default() })
        }
        LF_STMEMBER | LF_NESTTYPE | LF_METHOD => {
            leaf.skip(4);
            leaf.name()?;
            Member::Other
        }
        LF_ONEMETHOD => {
            // One that introduces a virtual function says where in the table.
            leaf.skip(if matches!(attributes >> 2 & 7, 4 | 6) { 8 } else { 4 });
            leaf.name()?;
            Member::Other
        }
        _ => return None,
    })
}

/// Of a bit field the first bit and how many.
fn bits(shapes: &Shapes<'_>, index: u32) -> Option<(u8, u8)> {
    let (LF_BITFIELD, bytes) = shapes.record(index)? else { return None };
    let [length, position] = *bytes.get(4..)?.first_chunk()?;
    Some((position, length))
}
