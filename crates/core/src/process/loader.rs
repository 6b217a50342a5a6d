//! What a debugger prints of a TEB and a PEB beyond what the analysis needs, and the loader's list of modules.

use crate::arch::Width;
use crate::memory::{Memory, Unreadable};
use crate::utf16;

/// Entries of the loader's list that are followed: it is memory of the process, and may lead in a circle.
const MOST_MODULES: usize = 4096;

/// The fields of a TEB as `!teb` has them. Offsets are x86 / x64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TebFields {
    /// `NtTib.ExceptionList` (0 / 0) to `EnvironmentPointer` (1c / 38): eight pointers, one behind the other.
    pub head: [u64; 8],
    /// `ClientId` (20 / 40): process and thread.
    pub client_id: (u64, u64),
    /// `ActiveRpcHandle` (28 / 50).
    pub rpc_handle: u64,
    /// `ThreadLocalStoragePointer` (2c / 58).
    pub tls: u64,
    /// `ProcessEnvironmentBlock` (30 / 60).
    pub peb: u64,
    /// `LastErrorValue` (34 / 68).
    pub last_error: u32,
    /// `LastStatusValue` (bf4 / 1250).
    pub last_status: Option<u32>,
    /// `CountOfOwnedCriticalSections` (38 / 6c).
    pub owned_locks: u32,
    /// `HardErrorMode` (f28 / 16b0).
    pub hard_error_mode: Option<u32>,
}

impl TebFields {
    /// Reads them; fails if the head of the TEB is not in the dump.
    pub fn read(memory: Memory<'_>, teb: u64, width: Width) -> Result<TebFields, Unreadable> {
        let pointer = |n: u64| memory.pointer(teb.wrapping_add(n.wrapping_mul(width.bytes() as u64)), width);
        let word = |x86: u64, x64: u64| memory.u32(teb.wrapping_add(width.pick(x86, x64)));
        let mut head = [0; 8];
        for (n, field) in (0..).zip(&mut head) {
            *field = pointer(n)?;
        }
        Ok(TebFields {
            head,
            client_id: (pointer(8)?, pointer(9)?),
            rpc_handle: pointer(10)?,
            tls: pointer(11)?,
            peb: pointer(12)?,
            last_error: word(0x34, 0x68)?,
            last_status: word(0xbf4, 0x1250).ok(),
            owned_locks: word(0x38, 0x6c)?,
            hard_error_mode: word(0xf28, 0x16b0).ok(),
        })
    }
}

/// The fields of a PEB as `!peb` has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PebFields {
    /// `InheritedAddressSpace`, `ReadImageFileExecOptions`, `BeingDebugged` (0 to 2).
    pub flags: [u8; 3],
    /// `ImageBaseAddress` (8 / 10).
    pub image_base: u64,
    /// `NtGlobalFlag` (68 / bc).
    pub nt_global_flag: Option<u32>,
    /// `Ldr` (c / 18).
    pub ldr: u64,
    /// `ProcessParameters` (10 / 20).
    pub process_parameters: u64,
    /// `SubSystemData` (14 / 28).
    pub sub_system_data: u64,
    /// `ProcessHeap` (18 / 30).
    pub process_heap: u64,
}

impl PebFields {
    /// Reads them; fails if the head of the PEB is not in the dump.
    pub fn read(memory: Memory<'_>, peb: u64, width: Width) -> Result<PebFields, Unreadable> {
        let pointer = |x86: u64, x64: u64| memory.pointer(peb.wrapping_add(width.pick(x86, x64)), width);
        let mut flags = [0; 3];
        memory.read(peb, &mut flags)?;
        Ok(PebFields {
            flags,
            image_base: pointer(0x8, 0x10)?,
            nt_global_flag: memory.u32(peb.wrapping_add(width.pick(0x68, 0xbc))).ok(),
            ldr: pointer(0xc, 0x18)?,
            process_parameters: pointer(0x10, 0x20)?,
            sub_system_data: pointer(0x14, 0x28)?,
            process_heap: pointer(0x18, 0x30)?,
        })
    }
}

/// `PEB_LDR_DATA`: the loader's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoaderList {
    /// `Initialized` (4 / 4).
    pub initialized: bool,
    /// First and last link of the lists in order of initialization (1c / 30), of loading (c / 10) and of memory (14 / 20).
    pub lists: [(u64, u64); 3],
    /// The modules in order of loading.
    pub modules: Vec<LoadedModule>,
}

/// `LDR_DATA_TABLE_ENTRY`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadedModule {
    /// `DllBase` (18 / 30).
    pub base: u64,
    /// `TimeDateStamp` (44 / 80).
    pub time_date_stamp: u32,
    /// `FullDllName` (24 / 48); empty if it is not in the dump.
    pub name: String,
}

impl LoaderList {
    /// Reads the lists at `Ldr`; fails if their head is not in the dump. A broken list ends where it is broken.
    pub fn read(memory: Memory<'_>, ldr: u64, width: Width) -> Result<LoaderList, Unreadable> {
        let pointer = |at: u64| memory.pointer(at, width);
        let links = |x86: u64, x64: u64| {
            let at = ldr.wrapping_add(width.pick(x86, x64));
            Ok((pointer(at)?, pointer(at.wrapping_add(width.bytes() as u64))?))
        };
        let load_order = ldr.wrapping_add(width.pick(0xc, 0x10));
        let mut modules = Vec::new();
        let mut at = pointer(load_order)?;
        while at != load_order && modules.len() < MOST_MODULES {
            let (Some(module), Ok(next)) = (entry(memory, at, width), pointer(at)) else { break };
            modules.push(module);
            at = next;
        }
        Ok(LoaderList {
            initialized: memory.u32(ldr.wrapping_add(4))? & 0xff != 0,
            lists: [links(0x1c, 0x30)?, links(0xc, 0x10)?, links(0x14, 0x20)?],
            modules,
        })
    }
}

fn entry(memory: Memory<'_>, at: u64, width: Width) -> Option<LoadedModule> {
    let field = |x86: u64, x64: u64| at.wrapping_add(width.pick(x86, x64));
    Some(LoadedModule {
        base: memory.pointer(field(0x18, 0x30), width).ok()?,
        time_date_stamp: memory.u32(field(0x44, 0x80)).unwrap_or(0),
        name: unicode_string(memory, field(0x24, 0x48), width).unwrap_or_default(),
    })
}

/// A UNICODE_STRING: `Length` in bytes, `MaximumLength`, `Buffer` (4 / 8). `None` if it is not in the dump.
pub fn unicode_string(memory: Memory<'_>, at: u64, width: Width) -> Option<String> {
    let length = memory.u16(at).ok()?;
    let buffer = memory.pointer(at.wrapping_add(width.pick(4, 8)), width).ok()?;
    let bytes = memory.bytes(buffer, u64::from(length & !1)).ok()?;
    let units: Vec<u16> = utf16::units(&bytes).collect();
    Some(String::from_utf16_lossy(&units))
}
