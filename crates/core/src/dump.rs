//! A minidump that has been opened.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use minidump::{
    Minidump, MinidumpContext, MinidumpException, MinidumpHandleDataStream, MinidumpMiscInfo,
    MinidumpModuleList, MinidumpStream, MinidumpSystemInfo, MinidumpThreadInfoList, MinidumpThreadList,
    MinidumpThreadNames, MinidumpUnloadedModuleList,
};

use crate::arch::{Arch, Width};
use crate::container::{self, Header, OpenError, StreamLocation};
use crate::context::{self, Context};
use crate::cpu_state::CpuState;
use crate::damage::Damage;
use crate::extract::Extract;
use crate::image_file::ImageFiles;
use crate::limits;
use crate::memory::Memory;
use crate::metadata::Metadata;
use crate::source::{Remembering, Source, read_full};
use crate::spans::Spans;
use crate::streams::assertion::Assertion;
use crate::streams::comment::Comment;
use crate::streams::crashpad_info::CrashpadInfo;
use crate::streams::exception::Exception;
use crate::streams::function_table::FunctionTables;
use crate::streams::handle_information::{self, HandleInformation};
use crate::streams::handles::{Handle, Handles};
use crate::streams::memory_info::{self, MemoryInfoList};
use crate::streams::memory_ranges::{self, Ranges};
use crate::streams::misc_info::MiscInfo;
use crate::streams::modules::Module;
use crate::streams::stability_report::StabilityMemory;
use crate::streams::system_info::SystemInfo;
use crate::streams::system_memory::SystemMemory;
use crate::streams::thread_info::ThreadInfo;
use crate::streams::threads::{Places, ThreadEntry};
use crate::streams::trim_record::{self, TrimRecord};
use crate::streams::unloaded_modules::{UnloadedModule, UnloadedModules};
use crate::streams::unreal::UnrealContext;
use crate::streams::vm_counters::VmCounters;
use crate::streams::{self, malformed};
use crate::vocabulary::StreamType;

/// `MiniDumpWithFullMemory` of MINIDUMP_TYPE, in the header's flags.
const FULL_MEMORY: u64 = 2;

/// The streams that are copied when a dump is opened.
const COPIED: [StreamType; 7] = [
    StreamType::SYSTEM_INFO,
    StreamType::THREAD_LIST,
    StreamType::MODULE_LIST,
    StreamType::EXCEPTION,
    StreamType::MISC_INFO,
    StreamType::THREAD_INFO_LIST,
    StreamType::THREAD_NAMES,
];

/// A minidump whose header, directory and small streams have been read. The two large tables, the memory map and the
/// memory ranges, are read on first use; memory itself is read page by page.
pub struct Dump {
    source: Remembering,
    header: Header,
    streams: Vec<StreamLocation>,
    small: Minidump<'static, Vec<u8>>,
    /// Where the threads' contexts and stacks lie, in the order of the thread list.
    places: Vec<Places>,
    arch: Option<Arch>,
    width: Width,
    damage: Vec<Damage>,
    exception: OnceLock<Result<Option<Exception>, Damage>>,
    memory_info: OnceLock<Result<Option<MemoryInfoList>, Damage>>,
    ranges: OnceLock<Ranges>,
    /// What it takes to read a context.
    machine: OnceLock<(Option<MinidumpSystemInfo>, Option<MinidumpMiscInfo>)>,
    trimmed: OnceLock<Result<Option<TrimRecord>, Damage>>,
    /// Files for what the dump left out of its images.
    images: OnceLock<ImageFiles>,
    /// The memory that was asked for, once that is to be recorded.
    reads: OnceLock<Mutex<Spans>>,
    /// How many reads failed because the dump does not keep what was there.
    missed: AtomicU64,
    /// The lowest address of these.
    first_missed: AtomicU64,
}

impl fmt::Debug for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dump")
            .field("header", &self.header)
            .field("streams", &self.streams)
            .finish_non_exhaustive()
    }
}

