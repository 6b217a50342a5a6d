//! A DLL that could not be loaded on first use: what the verdict names, and what it does not know.

use std::io::Cursor;

use dumplens_analyzer::verdict::Confidence;
use dumplens_analyzer::{Options, Process, Question, Report, TrimOptions, render, trim};
use dumplens_core::Dump;
use dumplens_synth::{self as synth, presets};

const NO_MODULE: u32 = 0xc06d_007e;
const NO_PROCEDURE: u32 = 0xc06d_007f;

/// What `DelayLoadInfo` says: by name (a name of 0 is at an address that the dump does not keep), or by ordinal.
struct Says<'a> {
    dll: &'a [u8],
    procedure: Result<&'a [u8], u32>,
    module: u64,
    error: u32,
}

const SAYS: Says<'_> =
    Says { dll: b"widgets.dll", procedure: Ok(b"?Draw@Widget@@QEAAXXZ"), module: 0, error: 126 };

/// The tiny process, in which a delay-load helper gave up; `wide` for 64 bits.
fn process(wide: bool, code: u32, says: &Says<'_>) -> synth::Process {
    let (mut process, at) =
        if wide { (presets::tiny(), presets::tiny::X64) } else { (presets::tiny_x86(), presets::tiny::X86) };
    let end = at.stack_base(0);
    // The names are constants of the image.
    let (info, dll, name) = (end - 0x400, at.app + 0x2e00, at.app + 0x2f00);
    let lost = 0x66_0000;
    let (by_name, procedure) = match says.procedure {
        Ok([]) => (1, lost),
        Ok(_) => (1, name),
        Err(ordinal) => (0, u64::from(ordinal)),
    };
    let szdll = if says.dll.is_empty() { lost } else { dll };
    // cb, pidd, ppfn, szDll, fImportByName, szProcName or dwOrdinal, hmodCur, pfnCur, dwLastError.
    let size = if wide { 0x48 } else { 0x24 };
    let fields = [size, at.app + 0x2000, 0, szdll, by_name, procedure, says.module, 0, u64::from(says.error)];
    let bytes = if wide { 8 } else { 4 };
    let fields: Vec<u8> = fields.iter().flat_map(|field| field.to_le_bytes()[..bytes].to_vec()).collect();
    process.put(info, &fields);
    process.put(dll, &[says.dll, b"\0"].concat());
    process.put(name, &[says.procedure.unwrap_or_default(), b"\0"].concat());
    // LastErrorValue and LastStatusValue: nothing was refused.
    for field in if wide { [0x68, 0x1250] } else { [0x34, 0xbf4] } {
        process.put(at.tebs[0] + field, &[0; 4]);
    }
    let exception = process.exception.get_or_insert_default();
    (exception.code, exception.parameters) = (code, vec![info]);
    process
}

fn report(process: &synth::Process) -> Report {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    Report::answer(&Process::gather(&dump), Question::Why, &Options::default())
}

/// Title and confidence of the verdict.
fn verdict(process: &synth::Process) -> (String, Confidence) {
    let verdict = report(process).verdict.expect("a verdict");
    assert_eq!(verdict.kind, "other_exception");
    (verdict.title, verdict.confidence)
}

/// The evidence of the finding, by what it is.
fn evidence(report: &Report, what: &str) -> Option<String> {
    let finding = report.findings.iter().find(|finding| finding.id == "delay_load").expect("a finding");
    finding.evidence.iter().find(|evidence| evidence.what == what)?.value.clone()
}

#[test]
fn the_dll_and_the_error_are_named() {
    for wide in [true, false] {
        let found = report(&process(wide, NO_MODULE, &SAYS));
        let verdict = found.verdict.as_ref().expect("a verdict");
        assert_eq!(
            (verdict.title.as_str(), verdict.confidence),
            ("The delay-loaded DLL widgets.dll could not be loaded: ERROR_MOD_NOT_FOUND.", Confidence::High)
        );
        assert!(
            verdict.advice.iter().any(|line| line.contains("Install widgets.dll")),
            "{:?}",
            verdict.advice
        );
        assert_eq!(evidence(&found, "called").as_deref(), Some("?Draw@Widget@@QEAAXXZ"));
        assert_eq!(evidence(&found, "imported by").as_deref(), Some("app"));
        assert_eq!(evidence(&found, "last error").as_deref(), Some("0x7e ERROR_MOD_NOT_FOUND"));
        assert_eq!(evidence(&found, "not known"), None);
        let load = found.facts.exception.and_then(|e| e.delay_load).expect("facts");
        assert_eq!((load.ordinal, load.loaded), (None, None));
    }
    // The code is the same whatever the error was.
    let (title, _) = verdict(&process(true, NO_MODULE, &Says { error: 193, ..SAYS }));
    assert!(title.ends_with("could not be loaded: ERROR_BAD_EXE_FORMAT."), "{title}");
}

