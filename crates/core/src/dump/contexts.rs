//! The registers of threads, and where their stacks lie.

use minidump::{MinidumpContext, MinidumpMiscInfo, MinidumpSystemInfo};

use super::Dump;
use crate::context::{self, Context};
use crate::cpu_state::CpuState;
use crate::limits;
use crate::metadata::Metadata;
use crate::vocabulary::StreamType;

impl Dump {
    /// The registers of the thread at a position in the thread list; `None` if the dump keeps none that can be
    /// read.
    pub fn context(&self, thread: usize) -> Option<Context> {
        let mut bytes = self.context_bytes(thread)?;
        context::clear_notes(&mut bytes, self.width);
        // The crate reads every register of the floating-point unit too, byte for byte.
        if CpuState::is_for(self.arch) && context::is_plain(&bytes, self.width) {
            return CpuState::decode(&bytes, self.width).map(|state| state.context());
        }
        let (system, misc) = self.machine();
        let context = MinidumpContext::read(&bytes, minidump::Endian::Little, system?, misc).ok()?;
        Some(Context::of(&context))
    }

    /// The context of a thread, as it lies in the file.
    fn context_bytes(&self, thread: usize) -> Option<Vec<u8>> {
        let (rva, size) = self.places.get(thread)?.context;
        let mut bytes = vec![0; size as usize]; // found to be in the file when the list was read
        Metadata::of(&self.source).read(rva, &mut bytes).ok()?;
        Some(bytes)
    }

    /// Reads the registers of all threads in advance, in one round trip: as many as fit into 4 MiB.
    pub fn read_contexts_ahead(&self) {
        self.source.ahead(self.places.iter().map(|places| (places.context.0, places.context.1.into())));
    }

    /// All registers of the thread at a position in the thread list, of x64 and x86.
    pub fn cpu_state(&self, thread: usize) -> Option<CpuState> {
        let bytes = self.context_bytes(thread)?;
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

    pub(super) fn machine(&self) -> (Option<&MinidumpSystemInfo>, Option<&MinidumpMiscInfo>) {
        let read = || (self.small.get_stream().ok(), self.small.get_stream().ok());
        let (system, misc) = self.machine.get_or_init(read);
        (system.as_ref(), misc.as_ref())
    }
}
