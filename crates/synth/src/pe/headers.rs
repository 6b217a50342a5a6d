//! DOS header, NT headers, section table.

use super::{Data, Directory, Image, TEXT_RVA};
use crate::arch::Width;
use crate::bytes::{At, Fields, Push, len32, to_usize};
use crate::constants::PAGE;

/// File offset of the NT headers.
const NT: usize = 0x80;
/// From "PE\0\0" to the optional header.
const OPTIONAL: usize = NT + 24;
const SIZE_OF_OPTIONAL_HEADER: At = At(224, 240);
const DATA_DIRECTORY: At = At(96, 112);

impl Image {
    /// The first page.
    pub(super) fn headers(
        &self,
        text_size: u32,
        data: &Data,
        directories: [(usize, Directory); 3],
    ) -> Vec<u8> {
        let data_size = len32(data.bytes.len());
        let mut h = Fields::new(self.width, At(to_usize(PAGE), to_usize(PAGE)));
        h.put(0, b"MZ");
        h.u32(0x3C, len32(NT));
        h.put(NT, b"PE\0\0");
        self.file_header(&mut h);
        self.optional_header(&mut h, text_size, data.rva + data_size);
        let first = OPTIONAL + h.at(DATA_DIRECTORY);
        h.u32(first - 4, 16);
        for (number, directory) in directories {
            h.u32(first + 8 * number, directory.rva);
            h.u32(first + 8 * number + 4, directory.size);
        }
        let table = OPTIONAL + h.at(SIZE_OF_OPTIONAL_HEADER);
        h.put(table, &section(".text\0\0\0", TEXT_RVA, text_size, 0x6000_0020));
        h.put(table + 40, &section(".rdata\0\0", data.rva, data_size, 0x4000_0040));
        h.bytes
    }

    fn file_header(&self, h: &mut Fields) {
        let (machine, characteristics) = match self.width {
            Width::W32 => (0x14C, 0x122),
            Width::W64 => (0x8664, 0x22),
        };
        let optional = u16::try_from(h.at(SIZE_OF_OPTIONAL_HEADER)).expect("224 or 240");
        h.u16(NT + 4, machine);
        h.u16(NT + 6, 2);
        h.u32(NT + 8, self.time_date_stamp);
        h.u16(NT + 20, optional);
        h.u16(NT + 22, characteristics);
    }

    fn optional_header(&self, h: &mut Fields, text_size: u32, image_size: u32) {
        let magic = if self.width == Width::W32 { 0x10B } else { 0x20B };
        h.u16(OPTIONAL, magic);
        h.u8(OPTIONAL + 2, 14);
        h.u32(OPTIONAL + 4, text_size);
        h.u32(OPTIONAL + 8, image_size - TEXT_RVA - text_size);
        h.u32(OPTIONAL + 16, TEXT_RVA);
        h.u32(OPTIONAL + 20, TEXT_RVA);
        h.pointer(At(OPTIONAL + 28, OPTIONAL + 24), self.base);
        h.u32(OPTIONAL + 32, len32(to_usize(PAGE)));
        h.u32(OPTIONAL + 36, len32(to_usize(PAGE)));
        h.u16(OPTIONAL + 40, 6);
        h.u16(OPTIONAL + 48, 6);
        h.u32(OPTIONAL + 56, image_size);
        h.u32(OPTIONAL + 60, len32(to_usize(PAGE)));
        h.u16(OPTIONAL + 68, 3);
        h.u16(OPTIONAL + 70, 0x8160);
        h.pointer(At(OPTIONAL + 72, OPTIONAL + 72), 0x10_0000);
        h.pointer(At(OPTIONAL + 76, OPTIONAL + 80), 0x1000);
        h.pointer(At(OPTIONAL + 80, OPTIONAL + 88), 0x10_0000);
        h.pointer(At(OPTIONAL + 84, OPTIONAL + 96), 0x1000);
    }
}

/// IMAGE_SECTION_HEADER, 40 bytes.
fn section(name: &str, rva: u32, size: u32, characteristics: u32) -> Vec<u8> {
    let mut s = name.as_bytes().to_vec();
    for value in [size, rva, size, rva, 0, 0, 0, characteristics] {
        s.u32(value);
    }
    s
}
