//! Objects by their types.

use std::collections::HashMap;

use dumplens_core::clr::{Object, Runtime, Walked};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The objects of one type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TypeReport {
    /// Namespace and name, nested types behind a `+`, with type arguments: `Own.Pair+Link<System.Int32,System.String>[]`.
    pub name: String,
    /// Objects.
    pub count: u64,
    /// The same number as `size_bytes`.
    pub bytes: u64,
    /// Bytes of the objects themselves.
    pub size_bytes: u64,
    /// Their share of all objects' bytes, 0 to 1.
    pub share: f64,
}

/// What was counted.
pub(super) struct Counted {
    pub(super) types: Vec<TypeReport>,
    pub(super) walked: Walked,
    /// Free space: pieces and bytes.
    pub(super) free: (u64, u64),
    /// Bytes of objects.
    pub(super) bytes: u64,
    /// Objects whose headers tell of locks.
    pub(super) locked: Vec<Object>,
}

/// Objects whose headers tell of locks, of which more are not looked at.
const LOCKED: usize = 1 << 18;

/// Walks the heaps, up to so many bytes of them.
pub(super) fn count(runtime: &Runtime<'_>, most: u64) -> Counted {
    let mut by_table: HashMap<u64, (u64, u64)> = HashMap::new();
    let (mut free, mut bytes, mut seen, mut locked) = ((0u64, 0u64), 0u64, 0u64, Vec::new());
    let walked = runtime.walk(&mut |object| {
        seen = seen.saturating_add(object.size);
        if object.free {
            free = (free.0 + 1, free.1.saturating_add(object.size));
            return seen < most;
        }
        bytes = bytes.saturating_add(object.size);
        let entry = by_table.entry(object.table).or_default();
        *entry = (entry.0 + 1, entry.1.saturating_add(object.size));
        if locked.len() < LOCKED && object.may_be_locked() {
            locked.push(*object);
        }
        seen < most
    });
    // Several tables may have one name: types of several load contexts.
    let mut by_name: HashMap<String, (u64, u64)> = HashMap::new();
    for (table, (count, size)) in by_table {
        let entry = by_name.entry(runtime.type_name(table).to_string()).or_default();
        *entry = (entry.0 + count, entry.1.saturating_add(size));
    }
    let report = |(name, (count, size_bytes)): (String, (u64, u64))| TypeReport {
        name,
        count,
        bytes: size_bytes,
        size_bytes,
        share: size_bytes as f64 / bytes.max(1) as f64,
    };
    Counted { types: by_name.into_iter().map(report).collect(), walked, free, bytes, locked }
}
