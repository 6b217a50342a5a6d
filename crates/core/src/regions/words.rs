//! Where the words of a list are kept. A list of hundreds of thousands costs as much time in page faults as in decoding,
//! unless the system is asked to give it large pages; only Linux waits to be asked.

use std::ops::Deref;

#[cfg(target_os = "linux")]
use zerocopy::FromBytes;

use super::Word;

/// Words, in their order.
#[derive(Debug)]
pub(super) enum Words {
    Heap(Vec<Word>),
    #[cfg(target_os = "linux")]
    Mapped(Mapped),
}

impl Words {
    /// Room for so many words, in large pages if they fill one for the most part.
    pub(super) fn with_capacity(capacity: usize) -> Words {
        #[cfg(target_os = "linux")]
        if let Some(mapped) = Mapped::with_capacity(capacity) {
            return Words::Mapped(mapped);
        }
        Words::Heap(Vec::with_capacity(capacity))
    }

    pub(super) fn extend(&mut self, words: &[Word]) {
        match self {
            Words::Heap(list) => list.extend_from_slice(words),
            #[cfg(target_os = "linux")]
            Words::Mapped(mapped) => {
                if !mapped.extend(words) {
                    let mut list = mapped.to_vec();
                    list.extend_from_slice(words);
                    *self = Words::Heap(list);
                }
            }
        }
    }
}

impl Deref for Words {
    type Target = [Word];

    #[inline]
    fn deref(&self) -> &[Word] {
        match self {
            Words::Heap(list) => list,
            #[cfg(target_os = "linux")]
            Words::Mapped(mapped) => mapped,
        }
    }
}

impl Default for Words {
    fn default() -> Words {
        Words::Heap(Vec::new())
    }
}

impl Clone for Words {
    fn clone(&self) -> Words {
        Words::Heap(self.to_vec())
    }
}

/// Words in an anonymous mapping.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(super) struct Mapped {
    bytes: memmap2::MmapMut,
    len: usize,
}

#[cfg(target_os = "linux")]
impl Mapped {
    /// The large page of x86-64 and, with pages of 4 KiB, of ARM64.
    const LARGE_PAGE: usize = 2 << 20;

    /// `None` if less than half a large page is needed, or there is none to be had.
    fn with_capacity(capacity: usize) -> Option<Mapped> {
        let bytes =
            capacity.checked_mul(size_of::<Word>()).filter(|bytes| *bytes > Mapped::LARGE_PAGE / 2)?;
        let bytes = memmap2::MmapMut::map_anon(bytes.checked_next_multiple_of(Mapped::LARGE_PAGE)?).ok()?;
        bytes.advise(memmap2::Advice::HugePage).ok()?;
        Some(Mapped { bytes, len: 0 })
    }

    /// Whether there was room for them.
    fn extend(&mut self, words: &[Word]) -> bool {
        let end = self.len.saturating_add(words.len());
        let room = <[Word]>::mut_from_bytes(&mut self.bytes).ok().and_then(|all| all.get_mut(self.len..end));
        let Some(room) = room else { return false };
        room.copy_from_slice(words);
        self.len = end;
        true
    }
}

#[cfg(target_os = "linux")]
impl Deref for Mapped {
    type Target = [Word];

    #[inline]
    fn deref(&self) -> &[Word] {
        <[Word]>::ref_from_bytes(&self.bytes).ok().and_then(|all| all.get(..self.len)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Word, Words};

    fn kept(capacity: usize, count: u64) -> (Words, Vec<u64>) {
        let mut words = Words::with_capacity(capacity);
        let wanted: Vec<u64> = (0..count).map(|number| number * 0x9e37_79b9).collect();
        for run in wanted.chunks(64) {
            words.extend(&run.iter().copied().map(Word).collect::<Vec<_>>());
        }
        (words, wanted)
    }

    #[test]
    fn many_words_are_kept_in_their_order() {
        let (words, wanted) = kept(200_000, 200_000);
        #[cfg(target_os = "linux")]
        assert!(matches!(words, Words::Mapped(_)), "an anonymous mapping is to be had on Linux");
        assert_eq!(words.iter().map(|word| word.0).collect::<Vec<_>>(), wanted);
        assert_eq!(words.clone().iter().map(|word| word.0).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn more_words_than_there_was_room_for_move() {
        // 262,144 words fill the large page.
        let (words, wanted) = kept(200_000, 300_000);
        assert!(matches!(words, Words::Heap(_)));
        assert_eq!(words.iter().map(|word| word.0).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn few_words_need_no_mapping() {
        let (words, wanted) = kept(1_000, 1_500);
        assert!(matches!(words, Words::Heap(_)));
        assert_eq!(words.iter().map(|word| word.0).collect::<Vec<_>>(), wanted);
    }
}
