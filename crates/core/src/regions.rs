//! The regions of a process, held in little memory.
//!
//! A list as Windows writes it has no gaps, so a region ends where the next begins; it begins at a page; a few
//! dozen combinations of state, type and protection recur; and the allocation a region belongs to began a few
//! regions before it. That makes 8 bytes of a region instead of 40: 8 MB for a list of a million, in large pages
//! where there are any. A list that is not like that is held as it stands.

mod words;

use std::collections::HashMap;
use std::sync::OnceLock;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use self::words::Words;
use crate::vocabulary::{MemoryState, MemoryType, Protection};

/// One region: what `VirtualQueryEx` said of a run of pages.
///
/// For `MEM_FREE` only base, size and state mean anything; for `MEM_RESERVE` the protection does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryInfo {
    /// First address; sign extension of 32-bit dumps is undone.
    pub base: u64,
    /// Bytes.
    pub size: u64,
    /// First address of the allocation that the region belongs to; zero for a free region.
    pub allocation_base: u64,
    /// Protection given when the allocation was made.
    pub allocation_protect: Protection,
    /// Committed, reserved or free.
    pub state: MemoryState,
    /// Protection now.
    pub protect: Protection,
    /// Private, mapped or image.
    pub kind: MemoryType,
}

impl MemoryInfo {
    /// First address behind the region; `None` when it wraps past 2^64.
    pub fn end(&self) -> Option<u64> {
        self.base.checked_add(self.size)
    }

    /// Whether the region holds `address`.
    pub fn holds(&self, address: u64) -> bool {
        address.checked_sub(self.base).is_some_and(|offset| offset < self.size)
    }
}

/// What regions have in common: all but their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attributes {
    /// Committed, reserved or free.
    pub state: MemoryState,
    /// Protection now.
    pub protect: Protection,
    /// Private, mapped or image.
    pub kind: MemoryType,
    /// Protection given when the allocation was made.
    pub allocation_protect: Protection,
}

/// Attributes that are told apart. A list that is not damaged has a few dozen.
const MOST_ATTRIBUTES: usize = 1024;

impl Attributes {
    /// The same without what no region has: there are some two thousand of these, whatever a file holds.
    fn coarse(self) -> Attributes {
        let kinds = [MemoryType::PRIVATE, MemoryType::MAPPED, MemoryType::IMAGE, MemoryType(0)];
        let base = self.protect.0 & 0xff;
        let is_protection = self.protect.0 & !0x7ff == 0 && base.count_ones() <= 1;
        Attributes {
            state: if self.state.is_known() { self.state } else { MemoryState::VARIOUS },
            protect: if is_protection { self.protect } else { Protection::VARIOUS },
            kind: if kinds.contains(&self.kind) { self.kind } else { MemoryType::VARIOUS },
            allocation_protect: Protection(0),
        }
    }
}

/// A list of regions, in the order in which they were added.
#[derive(Debug, Clone)]
pub struct Regions {
    palette: Palette,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    /// Sorted, without gaps, overlaps and empty regions.
    Contiguous(Contiguous),
    /// Anything else.
    Plain(Plain),
}

#[derive(Debug, Clone, Default)]
struct Contiguous {
    words: Words,
    /// First address behind the last region.
    end: u64,
    /// Allocation bases that [`Word::back`] cannot express, by index of the region.
    far: HashMap<usize, u64>,
}

/// A region in 64 bits: page number of its base (40), number of its attributes (8), and how many regions before
/// it its allocation began (16; [`FAR`] if the base is elsewhere).
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(transparent)]
struct Word(u64);

const PAGE_SHIFT: u32 = 12;
const PAGE_BITS: u32 = 40;
const FAR: u16 = u16::MAX;
/// No region that a [`Word`] can express is larger.
const MOST_BYTES: u64 = 1 << (PAGE_BITS + PAGE_SHIFT);

