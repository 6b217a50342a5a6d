//! PE files for the parts of images that a dump does not contain: headers, code, exports and unwind data.
//!
//! Only what the process must have had in memory is served, byte for byte: headers and the sections that no program may
//! write to, relocated to where the module lay. What the loader writes into them is left out ([`written`]), and so are
//! pages that the memory map says were changed, and whatever the dump keeps itself. A patch that left no trace in the map
//! is not seen: such bytes are evidence of what was loaded, not of what ran.
//!
//! Files are as hostile as the dump: sections must follow one another, in the file and in memory, and nothing beyond
//! the end of the file is read.

mod loading;
mod mapped;
mod relocations;
mod written;

use std::fmt;
use std::sync::atomic::AtomicU64;

use thiserror::Error;

pub(crate) use self::loading::Loading;
pub(crate) use self::mapped::Mapped;
use crate::dump::Dump;
use crate::limits;
use crate::pe::{Headers, ImageError};
use crate::source::{Source, read_full};
use crate::streams::modules::{CodeView, Module};
use crate::vocabulary::MemoryType;

/// Of `PointerToRawData`, the loader ignores these bits.
const RAW_ALIGNMENT: u32 = 0x1ff;

/// A PE file whose headers have been read.
pub struct ImageFile {
    source: Box<dyn Source>,
    name: String,
    head: Vec<u8>,
    headers: Headers,
    parts: Vec<Part>,
}

/// A run of bytes in memory and in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    rva: u32,
    size: u32,
    offset: u32,
    writable: bool,
}

impl fmt::Debug for ImageFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageFile").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ImageFile {
    /// Reads the headers of a PE file; `name` is how it is called in messages. Fails where the loader would not map it as
    /// its headers say.
    pub fn read(source: impl Source + 'static, name: String) -> Result<ImageFile, ImageError> {
        let source: Box<dyn Source> = Box::new(source);
        let mut head = vec![0; limits::IMAGE_HEADER_BYTES];
        let present = read_full(&source, 0, &mut head).map_err(|e| ImageError::Malformed(e.to_string()))?;
        head.truncate(present);
        let headers = Headers::parse(&head)?;
        let parts = parts(&headers, source.size())?;
        head.truncate(headers.loading.headers_size as usize);
        Ok(ImageFile { source, name, head, headers, parts })
    }

    /// `SizeOfImage`: bytes in memory.
    pub fn size(&self) -> u32 {
        self.headers.size
    }

    /// `IMAGE_FILE_HEADER.TimeDateStamp`.
    pub fn time_date_stamp(&self) -> u32 {
        self.headers.loading.time_date_stamp
    }

    /// GUID and age of the RSDS record, if the file has one.
    fn pdb(&self) -> Option<([u8; 16], u32)> {
        /// `IMAGE_DEBUG_DIRECTORY`: Type at 0xc, AddressOfRawData at 0x14; 0x1c bytes. `IMAGE_DEBUG_TYPE_CODEVIEW`.
        const ENTRY: u32 = 0x1c;
        const CODEVIEW: u32 = 2;
        let directory = self.headers.debug?;
        let entries = self.bytes(directory.virtual_address, directory.size.min(ENTRY * 64)).ok()?;
        entries.chunks_exact(ENTRY as usize).find_map(|entry| {
            let record =
                (u32_at(entry, 0xc)? == CODEVIEW).then(|| self.bytes(u32_at(entry, 0x14)?, 24).ok())??;
            let guid = record.strip_prefix(b"RSDS")?.first_chunk::<16>()?;
            Some((*guid, u32_at(&record, 20)?))
        })
    }

    /// `len` bytes at `rva` of the file's own, writable or not, before relocation.
    fn bytes(&self, rva: u32, len: u32) -> Result<Vec<u8>, ImageError> {
        let outside = || ImageError::Malformed(format!("offset {rva:#x}, {len} bytes: not in the file"));
        let part = self.parts.iter().find(|part| part.left(rva).is_some_and(|left| left >= len));
        let part = part.ok_or_else(outside)?;
        let mut bytes = vec![0; len as usize]; // a part is in the file
        self.fill(part, rva, &mut bytes).then_some(bytes).ok_or_else(outside)
    }

    /// Fills `buf` from a part that holds all of it.
    fn fill(&self, part: &Part, rva: u32, buf: &mut [u8]) -> bool {
        let at = u64::from(part.offset).saturating_add(rva.saturating_sub(part.rva).into());
        read_full(&self.source, at, buf).is_ok_and(|read| read == buf.len())
    }
}

impl Part {
    /// How many bytes there are from `rva` on.
    fn left(&self, rva: u32) -> Option<u32> {
        self.size.checked_sub(rva.checked_sub(self.rva)?).filter(|left| *left > 0)
    }
}

