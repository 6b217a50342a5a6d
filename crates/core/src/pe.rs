//! Modules as they lie in memory: headers, debug directory, exports and exception directory, read with goblin.
//!
//! goblin wants the whole image as one slice. An image in a dump can be 200 MB, partly missing, or a lie; so
//! each question gets a slice that is as long as its directory needs, in which only the headers and that
//! directory are filled in. The rest are zero pages that are never touched.

mod exports;
mod headers;
mod version;

use std::ffi::CStr;

use goblin::pe::debug::DebugData;
use goblin::pe::options::ParseOptions;
use thiserror::Error;

pub use self::exports::{Export, ExportTarget, Exports};
pub use self::headers::{Headers, Section};
pub use self::version::VersionTexts;
use crate::limits;
use crate::memory::{Memory, Unreadable};
use crate::unwind::{FunctionTable, RuntimeFunction, arm64};

/// Why a question about an image has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImageError {
    /// The dump does not keep the bytes.
    #[error("not readable at {0}")]
    Unreadable(#[from] Unreadable),
    /// The bytes are there, and are not what they should be.
    #[error("damaged: {0}")]
    Malformed(String),
}

/// A PDB 7.0 record (`RSDS`) of the debug directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeView {
    /// The GUID's 16 bytes as they lie in the image.
    pub guid: [u8; 16],
    /// The age.
    pub age: u32,
    /// The PDB's path as the linker wrote it.
    pub path: String,
}

/// `IMAGE_FILE_LARGE_ADDRESS_AWARE` of `IMAGE_FILE_HEADER.Characteristics`.
const LARGE_ADDRESS_AWARE: u16 = 0x20;

/// Whether the file header of the image at `base` says that a 32-bit program may use addresses above 2 GB, by three fields
/// of it alone; `None` if the dump does not keep them. Where all headers are kept: [`Image::is_large_address_aware`].
pub fn is_large_address_aware(memory: Memory<'_>, base: u64) -> Option<bool> {
    /// `IMAGE_DOS_HEADER.e_lfanew`.
    const LFANEW: u64 = 0x3c;
    /// `IMAGE_NT_HEADERS.FileHeader.Characteristics`.
    const CHARACTERISTICS: u64 = 0x16;
    let header = base.checked_add(u64::from(memory.u32(base.checked_add(LFANEW)?).ok()?))?;
    // "PE\0\0"
    (memory.u32(header).ok()? == 0x4550).then_some(())?;
    Some(memory.u16(header.checked_add(CHARACTERISTICS)?).ok()? & LARGE_ADDRESS_AWARE != 0)
}

/// An image in the dump's memory whose headers have been read.
#[derive(Debug)]
pub struct Image<'d> {
    memory: Memory<'d>,
    base: u64,
    header_bytes: Vec<u8>,
    size: u32,
    headers: Headers,
}

