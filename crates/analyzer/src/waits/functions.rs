//! Which of the system's functions a thread stands in: by the exports of their modules.

use std::collections::HashMap;

use dumplens_core::Width;

use super::call::Call;
use super::numbers::Named;
use crate::process::Process;
use crate::process::module_names::module_name;
use crate::stack::Frame;
use crate::symbols::{At, Search, Symbols};

/// Frames between a system call and the function of the API.
const NEAR: usize = 10;
/// Bytes of a system call's stub.
const STUB: u64 = 0x20;
/// Bytes behind an export up to which a frame may belong to it, where no table of functions says so.
const FUNCTION: u64 = 0x400;
/// Return addresses that are looked up.
const MOST_FUNCTIONS: usize = 1 << 16;

/// A function that waits for something that it has no handle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Section,
    Srw,
    Condition,
    Address,
}

/// Such a function, and the frame that runs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Within {
    pub(super) function: Function,
    pub(super) frame: usize,
}

/// Exports of ntdll and kernelbase, and of Wine's.
const FUNCTIONS: [(&str, Function); 12] = [
    ("RtlEnterCriticalSection", Function::Section),
    ("RtlpWaitForCriticalSection", Function::Section),
    ("RtlAcquireSRWLockExclusive", Function::Srw),
    ("RtlAcquireSRWLockShared", Function::Srw),
    ("RtlSleepConditionVariableCS", Function::Condition),
    ("RtlSleepConditionVariableSRW", Function::Condition),
    ("SleepConditionVariableCS", Function::Condition),
    ("SleepConditionVariableSRW", Function::Condition),
    ("RtlWaitOnAddress", Function::Address),
    ("WaitOnAddress", Function::Address),
    ("LdrLockLoaderLock", Function::Section),
    ("RtlAcquireResourceExclusive", Function::Address),
];

/// What a thread does, by where its instruction lies.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stub {
    /// It waits in this call.
    Call(Named),
    /// It runs another function.
    Other,
    /// The dump keeps no exports that tell.
    Unnamed,
}

/// Modules that hold system calls, or what calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Stubs,
    Callers,
    Other,
}

/// Finds them, each address once.
pub(super) struct Functions<'p, 'd> {
    process: &'p Process<'d>,
    symbols: Symbols<'p, 'd>,
    parts: Vec<Part>,
    /// By the address in a stub.
    calls: HashMap<u64, Stub>,
    /// By the address in a frame.
    by_address: HashMap<u64, Option<Function>>,
}

impl<'p, 'd> Functions<'p, 'd> {
    /// Reads nothing yet.
    pub(super) fn new(process: &'p Process<'d>) -> Functions<'p, 'd> {
        let part = |name: &str| match module_name(name).to_ascii_lowercase().as_str() {
            "ntdll" | "win32u" | "user32" | "wow64cpu" => Part::Stubs,
            "kernelbase" | "kernel32" => Part::Callers,
            _ => Part::Other,
        };
        Functions {
            process,
            symbols: Symbols::new(process, Search::default()),
            parts: process.modules.iter().map(|module| part(&module.name)).collect(),
            calls: HashMap::new(),
            by_address: HashMap::new(),
        }
    }

    fn part(&self, address: u64) -> Part {
        let module = self.process.module_at(address).and_then(|module| self.parts.get(module));
        module.copied().unwrap_or(Part::Other)
    }

    /// What a thread does whose instruction lies at an address. Outside of the modules that hold system calls it runs; without
    /// a list of modules that is not known. In them the nearest export is the right one: all system calls are exported,
    /// and lie one behind the other.
    pub(super) fn call(&mut self, stub: u64) -> Stub {
        if !self.parts.is_empty() && self.part(stub) != Part::Stubs {
            return Stub::Other;
        }
        let symbols = &mut self.symbols;
        *self.calls.entry(stub).or_insert_with(|| match symbols.nearest_export(stub) {
            Some((name, offset)) => {
                Call::of_export(&name).filter(|_| offset <= STUB).map_or(Stub::Other, Stub::Call)
            }
            None => Stub::Unnamed,
        })
    }

    /// The innermost function among the callers that waits for a lock or a condition.
    pub(super) fn within(&mut self, frames: &[Frame], width: Width) -> Option<Within> {
        let mut of_address = None;
        for (n, frame) in frames.iter().enumerate().skip(1).take(NEAR) {
            if self.part(frame.lookup()) == Part::Other {
                break;
            }
            match self.function(frame, width) {
                Some(Function::Address) => {
                    of_address = of_address.or(Some(Within { function: Function::Address, frame: n }));
                }
                Some(function) => return Some(Within { function, frame: n }),
                None => {}
            }
        }
        of_address
    }

    /// Which of the functions runs in a frame.
    pub(super) fn function(&mut self, frame: &Frame, width: Width) -> Option<Function> {
        if self.by_address.len() >= MOST_FUNCTIONS && !self.by_address.contains_key(&frame.ip) {
            return None;
        }
        let (symbols, proves) = (&mut self.symbols, width == Width::Bits64);
        *self.by_address.entry(frame.ip).or_insert_with(|| {
            let near = |(name, offset): (String, u64)| Some(name).filter(|_| offset < FUNCTION);
            let name = match symbols.export(frame.ip, At::Return) {
                Some(name) => name,
                None if proves => return None,
                None => symbols.nearest_export(frame.lookup()).and_then(near)?,
            };
            FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
        })
    }
}
