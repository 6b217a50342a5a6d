//! The exception directory: RUNTIME_FUNCTIONs in order of address, 12 bytes each.

use std::sync::Arc;

use super::info::{HEAD, UnwindInfo};
use super::read_image;
use crate::limits;
use crate::memory::Memory;
use crate::pages::ReadMemory;
use crate::pe::ImageError;

/// Bytes of a RUNTIME_FUNCTION.
const ENTRY: u32 = 12;
/// In `UnwindInfoAddress`: it is the address of another RUNTIME_FUNCTION, not of a record.
const INDIRECT: u32 = 1;

/// A function, or a part of one: offsets from the image base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuntimeFunction {
    /// `BeginAddress`.
    pub begin: u32,
    /// `EndAddress`, exclusive.
    pub end: u32,
    /// `UnwindInfoAddress`, as stored.
    pub unwind_info: u32,
}

impl RuntimeFunction {
    /// Whether the function holds `rva`.
    pub fn holds(&self, rva: u32) -> bool {
        (self.begin..self.end).contains(&rva)
    }

    /// Whether it can be a part of an image of this many bytes.
    fn is_in(&self, image_size: u32) -> bool {
        self.begin < self.end && self.end <= image_size
    }

    pub(crate) fn decode(entry: &[u8]) -> RuntimeFunction {
        let [begin, end, unwind_info] = [0, 4, 8].map(|at: usize| {
            let field = entry.get(at..).and_then(<[u8]>::first_chunk).copied();
            u32::from_le_bytes(field.unwrap_or_default())
        });
        RuntimeFunction { begin, end, unwind_info }
    }
}

/// The exception directory of an image. Cheap to clone; reads nothing before the first lookup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionTable {
    base: u64,
    image_size: u32,
    rva: u32,
    count: u32,
    /// The functions in order of address, where the directory has them in another.
    sorted: Option<Arc<[RuntimeFunction]>>,
}

impl FunctionTable {
    /// The directory of `size` bytes at `rva` of an image of `image_size` bytes at `base`. Entries outside the
    /// image fail when they are read.
    pub fn new(base: u64, image_size: u32, rva: u32, size: u32) -> FunctionTable {
        let count = size.checked_div(ENTRY).unwrap_or(0);
        FunctionTable { base, image_size, rva, count, sorted: None }
    }

    /// A table whose entries are known, of code at no image: their offsets, and those of their records, are from `base`.
    pub(crate) fn of(base: u64, mut functions: Vec<RuntimeFunction>) -> FunctionTable {
        let count = u32::try_from(functions.len()).unwrap_or(u32::MAX);
        functions.retain(|function| function.is_in(u32::MAX));
        functions.sort_by_key(|function| function.begin);
        FunctionTable { base, image_size: u32::MAX, rva: 0, count, sorted: Some(functions.into()) }
    }

    /// The image's base.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// How many entries the directory has room for.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The table with its functions in order, if the directory's are not: linkers should sort it, and Go's does not.
    /// `None` if the directory is in order, or is not kept whole. Reads all of it.
    pub fn put_in_order(&self, memory: Memory<'_>) -> Option<FunctionTable> {
        if self.sorted.is_some() {
            return None;
        }
        let (at, size) = (self.base.wrapping_add(self.rva.into()), self.count.checked_mul(ENTRY)?);
        self.rva.checked_add(size).filter(|end| *end <= self.image_size)?;
        let unnoted = memory.unnoted();
        let mut bytes = [0; ENTRY as usize * 256];
        let mut last = 0;
        let mut ordered = true;
        let mut functions = Vec::new();
        // What is in order, as nearly every directory, is not held.
        for pass in [false, true] {
            let mut done = 0;
            while done < size {
                let part = bytes.get_mut(..size.saturating_sub(done).min(ENTRY * 256) as usize)?;
                unnoted.read(at.wrapping_add(done.into()), part).ok()?;
                for entry in part.chunks_exact(ENTRY as usize) {
                    let function = RuntimeFunction::decode(entry);
                    if pass && function.is_in(self.image_size) {
                        functions.push(function);
                    }
                    ordered &= last <= function.begin;
                    last = function.begin;
                }
                done = done.saturating_add(ENTRY * 256);
            }
            if ordered {
                return None;
            }
        }
        memory.note(at, size.into());
        functions.sort_by_key(|function| function.begin);
        Some(FunctionTable { sorted: Some(functions.into()), ..self.clone() })
    }

