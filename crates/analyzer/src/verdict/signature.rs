//! The signature: a short id that dumps of one cause share, so that 400 dumps become 6 tickets.
//!
//! It is made of the verdict and of at most two frames of the program's own code, by module and offset from the
//! module's base: the same with and without symbols, since names take no part. `docs/signature.md` says what is hashed.

use dumplens_core::last_name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Cause, Kind, VerdictReport};
use crate::exceptions::{code, is_fault};
use crate::facts::{ExceptionReport, Facts, FrameReport, Hex};
use crate::managed::ManagedExceptionReport;
use crate::process::module_names::module_name;
use crate::stack::{Trust, is_framework, is_system};
use crate::symbols::Source;

/// Version of the ids: the number after their `v`. Raised when the same dump would get another id.
pub const SIGNATURE_VERSION: u32 = 2;

/// Version of everything that is concluded from a dump. Raised when a dump may get another verdict or signature than
/// before; stored results of older versions are then worked out again.
pub const ANALYSIS_VERSION: u32 = 8;

/// Frames that are part of a signature.
const FRAMES: usize = 2;

/// The signature, which identifies the cause of a dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignatureReport {
    /// `v2-` and 12 hex digits.
    pub id: String,
    /// Like `id`, without offsets: it stays the same when the program is built again.
    pub family: String,
    /// [`SIGNATURE_VERSION`].
    pub version: u32,
    /// The cause, as in the verdict.
    pub kind: Kind,
    /// The cause, as in the verdict.
    pub cause: Option<Cause>,
    /// What was thrown or raised, if the kind does not say it: a C++ type, or a code.
    pub what: Option<String>,
    /// The program's file name, in lower case; only if no frame is blamed.
    pub program: Option<String>,
    /// The blamed frame, and its caller if that is also the program's code.
    pub frames: Vec<SignatureFrame>,
    /// For a managed exception (.NET), the innermost methods of the program that it passed through; for a deadlock,
    /// those that its threads are in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// The largest power of two not above the requested bytes; `None` for small requests.
    pub size_class_bytes: Option<u64>,
    /// `dumplens` and the id, for crash collectors such as Sentry that group by a fingerprint.
    pub fingerprint: [String; 2],
}

/// A frame of a signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignatureFrame {
    /// The module's file, in lower case, without folder and extension.
    pub module: String,
    /// Offset from the module's base of the return address, or of the executing instruction.
    pub offset: Hex,
    /// GUID and age of the module's PDB, which identify the build. Not part of the ids.
    pub debug_id: Option<String>,
    /// The function, if symbols name it. Not part of the ids.
    pub function: Option<String>,
}

/// Up to so many bytes it is chance which request is refused: such dumps are counted by the cause and who has the memory.
const SMALL: u64 = 256 << 10;

/// The signature of a verdict that was reached without PDBs' names; the frames of the exception's thread must have been walked.
pub(crate) fn of(facts: &Facts, verdict: &VerdictReport) -> SignatureReport {
    let size = verdict.allocation.as_ref().map(|a| a.requested_bytes).filter(|size| *size > 0);
    let small = size.is_some_and(|size| size <= SMALL);
    let managed = managed(facts, verdict).filter(|_| !small);
    let (frames, methods) = match managed {
        _ if verdict.kind == Kind::Deadlock => deadlocked(facts),
        Some(thrown) => (Vec::new(), thrown.own_frames().take(FRAMES).map(str::to_owned).collect()),
        None if small => Default::default(),
        None => (blamed(facts, verdict), Vec::new()),
    };
    let alone = frames.is_empty() && (managed.is_some() || methods.is_empty());
    let program = facts.process.image.as_deref().filter(|_| alone);
    let owner = || Some(owner(facts).to_owned());
    let thrown = || facts.exception_meant().and_then(|exception| what(verdict.kind, exception));
    let mut signature = SignatureReport {
        id: String::new(),
        family: String::new(),
        version: SIGNATURE_VERSION,
        kind: verdict.kind,
        cause: verdict.cause,
        what: if small { owner() } else { managed.map(|thrown| thrown.type_name.clone()).or_else(thrown) },
        program: program.map(file_name),
        frames,
        methods,
        size_class_bytes: size.filter(|_| !small).map(|size| 1 << size.ilog2()),
        fingerprint: Default::default(),
    };
    signature.id = id(&signature, true);
    signature.family = id(&signature, false);
    signature.fingerprint = ["dumplens".to_owned(), signature.id.clone()];
    signature
}

