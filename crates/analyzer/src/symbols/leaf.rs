//! Whether an address belongs to the leaf function that begins below it.
//!
//! A leaf function calls nothing and has no RUNTIME_FUNCTION, so that an image does not say where it ends: the next may
//! begin anywhere behind a `ret` or `jmp`. It is proved to reach an address only if control comes there from its first
//! instruction without one.

use dumplens_core::ReadMemory;
use dumplens_core::unwind::FunctionTable;
use iced_x86::{Decoder, DecoderOptions, FlowControl};

/// Bytes of a leaf function that are looked at: without a call and without a frame, most have under 100.
const MOST: u32 = 512;

/// Whether the x64 function that begins at `begin` and has no RUNTIME_FUNCTION holds `rva`; both from the image's base.
/// Where its code is not in the dump, that is not known.
pub(super) fn reaches(memory: &dyn ReadMemory, table: &FunctionTable, begin: u32, rva: u32) -> bool {
    let Some(length) = rva.checked_sub(begin).filter(|length| *length < MOST) else { return false };
    let is_leaf = |rva| matches!(table.find(memory, rva), Ok(None));
    let from = table.base().wrapping_add(u64::from(begin));
    let mut code = vec![0; length as usize];
    if !is_leaf(begin) || memory.read(from, &mut code).is_err() {
        return false;
    }
    let mut decoder = Decoder::with_ip(64, &code, from, DecoderOptions::NONE);
    // The last instruction may go on behind `rva`, if that is the byte before a return address or a lie.
    while decoder.can_decode() {
        let at = begin + u32::try_from(decoder.position()).unwrap_or(u32::MAX);
        let goes_on = |flow| matches!(flow, FlowControl::Next | FlowControl::ConditionalBranch);
        let instruction = decoder.decode();
        if instruction.is_invalid() || !goes_on(instruction.flow_control()) || !is_leaf(at) {
            return false;
        }
    }
    true
}
