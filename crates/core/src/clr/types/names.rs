//! Names of types: `Own.Pair+Link<System.Int32,System.String>[,]`.

use std::rc::Rc;

use super::super::layout::Owner;
use super::super::metadata::TypeName;
use super::super::reader::Reader;
use super::{Table, Types, least};
use crate::arch::Width;

/// Types inside the name of a type: how deep, and how many.
const DEPTH: u32 = 16;
const PARTS: u32 = 128;
/// Arguments of a generic type.
const ARGUMENTS: u16 = 64;
/// Bytes of a name.
const NAME: usize = 1024;
/// Names that are remembered.
const NAMES: usize = 1 << 17;

/// `enum_flag_GenericsMask` of types without components: an instance, or a definition.
const GENERIC: u32 = 0x30;
/// `enum_flag_HasModuleOverride`.
const MODULE_OVERRIDE: u16 = 0x10;

/// A name that is being put together.
struct Naming<'t, 'd> {
    types: &'t Types,
    reader: &'t Reader<'d>,
    /// Parts that may still be named: a type that is its own argument has no end.
    left: u32,
}

impl Types {
    /// The name of the type at an address; `(unnamed)` where nothing tells it.
    pub(crate) fn name(&self, reader: &Reader<'_>, at: u64) -> Rc<str> {
        if let Some(known) = self.names.borrow().get(&at) {
            return Rc::clone(known);
        }
        let mut naming = Naming { types: self, reader, left: PARTS };
        let name: Rc<str> = clipped(naming.table(at, 0)).into();
        let mut names = self.names.borrow_mut();
        if names.len() < NAMES {
            names.insert(at, Rc::clone(&name));
        }
        name
    }

    /// The name of the TypeDef of a class.
    pub(crate) fn definition(&self, reader: &Reader<'_>, at: u64, table: &Table) -> Option<TypeName> {
        let (module, row) = self.module_and_row(reader, at, table)?;
        self.metadata(reader, module)?.type_name(reader, row)
    }

    /// The defining module of a class, and its TypeDef's row.
    pub(crate) fn module_and_row(&self, reader: &Reader<'_>, at: u64, table: &Table) -> Option<(u64, u32)> {
        let field = |at: u64| at.wrapping_add(self.layout.module);
        if self.layout.owner == Owner::Defining {
            return Some((reader.pointer(field(at), 0)?, reader.u32(at.wrapping_add(8))? >> 8));
        }
        let canonical = if table.is_array() { at } else { table.canonical };
        let row = u32::from(reader.u16(at.wrapping_add(10))?);
        let flags2 = reader.u16(canonical.wrapping_add(8))?;
        let module = match flags2 & MODULE_OVERRIDE {
            0 => field(canonical),
            _ => self.module_slot(reader, canonical, flags2)?,
        };
        let relative = self.layout.owner == Owner::LoaderRelative;
        Some((if relative { reader.relative(module)? } else { reader.pointer(module, 0)? }, row))
    }

    /// Where the module stands that a table names beside its loader's.
    ///
    /// Optional pieces take, in the order of their flags, the two slots of the table that PerInstInfo and InterfaceMap
    /// leave free, and then words behind the vtable's indirections.
    fn module_slot(&self, reader: &Reader<'_>, at: u64, flags2: u16) -> Option<u64> {
        let word = reader.size();
        let virtuals = u64::from(reader.u16(at.wrapping_add(12))?);
        let indirections = virtuals.div_ceil(8).wrapping_mul(word);
        let end = at.wrapping_add(reader.width().pick(40, 64)).wrapping_add(indirections);
        let first = at.wrapping_add(self.layout.instance);
        let both = [(1, first), (2, first.wrapping_add(word))];
        let free = both.into_iter().filter(|(flag, _)| flags2 & flag == 0).map(|(_, slot)| slot);
        let mut slots = free.chain((0..3).map(|n| end.wrapping_add(word.wrapping_mul(n))));
        slots.nth([4, 8].iter().filter(|flag| flags2 & **flag != 0).count())
    }
}

impl Naming<'_, '_> {
    fn table(&mut self, at: u64, depth: u32) -> String {
        let table = self.types.table(self.reader, at);
        table.and_then(|table| self.read(at, &table, depth)).unwrap_or_else(|| "(unnamed)".to_owned())
    }