impl Dump {
    /// Opens a minidump: a [`crate::FileSource`], a `Vec<u8>`, or any other [`Source`].
    ///
    /// Fails only when nothing can be learnt from the file ([`OpenError`]); everything less is in
    /// [`Dump::damage`].
    pub fn open(source: impl Source + 'static) -> Result<Dump, OpenError> {
        let source = Remembering::new(Box::new(source));
        let mut damage = Vec::new();
        let meta = Metadata::of(&source);
        let (header, streams) = container::read(&meta, &mut damage)?;
        let copied = streams.iter().filter(|at| COPIED.contains(&at.kind) && at.present <= 1 << 20);
        source.ahead(copied.map(|at| (at.rva, at.present)));
        let mut extract = Extract::new(&meta);
        let (arch, width) = processor(&streams, &mut extract, &mut damage);
        let mut places = Vec::new();
        for at in &streams {
            match copy(at, width, &mut extract, &mut damage) {
                Ok(Some(found)) => places = found,
                Ok(None) => {}
                Err(lost) => damage.push(lost),
            }
        }
        let small = read_extract(extract.finish(&header))?;
        Ok(Dump {
            source,
            header,
            streams,
            small,
            places,
            arch,
            width,
            damage,
            exception: OnceLock::new(),
            memory_info: OnceLock::new(),
            ranges: OnceLock::new(),
            machine: OnceLock::new(),
            trimmed: OnceLock::new(),
            images: OnceLock::new(),
            reads: OnceLock::new(),
            missed: AtomicU64::new(0),
            first_missed: AtomicU64::new(u64::MAX),
        })
    }

    /// The file's header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The streams that lie, at least in part, in the file; one of each type, in the order of the directory.
    pub fn streams(&self) -> &[StreamLocation] {
        &self.streams
    }

    /// The stream of a type, if the dump has one.
    pub fn stream(&self, kind: StreamType) -> Option<&StreamLocation> {
        self.streams.iter().find(|s| s.kind == kind)
    }

    /// Length of the file in bytes.
    pub fn size(&self) -> u64 {
        self.source.size()
    }

    /// Bytes of the file from `offset` on, as far as it has them; at most 1 MiB. For those who show the file as it is: what
    /// streams mean is what the other functions say.
    pub fn file_bytes(&self, offset: u64, len: usize) -> Vec<u8> {
        const MOST: u64 = 1 << 20;
        let have = self.size().saturating_sub(offset).min(len as u64).min(MOST);
        let mut bytes = vec![0; usize::try_from(have).unwrap_or(0)];
        let read = read_full(&self.source, offset, &mut bytes).unwrap_or(0);
        bytes.truncate(read);
        bytes
    }

    /// The first read of the file that failed, since it was opened. What was not read because of that is neither in the
    /// dump nor absent from it: whoever answers questions about the dump looks here before answering.
    pub fn read_failure(&self) -> Option<io::Error> {
        self.source.failure()
    }

    /// The processor named by SystemInfo; `None` without that stream.
    pub fn arch(&self) -> Option<Arch> {
        self.arch
    }

    /// The size of a pointer; guessed (and reported) where the processor is not known.
    pub fn width(&self) -> Width {
        self.width
    }

    /// What opening the dump cost: header, directory and small streams. The memory map and the memory ranges
    /// report their own ([`MemoryInfoList::damage`], [`Dump::memory_damage`]).
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// What reading the memory ranges cost.
    pub fn memory_damage(&self) -> &[Damage] {
        &self.ranges().damage
    }

    /// SystemInfo (7).
    pub fn system_info(&self) -> Result<Option<SystemInfo>, Damage> {
        Ok(self.small_stream(StreamType::SYSTEM_INFO)?.map(|info| SystemInfo::of(&info)))
    }

    /// MiscInfo (15).
    pub fn misc_info(&self) -> Result<Option<MiscInfo>, Damage> {
        Ok(self.small_stream(StreamType::MISC_INFO)?.map(|info| MiscInfo::of(&info)))
    }

    /// ThreadList (3), in the order of the file. The threads' stacks are in [`Dump::memory`] and their registers in
    /// [`Dump::context`].
    pub fn threads(&self) -> Result<Option<Vec<ThreadEntry>>, Damage> {
        let list: Option<MinidumpThreadList<'_>> = self.small_stream(StreamType::THREAD_LIST)?;
        Ok(list.map(|list| list.threads.iter().map(ThreadEntry::of).collect()))
    }

