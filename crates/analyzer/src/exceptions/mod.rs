//! Exceptions of Windows: what their codes mean, what was accessed, which happened earlier, and what
//! minidump-processor says of the crash.

pub(crate) mod access;
mod analysis;
pub(crate) mod code;
pub(crate) mod codes;
#[cfg(feature = "processor")]
mod crash_analysis;
pub(crate) mod earlier;
mod facilities;
pub(crate) mod fast_fail;
mod fault;
pub(crate) mod judge;
pub(crate) mod limit;
pub(crate) mod names;
pub(crate) mod operand;
pub(crate) mod pointer;
pub(crate) mod refusal;
pub(crate) mod results;
mod warning;
pub(crate) mod wrapper;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use access::{AccessKind, AccessReport, UnloadedReport};
pub use analysis::{AdjustedKind, AdjustedReport, AnalysisReport, BitFlipReport, OperandKind, OperandReport};
#[cfg(feature = "processor")]
pub(crate) use crash_analysis::analysis;
pub use earlier::EarlierReport;
pub(crate) use fault::is_fault;
pub use names::{nt_status, win32_error};
pub use operand::{Contradiction, FaultReport, RegisterReport};
pub use warning::ExceptionWarning;
pub use wrapper::OpenedBy;

use crate::space::Hex;

/// `EXCEPTION_NONCONTINUABLE`, a flag.
pub(crate) const NONCONTINUABLE: u32 = 1;

/// A code and its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CodeReport {
    /// The number.
    pub code: Hex,
    /// Windows' name for it, if it has one.
    pub name: Option<String>,
}
