//! Unreal Engine's assertions: RaiseException(0x4000), whose parameter 0 is the address of an `FAssertInfo`
//! (WindowsPlatformCrashContext.cpp); that begins with the address of the message, in UTF-16.

use crate::arch::Width;
use crate::limits;
use crate::memory::Memory;
use crate::utf16;

/// The message that parameter 0 points to; `None` if it cannot be read or is not text.
pub fn message(memory: Memory<'_>, parameter: u64, width: Width) -> Option<String> {
    let at = memory.pointer(parameter, width).ok()?;
    let most = (limits::UNREAL_TEXT_CHARACTERS as u64).checked_mul(2)?;
    let bytes = memory.bytes(at, memory.available(at, most) & !1).ok()?;
    let units: Vec<u16> = utf16::units(&bytes).take_while(|unit| *unit != 0).collect();
    let text = String::from_utf16(&units).ok()?;
    let printable = text.chars().all(|c| !c.is_control() || c.is_whitespace());
    (printable && text.chars().count() >= 4).then_some(text)
}
