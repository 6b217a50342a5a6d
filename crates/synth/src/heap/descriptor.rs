//! 24H2: the chain of heap descriptors, the only way to heaps that are not in `PEB.ProcessHeaps`.

use super::list;
use crate::arch::Width;
use crate::process::Process;

/// A descriptor and the heap that it names. The heap's UserContext points back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Where it lies.
    pub address: u64,
    /// The heap.
    pub heap: u64,
}

/// Writes descriptors {Next, Prev, Heap}, linked in this order to a circle with `head`, a LIST_ENTRY in ntdll's data
/// behind which no heap stands.
pub fn put_chain(process: &mut Process, width: Width, head: u64, chain: &[Descriptor]) {
    let links: Vec<u64> =
        [head].into_iter().chain(chain.iter().map(|descriptor| descriptor.address)).collect();
    list::circle(process, width, &links);
    let heaps = [0].into_iter().chain(chain.iter().map(|descriptor| descriptor.heap));
    for (at, heap) in links.iter().zip(heaps) {
        let word = width.bytes();
        process.put(at + 2 * word as u64, &heap.to_le_bytes()[..word]);
    }
}
