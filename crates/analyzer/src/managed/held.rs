//! Who holds the objects: static fields, and the words of thread stacks, by the references between objects.

use std::collections::VecDeque;

use dumplens_core::clr::{References, Runtime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::marks::Marks;
use super::paths::Paths;
use super::stacks;
use super::types::{Counted, TypeReport};
use crate::process::Process;
use crate::space::Hex;
use crate::stack::is_framework;

/// What holds the objects of a runtime. Each object is counted once, under the first root that reaches it: the
/// program's static fields, those of .NET, then the threads' stacks, each in the order of names and IDs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeldReport {
    /// Whether this version of the runtime records its static fields. Otherwise `statics` are slots of the arrays in
    /// which the runtime keeps what static fields and literals refer to.
    pub statics_named: bool,
    /// The static fields that hold the most, at most 20.
    pub statics: Vec<HolderReport>,
    /// What all static fields hold.
    pub by_statics: HeldSum,
    /// The threads whose stacks hold the most of the rest, at most 20. A word on a stack may be left over.
    pub threads: Vec<HolderReport>,
    /// What all stacks hold.
    pub by_threads: HeldSum,
    /// What neither holds: objects held by handles and thread statics, and garbage.
    pub rest: HeldSum,
    /// For the largest types, the path that holds most of their bytes.
    pub paths: Vec<PathReport>,
    /// Whether all references were followed.
    pub complete: bool,
}

/// Objects and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeldSum {
    /// Objects.
    pub objects: u64,
    /// Their bytes.
    pub size_bytes: u64,
}

/// A static field or a thread, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HolderReport {
    /// The field with its class, `static [12] at 0x7f0010` (an element of the array there), or `thread 0x1a4`.
    pub name: String,
    /// The object that the field refers to; `None` for a thread.
    pub object: Option<Hex>,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    /// Objects.
    pub objects: u64,
    /// Their bytes.
    pub size_bytes: u64,
}

/// How objects of a type are held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PathReport {
    /// The type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The field or thread, followed by the types on the path to this one. A type that refers to itself appears once.
    pub steps: Vec<String>,
    /// Its objects that are held in this way.
    pub objects: u64,
    /// Their bytes.
    pub size_bytes: u64,
}

/// Holders that are listed, and types whose paths are.
const LISTED: usize = 20;
const TYPES: usize = 10;

impl HeldSum {
    fn add(&mut self, other: HeldSum) {
        self.objects += other.objects;
        self.size_bytes = self.size_bytes.saturating_add(other.size_bytes);
    }
}

/// A search through the references.
struct Search<'r, 'd> {
    references: References<'r, 'd>,
    /// Where objects begin that were not met.
    left: Marks,
    paths: Paths,
    queue: VecDeque<(u64, u32)>,
    /// References that may still be followed.
    budget: u64,
}

impl Search<'_, '_> {
    /// All that hangs on an object and was not met before.
    fn follow(&mut self, root: u32, object: u64) {
        if !self.left.take(object) {
            return;
        }
        self.queue.push_back((object, root));
        while let Some((address, parent)) = self.queue.pop_front() {
            let Some(object) = self.references.object(address) else { continue };
            let node = self.paths.step(parent, object.table, object.size);
            let (left, queue, budget) = (&mut self.left, &mut self.queue, &mut self.budget);
            self.references.of(&object, &mut |_, target| {
                *budget = budget.saturating_sub(1);
                if *budget > 0 && left.take(target) {
                    queue.push_back((target, node));
                }
            });
        }
    }
}

/// What static fields refer to: names and objects. Those of .NET come last, the others in the order of their classes'
/// names, and of the fields in each.
fn statics(runtime: &Runtime<'_>, counted: &Counted) -> (bool, Vec<(String, u64)>) {
    let Some(found) = runtime.statics(&counted.tables) else { return (false, slots(runtime, counted)) };
    let mut fields: Vec<(String, u64)> = found.into_iter().map(|field| (field.name, field.object)).collect();
    let class = |name: &str| name.rsplit_once('.').map_or("", |(class, _)| class).to_owned();
    fields.sort_by_cached_key(|(name, _)| (is_framework(name), class(name)));
    (true, fields)
}

