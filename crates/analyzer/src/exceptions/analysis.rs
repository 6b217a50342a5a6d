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
    }
}

words! {
    /// Why another address is better than the one that was reported.
    pub enum AdjustedKind {
        /// It is the address that was used; it is not canonical, and Windows reported -1.
        NonCanonical = "non_canonical",
        /// It is what was added to a null pointer.
        NullOffset = "null_offset",
    }
}

/// What the crashing instruction did. Of a processor's faults on x64; of everything else only the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperandReport {
    /// The first address.
    pub address: Hex,
    /// How; `None` if it is not known of this instruction.
    pub kind: Option<OperandKind>,
}

/// The address behind the one that was reported.
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
    /// The register that may have held it; `None` of the address that failed.
    pub register: Option<String>,
    /// 0 to 1, by rules of thumb.
    #[serde(rename = "probability")]
    pub confidence: Option<f64>,
}
