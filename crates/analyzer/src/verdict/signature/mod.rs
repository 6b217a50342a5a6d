//! The signature: a short id that dumps of one cause share, so that 400 dumps become 6 tickets.
//!
//! It is made of the verdict and of at most two frames of the program's own code, by module and offset from the
//! module's base: the same with and without symbols, since names take no part. `docs/signature.md` says what is hashed.

mod circle;
mod frames;

use dumplens_core::last_name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Cause, Kind, VerdictReport};
use crate::facts::{ExceptionReport, Facts, Hex};
use crate::managed::ManagedExceptionReport;

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
        _ if verdict.kind == Kind::Deadlock => circle::deadlocked(facts),
        Some(thrown) => (Vec::new(), thrown.own_frames().take(FRAMES).map(str::to_owned).collect()),
        None if small => Default::default(),
        None => (frames::blamed(facts, verdict), Vec::new()),
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
