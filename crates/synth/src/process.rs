//! The process that a dump is written of.

use std::collections::BTreeSet;

use crate::arch::Arch;
use crate::constants::{PAGE, PROCDUMP_MA_FLAGS};
use crate::counters::{SystemMemory, VmCounters};
use crate::handles::Handle;
use crate::memory::{Contents, MemoryForm, Range, Region};
use crate::modules::{Module, UnloadedModule};
use crate::system::{Misc, SystemInfo};
use crate::threads::{Exception, Thread};

/// What a process looked like. A stream whose list is empty or whose value is `None` is not written.
#[derive(Clone, Debug)]
pub struct Process {
    /// ProcessorArchitecture, and the form of contexts.
    pub arch: Arch,
    /// MINIDUMP_TYPE flags of the header.
    pub flags: u64,
    /// When the dump was written, seconds since 1970.
    pub time_date_stamp: u32,
    /// Stream 7.
    pub system: Option<SystemInfo>,
    /// Stream 15.
    pub misc: Option<Misc>,
    /// Stream 16, entries exactly as given: unsorted, overlapping, with gaps, none at all.
    pub regions: Option<Vec<Region>>,
    /// Kept memory, in the order of the list. Its contents come from [`Process::put`]; the rest is zero.
    pub memory: Vec<Range>,
    /// Stream 9 or stream 5.
    pub memory_form: MemoryForm,
    /// File alignment of the first byte of memory. Windows needs none (a real dump has BaseRva 0x3C31).
    pub memory_alignment: u64,
    /// Streams 3, 17 and 24.
    pub threads: Vec<Thread>,
    /// Stream 4.
    pub modules: Vec<Module>,
    /// Stream 14.
    pub unloaded: Vec<UnloadedModule>,
    /// Stream 6.
    pub exception: Option<Exception>,
    /// Stream 12, descriptors of 40 bytes.
    pub handles: Vec<Handle>,
    /// Stream 11, UTF-16 with a terminator.
    pub comment: Option<String>,
    /// Stream 10, exactly these bytes.
    pub comment_ansi: Option<Vec<u8>>,
    /// Stream 21.
    pub system_memory: Option<SystemMemory>,
    /// Stream 22.
    pub vm_counters: Option<VmCounters>,
    /// (type, bytes), written as given. Empty bytes give size 0 and RVA 0, as Windows' unused entries have.
    pub extra_streams: Vec<(u32, Vec<u8>)>,
    /// Stores addresses from 2 GiB up to 4 GiB sign-extended (0xFFFFFFFF_80000000 …) in every stream, as 32-bit
    /// writers do.
    pub sign_extend: bool,
    /// What [`Process::put`] stored.
    pub contents: Contents,
}

impl Default for Process {
    /// An x64 dump of Windows 10 with `procdump -ma` flags and nothing but the system stream.
    fn default() -> Self {
        Process {
            arch: Arch::X64,
            flags: PROCDUMP_MA_FLAGS,
            time_date_stamp: 1_700_000_600,
            system: Some(SystemInfo::default()),
            misc: None,
            regions: None,
            memory: Vec::new(),
            memory_form: MemoryForm::Memory64List,
            memory_alignment: PAGE,
            threads: Vec::new(),
            modules: Vec::new(),
            unloaded: Vec::new(),
            exception: None,
            handles: Vec::new(),
            comment: None,
            comment_ansi: None,
            system_memory: None,
            vm_counters: None,
            extra_streams: Vec::new(),
            sign_extend: false,
            contents: Contents::default(),
        }
    }
}

impl Process {
    /// Bytes of the process at `va`. Later bytes replace earlier ones. Only what lies in `memory` is written;
    /// every range that covers an address gets its bytes.
    pub fn put(&mut self, va: u64, bytes: &[u8]) {
        self.contents.put(va, bytes);
    }

    /// Keeps only the parts of `memory` that hold anything but zero (cut per page, to 16 bytes) and packs them
    /// without alignment: the smallest dump in which every structure can still be read.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        self.memory = self.memory.iter().flat_map(|&range| self.contents.written(range)).collect();
        self.memory_alignment = 1;
        self
    }

    /// Keeps only whole pages that hold anything but zero, in address order.
    #[must_use]
    pub fn touched(mut self) -> Self {
        let pages = self.memory.iter().flat_map(|&range| self.contents.written(range));
        let starts: BTreeSet<u64> = pages.map(|part| part.start - part.start % PAGE).collect();
        self.memory = starts.into_iter().map(|start| Range { start, size: PAGE }).collect();
        self
    }

    /// An address as the streams store it.
    pub(crate) fn stored(&self, va: u64) -> u64 {
        let negative = self.sign_extend && (0x8000_0000..=0xFFFF_FFFF).contains(&va);
        if negative { va | 0xFFFF_FFFF_0000_0000 } else { va }
    }
}