/// Who has the memory: the heaps, if they hold half of what the process has committed; the process; or others, if it
/// holds less than a quarter of what the machine may commit.
fn owner(facts: &Facts) -> &'static str {
    let own = facts.memory.private_commit_estimate_bytes.unwrap_or(0);
    let heaps = facts.heaps.iter().fold(0u64, |sum, heap| sum.saturating_add(heap.committed_bytes));
    let limit = facts.system.memory.as_ref().and_then(|memory| memory.commit_limit_bytes);
    match limit {
        Some(limit) if own < limit / 4 && facts.memory.room().total_bytes.is_none_or(|all| own < all / 4) => {
            "other_processes"
        }
        _ if heaps >= own / 2 => "heaps",
        _ => "process",
    }
}

/// The managed exception that a verdict is about. Its class and methods stand for it: native frames are the runtime's, and
/// differ from one of its builds to the next.
fn managed<'f>(facts: &'f Facts, verdict: &VerdictReport) -> Option<&'f ManagedExceptionReport> {
    let exception = facts.exception_meant()?;
    let thrown = facts.managed.as_ref()?.exception_of(exception.thread_id)?;
    let refused = verdict.kind == Kind::AllocationFailure && thrown.is_out_of_memory();
    (verdict.kind == Kind::ManagedException || refused).then_some(thrown)
}

/// What was thrown or raised, if its kind leaves that open.
fn what(kind: Kind, exception: &ExceptionReport) -> Option<String> {
    let code = exception.code.to_string();
    match kind {
        Kind::CppException => exception.cpp.as_ref()?.type_name.clone(),
        // FAST_FAIL_*: what was found broken.
        Kind::FailFast => Some(exception.parameters.first().map_or(code.clone(), |p| format!("{code}:{p}"))),
        // Two .NET exceptions of one place are two causes if their HRESULTs differ.
        Kind::OtherException => {
            Some(exception.hresult.map_or(code.clone(), |result| format!("{code}:{result}")))
        }
        Kind::AccessViolation => Some(code),
        _ => None,
    }
}

/// The frames of the program's code that the exception's thread ran in.
fn blamed(facts: &Facts, verdict: &VerdictReport) -> Vec<SignatureFrame> {
    let Some(exception) = facts.exception_meant() else { return Vec::new() };
    if let Some(frame) = of_program(facts) {
        return vec![frame];
    }
    let request = facts.request.as_ref().filter(|_| verdict.allocation.is_some());
    // What was refused before the program ended itself: whoever asked, and not the block that caught it.
    let earlier = request.is_some_and(|request| request.earlier);
    let raised = facts.crashed_thread().and_then(|thread| thread.raised.as_ref()).filter(|_| earlier);
    let frames = raised.map_or(facts.crashed_frames(), |raised| &raised.frames);
    let rows: Vec<&FrameReport> =
        frames.iter().filter(|row| !row.inline && row.trust != Trust::Unproven).collect();
    let start = match request {
        Some(request) => request.frame + 1,
        // What cannot be executed did nothing: whoever called it did.
        None if rows.len() > 1
            && exception.access.as_ref().is_some_and(|a| a.address == exception.address) =>
        {
            1
        }
        None => reporters(facts, exception, &rows),
    };
    let rows = rows.get(start..).unwrap_or_default();
    // Of a 32-bit program's fault no more than the place may be known: different places are different causes.
    if let Some(row) = rows.first().filter(|row| row.trust == Trust::ExceptionRecord)
        && is_fault(exception.code.0)
    {
        return place(facts, row).into_iter().collect();
    }
    let own = |row: &FrameReport| frame(facts, row);
    if verdict.kind == Kind::StackOverflow {
        let circle = recursion(rows.iter().filter_map(|row| own(row)).collect());
        if !circle.is_empty() {
            return circle;
        }
    }
    let Some(first) = rows.iter().position(|row| own(row).is_some()) else { return Vec::new() };
    // A scanned caller may be left over from an earlier call: it would tell dumps of one cause apart.
    let sure = |n: usize, row: &FrameReport| n == 0 || row.trust != Trust::Scan;
    let rows = rows.iter().skip(first).take(FRAMES).enumerate();
    rows.map_while(|(n, row)| own(row).filter(|_| sure(n, row))).collect()
}

