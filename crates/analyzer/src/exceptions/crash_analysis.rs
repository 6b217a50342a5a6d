//! What minidump-processor says about a crash.
//!
//! The crate reads all of a dump's memory map, threads and modules, so it is given a dump of a few kilobytes: the
//! exception, the bytes of the instruction, the top of the stack, and the accessible parts of the memory map. What it
//! is known to answer wrongly is put right ([`code`]) or not asked. Its stack walk sees no memory and ends at once.

mod code;
mod map;

use std::panic::{AssertUnwindSafe, catch_unwind};

use dumplens_core::trim::Crash;
use dumplens_core::{Context, MemoryInfo, Registers, Spans};
use minidump::Minidump;
use minidump_processor::{AdjustedAddress, ExceptionInfo, process_minidump};

use self::code::Code;
use super::analysis::{AdjustedKind, AdjustedReport, AnalysisReport, BitFlipReport, OperandReport};
use super::warning::ExceptionWarning;
use super::{codes, operand};
use crate::process::Process;
use crate::space::Hex;
use crate::stack::{NoSymbols, finish};

/// Bytes of the stack that are given: an instruction that returns reads its address there.
const STACK_BYTES: u64 = 8;

/// Bit flips that are reported.
const BIT_FLIPS: usize = 16;

/// What can be said about the dump's exception; `None` if nothing can, with a warning.
pub(crate) fn analysis(
    process: &Process<'_>,
    warnings: &mut Vec<ExceptionWarning>,
) -> Option<AnalysisReport> {
    let exception = process.exception()?;
    process.system.as_ref()?;
    let fault = is_fault(exception.code) && process.is_windows();
    let registers = exception.context.as_ref().filter(|_| fault).filter(|context| is_x64(context));
    let code = registers.and_then(|context| Code::read(process, context));
    let mut memory = Spans::default();
    let stack_pointer = registers.map_or(0, |context| context.sp);
    if let Some(code) = &code {
        memory.add(code.address, code.bytes);
        if process.dump.memory().u64(stack_pointer).is_ok() {
            memory.add(stack_pointer, STACK_BYTES);
        }
    }
    let regions = registers.filter(|_| process.space.is_mapped()).and_then(|_| {
        let regions = map::accessible(process);
        if regions.is_none() {
            let lost = format!("bit flips: there are more than {} accessible regions", map::MOST_REGIONS);
            warnings.push(ExceptionWarning::CrashAnalysisLacks { lost });
        }
        regions
    });
    let crash = Crash {
        thread_id: exception.thread_id,
        stack_pointer,
        memory: &memory,
        regions: regions.as_deref().unwrap_or_default(),
    };
    match crash.copy(process.dump).map_err(|why| why.to_string()).and_then(processed) {
        Ok(info) => {
            let found = report(&info, code.as_ref(), regions.as_deref());
            let reason = reason(process, exception.code, found.reason);
            Some(AnalysisReport { reason, ..found })
        }
        Err(why) => {
            warnings.push(ExceptionWarning::CrashAnalysisLacks { lost: format!("everything: {why}") });
            None
        }
    }
}

/// Runs the crate. Panics that are known are avoided before; one that is not costs the analysis and nothing else.
fn processed(copy: Vec<u8>) -> Result<ExceptionInfo, String> {
    let run = AssertUnwindSafe(|| {
        let dump = Minidump::read(copy).map_err(|why| why.to_string())?;
        let state = finish(process_minidump(&dump, &NoSymbols)).ok_or("it did not finish")?;
        state.map_err(|why| why.to_string())?.exception_info.ok_or_else(|| "it found no exception".to_owned())
    });
    catch_unwind(run).unwrap_or_else(|_| Err("minidump-processor panicked".to_owned()))
}

fn report(info: &ExceptionInfo, code: Option<&Code>, regions: Option<&[MemoryInfo]>) -> AnalysisReport {
    let told = code.filter(|code| code.is_told());
    let accesses = info.memory_access_list.as_ref().zip(told).map(|(list, code)| {
        let accesses = list.iter().map(|access| OperandReport {
            address: Hex(code.accessed(access.address_info.address)),
            kind: code::kind(&access.access_type.to_string()),
        });
        accesses.collect()
    });
    let adjusted = info.adjusted_address.as_ref().filter(|_| told.is_some()).map(|adjusted| match adjusted {
        AdjustedAddress::NonCanonical(at) => {
            AdjustedReport { kind: AdjustedKind::NonCanonical, address: Hex(at.0) }
        }
        // Who adds as much to a null pointer has no offset in the one register, but a wild pointer in the other.
        AdjustedAddress::NullPointerWithOffset(at) if !operand::is_canonical(at.0) => {
            AdjustedReport { kind: AdjustedKind::NonCanonical, address: Hex(at.0) }
        }
        AdjustedAddress::NullPointerWithOffset(at) => {
            AdjustedReport { kind: AdjustedKind::NullOffset, address: Hex(at.0) }
        }
    });
    // The crate takes some addresses for accessible without asking the map, such as 0.
    let accessible = |at: u64| {
        let holds = |r: &MemoryInfo| r.base <= at && r.end().is_none_or(|end| at < end);
        regions.unwrap_or_default().iter().any(holds)
    };
    let flips = info.possible_bit_flips.iter().filter(|flip| accessible(flip.address.0));
    let flips = flips.take(BIT_FLIPS).map(|flip| BitFlipReport {
        address: Hex(flip.address.0),
        register: flip.source_register.map(str::to_owned),
        confidence: flip.confidence.map(|confidence| (f64::from(confidence) * 100.0).round() / 100.0),
    });
    AnalysisReport {
        reason: info.reason.to_string(),
        instruction: info.instruction_str.clone().filter(|_| code.is_some()),
        accesses,
        adjusted_address: adjusted,
        bit_flips: regions.map(|_| flips.collect()),
    }
}

/// The crate's reason, but for a code that it takes for a Win32 error, or that it does not know. Those errors have no
/// severity, and as an exception such a number is a program's own.
fn reason(process: &Process<'_>, code: u32, theirs: String) -> String {
    let ours = process.is_windows() && (code >> 30 == 0 || theirs.starts_with("unknown 0x"));
    if ours { codes::name(code).unwrap_or_else(|| format!("{code:#x}")) } else { theirs }
}

/// Codes that the processor's faults become; behind all others the instruction pointer is in a function that raises.
fn is_fault(code: u32) -> bool {
    matches!(
        code,
        0x8000_0001..=0x8000_0004 // guard page, misalignment, breakpoint, single step
            | 0xc000_0005 | 0xc000_0006 // access violation, in-page error
            | 0xc000_001d // illegal instruction
            | 0xc000_008c..=0xc000_0096 // array bounds, floating point, division, overflow, privileged instruction
            | 0xc000_00fd // stack overflow
            | 0xc000_0409 // fast failure
    )
}

/// Whether the registers are of 64-bit code: 32-bit code of a WOW64 process has this segment, everywhere.
fn is_x64(context: &Context) -> bool {
    const WOW64_CODE: u16 = 0x23;
    matches!(context.registers, Registers::X64 { cs, .. } if cs != WOW64_CODE)
}
