//! The version resource of an image: VS_VERSIONINFO with its translations and texts.

use super::{Image, ImageError};
use crate::utf16;

/// `RT_VERSION`.
const VERSION: u32 = 16;
/// Bytes of one version resource.
const MOST_BYTES: u32 = 64 << 10;
/// Blocks of it that are looked at, and texts that are kept.
const MOST_BLOCKS: usize = 1024;
const DEEPEST: usize = 6;

/// What a version resource says, beside VS_FIXEDFILEINFO, which the module list has too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VersionTexts {
    /// Language and code page of each translation.
    pub translations: Vec<(u16, u16)>,
    /// Names and texts, such as `CompanyName`, in the order of the file.
    pub texts: Vec<(String, String)>,
}

impl Image<'_> {
    /// The version resource; `Ok(None)` without one.
    pub fn version_texts(&self) -> Result<Option<VersionTexts>, ImageError> {
        let Some(root) = self.headers.resources else { return Ok(None) };
        let base = root.virtual_address;
        // Type, name, language: the first of each.
        let Some(types) = self.entry(base, 0, Some(VERSION))? else { return Ok(None) };
        let Some(names) = self.entry(base, types & 0x7fff_ffff, None)? else { return Ok(None) };
        let Some(leaf) = self.entry(base, names & 0x7fff_ffff, None)? else { return Ok(None) };
        let data = self.bytes(base.saturating_add(leaf & 0x7fff_ffff), 8)?;
        let number =
            |at: usize| data.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u32::from_le_bytes);
        let (rva, size) = (number(0), number(4).min(MOST_BYTES));
        let block = self.bytes(rva, size)?;
        let mut found = VersionTexts::default();
        let mut left = MOST_BLOCKS;
        walk(&block, 0, &mut left, &mut found);
        Ok(Some(found))
    }

    /// What the entry of a number, or the first entry, of a resource directory leads to.
    fn entry(&self, base: u32, directory: u32, wanted: Option<u32>) -> Result<Option<u32>, ImageError> {
        let at = base.saturating_add(directory);
        let head = self.bytes(at, 16)?;
        let count =
            |n: usize| head.get(n..).and_then(<[u8]>::first_chunk).copied().map_or(0, u16::from_le_bytes);
        let entries = u32::from(count(12)).saturating_add(u32::from(count(14))).min(4096);
        let list = self.bytes(at.saturating_add(16), entries.saturating_mul(8))?;
        for entry in list.chunks_exact(8) {
            let number = |n: usize| {
                entry.get(n..).and_then(<[u8]>::first_chunk).copied().map_or(0, u32::from_le_bytes)
            };
            if wanted.is_none_or(|wanted| number(0) == wanted) {
                return Ok(Some(number(4)));
            }
        }
        Ok(None)
    }
}

/// A block of VS_VERSIONINFO: `wLength`, `wValueLength`, `wType`, `szKey`, a value, and blocks inside.
fn walk(block: &[u8], depth: usize, left: &mut usize, found: &mut VersionTexts) {
    let number =
        |at: usize| block.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u16::from_le_bytes);
    *left = left.saturating_sub(1);
    if block.len() < 6 || depth > DEEPEST || *left == 0 {
        return;
    }
    let (value_length, is_text) = (usize::from(number(2)), number(4) == 1);
    let key_units: Vec<u16> =
        utf16::units(block.get(6..).unwrap_or_default()).take_while(|unit| *unit != 0).collect();
    let key = String::from_utf16_lossy(&key_units);
    let value = aligned(8usize.saturating_add(key_units.len().saturating_mul(2)));
    let bytes = if is_text { value_length.saturating_mul(2) } else { value_length };
    let end = value.saturating_add(bytes).min(block.len());
    let data = block.get(value.min(end)..end).unwrap_or_default();
    if key == "Translation" {
        let pair = |pair: &[u8]| {
            let unit =
                |n: usize| pair.get(n..).and_then(<[u8]>::first_chunk).copied().map_or(0, u16::from_le_bytes);
            (unit(0), unit(2))
        };
        found.translations.extend(data.chunks_exact(4).take(64).map(pair));
    } else if is_text && depth >= 3 {
        let units: Vec<u16> = utf16::units(data).take_while(|unit| *unit != 0).collect();
        found.texts.push((key, String::from_utf16_lossy(&units)));
    }
    let mut at = if depth >= 3 { block.len() } else { aligned(end) };
    while let Some(inner) = block.get(at..) {
        let length = inner.first_chunk().copied().map_or(0, u16::from_le_bytes);
        let Some(inner) = inner.get(..usize::from(length)).filter(|inner| inner.len() >= 6) else { break };
        walk(inner, depth.saturating_add(1), left, found);
        at = at.saturating_add(aligned(usize::from(length)));
    }
}

/// The next multiple of four.
fn aligned(at: usize) -> usize {
    at.saturating_add(3) & !3
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block with a key, a value and blocks inside.
    fn block(key: &str, value: &[u8], text: bool, inner: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![0; 6];
        bytes.extend(key.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        bytes.resize(aligned(bytes.len()), 0);
        bytes.extend(value);
        for inner in inner {
            bytes.resize(aligned(bytes.len()), 0);
            bytes.extend(inner);
        }
        let length = u16::try_from(bytes.len()).unwrap();
        let value = u16::try_from(if text { value.len() / 2 } else { value.len() }).unwrap();
        bytes[..6].copy_from_slice(&[length, value, u16::from(text)].map(u16::to_le_bytes).concat());
        bytes
    }

    #[test]
    fn texts_and_translations() {
        let text = |key: &str, value: &str| {
            let units: Vec<u8> = value.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
            block(key, &units, true, &[])
        };
        let table = block("040904b0", &[], true, &[text("CompanyName", "Us"), text("InternalName", "")]);
        let strings = block("StringFileInfo", &[], true, &[table]);
        let var = block("VarFileInfo", &[], true, &[block("Translation", &[9, 4, 0xb0, 4], false, &[])]);
        let whole = block("VS_VERSION_INFO", &[0; 52], false, &[strings, var]);
        let mut found = VersionTexts::default();
        walk(&whole, 0, &mut 100, &mut found);
        assert_eq!(found.translations, [(0x409, 0x4b0)]);
        assert_eq!(
            found.texts,
            [("CompanyName".into(), "Us".into()), ("InternalName".into(), String::new())]
        );
        // Cut anywhere it ends.
        for cut in 0..whole.len() {
            walk(&whole[..cut], 0, &mut 100, &mut VersionTexts::default());
        }
    }
}
