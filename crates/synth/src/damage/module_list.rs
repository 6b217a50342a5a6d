//! 70 to 84: modules, CodeView records, unloaded modules.

use super::{Base, Recipe};
use crate::bytes::{Fields, utf16};
use crate::constants::{MODULE_LIST_STREAM, UNLOADED_MODULE_LIST_STREAM};
use crate::modules::{Module, UnloadedModule};
use crate::presets::tiny::X64;

pub(super) const RECIPES: &[Recipe] = &[
    ("70_one_bad_module_name", |base| second(base, |p, at| p.u32(at + 0x14, 0xFFFF_FF00))),
    ("71_module_name_odd_length", |base| name(base, |p, at| p.u32(at, 7))),
    ("72_module_name_unpaired_surrogate", |base| name(base, |p, at| p.u16(at + 8, 0xD800))),
    ("73_module_name_holds_nul", |base| name(base, |p, at| p.u16(at + 8, 0))),
    ("74_one_bad_codeview_rva", |base| second(base, |p, at| p.u32(at + 0x50, 0xFFFF_FF00))),
    ("75_codeview_cut", |base| second(base, |p, at| p.u32(at + 0x4C, 10))),
    ("76_codeview_size_ffffffff", |base| second(base, |p, at| p.u32(at + 0x4C, u32::MAX))),
    ("77_codeview_not_rsds", |base| {
        let at = base.tiny.u32(module(base, 1) + 0x50) as usize;
        base.tiny.patch(|p| p.put(at, b"\x1B[2J"))
    }),
    ("78_codeview_name_unterminated", |base| second(base, |p, at| p.u32(at + 0x4C, 24 + 4))),
    ("79_modules_size_zero", |base| {
        base.tiny.remake(|process| process.modules.iter_mut().for_each(|module| module.size = 0))
    }),
    ("80_modules_overlap", |base| {
        base.tiny.remake(|process| {
            let copy = Module { path: "C:\\copy.dll".into(), ..process.modules[0].clone() };
            let inside = Module { base: copy.base + 0x1000, size: u32::MAX, ..copy.clone() };
            process.modules.extend([copy, inside]);
        })
    }),
    ("81_module_wraps_2^64", |base| second(base, |p, at| p.u64(at, 0xFFFF_FFFF_FFFF_F000))),
    ("82_modules_padded_count", |base| base.tiny.padded(MODULE_LIST_STREAM)),
    ("83_unloaded_65536_zero_size", |base| {
        base.tiny.remake(|process| {
            process.unloaded = vec![UnloadedModule { base: X64.app, ..UnloadedModule::default() }; 65_536];
        })
    }),
    ("84_unloaded_entry_0_count_ffffffff", |base| {
        let at = base.tiny.rva(UNLOADED_MODULE_LIST_STREAM);
        base.tiny.patch(|p| {
            p.u32(at + 4, 0);
            p.u32(at + 8, u32::MAX);
        })
    }),
];

/// File offset of a module's entry.
fn module(base: &Base, number: usize) -> usize {
    base.tiny.rva(MODULE_LIST_STREAM) + 4 + 0x6C * number
}

fn second(base: &Base, change: impl Fn(&mut Fields, usize)) -> Vec<u8> {
    base.tiny.patch(|p| change(p, module(base, 1)))
}

/// Changes the second module's MINIDUMP_STRING.
fn name(base: &Base, change: impl Fn(&mut Fields, usize)) -> Vec<u8> {
    let at = base.tiny.u32(module(base, 1) + 0x14) as usize;
    assert_eq!(base.tiny.bytes[at + 4..at + 6], utf16("C"));
    base.tiny.patch(|p| change(p, at))
}