    /// By a type handle: a method table, or with bit 1 a `TypeDesc`.
    fn handle(&mut self, handle: u64, depth: u32) -> String {
        self.left = self.left.saturating_sub(1);
        if depth > DEPTH || self.left == 0 {
            return "…".to_owned();
        }
        if handle & 2 == 0 {
            return self.table(handle, depth);
        }
        self.described(handle & !3, depth.wrapping_add(1)).unwrap_or_else(|| "(unnamed)".to_owned())
    }

    /// A `ParamTypeDesc`: a pointer or reference to another type, or an array of it; anything else is a variable.
    fn described(&mut self, at: u64, depth: u32) -> Option<String> {
        let kind = self.reader.u32(at)? & 0xff;
        // .NET 8 has no template table before the argument.
        let net8 = self.types.layout.owner == Owner::Loader && self.types.layout.canonical_tag == 1;
        let offset = if net8 || self.reader.width() == Width::Bits32 { 8 } else { 16 };
        let suffix = match kind {
            0x0f => "*".to_owned(),
            0x10 => "&".to_owned(),
            0x1d => "[]".to_owned(),
            0x14 => {
                let field = at.wrapping_add(self.reader.size());
                let template = match self.types.layout.owner {
                    Owner::LoaderRelative => self.reader.relative(field)?,
                    _ => self.reader.word(field)?,
                };
                let table = self.types.table(self.reader, template);
                brackets(table.map_or(1, |table| rank(&table, self.reader.width())))
            }
            0x13 | 0x1e => return Some("T".to_owned()),
            _ => return None,
        };
        let argument = self.reader.word(at.wrapping_add(offset))?;
        Some(self.handle(argument, depth) + &suffix)
    }

    fn read(&mut self, at: u64, table: &Table, depth: u32) -> Option<String> {
        let deeper = depth.wrapping_add(1);
        let (reader, types) = (self.reader, self.types);
        let instance = || reader.word(at.wrapping_add(types.layout.instance));
        if table.is_array() {
            let rank = if table.is_vector() { 1 } else { rank(table, reader.width()) };
            return Some(self.handle(instance()?, deeper) + &brackets(rank));
        }
        if table.is_free(reader.width()) {
            return Some("Free".to_owned());
        }
        let TypeName { namespace, names } = types.definition(reader, at, table)?;
        let plain: Vec<&str> = names.iter().map(|name| without_arity(name)).collect();
        let mut name = plain.join("+");
        if !namespace.is_empty() {
            name = format!("{namespace}.{name}");
        }
        if !table.has_components() && table.flags & GENERIC != 0 {
            let arguments = self.arguments(instance()?, deeper)?;
            name = format!("{name}<{}>", arguments.join(","));
        }
        Some(name)
    }

    /// The arguments of a generic instance: two u16 before the list of dictionaries count these and the type's own
    /// arguments, with which the last one begins.
    fn arguments(&mut self, list: u64, depth: u32) -> Option<Vec<String>> {
        let (reader, word) = (self.reader, self.reader.size());
        let (dictionaries, count) = (reader.u16(list.wrapping_sub(4))?, reader.u16(list.wrapping_sub(2))?);
        let last = u64::from(dictionaries).checked_sub(1)?.wrapping_mul(word);
        let dictionary = reader.pointer(list, last)?;
        let argument = |n: u16| reader.word(dictionary.wrapping_add(u64::from(n).wrapping_mul(word)));
        (0..count.min(ARGUMENTS)).map(|n| Some(self.handle(argument(n)?, depth))).collect()
    }
}

/// Dimensions of an array: each has a length and a lower bound, of four bytes.
fn rank(table: &Table, width: Width) -> u64 {
    u64::from(table.base_size).saturating_sub(least(width)) / 8
}

fn brackets(rank: u64) -> String {
    let commas = usize::try_from(rank.clamp(1, 32).saturating_sub(1)).unwrap_or(0);
    format!("[{}]", ",".repeat(commas))
}

/// `List` of ``List`1``.
fn without_arity(name: &str) -> &str {
    match name.rsplit_once('`') {
        Some((plain, digits)) if !plain.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            plain
        }
        _ => name,
    }
}

/// A name that is no longer than a name may be.
pub(crate) fn clipped(mut name: String) -> String {
    if name.len() > NAME {
        let end = (0..=NAME).rev().find(|n| name.is_char_boundary(*n)).unwrap_or(0);
        name.truncate(end);
        name.push('…');
    }
    name
}
