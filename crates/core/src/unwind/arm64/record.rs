//! What a function's entry says of its frame, at one of its instructions.
//!
//! An .xdata record: FunctionLength 0 to 17 (in instructions), Vers 18 to 19, X 20, E 21, EpilogCount 22 to 26,
//! CodeWords 27 to 31; where the last two are 0, a second word with ExtendedEpilogCount 0 to 15 and
//! ExtendedCodeWords 16 to 23. Then, unless E is set, a word for each epilogue: EpilogStartOffset 0 to 17 (in
//! instructions), EpilogStartIndex 22 to 31 (in bytes of codes); then the codes. If E is set, the count is the index
//! of the only epilogue, which ends the function.

use super::code::{Operation, sequence};
use super::malformed;
use crate::pe::ImageError;

/// A canonical function, or the whole of a fragment of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// What undoes all of the prologue, the last instruction first.
    pub(super) prologue: Vec<Operation>,
    /// What an epilogue at the end of the function does, in its order, without the return.
    pub(super) epilogue: Option<Vec<Operation>>,
}

impl Frame {
    /// What is to be undone at instruction `at` of a function of `length` instructions.
    pub(super) fn at(self, at: u32, length: u32) -> Vec<Operation> {
        if let Some(rest) = in_prologue(&self.prologue, at) {
            return rest;
        }
        let last = self.epilogue.and_then(|all| {
            let start = length.checked_sub(instructions(&all).saturating_add(1))?;
            Some(rest(all, at.checked_sub(start)?))
        });
        last.unwrap_or(self.prologue)
    }
}

/// How many instructions the first part of a sequence stands for.
fn instructions(operations: &[Operation]) -> u32 {
    let own = operations.iter().take_while(|operation| **operation != Operation::Chained);
    // The structures that only assembler code leaves are no instructions of a prologue.
    let frames = [Operation::MachineFrame, Operation::Context, Operation::Interrupted];
    u32::try_from(own.filter(|operation| !frames.contains(operation)).count()).unwrap_or(u32::MAX)
}

/// What is left of a sequence when so many of its instructions need no undoing.
fn rest(mut operations: Vec<Operation>, skip: u32) -> Vec<Operation> {
    let own = operations.iter().take_while(|operation| **operation != Operation::Chained).count();
    operations.drain(..own.min(usize::try_from(skip).unwrap_or(usize::MAX)));
    operations
}

/// What is to be undone of a prologue that has not run to its end; `None` behind it.
fn in_prologue(prologue: &[Operation], at: u32) -> Option<Vec<Operation>> {
    let left = instructions(prologue).checked_sub(at).filter(|left| *left > 0)?;
    Some(rest(prologue.to_vec(), left))
}

/// The header of an .xdata record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Instructions of the function.
    pub(super) length: u32,
    /// The index of the codes of the only epilogue.
    pub(super) only: Option<u32>,
    /// How many words follow that each say where an epilogue is.
    pub(super) epilogues: u32,
    /// Bytes of codes.
    pub(super) codes: u32,
    /// Bytes of the header.
    pub(super) size: u32,
}

impl Header {
    /// By its first word, and the second one, which not every record has.
    pub(super) fn parse(first: u32, second: u32) -> Result<Header, ImageError> {
        if first >> 18 & 3 != 0 {
            return Err(malformed(format!("an .xdata record of version {}", first >> 18 & 3)));
        }
        let extended = Header::is_extended(first);
        let (count, words) =
            if extended { (second & 0xffff, second >> 16 & 0xff) } else { (first >> 22 & 0x1f, first >> 27) };
        let single = first >> 21 & 1 == 1;
        Ok(Header {
            length: first & 0x3_ffff,
            only: single.then_some(count),
            epilogues: if single { 0 } else { count },
            codes: words.saturating_mul(4),
            size: if extended { 8 } else { 4 },
        })
    }

    pub(super) fn is_extended(first: u32) -> bool {
        first >> 22 == 0
    }
}

/// One of a function's epilogues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Epilogue {
    /// The instruction with which it begins.
    pub(super) start: u32,
    /// Where its codes begin.
    pub(super) index: u32,
}

impl Epilogue {
    pub(super) fn decode(word: u32) -> Epilogue {
        Epilogue { start: word & 0x3_ffff, index: word >> 22 }
    }
}

/// What is to be undone at instruction `at` by the codes of a record; `nearest` is the last epilogue that begins at or
/// before it.
pub(super) fn at(
    header: Header,
    codes: &[u8],
    at: u32,
    nearest: Option<Epilogue>,
) -> Result<Vec<Operation>, ImageError> {
    let index = |index: u32| usize::try_from(index).unwrap_or(usize::MAX);
    let prologue = sequence(codes, 0)?;
    if let Some(only) = header.only {
        // The codes of the epilogue may be damaged, or none, where that is not where the thread is.
        let can_reach =
            at.saturating_add(header.codes.saturating_sub(only)).saturating_add(1) >= header.length;
        let epilogue = if can_reach { Some(sequence(codes, index(only))?) } else { None };
        return Ok(Frame { prologue, epilogue }.at(at, header.length));
    }
    if let Some(rest) = in_prologue(&prologue, at) {
        return Ok(rest);
    }
    if let Some(nearest) = nearest {
        let all = sequence(codes, index(nearest.index))?;
        let done = at.saturating_sub(nearest.start);
        if done <= instructions(&all) {
            return Ok(rest(all, done));
        }
    }
    Ok(prologue)
}
