//! Which streams a process has, and the bytes of the small ones.

use crate::bytes::{Push, len32, utf16_nul};
use crate::constants::{
    COMMENT_STREAM_A, COMMENT_STREAM_W, EXCEPTION_STREAM, HANDLE_DATA_STREAM, MISC_INFO_STREAM,
    MODULE_LIST_STREAM, PROCESS_VM_COUNTERS_STREAM, SYSTEM_INFO_STREAM, SYSTEM_MEMORY_INFO_STREAM,
    THREAD_INFO_LIST_STREAM, THREAD_LIST_STREAM, THREAD_NAMES_STREAM, UNLOADED_MODULE_LIST_STREAM,
};
use crate::process::Process;
use crate::tail::Tail;
use crate::threads::thread_info_list;

impl Process {
    /// Types of the small streams that are written, in file order, without `extra_streams`.
    pub(crate) fn small_streams(&self) -> Vec<u32> {
        let present = [
            (SYSTEM_INFO_STREAM, self.system.is_some()),
            (MISC_INFO_STREAM, self.misc.is_some()),
            (THREAD_LIST_STREAM, !self.threads.is_empty()),
            (THREAD_INFO_LIST_STREAM, self.threads.iter().any(|thread| thread.info.is_some())),
            (MODULE_LIST_STREAM, !self.modules.is_empty()),
            (UNLOADED_MODULE_LIST_STREAM, !self.unloaded.is_empty()),
            (EXCEPTION_STREAM, self.exception.is_some()),
            (HANDLE_DATA_STREAM, !self.handles.is_empty()),
            (THREAD_NAMES_STREAM, self.threads.iter().any(|thread| thread.name.is_some())),
            (COMMENT_STREAM_A, self.comment_ansi.is_some()),
            (COMMENT_STREAM_W, self.comment.is_some()),
            (SYSTEM_MEMORY_INFO_STREAM, self.system_memory.is_some()),
            (PROCESS_VM_COUNTERS_STREAM, self.vm_counters.is_some()),
        ];
        present.into_iter().filter(|(_, is)| *is).map(|(stream_type, _)| stream_type).collect()
    }

    /// Bytes of one small stream; its strings and contexts go to `tail` before it. `stack_rva` gives the file
    /// offset of a stack, 0 in full dumps.
    pub(crate) fn small_stream(&self, stream_type: u32, tail: &mut Tail, stack_rva: &StackRva) -> Vec<u8> {
        match stream_type {
            SYSTEM_INFO_STREAM => self.system_info(tail),
            MISC_INFO_STREAM => self.misc.as_ref().map(crate::Misc::stream).unwrap_or_default(),
            THREAD_LIST_STREAM => self.thread_list(tail, stack_rva),
            THREAD_INFO_LIST_STREAM => thread_info_list(&self.threads, |va| self.stored(va)),
            MODULE_LIST_STREAM => self.module_list(tail),
            UNLOADED_MODULE_LIST_STREAM => self.unloaded_list(tail),
            EXCEPTION_STREAM => self.exception_stream(tail),
            HANDLE_DATA_STREAM => self.handle_data(tail),
            THREAD_NAMES_STREAM => self.thread_names(tail),
            COMMENT_STREAM_A => self.comment_ansi.clone().unwrap_or_default(),
            COMMENT_STREAM_W => self.comment.as_deref().map(utf16_nul).unwrap_or_default(),
            SYSTEM_MEMORY_INFO_STREAM => self.system_memory.map(|m| m.stream()).unwrap_or_default(),
            PROCESS_VM_COUNTERS_STREAM => self.vm_counters.map(|c| c.stream()).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    fn system_info(&self, tail: &mut Tail) -> Vec<u8> {
        let Some(system) = &self.system else {
            return Vec::new();
        };
        let csd = tail.string(&system.csd_version);
        system.stream(self.arch, csd)
    }

    fn thread_list(&self, tail: &mut Tail, stack_rva: &StackRva) -> Vec<u8> {
        let mut list = Vec::new();
        list.u32(len32(self.threads.len()));
        for thread in &self.threads {
            let context = thread.context.as_ref().map(|context| context.to_bytes(self.arch));
            let location = tail.locate(context, 16);
            let (teb, stack) = (self.stored(thread.teb), self.stored(thread.stack_start));
            list.extend(thread.entry(teb, stack, stack_rva(thread.stack_start), location));
        }
        list
    }

    fn module_list(&self, tail: &mut Tail) -> Vec<u8> {
        let mut list = Vec::new();
        list.u32(len32(self.modules.len()));
        for module in &self.modules {
            let name = tail.string(&module.path);
            let record = tail.locate(module.code_view.as_ref().map(crate::CodeView::to_bytes), 4);
            list.extend(module.entry(self.stored(module.base), name, record));
        }
        list
    }

    fn unloaded_list(&self, tail: &mut Tail) -> Vec<u8> {
        let mut list = Vec::new();
        list.u32(0x0C);
        list.u32(0x18);
        list.u32(len32(self.unloaded.len()));
        for module in &self.unloaded {
            let name = tail.string(&module.name);
            list.extend(module.entry(self.stored(module.base), name));
        }
        list
    }

    fn exception_stream(&self, tail: &mut Tail) -> Vec<u8> {
        let Some(exception) = &self.exception else {
            return Vec::new();
        };
        let context = exception.context.as_ref().map(|context| context.to_bytes(self.arch));
        let location = tail.locate(context, 16);
        exception.stream(|va| self.stored(va), location)
    }

    fn handle_data(&self, tail: &mut Tail) -> Vec<u8> {
        let mut list = Vec::new();
        list.u32(0x10);
        list.u32(0x28);
        list.u32(len32(self.handles.len()));
        list.u32(0);
        for handle in &self.handles {
            let type_name = tail.shared_string(handle.type_name.as_ref());
            let object_name = handle.object_name.as_ref().map_or(0, |name| tail.string(name));
            let information = handle.chain(tail);
            list.extend(handle.entry(type_name, object_name, information));
        }
        list
    }

    fn thread_names(&self, tail: &mut Tail) -> Vec<u8> {
        let named: Vec<_> =
            self.threads.iter().filter_map(|thread| Some((thread.id, thread.name.as_ref()?))).collect();
        let mut list = Vec::new();
        list.u32(len32(named.len()));
        for (id, name) in named {
            list.u32(id);
            list.u64(u64::from(tail.string(name)));
        }
        list
    }
}

/// File offset of a stack, by its first address.
pub(crate) type StackRva<'a> = dyn Fn(u64) -> u32 + 'a;
