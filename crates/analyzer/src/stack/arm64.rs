//! ARM64 frames: the x29 chain, one step at a time, by minidump-unwind; and x30 in the innermost one.
//!
//! The crate is given 16 bytes of stack, the frame record, so that it can take one step and no scan; bounds and end
//! conditions are [`super::walk`]'s. It strips pointer authentication from what it reads.

use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use dumplens_core::ReadMemory;
use minidump::system_info::{Cpu, Os};
use minidump::{
    CpuContext, Endian, MinidumpContext, MinidumpContextValidity, MinidumpMemory, MinidumpModule,
    MinidumpModuleList, MinidumpRawContext, Module, UnifiedMemory, format,
};
use minidump_unwind::{
    CallStack, FileError, FileKind, FillSymbolError, FrameSymbolizer, FrameTrust, FrameWalker,
    SymbolProvider, SystemInfo, walk_stack,
};

use super::code::{Before, Call, Code};
use super::registers::{ARM64_FP, ARM64_LR, Registers};
use super::slots::Slots;
use super::{Caller, Frame, Stopped, Trust};

/// Bytes of an instruction.
const INSTRUCTION: u64 = 4;
/// Bytes of a frame record: the caller's x29 and x30.
const RECORD: usize = 16;

/// The caller of a frame by its frame record. A function that has not yet made one hides its caller: the frame found is the
/// caller's caller, unless [`leaf`] knows better.
pub(super) fn caller(code: &Code<'_, '_>, callee: &Frame) -> Result<Caller, Stopped> {
    let Some(fp) = callee.chain else {
        return Err(Stopped::Register(ARM64_FP));
    };
    if fp == 0 {
        return Err(Stopped::End);
    }
    if fp < callee.sp {
        return Err(Stopped::NotGrowing { sp: fp });
    }
    let mut record = [0; RECORD];
    code.pages.read(fp, &mut record).map_err(Stopped::Unreadable)?;
    let highest = code.process.modules.iter().max_by_key(|m| m.base);
    let highest = highest.map(|m| MinidumpModule::new(m.base, m.size, ""));
    let modules = MinidumpModuleList::from_modules(highest.into_iter().collect());
    let Some(frame) = step(callee, fp, &record, &modules) else {
        let lr = record.last_chunk().copied().map_or(0, u64::from_le_bytes);
        return Err(if lr == 0 { Stopped::End } else { Stopped::NoCode { ip: lr } });
    };
    let [ip, sp, fp] = ["pc", "sp", "fp"].map(|name| frame.get_register_always(name));
    let mut registers = Registers::default();
    registers.set(ARM64_FP, fp);
    let (chain, slots) = (Some(fp), Slots::default());
    Ok(Caller { ip, sp, registers, trust: Trust::FramePointer, exact: false, chain, slots })
}

/// The caller of a place without code, by the link register: a call puts the return address there and changes nothing
/// else. `None` if it holds none.
pub(super) fn by_link(code: &Code<'_, '_>, callee: &Frame) -> Option<(Caller, Before)> {
    let ip = callee.registers.get(ARM64_LR).map(stripped).filter(|lr| lr.is_multiple_of(INSTRUCTION))?;
    let (sp, registers, chain) = (callee.sp, callee.registers, callee.chain);
    let before = if code.is_executable(ip.checked_sub(1)?) { call_before(code, ip) } else { Before::Other };
    let slots = Slots::default();
    Some((Caller { ip, sp, registers, trust: Trust::Scan, exact: false, chain, slots }, before))
}

/// An address without its signature (PAC), which takes the bits that user addresses of Windows do not need.
fn stripped(address: u64) -> u64 {
    address & ((1 << 47) - 1)
}

