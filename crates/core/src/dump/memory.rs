//! The process's memory: what the dump keeps of it, files for what it left out of images, and which of it was read.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use super::Dump;
use crate::damage::Damage;
use crate::image_file::ImageFiles;
use crate::memory::Memory;
use crate::metadata::Metadata;
use crate::spans::Spans;
use crate::streams::memory_ranges::{self, Ranges};
use crate::vocabulary::StreamType;

/// `MiniDumpWithFullMemory` of MINIDUMP_TYPE, in the header's flags.
const FULL_MEMORY: u64 = 2;

impl Dump {
    /// Of a redacted copy, what of its memory is as it was.
    pub(crate) fn kept(&self) -> Option<&Spans> {
        self.trimmed().ok().flatten()?.kept.as_ref()
    }

    /// What the dump keeps of the process's memory; empty if it has no memory list.
    pub fn memory(&self) -> Memory<'_> {
        Memory::new(self)
    }

    /// What reading the memory ranges cost.
    pub fn memory_damage(&self) -> &[Damage] {
        &self.ranges().damage
    }

    /// Supplies the parts of images that the dump does not contain from files: [`Dump::memory`] then reads them where
    /// the dump has no bytes. Call it before anything is read. A second call changes nothing and returns `false`.
    pub fn supply_images(&self, images: ImageFiles) -> bool {
        self.images.set(images).is_ok()
    }

    /// The files that were given to [`Dump::supply_images`].
    pub fn image_files(&self) -> Option<&ImageFiles> {
        self.images.get()
    }

    /// From now on, notes which addresses are read through [`Dump::memory`]: what an answer was made of. Forgets those
    /// that it noted before.
    pub fn record_reads(&self) {
        let reads = self.reads.get_or_init(Mutex::default);
        *reads.lock().unwrap_or_else(PoisonError::into_inner) = Spans::default();
    }

    /// The addresses that were read since [`Dump::record_reads`], or looked whether the dump keeps them, and kept.
    pub fn reads(&self) -> Spans {
        let lock = |reads: &Mutex<Spans>| reads.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.reads.get().map(lock).unwrap_or_default()
    }

    /// How many reads through [`Dump::memory`] have failed so far because the dump does not keep what was there, and the
    /// lowest address of these.
    pub fn missed_reads(&self) -> (u64, Option<u64>) {
        let count = self.missed.load(Ordering::Relaxed);
        (count, Some(self.first_missed.load(Ordering::Relaxed)).filter(|_| count > 0))
    }

    pub(crate) fn note_missed(&self, address: u64) {
        self.missed.fetch_add(1, Ordering::Relaxed);
        self.first_missed.fetch_min(address, Ordering::Relaxed);
    }

    pub(crate) fn note_read(&self, address: u64, len: u64) {
        if let Some(reads) = self.reads.get() {
            reads.lock().unwrap_or_else(PoisonError::into_inner).add(address, len);
        }
    }

    pub(crate) fn ranges(&self) -> &Ranges {
        self.ranges.get_or_init(|| {
            let meta = Metadata::of(&self.source);
            let mut ranges = memory_ranges::read(&meta, &self.streams, self.width);
            if self.header.flags & FULL_MEMORY != 0 && !self.lists_memory() {
                ranges.damage.push(Damage::MemoryUnlisted);
            }
            ranges
        })
    }

    /// Whether the directory has a memory list, or may have had one in what is lost of it.
    fn lists_memory(&self) -> bool {
        let lists = |kind| self.streams.iter().any(|s| s.kind == kind) || self.lost(kind).is_some();
        let cut = |d: &Damage| matches!(d, Damage::DirectoryCut { .. } | Damage::TooManyStreams { .. });
        [StreamType::MEMORY64_LIST, StreamType::MEMORY_LIST].into_iter().any(lists)
            || self.damage.iter().any(cut)
    }
}
