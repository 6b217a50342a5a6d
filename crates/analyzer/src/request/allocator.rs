//! Allocators that return a null pointer on failure: recognized by the names under which modules export them or, if
//! linked into the program, by the constant with which `malloc` compares its argument.

use dumplens_core::ReadMemory;
use dumplens_core::pe::ExportTarget;
use iced_x86::{Code as Op, Instruction, Mnemonic, OpKind, Register};

use super::function::{Function, compared, compared_argument, is_argument};
use crate::process::Process;
use crate::process::module_names::module_name;
use crate::stack::code::Code;
use crate::symbols;

/// Which of a function's arguments make the number of bytes; the first is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// One argument.
    Argument(usize),
    /// The product of two.
    Product(usize, usize),
    /// No argument contains it.
    Untold,
}

/// A function that hands out memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allocator {
    /// `msvcrt!malloc`, or `malloc, by its code`.
    pub(super) name: String,
    pub(super) size: Size,
}

/// Exports by their names, as Windows' documentation and the C runtime's have their parameters.
const EXPORTS: [(&str, Size); 26] = [
    ("malloc", Size::Argument(0)),
    ("_malloc_base", Size::Argument(0)),
    ("_malloc_dbg", Size::Argument(0)),
    ("calloc", Size::Product(0, 1)),
    ("_calloc_base", Size::Product(0, 1)),
    ("realloc", Size::Argument(1)),
    ("_realloc_base", Size::Argument(1)),
    ("_recalloc", Size::Product(1, 2)),
    ("_aligned_malloc", Size::Argument(0)),
    ("_aligned_realloc", Size::Argument(1)),
    ("mi_malloc", Size::Argument(0)),
    ("mi_realloc", Size::Argument(1)),
    ("HeapAlloc", Size::Argument(2)),
    ("RtlAllocateHeap", Size::Argument(2)),
    ("HeapReAlloc", Size::Argument(3)),
    ("RtlReAllocateHeap", Size::Argument(3)),
    ("VirtualAlloc", Size::Argument(1)),
    ("VirtualAllocEx", Size::Argument(2)),
    ("VirtualAllocFromApp", Size::Argument(1)),
    ("LocalAlloc", Size::Argument(1)),
    ("GlobalAlloc", Size::Argument(1)),
    ("CoTaskMemAlloc", Size::Argument(0)),
    ("CoTaskMemRealloc", Size::Argument(1)),
    ("MapViewOfFile", Size::Untold),
    ("??2@YAPEAX_KAEBUnothrow_t@std@@@Z", Size::Argument(0)),
    ("??2@YAPAXIABUnothrow_t@std@@@Z", Size::Argument(0)),
];
/// Jumps that lead from an import's thunk to the function.
const JUMPS: usize = 4;
/// Instructions in which `malloc` looks whether a size is too large, and what it compares it with (E.2).
const PROLOGUE: usize = 24;
const MOST_OF_A_HEAP: i64 = -0x20;
/// Bytes of code that are read of a thunk, and of a function for its shape.
const BYTES: usize = 96;

/// What a call leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Callee {
    Allocator(Allocator),
    /// It gives back its first argument as it is.
    Identity,
    /// A function of the program's own; its address.
    Other(u64),
}

/// What the function at `target` is.
pub(super) fn callee(code: &Code<'_, '_>, target: u64) -> Option<Callee> {
    let bits = code.process.dump.width().bits();
    let mut at = target;
    for _ in 0..JUMPS {
        if let Some(allocator) = exported(code.process, at) {
            return Some(Callee::Allocator(allocator));
        }
        let function = start(code, at, bits)?;
        let first = function.code.first()?;
        match jump(code, first) {
            Some(next) => at = next,
            None => return Some(by_shape(&function, at)),
        }
    }
    None
}

/// The first instructions at an address, as far as the dump keeps them.
fn start(code: &Code<'_, '_>, at: u64, bits: u32) -> Option<Function> {
    let bytes = [BYTES, 16, 6].into_iter().find_map(|length| {
        let mut bytes = vec![0; length];
        code.pages.read(at, &mut bytes).ok().map(|()| bytes)
    })?;
    Some(Function::decode(bits, &bytes, at))
}

