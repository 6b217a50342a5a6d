//! Bytes of an object, by its class's deleting destructor: it passes them to `operator delete(void *, size_t)`.
//!
//! What proves it: among the first entries of the vftable one tests bit 0 of its second parameter, and then passes a
//! constant with a pointer to a call. `test dl,1 … mov edx,N … call` (x64), `test byte ptr [ebp+8],1 … push N … call` (x86).
//! What fools it: a class with an `operator delete` of its own may pass something else; such a size is not told if it is
//! smaller than a pointer.

use dumplens_core::{Memory, Width};
use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Mnemonic, OpKind, Register};

use super::lookup::Lookup;

/// Entries of a vftable that are looked at: the destructor is the first virtual function of most classes.
const ENTRIES: u64 = 8;
/// Bytes of a function that are looked at.
const BYTES: u64 = 160;
/// No class is larger.
const MOST: u64 = 1 << 24;

/// The size that the vftable's deleting destructor passes on.
pub(super) fn of(memory: Memory<'_>, lookup: &Lookup, vftable: u64, width: Width) -> Option<u64> {
    let word = width.bytes() as u64;
    let entries = (0..ENTRIES).map_while(|n| {
        let entry = memory.pointer(vftable.checked_add(n * word)?, width).ok()?;
        lookup.is_code(entry).then_some(entry)
    });
    let sizes = entries.filter_map(|entry| deleted(memory, entry, width));
    sizes.into_iter().find(|size| *size >= word && *size < MOST)
}

fn deleted(memory: Memory<'_>, entry: u64, width: Width) -> Option<u64> {
    let function = thunk(memory, entry, width).unwrap_or(entry);
    let bytes = memory.bytes(function, memory.available(function, BYTES)).ok()?;
    let mut decoder = Decoder::with_ip(width.bits(), &bytes, function, DecoderOptions::NONE);
    let (mut tests, mut size) = (false, None);
    while decoder.can_decode() {
        let one = decoder.decode();
        if one.is_invalid() || matches!(one.mnemonic(), Mnemonic::Int3) {
            return None;
        }
        match one.mnemonic() {
            Mnemonic::Test if one.op1_kind() == OpKind::Immediate8 && one.immediate8() == 1 => tests = true,
            Mnemonic::Mov
                if tests && one.code() == Code::Mov_r32_imm32 && one.op0_register() == Register::EDX =>
            {
                size = Some(u64::from(one.immediate32()));
            }
            Mnemonic::Push if tests && width == Width::Bits32 && is_immediate(one.op0_kind()) => {
                size = Some(one.immediate(0) & 0xffff_ffff);
            }
            Mnemonic::Call if tests && size.is_some() => return size,
            _ => {}
        }
        if matches!(one.flow_control(), FlowControl::Return) {
            return None;
        }
    }
    None
}

fn is_immediate(kind: OpKind) -> bool {
    matches!(kind, OpKind::Immediate8 | OpKind::Immediate32 | OpKind::Immediate8to32 | OpKind::Immediate16)
}

/// Where a jump leads that is all of a function, as incremental linking makes them.
fn thunk(memory: Memory<'_>, entry: u64, width: Width) -> Option<u64> {
    let bytes = memory.bytes(entry, 5).ok()?;
    let mut decoder = Decoder::with_ip(width.bits(), &bytes, entry, DecoderOptions::NONE);
    let one = decoder.decode();
    (one.mnemonic() == Mnemonic::Jmp && one.is_jmp_near()).then(|| one.near_branch_target())
}
