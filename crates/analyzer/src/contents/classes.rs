//! Classes: the commonest words that may be vftables' addresses, with their names.
//!
//! What proves it: the compiler's type information before the table; else that its first entry is code. A word whose target
//! the dump keeps, and which has neither, is a pointer to something else, and is left out.
//! What fools it: identical tables that the linker folded are one, under one of the names (`/GR-` only: tables with type
//! information differ). A class whose first vftable belongs to a base farther on counts under that one's offset, which is
//! left out where the least is 0.

use std::collections::{HashMap, HashSet};

use dumplens_core::process::rtti::{self, Compiler};
use dumplens_core::{Absence, Memory, Width};

use super::estimate::{Figure, Read, Sums, figure};
use super::kinds::ClassProof;
use super::lookup::Lookup;
use super::model::ClassReport;
use super::plan::STRATA;
use super::tally::HeapsRead;
use super::vftables::Pointers;
use super::{CensusOptions, sizeof};
use crate::process::Process;
use crate::process::module_names::module_name;
use crate::symbols::{Undecorator, itanium};

/// Words that are looked at, the commonest first. Each costs some reads.
const LOOKED_AT: usize = 1 << 14;
/// Classes whose destructors are looked for.
const SIZED: usize = 256;

/// What was counted of one word.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    objects: Figure,
    bytes: Figure,
    pointers: Figure,
}

/// What was counted, and how exactly.
pub(super) struct Counted<'c> {
    pub(super) heaps: &'c HeapsRead,
    pub(super) pointers: &'c Pointers,
    pub(super) read: &'c [Read; STRATA],
}

/// The classes that have objects, those of most bytes first, and the vftables that are only pointed to.
pub(super) fn of(
    process: &Process<'_>,
    lookup: &Lookup,
    counted: &Counted<'_>,
    options: &CensusOptions<'_>,
) -> (Listed, Listed) {
    let mut counts: Vec<(u64, Count)> = join(counted).into_iter().collect();
    counts.sort_unstable_by_key(|(word, count)| {
        std::cmp::Reverse((count.bytes.value, count.objects.value, count.pointers.value, *word))
    });
    let memory = process.dump.memory().unnoted();
    let (mut names, mut rows) = (Undecorator::default(), Vec::new());
    for (vftable, count) in counts.into_iter().take(LOOKED_AT) {
        if let Some(class) = class(process, memory, lookup, (vftable, &count), &mut names) {
            rows.push(class);
        }
    }
    let (mut classes, mut pointed): (Vec<_>, Vec<_>) =
        first_tables(rows).into_iter().partition(|class| class.objects > 0);
    // In heaps that were walked, what is no block's first word is no object; a name proves that it is a vftable at least.
    pointed.retain(|class| class.proof != ClassProof::Address && class.pointers > 0);
    let left_out = (cut(&mut classes, options.rows), cut(&mut pointed, options.rows));
    let by_symbols = |row: &ClassReport| options.symbol.and_then(|name| name(row.vftable.0));
    for row in classes.iter_mut().chain(&mut pointed).filter(|row| row.proof != ClassProof::Rtti).take(SIZED)
    {
        if let Some(class) = by_symbols(row).as_deref().and_then(class_of_vftable) {
            (row.name, row.proof) = (class.to_owned(), ClassProof::Pdb);
        }
    }
    for row in classes.iter_mut().chain(&mut pointed).take(SIZED) {
        let width = width_at(process, row.vftable.0);
        row.size_bytes = sizeof::of(memory, lookup, row.vftable.0, width);
    }
    ((classes, left_out.0), (pointed, left_out.1))
}

/// Rows, and how many were left out.
type Listed = (Vec<ClassReport>, u64);

fn cut(rows: &mut Vec<ClassReport>, most: usize) -> u64 {
    let left_out = rows.len().saturating_sub(most) as u64;
    rows.truncate(most);
    left_out
}

fn join(counted: &Counted<'_>) -> HashMap<u64, Count> {
    let mut counts: HashMap<u64, Count> = HashMap::new();
    let segments = &counted.heaps.segments;
    for (word, (number, bytes)) in &segments.objects {
        let count = counts.entry(*word).or_default();
        count.objects = figure([(number, &segments.read)].into_iter());
        count.bytes = figure([(bytes, &segments.read)].into_iter());
    }
    for (word, (number, bytes)) in &counted.heaps.large.objects.of {
        let exact = Count { objects: Figure::exact(0), bytes: Figure::exact(0), ..Count::default() };
        let count = counts.entry(*word).or_insert(exact);
        count.objects.value = count.objects.value.saturating_add(*number);
        count.bytes.value = count.bytes.value.saturating_add(*bytes);
    }
    let words: HashSet<u64> = counted.pointers.of.keys().map(|(_, word)| *word).collect();
    let none = Sums::default();
    for word in words {
        // Only images' data, the last stratum, has none.
        let strata =
            (0..STRATA - 1).map(|n| (counted.pointers.of.get(&(n, word)).unwrap_or(&none), &counted.read[n]));
        counts.entry(word).or_default().pointers = figure(strata);
    }
    counts
}