impl Word {
    /// `None` if the base is not at a page, or too high, or the number does not fit.
    #[inline]
    fn new(base: u64, attributes: u32, back: u16) -> Option<Word> {
        const ODD_BITS: u64 = !(((1 << PAGE_BITS) - 1) << PAGE_SHIFT);
        let fits = base & ODD_BITS == 0 && u8::try_from(attributes).is_ok();
        fits.then_some(Word(base >> PAGE_SHIFT | u64::from(attributes) << PAGE_BITS | u64::from(back) << 48))
    }

    #[inline]
    fn base(self) -> u64 {
        (self.0 & ((1 << PAGE_BITS) - 1)) << PAGE_SHIFT
    }

    /// The same region, of an allocation that began so many regions before it; for a word made with 0.
    #[inline]
    fn with_back(self, back: u16) -> Word {
        Word(self.0 | u64::from(back) << 48)
    }

    /// Pages from this region's base to another's that does not lie below it.
    #[inline]
    fn pages_to(self, next: Word) -> u64 {
        next.0.wrapping_sub(self.0) & ((1 << PAGE_BITS) - 1)
    }

    #[inline]
    fn attributes(self) -> u8 {
        self.0.to_le_bytes()[5]
    }

    #[inline]
    fn back(self) -> u16 {
        let [.., low, high] = self.0.to_le_bytes();
        u16::from_le_bytes([low, high])
    }
}

/// Regions with the same attributes, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// What they have in common.
    pub attributes: Attributes,
    /// How many there are.
    pub regions: u64,
    /// Their bytes, together; wraps where a damaged list has more of them than there are addresses.
    pub size: u64,
    /// Base and size of the largest; the first listed of equals.
    pub largest: (u64, u64),
    /// The number of the attributes that followed these last: regions come in patterns, so they mostly will again.
    next: u32,
}

impl Tally {
    /// Of no region.
    pub fn new(attributes: Attributes) -> Tally {
        Tally { attributes, regions: 0, size: 0, largest: (0, 0), next: 0 }
    }

