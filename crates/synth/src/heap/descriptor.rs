//! 24H2: the chain of heap descriptors, the only way to heaps that are not in `PEB.ProcessHeaps`.

use crate::arch::Width;
use crate::bytes::Fields;
use crate::process::Process;

/// A descriptor and the heap that it names. The heap's UserContext points back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Where it lies.
    pub address: u64,
    /// The heap.
    pub heap: u64,
}

/// Writes descriptors {Next, Prev, Heap}, linked in this order; Next of the last and Prev of the first are null.
pub fn put_chain(process: &mut Process, width: Width, chain: &[Descriptor]) {
    let address = |number: Option<usize>| number.and_then(|it| chain.get(it)).map_or(0, |it| it.address);
    for (number, descriptor) in chain.iter().enumerate() {
        let word = width.bytes();
        let mut d = Fields::sized(width, 3 * word);
        d.word(0, address(number.checked_add(1)));
        d.word(word, address(number.checked_sub(1)));
        d.word(2 * word, descriptor.heap);
        process.put(descriptor.address, &d.bytes);
    }
}
