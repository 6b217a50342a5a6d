//! The end of the addresses that a 32-bit program can have.

use dumplens_core::pe::is_large_address_aware;
use dumplens_core::{Dump, Width};

/// Without LARGE_ADDRESS_AWARE, and with it on 64-bit Windows.
const TWO_GIB: u64 = 1 << 31;
const FOUR_GIB: u64 = 1 << 32;

/// The end, by the header of the program at `base`; 4 GB if the dump does not keep that, `None` of 64-bit processes.
pub(super) fn of(dump: &Dump, base: Option<u64>) -> Option<u64> {
    let aware = || is_large_address_aware(dump.memory(), base?);
    match dump.width() {
        Width::Bits64 => None,
        Width::Bits32 if aware() == Some(false) => Some(TWO_GIB),
        Width::Bits32 => Some(FOUR_GIB),
    }
}
