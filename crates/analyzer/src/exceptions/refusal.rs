//! What says that memory was refused.

use super::{EarlierReport, code};

/// C++ types that are thrown when memory is refused.
pub(crate) const TYPES: [&str; 3] = ["std::bad_alloc", "std::bad_array_new_length", "CMemoryException *"];

impl EarlierReport {
    /// Whether the record says that memory was refused, by the type thrown or by its code.
    pub(crate) fn says_refused(&self) -> bool {
        let by_type = self.cpp_type.as_deref().is_some_and(|name| TYPES.contains(&name));
        by_type
            || matches!(self.code.0, code::NO_MEMORY | code::CHROMIUM_OUT_OF_MEMORY | code::COMMITMENT_LIMIT)
    }
}
