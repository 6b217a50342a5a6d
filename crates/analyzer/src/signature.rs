//! The signature: a short id that dumps of one cause share, so that 400 dumps become 6 tickets.
//!
//! It is made of the verdict and of at most two frames of the program's own code, by module and offset from the
//! module's base: the same with and without symbols, since names take no part. `docs/signature.md` says what is hashed.

use dumplens_core::minidump::Module;
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::module_names::module_name;
use crate::process::Process;
use crate::report::{ExceptionReport, FrameReport, Hex, ModuleReport, Report, ThreadReport};
use crate::stack::is_system;
use crate::verdict::VerdictReport;

/// Version of the ids: the number after their `v`. Raised when the same dump would get another id.
pub const SIGNATURE_VERSION: u32 = 1;

/// Version of everything that is concluded from a dump. Raised when a dump may get another verdict or signature than
/// before; stored results of older versions are then worked out again.
pub const ANALYSIS_VERSION: u32 = 1;

/// Frames that are part of a signature.
const FRAMES: usize = 2;
/// `ExceptionCode` of a Visual C++ exception.
const CPP: u64 = 0xe06d_7363;

/// Under which cause a dump is counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SignatureReport {
    /// `v1-` and 12 hex digits.
    pub id: String,
    /// As `id`, without offsets: what is left of it when the program is built anew.
    pub family: String,
    /// [`SIGNATURE_VERSION`].
    pub version: u32,
    /// [`VerdictReport::kind`].
    pub kind: &'static str,
    /// [`VerdictReport::cause`].
    pub cause: Option<&'static str>,
    /// What was thrown or raised, where the kind does not say it: a C++ type, or a code.
    pub what: Option<String>,
    /// The program's file, in lower case; only where no frame is to blame.
    pub program: Option<String>,
    /// The blamed frame, and its caller if that is the program's code too.
    pub frames: Vec<SignatureFrame>,
    /// The largest power of two that is not above the bytes asked for.
    pub size_class_bytes: Option<u64>,
}

/// A frame of a signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SignatureFrame {
    /// The module's file, in lower case, without folder and extension.
    pub module: String,
    /// From the module's base to the return address, or to the instruction that was executed.
    pub offset: Hex,
    /// GUID and age of the module's PDB: which build it is. No part of the ids.
    pub debug_id: Option<String>,
    /// The function, where symbols tell. No part of the ids.
    pub function: Option<String>,
    /// The instruction pointer, by which the frame is found again once it has a name.
    #[serde(skip)]
    pub ip: u64,
}

/// The signature of a verdict; the frames of the exception's thread must have been walked.
pub(crate) fn of(process: &Process<'_>, report: &Report, verdict: &VerdictReport) -> SignatureReport {
    let frames = blamed(process, report, verdict);
    let program = report.process.image.as_deref().filter(|_| frames.is_empty());
    let size = verdict.allocation.as_ref().map(|a| a.requested_bytes).filter(|size| *size > 0);
    let mut signature = SignatureReport {
        id: String::new(),
        family: String::new(),
        version: SIGNATURE_VERSION,
        kind: verdict.kind,
        cause: verdict.cause,
        what: report.exception.as_ref().and_then(|exception| what(verdict.kind, exception)),
        program: program.map(file_name),
        frames,
        size_class_bytes: size.map(|size| 1 << size.ilog2()),
    };
    signature.id = id(&signature, true);
    signature.family = id(&signature, false);
    signature
}

impl SignatureReport {
    /// Puts the functions' names beside the frames, once symbols have named them.
    pub(crate) fn name(&mut self, rows: &[FrameReport]) {
        for frame in &mut self.frames {
            let row = rows.iter().find(|row| !row.inline && row.ip.0 == frame.ip);
            // The nearest export is a guess.
            let known = row.filter(|row| row.source != Some("nearest_export"));
            frame.function = known.and_then(|row| row.function.clone());
        }
    }
}

/// What was thrown or raised, if its kind leaves that open.
fn what(kind: &str, exception: &ExceptionReport) -> Option<String> {
    let code = exception.code.to_string();
    match kind {
        "cpp_exception" => exception.cpp.as_ref()?.type_name.clone(),
        // FAST_FAIL_*: what was found broken.
        "fail_fast" => Some(exception.parameters.first().map_or(code.clone(), |p| format!("{code}:{p}"))),
        "access_violation" | "other_exception" => Some(code),
        _ => None,
    }
}

