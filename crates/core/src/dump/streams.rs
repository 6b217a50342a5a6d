//! What each stream says: absent (`Ok(None)`), present, or damaged.

use std::collections::BTreeMap;

use minidump::{
    MinidumpException, MinidumpHandleDataStream, MinidumpModuleList, MinidumpThreadInfoList,
    MinidumpThreadList, MinidumpThreadNames, MinidumpUnloadedModuleList,
};

use super::Dump;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::limits;
use crate::metadata::Metadata;
use crate::streams;
use crate::streams::assertion::Assertion;
use crate::streams::breakpad_info::BreakpadInfo;
use crate::streams::comment::Comment;
use crate::streams::crashpad_info::CrashpadInfo;
use crate::streams::exception::Exception;
use crate::streams::function_table::FunctionTables;
use crate::streams::handle_information::{self, HandleInformation};
use crate::streams::handles::{Handle, Handles};
use crate::streams::memory_info::{self, MemoryInfoList};
use crate::streams::misc_info::MiscInfo;
use crate::streams::modules::Module;
use crate::streams::stability_report::StabilityMemory;
use crate::streams::system_info::SystemInfo;
use crate::streams::system_memory::SystemMemory;
use crate::streams::thread_info::ThreadInfo;
use crate::streams::threads::ThreadEntry;
use crate::streams::trim_record::{self, TrimRecord};
use crate::streams::unloaded_modules::{UnloadedModule, UnloadedModules};
use crate::streams::unreal::UnrealContext;
use crate::streams::vm_counters::VmCounters;
use crate::vocabulary::StreamType;

impl Dump {
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

    /// Exception (6); damaged where its record is all zero, since its writer was given none.
    pub fn exception(&self) -> Result<Option<Exception>, Damage> {
        let read = || {
            let exception: Option<MinidumpException<'_>> = self.small_stream(StreamType::EXCEPTION)?;
            let (system, misc) = self.machine();
            let exception = exception.map(|exception| Exception::of(&exception, system, misc));
            if exception.as_ref().is_some_and(Exception::is_empty) {
                return Err(streams::malformed(StreamType::EXCEPTION, "its record is empty"));
            }
            Ok(exception)
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

    /// The threads that asked for the dump and wrote it (0x47670001), by Breakpad or Crashpad.
    pub fn breakpad_info(&self) -> Result<Option<BreakpadInfo>, Damage> {
        self.own_stream(StreamType::BREAKPAD_INFO, streams::breakpad_info::read)
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
}

impl Dump {
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
    pub(super) fn lost(&self, kind: StreamType) -> Option<Damage> {
        let costs_it = |d: &&Damage| match d {
            Damage::StreamOutside { stream, .. } | Damage::StreamMalformed { stream, .. } => *stream == kind,
            _ => false,
        };
        let cut = |d: &&Damage| matches!(d, Damage::DirectoryCut { .. });
        self.damage.iter().find(costs_it).or_else(|| self.damage.iter().find(cut)).cloned()
    }
}