    /// ThreadNames (24): the names that were given to threads, by thread ID. A name that was lost is empty.
    pub fn thread_names(&self) -> Result<Option<BTreeMap<u32, String>>, Damage> {
        let names: Option<MinidumpThreadNames> = self.small_stream(StreamType::THREAD_NAMES)?;
        let copy = self.small.get_raw_stream(StreamType::THREAD_NAMES.0).unwrap_or_default();
        Ok(names.map(|names| streams::thread_names::by_id(&names, copy)))
    }

    /// ThreadInfoList (17), by thread ID; of several entries for one ID the last.
    pub fn thread_infos(&self) -> Result<Option<BTreeMap<u32, ThreadInfo>>, Damage> {
        let list: Option<MinidumpThreadInfoList> = self.small_stream(StreamType::THREAD_INFO_LIST)?;
        let by_id = |info: ThreadInfo| (info.id, info);
        Ok(list.map(|list| list.thread_infos.iter().map(ThreadInfo::of).map(by_id).collect()))
    }

    /// ModuleList (4), in the order of the file. A name that was lost is empty.
    pub fn modules(&self) -> Result<Option<Vec<Module>>, Damage> {
        let list: Option<MinidumpModuleList> = self.small_stream(StreamType::MODULE_LIST)?;
        Ok(list.map(|list| list.iter().map(Module::of).collect()))
    }

    /// UnloadedModuleList (14). Read at each call: some writers write 65,536 entries.
    pub fn unloaded_modules(&self) -> Result<Option<UnloadedModules>, Damage> {
        let read = self.alone(StreamType::UNLOADED_MODULE_LIST, |at, extract, damage| {
            streams::unloaded_modules::copy(at, self.width, extract, damage)
        })?;
        Ok(read.map(|(list, damage): (MinidumpUnloadedModuleList, _)| {
            let list = list.iter().map(UnloadedModule::of).collect();
            UnloadedModules { list, damage }
        }))
    }

    /// Exception (6).
    pub fn exception(&self) -> Result<Option<Exception>, Damage> {
        let read = || {
            let exception: Option<MinidumpException<'_>> = self.small_stream(StreamType::EXCEPTION)?;
            let (system, misc) = self.machine();
            Ok(exception.map(|exception| Exception::of(&exception, system, misc)))
        };
        self.exception.get_or_init(read).clone()
    }

    /// HandleData (12). Read at each call, since the list can be long.
    pub fn handles(&self) -> Result<Option<Handles>, Damage> {
        let read = self.alone(StreamType::HANDLE_DATA, streams::handles::copy)?;
        Ok(read.map(|(list, damage): (MinidumpHandleDataStream, _)| {
            let list = list.handles.iter().map(Handle::of).collect();
            Handles { list, damage }
        }))
    }

    /// The object information in HandleData (12); empty if the writer stored only the handles. Read at each call.
    pub fn handle_information(&self) -> Result<Option<HandleInformation>, Damage> {
        self.own_stream(StreamType::HANDLE_DATA, handle_information::read)
    }

    /// The registers of the thread at a position in the thread list; `None` if the dump keeps none that can be
    /// read.
    pub fn context(&self, thread: usize) -> Option<Context> {
        let (rva, size) = self.places.get(thread)?.context;
        let mut bytes = vec![0; size as usize]; // found to be in the file when the list was read
        Metadata::of(&self.source).read(rva, &mut bytes).ok()?;
        context::clear_notes(&mut bytes, self.width);
        // The crate reads every register of the floating-point unit too, byte for byte.
        if CpuState::is_for(self.arch) && context::is_plain(&bytes, self.width) {
            return CpuState::decode(&bytes, self.width).map(|state| state.context());
        }
        let (system, misc) = self.machine();
        let context = MinidumpContext::read(&bytes, minidump::Endian::Little, system?, misc).ok()?;
        Some(Context::of(&context))
    }

