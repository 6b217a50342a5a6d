//! A function at an address, as the debugger writes it.

use crate::facts::SiteReport;
use crate::render::escape;
use crate::symbols::Source;

/// `module!function+0x12 [file @ line]`, with `(inline)` before inline functions and `(nearest export)` behind a name that is
/// only the nearest exported one below.
pub fn site(site: &SiteReport) -> String {
    let mut out = if site.inline { "(inline) ".to_owned() } else { String::new() };
    out.push_str(&escape::line(&site.module));
    if let Some(function) = &site.function {
        out.push('!');
        out.push_str(&escape::line(function));
    }
    if let Some(offset) = site.offset.filter(|offset| offset.0 != 0) {
        out.push_str(&format!("+{offset}"));
    }
    match (&site.file, site.line) {
        (Some(file), Some(line)) => out.push_str(&format!(" [{} @ {line}]", escape::line(file))),
        (Some(file), None) => out.push_str(&format!(" [{}]", escape::line(file))),
        (None, _) => {}
    }
    if site.source == Some(Source::NearestExport) {
        out.push_str(" (nearest export)");
    }
    out
}
