//! # What it detects
//! The program read, wrote or executed memory that it must not access, and what is there: nothing (a null pointer
//! dereference), free or reserved memory, a guard page, code or data of a module, an unloaded DLL; and what the pointer
//! consisted of: a fill pattern of an allocator, text, an overwritten return address.
//!
//! # What proves it
//! The exception's parameters contain the address and the kind of access; the memory map shows what is there. The
//! instruction and the registers show which pointer it was. For a non-canonical address, Windows reports a read of -1,
//! and only they show the real address. A base register of 0 is a null pointer, whatever is added to it.
//!
//! # What fools it
//! The memory map is from the time of the dump: memory may have been freed or allocated since. If the instruction
//! cannot have done what the record says, the finding says so, with medium confidence. A constant address of 0 is a
//! deliberate crash, or what a compiler made of code that it knew to be wrong.
//!
//! # Example
//! `The program wrote to 0x18: a null pointer dereference (rax) with an offset.`
//!
//! # Source
//! EXCEPTION_RECORD; MemoryInfoList; the instruction and the registers; UnloadedModuleList.

use super::{Confidence, Crash, Found, code};
use crate::exceptions::{operand, pointer};
use crate::facts::{AccessKind, AccessReport, Contradiction, ExceptionReport, FaultReport, OperandKind};

/// Addresses below are never allocated by default.
const NULL_PAGES: u64 = 0x1_0000;
/// The first canonical address behind those of programs.
const KERNEL: u64 = 0xffff_8000_0000_0000;

/// What a fault is about.
struct Fault<'a> {
    exception: &'a ExceptionReport,
    access: &'a AccessReport,
    operand: Option<&'a FaultReport>,
    bits: u32,
    /// The most that can be said of what rests on the memory map.
    map: Confidence,
    /// Whether the map has all of the address space.
    whole: bool,
}

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception =
        crash.exception.filter(|e| matches!(e.code.0, code::ACCESS_VIOLATION | code::IN_PAGE_ERROR))?;
    let at =
        |found: Found| found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0));
    let Some(access) = &exception.access else {
        let title =
            "The program accessed memory that it must not access; the dump does not contain the address.";
        return Some(at(Found::new(Confidence::Medium, title)));
    };
    let bits =
        if u32::try_from(exception.address.0).is_ok() { crash.bits() } else { crash.facts.dump.pointer_bits };
    let fault = Fault {
        exception,
        access,
        operand: exception.fault.as_deref(),
        bits,
        map: crash.map_confidence(),
        whole: crash.facts.memory.complete,
    };
    let (title, sure) = fault.told();
    let found = match fault.contradiction() {
        Some(words) => at(Found::new(sure.min(Confidence::Medium), format!("{title} But {words}."))),
        None => at(Found::new(sure, title)),
    };
    let registers = fault.operand.iter().flat_map(|operand| [&operand.base, &operand.index]).flatten();
    let found =
        registers.fold(found, |found, register| found.with(&*register.name, register.value.to_string()));
    let Some(region) = access.region.as_ref().filter(|_| !access.non_canonical) else { return Some(found) };
    let detail = region.detail.as_deref().map(|detail| format!(" {detail}")).unwrap_or_default();
    let protect = region.protect.as_deref().map(|protect| format!(" {protect}")).unwrap_or_default();
    Some(found.with_at(
        "region",
        region.base.0,
        format!("{}{protect} {}{detail}", region.state, region.usage),
    ))
}

