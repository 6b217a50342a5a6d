//! The exception directory of an ARM64 image: 8 bytes for each function, in order of address: BeginAddress, and packed
//! unwind data or the address of an .xdata record, which the two lowest bits tell apart.

use super::super::read_image;
use super::code::Operation;
use super::malformed;
use super::packed;
use super::record::{self, Epilogue, Header};
use crate::pages::ReadMemory;
use crate::pe::ImageError;

/// Bytes of an entry.
const ENTRY: u32 = 8;
/// Bytes of an instruction.
const INSTRUCTION: u32 = 4;

/// The exception directory of an ARM64 image. Cheap to clone; reads nothing before the first lookup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionTable {
    base: u64,
    image_size: u32,
    rva: u32,
    count: u32,
}

impl FunctionTable {
    /// The directory of `size` bytes at `rva` of an image of `image_size` bytes at `base`. Entries outside the image
    /// fail when they are read.
    pub fn new(base: u64, image_size: u32, rva: u32, size: u32) -> FunctionTable {
        FunctionTable { base, image_size, rva, count: size.checked_div(ENTRY).unwrap_or(0) }
    }

    /// The image's base.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// How many entries the directory has room for.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// What undoes the frame of the function that holds `rva`, as far as it is made when the instruction there is the
    /// next to run: `Ok(None)` if no entry covers it, as of a function that changes neither sp nor x30. Reads at most 32
    /// entries, a header, 17 epilogues and 1,020 bytes of codes.
    pub fn undo(&self, memory: &dyn ReadMemory, rva: u32) -> Result<Option<Vec<Operation>>, ImageError> {
        let Some((begin, unwind)) = self.below(memory, rva)? else { return Ok(None) };
        let at = rva.saturating_sub(begin) / INSTRUCTION;
        match unwind & 3 {
            0 => self.record(memory, unwind, at),
            1 | 2 => {
                let length = packed::length(unwind);
                (at < length).then(|| Ok(packed::frame(unwind)?.at(at, length))).transpose()
            }
            _ => Err(malformed("an entry of the exception directory of a kind that is reserved")),
        }
    }

    /// The last entry that begins at or below `rva`: where it begins, and its second word.
    fn below(&self, memory: &dyn ReadMemory, rva: u32) -> Result<Option<(u32, u32)>, ImageError> {
        self.last(memory, self.rva, ENTRY, self.count, |begin, unwind| {
            if begin >= self.image_size {
                return Err(malformed("an entry of the exception directory outside the image"));
            }
            Ok((begin <= rva).then_some((begin, unwind)))
        })
    }

    /// Searches a sorted list of `count` items for the last that `take` accepts, by its first two words.
    fn last<T>(
        &self,
        memory: &dyn ReadMemory,
        list: u32,
        size: u32,
        count: u32,
        take: impl Fn(u32, u32) -> Result<Option<T>, ImageError>,
    ) -> Result<Option<T>, ImageError> {
        let (mut low, mut high) = (0, count);
        let mut found = None;
        while low < high {
            let middle = low.midpoint(high);
            let at = list.saturating_add(middle.saturating_mul(size));
            let first = self.word(memory, at)?;
            let second = if size > 4 { self.word(memory, at.saturating_add(4))? } else { 0 };
            match take(first, second)? {
                Some(item) => (found, low) = (Some(item), middle.saturating_add(1)),
                None => high = middle,
            }
        }
        Ok(found)
    }

    /// What the .xdata record at `rva` says of instruction `at`.
    fn record(
        &self,
        memory: &dyn ReadMemory,
        rva: u32,
        at: u32,
    ) -> Result<Option<Vec<Operation>>, ImageError> {
        let first = self.word(memory, rva)?;
        let second = if Header::is_extended(first) { self.word(memory, rva.saturating_add(4))? } else { 0 };
        let header = Header::parse(first, second)?;
        if at >= header.length {
            return Ok(None);
        }
        let scopes = rva.saturating_add(header.size);
        let nearest = self.last(memory, scopes, 4, header.epilogues, |word, _| {
            let epilogue = Epilogue::decode(word);
            Ok((epilogue.start <= at).then_some(epilogue))
        })?;
        let mut codes = [0; 4 * 0xff];
        let codes = codes.get_mut(..usize::try_from(header.codes).unwrap_or(usize::MAX)).unwrap_or_default();
        self.read(memory, scopes.saturating_add(header.epilogues.saturating_mul(4)), codes)?;
        record::at(header, codes, at, nearest).map(Some)
    }

    fn word(&self, memory: &dyn ReadMemory, rva: u32) -> Result<u32, ImageError> {
        let mut word = [0; 4];
        self.read(memory, rva, &mut word)?;
        Ok(u32::from_le_bytes(word))
    }

    fn read(&self, memory: &dyn ReadMemory, rva: u32, buf: &mut [u8]) -> Result<(), ImageError> {
        read_image(memory, (self.base, self.image_size), rva, buf)
    }
}
