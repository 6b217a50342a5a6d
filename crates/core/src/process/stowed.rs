//! `STOWED_EXCEPTION_INFORMATION_V1` and `_V2` (combaseapi.h, "stowed exceptions"): the errors of Windows Runtime code that
//! `STATUS_STOWED_EXCEPTION` (0xC000027B) ends the program with. Its parameter 0 is the address of an array of pointers to
//! them, parameter 1 how many there are.
//!
//! Offsets are in hex, the same for x86 and x64: Size 0, Signature 4 ("SE01", "SE02" as characters of a number), ResultCode 8,
//! ExceptionForm c (its two lowest bits: 1 an address, 2 a text), ExceptionAddress or ErrorText 10. Behind an address follow
//! StackTraceWordSize (14 on x86, 18 on x64), StackTraceWords and the pointer StackTrace (1c, 20).

use crate::arch::Width;
use crate::limits;
use crate::memory::Memory;

const SIGNATURES: [u32; 2] = [0x5345_3031, 0x5345_3032];

/// An error that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StowedException {
    /// Where it lies.
    pub at: u64,
    /// `ResultCode`, an HRESULT.
    pub result: u32,
    /// `ExceptionAddress`; `None` if it has a text instead.
    pub address: Option<u64>,
    /// `StackTrace`: the return addresses of the calls in which it was stored, the innermost first; empty if they are not kept.
    pub stack: Vec<u64>,
}

impl StowedException {
    /// The errors that an array of pointers names; those that cannot be read, or are none, are left out.
    pub fn read_all(memory: Memory<'_>, array: u64, count: u64, width: Width) -> Vec<StowedException> {
        let step = width.bytes() as u64;
        let pointers = (0..count.min(limits::STOWED_EXCEPTIONS)).map_while(|n| {
            let at = array.checked_add(n.checked_mul(step)?)?;
            memory.pointer(at, width).ok()
        });
        pointers.filter_map(|at| StowedException::read(memory, at, width)).collect()
    }

    fn read(memory: Memory<'_>, at: u64, width: Width) -> Option<StowedException> {
        const FORM: u32 = 3;
        const ADDRESS: u32 = 1;
        let long = |offset: u64| memory.u32(at.checked_add(offset)?).ok();
        if !SIGNATURES.contains(&long(4)?) {
            return None;
        }
        let has_address = long(0xc)? & FORM == ADDRESS;
        let address = has_address.then(|| memory.pointer(at.checked_add(0x10)?, width).ok()).flatten();
        let stack = has_address.then(|| StowedException::stack(memory, at, width)).flatten();
        Some(StowedException { at, result: long(8)?, address, stack: stack.unwrap_or_default() })
    }

    fn stack(memory: Memory<'_>, at: u64, width: Width) -> Option<Vec<u64>> {
        let step = width.bytes() as u64;
        let long = |offset: u64| memory.u32(at.checked_add(offset)?).ok().map(u64::from);
        let (size, words) = (long(width.pick(0x14, 0x18))?, long(width.pick(0x18, 0x1c))?);
        let trace = memory.pointer(at.checked_add(width.pick(0x1c, 0x20))?, width).ok()?;
        let word = |n: u64| memory.pointer(trace.checked_add(n.checked_mul(step)?)?, width).ok();
        (size == step).then(|| (0..words.min(limits::STOWED_FRAMES)).map_while(word).collect())
    }
}
