//! Names of addresses, put into a report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Facts, FrameReport, Hex, Warning, stack};
use crate::request::{self, Element, element};
use crate::symbols::{At, Site, Source, Symbols};

/// A function at an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SiteReport {
    /// The module as the debugger names it.
    pub module: String,
    /// The function; `None` if not known.
    pub function: Option<String>,
    /// Offset from the start of the function, or of the module if the function is not known; for an inline function,
    /// from the start of its code, `None` if that is not known.
    pub offset: Option<Hex>,
    /// The source file.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<u32>,
    /// Whether it was inlined into the next function of the list.
    pub inline: bool,
    /// How the function is known; `None` if it is not.
    pub source: Option<Source>,
}

impl From<Site> for SiteReport {
    fn from(site: Site) -> SiteReport {
        SiteReport {
            module: site.module,
            function: site.function,
            offset: site.offset.map(Hex),
            file: site.file,
            line: site.line,
            inline: site.inline,
            source: site.source,
        }
    }
}

/// The sites of an address, innermost inline function first.
pub(super) fn sites(symbols: &mut Symbols<'_, '_>, address: u64) -> Vec<SiteReport> {
    symbols.resolve(address, At::Instruction).into_iter().map(SiteReport::from).collect()
}

impl Facts {
    /// Names the addresses, and adds what went wrong with symbols to the warnings.
    pub(super) fn name(&mut self, symbols: &mut Symbols<'_, '_>, warnings: &mut Vec<Warning>) {
        if let Some(exception) = &mut self.exception {
            exception.symbol = sites(symbols, exception.address.0);
            if let Some(original) = &mut exception.original {
                original.exception.symbol = sites(symbols, original.exception.address.0);
            }
        }
        let threads = self.threads.iter();
        let places: Vec<u64> =
            threads.flat_map(|t| [t.start_address.map(|at| at.0), t.top_ip]).flatten().collect();
        symbols.read_ahead(&places);
        for thread in &mut self.threads {
            thread.start_symbol =
                thread.start_address.map(|a| sites(symbols, a.0).into()).unwrap_or_default();
            stack::name(thread, symbols);
        }
        self.name_element(symbols);
        warnings.extend(symbols.take_warnings().into_iter().map(Warning::from));
    }

    /// What the container that asked for memory holds, by the name of its function.
    fn name_element(&mut self, symbols: &mut Symbols<'_, '_>) {
        let function = request::call_of(self.requesters()).map(|(_, function)| function);
        let Some(name) = function.and_then(element::argument).map(|name| element::bare(name).to_owned())
        else {
            return;
        };
        let caller = self.requester().map(|row| row.ip.0);
        let built_in = element::built_in(&name, self.dump.pointer_bits);
        let size = built_in.or_else(|| symbols.size_of_type(caller?, &name));
        if let Some(request) = &mut self.request {
            request.name_element(Element { name, size });
        }
    }

    /// Frames of the exception's thread, the innermost first, inline ones too.
    pub(crate) fn crashed_frames(&self) -> &[FrameReport] {
        self.crashed_thread().and_then(|thread| thread.frames.as_deref()).unwrap_or_default()
    }

    /// The functions above the one that was asked for memory, the innermost first, as far as PDBs name them.
    pub(crate) fn requesters(&self) -> impl Iterator<Item = &str> {
        let frames = self.crashed_frames();
        let asked = self.request.as_ref().filter(|request| !request.earlier).map(|request| request.frame);
        let physical = frames.iter().enumerate().filter(|(_, frame)| !frame.inline);
        let at = asked.and_then(|asked| physical.map(|(n, _)| n).nth(asked));
        let above = at.and_then(|n| frames.get(n + 1..)).unwrap_or_default();
        above
            .iter()
            .filter(|f| f.source.is_some_and(Source::is_of_debug_file))
            .filter_map(|f| f.function.as_deref())
    }

    /// The frame of whoever asked: the first above that is not inline.
    pub(crate) fn requester(&self) -> Option<&FrameReport> {
        let asked = self.request.as_ref().filter(|request| !request.earlier)?.frame;
        self.crashed_frames().iter().filter(|frame| !frame.inline).nth(asked + 1)
    }
}