impl Fault<'_> {
    /// What happened in one sentence, and how sure that is.
    fn told(&self) -> (String, Confidence) {
        let address = self.address();
        if let Some(operand) = self.operand.filter(|operand| operand.returned) {
            let to = operand.address.unwrap_or(self.access.address);
            let (place, sure) = self.place();
            let place = if self.access.non_canonical { "not the address of code".to_owned() } else { place };
            let title = format!(
                "The program returned to {to}: {place}; the return address on its stack was overwritten."
            );
            return (title, sure.min(Confidence::High));
        }
        if self.operand.is_some_and(|operand| operand.constant) && address < NULL_PAGES {
            let title = format!(
                "The program {} the constant address {address:#x}: it crashed on purpose, or its compiler knew that the \
                 code was wrong.",
                self.did()
            );
            return (title, Confidence::High);
        }
        let (place, sure) = self.place();
        (format!("The program {} {address:#x}: {place}.", self.did()), sure)
    }

    /// The address that was used, as far as it is known.
    fn address(&self) -> u64 {
        let told = self.operand.and_then(|operand| operand.address);
        told.unwrap_or(self.access.address).0
    }

    fn did(&self) -> &'static str {
        let unnamed = |operand: &&FaultReport| self.access.non_canonical || operand.misaligned;
        let by_operand = self.operand.filter(unnamed).and_then(|operand| operand.kind);
        match (self.access.kind, by_operand) {
            _ if self.access.address == self.exception.address => "called or jumped to",
            (_, Some(OperandKind::Read)) | (Some(AccessKind::Read), None) => "read",
            (_, Some(OperandKind::Write)) | (Some(AccessKind::Write), None) => "wrote to",
            (_, Some(OperandKind::ReadWrite)) => "read and wrote",
            (_, Some(OperandKind::Execute)) => "called or jumped to",
            (Some(AccessKind::Execute), None) => "executed",
            (None, None) => "accessed",
        }
    }

    /// What lies at the address, or what the pointer was made of.
    fn place(&self) -> (String, Confidence) {
        let access = self.access;
        if let Some(failed) = self.minus_one() {
            return failed;
        }
        if let Some(null) = self.null() {
            return null;
        }
        if let Some(made_of) = self.made_of() {
            return made_of;
        }
        if self.operand.is_some_and(|operand| operand.misaligned) {
            return ("an operand that must be aligned to 16 bytes, and is not".into(), Confidence::High);
        }
        if access.non_canonical {
            let told = self.operand.is_some_and(|operand| operand.address.is_some());
            let place = if told {
                "a non-canonical address, which no pointer can have"
            } else {
                "a non-canonical address, which Windows reports as -1; see the registers"
            };
            return (place.into(), if told { Confidence::High } else { Confidence::Medium });
        }
        if let Some(status) = &access.status {
            let why = status.name.clone().unwrap_or_else(|| format!("{:#x}", status.code.0));
            return (format!("mapped, but its page could not be read ({why})"), Confidence::High);
        }
        if let Some(below) = access.below_stack_limit_bytes {
            return (
                format!("{below} bytes below the committed part of the thread's own stack"),
                Confidence::High,
            );
        }
        if let Some(unloaded) = &access.unloaded {
            return (format!("{}+{}, an unloaded DLL", unloaded.module, unloaded.offset), Confidence::High);
        }
        self.region()
    }

    fn region(&self) -> (String, Confidence) {
        let Some(region) = &self.access.region else {
            return self.beyond();
        };
        let place = match region.state.as_str() {
            "MEM_FREE" => "free memory".to_owned(),
            "MEM_RESERVE" => "memory that is reserved but not committed".to_owned(),
            _ => format!("committed memory, {}", region.protect.as_deref().unwrap_or("protection unknown")),
        };
        let module = self.access.module.as_deref().map(|module| format!(", in {module}")).unwrap_or_default();
        (format!("{place}{module}"), self.map)
    }

    /// What the map does not have.
    fn beyond(&self) -> (String, Confidence) {
        if self.bits == 64 && self.access.address.0 >= KERNEL {
            return ("an address of the kernel, which no program can access".into(), Confidence::High);
        }
        if self.whole {
            return ("beyond the addresses that the program can use, by its memory map".into(), self.map);
        }
        ("the dump does not show what is there".into(), Confidence::Medium)
    }

    /// A pointer of -1, as some functions return it when they fail, and what was added to it.
    fn minus_one(&self) -> Option<(String, Confidence)> {
        let failed = u64::MAX >> (64 - self.bits);
        let base = self.operand?.base.as_ref().filter(|base| base.value.0 == failed)?;
        let offset = self.address().wrapping_sub(failed) & failed;
        let added = match offset.min(offset.wrapping_neg() & failed) {
            0 => "",
            near if near < NULL_PAGES => " with an offset",
            _ => return None,
        };
        let place = format!(
            "a pointer of -1 ({}){added}, as functions return it when they fail (INVALID_HANDLE_VALUE)",
            base.name
        );
        Some((place, Confidence::High))
    }

    /// A null pointer, with what was added to it. Where two registers are added, and one of them may be a pointer by itself,
    /// the other is none.
    fn null(&self) -> Option<(String, Confidence)> {
        let operand =
            self.operand.filter(|operand| operand.contradiction.is_none() && !self.access.non_canonical);
        let base = operand.and_then(|operand| operand.base.as_ref()).filter(|base| base.value.0 < NULL_PAGES);
        if let Some((operand, base)) = operand.zip(base).filter(|_| self.address() >= NULL_PAGES) {
            let index = operand.index.as_ref();
            let is_index = |value: u64| operand.scale > 1 || (value < 1 << 31 && self.bits == 64);
            return index.is_none_or(|index| is_index(index.value.0)).then(|| {
                let added = index.map_or("an offset".to_owned(), |index| {
                    format!("an index, {} in {}", index.value, index.name)
                });
                (
                    format!("a null pointer dereference ({} in {}) with {added}", base.value, base.name),
                    Confidence::High,
                )
            });
        }
        if !self.access.null_page {
            return None;
        }
        let place = match base {
            Some(base) if base.value.0 == 0 && self.address() > 0 => {
                format!("a null pointer dereference ({}) with an offset", base.name)
            }
            Some(base) if base.value.0 == 0 => format!("a null pointer dereference ({})", base.name),
            _ => "a null pointer dereference, or a pointer close to null".to_owned(),
        };
        Some((place, Confidence::High))
    }

    /// What the pointer was made of, by the register that it came from, or by the address itself.
    fn made_of(&self) -> Option<(String, Confidence)> {
        let registers = self.operand.iter().flat_map(|operand| [&operand.base, &operand.index]).flatten();
        let registers: Vec<u64> = registers.map(|register| register.value.0).collect();
        let values = || registers.iter().copied().chain([self.address()]);
        if let Some(words) = values().find_map(|value| pointer::pattern(value, self.bits)) {
            let exact = !registers.is_empty() || self.access.non_canonical;
            let sure = if exact { Confidence::High } else { Confidence::Medium };
            return Some((format!("near {words}"), sure));
        }
        let mapped = self.access.region.as_ref().is_some_and(|region| region.state == "MEM_COMMIT");
        let wild = !mapped && (self.bits == 32 || values().any(|value| !operand::is_canonical(value)));
        let text = values().find_map(|value| pointer::text(value, self.bits)).filter(|_| wild)?;
        let sure = if self.bits == 64 { Confidence::High } else { Confidence::Medium };
        Some((format!("the pointer contains text, \"{text}\": something overwrote it"), sure))
    }

    fn contradiction(&self) -> Option<&'static str> {
        match self.operand?.contradiction? {
            Contradiction::NoOperand => Some("the instruction there uses no memory"),
            Contradiction::OtherAddress => {
                Some("the instruction there uses another address, according to its registers")
            }
            Contradiction::OtherAccess => Some("the instruction there does not access it in this way"),
            Contradiction::OtherPlace => Some("the exception happened at another address"),
        }
    }
}
