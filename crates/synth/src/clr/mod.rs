//! A small .NET 10 runtime in a process: its module with a contract descriptor, an assembly's metadata, method tables,
//! heaps of regions with some objects, threads, and, if wanted, an exception, locks, a refused allocation.
//!
//! Written from the specification of the layouts (`spec/managed.md`), without looking at core's reader.

pub mod code;
mod heap;
mod loader;
mod metadata;
mod runtime;

use crate::bytes::len32;
use crate::process::Process;

/// Base of `coreclr.dll`.
pub const MODULE: u64 = 0x7FFA_2000_0000;
/// Method tables, classes, the `Module`, threads, sync blocks: 0x6000 bytes.
pub const LOADER: u64 = 0x1E0_0000_0000;
/// The assembly's image, one page of headers and one of metadata.
pub const ASSEMBLY: u64 = 0x1E1_0000_0000;
/// The range of the heap: 1 MiB, with a region at each 256 KiB.
pub const HEAP: u64 = 0x1E2_0000_0000;
/// Bytes of the range.
pub const HEAP_SIZE: u64 = 0x10_0000;
/// Bytes that are committed of each region.
pub const REGION: u64 = 0x2000;

/// Code that was compiled at run time, and what leads to it: 0x5000 bytes.
pub const CODE: u64 = 0x1E3_0000_0000;

/// The version in the module's RuntimeInfo.
pub const VERSION: [u32; 4] = [10, 0, 926, 27113];

/// What the process holds beside its objects.
#[derive(Clone, Debug, Default)]
pub struct Clr {
    /// The operating system's ids of its threads.
    pub threads: Vec<u32>,
    /// The first thread handles an InvalidOperationException of this HRESULT with a message, a trace and an inner one.
    pub exception: Option<u32>,
    /// The first two threads wait for each other: the stack pointers of both, above which the locks' addresses are put.
    pub deadlock: Option<[u64; 2]>,
    /// The collector refused an object of so many bytes.
    pub refused: Option<u64>,
    /// A collection is in progress.
    pub collecting: bool,
}

/// The message of the exception.
pub const MESSAGE: &str = "the cart is empty";
/// The message of the exception inside.
pub const INNER_MESSAGE: &str = "no such row";
/// Where the exception object lies.
pub const EXCEPTION: u64 = HEAP + 0x28;

/// Names of the types of the objects, how many there are of each, and bytes of each object.
pub const OBJECTS: [(&str, u64, u64); 5] = [
    ("Own.Node", 5, 24),
    ("Own.Node[]", 1, 24 + 3 * 8),
    ("Own.Outer+Inner", 2, 40),
    ("Own.Pair<System.String,Own.Node[]>", 4, 32),
    ("Own.Node[,]", 1, 24 + 2 * 8 + 4 * 8),
];

impl Clr {
    /// Puts the runtime into a process whose kept memory and regions are the caller's business: [`MODULE`] with
    /// [`Clr::module`], [`LOADER`], [`ASSEMBLY`], [`HEAP`], [`CODE`].
    pub fn put(&self, process: &mut Process) {
        process.put(MODULE, &self.module());
        process.put(ASSEMBLY, &metadata::assembly());
        loader::put(process);
        code::put(process);
        heap::put(self, process);
        self.put_threads(process);
    }

    /// `Thread`s and their locks.
    fn put_threads(&self, process: &mut Process) {
        for (n, id) in self.threads.iter().enumerate() {
            let at = runtime::thread(n);
            let next = if n + 1 < self.threads.len() { runtime::thread(n + 1) + 120 } else { 0 };
            process.put(at + 16, &(len32(n) + 1).to_le_bytes());
            process.put(at + 120, &next.to_le_bytes());
            process.put(at + 304, &id.to_le_bytes());
            // RuntimeThreadLocals, with an allocation context for the first thread.
            process.put(at + 32, &(at + 0x200).to_le_bytes());
            if n == 0 {
                let context = [heap::CONTEXT, heap::CONTEXT + 0x100].map(u64::to_le_bytes).concat();
                process.put(at + 0x208, &context);
            }
        }
        if self.exception.is_some() {
            // Thread.ExceptionTracker, its handle, and the slot that this points to.
            let at = runtime::thread(0);
            process.put(at + 360, &(at + 0x280).to_le_bytes());
            process.put(at + 0x288, &(at + 0x2A0).to_le_bytes());
            process.put(at + 0x2A0, &EXCEPTION.to_le_bytes());
        }
        for (n, stack) in self.deadlock.iter().flatten().enumerate() {
            // Thread n holds the lock of node n, and waits for that of the other.
            runtime::lock(process, n, self.threads[n]);
            let waited = runtime::sync_block(1 - n);
            for slot in [2, 5, 6, 9, 14] {
                process.put(stack + 8 * slot, &waited.to_le_bytes());
            }
        }
    }
}