    /// Frees the cached blocks of the file, some MiB at most. Call it after an answer if no other question follows at
    /// once; later reads go to the file again.
    pub fn forget_blocks(&self) {
        self.source.forget();
    }

    /// Reads the registers of all threads in advance, in one round trip: as many as fit into 4 MiB.
    pub fn read_contexts_ahead(&self) {
        self.source.ahead(self.places.iter().map(|places| (places.context.0, places.context.1.into())));
    }

    /// All registers of the thread at a position in the thread list, of x64 and x86.
    pub fn cpu_state(&self, thread: usize) -> Option<CpuState> {
        let (rva, size) = self.places.get(thread)?.context;
        let mut bytes = vec![0; size as usize]; // found to be in the file when the list was read
        Metadata::of(&self.source).read(rva, &mut bytes).ok()?;
        CpuState::decode(&bytes, self.width).filter(|_| CpuState::is_for(self.arch))
    }

    /// All registers of the exception's thread when it happened, of x64 and x86.
    pub fn exception_cpu_state(&self) -> Option<CpuState> {
        // MINIDUMP_EXCEPTION_STREAM.ThreadContext: size and RVA.
        let at = self.stream(StreamType::EXCEPTION)?;
        let mut place = [0; 8];
        let meta = Metadata::of(&self.source);
        meta.read(at.rva.checked_add(0xa0)?, &mut place).ok().filter(|()| at.size >= 0xa8)?;
        let [size, rva] = [0, 4].map(|n| place.get(n..).and_then(<[u8]>::first_chunk).copied());
        let (size, rva) = (u32::from_le_bytes(size?), u64::from(u32::from_le_bytes(rva?)));
        let whole = size <= limits::CONTEXT_BYTES && meta.present(rva, u64::from(size)) == u64::from(size);
        let mut bytes = vec![0; if whole { size as usize } else { 0 }];
        meta.read(rva, &mut bytes).ok()?;
        CpuState::decode(&bytes, self.width).filter(|_| CpuState::is_for(self.arch))
    }

    /// Whether the dump keeps registers for the thread at a position in the thread list, be they readable or not.
    pub fn has_context(&self, thread: usize) -> bool {
        self.places.get(thread).is_some_and(|places| places.context.1 > 0)
    }

    /// The stack of the thread at a position in the thread list, from where the writer kept it (its stack pointer, in a
    /// small dump) to its base, exclusive: `MINIDUMP_THREAD.Stack`. `None` if the list has none.
    pub fn stack(&self, thread: usize) -> Option<(u64, u64)> {
        let (start, size) = self.places.get(thread)?.stack;
        let end = start.checked_add(size.into())?;
        (start != 0 && size != 0).then_some((start, end))
    }

    /// SystemMemoryInfo (21); `None` also when the writer filled in only zeros.
    pub fn system_memory(&self) -> Result<Option<SystemMemory>, Damage> {
        self.own_stream(StreamType::SYSTEM_MEMORY_INFO, streams::system_memory::read)
    }

    /// ProcessVmCounters (22); `None` also when the writer filled in only zeros.
    pub fn vm_counters(&self) -> Result<Option<VmCounters>, Damage> {
        self.own_stream(StreamType::PROCESS_VM_COUNTERS, streams::vm_counters::read)
    }

    /// Crashpad's stability report (0x4b6b0002): what could still be committed.
    pub fn stability_memory(&self) -> Result<Option<StabilityMemory>, Damage> {
        self.own_stream(StreamType::STABILITY_REPORT, streams::stability_report::read)
    }

    /// The annotations that the program gave to Crashpad (0x43500001).
    pub fn crashpad_info(&self) -> Result<Option<CrashpadInfo>, Damage> {
        self.own_stream(StreamType::CRASHPAD_INFO, streams::crashpad_info::read)
    }

    /// The assertion that failed (0x47670002), by Breakpad or Crashpad.
    pub fn assertion(&self) -> Result<Option<Assertion>, Damage> {
        self.own_stream(StreamType::ASSERTION_INFO, streams::assertion::read)
    }

