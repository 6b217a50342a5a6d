//! `GcDacVars`: found by its shape, since the entry that leads to it has another place in each version.

use super::super::reader::Reader;
use crate::arch::Width;

/// The structure, with the pointers that are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vars {
    pub(crate) major: u8,
    /// Bytes of a generation.
    pub(crate) generation_size: u64,
    /// How many generations, with those of large and of pinned objects.
    pub(crate) generations: u64,
    pointers: Vec<u64>,
    width: Width,
}

/// Why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoVars {
    /// No candidate has the shape.
    Missing,
    /// Several differ.
    Several,
    /// It has one, of a version that is not known.
    Version(u8),
}

/// Pointers of major 2 that are used: up to `bookkeeping_start`.
const POINTERS_2: u64 = 30;
/// All of major 1.
const POINTERS_1: u64 = 26;
/// Where fields of `gc_heap` stand in major 1, x64: alloc_allocated, ephemeral_heap_segment, oom_info, generation_table.
const HEAP_FIELDS_1: [(u64, u64); 4] = [(0, 0), (1, 8), (3, 24), (18, 344)];

impl Vars {
    /// Looks at what each candidate points to.
    pub(crate) fn find(reader: &Reader<'_>, candidates: &[u64], module: (u64, u32)) -> Result<Vars, NoVars> {
        let inside = |at: u64| at.checked_sub(module.0).is_some_and(|n| n < u64::from(module.1));
        let mut found: Option<Vars> = None;
        let mut version = None;
        for at in candidates.iter().filter_map(|entry| reader.word(*entry)).filter(|at| inside(*at)) {
            match Vars::at(reader, at, &inside) {
                Some(Ok(vars)) if found.as_ref().is_some_and(|other| *other != vars) => {
                    return Err(NoVars::Several);
                }
                Some(Ok(vars)) => found = Some(vars),
                Some(Err(major)) => version = Some(major),
                None => {}
            }
        }
        found.ok_or(version.map_or(NoVars::Missing, NoVars::Version))
    }

    /// `None` if there is something else; `Err` if it is of another version.
    fn at(reader: &Reader<'_>, at: u64, inside: &impl Fn(u64) -> bool) -> Option<Result<Vars, u8>> {
        let word = reader.size();
        let mut head = [0; 8];
        reader.fill(at, head.get_mut(..usize::try_from(word).ok()?)?)?;
        let [major, minor, zeros @ ..] = head;
        if zeros != [0; 6] || major == 0 || major > 9 || minor > 99 {
            return None;
        }
        let size = reader.word(at.wrapping_add(word))?;
        let (count, first) =
            if major >= 2 { (reader.word(at.wrapping_add(word.wrapping_mul(2)))?, 3) } else { (4, 2) };
        let least = reader.width().pick(32, 64);
        let fits = (least..=4096).contains(&size) && size.is_multiple_of(word) && (3..=5).contains(&count);
        let pointer = |n: u64| reader.word(at.wrapping_add(word.wrapping_mul(n.wrapping_add(first))));
        if !fits || !inside(pointer(0)?) || !inside(pointer(1)?) {
            return None;
        }
        let known = match (major, reader.width()) {
            (1, _) => POINTERS_1,
            (2, Width::Bits64) => POINTERS_2,
            _ => return Some(Err(major)),
        };
        let pointers = (0..known).map(pointer).collect::<Option<_>>()?;
        let width = reader.width();
        Some(Ok(Vars { major, generation_size: size, generations: count, pointers, width }))
    }

    /// The address of a variable.
    pub(crate) fn pointer(&self, index: usize) -> Option<u64> {
        self.pointers.get(index).copied().filter(|address| *address != 0)
    }

    /// A variable that holds a pointer.
    pub(crate) fn value(&self, reader: &Reader<'_>, index: usize) -> Option<u64> {
        reader.pointer(self.pointer(index)?, 0)
    }

    /// The address of a field of a server's `gc_heap`.
    pub(crate) fn heap_field(&self, reader: &Reader<'_>, heap: u64, field: u64) -> Option<u64> {
        let offset = if self.major == 1 {
            let known = HEAP_FIELDS_1.iter().find(|(index, _)| *index == field)?.1;
            (self.width == Width::Bits64).then_some(known)?
        } else {
            reader
                .i32(self.pointer(27)?.wrapping_add(field.wrapping_mul(4)))
                .and_then(|n| u64::try_from(n).ok())?
        };
        Some(heap.wrapping_add(offset))
    }

    /// Offsets in a generation: of its first segment, and of the start of its objects; the second is absent with regions.
    pub(crate) fn generation_fields(&self, reader: &Reader<'_>) -> Option<(u64, Option<u64>)> {
        if self.major == 1 {
            return Some((self.width.pick(40, 56), Some(self.width.pick(44, 64))));
        }
        let field = |n: u64| {
            let at = self.pointer(28)?.wrapping_add(n.wrapping_mul(4));
            reader.i32(at)
        };
        let inside = |n: i32| u64::try_from(n).ok().filter(|n| *n < self.generation_size);
        Some((inside(field(1)?)?, inside(field(2)?)))
    }
}