/// Where a jump leads: the whole of an import's thunk.
fn jump(code: &Code<'_, '_>, i: &Instruction) -> Option<u64> {
    match i.code() {
        Op::Jmp_rel32_32 | Op::Jmp_rel32_64 | Op::Jmp_rel8_32 | Op::Jmp_rel8_64 => {
            Some(i.near_branch_target())
        }
        Op::Jmp_rm32 | Op::Jmp_rm64 => through_memory(code, i),
        _ => None,
    }
}

/// The pointer that a call, a jump or a load reads, if its place is fixed: an entry of an import table.
pub(super) fn through_memory(code: &Code<'_, '_>, i: &Instruction) -> Option<u64> {
    let reads = i.op0_kind() == OpKind::Memory || i.op1_kind() == OpKind::Memory;
    let fixed = reads
        && i.memory_index() == Register::None
        && (i.is_ip_rel_memory_operand() || i.memory_base() == Register::None);
    let at = i.memory_displacement64();
    match code.process.dump.width().bits() {
        64 => code.pages.read_u64(at).ok().filter(|_| fixed),
        _ => code.pages.read_u32(at).ok().map(u64::from).filter(|_| fixed),
    }
}

/// The allocator that a module exports at this very address.
fn exported(process: &Process<'_>, at: u64) -> Option<Allocator> {
    let module = process.modules.get(process.module_at(at)?)?;
    let exports = symbols::image(process, module).ok()?.exports().ok()??;
    let rva = u32::try_from(at.checked_sub(module.base)?).ok()?;
    let here = exports.iter().filter(|export| export.target == ExportTarget::Rva(rva));
    let (name, size) = here
        .filter_map(|export| export.name)
        .find_map(|name| EXPORTS.iter().find(|(known, _)| *known == name))?;
    Some(Allocator { name: format!("{}!{name}", module_name(&module.name)), size: *size })
}

/// What a function's first instructions tell of it.
fn by_shape(function: &Function, at: u64) -> Callee {
    let straight = || function.code.iter().take(PROLOGUE);
    let asks = |register| straight().any(|i| compared(i, register) == Some(MOST_OF_A_HEAP));
    // `_realloc_base` has the size in its second argument, `_malloc_base` in its first.
    let argument = [Register::RCX, Register::RDX].into_iter().position(asks);
    let argument = argument.or_else(|| stacked_argument(straight()).then_some(0));
    if let Some(argument) = argument {
        let name = if argument == 0 { "malloc, by its code" } else { "realloc, by its code" };
        return Callee::Allocator(Allocator { name: name.to_owned(), size: Size::Argument(argument) });
    }
    if is_identity(function) { Callee::Identity } else { Callee::Other(at) }
}

/// Whether 32-bit code compares its first argument, or a register that it loaded it into, with the most of a heap.
fn stacked_argument<'i>(code: impl Iterator<Item = &'i Instruction> + Clone) -> bool {
    let loads = |i: &&Instruction| {
        i.mnemonic() == Mnemonic::Mov && i.op0_kind() == OpKind::Register && is_argument(i)
    };
    let held = code.clone().find(loads).map(Instruction::op0_register);
    code.into_iter().any(|i| {
        compared_argument(i) == Some(MOST_OF_A_HEAP)
            || held.is_some_and(|register| compared(i, register) == Some(MOST_OF_A_HEAP))
    })
}

/// Whether a function without calls returns what it was given: `mov rax,rcx` … `ret`, without another write to rax.
fn is_identity(function: &Function) -> bool {
    let mut copied = false;
    for i in function.code.iter().take(PROLOGUE) {
        let writes = i.op_count() > 0
            && i.op0_kind() == OpKind::Register
            && i.op0_register().full_register() == Register::RAX;
        match i.mnemonic() {
            Mnemonic::Ret => return copied,
            Mnemonic::Mov if writes => {
                copied = i.op1_kind() == OpKind::Register && i.op1_register() == Register::RCX;
            }
            Mnemonic::Mov | Mnemonic::Nop | Mnemonic::Endbr64 => {}
            _ => return false,
        }
    }
    false
}
