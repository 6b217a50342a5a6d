//! Packed unwind data: the prologue and the epilogue of a canonical function, in the entry itself.
//!
//! Flag 0 to 1, FunctionLength 2 to 12 (in instructions), RegF 13 to 15, RegI 16 to 19, H 20, CR 21 to 22, FrameSize 23
//! to 31 (in 16 bytes).

use super::code::Operation;
use super::malformed;
use super::record::Frame;
use crate::pe::ImageError;

/// CR: x30 is saved behind the other registers; x29 and x30 are saved, which makes a frame record, x30 signed or not.
const SAVES_LINK: u32 = 1;
const SIGNED: u32 = 2;
const CHAINED: u32 = 3;
/// Flag: a part of a function without a prologue and an epilogue.
const FRAGMENT: u32 = 2;

/// Instructions of the function that a packed entry describes.
pub(super) fn length(word: u32) -> u32 {
    word >> 2 & 0x7ff
}

/// What undoes the function's prologue and its epilogue.
pub(super) fn frame(word: u32) -> Result<Frame, ImageError> {
    let field = |shift: u32, bits: u32| word >> shift & (1u32 << bits).wrapping_sub(1);
    let (floats, integers, homes) = (field(13, 3), field(16, 4), field(20, 1) == 1);
    let (link, size) = (field(21, 2), field(23, 9).saturating_mul(2));
    // In slots of 8 bytes.
    let saved_floats = floats.saturating_add(u32::from(floats != 0));
    let saved = integers.saturating_add(u32::from(link == SAVES_LINK)).saturating_add(saved_floats);
    let homed = if homes && saved > 0 { 8 } else { 0 };
    let area = saved.saturating_add(homed).next_multiple_of(2);
    let locals = size.checked_sub(area).filter(|_| integers <= 10);
    let locals = locals.ok_or_else(|| malformed(format!("packed unwind data {word:#x}")))?;

    let mut prologue = Prologue { done: Vec::new(), area, slot: 0 };
    if link == SIGNED {
        prologue.done.push(Operation::Signed);
    }
    prologue.integers(integers, link == SAVES_LINK);
    prologue.floats(saved_floats);
    let before_homes = prologue.done.len();
    if homed > 0 {
        prologue.done.extend([Operation::Nothing; 4]);
    }
    let after_homes = prologue.done.len();
    let chained = matches!(link, SIGNED | CHAINED);
    if locals > 0 {
        prologue.locals(bytes(locals), chained);
    }

    let all: Vec<Operation> = prologue.done.iter().rev().copied().collect();
    if word & 3 == FRAGMENT {
        // Nothing of it is a prologue.
        return Ok(Frame { prologue: [vec![Operation::Chained], all].concat(), epilogue: None });
    }
    // The epilogue restores no parameters, and sp does not come from x29.
    let (before, after) = (prologue.done.get(..before_homes), prologue.done.get(after_homes..));
    let kept = before.into_iter().chain(after).flatten().filter(|o| !matches!(o, Operation::FromFrame(_)));
    Ok(Frame { prologue: all, epilogue: Some(kept.rev().copied().collect()) })
}

fn bytes(slots: u32) -> u32 {
    slots.saturating_mul(8)
}

/// The instructions of a prologue, in the order in which they run.
struct Prologue {
    done: Vec<Operation>,
    /// Slots of the area for saved registers, which the first of them lowers sp by.
    area: u32,
    /// The next of them.
    slot: u32,
}

impl Prologue {
    /// Where the next registers go: the first ones lower sp.
    fn place(&mut self, slots: u32) -> (u32, u32) {
        let at = self.slot;
        self.slot = at.saturating_add(slots);
        if at == 0 { (0, bytes(std::mem::take(&mut self.area))) } else { (bytes(at), 0) }
    }

    fn restore(&mut self, first: u32, second: Option<u8>) {
        let (offset, release) = self.place(if second.is_some() { 2 } else { 1 });
        let first = u8::try_from(first).unwrap_or(u8::MAX);
        self.done.push(Operation::Restore { first, second, offset, release });
    }

    /// x19 and those behind it, in pairs; x30 pairs with one that is left over.
    fn integers(&mut self, count: u32, link: bool) {
        if count == 1 && link {
            // No code saves this pair and lowers sp.
            let area = bytes(std::mem::take(&mut self.area));
            self.done.push(Operation::Release(area));
        }
        let mut next = 19u32;
        let end = next.saturating_add(count);
        while next < end {
            let second = next.saturating_add(1);
            let pair = if second < end { u8::try_from(second).ok() } else { link.then_some(30) };
            self.restore(next, pair);
            next = next.saturating_add(2);
        }
        if link && count.is_multiple_of(2) {
            self.restore(30, None);
        }
    }

    fn floats(&mut self, count: u32) {
        let mut left = count;
        while left > 0 {
            let pair = left > 1;
            let (_, release) = self.place(if pair { 2 } else { 1 });
            self.done.push(Operation::RestoreFloat { pair, release });
            left = left.saturating_sub(2);
        }
    }

    /// The locals, and the frame record below them.
    fn locals(&mut self, size: u32, chained: bool) {
        const MOST_WITH_RECORD: u32 = 512;
        let record = |release| Operation::Restore { first: 29, second: Some(30), offset: 0, release };
        match (chained, size <= MOST_WITH_RECORD) {
            (true, true) => self.done.extend([record(size), Operation::FromFrame(0)]),
            (true, false) => {
                self.done.extend([Operation::Release(size), record(0), Operation::FromFrame(0)]);
            }
            (false, _) => self.done.push(Operation::Release(size)),
        }
    }
}
