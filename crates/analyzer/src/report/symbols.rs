//! Names of addresses, put into a report.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Report, WarningReport};
use crate::findings::{Facts, container_call};
use crate::request::{Element, element};
use crate::symbols::{At, Site, Source, Symbols};
use crate::warning::Warning;

/// A function at an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
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
    /// What the container that asked for memory holds, by the name of its function.
    fn name_element(&mut self, symbols: &mut Symbols<'_, '_>) {
        let process = symbols.process();
        let facts = Facts::new(process, self);
        let function = container_call::of(&facts).map(|(_, function)| function);
        let Some(name) = function.and_then(element::argument).map(|name| element::bare(name).to_owned())
        else {
            return;
        };
        let asked = facts.request.map_or(usize::MAX, |request| request.frame);
        let ip =
            facts.frames().iter().filter(|frame| !frame.inline).nth(asked.saturating_add(1)).map(|f| f.ip.0);
        let built_in = element::built_in(&name, process.dump.width().bits());
        let size = built_in.or_else(|| symbols.size_of_type(ip?, &name));
        if let Some(request) = &mut self.request {
            request.name_element(Element { name, size });
        }
    }

    /// The names that the signature's place has.
    fn name_signature(&mut self) {
        let thread_id = self.exception.as_ref().map(|e| e.thread_id);
        let thread = self.threads.iter().find(|t| Some(t.id) == thread_id);
        if let (Some(signature), Some(rows)) = (&mut self.signature, thread.and_then(|t| t.frames.as_deref()))
        {
            signature.name(rows);
        }
    }

    /// Names the addresses of the report, and adds what went wrong with symbols to its warnings.
    pub fn symbolise(&mut self, symbols: &mut Symbols<'_, '_>) {
        if let Some(exception) = &mut self.exception {
            exception.symbol = sites(symbols, exception.address.0);
        }
        for thread in &mut self.threads {
            thread.start_symbol = thread.start_address.map(|a| sites(symbols, a.0)).unwrap_or_default();
            super::stack::symbolise(thread, symbols);
        }
        self.name_signature();
        if self.verdict.is_some() {
            self.name_element(symbols);
            self.judge(symbols.process());
        }
        self.warnings.extend(warnings(symbols));
    }
}

/// What went wrong since the last question.
pub(crate) fn warnings(symbols: &mut Symbols<'_, '_>) -> Vec<WarningReport> {
    symbols.take_warnings().into_iter().map(|w| WarningReport::from(&Warning::Symbols(w))).collect()
}
