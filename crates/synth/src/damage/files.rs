//! 00 to 14: files that are cut off, random, or have a bad header.

use super::random::Random;
use super::{Base, Recipe};
use crate::constants::{MEMORY_INFO_LIST_STREAM, MEMORY64_LIST_STREAM};

const MEBIBYTE: usize = 1 << 20;

pub(super) const RECIPES: &[Recipe] = &[
    ("00_ok", |base| base.full.bytes.clone()),
    ("01_zero_length", |_| Vec::new()),
    ("02_one_byte", |base| base.full.cut(1)),
    ("03_header_only_16", |base| base.full.cut(16)),
    ("04_header_only_32", |base| base.full.cut(32)),
    ("05_random_1M", |_| Random::new(5).bytes(MEBIBYTE)),
    ("06_mdmp_random_1M", |base| random_after(base, 8, 6)),
    ("07_hdr_ok_random_body", |base| random_after(base, 32, 7)),
    ("08_trunc_in_directory", |base| base.full.cut(32 + 50)),
    ("09_trunc_in_meminfo", |base| cut_in(base, MEMORY_INFO_LIST_STREAM)),
    ("10_trunc_in_mem64", |base| cut_in(base, MEMORY64_LIST_STREAM)),
    ("11_trunc_half_data", |base| base.full.cut(base.full.bytes.len() / 2)),
    ("12_dir_rva_outside", |base| base.full.patch(|p| p.u32(12, 0xFFFF_FFF0))),
    ("13_nstreams_ffffffff", |base| base.full.patch(|p| p.u32(8, u32::MAX))),
    ("14_nstreams_1M", |base| base.full.patch(|p| p.u32(8, 1_000_000))),
];

fn random_after(base: &Base, kept: usize, seed: u64) -> Vec<u8> {
    let mut bytes = base.full.cut(kept);
    bytes.extend(Random::new(seed).bytes(MEBIBYTE));
    bytes
}

fn cut_in(base: &Base, stream_type: u32) -> Vec<u8> {
    let stream = base.full.stream(stream_type);
    base.full.cut((stream.rva + stream.size / 2) as usize)
}
