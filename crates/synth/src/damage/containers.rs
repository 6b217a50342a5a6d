//! 50 to 59: files that are not, or not quite, little-endian minidumps, and other machines' dumps.

use super::Recipe;
use crate::presets;
use crate::{Arch, SystemInfo};

pub(super) const RECIPES: &[Recipe] = &[
    ("50_signature_big_endian", |base| base.tiny.patch(|p| p.put(0, b"PMDM"))),
    ("51_kernel_dump_PAGEDU64", |_| kernel_dump("PAGEDU64")),
    ("52_kernel_dump_PAGEDUMP", |_| kernel_dump("PAGEDUMP")),
    ("53_version_wrong", |base| base.tiny.patch(|p| p.u32(4, 0xDEAD_BEEF))),
    ("54_elf_core", |_| [b"\x7FELF\x02\x01\x01".to_vec(), vec![0; 4096]].concat()),
    ("55_linux_minidump", |base| {
        base.tiny.remake(|process| {
            process.system = Some(SystemInfo { platform_id: 0x8201, ..SystemInfo::default() });
        })
    }),
    ("56_arch_arm64", |base| base.tiny.remake(|process| process.arch = Arch::Arm64)),
    ("57_arch_x86_with_x64_contents", |base| base.tiny.patch(|p| p.u16(base.tiny.rva(7), 0))),
    ("58_x86_ok", |_| presets::tiny_x86().to_bytes().0),
    ("59_wow64_ok", |_| presets::tiny_wow64().to_bytes().0),
];

/// A kernel dump's first page: signature, then PAGE filler as Windows writes it.
fn kernel_dump(signature: &str) -> Vec<u8> {
    let mut bytes = signature.as_bytes().to_vec();
    while bytes.len() < 0x2000 {
        bytes.extend_from_slice(b"PAGE");
    }
    bytes
}
