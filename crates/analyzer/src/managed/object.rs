//! Single objects: the one at an address, and those of a type.

use std::collections::HashSet;

use dumplens_core::clr::{Object, Runtime, StaticField};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::generation_name;
use crate::process::{LoadedRuntime, Process};
use crate::space::Hex;

/// The object that holds an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectPlace {
    /// Where it begins.
    pub address: Hex,
    /// Its type; `Free` of the space between objects.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Bytes.
    pub size_bytes: u64,
    /// Elements of an array, or characters of a string; `None` of everything else.
    pub length: Option<u64>,
    /// `gen0`, `gen1`, `gen2`, `LOH`, `POH`, `frozen`.
    pub generation: String,
    /// From its start to the address.
    pub offset: Hex,
    /// Which of its fields or elements is there; `None` if nothing tells.
    #[serde(default)]
    pub field: Option<String>,
    /// What refers to the object, the first of them; `None` if that was not looked for: in heaps above 1 GB, and while objects
    /// were being moved.
    #[serde(default)]
    pub referrers: Option<Vec<Referrer>>,
    /// How many references to it there are.
    #[serde(default)]
    pub referrer_count: u64,
}

/// What refers to an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Referrer {
    /// The object; `None` of a static field.
    pub address: Option<Hex>,
    /// Its type, or the static field with its class.
    pub name: String,
    /// The field or element of the object; `None` if nothing tells, and of a static field.
    pub field: Option<String>,
}

/// References that are listed, and bytes of heaps in which they are looked for.
const REFERRERS: usize = 16;
const SEARCHED: u64 = 1 << 30;

/// An object in a list of those of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedObject {
    /// Where it begins.
    pub address: Hex,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Bytes.
    pub size_bytes: u64,
    /// `gen0`, `gen1`, `gen2`, `LOH`, `POH`, `frozen`.
    pub generation: &'static str,
}

/// The object that holds an address; `None` outside the heaps, and where no object can be read.
pub fn object_at(process: &Process<'_>, address: u64) -> Option<ObjectPlace> {
    process.runtimes.iter().filter_map(LoadedRuntime::readable).find_map(|runtime| {
        let object = runtime.object_at(address)?;
        let found = (!object.free).then(|| referrers(runtime, object.address)).flatten();
        let (referrers, referrer_count) = found.map_or((None, 0), |(list, count)| (Some(list), count));
        Some(ObjectPlace {
            address: Hex(object.address),
            type_name: runtime.type_name(object.table).to_string(),
            size_bytes: object.size,
            length: length(runtime, &object),
            generation: generation_name(object.generation).to_owned(),
            offset: Hex(address - object.address),
            field: runtime.field_at(&object, address - object.address),
            referrers,
            referrer_count,
        })
    })
}

/// The static fields and objects that refer to an object, and how many of them there are.
fn referrers(runtime: &Runtime<'_>, wanted: u64) -> Option<(Vec<Referrer>, u64)> {
    let bytes = runtime.heap().segments.iter().fold(0u64, |all, s| all.saturating_add(s.end - s.start));
    if bytes > SEARCHED || runtime.is_collecting() == Some(true) {
        return None;
    }
    let mut references = runtime.references();
    let (mut tables, mut found, mut count) = (HashSet::new(), Vec::new(), 0u64);
    runtime.walk(&mut |object| {
        tables.insert(object.table);
        references.of(object, &mut |offset, target| {
            if target == wanted {
                count += 1;
                if found.len() < REFERRERS {
                    found.push((*object, offset));
                }
            }
        });
        true
    });
    let tables: Vec<u64> = tables.into_iter().collect();
    let statics = runtime.statics(&tables).unwrap_or_default();
    let statics = statics.into_iter().filter(|field| field.object == wanted);
    let of_static = |field: StaticField| Referrer { address: None, name: field.name, field: None };
    let mut all: Vec<Referrer> = statics.map(of_static).collect();
    count += all.len() as u64;
    all.extend(found.into_iter().map(|(object, offset)| Referrer {
        address: Some(Hex(object.address)),
        name: runtime.type_name(object.table).to_string(),
        field: runtime.field_at(&object, offset),
    }));
    all.truncate(REFERRERS);
    Some((all, count))
}

fn length(runtime: &Runtime<'_>, object: &Object) -> Option<u64> {
    (runtime.has_length(object) && !object.free).then_some(u64::from(object.count))
}

/// Calls `take` with each object of the types of this name, until it returns `false`.
pub fn objects_of(process: &Process<'_>, name: &str, take: &mut dyn FnMut(ListedObject) -> bool) {
    for runtime in process.runtimes.iter().filter_map(LoadedRuntime::readable) {
        let mut last = (0, false);
        runtime.walk(&mut |object| {
            if object.table != last.0 {
                last = (object.table, *runtime.type_name(object.table) == *name);
            }
            !last.1
                || take(ListedObject {
                    address: Hex(object.address),
                    type_name: name.to_owned(),
                    size_bytes: object.size,
                    generation: generation_name(object.generation),
                })
        });
    }
}
