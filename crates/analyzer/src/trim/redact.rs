//! Memory without what people wrote: pointers, small numbers and structures stay, everything else becomes zero.

use std::collections::HashSet;

use dumplens_core::process::kuser;
use dumplens_core::{MemoryType, Spans, Width};

use crate::facts::Facts;
use crate::process::stack_use;
use crate::process::{Process, extent};
use crate::space::PAGE;
use crate::space::WRITABLE;

/// Values up to here say too little to be a secret, and stay.
const SMALL: u64 = 0xffff;

/// Zeroes what is not needed.
pub(super) struct Redactor<'p> {
    process: &'p Process<'p>,
    /// Memory that stays as it is: structures of Windows that were read, images that were not written to.
    exact: Spans,
    /// Stacks of the threads.
    stacks: Spans,
    /// Return addresses of all frames.
    ips: HashSet<u64>,
    /// Bytes of a pointer.
    pointer: usize,
}

impl<'p> Redactor<'p> {
    /// `structures` is what was read to find TEBs, PEBs and heaps, `reads` all that was read.
    pub(super) fn new(
        process: &'p Process<'p>,
        facts: &Facts,
        keep: &Spans,
        structures: Spans,
        reads: &Spans,
    ) -> Redactor<'p> {
        let mut exact = structures;
        exact.add(kuser::ADDRESS, PAGE);
        for (start, end) in keep.runs() {
            let mut page = start;
            while page < end {
                if is_constant_image(process, page) {
                    exact.add(page, PAGE);
                }
                page = page.saturating_add(PAGE);
            }
        }
        // Names of types lie in written parts of images, too.
        for (base, end) in process.modules.iter().map(extent) {
            for (from, until) in reads.within(base, end) {
                let from = from.max(base);
                exact.add(from, until.min(end).saturating_sub(from));
            }
        }
        let mut stacks = Spans::default();
        for teb in process.threads.iter().flat_map(|t| [t.teb, t.teb32]).flatten() {
            let end = teb.address.saturating_add(2 * PAGE);
            for (from, until) in reads.within(teb.address, end) {
                let from = from.max(teb.address);
                exact.add(from, until.min(end).saturating_sub(from));
            }
            // The one byte that shows how deep the stack was ever used.
            if let Some(lowest) = stack_use::deepest(process, &teb) {
                exact.add(lowest, 1);
            }
            stacks.add(teb.stack_limit, teb.stack_base.saturating_sub(teb.stack_limit));
        }
        let records = facts.threads.iter().filter_map(|thread| thread.exceptions.as_ref()).flatten();
        for record in records {
            exact.add(record.at.0, record.size);
        }
        for saved in saved_ebps(process, facts) {
            exact.add(saved, 8);
        }
        for (from, len) in crash(process, facts) {
            exact.add(from, len);
        }
        let frames = facts.threads.iter().filter_map(|thread| thread.frames.as_ref()).flatten();
        let ips = frames.map(|frame| frame.ip.0).collect();
        Redactor { process, exact, stacks, ips, pointer: process.dump.width().bytes() }
    }

    /// Zeroes, of the bytes at `address`, what is not to be kept.
    pub(super) fn edit(&self, address: u64, bytes: &mut [u8]) {
        let before = bytes.to_vec();
        let index =
            |at: u64| usize::try_from(at.saturating_sub(address)).unwrap_or(usize::MAX).min(before.len());
        let head = index(address.saturating_add(address.wrapping_neg() % 8));
        let (unaligned, aligned) = bytes.split_at_mut(head);
        unaligned.fill(0);
        for slot in aligned.chunks_mut(8) {
            self.edit_slot(slot);
        }
        let end = address.saturating_add(bytes.len() as u64);
        for (from, until) in self.exact.within(address, end) {
            let part = index(from)..index(until);
            bytes[part.clone()].copy_from_slice(&before[part]);
        }
    }

    /// Eight bytes: one pointer or two. A 32-bit process in a 64-bit dump has both.
    fn edit_slot(&self, slot: &mut [u8]) {
        let both = self.process.wow64 == Some(true);
        if self.pointer == 8 && self.stays(slot) {
            return;
        }
        let parts = if self.pointer == 8 && !both { 8 } else { 4 };
        for part in slot.chunks_mut(parts) {
            if !self.stays(part) {
                part.fill(0);
            }
        }
    }

    fn stays(&self, slot: &[u8]) -> bool {
        let value = slot.iter().rev().fold(0, |value: u64, byte| value << 8 | u64::from(*byte));
        if value <= SMALL || self.ips.contains(&value) || self.stacks.holds(value) {
            return slot.len() >= 4;
        }
        slot.len() >= 4 && !is_text(slot) && self.points_somewhere(value)
    }

    fn points_somewhere(&self, value: u64) -> bool {
        self.process.space.region_at(value).is_some_and(|region| !region.state.is_free())
    }
}

