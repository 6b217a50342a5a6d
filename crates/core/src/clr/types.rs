//! Method tables: what an object is, how large, and its type's name.

mod names;

pub(crate) use names::clipped;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::layout::{Layout, Owner, TableLayout};
use super::metadata::Metadata;
use super::reader::Reader;
use crate::arch::Width;

/// A `MethodTable`, as far as the walk needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) flags: u32,
    pub(crate) base_size: u32,
    pub(crate) parent: u64,
    /// The canonical table: the table itself, unless it is an instance of a generic type that shares code.
    pub(crate) canonical: u64,
    /// `EEClass` of the canonical table.
    pub(crate) class: u64,
}

/// `enum_flag_HasComponentSize`.
const HAS_COMPONENTS: u32 = 0x8000_0000;
/// Bits of the category that tell arrays.
const CATEGORY_ARRAY_MASK: u32 = 0xc_0000;
const CATEGORY_ARRAY: u32 = 0x8_0000;
/// Together with the former: a one-dimensional array.
const CATEGORY_VECTOR: u32 = 0x2_0000;

impl Table {
    /// Bytes of a component; 0 where objects have none.
    pub(crate) fn component(&self) -> u64 {
        if self.flags & HAS_COMPONENTS == 0 { 0 } else { u64::from(self.flags & 0xffff) }
    }

    pub(crate) fn has_components(&self) -> bool {
        self.flags & HAS_COMPONENTS != 0
    }

    pub(crate) fn is_array(&self) -> bool {
        self.flags & CATEGORY_ARRAY_MASK == CATEGORY_ARRAY
    }

    pub(crate) fn is_vector(&self) -> bool {
        self.is_array() && self.flags & CATEGORY_VECTOR != 0
    }

    /// Whether it is that of free space: bytes, without a parent.
    pub(crate) fn is_free(&self, width: Width) -> bool {
        self.flags & 0x8000_ffff == HAS_COMPONENTS | 1
            && u64::from(self.base_size) == least(width)
            && self.parent == 0
            && !self.is_array()
    }
}

/// Bytes of the smallest object.
pub(crate) fn least(width: Width) -> u64 {
    width.pick(12, 24)
}

/// Tables that are remembered, those that are none among them.
const TABLES: usize = 1 << 18;
/// Bytes of an object without its components; fields of the largest class have under 1 MB.
const BASE_SIZE: u32 = 1 << 27;
/// Parents of a class.
const PARENTS: usize = 64;

/// Every method table that was met, and their names.
#[derive(Debug)]
pub(crate) struct Types {
    tables: RefCell<HashMap<u64, Option<Table>>>,
    names: RefCell<HashMap<u64, Rc<str>>>,
    modules: RefCell<HashMap<u64, Option<Rc<Metadata>>>>,
    layout: TableLayout,
    image: [u64; 4],
}

impl Types {
    pub(crate) fn new(layout: &Layout) -> Types {
        Types {
            tables: RefCell::default(),
            names: RefCell::default(),
            modules: RefCell::default(),
            layout: layout.table,
            image: layout.image,
        }
    }

    /// The method table at an address; `None` if there is none.
    pub(crate) fn table(&self, reader: &Reader<'_>, at: u64) -> Option<Table> {
        if let Some(known) = self.tables.borrow().get(&at) {
            return *known;
        }
        let table = self.read(reader, at);
        let mut tables = self.tables.borrow_mut();
        if tables.len() < TABLES {
            tables.insert(at, table);
        }
        table
    }

    /// One that objects have: interfaces and type variables have no size.
    pub(crate) fn of_object(&self, reader: &Reader<'_>, at: u64) -> Option<Table> {
        let least = reader.size().wrapping_mul(2);
        self.table(reader, at).filter(|table| u64::from(table.base_size) >= least)
    }

    fn read(&self, reader: &Reader<'_>, at: u64) -> Option<Table> {
        let size = reader.size();
        if at < 0x1_0000 || !at.is_multiple_of(size) {
            return None;
        }
        let (flags, base_size) = (reader.u32(at)?, reader.u32(at.wrapping_add(4))?);
        let fits = base_size < BASE_SIZE && base_size.is_multiple_of(2); // a String has 22 bytes before its text
        let free = Table { flags, base_size, parent: 0, canonical: at, class: 0 };
        let bare = || reader.word(at.wrapping_add(self.layout.class)) == Some(0);
        if free.is_free(reader.width())
            && bare()
            && reader.word(at.wrapping_add(self.layout.parent)) == Some(0)
        {
            return Some(free); // a table by itself, without a class
        }
        let (canonical, class) = self.class(reader, at).filter(|_| fits)?;
        let parent = reader.word(at.wrapping_add(self.layout.parent))?;
        let parent = match self.layout.owner {
            // The address itself, or one behind a pointer (`IndirectPointer`, low bit set).
            Owner::LoaderRelative if parent & 1 == 1 => reader.word(parent & !1)?,
            _ => parent,
        };
        Some(Table { flags, base_size, parent, canonical, class })
    }

    /// The canonical table and its class, which leads back to it.
    fn class(&self, reader: &Reader<'_>, at: u64) -> Option<(u64, u64)> {
        let word = |at: u64| reader.word(at.wrapping_add(self.layout.class));
        let tagged = word(at)?;
        let (tag, address) = (tagged & 3, tagged & !3);
        let canonical = match tag {
            0 => at,
            tag if tag == self.layout.canonical_tag => address,
            3 if self.layout.canonical_tag == 2 => reader.word(address)?,
            _ => return None,
        };
        let class = word(canonical).filter(|class| *class != 0 && class.is_multiple_of(4))?;
        let field = class.wrapping_add(self.layout.class_table);
        let back = match self.layout.owner {
            Owner::LoaderRelative => reader.relative(field)?,
            _ => reader.word(field)?,
        };
        (back == canonical).then_some((canonical, class))
    }

    /// A class and its bases, the class itself first.
    pub(crate) fn line(&self, reader: &Reader<'_>, at: u64) -> Vec<u64> {
        let mut line = vec![at];
        while let Some(parent) = line.last().and_then(|at| self.table(reader, *at)).map(|table| table.parent)
        {
            if parent == 0 || line.len() >= PARENTS || line.contains(&parent) {
                break;
            }
            line.push(parent);
        }
        line
    }

    /// The class of this name among a class and its bases.
    pub(crate) fn base_named(&self, reader: &Reader<'_>, at: u64, name: &str) -> Option<u64> {
        self.line(reader, at).into_iter().find(|base| &*self.name(reader, *base) == name)
    }

    /// The metadata of a `Module`.
    pub(crate) fn metadata(&self, reader: &Reader<'_>, module: u64) -> Option<Rc<Metadata>> {
        if let Some(known) = self.modules.borrow().get(&module) {
            return known.clone();
        }
        let base = self.image.iter().try_fold(module, |at, offset| reader.pointer(at, *offset));
        let metadata = base.and_then(|base| Metadata::of_image(reader, base)).map(Rc::new);
        self.modules.borrow_mut().insert(module, metadata.clone());
        metadata
    }
}
