//! Puts the file together: header, directory, small streams, MemoryInfoList, Memory64List, memory.

use std::fs::File;
use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::path::Path;

use crate::bytes::{Push, len32, to_usize};
use crate::constants::{FULL_MEMORY, MEMORY_INFO_LIST_STREAM, MEMORY_LIST_STREAM, MEMORY64_LIST_STREAM};
use crate::layout::{Layout, RangePlace, StreamPlace};
use crate::memory::{MemoryForm, Range, Region};
use crate::process::Process;
use crate::streams::StackRva;
use crate::tail::{ENTRY, HEADER, Tail};

/// Table entries per write.
const CHUNK: usize = 4096;

impl Process {
    /// Writes the dump from the start of `out`, seeking over zeros.
    ///
    /// Fails if `out` does, or if a MemoryList would need file offsets beyond 4 GiB.
    pub fn write_to(&self, out: &mut (impl Write + Seek)) -> io::Result<Layout> {
        let (layout, tail) = self.plan()?;
        out.seek(SeekFrom::Start(0))?;
        out.write_all(&self.header(&layout))?;
        out.write_all(&tail.bytes)?;
        if let (Some(regions), Some(place)) = (&self.regions, layout.stream(MEMORY_INFO_LIST_STREAM)) {
            out.seek(SeekFrom::Start(place.rva.into()))?;
            self.write_regions(out, regions)?;
        }
        self.write_ranges(out, &layout)?;
        self.write_memory(out, &layout)?;
        Ok(layout)
    }

    /// The whole file in memory.
    ///
    /// # Panics
    /// If a MemoryList would need file offsets beyond 4 GiB.
    pub fn to_bytes(&self) -> (Vec<u8>, Layout) {
        let mut out = Cursor::new(Vec::new());
        let layout = self.write_to(&mut out).expect("a MemoryList below 4 GiB");
        (out.into_inner(), layout)
    }

    /// Writes a sparse file: kept memory that nothing was put into takes no room on disk.
    pub fn write_file(&self, path: &Path) -> io::Result<Layout> {
        let mut file = File::create(path)?;
        let layout = self.write_to(&mut file)?;
        file.set_len(layout.file_size)?;
        Ok(layout)
    }

