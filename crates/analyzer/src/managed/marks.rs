//! Where objects begin: a bit for each word of the heaps.

use dumplens_core::clr::Runtime;

/// Marks at words of the heaps.
#[derive(Debug)]
pub(super) struct Marks {
    /// First address of a segment, the first behind it, and the place of its first mark.
    segments: Vec<(u64, u64, u64)>,
    bits: Vec<u64>,
    word: u64,
}

impl Marks {
    /// None; `None` of heaps with more than `most` bytes.
    pub(super) fn new(runtime: &Runtime<'_>, word: u64, most: u64) -> Option<Marks> {
        let (mut segments, mut place) = (Vec::new(), 0u64);
        for segment in &runtime.heap().segments {
            segments.push((segment.start, segment.end, place));
            place = place.checked_add(segment.end.checked_sub(segment.start)?.div_ceil(word))?;
        }
        let fits = place.checked_mul(word).is_some_and(|bytes| bytes <= most);
        let length = usize::try_from(place.div_ceil(64)).ok().filter(|_| fits)?;
        Some(Marks { segments, bits: vec![0; length], word })
    }

    /// Words of the heaps.
    pub(super) fn words(&self) -> u64 {
        self.bits.len() as u64 * 64
    }

    pub(super) fn set(&mut self, address: u64) {
        if let Some((place, bit)) = self.place(address) {
            self.bits[place] |= bit;
        }
    }

    /// Whether there was a mark, which there is then no more.
    pub(super) fn take(&mut self, address: u64) -> bool {
        let Some((place, bit)) = self.place(address) else { return false };
        let was = self.bits[place] & bit != 0;
        self.bits[place] &= !bit;
        was
    }

    fn place(&self, address: u64) -> Option<(usize, u64)> {
        let behind = self.segments.partition_point(|(start, ..)| *start <= address);
        let (start, end, first) = *self.segments.get(behind.checked_sub(1)?)?;
        if address >= end || !address.is_multiple_of(self.word) {
            return None;
        }
        let place = first + (address - start) / self.word;
        let index = usize::try_from(place / 64).ok().filter(|index| *index < self.bits.len())?;
        Some((index, 1 << (place % 64)))
    }
}
