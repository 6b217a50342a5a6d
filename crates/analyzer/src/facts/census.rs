//! What fills the memory, with the names that symbols have for its classes.

use std::cell::RefCell;

use super::WarningReport;
use super::warning::Warning;
use crate::contents::{self, CensusOptions, CensusReport};
use crate::process::Process;
use crate::symbols::{Search, Symbols};

/// Takes the census of a process as `dumplens census` does: vftables that name no class have the names of symbols, which
/// are looked for by `search`. Beside it what is to be known of those symbols, and of a trimmed copy whose record of its
/// original's census cannot be used.
///
/// The census is `None` where the dump has no memory map to say what is private.
pub fn census(
    process: &Process<'_>,
    options: &CensusOptions<'_>,
    search: Search,
) -> (Option<CensusReport>, Vec<WarningReport>) {
    let symbols = RefCell::new(Symbols::new(process, search));
    let symbol = |address: u64| {
        let around = symbols.borrow_mut().around(address)?;
        around.at.filter(|at| at.address == address).map(|at| at.name)
    };
    let taken = contents::census(process, &CensusOptions { symbol: Some(&symbol), ..*options });
    let warnings = symbols.into_inner().take_warnings().into_iter().map(Warning::from);
    let takes_record = options.reading.takes_record();
    let record = takes_record.then(|| contents::recorded(process).err()).flatten();
    let warnings = warnings.chain(record.map(|why| Warning::CensusRecordUnusable { why }));
    (taken, warnings.map(|warning| WarningReport::from(&warning)).collect())
}
