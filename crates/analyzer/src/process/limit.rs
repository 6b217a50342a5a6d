//! The end of the addresses that a 32-bit program can have.

use dumplens_core::{Dump, Width};

/// Without LARGE_ADDRESS_AWARE, and with it on 64-bit Windows.
const TWO_GIB: u64 = 1 << 31;
const FOUR_GIB: u64 = 1 << 32;
/// `IMAGE_DOS_HEADER.e_lfanew`, and from `IMAGE_NT_HEADERS` on `FileHeader.Characteristics`.
const LFANEW: u64 = 0x3c;
const CHARACTERISTICS: u64 = 0x16;
/// `IMAGE_FILE_LARGE_ADDRESS_AWARE`.
const LARGE_ADDRESS_AWARE: u16 = 0x20;

/// The end, by the header of the program at `base`; 4 GB if the dump does not keep that, `None` of 64-bit processes.
pub(super) fn of(dump: &Dump, base: Option<u64>) -> Option<u64> {
    let aware = || is_large_address_aware(dump, base?);
    match dump.width() {
        Width::Bits64 => None,
        Width::Bits32 if aware() == Some(false) => Some(TWO_GIB),
        Width::Bits32 => Some(FOUR_GIB),
    }
}

/// Whether the file header of the image at `base` says that it can handle addresses above 2 GB; `None` if the dump does not
/// contain it.
pub(crate) fn is_large_address_aware(dump: &Dump, base: u64) -> Option<bool> {
    let memory = dump.memory();
    let header = base.checked_add(u64::from(memory.u32(base.checked_add(LFANEW)?).ok()?))?;
    // "PE\0\0"
    (memory.u32(header).ok()? == 0x4550).then_some(())?;
    Some(memory.u16(header.checked_add(CHARACTERISTICS)?).ok()? & LARGE_ADDRESS_AWARE != 0)
}
