//! The handmade report with one string wherever a dump can put one.

use dumplens_analyzer::Report;
use dumplens_analyzer::facts::{BlameReport, CppReport, Hex};

use crate::handmade;

/// What acts on browsers, on Markdown's readers and on terminals.
pub(crate) const HOSTILE: &str = "</script><script>alert(1)</script><img src=x onerror=alert(1)> --> ]]> \" onfocus='alert(1)' \
     &lt; |a|\\| `b` ``` **c** _d_ ~~e~~ $f$ [g](http://evil.example) ![h](x) <http://evil.example> \
     http://evil.example www.evil.example @everyone #1 \u{1b}[2J\u{9b}31m\u{202e}\u{2066}\u{feff}\u{e0041}\r\n# heading\n- item\n\n\
     1. list\n---\n    code\n| cell | cell |\n|---|---|\n qzend";

/// A string that acts on nobody.
pub(crate) const HARMLESS: &str = END;

/// What each of the strings ends with: what comes before it must not hide it.
pub(crate) const END: &str = "qzend";

/// A report whose strings out of the dump are all `text`.
pub(crate) fn report(text: &str) -> Report {
    let mut report = handmade::report();
    let some = || Some(text.to_owned());
    report.facts.dump.path = text.into();
    // Lines of a comment are lines of the page, so that only its first is compared.
    report.facts.dump.comment = Some(text.replace(['\r', '\n'], " "));
    report.facts.dump.streams.iter_mut().for_each(|stream| stream.name = text.into());
    report.facts.system.service_pack = some();
    report.facts.system.build_string = some();
    report.facts.process.image = some();
    report.facts.process.command_line = Some(text.replace(['\r', '\n'], " "));
    report.facts.process.handles.iter_mut().flatten().for_each(|handle| handle.kind = text.into());
    if let Some(exception) = &mut report.facts.exception {
        exception.cpp = Some(CppReport {
            type_name: some(),
            decorated: some(),
            bases: vec![text.into()],
            what: some(),
            result: None,
            thrown_by: some(),
            problem: None,
        });
    }
    for thread in &mut report.facts.threads {
        (thread.name, thread.top) = (some(), some().map(String::into_boxed_str));
        thread.frames = Some(handmade::frames());
        for frame in thread.frames.iter_mut().flatten() {
            (frame.module, frame.function, frame.file) = (some(), some(), some());
        }
        let blame = BlameReport { frame: 1, module: text.into(), function: some(), offset: Hex(1) };
        thread.blame = Some(Box::new(blame));
        thread.stopped = Some("end of the stack".into());
    }
    for module in &mut report.facts.modules {
        module.path = text.into();
        (module.version, module.pdb, module.debug_id) = (some(), some(), some());
    }
    report.facts.heaps.iter_mut().for_each(|heap| heap.faults = vec![text.into()]);
    for allocation in report.facts.memory.allocations.iter_mut().flat_map(|a| &mut a.largest) {
        (allocation.usage, allocation.hint) = (text.into(), some());
    }
    if let Some(verdict) = &mut report.verdict {
        verdict.title = text.into();
        verdict.because = vec![text.into(), text.into()];
        (verdict.unless, verdict.advice) = (vec![text.into()], vec![text.into()]);
        verdict.allocation.iter_mut().for_each(|allocation| allocation.function = some());
    }
    for finding in &mut report.findings {
        finding.title = text.into();
        finding.evidence.iter_mut().for_each(|e| (e.what, e.value) = (text.into(), some()));
    }
    report.facts.warnings.iter_mut().for_each(|warning| warning.message = text.into());
    report
}

/// A character that acts on a terminal or on a reader, and is no line break.
pub(crate) fn acts(c: char) -> bool {
    c != '\n'
        && (c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'))
}