#[test]
fn a_procedure_that_the_dll_lacks() {
    for (wide, at) in [(true, presets::tiny::X64), (false, presets::tiny::X86)] {
        let loaded = Says { module: at.app, error: 127, ..SAYS };
        let found = report(&process(wide, NO_PROCEDURE, &loaded));
        let verdict = found.verdict.as_ref().expect("a verdict");
        assert_eq!(verdict.title, "The delay-loaded DLL widgets.dll lacks ?Draw@Widget@@QEAAXXZ.");
        let path = evidence(&found, "loaded as").expect("a path");
        assert!(path.ends_with("app.exe"), "{path}");
        assert!(verdict.advice.iter().any(|line| line.contains(&path)), "{:?}", verdict.advice);
        let by_ordinal = Says { procedure: Err(42), ..loaded };
        let (title, _) = self::verdict(&process(wide, NO_PROCEDURE, &by_ordinal));
        assert_eq!(title, "The delay-loaded DLL widgets.dll lacks ordinal 42.");
    }
}

/// Less evidence: no name, and no more confidence.
#[test]
fn what_the_dump_does_not_keep_is_not_known() {
    let nameless = Says { dll: b"", procedure: Ok(b""), ..SAYS };
    let found = report(&process(true, NO_MODULE, &nameless));
    let verdict = found.verdict.as_ref().expect("a verdict");
    assert_eq!(
        (verdict.title.as_str(), verdict.confidence),
        (
            "A delay-loaded DLL, whose name is not in the dump, could not be loaded: ERROR_MOD_NOT_FOUND.",
            Confidence::Medium
        )
    );
    assert!(evidence(&found, "not known").is_some_and(|why| why.contains("name of the DLL")));
    let (title, _) = self::verdict(&process(true, NO_PROCEDURE, &nameless));
    assert_eq!(
        title,
        "A delay-loaded DLL, whose name is not in the dump, lacks a procedure that was called."
    );
    // No structure: the dump lacks the stack, there is another thing there, or no parameter.
    for parameters in [vec![0x66_0000], vec![presets::tiny::X64.app], vec![]] {
        let mut process = process(true, NO_MODULE, &SAYS);
        process.exception.as_mut().expect("an exception").parameters = parameters.clone();
        let (title, confidence) = self::verdict(&process);
        assert_eq!(confidence, Confidence::Medium, "{parameters:x?}");
        assert_eq!(title, "A delay-loaded DLL, whose name is not in the dump, could not be loaded.");
    }
}

/// What was redacted is what could be text of the program; names in an image are not.
#[test]
fn a_redacted_copy_says_the_same() {
    for wide in [true, false] {
        let dump = Dump::open(process(wide, NO_MODULE, &SAYS).to_bytes().0).expect("a dump that opens");
        let mut out = Cursor::new(Vec::new());
        trim(&dump, TrimOptions { redact: true }, &mut out).expect("a copy");
        let copy = Dump::open(out.into_inner()).expect("a copy that opens");
        let report = Report::answer(&Process::gather(&copy), Question::Why, &Options::default());
        let title = report.verdict.expect("a verdict").title;
        assert_eq!(title, "The delay-loaded DLL widgets.dll could not be loaded: ERROR_MOD_NOT_FOUND.");
    }
}

#[test]
fn a_hostile_name_is_escaped() {
    let hostile = Says { dll: b"\x1b[31mx\r\n# <b>y</b>", ..SAYS };
    let report = report(&process(true, NO_MODULE, &hostile));
    let text = render::text::report(report);
    assert!(!text.contains('\x1b') && !text.contains("\n# <b>"), "{text}");
    assert!(text.contains("could not be loaded"), "{text}");
}

/// A DLL for which there was no memory: that is what ended the program.
#[test]
fn memory_that_was_refused_to_the_loader() {
    for (error, kind) in [(8, "allocation_failure"), (1455, "allocation_failure"), (487, "other_exception")] {
        let report = report(&process(true, NO_MODULE, &Says { error, ..SAYS }));
        assert_eq!(report.verdict.as_ref().expect("a verdict").kind, kind, "{error}");
        let code = report.findings.iter().find(|finding| finding.id == "out_of_memory_code");
        assert_eq!(code.is_some(), kind == "allocation_failure", "{error}");
        assert!(report.findings.iter().any(|finding| finding.id == "delay_load"), "{error}");
    }
}
