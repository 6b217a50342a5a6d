//! The allocations of one process at two times, matched by address: both lists are in its order, and each is read once.

use std::iter::Peekable;

use super::model::{AllocationChange, AllocationGroup, AllocationsDifference};
use super::sizes::first_span;
use super::{Change, DiffWarning, Sides};
use crate::space::Allocation;

/// Those of a group that are named.
const NAMED: usize = 10;

/// What came, went, grew and shrank; `None` over runs, and without maps.
pub(super) fn allocations(
    sides: &Sides<'_, '_, '_>,
    warnings: &mut Vec<DiffWarning>,
) -> Option<AllocationsDifference> {
    (sides.same && sides.mapped()).then_some(())?;
    let (old, new) = (&sides.old.process.space, &sides.new.process.space);
    let until = old.known_until().min(new.known_until());
    if until < u64::MAX {
        warnings.push(DiffWarning::AllocationsCut { from: until });
    }
    let mut groups = Groups { sides, all: Default::default(), same: 0 };
    let mut before = Allocation::all(old).take_while(|a| a.base < until && a.end <= until).peekable();
    let mut after = Allocation::all(new).take_while(|a| a.base < until && a.end <= until).peekable();
    while let Some(pair) = next(&mut before, &mut after) {
        groups.add(pair);
    }
    Some(groups.finish())
}

/// The next in order of address, with its like if the other side has one there.
fn next(
    before: &mut Peekable<impl Iterator<Item = Allocation>>,
    after: &mut Peekable<impl Iterator<Item = Allocation>>,
) -> Option<(Option<Allocation>, Option<Allocation>)> {
    let base = [before.peek(), after.peek()].into_iter().flatten().map(|a| a.base).min()?;
    Some((before.next_if(|a| a.base == base), after.next_if(|a| a.base == base)))
}

/// What became of an allocation.
#[derive(Clone, Copy)]
enum Fate {
    New,
    Gone,
    Grown,
    Shrunk,
}

/// The groups, in the order of [`Fate`].
struct Groups<'g, 's, 'a, 'd> {
    sides: &'g Sides<'s, 'a, 'd>,
    all: [Group; 4],
    same: u64,
}

#[derive(Default)]
struct Group {
    sums: AllocationGroup,
    /// The largest changes so far, and some that are not; by size of the change and address.
    largest: Vec<(u64, Option<Allocation>, Option<Allocation>)>,
}

impl Groups<'_, '_, '_, '_> {
    fn add(&mut self, pair: (Option<Allocation>, Option<Allocation>)) {
        match pair {
            // Another kind of memory is another allocation.
            (Some(old), Some(new)) if old.kind != new.kind => {
                self.put(Fate::Gone, Some(old), None);
                self.put(Fate::New, None, Some(new));
            }
            (Some(old), Some(new)) => {
                let (was, is) = ((old.size(), old.committed), (new.size(), new.committed));
                match is.cmp(&was) {
                    std::cmp::Ordering::Equal => self.same += 1,
                    std::cmp::Ordering::Greater => self.put(Fate::Grown, Some(old), Some(new)),
                    std::cmp::Ordering::Less => self.put(Fate::Shrunk, Some(old), Some(new)),
                }
            }
            (Some(old), None) => self.put(Fate::Gone, Some(old), None),
            (None, Some(new)) => self.put(Fate::New, None, Some(new)),
            (None, None) => {}
        }
    }

    fn put(&mut self, fate: Fate, old: Option<Allocation>, new: Option<Allocation>) {
        let (size, committed) = (
            delta(old.as_ref(), new.as_ref(), Allocation::size),
            delta(old.as_ref(), new.as_ref(), |a| a.committed),
        );
        let Some(group) = self.all.get_mut(fate as usize) else { return };
        group.sums.count += 1;
        group.sums.size_delta = group.sums.size_delta.saturating_add(size);
        group.sums.committed_delta = group.sums.committed_delta.saturating_add(committed);
        group.largest.push((size.unsigned_abs().max(committed.unsigned_abs()), old, new));
        if group.largest.len() >= 8 * NAMED {
            group.cut();
        }
    }

    fn finish(self) -> AllocationsDifference {
        let sides = self.sides;
        let [new, gone, grown, shrunk] = self.all.map(|mut group| {
            group.cut();
            let named =
                group.largest.iter().filter_map(|(_, old, new)| named(sides, old.as_ref(), new.as_ref()));
            AllocationGroup { largest: named.collect(), ..group.sums }
        });
        AllocationsDifference { new, gone, grown, shrunk, same: self.same }
    }
}

impl Group {
    /// Keeps those that changed most; the sort is stable, so of equals those with the lowest address.
    fn cut(&mut self) {
        self.largest.sort_by_key(|(change, ..)| std::cmp::Reverse(*change));
        self.largest.truncate(NAMED);
    }
}

/// By how much a figure of an allocation changed; zero stands for one that is not there.
fn delta(old: Option<&Allocation>, new: Option<&Allocation>, of: fn(&Allocation) -> u64) -> i64 {
    let of = |side: Option<&Allocation>| i64::try_from(side.map_or(0, of)).unwrap_or(i64::MAX);
    of(new).saturating_sub(of(old))
}

fn named(
    sides: &Sides<'_, '_, '_>,
    old: Option<&Allocation>,
    new: Option<&Allocation>,
) -> Option<AllocationChange> {
    let (any, side) = new.map(|a| (a, sides.new)).or(old.map(|a| (a, sides.old)))?;
    let usage = first_span(&side.process.space, any).map(|span| span.usage.to_string());
    let change = |of: fn(&Allocation) -> u64| -> Change {
        sides.change(Some(old.map_or(0, of)), Some(new.map_or(0, of)))
    };
    Some(AllocationChange {
        base: any.base.into(),
        kind: any.kind.to_string(),
        usage: usage.unwrap_or_else(|| "<unknown>".to_owned()),
        size: change(Allocation::size),
        committed: change(|a| a.committed),
    })
}
