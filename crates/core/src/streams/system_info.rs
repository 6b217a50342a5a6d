//! SystemInfoStream (7): `MINIDUMP_SYSTEM_INFO`, 0x38 bytes, `CSDVersionRva` at 0x18.

use zerocopy::little_endian::{U16, U32};

use super::{malformed, table};
use crate::arch::Arch;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::extract::{Extract, Losses};

const SIZE: u64 = 0x38;
const CSD_VERSION_RVA: usize = 0x18;

/// Copies the stream, and says which processor it names.
pub(crate) fn copy(
    at: &StreamLocation,
    out: &mut Extract<'_, '_>,
    damage: &mut Vec<Damage>,
) -> Result<Arch, Damage> {
    let arch = Arch::from_raw(table::structure::<U16>(out.meta, at)?.get());
    if at.present < SIZE {
        return Err(malformed(at.kind, format!("{} bytes, {SIZE} expected", at.present)));
    }
    let mut bytes = out.meta.bytes(at.rva, SIZE)?.unwrap_or_default();
    let mut losses = Losses::default();
    if let Some(rva) = bytes.get_mut(CSD_VERSION_RVA..CSD_VERSION_RVA.saturating_add(4)) {
        let csd = u32::from_le_bytes(<[u8; 4]>::try_from(&*rva).unwrap_or_default());
        // Zero is how several writers say that there is no service pack.
        let mut ignored = Losses::default();
        let text = out.string(u64::from(csd), 0, if csd == 0 { &mut ignored } else { &mut losses });
        rva.copy_from_slice(&U32::get(text).to_le_bytes());
    }
    losses.report(at.kind, damage);
    out.stream(at.kind, &[&bytes])?;
    Ok(arch)
}
