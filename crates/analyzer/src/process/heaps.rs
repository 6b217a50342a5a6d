//! The process's heaps: walked by the core, judged here.

use dumplens_core::process::Peb;
use dumplens_core::process::heap::{self, FaultKind, Heap, HeapKind, Heaps};
use dumplens_core::{Absence, Dump};

use super::ProcessWarning;
use crate::space::AddressSpace;

/// `FLG_HEAP_PAGE_ALLOCS` of `NtGlobalFlag` (C.2).
const PAGE_HEAP: u32 = 0x0200_0000;

/// Whether page heap is enabled for the process.
pub(crate) fn has_page_heap(peb: &Peb) -> bool {
    peb.nt_global_flag.is_some_and(|flags| flags & PAGE_HEAP != 0)
}

/// The heaps of all PEBs. Without a memory map there is nothing to check them against, and they are not walked.
pub(crate) fn gather(
    dump: &Dump,
    space: &AddressSpace<'_>,
    pebs: &[Peb],
    build: Option<u32>,
    warnings: &mut Vec<ProcessWarning>,
) -> Heaps {
    let mut all = Heaps::default();
    if !space.is_mapped() {
        return all;
    }
    for peb in pebs {
        let Heaps { mut list, faults } = heap::walk(dump.memory(), &space.regions, peb, build);
        if has_page_heap(peb) {
            // The handle of a page heap is a page that only looks like a heap.
            let of_page_heap = |heap: &&mut Heap| heap.kind == HeapKind::Unknown;
            for heap in list.iter_mut().filter(of_page_heap) {
                heap.faults.retain(|fault| fault.what != FaultKind::NoSignature);
            }
        }
        all.list.extend(list);
        all.faults.extend(faults);
        if has_page_heap(peb) && !warnings.contains(&ProcessWarning::PageHeap) {
            warnings.push(ProcessWarning::PageHeap);
        }
    }
    warn(&all, warnings);
    all
}

/// One warning for heaps whose structures the dump does not keep, one for those that are not as they should be.
fn warn(heaps: &Heaps, warnings: &mut Vec<ProcessWarning>) {
    let list = heaps.faults.iter().map(|fault| (None, fault));
    let each = heaps.list.iter().flat_map(|heap| heap.faults.iter().map(move |fault| (Some(heap), fault)));
    let (mut unread, mut damaged) = (Vec::new(), Vec::new());
    for (heap, fault) in list.chain(each) {
        let absent = match fault.what {
            // What was there and the dump does not keep is no damage.
            FaultKind::Unreadable(
                Absence::NotKept | Absence::CutOff | Absence::ReadFailed | Absence::Redacted,
            ) => true,
            FaultKind::Unreadable(_) => {
                heap.is_none_or(|heap| heap.parts.is_empty() && heap.layout.is_none())
            }
            _ => false,
        };
        if absent { &mut unread } else { &mut damaged }.push((heap, fault));
    }
    if let Some((_, first)) = unread.first() {
        warnings.push(ProcessWarning::HeapsUnread { count: unread.len() as u64, first: first.to_string() });
    }
    if let Some((heap, first)) = damaged.first() {
        let of = heap
            .map_or_else(|| "the list of heaps".to_owned(), |heap: &Heap| format!("heap {:#x}", heap.handle));
        let count = damaged.len() as u64;
        warnings.push(ProcessWarning::HeapsDamaged { count, first: format!("{of}, {first}") });
    }
}
