//! Single objects: the one at an address, and those of a type.

use dumplens_core::clr::{Object, Runtime};
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
}

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
        Some(ObjectPlace {
            address: Hex(object.address),
            type_name: runtime.type_name(object.table).to_string(),
            size_bytes: object.size,
            length: length(runtime, &object),
            generation: generation_name(object.generation).to_owned(),
            offset: Hex(address - object.address),
        })
    })
}

fn length(runtime: &Runtime<'_>, object: &Object) -> Option<u64> {
    (runtime.has_length(object) && !object.free).then_some(u64::from(object.count))
}

/// Calls `take` with each object of the types of a name, until it says that it is enough.
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