    /// Unreal Engine's crash context (0x10000).
    pub fn unreal_context(&self) -> Result<Option<UnrealContext>, Damage> {
        self.own_stream(StreamType::UNREAL_CONTEXT, streams::unreal::read)
    }

    /// FunctionTable (13): unwind data of code that was made while the process ran.
    pub fn function_tables(&self) -> Result<Option<FunctionTables>, Damage> {
        let read =
            |meta: &Metadata<'_>, at: &StreamLocation| streams::function_table::read(meta, at).map(Some);
        self.own_stream(StreamType::FUNCTION_TABLE, read)
    }

    /// The comment of the dump's writer: CommentW (11), or else CommentA (10).
    pub fn comment(&self) -> Result<Option<Comment>, Damage> {
        let read = |meta: &Metadata<'_>, at: &StreamLocation| streams::comment::read(meta, at).map(Some);
        match self.own_stream(StreamType::COMMENT_W, read) {
            Ok(None) => self.own_stream(StreamType::COMMENT_A, read),
            Err(lost @ Damage::DirectoryCut { .. }) => {
                self.own_stream(StreamType::COMMENT_A, read)?.map_or(Err(lost), |comment| Ok(Some(comment)))
            }
            comment => comment,
        }
    }

    /// CommentA (10) beside a CommentW, which [`Dump::comment`] gives.
    pub fn second_comment(&self) -> Result<Option<Comment>, Damage> {
        if self.stream(StreamType::COMMENT_W).is_none() {
            return Ok(None);
        }
        self.own_stream(StreamType::COMMENT_A, |meta, at| streams::comment::read(meta, at).map(Some))
    }

