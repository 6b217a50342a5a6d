//! One record of a type (`LF_*`, cvinfo.h of microsoft-pdb), read field by field.

/// Reads a record from front to back; `None` where it ends too early.
pub(super) struct Leaf<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Leaf<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Leaf<'b> {
        Leaf { bytes, at: 0 }
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    /// Members of a list are padded to four bytes by F0 to FF.
    pub(super) fn skip_padding(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| **byte >= 0xf0).count();
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = *self.bytes.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(bytes)
    }

    /// A number of any size: below 0x8000 itself, else behind what says how long it is.
    pub(super) fn number(&mut self) -> Option<u64> {
        Some(match self.u16()? {
            small @ ..0x8000 => small.into(),
            0x8000 => i64::from(self.u8()?.cast_signed()).cast_unsigned(),
            0x8001 => i64::from(self.u16()?.cast_signed()).cast_unsigned(),
            0x8002 => self.u16()?.into(),
            0x8003 => i64::from(self.u32()?.cast_signed()).cast_unsigned(),
            0x8004 => self.u32()?.into(),
            0x8009 | 0x800a => self.take().map(u64::from_le_bytes)?,
            _ => return None,
        })
    }

    /// A text that a NUL ends.
    pub(super) fn name(&mut self) -> Option<&'b [u8]> {
        let rest = self.bytes.get(self.at..)?;
        let name = rest.get(..rest.iter().position(|byte| *byte == 0)?)?;
        self.at += name.len() + 1;
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::Leaf;

    #[test]
    fn numbers_of_all_sizes_and_names() {
        let bytes =
            [0x34, 0x12, 0, 0x80, 0xff, 2, 0x80, 0, 0x90, 3, 0x80, 0xfe, 0xff, 0xff, 0xff, b'a', 0, b'b'];
        let mut leaf = Leaf::new(&bytes);
        let numbers = [leaf.number(), leaf.number(), leaf.number(), leaf.number()];
        assert_eq!(numbers, [0x1234, u64::MAX, 0x9000, u64::MAX - 1].map(Some));
        assert_eq!((leaf.name(), leaf.name()), (Some(&b"a"[..]), None));
        leaf.skip(usize::MAX);
        assert_eq!((leaf.u8(), leaf.number()), (None, None));
    }
}