    /// The function that covers `rva`: `Ok(None)` if none does, as for a leaf function. At most 32 entries are read,
    /// regardless of the size of the directory. An entry outside the image is an error.
    pub fn find(&self, memory: &dyn ReadMemory, rva: u32) -> Result<Option<RuntimeFunction>, ImageError> {
        Ok(self.below(memory, rva)?.filter(|function| function.holds(rva)))
    }

    /// The last function that begins at or below `rva`, whether it reaches there or not. See [`FunctionTable::find`].
    pub fn below(&self, memory: &dyn ReadMemory, rva: u32) -> Result<Option<RuntimeFunction>, ImageError> {
        if let Some(sorted) = &self.sorted {
            let behind = sorted.partition_point(|function| function.begin <= rva);
            return Ok(behind.checked_sub(1).and_then(|n| sorted.get(n)).copied());
        }
        let (mut low, mut high) = (0, self.count);
        let mut below = None;
        while low < high {
            let middle = low.midpoint(high);
            let at = self.rva.saturating_add(middle.saturating_mul(ENTRY));
            let function = self.entry(memory, at)?;
            if !function.is_in(self.image_size) {
                return Err(ImageError::Malformed(format!(
                    "RUNTIME_FUNCTION {middle}: no part of the image"
                )));
            }
            if rva < function.begin {
                high = middle;
                continue;
            }
            below = Some(function);
            if function.holds(rva) {
                break;
            }
            low = middle.saturating_add(1);
        }
        Ok(below)
    }

    /// The record of a function. An indirect one is followed, 32 times at most.
    pub fn unwind_info(
        &self,
        memory: &dyn ReadMemory,
        function: &RuntimeFunction,
    ) -> Result<UnwindInfo, ImageError> {
        let mut rva = function.unwind_info;
        for _ in 0..limits::UNWIND_CHAIN {
            if rva & INDIRECT == 0 {
                return self.record(memory, rva);
            }
            rva = self.entry(memory, rva & !INDIRECT)?.unwind_info;
        }
        Err(ImageError::Malformed("a RUNTIME_FUNCTION that refers to others without end".into()))
    }

    /// The function that a part belongs to: the end of its chain, itself if it has none.
    pub fn primary(
        &self,
        memory: &dyn ReadMemory,
        function: RuntimeFunction,
    ) -> Result<RuntimeFunction, ImageError> {
        let records = self.records(memory, &function)?;
        Ok(records.iter().rev().find_map(|info| info.chained).unwrap_or(function))
    }

    /// The records of a function, first its own, then those it is chained to: at most
    /// 32, and none after 512 codes in all.
    pub fn records(
        &self,
        memory: &dyn ReadMemory,
        function: &RuntimeFunction,
    ) -> Result<Vec<UnwindInfo>, ImageError> {
        let mut records = vec![self.unwind_info(memory, function)?];
        while let Some(parent) = records.last().and_then(|info| info.chained) {
            let codes: usize = records.iter().map(|info| info.codes.len()).sum();
            if records.len() >= limits::UNWIND_CHAIN || codes > limits::UNWIND_CODES {
                return Err(ImageError::Malformed("a chain of UNWIND_INFO records without end".into()));
            }
            records.push(self.unwind_info(memory, &parent)?);
        }
        Ok(records)
    }

    fn record(&self, memory: &dyn ReadMemory, rva: u32) -> Result<UnwindInfo, ImageError> {
        let mut bytes = [0; 4 + 2 * 256 + 12];
        let mut head = [0; HEAD];
        self.read(memory, rva, &mut head)?;
        let record = bytes.get_mut(..UnwindInfo::size(head)).unwrap_or_default();
        self.read(memory, rva, record)?;
        UnwindInfo::parse(record)
    }

    fn entry(&self, memory: &dyn ReadMemory, rva: u32) -> Result<RuntimeFunction, ImageError> {
        let mut bytes = [0; ENTRY as usize];
        self.read(memory, rva, &mut bytes)?;
        Ok(RuntimeFunction::decode(&bytes))
    }

    fn read(&self, memory: &dyn ReadMemory, rva: u32, buf: &mut [u8]) -> Result<(), ImageError> {
        read_image(memory, (self.base, self.image_size), rva, buf)
    }
}
