//! MiscInfoStream (15): `MINIDUMP_MISC_INFO` in five lengths (0x18, 0x2c, 0xe8, 0x340, 0x554).

use super::malformed;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::extract::Extract;
use crate::limits;

const LEAST: u64 = 0x18;

/// Copies as much as there is: the crate takes the longest version that fits.
pub(crate) fn copy(at: &StreamLocation, out: &mut Extract<'_, '_>) -> Result<(), Damage> {
    if at.present < LEAST {
        return Err(malformed(at.kind, format!("{} bytes, at least {LEAST} expected", at.present)));
    }
    let bytes = out.meta.bytes(at.rva, at.present.min(limits::SMALL_STREAM_BYTES))?.unwrap_or_default();
    out.stream(at.kind, &[&bytes])
}
