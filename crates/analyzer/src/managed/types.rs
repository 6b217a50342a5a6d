//! Objects by their types.

use std::collections::HashMap;

use dumplens_core::clr::{Generation, Object, Runtime, Walked};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::generation_name;
use super::marks::Marks;
use super::strings::Strings;

/// The objects of one type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TypeReport {
    /// Namespace and name, with `+` before nested types, and type arguments:
    /// `Own.Pair+Link<System.Int32,System.String>[]`.
    pub name: String,
    /// Objects.
    pub count: u64,
    /// The same number as `size_bytes`.
    pub bytes: u64,
    /// Bytes of the objects themselves.
    pub size_bytes: u64,
    /// Their share of all objects' bytes, 0 to 1.
    pub share: f64,
    /// Their generations, in order.
    #[serde(default)]
    pub generations: Vec<TypeGeneration>,
}

/// The objects of a type in one generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TypeGeneration {
    /// `gen0`, `gen1`, `gen2`, `LOH`, `POH`, `frozen`.
    pub name: String,
    /// Objects.
    pub count: u64,
    /// Their bytes.
    pub size_bytes: u64,
}

/// What was counted.
pub(super) struct Counted {
    pub(super) types: Vec<TypeReport>,
    /// The method tables of the objects.
    pub(super) tables: Vec<u64>,
    pub(super) walked: Walked,
    /// Free space: pieces and bytes.
    pub(super) free: (u64, u64),
    /// Bytes of objects.
    pub(super) bytes: u64,
    /// Objects whose headers tell of locks.
    pub(super) locked: Vec<Object>,
    /// Arrays of the runtime's own: what static fields and literals refer to, before .NET 9.
    pub(super) runtime_arrays: Vec<Object>,
    /// Where objects begin, if that was asked for.
    pub(super) starts: Option<Marks>,
    /// Which texts strings repeat, if that was asked for.
    pub(super) strings: Option<Strings>,
}

/// Objects whose headers tell of locks, of which more are not looked at.
const LOCKED: usize = 1 << 18;

/// Objects and bytes of one type, by generation.
type ByGeneration = [(u64, u64); Generation::ALL.len()];

/// Sums by method table. Neighbours are often of a few types, whose places are at hand.
#[derive(Default)]
struct ByTable {
    sums: Vec<(u64, ByGeneration)>,
    places: HashMap<u64, usize>,
    recent: [usize; 16],
}

impl ByTable {
    fn sums(&mut self, table: u64) -> &mut ByGeneration {
        let recent = (table >> 3) as usize & 15;
        let mut place = self.recent[recent];
        if self.sums.get(place).is_none_or(|(known, _)| *known != table) {
            place = *self.places.entry(table).or_insert_with(|| {
                self.sums.push((table, ByGeneration::default()));
                self.sums.len() - 1
            });
            self.recent[recent] = place;
        }
        &mut self.sums[place].1
    }
}

/// Walks the heaps, up to so many bytes of them.
pub(super) fn count(
    runtime: &Runtime<'_>,
    most: u64,
    starts: Option<Marks>,
    strings: Option<Strings>,
) -> Counted {
    let mut by_table = ByTable::default();
    let mut counted = Counted {
        types: Vec::new(),
        tables: Vec::new(),
        walked: Walked::default(),
        free: (0, 0),
        bytes: 0,
        locked: Vec::new(),
        runtime_arrays: Vec::new(),
        starts,
        strings,
    };
    let mut seen = 0u64;
    counted.walked = runtime.walk(&mut |object| {
        seen = seen.saturating_add(object.size);
        if object.free {
            counted.free = (counted.free.0 + 1, counted.free.1.saturating_add(object.size));
            return seen < most;
        }
        counted.bytes = counted.bytes.saturating_add(object.size);
        let of = &mut by_table.sums(object.table)[object.generation as usize];
        *of = (of.0 + 1, of.1.saturating_add(object.size));
        if counted.locked.len() < LOCKED && object.may_be_locked() {
            counted.locked.push(*object);
        }
        if let Some(starts) = &mut counted.starts {
            starts.set(object.address);
            if counted.runtime_arrays.len() < ARRAYS && is_runtimes(runtime, object) {
                counted.runtime_arrays.push(*object);
            }
        }
        if let Some(strings) = &mut counted.strings {
            strings.see(runtime, object);
        }
        seen < most
    });
    // Several tables may have one name: types of several load contexts.
    let mut by_name: HashMap<String, ByGeneration> = HashMap::new();
    for (table, sums) in &by_table.sums {
        let entry = by_name.entry(runtime.type_name(*table).to_string()).or_default();
        for (all, one) in entry.iter_mut().zip(sums) {
            *all = (all.0 + one.0, all.1.saturating_add(one.1));
        }
    }
    let whole = counted.bytes.max(1) as f64;
    counted.types = by_name.into_iter().map(|(name, sums)| report(name, &sums, whole)).collect();
    counted.tables = by_table.sums.into_iter().map(|(table, _)| table).collect();
    counted
}

/// Whether it is an array of the runtime's own: programs have none of objects among the pinned ones, and no small ones among the
/// large.
fn is_runtimes(runtime: &Runtime<'_>, object: &Object) -> bool {
    let placed = match object.generation {
        Generation::Pinned => true,
        Generation::Large => object.size < LARGE_OBJECT,
        _ => false,
    };
    placed && &*runtime.type_name(object.table) == "System.Object[]"
}

/// Bytes from which on an object lies among the large ones; and arrays of the runtime's own that are kept.
const LARGE_OBJECT: u64 = 85_000;
const ARRAYS: usize = 4096;

fn report(name: String, sums: &ByGeneration, whole: f64) -> TypeReport {
    let size_bytes = sums.iter().fold(0u64, |all, (_, bytes)| all.saturating_add(*bytes));
    let generations = Generation::ALL.into_iter().zip(sums).filter(|(_, (count, _))| *count > 0);
    TypeReport {
        name,
        count: sums.iter().map(|(count, _)| count).sum(),
        bytes: size_bytes,
        size_bytes,
        share: size_bytes as f64 / whole,
        generations: generations
            .map(|(generation, (count, size_bytes))| TypeGeneration {
                name: generation_name(generation).to_owned(),
                count: *count,
                size_bytes: *size_bytes,
            })
            .collect(),
    }
}