/// What a thread of a circle does: the first frame of the program's own code, native or a method of .NET.
enum Own {
    Frame(SignatureFrame),
    Method(String),
}

/// Of each thread of a circle the first frame of the program's own code, in the order of the circle. It begins where that gives
/// the lowest order: which of the threads has the lowest ID is chance.
fn deadlocked(facts: &Facts) -> (Vec<SignatureFrame>, Vec<String>) {
    let circles = facts.waits.iter().flat_map(|waits| &waits.chains);
    let Some(circle) = circles.into_iter().find(|chain| chain.deadlock) else { return Default::default() };
    let own = |id: &u32| {
        let thread = facts.threads.iter().find(|thread| thread.id == *id)?;
        let rows = thread.frames.as_deref().unwrap_or_default();
        rows.iter().filter(|row| !row.inline && row.trust != Trust::Unproven).find_map(|row| {
            let method = row.function.as_ref().filter(|_| row.source == Some(Source::Runtime));
            let method = method.filter(|method| !is_framework(method)).cloned().map(Own::Method);
            method.or_else(|| frame(facts, row).map(Own::Frame))
        })
    };
    let (mut frames, mut methods) = (Vec::new(), Vec::new());
    for own in circle.threads.iter().take(MOST_OF_CIRCLE).filter_map(own) {
        match own {
            Own::Frame(frame) => frames.push(frame),
            Own::Method(method) => methods.push(method),
        }
    }
    let place = |frame: &SignatureFrame| (frame.module.clone(), frame.offset);
    (lowest(&frames, place), lowest(&methods, String::clone))
}

/// A circle, from the one on that gives the lowest order.
fn lowest<T: Clone, K: Ord>(circle: &[T], key: impl Fn(&T) -> K) -> Vec<T> {
    let turned = |from: usize| {
        let (before, after) = circle.split_at(from);
        [after, before].concat()
    };
    let order = |circle: &Vec<T>| -> Vec<K> { circle.iter().map(&key).collect() };
    (0..circle.len()).map(turned).min_by_key(order).unwrap_or_default()
}

/// Threads of a circle whose frames are part of a signature.
const MOST_OF_CIRCLE: usize = 16;

/// Of the frames that are on the stack more than once, the lowest ones. Where in its circle a recursion met the end of the
/// stack is chance; of what the circle consists is not.
fn recursion(mut frames: Vec<SignatureFrame>) -> Vec<SignatureFrame> {
    let place = |frame: &SignatureFrame| (frame.module.clone(), frame.offset);
    frames.sort_by_key(place);
    let repeated = frames.chunk_by(|a, b| place(a) == place(b)).filter(|same| same.len() > 1);
    repeated.take(FRAMES).map(|same| same[0].clone()).collect()
}

