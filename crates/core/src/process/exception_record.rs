//! EXCEPTION_RECORD of winnt.h as it lies on stacks: the kernel, RaiseException and handlers leave copies there.
//!
//! Offsets are in hex, `x86 / x64`; ARM64 is as x64: ExceptionCode 0 / 0, ExceptionFlags 4 / 4, ExceptionRecord 8 / 8,
//! ExceptionAddress c / 10, NumberParameters 10 / 18, ExceptionInformation 14 / 20 (15 of them).

use std::ops::Range;

use crate::arch::Width;
use crate::limits;
use crate::memory::Memory;

/// `EXCEPTION_MAXIMUM_PARAMETERS`.
const MAXIMUM_PARAMETERS: u32 = 15;
/// `EXCEPTION_NONCONTINUABLE` to `EXCEPTION_COLLIDED_UNWIND` (1 to 40), and `EXCEPTION_SOFTWARE_ORIGINATE` (80).
const FLAGS: u32 = 0xff;

/// Bytes that have the form of an EXCEPTION_RECORD. Whether they are one is judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionRecord {
    /// `ExceptionCode`; not zero.
    pub code: u32,
    /// `ExceptionFlags`; none but those that winnt.h defines.
    pub flags: u32,
    /// `ExceptionRecord`: address of the exception during which this one happened, or zero.
    pub record: u64,
    /// `ExceptionAddress`; not zero.
    pub address: u64,
    /// `ExceptionInformation`, as many as `NumberParameters` says; at most 15.
    pub parameters: Vec<u64>,
}

impl ExceptionRecord {
    /// The record at the start of `bytes`; `None` if they cannot be one, or are too few.
    pub fn parse(bytes: &[u8], width: Width) -> Option<ExceptionRecord> {
        let long = |at: usize| {
            let field = bytes.get(at..)?.first_chunk()?;
            Some(u32::from_le_bytes(*field))
        };
        let pointer = |at: usize| match width {
            Width::Bits32 => long(at).map(u64::from),
            Width::Bits64 => bytes.get(at..)?.first_chunk().map(|field| u64::from_le_bytes(*field)),
        };
        let at = |x86: usize, x64: usize| if width == Width::Bits32 { x86 } else { x64 };
        let (code, flags) = begin(bytes)?;
        let count = long(at(0x10, 0x18))?;
        let address = pointer(at(0xc, 0x10))?;
        if count > MAXIMUM_PARAMETERS || address == 0 {
            return None;
        }
        let first = at(0x14, 0x20);
        let parameter = |n: u32| pointer(first.saturating_add(width.bytes().saturating_mul(n as usize)));
        let parameters = (0..count).map(parameter).collect::<Option<Vec<u64>>>()?;
        Some(ExceptionRecord { code, flags, record: pointer(8)?, address, parameters })
    }

    /// Bytes from its start to its last parameter.
    pub fn size(&self, width: Width) -> u64 {
        let parameters = (self.parameters.len() as u64).saturating_mul(width.bytes() as u64);
        width.pick(0x14, 0x20).saturating_add(parameters)
    }
}

/// Code and flags at the start of `bytes`, if they can be those of a record.
fn begin(bytes: &[u8]) -> Option<(u32, u32)> {
    let [code @ .., _, _, _, _] = *bytes.first_chunk::<8>()?;
    let [_, _, _, _, flags @ ..] = *bytes.first_chunk::<8>()?;
    let (code, flags) = (u32::from_le_bytes(code), u32::from_le_bytes(flags));
    (code != 0 && flags & !FLAGS == 0).then_some((code, flags))
}

/// A search of stacks for exception records, bounded by a number of bytes.
#[derive(Debug)]
pub struct RecordSearch<'d> {
    memory: Memory<'d>,
    left: u64,
    /// What is read into; never made shorter.
    bytes: Vec<u8>,
}

impl<'d> RecordSearch<'d> {
    /// Nothing is read yet.
    pub fn new(memory: Memory<'d>) -> RecordSearch<'d> {
        RecordSearch { memory, left: limits::RECORD_SEARCH_IN_ALL, bytes: Vec::new() }
    }

    /// Whether less is left to be read than a stack takes as a rule.
    pub fn is_spent(&self) -> bool {
        self.left < limits::RECORD_SEARCH_BELOW
    }

    /// The part of a stack to search, from the stack pointer on. `stack` is the range of its addresses.
    pub fn above(sp: u64, stack: &Range<u64>) -> Range<u64> {
        sp.max(stack.start)..sp.saturating_add(limits::RECORD_SEARCH_ABOVE).min(stack.end)
    }

    /// What is worth a look below it: there lies what calls that have returned left.
    pub fn below(sp: u64, stack: &Range<u64>) -> Range<u64> {
        sp.saturating_sub(limits::RECORD_SEARCH_BELOW).max(stack.start)..sp.min(stack.end)
    }

    /// What is worth a look of a stack whose stack pointer is not known: its end.
    pub fn before(end: u64) -> Range<u64> {
        end.saturating_sub(limits::RECORD_SEARCH_ABOVE)..end
    }

    /// Calls `found` with the address of all that has the form of a record and passes `wanted`, which sees its code.
    /// What the dump does not keep is passed over. Returns whether there was anything to read; `None`, with nothing
    /// read, if all stacks together are too much.
    pub fn search(
        &mut self,
        range: Range<u64>,
        width: Width,
        wanted: impl Fn(u32) -> bool,
        mut found: impl FnMut(u64, ExceptionRecord),
    ) -> Option<bool> {
        let align = width.bytes() as u64;
        self.left = self.left.checked_sub(range.end.saturating_sub(range.start))?;
        let mut at = range.start.checked_next_multiple_of(align).unwrap_or(range.end);
        let mut any = false;
        while at < range.end {
            let have = self.memory.available(at, range.end.saturating_sub(at));
            let bytes = self.read(at, have);
            any |= !bytes.is_empty();
            let mut place = at;
            let mut rest = bytes;
            while !rest.is_empty() {
                // Of most words this is all that is looked at: zeros, and pointers of 64 bits.
                if begin(rest).is_some_and(|(code, _)| wanted(code))
                    && let Some(record) = ExceptionRecord::parse(rest, width)
                {
                    found(place, record);
                }
                place = place.saturating_add(align);
                rest = rest.get(width.bytes()..).unwrap_or_default();
            }
            let missing = at.saturating_add(have);
            if self.memory.is_redacted(missing) {
                let next = self.memory.next_kept(missing, range.end).unwrap_or(range.end);
                at = next.checked_next_multiple_of(align).unwrap_or(range.end);
                continue;
            }
            // On with the page behind what is missing.
            at = missing.saturating_add(1).checked_next_multiple_of(limits::PAGE).unwrap_or(range.end);
        }
        Some(any)
    }

    /// The `len` bytes at `address`, found to be there; none if they cannot be read.
    fn read(&mut self, address: u64, len: u64) -> &[u8] {
        let len = usize::try_from(len).unwrap_or(0);
        if self.bytes.len() < len {
            self.bytes.resize(len, 0);
        }
        let bytes = self.bytes.get_mut(..len).unwrap_or_default();
        match self.memory.read(address, bytes) {
            Ok(()) => bytes,
            Err(_) => &[],
        }
    }
}
