//! 220 to 239: stacks that do not end, registers that lead nowhere, C++ throw records that lie.

use super::{Base, Dump, Recipe};
use crate::context::Context;
use crate::presets;
use crate::presets::tiny::{X64, X86};
use crate::process::Process;

pub(super) const RECIPES: &[Recipe] = &[
    ("220_rip_0", |base| registers(base, |context| context.ip = 0)),
    ("221_rip_in_free_memory", |base| registers(base, |context| context.ip = 0x1234_5678_9ABC)),
    ("222_rip_not_canonical", |base| registers(base, |context| context.ip = 0xDEAD_BEEF_DEAD_BEEF)),
    ("223_rsp_0", |base| registers(base, |context| context.sp = 0)),
    ("224_rsp_2^64-8", |base| registers(base, |context| context.sp = u64::MAX - 7)),
    ("225_rsp_unaligned", |base| registers(base, |context| context.sp += 3)),
    ("226_rsp_on_the_other_stack", |base| registers(base, |context| context.sp = X64.stack_base(1) - 0x200)),
    ("227_stack_returns_to_itself", |base| {
        base.tiny.remake(|process| fill_stack(process, X64.crashed_frames()[1]))
    }),
    ("228_stack_all_ff", |base| base.tiny.remake(|process| fill_stack(process, u64::MAX))),
    ("229_x86_ebp_points_at_itself", |_| x86(|process, ebp| process.put(ebp, &ebp.to_le_bytes()[..4]))),
    ("230_x86_ebp_goes_down", |_| x86(|process, ebp| process.put(ebp, &(ebp - 16).to_le_bytes()[..4]))),
    ("231_x86_ebp_ffffffff", |_| x86(|process, ebp| process.put(ebp, &[0xFF; 4]))),
    ("232_cpp_throw_ok", |_| presets::tiny_bad_alloc().to_bytes().0),
    ("233_cpp_types_ffffffff", |_| thrown(|process| process.put(X64.app + 0x2810, &[0xFF; 4]))),
    ("234_cpp_throwinfo_all_ff", |_| thrown(|process| process.put(X64.app + 0x2800, &[0xFF; 0x100]))),
    ("235_cpp_throwinfo_outside", |_| parameters(|values| values[2] = 0x1234_5678)),
    ("236_cpp_image_base_0", |_| parameters(|values| values[3] = 0)),
    ("237_cpp_no_parameters", |_| parameters(Vec::clear)),
    ("238_cpp_name_without_end", |_| thrown(|process| process.put(X64.app + 0x2870, &[b'A'; 0x790]))),
    ("239_cpp_name_escapes", |_| thrown(|process| process.put(X64.app + 0x2870, b".?AV\x1B[2J@@\0"))),
];

/// Changes the registers of the crashed thread and of the exception.
fn registers(base: &Base, change: fn(&mut Context)) -> Vec<u8> {
    base.tiny.remake(|process| {
        process.threads[0].context.iter_mut().for_each(change);
        process.exception.iter_mut().flat_map(|exception| &mut exception.context).for_each(change);
    })
}

/// Fills the committed page of the crashed thread's stack.
fn fill_stack(process: &mut Process, word: u64) {
    process.put(X64.stack_base(0) - 0x1000, &word.to_le_bytes().repeat(0x1000 / 8));
}

/// Changes what the EBP of the crashed x86 thread points at.
fn x86(change: fn(&mut Process, u64)) -> Vec<u8> {
    let dump = Dump::new(presets::tiny_x86());
    let ebp = dump.process.threads[0].context.as_ref().map_or(X86.stack_base(0), |context| context.fp);
    dump.remake(|process| change(process, ebp))
}

fn thrown(change: fn(&mut Process)) -> Vec<u8> {
    let mut process = presets::tiny_bad_alloc();
    change(&mut process);
    process.to_bytes().0
}

fn parameters(change: fn(&mut Vec<u64>)) -> Vec<u8> {
    let mut process = presets::tiny_bad_alloc();
    change(&mut process.exception.as_mut().expect("it throws").parameters);
    process.to_bytes().0
}