    fn plan(&self) -> io::Result<(Layout, Tail)> {
        let (layout, tail) = self.plan_with(&|_| 0);
        if self.memory_form == MemoryForm::Memory64List {
            return Ok((layout, tail));
        }
        if layout.file_size > u64::from(u32::MAX) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a MemoryList ends at 4 GiB"));
        }
        Ok(self.plan_with(&|va| layout.offset_of(va).map_or(0, |offset| len32(to_usize(offset)))))
    }

    fn plan_with(&self, stack_rva: &StackRva) -> (Layout, Tail) {
        let small = self.small_streams();
        let tables = self.tables();
        let mut tail = Tail::new(small.len() + self.extra_streams.len() + tables.len());
        let mut layout = Layout::default();
        for stream_type in small {
            let bytes = self.small_stream(stream_type, &mut tail, stack_rva);
            let rva = tail.put(&bytes, 8);
            layout.add(stream_type, rva, len32(bytes.len()));
        }
        for (stream_type, bytes) in &self.extra_streams {
            let rva = if bytes.is_empty() { 0 } else { tail.put(bytes, 8) };
            layout.add(*stream_type, rva, len32(bytes.len()));
        }
        tail.align(8);
        let mut end = tail.end();
        for (stream_type, size) in tables {
            end = end.next_multiple_of(8);
            layout.add(stream_type, len32(end), len32(size));
            end += size;
        }
        let data_rva = if self.memory.is_empty() {
            end as u64
        } else {
            (end as u64).next_multiple_of(self.memory_alignment.max(1))
        };
        layout.place(&self.memory, data_rva);
        (layout, tail)
    }

    /// Types and sizes of the streams that are written directly to the file.
    fn tables(&self) -> Vec<(u32, usize)> {
        let regions =
            self.regions.iter().map(|regions| (MEMORY_INFO_LIST_STREAM, 0x10 + 0x30 * regions.len()));
        let ranges = match self.memory_form {
            _ if self.memory.is_empty() => None,
            MemoryForm::Memory64List => Some((MEMORY64_LIST_STREAM, 0x10 + 0x10 * self.memory.len())),
            MemoryForm::MemoryList => Some((MEMORY_LIST_STREAM, 4 + 0x10 * self.memory.len())),
        };
        regions.chain(ranges).collect()
    }

    fn header(&self, layout: &Layout) -> Vec<u8> {
        let mut header = b"MDMP".to_vec();
        header.u16(0xA793);
        header.u16(0x61B1);
        header.u32(len32(layout.streams.len()));
        header.u32(len32(HEADER));
        header.u32(0);
        header.u32(self.time_date_stamp);
        // A writer that keeps no memory was not asked for the whole.
        header.u64(if self.memory.is_empty() { self.flags & !FULL_MEMORY } else { self.flags });
        for stream in &layout.streams {
            header.u32(stream.stream_type);
            header.u32(stream.size);
            header.u32(stream.rva);
        }
        header
    }

    fn write_regions(&self, out: &mut impl Write, regions: &[Region]) -> io::Result<()> {
        let mut buffer = Vec::with_capacity(0x30 * CHUNK.min(regions.len()));
        buffer.u32(0x10);
        buffer.u32(0x30);
        buffer.u64(regions.len() as u64);
        for chunk in regions.chunks(CHUNK) {
            for region in chunk {
                self.push_region(&mut buffer, region);
            }
            out.write_all(&buffer)?;
            buffer.clear();
        }
        out.write_all(&buffer)
    }

    fn push_region(&self, buffer: &mut Vec<u8>, region: &Region) {
        buffer.u64(self.stored(region.base));
        buffer.u64(self.stored(region.allocation_base));
        buffer.u32(region.allocation_protect);
        buffer.u32(0);
        buffer.u64(region.size);
        buffer.u32(region.state);
        buffer.u32(region.protect);
        buffer.u32(region.kind);
        buffer.u32(0);
    }

    fn write_ranges(&self, out: &mut (impl Write + Seek), layout: &Layout) -> io::Result<()> {
        let wide =
            layout.stream(MEMORY64_LIST_STREAM).filter(|_| self.memory_form == MemoryForm::Memory64List);
        let narrow = layout.stream(MEMORY_LIST_STREAM).filter(|_| self.memory_form == MemoryForm::MemoryList);
        let Some(place) = wide.or(narrow).filter(|_| !self.memory.is_empty()) else {
            return Ok(());
        };
        out.seek(SeekFrom::Start(place.rva.into()))?;
        let mut buffer = Vec::new();
        if wide.is_some() {
            buffer.u64(layout.ranges.len() as u64);
            buffer.u64(layout.data_rva);
        } else {
            buffer.u32(len32(layout.ranges.len()));
        }
        for chunk in layout.ranges.chunks(CHUNK) {
            for range in chunk {
                self.push_range(&mut buffer, range);
            }
            out.write_all(&buffer)?;
            buffer.clear();
        }
        Ok(())
    }

    fn push_range(&self, buffer: &mut Vec<u8>, range: &RangePlace) {
        buffer.u64(self.stored(range.start));
        if self.memory_form == MemoryForm::Memory64List {
            buffer.u64(range.size);
        } else {
            buffer.u32(len32(to_usize(range.size)));
            buffer.u32(len32(to_usize(range.offset)));
        }
    }

    fn write_memory(&self, out: &mut (impl Write + Seek), layout: &Layout) -> io::Result<()> {
        if layout.file_size > layout.data_rva {
            out.seek(SeekFrom::Start(layout.file_size - 1))?;
            out.write_all(&[0])?;
        }
        for range in &layout.ranges {
            for (at, bytes) in self.contents.inside(Range { start: range.start, size: range.size }) {
                out.seek(SeekFrom::Start(range.offset + at))?;
                out.write_all(bytes)?;
            }
        }
        Ok(())
    }
}

impl Layout {
    fn add(&mut self, stream_type: u32, rva: u32, size: u32) {
        let entry = (HEADER + ENTRY * self.streams.len()) as u64;
        self.streams.push(StreamPlace { stream_type, entry, rva, size });
    }
}