/// The caller by the link register, where the thread stopped in a function that calls nothing or has not called anything
/// yet, such as a system call's stub. Whatever a function has called leaves an address of that function itself there: an
/// address in another module is the caller's.
pub(super) fn leaf(code: &Code<'_, '_>, callee: &Frame) -> Option<Caller> {
    let (caller, before) = by_link(code, callee).filter(|_| callee.exact)?;
    let module = |ip: u64| code.process.module_at(ip);
    let other = module(callee.ip)? != module(caller.ip.checked_sub(1)?)?;
    // In a function with a frame record the chain leads to the same caller.
    let recorded = callee.chain.and_then(|fp| code.pages.read_u64(fp.checked_add(8)?).ok()).map(stripped);
    let trust = match before {
        Before::Call(_) => Trust::Leaf,
        Before::NotKept => Trust::Scan,
        Before::Other => return None,
    };
    (other && recorded != Some(caller.ip)).then_some(Caller { trust, ..caller })
}

/// The call that ends at `address`: `bl`, `blr`, and `blraa` and its like.
fn call_before(code: &Code<'_, '_>, address: u64) -> Before {
    let at = address.wrapping_sub(INSTRUCTION);
    let Ok(word) = code.pages.read_u32(at) else { return Before::NotKept };
    if word >> 26 == 0b10_0101 {
        // A signed number of instructions in the lower 26 bits.
        let offset = i64::from((word << 6).cast_signed() >> 6) * INSTRUCTION.cast_signed();
        return Before::Call(Call::Direct(at.wrapping_add_signed(offset)));
    }
    let plain = word & 0xffff_fc1f == 0xd63f_0000;
    if plain || word & 0xfeff_f800 == 0xd63f_0800 { Before::Call(Call::Indirect) } else { Before::Other }
}

/// One step of `walk_stack`: the caller's registers.
fn step(
    callee: &Frame,
    fp: u64,
    record: &[u8; RECORD],
    modules: &MinidumpModuleList,
) -> Option<format::CONTEXT_ARM64> {
    let mut raw = format::CONTEXT_ARM64::default();
    for (name, value) in [("pc", callee.ip), ("sp", callee.sp), ("fp", fp)] {
        raw.set_register(name, value)?;
    }
    let valid = MinidumpContextValidity::Some(["pc", "sp", "fp"].into_iter().collect());
    let context = MinidumpContext { raw: MinidumpRawContext::Arm64(raw), valid };
    let mut stack = CallStack::with_context(context);
    let memory = MinidumpMemory {
        desc: format::MINIDUMP_MEMORY_DESCRIPTOR::default(),
        base_address: fp,
        size: RECORD as u64,
        bytes: record,
        endian: Endian::Little,
    };
    let system = SystemInfo {
        os: Os::Windows,
        os_version: None,
        os_build: None,
        cpu: Cpu::Arm64,
        cpu_info: None,
        cpu_microcode_version: None,
        cpu_count: 1,
    };
    let memory = Some(UnifiedMemory::Memory(&memory));
    finish(walk_stack(0, (), &mut stack, memory, modules, &system, &NoSymbols))?;
    let caller = stack.frames.get(1).filter(|frame| frame.trust == FrameTrust::FramePointer)?;
    match &caller.context.raw {
        MinidumpRawContext::Arm64(raw) => Some(raw.clone()),
        _ => None,
    }
}

/// Nothing that is waited for here takes time: the provider answers at once.
pub(crate) fn finish<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Knows no symbols and no unwind data. A scan accepts nothing either: it wants a named function.
pub(crate) struct NoSymbols;

#[async_trait]
impl SymbolProvider for NoSymbols {
    async fn fill_symbol(
        &self,
        _module: &(dyn Module + Sync),
        _frame: &mut (dyn FrameSymbolizer + Send),
    ) -> Result<(), FillSymbolError> {
        Ok(())
    }

    async fn walk_frame(
        &self,
        _module: &(dyn Module + Sync),
        _walker: &mut (dyn FrameWalker + Send),
    ) -> Option<()> {
        None
    }

    async fn get_file_path(
        &self,
        _module: &(dyn Module + Sync),
        _kind: FileKind,
    ) -> Result<PathBuf, FileError> {
        Err(FileError::NotFound)
    }
}
