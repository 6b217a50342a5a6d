//! The x29 chain, one step at a time, by minidump-unwind.
//!
//! The crate is given 16 bytes of stack, the frame record, so that it can take one step and no scan; bounds and end
//! conditions are [`crate::stack::walk`]'s. It strips pointer authentication from what it reads.

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

use crate::stack::code::Code;
use crate::stack::registers::{ARM64_FP, Registers};
use crate::stack::slots::Slots;
use crate::stack::{Caller, Frame, Stopped, Trust};

/// Bytes of a frame record: the caller's x29 and x30.
const RECORD: usize = 16;

/// The caller of a frame by its frame record. A function that has not yet made one hides its caller: the frame found is the
/// caller's caller, unless `link::leaf` knows better.
pub(in crate::stack) fn caller(code: &Code<'_, '_>, callee: &Frame) -> Result<Caller, Stopped> {
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
    let [ip, sp, next] = ["pc", "sp", "fp"].map(|name| frame.get_register_always(name));
    let mut registers = Registers::default();
    registers.set(ARM64_FP, next);
    let mut slots = Slots { ip: fp.wrapping_add(8), ..Slots::default() };
    slots.save(ARM64_FP, fp);
    let chain = Some(next);
    Ok(Caller { ip, sp, registers, trust: Trust::FramePointer, exact: false, chain, slots })
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