/// The sections, as far as the file has their bytes. Sound files have them one behind the other, and no byte twice.
fn parts(headers: &Headers, file_size: u64) -> Result<Vec<Part>, ImageError> {
    let malformed = |what: &str| Err(ImageError::Malformed(what.to_owned()));
    if u64::from(headers.loading.section_alignment) < limits::PAGE {
        return malformed("sections that share pages");
    }
    let mut parts = Vec::with_capacity(headers.sections.len());
    let (mut end, mut sum) = (headers.loading.headers_size, 0u64);
    for (section, (_, raw, raw_size)) in headers.sections.iter().zip(&headers.in_file) {
        let next = section.rva.checked_add(section.size).filter(|next| *next <= headers.size);
        let Some(next) = next.filter(|_| section.rva >= end) else {
            return malformed("sections that lie over one another, or outside");
        };
        end = next;
        let offset = raw & !RAW_ALIGNMENT;
        let present = file_size.saturating_sub(offset.into()).min(section.size.min(*raw_size).into());
        sum = sum.saturating_add(present);
        let size = u32::try_from(present).unwrap_or(0);
        parts.push(Part { rva: section.rva, size, offset, writable: section.writable });
    }
    if sum > file_size { malformed("sections that share bytes of the file") } else { Ok(parts) }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// Why a file cannot replace the image of a module.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotTheImage {
    /// Time stamp and size, of the file and of the module.
    #[error("it belongs to another build ({found}; the module wants {wanted})")]
    OtherBuild {
        /// Of the file, as symbol stores have it: the time stamp, 8 hex digits, and the size in hex.
        found: String,
        /// Of the module.
        wanted: String,
    },
    /// The debug records are of different PDBs.
    #[error("its time stamp and size are right, but it belongs to another PDB")]
    OtherPdb,
    /// More files than any process has images.
    #[error("no more images are read")]
    TooMany,
    /// The module lies elsewhere than the image can.
    #[error("it cannot be relocated, and the module is not where it must lie")]
    Fixed,
    /// Another file already covers these addresses.
    #[error("the module lies over another one")]
    Overlaps,
}

/// Identity of an image as symbol stores have it: the time stamp in 8 hex digits, and the size in hex.
pub fn image_id(time_date_stamp: u32, size: u32) -> String {
    format!("{time_date_stamp:08X}{size:x}")
}

/// Files for the modules of one dump: see [`Dump::supply_images`].
#[derive(Debug)]
pub struct ImageFiles {
    /// By address.
    list: Vec<Mapped>,
    /// Bytes of relocations that may still be read: a dump can name one file a thousand times.
    relocations: AtomicU64,
}

impl Default for ImageFiles {
    fn default() -> ImageFiles {
        ImageFiles { list: Vec::new(), relocations: AtomicU64::new(limits::RELOCATIONS_IN_ALL) }
    }
}

impl ImageFiles {
    /// Takes a file for the image of a module, if it is that image: time stamp and size are equal, and the PDB where both
    /// name one.
    pub fn add(&mut self, module: &Module, file: ImageFile) -> Result<(), NotTheImage> {
        if self.list.len() >= limits::IMAGE_FILES {
            return Err(NotTheImage::TooMany);
        }
        let [found, wanted] = [(file.time_date_stamp(), file.size()), (module.time_date_stamp, module.size)]
            .map(|(stamp, size)| image_id(stamp, size));
        if found != wanted {
            return Err(NotTheImage::OtherBuild { found, wanted });
        }
        if let (Some(CodeView::Pdb70 { guid, age, .. }), Some(pdb)) = (&module.codeview, file.pdb())
            && (*guid, *age) != pdb
        {
            return Err(NotTheImage::OtherPdb);
        }
        let mapped = Mapped::new(module.base, file).ok_or(NotTheImage::Fixed)?;
        let place = self.list.partition_point(|other| other.base < mapped.base);
        let before = place.checked_sub(1).and_then(|n| self.list.get(n));
        let behind = self.list.get(place);
        if before.is_some_and(|other| other.end() > mapped.base)
            || behind.is_some_and(|other| mapped.end() > other.base)
        {
            return Err(NotTheImage::Overlaps);
        }
        self.list.insert(place, mapped);
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The files of which more than headers was read, by address: base of the module, name of the file, and what is wrong
    /// with it if nothing of it could be used.
    pub fn used(&self) -> impl Iterator<Item = (u64, &str, Option<ImageError>)> {
        let used = |mapped: &Mapped| mapped.is_used();
        self.list.iter().filter(move |m| used(m)).map(|m| (m.base, m.file.name.as_str(), m.damage()))
    }

    /// What serves `address`, where in the image that is, and how many bytes from there on.
    pub(crate) fn at(&self, dump: &Dump, address: u64) -> Option<(&Mapped, u32, u64)> {
        let place = self.list.partition_point(|mapped| mapped.base <= address).checked_sub(1)?;
        let mapped = self.list.get(place)?;
        let rva = u32::try_from(address.checked_sub(mapped.base)?).ok()?;
        let have = mapped.left(rva, &self.relocations)?.min(as_loaded(dump, address)?);
        (have > 0).then_some((mapped, rva, have))
    }
}

/// How many bytes from `address` on are as the loader left them, as far as the memory map tells: of an image, and not
/// written to. At most to the end of the page, since the next one may be in the dump.
fn as_loaded(dump: &Dump, address: u64) -> Option<u64> {
    let in_page = limits::PAGE.saturating_sub(address % limits::PAGE);
    let Ok(Some(list)) = dump.memory_info() else { return Some(in_page) };
    let Some(region) = list.regions.at(address) else { return Some(in_page) };
    let loaded = region.state.is_commit()
        && region.kind == MemoryType::IMAGE
        && !region.protect.is_inaccessible()
        && !region.protect.is_written();
    let left = region.end().map_or(u64::MAX, |end| end.saturating_sub(address));
    loaded.then_some(in_page.min(left))
}
