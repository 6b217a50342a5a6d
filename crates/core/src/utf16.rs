//! UTF-16LE, as files and memory of Windows hold it.

/// The code units of `bytes`; an odd byte at the end is left out.
pub(crate) fn units(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(u16::from_le_bytes))
}