impl<'d> Image<'d> {
    /// Reads the headers of the image at `base`, whose size the module list gives as `listed_size` (the headers'
    /// own figure is used only where it is smaller).
    pub fn read(memory: Memory<'d>, base: u64, listed_size: u32) -> Result<Image<'d>, ImageError> {
        let read = |most: usize| {
            let most = (most as u64).min(u64::from(listed_size));
            memory.bytes(base, memory.available(base, most).max(0x40))
        };
        let mut header_bytes = read(limits::FIRST_HEADER_BYTES)?;
        let first = Headers::parse(&header_bytes);
        let is_whole =
            |headers: &Headers| headers.loading.headers_size as usize <= limits::FIRST_HEADER_BYTES;
        let headers = if first.as_ref().is_ok_and(is_whole) {
            first?
        } else {
            header_bytes = read(limits::IMAGE_HEADER_BYTES)?;
            Headers::parse(&header_bytes)?
        };
        Ok(Image { memory, base, size: headers.size.min(listed_size), headers, header_bytes })
    }

    /// `SizeOfImage`, or what the module list says if that is less.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// `IMAGE_FILE_HEADER.Machine`: 0x14c x86, 0x8664 x64, 0xaa64 ARM64.
    pub fn machine(&self) -> u16 {
        self.headers.machine
    }

    /// `IMAGE_FILE_LARGE_ADDRESS_AWARE` of `IMAGE_FILE_HEADER.Characteristics`: a 32-bit program may use addresses above
    /// 2 GB.
    pub fn is_large_address_aware(&self) -> bool {
        self.headers.characteristics & LARGE_ADDRESS_AWARE != 0
    }

    /// `IMAGE_FILE_DLL` of `IMAGE_FILE_HEADER.Characteristics`.
    pub fn is_dll(&self) -> bool {
        self.headers.characteristics & 0x2000 != 0
    }

    /// `AddressOfEntryPoint`, from the image base.
    pub fn entry_point(&self) -> u32 {
        self.headers.entry_point
    }

    /// The sections, as far as the headers in the dump list them.
    pub fn sections(&self) -> &[Section] {
        &self.headers.sections
    }

    /// The section that holds `rva`.
    pub fn section_at(&self, rva: u32) -> Option<&Section> {
        self.headers.sections.iter().find(|s| rva.checked_sub(s.rva).is_some_and(|offset| offset < s.size))
    }

    /// Where the resources lie: an offset from the base.
    pub(crate) fn resources(&self) -> Option<u32> {
        self.headers.resources.map(|directory| directory.virtual_address)
    }

    /// The RSDS record: `Ok(None)` if the image has none.
    pub fn codeview(&self) -> Result<Option<CodeView>, ImageError> {
        /// `IMAGE_DEBUG_DIRECTORY`: SizeOfData at 0x10, AddressOfRawData at 0x14; 0x1c bytes.
        const ENTRY: u32 = 0x1c;
        const MOST_ENTRIES: u32 = 64;
        let Some(mut directory) = self.headers.debug else {
            return Ok(None);
        };
        directory.size = directory.size.min(ENTRY.saturating_mul(MOST_ENTRIES));
        directory.size = directory.size.saturating_sub(directory.size % ENTRY);
        let mut ranges = vec![(directory.virtual_address, directory.size)];
        let table = self.bytes(directory.virtual_address, directory.size)?;
        for entry in table.chunks_exact(ENTRY as usize) {
            let field = |at: usize| {
                entry
                    .get(at..at.saturating_add(4))
                    .and_then(|b| b.try_into().ok())
                    .map_or(0, u32::from_le_bytes)
            };
            let (size, rva) = (field(0x10), field(0x14));
            // Only what the loader maps has an address; other entries exist in the file alone.
            if rva != 0 && size <= limits::CODEVIEW_BYTES {
                ranges.push((rva, size));
            }
        }
        let bytes = self.slice(&ranges)?;
        let data = DebugData::parse_with_opts(&bytes, directory, &[], 0, &in_memory()).map_err(malformed)?;
        Ok(data.codeview_pdb70_debug_info.map(|record| CodeView {
            guid: record.signature,
            age: record.age,
            path: text(until_nul(record.filename)),
        }))
    }

    /// The address of the path of the PDB, and the path with its folders removed, padded to the same length. `None` if
    /// the image names no PDB, or one without folders.
    pub fn pdb_path(&self) -> Option<(u64, Vec<u8>)> {
        /// `IMAGE_DEBUG_TYPE_CODEVIEW`, at 0xc of an entry of 0x1c bytes; before the path stand `RSDS`, GUID and age.
        const CODEVIEW: u32 = 2;
        const BEFORE: u32 = 0x18;
        let directory = self.headers.debug?;
        let entries = self.bytes(directory.virtual_address, directory.size.min(0x1c * 64)).ok()?;
        entries.chunks_exact(0x1c).find_map(|entry| {
            let field = |at: usize| Some(u32::from_le_bytes(*entry.get(at..)?.first_chunk()?));
            let (kind, size, rva) = (field(0xc)?, field(0x10)?, field(0x14)?);
            if kind != CODEVIEW || rva == 0 || size > limits::CODEVIEW_BYTES {
                return None;
            }
            let record = self.bytes(rva, size).ok().filter(|record| record.starts_with(b"RSDS"))?;
            let mut path = record.get(BEFORE as usize..)?.to_vec();
            let at = self.base.wrapping_add(u64::from(rva.checked_add(BEFORE)?));
            keep_file_name(&mut path).then_some((at, path))
        })
    }

    /// How many `RUNTIME_FUNCTION`s an x64 image lists; `None` without an exception directory.
    pub fn functions(&self) -> Option<u32> {
        self.function_table().map(|table| table.count())
    }

    /// The x64 exception directory; `None` if the image has none.
    pub fn function_table(&self) -> Option<FunctionTable> {
        self.headers.exceptions.map(|d| FunctionTable::new(self.base, self.size, d.virtual_address, d.size))
    }

    /// The ARM64 exception directory; `None` if the image has none.
    pub fn function_table_arm64(&self) -> Option<arm64::FunctionTable> {
        let new = arm64::FunctionTable::new;
        self.headers.exceptions.map(|d| new(self.base, self.size, d.virtual_address, d.size))
    }

    /// The x64 `RUNTIME_FUNCTION` that covers `rva`: `Ok(None)` if none does, as for a leaf function.
    pub fn function_at(&self, rva: u32) -> Result<Option<RuntimeFunction>, ImageError> {
        self.function_table().map_or(Ok(None), |table| table.find(&self.memory, rva))
    }

    /// `len` bytes at `rva`, which must lie inside the image.
    fn bytes(&self, rva: u32, len: u32) -> Result<Vec<u8>, ImageError> {
        self.check(rva, len)?;
        Ok(self.memory.bytes(self.base.wrapping_add(u64::from(rva)), u64::from(len))?)
    }

    fn check(&self, rva: u32, len: u32) -> Result<(), ImageError> {
        match rva.checked_add(len) {
            Some(end) if end <= self.size => Ok(()),
            _ => Err(ImageError::Malformed(format!("offset {rva:#x}, {len} bytes: outside the image"))),
        }
    }

    /// The image from its base to the end of the last of `ranges`, with the headers and these ranges filled in.
    fn slice(&self, ranges: &[(u32, u32)]) -> Result<Vec<u8>, ImageError> {
        for (rva, len) in ranges {
            self.check(*rva, *len)?;
            let (address, len) = (self.base.wrapping_add(u64::from(*rva)), u64::from(*len));
            let have = self.memory.available(address, len);
            if have < len {
                let address = address.wrapping_add(have);
                return Err(Unreadable { address, why: self.memory.why_absent(address) }.into());
            }
        }
        let end = ranges.iter().map(|(rva, len)| rva.saturating_add(*len)).max().unwrap_or(0) as usize;
        if end > limits::IMAGE_BYTES {
            return Err(ImageError::Malformed(format!("a directory that ends at {end:#x}")));
        }
        // Zeroed memory is not backed by anything until it is touched.
        let mut image = vec![0; end.max(self.header_bytes.len())];
        if let Some(head) = image.get_mut(..self.header_bytes.len()) {
            head.copy_from_slice(&self.header_bytes);
        }
        for (rva, len) in ranges {
            let (start, end) = (*rva as usize, rva.saturating_add(*len) as usize);
            if let Some(part) = image.get_mut(start..end) {
                self.memory.read(self.base.wrapping_add(u64::from(*rva)), part)?;
            }
        }
        Ok(image)
    }
}

/// goblin's options for an image that is laid out as the loader does: an RVA is an index.
fn in_memory() -> ParseOptions {
    let mut options = ParseOptions::default();
    options.resolve_rva = false;
    options
}

#[allow(clippy::needless_pass_by_value)] // for map_err
fn malformed(error: goblin::error::Error) -> ImageError {
    ImageError::Malformed(error.to_string())
}

/// A name in an image, up to its NUL or to the length that a name may have.
fn until_nul(bytes: &[u8]) -> &[u8] {
    let name = bytes.get(..limits::NAME_BYTES).unwrap_or(bytes);
    CStr::from_bytes_until_nul(name).map_or(name, CStr::to_bytes)
}

/// Takes the folders out of a path that ends with a NUL: the file's name stands at its start, and zeros behind. Returns
/// whether there were any.
pub(crate) fn keep_file_name(path: &mut [u8]) -> bool {
    let end = path.iter().position(|byte| *byte == 0).unwrap_or(path.len());
    let folders = path.get(..end).and_then(|name| name.iter().rposition(|byte| b"\\/:".contains(byte)));
    let from = folders.map_or(0, |at| at.saturating_add(1));
    path.copy_within(from..end, 0);
    if let Some(rest) = path.get_mut(end.saturating_sub(from)..) {
        rest.fill(0);
    }
    folders.is_some()
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
