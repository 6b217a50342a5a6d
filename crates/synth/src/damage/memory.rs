//! 90 to 106: lists of kept memory.

use super::{Base, Recipe};
use crate::bytes::len32;
use crate::constants::{MEMORY_LIST_STREAM, MEMORY64_LIST_STREAM, PAGE};
use crate::memory::{MemoryForm, Range};
use crate::presets::tiny::X64;
use crate::process::Process;

pub(super) const RECIPES: &[Recipe] = &[
    ("90_mem64_stream_4_too_large", |base| mem64_size(base, 4)),
    ("91_mem64_stream_16_too_large", |base| mem64_size(base, 16)),
    ("92_mem64_stream_4_too_small", |base| mem64_size(base, -4)),
    ("93_mem64_overlap", |base| {
        base.tiny.remake(|process| {
            process.memory.push(Range { start: X64.app + 0x800, size: 2 * PAGE });
        })
    }),
    ("94_mem64_duplicate_with_other_bytes", |base| {
        let first = base.tiny.layout.ranges[0];
        let mut bytes = base.tiny.remake(|process| process.memory.push(process.memory[0]));
        let end = bytes.len() - crate::bytes::to_usize(first.size);
        bytes[end..].fill(0xEE);
        bytes
    }),
    ("95_mem64_unsorted", |base| base.tiny.remake(|process| process.memory.reverse())),
    ("96_mem64_range_size_0", |base| {
        base.tiny.remake(|process| {
            process.memory.insert(1, Range { start: X64.app, size: 0 });
        })
    }),
    ("97_mem64_range_at_top_of_2^64", |base| {
        base.tiny.remake(|process| {
            process.memory.push(Range { start: 0xFFFF_FFFF_FFFF_F000, size: PAGE });
        })
    }),
    ("98_mem64_sizes_sum_past_2^64", |base| {
        let at = base.tiny.rva(MEMORY64_LIST_STREAM);
        base.tiny.patch(|p| {
            p.u64(at + 16 + 8, 1 << 63);
            p.u64(at + 32 + 8, 1 << 63);
        })
    }),
    ("99_memorylist_ok", |base| memory_list(base, |_| ())),
    ("100_memorylist_padded_count", |base| {
        let dump = super::Dump::new(small_form(&base.tiny.process));
        dump.padded(MEMORY_LIST_STREAM)
    }),
    ("101_memorylist_one_rva_outside", |base| memory_list(base, |list| list[4 + 12..4 + 16].fill(0xFF))),
    ("102_memorylist_one_size_ffffffff", |base| memory_list(base, |list| list[4 + 8..4 + 12].fill(0xFF))),
    ("103_memorylist_count_ffffffff", |base| memory_list(base, |list| list[..4].fill(0xFF))),
    ("104_no_memory_list", |base| base.tiny.remake(|process| process.memory.clear())),
    ("105_mem64_unaligned_baserva", |base| base.tiny.remake(|process| process.memory_alignment = 1)),
    ("106_mem64_65536_bytes_in_one_byte_ranges", |base| {
        base.tiny.remake(|process| {
            let start = process.memory[0].start;
            process.memory = (0..65_536).map(|at| Range { start: start + at, size: 1 }).collect();
        })
    }),
];

fn mem64_size(base: &Base, more: i32) -> Vec<u8> {
    let stream = base.tiny.stream(MEMORY64_LIST_STREAM);
    let size = stream.size.checked_add_signed(more).expect("a small change");
    base.tiny.patch(|p| p.u32(base.tiny.entry(MEMORY64_LIST_STREAM) + 4, size))
}

fn small_form(process: &Process) -> Process {
    Process { memory_form: MemoryForm::MemoryList, flags: 0x1826 & !2, ..process.clone() }
}

/// The base with stream 5 in place of stream 9, and a change to that stream.
fn memory_list(base: &Base, change: impl Fn(&mut [u8])) -> Vec<u8> {
    let (mut bytes, layout) = small_form(&base.tiny.process).to_bytes();
    let place = layout.stream(MEMORY_LIST_STREAM).expect("asked for");
    assert_eq!(place.size, 4 + 16 * len32(layout.ranges.len()));
    change(&mut bytes[place.rva as usize..(place.rva + place.size) as usize]);
    bytes
}
