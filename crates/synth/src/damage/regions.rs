//! 240 to 254: region lists.

use super::{Base, Recipe};
use crate::constants::{MEM_FREE, MEMORY_INFO_LIST_STREAM};
use crate::memory::Region;
use crate::presets;

pub(super) const RECIPES: &[Recipe] = &[
    ("240_regions_with_gaps", |base| regions(base, |all| all.retain(|region| region.state != MEM_FREE))),
    ("241_regions_begin_late", |base| regions(base, |all| drop(all.drain(..3)))),
    ("242_regions_end_early", |base| regions(base, |all| all.truncate(all.len() / 2))),
    ("243_regions_none", |base| regions(base, Vec::clear)),
    ("244_regions_duplicated", |base| {
        regions(base, |all| {
            let copy = all.clone();
            all.extend(copy);
        })
    }),
    ("245_regions_overlap_by_a_page", |base| each(base, |region| region.size += 0x1000)),
    ("246_regions_not_page_aligned", |base| each(base, |region| region.base += 1)),
    ("247_regions_one_covers_everything", |base| {
        regions(base, |all| all.insert(0, Region::free(0, u64::MAX)))
    }),
    ("248_regions_reversed", |base| regions(base, |all| all.reverse())),
    ("249_regions_in_kernel_space", |base| each(base, |region| region.base |= 0xFFFF_8000_0000_0000)),
    ("250_allocation_base_above_base", |base| each(base, |region| region.allocation_base = u64::MAX)),
    ("251_x86_sign_extended", |_| {
        let mut process = presets::tiny_x86();
        process.sign_extend = true;
        process.to_bytes().0
    }),
    ("252_meminfo_stream_8_bytes", |base| {
        base.tiny.replaced(MEMORY_INFO_LIST_STREAM, &base.tiny.contents(MEMORY_INFO_LIST_STREAM)[..8])
    }),
    ("253_meminfo_stream_20_bytes_short", |base| {
        let contents = base.tiny.contents(MEMORY_INFO_LIST_STREAM);
        base.tiny.replaced(MEMORY_INFO_LIST_STREAM, &contents[..contents.len() - 20])
    }),
    ("254_meminfo_entries_of_56_bytes", |base| {
        let contents = base.tiny.contents(MEMORY_INFO_LIST_STREAM);
        let mut wide = [&16_u32.to_le_bytes()[..], &56_u32.to_le_bytes(), &contents[8..16]].concat();
        for entry in contents[16..].chunks(48) {
            wide.extend_from_slice(entry);
            wide.extend_from_slice(&[0xAB; 8]);
        }
        base.tiny.replaced(MEMORY_INFO_LIST_STREAM, &wide)
    }),
];

fn regions(base: &Base, change: fn(&mut Vec<Region>)) -> Vec<u8> {
    base.tiny.remake(|process| change(process.regions.as_mut().expect("tiny has them")))
}

fn each(base: &Base, change: fn(&mut Region)) -> Vec<u8> {
    base.tiny.remake(|process| process.regions.iter_mut().flatten().for_each(change))
}
