//! The 32-bit registers of a thread of a WOW64 process, which the 64-bit half keeps in memory.
//!
//! While a thread runs 64-bit code, `TlsSlots[1]` of its 64-bit TEB (1488) points to what wow64cpu saved: 4 bytes (since
//! Windows 8 flags and the machine), then an x86 CONTEXT (winnt.h). That of a 32-bit exception is on the 32-bit stack:
//! `KiUserExceptionDispatcher` gets a pointer to its EXCEPTION_RECORD and one to its CONTEXT.

use super::Teb;
use crate::arch::Width;
use crate::memory::Memory;

/// `TlsSlots[WOW64_TLS_CPURESERVED]` of the 64-bit TEB: 1480 + 8.
const CPU_RESERVED: u64 = 0x1488;
/// Bytes before the CONTEXT.
const HEAD: u64 = 4;
/// `CONTEXT_i386` and `CONTEXT_CONTROL` of `ContextFlags`.
const CONTROL: u32 = 0x1_0001;
/// `ContextFlags`, the integer registers from `Edi` (9c) to `SegSs` (c8).
const FIRST: u64 = 0x9c;
const WORDS: usize = 12;
/// Bytes of a 32-bit stack that are searched for an exception's record.
const SEARCHED: u64 = 64 << 10;

/// What is needed of an x86 CONTEXT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context32 {
    /// `ContextFlags`.
    pub flags: u32,
    /// `Eip`.
    pub ip: u32,
    /// eax, ecx, edx, ebx, esp, ebp, esi, edi.
    pub general: [u32; 8],
    /// What was read for it: addresses and lengths, 0 where there are fewer. The pointer to the context comes first.
    pub spans: [(u64, u64); 4],
}

impl Context32 {
    /// The registers with which a WOW64 thread left its 32-bit code. `None` if they are not kept, or are none: the stack
    /// pointer must lie in the thread's 32-bit stack.
    pub fn saved(memory: Memory<'_>, teb64: &Teb<'_>, teb32: &Teb<'_>) -> Option<Context32> {
        let at = memory.u64(teb64.address.checked_add(CPU_RESERVED)?).ok().filter(|at| *at != 0)?;
        let context =
            Context32::read(memory, at.checked_add(HEAD)?).filter(|context| context.is_on(teb32))?;
        Some(context.led_to([(teb64.address.checked_add(CPU_RESERVED)?, 8), (0, 0)]))
    }

    /// The registers of a 32-bit exception, by its record on the thread's 32-bit stack from `from` on. The context that
    /// goes with a record has its address as instruction pointer.
    pub fn of_exception(
        memory: Memory<'_>,
        teb32: &Teb<'_>,
        from: u64,
        code: u32,
        address: u32,
    ) -> Option<Context32> {
        let from = from.max(teb32.stack_limit).checked_next_multiple_of(4)?;
        let length = memory.available(from, teb32.stack_base.checked_sub(from)?.min(SEARCHED));
        let bytes = memory.bytes(from, length).ok()?;
        let words: Vec<u32> = bytes.chunks_exact(4).map(word).collect();
        words.windows(2).zip((from..).step_by(4)).find_map(|(pair, pointers)| {
            let [record, context] = *pair else { return None };
            let at = |field: u64| memory.u32(u64::from(record).checked_add(field)?).ok();
            // Only what points into the stack can be it, and is worth a read.
            let near = |pointer: u32| (from..teb32.stack_base).contains(&u64::from(pointer));
            if !near(record) || !near(context) || at(0) != Some(code) || at(0xc) != Some(address) {
                return None;
            }
            let context = Context32::read(memory, context.into())?;
            let led_to = [(pointers, 8), (record.into(), 0x10)];
            (context.ip == address && context.is_on(teb32)).then(|| context.led_to(led_to))
        })
    }

    /// The CONTEXT at an address; `None` if it cannot be read or has no x86 control registers.
    fn read(memory: Memory<'_>, address: u64) -> Option<Context32> {
        let flags = memory.u32(address).ok().filter(|flags| flags & CONTROL == CONTROL)?;
        let mut bytes = [0; 4 * WORDS];
        memory.read(address.checked_add(FIRST)?, &mut bytes).ok()?;
        let mut words = bytes.chunks_exact(4).map(word);
        let mut next = || words.next().unwrap_or_default();
        let [edi, esi, ebx, edx, ecx, eax, ebp, ip, _cs, _flags, esp, _ss] = std::array::from_fn(|_| next());
        let spans = [(0, 0), (0, 0), (address, 4), (address.checked_add(FIRST)?, bytes.len() as u64)];
        Some(Context32 { flags, ip, general: [eax, ecx, edx, ebx, esp, ebp, esi, edi], spans })
    }

    fn led_to(mut self, by: [(u64, u64); 2]) -> Context32 {
        let [first, second, ..] = &mut self.spans;
        [*first, *second] = by;
        self
    }

    /// Whether the stack pointer lies in the stack of a TEB.
    fn is_on(&self, teb: &Teb<'_>) -> bool {
        let [_, _, _, _, esp, ..] = self.general;
        teb.width == Width::Bits32 && (teb.stack_limit..teb.stack_base).contains(&u64::from(esp))
    }
}

fn word(bytes: &[u8]) -> u32 {
    bytes.first_chunk().copied().map_or(0, u32::from_le_bytes)
}