    /// MemoryInfoList (16): the process's address space.
    pub fn memory_info(&self) -> Result<Option<&MemoryInfoList>, Damage> {
        let list = self.memory_info.get_or_init(|| {
            self.own_stream(StreamType::MEMORY_INFO_LIST, |meta, at| {
                memory_info::read(meta, at, self.width).map(Some)
            })
        });
        list.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// TrimRecord: what a copy that dumplens trimmed records of its original.
    pub fn trimmed(&self) -> Result<Option<&TrimRecord>, Damage> {
        let record = self.trimmed.get_or_init(|| self.own_stream(StreamType::TRIM_RECORD, trim_record::read));
        record.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// CensusRecord: of a copy that dumplens trimmed, the census of its original as JSON, at most 1 MiB of it. It is as hostile
    /// as any other part of the file.
    pub fn census_record(&self) -> Result<Option<Vec<u8>>, Damage> {
        let read = |meta: &Metadata<'_>, at: &StreamLocation| {
            meta.bytes(at.rva, at.present.min(limits::SMALL_STREAM_BYTES))
        };
        self.own_stream(StreamType::CENSUS_RECORD, read)
    }

    /// Of a redacted copy, what of its memory is as it was.
    pub(crate) fn kept(&self) -> Option<&Spans> {
        self.trimmed().ok().flatten()?.kept.as_ref()
    }

    /// What the dump keeps of the process's memory; empty if it has no memory list.
    pub fn memory(&self) -> Memory<'_> {
        Memory::new(self)
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

    pub(crate) fn source(&self) -> &Remembering {
        &self.source
    }

    /// A stream that the `minidump` crate reads out of the extract.
    fn small_stream<'d, S: MinidumpStream<'d>>(&'d self, kind: StreamType) -> Result<Option<S>, Damage> {
        match self.small.get_stream() {
            Ok(stream) => Ok(Some(stream)),
            Err(minidump::Error::StreamNotFound) => self.lost(kind).map_or(Ok(None), Err),
            Err(error) => Err(malformed(kind, error.to_string())),
        }
    }

    fn machine(&self) -> (Option<&MinidumpSystemInfo>, Option<&MinidumpMiscInfo>) {
        let read = || (self.small.get_stream().ok(), self.small.get_stream().ok());
        let (system, misc) = self.machine.get_or_init(read);
        (system.as_ref(), misc.as_ref())
    }

    /// A stream that the `minidump` crate reads, in an extract of its own; with what reading it cost.
    fn alone<S: for<'s> MinidumpStream<'s>>(
        &self,
        kind: StreamType,
        copy: impl FnOnce(&StreamLocation, &mut Extract<'_, '_>, &mut Vec<Damage>) -> Result<(), Damage>,
    ) -> Result<Option<(S, Vec<Damage>)>, Damage> {
        let Some(at) = self.stream(kind) else {
            return self.lost(kind).map_or(Ok(None), Err);
        };
        let meta = Metadata::of(&self.source);
        let mut extract = Extract::new(&meta);
        let mut damage = Vec::new();
        copy(at, &mut extract, &mut damage)?;
        let small = read_extract(extract.finish(&self.header)).map_err(|e| malformed(kind, e.to_string()))?;
        let list = small.get_stream().map_err(|e| malformed(kind, e.to_string()))?;
        Ok(Some((list, damage)))
    }

    /// A stream that this crate reads itself.
    fn own_stream<T>(
        &self,
        kind: StreamType,
        read: impl FnOnce(&Metadata<'_>, &StreamLocation) -> Result<Option<T>, Damage>,
    ) -> Result<Option<T>, Damage> {
        match self.stream(kind) {
            Some(at) => read(&Metadata::of(&self.source), at),
            None => self.lost(kind).map_or(Ok(None), Err),
        }
    }

    /// The damage that cost the whole stream, if that is why it is not there. What is left of a directory that was cut
    /// off does not tell what else it listed.
    fn lost(&self, kind: StreamType) -> Option<Damage> {
        let costs_it = |d: &&Damage| match d {
            Damage::StreamOutside { stream, .. } | Damage::StreamMalformed { stream, .. } => *stream == kind,
            _ => false,
        };
        let cut = |d: &&Damage| matches!(d, Damage::DirectoryCut { .. });
        self.damage.iter().find(costs_it).or_else(|| self.damage.iter().find(cut)).cloned()
    }
}

/// Copies SystemInfo, which decides how the rest is read.
fn processor(
    streams: &[StreamLocation],
    extract: &mut Extract<'_, '_>,
    damage: &mut Vec<Damage>,
) -> (Option<Arch>, Width) {
    let system = streams.iter().find(|s| s.kind == StreamType::SYSTEM_INFO);
    let arch = match system.map(|at| streams::system_info::copy(at, extract, damage)) {
        Some(Ok(arch)) => Some(arch),
        Some(Err(lost)) => {
            damage.push(lost);
            None
        }
        None => None,
    };
    if let Some(width) = arch.and_then(Arch::width) {
        return (arch, width);
    }
    let threads = streams.iter().find(|s| s.kind == StreamType::THREAD_LIST);
    let width = threads.and_then(|at| streams::threads::guess_width(at, extract)).unwrap_or(Width::Bits64);
    let why = arch.map_or("no SystemInfoStream".to_owned(), |arch| format!("{arch:?}"));
    damage.push(Damage::WidthGuessed { why, bits: width.bits() });
    (arch, width)
}

/// Copies one stream into the extract, if it is one that the crate reads. For the thread list, returns where the
/// contexts lie.
fn copy(
    at: &StreamLocation,
    width: Width,
    extract: &mut Extract<'_, '_>,
    damage: &mut Vec<Damage>,
) -> Result<Option<Vec<Places>>, Damage> {
    match at.kind {
        StreamType::THREAD_LIST => return streams::threads::copy(at, width, extract, damage).map(Some),
        StreamType::MODULE_LIST => streams::modules::copy(at, width, extract, damage),
        StreamType::EXCEPTION => streams::exception::copy(at, width, extract, damage),
        StreamType::MISC_INFO => streams::misc_info::copy(at, extract),
        StreamType::THREAD_INFO_LIST => streams::thread_info::copy(at, extract, damage),
        StreamType::THREAD_NAMES => streams::thread_names::copy(at, extract, damage),
        _ => Ok(()),
    }
    .map(|()| None)
}

fn read_extract(bytes: Vec<u8>) -> Result<Minidump<'static, Vec<u8>>, OpenError> {
    Minidump::read(bytes).map_err(|e| OpenError::NotAMinidump { found: e.to_string() })
}
