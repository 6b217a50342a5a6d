//! Static fields, by the contract: of every class that a module defines and the runtime has loaded.

use std::collections::HashSet;

use super::Runtime;

/// A static field that refers to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticField {
    /// Its class and its name: `Own.Program.cache`.
    pub name: String,
    /// The address of the reference.
    pub address: u64,
    /// The object.
    pub object: u64,
}

/// Offsets of the contract that statics need.
#[derive(Debug, Clone, Copy)]
struct Places {
    /// In a `Module`: the first `ModuleLookupMap` of its classes.
    classes: u64,
    /// In that: its pointers, how many, and the next map.
    map: [u64; 3],
    /// In a method table.
    auxiliary: u64,
    /// `DynamicStaticsInfo`, which lies before the auxiliary data: its bytes, and where it has the base of references.
    info: (u64, u64),
    mask: u64,
    /// In a class: how many fields.
    instance_count: u64,
    static_count: u64,
}

/// Classes of one module, and of all; fields of one class, and static ones of all; maps of one module.
const CLASSES: u64 = 1 << 18;
const ALL_CLASSES: usize = 1 << 19;
const FIELDS: u64 = 1 << 16;
const STATICS: usize = 1 << 18;
const MAPS: usize = 1024;

impl Runtime<'_> {
    /// The static fields of the classes of `tables`' modules, and of `tables` themselves, that refer to objects. `None`
    /// if it is not known where this version keeps them.
    pub fn statics(&self, tables: &[u64]) -> Option<Vec<StaticField>> {
        let places = self.static_places()?;
        let modules: HashSet<u64> = tables.iter().filter_map(|at| self.module_of_table(*at)).collect();
        let mut modules: Vec<u64> = modules.into_iter().collect();
        modules.sort_unstable();
        let mut all: Vec<u64> = tables.to_vec();
        for module in modules {
            self.classes_of(module, &places, &mut all);
        }
        all.sort_unstable();
        all.dedup();
        let mut found = Vec::new();
        for table in all {
            if found.len() >= STATICS {
                break;
            }
            self.statics_of(table, &places, &mut found);
        }
        Some(found)
    }

    fn static_places(&self) -> Option<Places> {
        let contract = self.contract.as_ref()?;
        let of = |name, field| contract.offset(name, field);
        let map = |field| of("ModuleLookupMap", field);
        Some(Places {
            classes: of("Module", "TypeDefToMethodTableMap")?,
            map: [map("TableData")?, map("Count")?, map("Next")?],
            auxiliary: of("MethodTable", "AuxiliaryData")?,
            info: (of("DynamicStaticsInfo", "!")?, of("DynamicStaticsInfo", "GCStatics")?),
            mask: contract.number("StaticsPointerMask")?,
            instance_count: of("EEClass", "NumInstanceFields")?,
            static_count: of("EEClass", "NumStaticFields")?,
        })
    }

    fn module_of_table(&self, at: u64) -> Option<u64> {
        let table = self.types.table(&self.reader, at).filter(|table| !table.is_array())?;
        self.types.module_and_row(&self.reader, at, &table).map(|(module, _)| module)
    }

    /// The method tables of the classes that a module defines: words whose low bits are flags.
    fn classes_of(&self, module: u64, places: &Places, all: &mut Vec<u64>) {
        let [data, count, next] = places.map;
        let (reader, mut seen) = (&self.reader, HashSet::new());
        let mut map = Some(module.wrapping_add(places.classes));
        while let Some(at) = map.filter(|at| seen.len() < MAPS && seen.insert(*at)) {
            let table = reader.pointer(at, data);
            let count = reader.u32(at.wrapping_add(count)).map_or(0, u64::from).min(CLASSES);
            let bytes = table.and_then(|table| reader.memory().bytes(table, count.saturating_mul(8)).ok());
            let words = bytes.iter().flat_map(|bytes| bytes.as_chunks().0);
            let classes = words.map(|word| u64::from_le_bytes(*word) & !7).filter(|table| *table != 0);
            all.extend(classes.take(ALL_CLASSES.saturating_sub(all.len())));
            map = reader.pointer(at, next);
        }
    }

    fn statics_of(&self, at: u64, places: &Places, found: &mut Vec<StaticField>) -> Option<()> {
        let reader = &self.reader;
        let table = self.types.table(reader, at).filter(|table| !table.is_array())?;
        let field_count = |offset: u64| reader.u16(table.class.wrapping_add(offset)).map(u64::from);
        let statics = field_count(places.static_count).filter(|count| *count > 0)?;
        let most = field_count(places.instance_count)?.saturating_add(statics).min(FIELDS);
        let auxiliary = reader.pointer(at, places.auxiliary)?;
        let info = auxiliary.wrapping_sub(places.info.0);
        let base = reader.pointer(info, places.info.1).map(|base| base & places.mask & !1)?;
        let fields = reader.pointer(table.class, self.layout.table.fields)?;
        for n in 0..most {
            let field = fields.wrapping_add(n.wrapping_mul(16));
            if reader.u64(field)? != table.canonical {
                break;
            }
            let (first, second) = (reader.u32(field.wrapping_add(8))?, reader.u32(field.wrapping_add(12))?);
            // Static, and not one for each thread; a class, an object, a text or an array.
            let is_static = first >> 24 & 3 == 1;
            if !is_static || !matches!(second >> 27, 0x0e | 0x12 | 0x14 | 0x1c | 0x1d) {
                continue;
            }
            let address = base.wrapping_add(u64::from(second & 0x07ff_ffff));
            let Some(object) = reader.pointer(address, 0) else { continue };
            let name = self.field_name(at, first & 0x00ff_ffff);
            found.push(StaticField { name, address, object });
        }
        Some(())
    }

    /// The name of a field, behind that of its class.
    pub(super) fn field_name(&self, at: u64, row: u32) -> String {
        let name = self.types.table(&self.reader, at).and_then(|table| {
            let (module, _) = self.types.module_and_row(&self.reader, at, &table)?;
            self.types.metadata(&self.reader, module)?.field_name(&self.reader, row)
        });
        format!("{}.{}", self.type_name(at), name.as_deref().unwrap_or("(unnamed)"))
    }
}
