//! What minidump-processor says about the crash.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::space::{Hex, words};

words! {
    /// How an instruction uses memory.
    pub enum OperandKind {
        /// It reads it.
        Read = "read",
        /// It writes it.
        Write = "write",
        /// It reads and writes it.
        ReadWrite = "read_write",
        /// It calls or jumps to it.
        Execute = "execute",
    }
}

words! {
    /// Why another address is better than the reported one.
    pub enum AdjustedKind {
        /// It is the address that was used, a non-canonical one for which Windows reported -1.
        NonCanonical = "non_canonical",
        /// It is the offset that was added to a null pointer.
        NullOffset = "null_offset",
    }
}

/// What the crashing instruction did: for processor faults on x64; for everything else only the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnalysisReport {
    /// Code and first parameter in one name, such as `EXCEPTION_ACCESS_VIOLATION_READ`.
    pub reason: String,
    /// The faulting instruction; `None` if the dump does not contain it, or for 32-bit code.
    pub instruction: Option<String>,
    /// The memory that it uses, according to the registers of the exception; `None` if that is not known.
    pub accesses: Option<Vec<OperandReport>>,
    /// A better address than the exception's.
    pub adjusted_address: Option<AdjustedReport>,
    /// Accessible addresses one bit away from the failed one, or from a register that it was computed from; `None`
    /// without a memory map.
    pub bit_flips: Option<Vec<BitFlipReport>>,
}

/// Memory that an instruction uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperandReport {
    /// The first address.
    pub address: Hex,
    /// The kind of access; `None` if it is not known for this instruction.
    pub kind: Option<OperandKind>,
}

/// The address that was really used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AdjustedReport {
    /// What it is.
    pub kind: AdjustedKind,
    /// The address.
    pub address: Hex,
}

/// What an address was before a bit flipped, if one did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BitFlipReport {
    /// The address.
    pub address: Hex,
    /// The register that may have contained it; `None` for the failed address itself.
    pub register: Option<String>,
    /// A heuristic value from 0 to 1.
    #[serde(rename = "probability")]
    pub confidence: Option<f64>,
}
