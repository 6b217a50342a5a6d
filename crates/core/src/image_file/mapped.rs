//! A file at the place of a module.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::relocations::Relocations;
use super::{ImageFile, Part, written};
use crate::pe::ImageError;
use crate::spans::Spans;

/// A file, and where its image lay.
#[derive(Debug)]
pub(crate) struct Mapped {
    pub(crate) base: u64,
    pub(super) file: ImageFile,
    /// The headers, with the base that the loader wrote into them.
    head: Vec<u8>,
    /// What it takes to serve sections, once one is asked for.
    sections: OnceLock<Result<Sections, ImageError>>,
    used: AtomicBool,
}

#[derive(Debug)]
struct Sections {
    /// Offsets that the loader writes to.
    written: Spans,
    /// `None` where the image lies as it was linked.
    relocations: Option<Relocations>,
}

impl Mapped {
    /// `None` if the image cannot lie at `base`.
    pub(super) fn new(base: u64, mut file: ImageFile) -> Option<Mapped> {
        let loading = &file.headers.loading;
        let moved = base != loading.base;
        base.checked_add(file.size().into()).filter(|_| !moved || loading.movable)?;
        let (at, pointer) = (loading.base_at, loading.pointer() as usize);
        let mut head = std::mem::take(&mut file.head);
        if let Some(field) = head.get_mut(at..).and_then(|rest| rest.get_mut(..pointer)) {
            field.copy_from_slice(base.to_le_bytes().get(..pointer)?);
        }
        Some(Mapped { base, file, head, sections: OnceLock::new(), used: AtomicBool::new(false) })
    }

    pub(super) fn end(&self) -> u64 {
        self.base.saturating_add(self.file.size().into())
    }

    /// Whether a section was asked for.
    pub(super) fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// Why no section is served.
    pub(super) fn damage(&self) -> Option<ImageError> {
        self.sections.get()?.as_ref().err().cloned()
    }

    /// How many bytes are served from `rva` on. Relocations are read if `budget`, in bytes of theirs, is enough.
    pub(super) fn left(&self, rva: u32, budget: &AtomicU64) -> Option<u64> {
        let in_head = (self.head.len() as u64).saturating_sub(rva.into());
        if in_head > 0 {
            return Some(in_head);
        }
        let left = u64::from(self.part(rva)?.left(rva)?);
        let written = &self.sections(budget)?.written;
        let rva = u64::from(rva);
        let next = written.within(rva, rva.saturating_add(left)).next();
        Some(next.map_or(left, |(start, _)| start.saturating_sub(rva)))
    }

    /// Fills `buf`, no longer than [`Mapped::left`] says. `false` if the file could not be read.
    pub(crate) fn read(&self, rva: u32, buf: &mut [u8]) -> bool {
        if let Some(bytes) = self.head.get(rva as usize..).filter(|bytes| bytes.len() >= buf.len()) {
            buf.copy_from_slice(bytes.get(..buf.len()).unwrap_or_default());
            return true;
        }
        let sections = self.sections.get().and_then(|sections| sections.as_ref().ok());
        let (Some(part), Some(sections)) = (self.part(rva), sections) else { return false };
        if !self.file.fill(part, rva, buf) {
            return false;
        }
        let pointer = self.file.headers.loading.pointer();
        let word = |rva: u32| self.file.bytes(rva, pointer).ok();
        sections.relocations.as_ref().is_none_or(|relocations| relocations.apply(rva, buf, word).is_some())
    }

    /// The section that holds `rva`, if nobody may write to it.
    fn part(&self, rva: u32) -> Option<&Part> {
        self.file.parts.iter().find(|part| part.left(rva).is_some()).filter(|part| !part.writable)
    }

    fn sections(&self, budget: &AtomicU64) -> Option<&Sections> {
        self.used.store(true, Ordering::Relaxed);
        let read = || {
            let moved = self.base != self.file.headers.loading.base;
            Ok(Sections {
                written: written::by_loader(&self.file)?,
                relocations: moved.then(|| Relocations::read(&self.file, self.base, budget)).transpose()?,
            })
        };
        self.sections.get_or_init(read).as_ref().ok()
    }
}
