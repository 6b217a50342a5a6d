//! What other streams know of the address space, against the memory map: modules and threads lie in memory.

use dumplens_core::Regions;

use super::{Coverage, SpaceWarning};

/// What is left of the map's worth: less if a module or a TEB lies in memory that is free by the map, still less if one
/// lies where it lists nothing.
pub(super) fn find(
    regions: &Regions,
    modules: &[(u64, u64)],
    tebs: &[u64],
    warnings: &mut Vec<SpaceWarning>,
) -> Coverage {
    let modules = modules.iter().filter(|(base, end)| base < end).map(|(base, _)| *base);
    let (mut free, mut outside) = (Vec::new(), Vec::new());
    for address in modules.chain(tebs.iter().copied()).filter(|address| *address != 0) {
        match regions.at(address) {
            Some(region) if region.state.is_free() => free.push(address),
            Some(_) => {}
            None => outside.push(address),
        }
    }
    let count = |list: &[u64]| list.len() as u64;
    if let Some(first) = free.first() {
        warnings.push(SpaceWarning::RegionsContradicted { count: count(&free), first: *first });
    }
    if let Some(first) = outside.first() {
        warnings.push(SpaceWarning::RegionsMissing { count: count(&outside), first: *first });
    }
    match (outside.is_empty(), free.is_empty()) {
        (false, _) => Coverage::Part,
        (true, false) => Coverage::Repaired,
        (true, true) => Coverage::Whole,
    }
}
