//! A minimal but valid PE image as it is mapped: headers, `.text`, `.rdata` with export, debug and exception
//! directories. FileAlignment equals SectionAlignment, so the same bytes are a valid file too.

mod directories;
mod headers;

use crate::address_space::Part;
use crate::arch::Width;
use crate::bytes::{len32, to_usize};
use crate::constants::{PAGE, PAGE_EXECUTE_READ, PAGE_READONLY};
use crate::modules::CodeView;

/// Where the code begins.
pub const TEXT_RVA: u32 = 0x1000;

/// An image to be mapped at `base`.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// PE32 or PE32+.
    pub width: Width,
    /// ImageBase.
    pub base: u64,
    /// TimeDateStamp.
    pub time_date_stamp: u32,
    /// Name in the export directory.
    pub name: String,
    /// RSDS record of the debug directory.
    pub code_view: Option<CodeView>,
    /// Code, ascending, the first at [`TEXT_RVA`] or later; PE32+ images list those with `unwind` in `.pdata`.
    pub functions: Vec<Function>,
    /// Exports; written in the order of their names.
    pub exports: Vec<Export>,
    /// Further read-only data: (bytes after the start of `.rdata`, bytes); the directories follow.
    pub data: Vec<(u32, Vec<u8>)>,
}

/// Code at an RVA.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// First instruction.
    pub rva: u32,
    /// Instructions; their number is the end of the RUNTIME_FUNCTION.
    pub code: Vec<u8>,
    /// UNWIND_INFO; `None` for a leaf function, which has no RUNTIME_FUNCTION.
    pub unwind: Option<Unwind>,
}

/// UNWIND_INFO, version 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unwind {
    /// SizeOfProlog, bytes.
    pub prolog: u8,
    /// FrameRegister in the low four bits, FrameOffset / 16 in the high four.
    pub frame: u8,
    /// UNWIND_CODE slots, last instruction first: prologue offset | operation << 8 | operation info << 12.
    pub codes: Vec<u16>,
    /// Index in `functions` of the function whose UNWIND_INFO goes on (UNW_FLAG_CHAININFO).
    pub chained_to: Option<usize>,
}

/// One named export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Export {
    /// Name and RVA.
    At(String, u32),
    /// Name and "module.function".
    Forward(String, String),
}

/// `.rdata` while it grows.
struct Data {
    rva: u32,
    bytes: Vec<u8>,
}

impl Data {
    fn next(&self) -> u32 {
        self.rva + len32(self.bytes.len())
    }

    fn put(&mut self, bytes: &[u8]) -> u32 {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        let rva = self.next();
        self.bytes.extend_from_slice(bytes);
        rva
    }
}

/// RVA and size: IMAGE_DATA_DIRECTORY.
#[derive(Clone, Copy, Default)]
struct Directory {
    rva: u32,
    size: u32,
}

impl Image {
    /// RVA of `.rdata`.
    pub fn data_rva(&self) -> u32 {
        TEXT_RVA + len32(self.text().len())
    }

    /// The mapped image, SizeOfImage bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let text = self.text();
        let mut data = Data { rva: self.data_rva(), bytes: Vec::new() };
        for (at, bytes) in &self.data {
            let at = *at as usize;
            let length = data.bytes.len().max(at + bytes.len());
            data.bytes.resize(length, 0);
            data.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        }
        let export = self.export_directory(&mut data);
        let debug = self.debug_directory(&mut data);
        let exception = self.exception_directory(&mut data);
        data.bytes.resize(data.bytes.len().max(1).next_multiple_of(to_usize(PAGE)), 0);
        let mut image = self.headers(len32(text.len()), &data, [(0, export), (3, exception), (6, debug)]);
        image.extend(text);
        image.extend(data.bytes);
        image
    }

    /// The parts of the image's allocation: headers, code, data.
    pub fn parts(&self) -> Vec<Part> {
        let (text, all) = (self.text().len() as u64, self.to_bytes().len() as u64);
        vec![
            Part::image(PAGE, PAGE_READONLY),
            Part::image(text, PAGE_EXECUTE_READ),
            Part::image(all - text - PAGE, PAGE_READONLY),
        ]
    }

    fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for function in &self.functions {
            let at = (function.rva - TEXT_RVA) as usize;
            assert!(at >= text.len(), "functions overlap");
            text.resize(at, 0xCC);
            text.extend_from_slice(&function.code);
        }
        text.resize(text.len().max(1).next_multiple_of(to_usize(PAGE)), 0xCC);
        text
    }
}
