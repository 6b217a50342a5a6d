//! 60 to 69: directories that lie.

use super::{Base, Recipe};
use crate::bytes::len32;
use crate::constants::EXCEPTION_STREAM;

pub(super) const RECIPES: &[Recipe] = &[
    ("60_directory_all_zero", |base| {
        base.tiny.patch(|p| {
            let size = 12 * base.tiny.layout.streams.len();
            p.put(32, &vec![0; size]);
        })
    }),
    ("61_no_streams", |base| base.tiny.patch(|p| p.u32(8, 0))),
    ("62_short_by_1_byte", |base| base.tiny.cut(base.tiny.bytes.len() - 1)),
    ("63_stream_sizes_ffffffff", |base| every_entry(base, 4, u32::MAX)),
    ("64_stream_sizes_0", |base| every_entry(base, 4, 0)),
    ("65_stream_sizes_3", |base| every_entry(base, 4, 3)),
    ("66_streams_all_at_the_header", |base| every_entry(base, 8, 0)),
    ("67_streams_end_at_end_of_file", |base| every_entry(base, 8, len32(base.tiny.bytes.len()) - 2)),
    ("68_directory_unaligned", |base| {
        let at = base.tiny.bytes.len() | 1;
        let mut bytes = base.tiny.patch(|p| p.u32(12, len32(at)));
        bytes.resize(at, 0);
        bytes.extend_from_slice(&base.tiny.bytes[32..32 + 12 * base.tiny.layout.streams.len()]);
        bytes
    }),
    ("69_exception_rva_outside", |base| {
        base.tiny.patch(|p| p.u32(base.tiny.entry(EXCEPTION_STREAM) + 8, 0xFFFF_FF00))
    }),
];

/// Changes a field of every entry: 4 size, 8 RVA.
fn every_entry(base: &Base, field: usize, value: u32) -> Vec<u8> {
    base.tiny.patch(|p| {
        for stream in &base.tiny.layout.streams {
            p.u32(crate::bytes::to_usize(stream.entry) + field, value);
        }
    })
}