/// The elements of the runtime's own arrays.
fn slots(runtime: &Runtime<'_>, counted: &Counted) -> Vec<(String, u64)> {
    let (mut references, mut slots) = (runtime.references(), Vec::new());
    for array in &counted.runtime_arrays {
        references.of(array, &mut |offset, target| {
            if slots.len() < SLOTS {
                let index =
                    runtime.field_at(array, offset).unwrap_or_else(|| format!("{offset:#x} bytes into"));
                slots.push((format!("{index} of the System.Object[] at {:#x}", array.address), target));
            }
        });
    }
    slots
}

/// Slots that are followed.
const SLOTS: usize = 1 << 16;

/// Follows the references of a runtime whose objects begin at `starts`.
pub(super) fn of(
    process: &Process<'_>,
    runtime: &Runtime<'_>,
    starts: Marks,
    counted: &Counted,
) -> HeldReport {
    let (statics_named, fields) = statics(runtime, counted);
    // A word of the heaps is one reference at most.
    let budget = starts.words();
    let references = runtime.references();
    let mut search =
        Search { references, left: starts, paths: Paths::default(), queue: VecDeque::new(), budget };
    for (n, field) in fields.iter().enumerate() {
        let root = search.paths.root(n as u64);
        search.follow(root, field.1);
    }
    let mut threads = Vec::new();
    stacks::each(process, runtime, &mut |id, words| {
        let root = search.paths.root((fields.len() + threads.len()) as u64);
        threads.push(id);
        for word in words {
            search.follow(root, word);
        }
    });
    let sums = search.paths.by_root();
    let sum = |n: usize| sums.get(&(n as u64)).copied().unwrap_or_default();
    let name = |n: usize| match fields.get(n) {
        Some((name, _)) => name.clone(),
        None => format!("thread {:#x}", threads.get(n - fields.len()).copied().unwrap_or(0)),
    };
    let holder = |n: usize| {
        let object = fields.get(n).map(|(_, object)| *object);
        let table = object.and_then(|at| search.references.object(at)).map(|object| object.table);
        let HeldSum { objects, size_bytes } = sum(n);
        let type_name = table.map(|table| runtime.type_name(table).to_string());
        HolderReport { name: name(n), object: object.map(Hex), type_name, objects, size_bytes }
    };
    let largest = |from: usize, to: usize| -> Vec<HolderReport> {
        let mut places: Vec<usize> = (from..to).filter(|n| sum(*n).objects > 0).collect();
        places.sort_by_key(|n| std::cmp::Reverse(sum(*n).size_bytes));
        places.into_iter().take(LISTED).map(holder).collect()
    };
    let total = |from: usize, to: usize| {
        (from..to).fold(HeldSum::default(), |mut all, n| {
            all.add(sum(n));
            all
        })
    };
    let end = fields.len() + threads.len();
    let objects = counted.walked.objects - counted.free.0;
    let (by_statics, by_threads) = (total(0, fields.len()), total(fields.len(), end));
    HeldReport {
        statics_named,
        statics: largest(0, fields.len()),
        by_statics,
        threads: largest(fields.len(), end),
        by_threads,
        rest: HeldSum {
            objects: objects.saturating_sub(by_statics.objects + by_threads.objects),
            size_bytes: counted.bytes.saturating_sub(by_statics.size_bytes + by_threads.size_bytes),
        },
        paths: counted
            .types
            .iter()
            .take(TYPES)
            .filter_map(|of| path(runtime, &search.paths, of, &name))
            .collect(),
        complete: search.budget > 0 && search.paths.is_whole(),
    }
}

/// The way by which the most bytes of a type are held.
fn path(
    runtime: &Runtime<'_>,
    paths: &Paths,
    of: &TypeReport,
    root: &dyn Fn(usize) -> String,
) -> Option<PathReport> {
    let (place, sum) = paths.largest(&|table| *runtime.type_name(table) == *of.name)?;
    // What holds a few of them explains nothing.
    if sum.size_bytes < of.size_bytes / 10 {
        return None;
    }
    let (holder, tables) = paths.way(place);
    let types = tables.into_iter().map(|table| runtime.type_name(table).to_string());
    let first = usize::try_from(holder).map(root).unwrap_or_default();
    Some(PathReport {
        type_name: of.name.clone(),
        steps: std::iter::once(first).chain(types).collect(),
        objects: sum.objects,
        size_bytes: sum.size_bytes,
    })
}