/// The width of the pointers of the image at an address: 32 bits below 4 GiB in a 64-bit dump of a 32-bit program.
pub(super) fn width_at(process: &Process<'_>, address: u64) -> Width {
    let narrow = process.wow64 == Some(true) && address < 1 << 32;
    if narrow { Width::Bits32 } else { process.dump.width() }
}

/// A row, and how far from the object's start the table's part lies.
struct Row {
    class: ClassReport,
    offset: u64,
}

impl std::ops::Deref for Row {
    type Target = ClassReport;
    fn deref(&self) -> &ClassReport {
        &self.class
    }
}

fn class(
    process: &Process<'_>,
    memory: Memory<'_>,
    lookup: &Lookup,
    (vftable, count): (u64, &Count),
    names: &mut Undecorator,
) -> Option<Row> {
    let width = width_at(process, vftable);
    let module = process.module_at(vftable).map(|index| &process.modules[index]);
    let found = rtti::class_of(memory, vftable, width);
    let is_code = |entry: u64| lookup.is_code(entry);
    let (proof, name, offset) = match found {
        Some(class) => {
            let name = match class.compiler {
                Compiler::Msvc => names.type_name(&class.name),
                Compiler::Gnu => itanium::class_name(&class.name),
            };
            (ClassProof::Rtti, Some(name), class.offset)
        }
        None => match memory.pointer(vftable, width) {
            Ok(entry) if is_code(entry) => (ClassProof::Code, None, 0),
            Err(unreadable) if is_lost(unreadable.why) => (ClassProof::Address, None, 0),
            Ok(_) | Err(_) => return None,
        },
    };
    let short = module.map(|module| module_name(&module.name).to_owned());
    let place = || match module {
        Some(module) => format!("{}+{:#x}", module_name(&module.name), vftable - module.base),
        None => format!("{vftable:#x}"),
    };
    let class = ClassReport {
        name: name.unwrap_or_else(place),
        module: short,
        vftable: vftable.into(),
        proof,
        objects: count.objects.value,
        objects_margin: if count.objects.value == 0 { Some(0) } else { count.objects.margin },
        bytes: count.bytes.value,
        bytes_margin: if count.objects.value == 0 { Some(0) } else { count.bytes.margin },
        pointers: count.pointers.value,
        pointers_margin: count.pointers.margin,
        size_bytes: None,
    };
    Some(Row { class, offset })
}

/// The class of a vftable's name: of ``app::Widget::`vftable'``, or ``const app::Widget::`vftable'{for `Base'}``.
fn class_of_vftable(name: &str) -> Option<&str> {
    let (class, _) = name.split_once("::`vftable'")?;
    Some(class.strip_prefix("const ").unwrap_or(class))
}

/// The name of the class whose vftable lies at an address; `None` if none does.
pub(super) fn name(process: &Process<'_>, lookup: &Lookup, vftable: u64) -> Option<String> {
    let memory = process.dump.memory().unnoted();
    let row = class(process, memory, lookup, (vftable, &Count::default()), &mut Undecorator::default())?;
    Some(row.class.name)
}

/// What the process had, and the dump lacks.
fn is_lost(why: Absence) -> bool {
    matches!(why, Absence::NotKept | Absence::CutOff | Absence::ReadFailed | Absence::Redacted)
}

/// Leaves out the tables of bases behind the first where the first one's is there too: they never add.
fn first_tables(rows: Vec<Row>) -> Vec<ClassReport> {
    let mut least: HashMap<(Option<String>, String), u64> = HashMap::new();
    for row in &rows {
        let key = (row.module.clone(), row.name.clone());
        let offset = least.entry(key).or_insert(row.offset);
        *offset = row.offset.min(*offset);
    }
    let is_first = |row: &Row| least.get(&(row.module.clone(), row.name.clone())) == Some(&row.offset);
    rows.into_iter().filter(is_first).map(|row| row.class).collect()
}
