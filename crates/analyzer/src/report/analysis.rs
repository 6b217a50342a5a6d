//! What minidump-processor says about the crash.

use schemars::JsonSchema;
use serde::Serialize;

use super::Hex;

/// What the crashing instruction did. Of a processor's faults on x64; of everything else only the reason.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AnalysisReport {
    /// Code and first parameter in one name, such as `EXCEPTION_ACCESS_VIOLATION_READ`.
    pub reason: String,
    /// The instruction that faulted; `None` if the dump does not keep it, or it is 32-bit code.
    pub instruction: Option<String>,
    /// The memory that it uses, by the registers of the exception; `None` if that cannot be told.
    pub accesses: Option<Vec<OperandReport>>,
    /// A better address than the exception's.
    pub adjusted_address: Option<AdjustedReport>,
    /// Addresses in accessible memory, one bit away from the one that failed or from a register that it was made of;
    /// `None` without a memory map.
    pub bit_flips: Option<Vec<BitFlipReport>>,
}

/// Memory that an instruction uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OperandReport {
    /// The first address.
    pub address: Hex,
    /// `read`, `write` or `read_write`; `None` if it is not known of this instruction.
    pub kind: Option<&'static str>,
}

/// The address behind the one that was reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AdjustedReport {
    /// `non_canonical`: the address that was used. `null_offset`: what was added to a null pointer.
    pub kind: &'static str,
    /// The address.
    pub address: Hex,
}

/// What an address was before a bit flipped, if one did.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct BitFlipReport {
    /// The address.
    pub address: Hex,
    /// The register that may have held it; `None` of the address that failed.
    pub register: Option<&'static str>,
    /// 0 to 1, by rules of thumb.
    pub confidence: Option<f64>,
}