/// The crashing instruction, and the address that it may return to.
fn crash(process: &Process<'_>, facts: &Facts) -> Vec<(u64, u64)> {
    const INSTRUCTION: u64 = 15;
    let analysed = facts.exception.as_ref().and_then(|exception| exception.analysis.as_ref());
    let exception = process.dump.exception().ok().flatten();
    let context = exception.and_then(|e| e.context);
    match (analysed.is_some_and(|found| found.instruction.is_some()), context) {
        (true, Some(context)) => {
            vec![(context.ip, INSTRUCTION), (context.sp, 8)]
        }
        _ => Vec::new(),
    }
}

/// EBPs that are followed from each frame on.
const CHAIN: usize = 64;

/// Where x86 frames keep EBP and the return address: the walk looks at both, to the end of the chain.
fn saved_ebps(process: &Process<'_>, facts: &Facts) -> Vec<u64> {
    if process.dump.width() != Width::Bits32 {
        return Vec::new();
    }
    let frames = facts.threads.iter().filter_map(|thread| thread.frames.as_ref()).flatten();
    let saved = frames.filter(|frame| frame.trust != "context").map(|frame| frame.sp.0.wrapping_sub(8));
    let mut all: Vec<u64> = saved.collect();
    let contexts = process.threads.iter().filter_map(|thread| process.dump.context(thread.index));
    all.extend(contexts.filter_map(|context| context.register("ebp")));
    let crashed = process.dump.exception().ok().flatten();
    let context = crashed.and_then(|e| e.context);
    all.extend(context.and_then(|context| context.register("ebp")));
    for first in all.clone() {
        let next = |at: &u64| process.dump.memory().u32(*at).ok().map(u64::from).filter(|next| next > at);
        all.extend(std::iter::successors(next(&first), next).take(CHAIN));
    }
    all
}

/// Whether the page belongs to an image and cannot have been written to.
fn is_constant_image(process: &Process<'_>, page: u64) -> bool {
    let region = process.space.region_at(page).filter(|_| process.space.is_mapped());
    region.is_some_and(|r| r.kind == MemoryType::IMAGE && r.protect.0 & WRITABLE == 0)
}

/// Whether the bytes are as those of a text, ASCII or UTF-16, that may end there.
fn is_text(slot: &[u8]) -> bool {
    let printable = |byte: &u8| (b' '..=b'~').contains(byte);
    let letters = slot.iter().take_while(|byte| printable(byte)).count();
    let narrow = letters >= 3 && slot[letters..].iter().all(|byte| *byte == 0);
    let pairs: Vec<&[u8]> = slot.chunks(2).collect();
    let wide = pairs.iter().take_while(|pair| printable(&pair[0]) && pair.get(1) == Some(&0)).count();
    narrow || (wide >= 2 && pairs[wide..].iter().flat_map(|pair| *pair).all(|byte| *byte == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_pointers() {
        for text in [&b"abcd"[..], b"abc\0", b"secrets!", b"key\0\0\0\0\0", b"a\0b\0", b"a\0b\0c\0\0\0"] {
            assert!(is_text(text), "{text:?}");
        }
        for pointer in [0x0040_1234u64, 0x7ff6_4000_1004, 0x0000_0040_002f_fc00] {
            assert!(!is_text(&pointer.to_le_bytes()), "{pointer:#x}");
        }
    }
}