    /// Adds a region, or a part of one.
    #[inline]
    pub fn add(&mut self, base: u64, size: u64) {
        self.regions = self.regions.wrapping_add(1);
        self.size = self.size.wrapping_add(size);
        if size > self.largest.1 {
            self.largest = (base, size);
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Plain {
    list: Vec<MemoryInfo>,
    /// The order by address, made when it is first needed.
    order: OnceLock<Vec<u32>>,
}

impl Regions {
    /// A list of regions that may be anything.
    pub fn plain(regions: Vec<MemoryInfo>) -> Regions {
        let mut palette = Palette::default();
        for region in &regions {
            palette.add(region);
        }
        Regions { palette, form: Form::Plain(Plain { list: regions, order: OnceLock::new() }) }
    }

    /// Whether the list is sorted and without gaps, overlaps and empty regions. Only a list that was read so is
    /// known to be.
    pub fn is_contiguous(&self) -> bool {
        matches!(self.form, Form::Contiguous(_))
    }

    /// How many regions there are.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Contiguous(regions) => regions.words.len(),
            Form::Plain(regions) => regions.list.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The regions added up by their attributes: a few dozen sums, in a list that is not damaged.
    pub fn tallies(&self) -> &[Tally] {
        &self.palette.tallies
    }

    /// Which of [`Regions::tallies`] the region at a position in the list was added to.
    pub fn tally_of(&self, index: usize) -> Option<usize> {
        match &self.form {
            Form::Contiguous(regions) => regions.words.get(index).map(|word| usize::from(word.attributes())),
            Form::Plain(regions) => {
                self.palette.known(regions.list.get(index)?.attributes()).map(|number| number as usize)
            }
        }
    }

    /// The region at a position in the list.
    pub fn get(&self, index: usize) -> Option<MemoryInfo> {
        match &self.form {
            Form::Contiguous(regions) => regions.get(index, &self.palette),
            Form::Plain(regions) => regions.list.get(index).copied(),
        }
    }

    /// The regions in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = MemoryInfo> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Position of the region that holds `address`: the one with the highest base not above it, if it reaches
    /// that far.
    pub fn position(&self, address: u64) -> Option<usize> {
        let index = match &self.form {
            Form::Contiguous(regions) => {
                regions.words.partition_point(|w| w.base() <= address).checked_sub(1)?
            }
            Form::Plain(regions) => regions.below(address)?,
        };
        self.get(index).filter(|r| r.holds(address)).map(|_| index)
    }

    /// Position of the first region that ends behind `address`, in a list that is sorted and has no overlaps.
    pub fn first_behind(&self, address: u64) -> usize {
        let after = match &self.form {
            Form::Contiguous(regions) => regions.words.partition_point(|w| w.base() <= address),
            Form::Plain(regions) => regions.list.partition_point(|r| r.base <= address),
        };
        let before = after.saturating_sub(1);
        if self.get(before).is_some_and(|r| r.holds(address)) { before } else { after }
    }

    /// For each of [`Regions::tallies`] that is `wanted`, base and size of the largest region that `accepts` takes; of
    /// equals the first listed. Asks only about regions larger than the largest so far.
    pub fn largest(&self, wanted: &[bool], accepts: impl Fn(&MemoryInfo) -> bool) -> Vec<(u64, u64)> {
        let mut largest: Vec<(u64, u64)> = vec![(0, 0); self.palette.tallies.len()];
        let is_wanted = |number: usize| wanted.get(number) == Some(&true);
        let mut look = |number: usize, index: usize| {
            let best = largest.get_mut(number).filter(|_| is_wanted(number));
            if let Some((best, region)) = best.zip(self.get(index))
                && region.size > best.1
                && accepts(&region)
            {
                *best = (region.base, region.size);
                return Some(region.size);
            }
            None
        };
        match &self.form {
            Form::Contiguous(regions) => {
                // For each number, what the next region must exceed to be looked at, in pages.
                let mut bars = [u64::MAX; 1 << u8::BITS];
                for (bar, wanted) in bars.iter_mut().zip(wanted) {
                    *bar = if *wanted { 0 } else { u64::MAX };
                }
                for (index, pair) in regions.words.windows(2).enumerate() {
                    let [word, next] = pair else { continue };
                    let Some(bar) = bars.get_mut(usize::from(word.attributes())) else { continue };
                    if word.pages_to(*next) > *bar
                        && let Some(size) = look(usize::from(word.attributes()), index)
                    {
                        *bar = size >> PAGE_SHIFT;
                    }
                }
                if let Some(word) = regions.words.last() {
                    look(usize::from(word.attributes()), regions.words.len().saturating_sub(1));
                }
            }
            Form::Plain(regions) => {
                for index in 0..regions.list.len() {
                    look(self.tally_of(index).unwrap_or(usize::MAX), index);
                }
            }
        }
        largest
    }

    /// The region that holds `address`; see [`Regions::position`].
    pub fn at(&self, address: u64) -> Option<MemoryInfo> {
        self.get(self.position(address)?)
    }
}

impl Plain {
    /// Position of the region with the highest base not above `address`.
    fn below(&self, address: u64) -> Option<usize> {
        let base = |i: &u32| self.list.get(*i as usize).map_or(u64::MAX, |r| r.base);
        let order = self.order.get_or_init(|| {
            let mut order: Vec<u32> = (0..u32::try_from(self.list.len()).unwrap_or(u32::MAX)).collect();
            order.sort_by_key(|i| self.list.get(*i as usize).map(|r| (r.base, r.size)));
            order
        });
        let after = order.partition_point(|i| base(i) <= address);
        order.get(after.checked_sub(1)?).map(|i| *i as usize)
    }
}

impl Contiguous {
    fn get(&self, index: usize, palette: &Palette) -> Option<MemoryInfo> {
        let word = *self.words.get(index)?;
        let end = self.words.get(index.wrapping_add(1)).map_or(self.end, |next| next.base());
        let attributes = palette.tallies.get(usize::from(word.attributes()))?.attributes;
        let allocation_base = match word.back() {
            FAR => self.far.get(&index).copied().unwrap_or(0),
            back => self.words.get(index.wrapping_sub(usize::from(back)))?.base(),
        };
        Some(MemoryInfo {
            base: word.base(),
            size: end.wrapping_sub(word.base()),
            allocation_base,
            allocation_protect: attributes.allocation_protect,
            state: attributes.state,
            protect: attributes.protect,
            kind: attributes.kind,
        })
    }
}

/// The attributes that occur, numbered, with what there is of each.
#[derive(Debug, Clone, Default)]
struct Palette {
    tallies: Vec<Tally>,
    numbers: HashMap<Attributes, u32>,
    last: u32,
}

impl Palette {
    /// Adds a region to the sums; returns the number of its attributes.
    #[inline]
    fn add(&mut self, region: &MemoryInfo) -> u32 {
        let wanted = region.attributes();
        let guess = self.tallies.get(self.last as usize).map_or(0, |tally| tally.next);
        let number = match self.tallies.get(guess as usize) {
            Some(tally) if tally.attributes == wanted => guess,
            _ => self.look_up(wanted),
        };
        self.last = number;
        if let Some(tally) = self.tallies.get_mut(number as usize) {
            tally.add(region.base, region.size);
        }
        number
    }

    /// The number of attributes that occur; where there are too many, of what is left of them without oddities.
    fn known(&self, attributes: Attributes) -> Option<u32> {
        self.numbers.get(&attributes).or_else(|| self.numbers.get(&attributes.coarse())).copied()
    }

    #[cold]
    fn look_up(&mut self, wanted: Attributes) -> u32 {
        let full = self.tallies.len() >= MOST_ATTRIBUTES && !self.numbers.contains_key(&wanted);
        let wanted = if full { wanted.coarse() } else { wanted };
        let number = *self.numbers.entry(wanted).or_insert_with(|| {
            self.tallies.push(Tally::new(wanted));
            u32::try_from(self.tallies.len().saturating_sub(1)).unwrap_or(u32::MAX)
        });
        if let Some(tally) = self.tallies.get_mut(self.last as usize) {
            tally.next = number;
        }
        number
    }
}

impl MemoryInfo {
    /// All but the place.
    #[inline]
    pub fn attributes(&self) -> Attributes {
        let MemoryInfo { allocation_protect, state, protect, kind, .. } = *self;
        Attributes { state, protect, kind, allocation_protect }
    }
}

/// Takes regions one by one; holds them contiguously for as long as they are.
#[derive(Debug)]
pub(crate) struct Builder {
    palette: Palette,
    contiguous: Contiguous,
    /// Everything, from the first region on that was not contiguous.
    plain: Option<Vec<MemoryInfo>>,
    /// How many regions before the last one the present allocation began, or [`FAR`], and its base.
    allocation: (u16, u64),
}

/// Regions that are turned into words at once.
const BATCH: usize = 64;

impl Builder {
    /// For about so many regions.
    pub(crate) fn new(capacity: usize) -> Builder {
        let contiguous = Contiguous { words: Words::with_capacity(capacity), ..Contiguous::default() };
        Builder { palette: Palette::default(), contiguous, plain: None, allocation: (0, u64::MAX) }
    }

    /// Adds regions in their order; `decode` makes a region of an entry.
    #[inline]
    pub(crate) fn extend<E>(&mut self, mut entries: &[E], decode: impl Fn(&E) -> MemoryInfo) {
        loop {
            let taken = self.extend_quickly(entries, &decode);
            let Some((odd, rest)) = entries.get(taken..).and_then(<[E]>::split_first) else { return };
            self.push(decode(odd));
            entries = rest;
        }
    }

    /// Adds regions for as long as each continues the list, has the attributes that were guessed and belongs to the
    /// present allocation or begins one; returns how many. Nearly all do, and everything that the loop needs stays
    /// in registers, if the loop is a function of its own.
    #[inline(never)]
    fn extend_quickly<E>(&mut self, entries: &[E], decode: impl Fn(&E) -> MemoryInfo) -> usize {
        if self.plain.is_some() || self.contiguous.words.is_empty() {
            return 0;
        }
        let tallies = self.palette.tallies.as_mut_slice();
        let (mut since, mut allocation_base) = self.allocation;
        let (mut number, mut end) = (self.palette.last, self.contiguous.end);
        let mut guess = tallies.get(number as usize).map_or(0, |tally| tally.next);
        let mut words = [Word(0); BATCH];
        let mut taken = 0usize;
        for batch in entries.chunks(BATCH) {
            let mut added = 0usize;
            for (entry, slot) in batch.iter().zip(&mut words) {
                let region = decode(entry);
                let Some(tally) = tallies.get_mut(guess as usize) else { break };
                let follows = region.base == end && region.size.wrapping_sub(1) < MOST_BYTES;
                let Some(word) = Word::new(region.base, guess, 0).filter(|_| follows) else { break };
                if tally.attributes != region.attributes() {
                    break;
                }
                let back = if region.state.is_free() {
                    since = since.saturating_add(1);
                    FAR
                } else if region.allocation_base == region.base {
                    (since, allocation_base) = (0, region.base);
                    0
                } else if region.allocation_base == allocation_base && since < FAR.wrapping_sub(1) {
                    since = since.wrapping_add(1);
                    since
                } else {
                    break;
                };
                *slot = word.with_back(back);
                tally.add(region.base, region.size);
                end = region.base.wrapping_add(region.size);
                (number, guess) = (guess, tally.next);
                added = added.wrapping_add(1);
            }
            self.contiguous.words.extend(words.get(..added).unwrap_or_default());
            taken = taken.wrapping_add(added);
            if added < batch.len() {
                break;
            }
        }
        (self.contiguous.end, self.palette.last, self.allocation) = (end, number, (since, allocation_base));
        taken
    }

    fn push(&mut self, mut region: MemoryInfo) {
        if region.state.is_free() {
            // Meaningless there, and writers put anything in.
            region.allocation_base = 0;
        }
        if self.plain.is_none() && self.push_contiguous(&region).is_some() {
            return;
        }
        let so_far = &mut self.contiguous;
        let plain = self.plain.get_or_insert_with(|| {
            let mut plain = Vec::with_capacity(so_far.words.len());
            plain.extend((0..so_far.words.len()).filter_map(|index| so_far.get(index, &self.palette)));
            *so_far = Contiguous::default();
            plain
        });
        plain.push(region);
    }

    /// Adds the region if it continues the list; `None` if it does not, or cannot be expressed.
    fn push_contiguous(&mut self, region: &MemoryInfo) -> Option<()> {
        let list = &mut self.contiguous;
        let end = region.end()?;
        if region.size == 0 || (list.end != region.base && !list.words.is_empty()) {
            return None;
        }
        let index = list.words.len();
        let (since, base) = &mut self.allocation;
        *since = since.saturating_add(1);
        if region.allocation_base == region.base {
            (*since, *base) = (0, region.base);
        }
        let back = if *base == region.allocation_base { *since } else { FAR };
        let word = Word::new(region.base, self.palette.add(region), back)?;
        if back == FAR && region.allocation_base != 0 {
            list.far.insert(index, region.allocation_base);
        }
        list.words.extend(&[word]);
        list.end = end;
        Some(())
    }

    pub(crate) fn finish(self) -> Regions {
        match self.plain {
            Some(plain) => Regions::plain(plain),
            None => Regions { palette: self.palette, form: Form::Contiguous(self.contiguous) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(base: u64, size: u64, allocation_base: u64, protect: u32) -> MemoryInfo {
        MemoryInfo {
            base,
            size,
            allocation_base,
            allocation_protect: Protection(4),
            state: MemoryState::COMMIT,
            protect: Protection(protect),
            kind: MemoryType::PRIVATE,
        }
    }

    fn build(regions: &[MemoryInfo]) -> Regions {
        let mut builder = Builder::new(regions.len());
        builder.extend(regions, |region| *region);
        builder.finish()
    }

    #[test]
    fn what_goes_in_comes_out() {
        let list = [
            region(0x1000, 0x1000, 0x1000, 4),
            region(0x2000, 0x3000, 0x1000, 0x104),
            region(0x5000, 0x1000, 0x400, 4), // an allocation that began before the list
            region(0x6000, 0x1000, 0x6000, 2),
            region(0x7000, 0x1000, 0x6000, 2),
        ];
        let regions = build(&list);
        assert!(regions.is_contiguous());
        assert_eq!(regions.iter().collect::<Vec<_>>(), list);
        assert_eq!(regions.at(0x4fff), Some(list[1]));
        assert_eq!((regions.at(0xfff), regions.at(0x8000)), (None, None));
    }

    #[test]
    fn an_allocation_of_a_hundred_thousand_regions() {
        let list: Vec<_> =
            (0..100_000u64).map(|i| region(i * 0x1000, 0x1000, 0, 2 + u32::from(i % 3 == 0))).collect();
        assert_eq!(build(&list).iter().collect::<Vec<_>>(), list);
    }

    #[test]
    fn a_list_that_is_not_contiguous_is_held_as_it_stands() {
        let gap = [region(0x1000, 0x1000, 0x1000, 4), region(0x3000, 0x1000, 0x3000, 4)];
        let unsorted = [gap[1], gap[0], region(u64::MAX - 4, 0x1000, 0, 4)];
        for list in [&gap[..], &unsorted[..]] {
            let regions = build(list);
            assert!(!regions.is_contiguous());
            assert_eq!(regions.iter().collect::<Vec<_>>(), list);
            assert_eq!(regions.at(0x1fff), Some(gap[0]));
            assert_eq!(regions.at(0x2fff), None);
        }
    }

    #[test]
    fn seventy_thousand_kinds_of_protection() {
        let list: Vec<_> = (0..70_000u32).map(|i| region(u64::from(i) * 0x1000, 0x1000, 0, i)).collect();
        assert_eq!(build(&list).iter().collect::<Vec<_>>(), list);
    }

    /// A list without gaps, of regions and allocations that look random.
    fn by_chance(seed: u64, regions: u64) -> Vec<MemoryInfo> {
        let mut numbers = dumplens_synth::damage::Random::new(seed);
        let mut below = |end| numbers.below(end);
        let (mut base, mut allocation) = (0x1000 * below(0x100), 0x400);
        (0..regions)
            .map(|_| {
                let size = 0x1000 * (1 + below(9));
                let state = [MemoryState::COMMIT, MemoryState::RESERVE, MemoryState::FREE];
                let state = state[usize::try_from(below(3)).unwrap()];
                allocation = if below(3) == 0 { base } else { allocation };
                let allocation_base = match below(40) {
                    _ if state.is_free() => 0,
                    0 => 0x1000 * below(0x80),
                    _ => allocation,
                };
                let protect = [2, 4, 0x104, 0x20][usize::try_from(below(4)).unwrap()];
                let region = MemoryInfo { state, ..region(base, size, allocation_base, protect) };
                base += size;
                region
            })
            .collect()
    }

    #[test]
    fn both_forms_give_the_same_answers() {
        for seed in 0..50 {
            let list = by_chance(seed, 300);
            let (words, plain) = (build(&list), Regions::plain(list.clone()));
            assert!(words.is_contiguous() && !plain.is_contiguous());
            assert!(words.iter().eq(plain.iter()));
            let sums = |regions: &Regions| -> Vec<_> {
                regions.tallies().iter().map(|t| (t.attributes, t.regions, t.size, t.largest)).collect()
            };
            assert_eq!(sums(&words), sums(&plain));
            let tallies = 0..=list.len();
            assert!(tallies.clone().map(|i| words.tally_of(i)).eq(tallies.map(|i| plain.tally_of(i))));
            for address in (0..list[299].base + 0x2000).step_by(0x800) {
                assert_eq!(words.position(address), plain.position(address), "{address:#x}");
                assert_eq!(words.first_behind(address), plain.first_behind(address), "{address:#x}");
            }
            let wanted: Vec<bool> = (0..words.tallies().len()).map(|tally| tally % 3 != 1).collect();
            let odd = |region: &MemoryInfo| region.base & 0x1000 != 0;
            assert_eq!(words.largest(&wanted, odd), plain.largest(&wanted, odd));
        }
    }
}