/// How many of the innermost frames only report what happened.
fn reporters(facts: &Facts, exception: &ExceptionReport, rows: &[&FrameReport]) -> usize {
    if throws(facts, exception, rows) {
        return 2;
    }
    if exception.code.0 == GNU_CPP {
        // RaiseException, _Unwind_RaiseException, __cxa_throw.
        return 3;
    }
    // Exported functions by which a runtime ends itself, such as V8's.
    let fatal = |row: &&FrameReport| row.export.as_deref().is_some_and(is_fatal);
    rows.iter().take(NEAR).rposition(fatal).map_or(0, |n| n + 1)
}

/// What GNU compilers' `throw` raises.
const GNU_CPP: u64 = 0x2047_4343;
/// Frames among which a runtime's fatal error is looked for.
const NEAR: usize = 8;

/// Whether an export is a function by which a runtime says that it cannot go on; decorated or not.
fn is_fatal(export: &str) -> bool {
    const FATAL: [&str; 6] = [
        "FatalOOM",
        "OS::Abort",
        "Abort@OS@base@v8",
        "OnFatalError",
        "OOMErrorHandler",
        "FatalProcessOutOfMemory",
    ];
    export == "abort" || FATAL.iter().any(|name| export.contains(name))
}

/// The place of a 32-bit program's exception in a 64-bit dump, whose stack is that of the code that switches processors.
fn of_program(facts: &Facts) -> Option<SignatureFrame> {
    let exception = facts.exception_of_program()?;
    let module = facts.modules.get(exception.module_index?)?;
    Some(SignatureFrame {
        module: module_name(&module.path).to_lowercase(),
        offset: Hex(exception.address.0.saturating_sub(module.base.0)),
        debug_id: module.debug_id.clone(),
        function: None,
    })
}

/// Whether frame 0 raised a C++ exception: frame 1 is then `_CxxThrowException`, in whatever module it was linked into.
fn throws(facts: &Facts, exception: &ExceptionReport, rows: &[&FrameReport]) -> bool {
    let raised = exception.module_index;
    let top = rows.first().and_then(|row| row.module_index);
    let module = raised.and_then(|index| facts.modules.get(index));
    exception.code.0 == code::CPP && raised == top && module.is_some_and(|m| is_system(&m.path))
}

/// The frame of a row; `None` if its code is not the program's own.
fn frame(facts: &Facts, row: &FrameReport) -> Option<SignatureFrame> {
    let module = facts.modules.get(row.module_index?)?;
    // What .NET was linked into is .NET.
    let runtimes = facts.managed.iter().flat_map(|managed| &managed.runtimes);
    let hosts = || runtimes.clone().any(|runtime| runtime.family == ".NET" && runtime.module == module.path);
    place(facts, row).filter(|_| !is_system(&module.path) && !hosts())
}

/// The frame of a row; `None` if its code lies in no module.
fn place(facts: &Facts, row: &FrameReport) -> Option<SignatureFrame> {
    let module = facts.modules.get(row.module_index?)?;
    // The nearest export is a guess.
    let sure = row.source.is_some_and(|source| source != Source::NearestExport);
    Some(SignatureFrame {
        module: module_name(&module.path).to_lowercase(),
        offset: Hex(row.ip.0.saturating_sub(module.base.0)),
        debug_id: module.debug_id.clone(),
        function: row.function.clone().filter(|_| sure),
    })
}

fn file_name(path: &str) -> String {
    last_name(path).to_lowercase()
}

/// `v2-` and the first 12 hex digits of the SHA-256 of the parts, one to a line.
fn id(signature: &SignatureReport, offsets: bool) -> String {
    let text = |text: Option<&str>| text.unwrap_or("-").replace('\n', " ");
    let mut lines = vec![
        format!("dumplens signature {SIGNATURE_VERSION}"),
        signature.kind.name().to_owned(),
        text(signature.cause.map(Cause::name)),
        text(signature.what.as_deref()),
        text(signature.program.as_deref()),
        signature.size_class_bytes.map_or("-".to_owned(), |size| size.to_string()),
    ];
    lines.extend(signature.methods.iter().map(|method| text(Some(method))));
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
