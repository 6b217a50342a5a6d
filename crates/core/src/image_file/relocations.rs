//! IMAGE_BASE_RELOCATION: the words of an image to which the loader adds how far it was moved.
//!
//! Each block is a page's offset, its own size, and entries of 16 bits: a type in the upper 4, a place in the page below.

use std::sync::atomic::{AtomicU64, Ordering};

use super::ImageFile;
use crate::limits;
use crate::pe::ImageError;

/// `IMAGE_REL_BASED_ABSOLUTE`: nothing, to fill up a block.
const ABSOLUTE: u16 = 0;
/// `IMAGE_REL_BASED_HIGHLOW`: 32 bits.
const HIGHLOW: u16 = 3;
/// `IMAGE_REL_BASED_DIR64`: 64 bits.
const DIR64: u16 = 10;

/// The relocations of an image that was moved.
#[derive(Debug)]
pub(super) struct Relocations {
    /// Offsets of the words from the base, in order.
    words: Vec<u32>,
    /// Bytes of a word.
    width: u32,
    /// How far the image was moved.
    delta: u64,
}

impl Relocations {
    /// Reads all of them. Fails where one is of another type than those of x86, x64 and ARM64: the image is then not known.
    pub(super) fn read(file: &ImageFile, base: u64, budget: &AtomicU64) -> Result<Relocations, ImageError> {
        let loading = &file.headers.loading;
        let (width, kind) = (loading.pointer(), if loading.wide { DIR64 } else { HIGHLOW });
        let mut words = Vec::new();
        if let Some(directory) = loading.relocations {
            if directory.size > limits::RELOCATION_BYTES {
                return Err(ImageError::Malformed(format!("{} bytes of relocations", directory.size)));
            }
            let spend = |left: u64| left.checked_sub(directory.size.into());
            if budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_err() {
                return Err(ImageError::Malformed("all images have too many relocations together".into()));
            }
            let bytes = file.bytes(directory.virtual_address, directory.size)?;
            decode(&bytes, kind, &mut words)
                .ok_or_else(|| ImageError::Malformed("relocations that are none".into()))?;
            words.sort_unstable();
        }
        Ok(Relocations { words, width, delta: base.wrapping_sub(loading.base) })
    }

    /// Relocates `buf`, which holds what the file has at `rva`. Words that lie in it only in part are read by `word`. `None`
    /// if one cannot be.
    pub(super) fn apply(
        &self,
        rva: u32,
        buf: &mut [u8],
        word: impl Fn(u32) -> Option<Vec<u8>>,
    ) -> Option<()> {
        let end = u64::from(rva).saturating_add(buf.len() as u64);
        let first =
            self.words.partition_point(|at| u64::from(*at).saturating_add(self.width.into()) <= rva.into());
        for at in self.words.get(first..)?.iter().take_while(|at| u64::from(**at) < end) {
            // Where the word begins in `buf`, or how much of it lies before.
            let (place, before) = (at.saturating_sub(rva) as usize, rva.saturating_sub(*at) as usize);
            let part = buf.get_mut(place..)?;
            let inside = part.len().min((self.width as usize).saturating_sub(before));
            let part = part.get_mut(..inside)?;
            let whole = if inside == self.width as usize { part.to_vec() } else { word(*at)? };
            part.copy_from_slice(self.moved(&whole)?.get(before..before.saturating_add(inside))?);
        }
        Some(())
    }

    /// A word after the move.
    fn moved(&self, word: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = [0; 8];
        bytes.get_mut(..word.len())?.copy_from_slice(word);
        let moved = u64::from_le_bytes(bytes).wrapping_add(self.delta).to_le_bytes();
        moved.get(..word.len()).map(<[u8]>::to_vec)
    }
}

/// The words of all blocks; `None` where the bytes are no such blocks.
fn decode(mut bytes: &[u8], kind: u16, words: &mut Vec<u32>) -> Option<()> {
    /// Page and size.
    const HEAD: usize = 8;
    while bytes.len() >= HEAD {
        let (page, size) = (super::u32_at(bytes, 0)?, super::u32_at(bytes, 4)? as usize);
        // Zeros to the section's end.
        if page == 0 && size == 0 {
            break;
        }
        let block = bytes.get(HEAD..size)?;
        for entry in block.chunks_exact(2) {
            let entry = u16::from_le_bytes(*entry.first_chunk()?);
            match entry >> 12 {
                ABSOLUTE => {}
                found if found == kind => words.push(page.checked_add(u32::from(entry & 0xfff))?),
                _ => return None,
            }
        }
        bytes = bytes.get(size..)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(page: u32, entries: &[u16]) -> Vec<u8> {
        let size = 8 + 2 * u32::try_from(entries.len()).unwrap();
        let words = [page.to_le_bytes(), size.to_le_bytes()].concat();
        words.into_iter().chain(entries.iter().flat_map(|entry| entry.to_le_bytes())).collect()
    }

    #[test]
    fn blocks_of_other_types_and_lengths_are_refused() {
        let mut words = Vec::new();
        let good = [block(0x1000, &[0x3004, 0x3008, 0]), block(0x5000, &[0x3ffe]), vec![0; 12]].concat();
        assert_eq!(decode(&good, HIGHLOW, &mut words), Some(()));
        assert_eq!(words, [0x1004, 0x1008, 0x5ffe]);
        for bad in [block(0x1000, &[0x5000]), block(0x1000, &[0xa000]), block(u32::MAX, &[0x3fff])] {
            assert_eq!(decode(&bad, HIGHLOW, &mut words), None, "{bad:x?}");
        }
        for size in [0_u32, 7, 0x20, u32::MAX] {
            let bad = [0x1000_u32.to_le_bytes(), size.to_le_bytes(), [0; 4]].concat();
            assert_eq!(decode(&bad, HIGHLOW, &mut words), None, "a block of {size} bytes");
        }
    }

    #[test]
    fn every_part_of_a_moved_word_is_the_same_as_in_the_whole() {
        let file: Vec<u8> = (0..32).collect();
        for (width, delta) in [(4_u32, 0xffff_f000_u64), (8, 0x1234_5678_9abc_def0)] {
            let relocations = Relocations { words: vec![4, 13, 24], width, delta };
            let word = |at: u32| file.get(at as usize..(at + width) as usize).map(<[u8]>::to_vec);
            let mut whole = file.clone();
            relocations.apply(0, &mut whole, word).unwrap();
            let moved = if width == 4 { 0x0706_0504 + 0xffff_f000 } else { 0x0b0a_0908_0706_0504 + delta };
            assert_eq!(whole[4..][..width as usize], moved.to_le_bytes()[..width as usize]);
            for start in 0..32_u32 {
                for end in start..32 {
                    let mut part = file[start as usize..end as usize].to_vec();
                    relocations.apply(start, &mut part, word).unwrap();
                    assert_eq!(part, whole[start as usize..end as usize], "{start}..{end} of {width}");
                }
            }
        }
    }
}
