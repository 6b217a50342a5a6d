//! Names of addresses, put into a report.

use serde::Serialize;

use super::{Report, WarningReport};
use crate::symbols::{At, Site, Source, Symbols};
use crate::warning::Warning;

/// A function at an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteReport {
    /// The module as the debugger names it.
    pub module: String,
    /// The function; `None` if not known.
    pub function: Option<String>,
    /// From the start of the function, or of the module if the function is not known; `None` for inline functions.
    pub offset: Option<u64>,
    /// The source file.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<u32>,
    /// Whether its code is part of the next function of the list.
    pub inline: bool,
    /// `pdb`, `export`, or `nearest_export`, by which the function is only the nearest one below that is exported.
    pub source: Option<&'static str>,
}

impl From<Site> for SiteReport {
    fn from(site: Site) -> SiteReport {
        let source = site.source.map(Source::name);
        SiteReport {
            module: site.module,
            function: site.function,
            offset: site.offset,
            file: site.file,
            line: site.line,
            inline: site.inline,
            source,
        }
    }
}

/// The sites of an address, innermost inline function first.
pub(crate) fn sites(symbols: &mut Symbols<'_, '_>, address: u64) -> Vec<SiteReport> {
    symbols.resolve(address, At::Instruction).into_iter().map(SiteReport::from).collect()
}

impl Report {
    /// Names the addresses of the report, and adds what went wrong with symbols to its warnings.
    pub fn symbolise(&mut self, symbols: &mut Symbols<'_, '_>) {
        if let Some(exception) = &mut self.exception {
            exception.symbol = sites(symbols, exception.address.0);
        }
        for thread in &mut self.threads {
            thread.start_symbol = thread.start_address.map(|a| sites(symbols, a.0)).unwrap_or_default();
            super::stack::symbolise(thread, symbols);
        }
        if self.verdict.is_some() {
            self.judge(symbols.process());
        }
        self.warnings.extend(warnings(symbols));
    }
}

/// What went wrong since the last question.
pub(crate) fn warnings(symbols: &mut Symbols<'_, '_>) -> Vec<WarningReport> {
    symbols.take_warnings().into_iter().map(|w| WarningReport::from(&Warning::Symbols(w))).collect()
}