/// The frames of the program's code that the exception's thread ran in.
fn blamed(process: &Process<'_>, report: &Report, verdict: &VerdictReport) -> Vec<SignatureFrame> {
    let Some(exception) = &report.exception else { return Vec::new() };
    let thread: Option<&ThreadReport> = report.threads.iter().find(|t| t.id == exception.thread_id);
    let rows = thread.and_then(|t| t.frames.as_deref()).unwrap_or_default();
    let request = report.request.as_ref().filter(|r| !r.earlier && verdict.allocation.is_some());
    let start = match request {
        Some(request) => request.frame + 1,
        None if throws(process, exception, rows) => 2,
        None => 0,
    };
    let rows = rows.get(start..).unwrap_or_default();
    let own = |row: &FrameReport| frame(process, row, &report.modules);
    if verdict.kind == "stack_overflow" {
        let circle = recursion(rows.iter().filter_map(own).collect());
        if !circle.is_empty() {
            return circle;
        }
    }
    let Some(first) = rows.iter().position(|row| own(row).is_some()) else { return Vec::new() };
    // A scanned caller may be left over from an earlier call: it would tell dumps of one cause apart.
    let sure = |n: usize, row: &FrameReport| n == 0 || row.trust != "scan";
    let rows = rows.iter().skip(first).take(FRAMES).enumerate();
    rows.map_while(|(n, row)| own(row).filter(|_| sure(n, row))).collect()
}

/// Of the frames that are on the stack more than once, the lowest ones. Where in its circle a recursion met the end of the
/// stack is chance; of what the circle consists is not.
fn recursion(mut frames: Vec<SignatureFrame>) -> Vec<SignatureFrame> {
    let place = |frame: &SignatureFrame| (frame.module.clone(), frame.offset);
    frames.sort_by_key(place);
    let repeated = frames.chunk_by(|a, b| place(a) == place(b)).filter(|same| same.len() > 1);
    repeated.take(FRAMES).map(|same| same[0].clone()).collect()
}

/// Whether frame 0 raised a C++ exception: frame 1 is then `_CxxThrowException`, in whatever module it was linked into.
fn throws(process: &Process<'_>, exception: &ExceptionReport, rows: &[FrameReport]) -> bool {
    let raised = process.module_at(exception.address.0);
    let top = rows.first().and_then(|row| process.module_at(row.ip.0));
    exception.code.0 == CPP
        && raised.is_some()
        && raised == top
        && process.modules.get(raised.unwrap_or_default()).is_some_and(|m| is_system(&m.code_file()))
}

/// The frame of a row; `None` if its code is not the program's own.
fn frame(process: &Process<'_>, row: &FrameReport, modules: &[ModuleReport]) -> Option<SignatureFrame> {
    let lookup = if row.exact { row.ip.0 } else { row.ip.0.saturating_sub(1) };
    let index = process.module_at(lookup)?;
    let module = process.modules.get(index)?;
    let path = module.code_file();
    if is_system(&path) {
        return None;
    }
    Some(SignatureFrame {
        module: module_name(&path).to_lowercase(),
        offset: Hex(row.ip.0.saturating_sub(module.base_address())),
        debug_id: modules.get(index).and_then(|m| m.debug_id.clone()),
        function: None,
        ip: row.ip.0,
    })
}

fn file_name(path: &str) -> String {
    path.rsplit(['\\', '/']).next().unwrap_or_default().to_lowercase()
}

/// `v1-` and the first 12 hex digits of the SHA-256 of the parts, one to a line.
fn id(signature: &SignatureReport, offsets: bool) -> String {
    let text = |text: Option<&str>| text.unwrap_or("-").replace('\n', " ");
    let mut lines = vec![
        format!("dumplens signature {SIGNATURE_VERSION}"),
        signature.kind.to_owned(),
        text(signature.cause),
        text(signature.what.as_deref()),
        text(signature.program.as_deref()),
        signature.size_class_bytes.map_or("-".to_owned(), |size| size.to_string()),
    ];
    if offsets {
        lines.extend(signature.frames.iter().map(|f| format!("{}+{}", text(Some(&f.module)), f.offset)));
    } else {
        lines.extend(signature.frames.first().map(|f| text(Some(&f.module))));
    }
    let hash = Sha256::digest(lines.join("\n").as_bytes());
    let first = hash.iter().take(6).fold(0, |number, byte| number << 8 | u64::from(*byte));
    format!("v{SIGNATURE_VERSION}-{first:012x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recursion_is_the_same_wherever_it_ended() {
        let frame = |offset: u64| SignatureFrame {
            module: "app".to_owned(),
            offset: Hex(offset),
            debug_id: None,
            function: None,
            ip: 0x1_0000 + offset,
        };
        let circle = [0x50, 0x20, 0x30];
        let found = |from: usize| {
            // A leaf that ran when the stack ended, the circle, and who began it.
            let turns = circle.iter().cycle().skip(from).take(20).copied();
            let stack = std::iter::once(0x900 + from as u64).chain(turns).chain([0x10, 0x11]);
            recursion(stack.map(frame).collect()).iter().map(|f| f.offset.0).collect::<Vec<_>>()
        };
        assert_eq!([found(0), found(1), found(2)], [[0x20, 0x30]; 3].map(|f| f.to_vec()));
        assert!(recursion([1, 2, 3].map(frame).to_vec()).is_empty());
    }
}
