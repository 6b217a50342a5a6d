//! A minidump of the exception alone, for a reader that takes in all that a dump holds.

use std::io::{self, Cursor};

use zerocopy::IntoBytes;

use super::memory::{self, Piece};
use super::output::Output;
use super::refer;
use crate::dump::Dump;
use crate::format::{
    MINIDUMP_LOCATION_DESCRIPTOR, MINIDUMP_MEMORY_INFO, MINIDUMP_MEMORY_INFO_LIST, MINIDUMP_THREAD,
};
use crate::regions::MemoryInfo;
use crate::spans::Spans;
use crate::vocabulary::StreamType;

/// What is kept beside the exception and its context.
#[derive(Debug, Clone, Copy)]
pub struct Crash<'c> {
    /// The exception's thread; the only one in the copy's thread list.
    pub thread_id: u32,
    /// Its stack pointer.
    pub stack_pointer: u64,
    /// Memory that is kept; all of it must be in the dump.
    pub memory: &'c Spans,
    /// The memory map of the copy, which may differ from that of the dump.
    pub regions: &'c [MemoryInfo],
}

impl Crash<'_> {
    /// The copy: SystemInfo and the exception as they are, the thread without TEB and context, `memory`, `regions`.
    ///
    /// Bytes: 48 for each region, those of `memory`, and at most the bounds of a CONTEXT and a string beside. Fails
    /// where the dump cannot be read.
    pub fn copy(&self, dump: &Dump) -> io::Result<Vec<u8>> {
        const STREAMS: usize = 5;
        let mut bytes = Cursor::new(Vec::new());
        let mut out = Output::new(dump, &mut bytes, STREAMS)?;
        for kind in [StreamType::SYSTEM_INFO, StreamType::EXCEPTION] {
            if let (Some(at), Some(fields)) = (dump.stream(kind), refer::fields(kind)) {
                refer::copy(&mut out, at, fields, false)?;
            }
        }
        let threads = self.thread_list();
        let rva = out.put(&threads)?;
        out.stream(StreamType::THREAD_LIST, rva, threads.len() as u64)?;
        let map = self.memory_info_list();
        let rva = out.put(&map)?;
        out.stream(StreamType::MEMORY_INFO_LIST, rva, map.len() as u64)?;
        let pieces: Vec<Piece> =
            self.memory.runs().map(|(start, end)| Piece { start, size: end.saturating_sub(start) }).collect();
        memory::write(&mut out, &pieces, &mut |_, _| {})?;
        out.finish()?;
        Ok(bytes.into_inner())
    }

    fn thread_list(&self) -> Vec<u8> {
        let nothing = MINIDUMP_LOCATION_DESCRIPTOR { data_size: 0.into(), rva: 0.into() };
        let thread = MINIDUMP_THREAD {
            thread_id: self.thread_id.into(),
            suspend_count: 0.into(),
            priority_class: 0.into(),
            priority: 0.into(),
            teb: 0.into(),
            stack_start: self.stack_pointer.into(),
            stack: nothing,
            thread_context: nothing,
        };
        [1u32.to_le_bytes().as_slice(), thread.as_bytes()].concat()
    }

    fn memory_info_list(&self) -> Vec<u8> {
        let header = MINIDUMP_MEMORY_INFO_LIST {
            size_of_header: 16.into(),
            size_of_entry: 48.into(),
            number_of_entries: (self.regions.len() as u64).into(),
        };
        let mut list = header.as_bytes().to_vec();
        for region in self.regions {
            let entry = MINIDUMP_MEMORY_INFO {
                base_address: region.base.into(),
                allocation_base: region.allocation_base.into(),
                allocation_protect: region.allocation_protect.0.into(),
                alignment1: 0.into(),
                region_size: region.size.into(),
                state: region.state.0.into(),
                protect: region.protect.0.into(),
                memory_type: region.kind.0.into(),
                alignment2: 0.into(),
            };
            list.extend_from_slice(entry.as_bytes());
        }
        list
    }
}
