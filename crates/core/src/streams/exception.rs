//! ExceptionStream (6): `MINIDUMP_EXCEPTION_STREAM`, 0xa8 bytes.

use minidump::system_info::Os;
use minidump::{CrashReason, MinidumpException, MinidumpMiscInfo, MinidumpSystemInfo};
use zerocopy::IntoBytes;

use super::table;
use crate::arch::Width;
use crate::container::StreamLocation;
use crate::context::{self, Context};
use crate::damage::Damage;
use crate::extract::{Extract, Losses};
use crate::format::MINIDUMP_EXCEPTION_STREAM;
use crate::limits;

/// `EXCEPTION_MAXIMUM_PARAMETERS` of winnt.h.
const MAXIMUM_PARAMETERS: u32 = 15;

/// Exception (6), `MINIDUMP_EXCEPTION_STREAM`: what the dump was written for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exception {
    /// The thread that raised it.
    pub thread_id: u32,
    /// `ExceptionCode`.
    pub code: u32,
    /// `ExceptionFlags`; bit 0 is `EXCEPTION_NONCONTINUABLE`.
    pub flags: u32,
    /// Address of the EXCEPTION_RECORD that this one followed; zero if there is none.
    pub record: u64,
    /// `ExceptionAddress`: where it was raised.
    pub address: u64,
    /// `ExceptionInformation`, as many as `NumberParameters` says; 15 at most.
    pub parameters: Vec<u64>,
    /// The thread's registers at that time; `None` if the dump keeps none that can be read.
    pub context: Option<Context>,
    /// Name of the signal or the Mach exception, in the dump of another system than Windows; `None` if it is not known.
    pub signal: Option<String>,
}

impl Exception {
    /// Whether it says nothing: the record of a writer that was given none. No exception has the code 0.
    pub(crate) fn is_empty(&self) -> bool {
        self.code == 0 && self.address == 0 && self.parameters.is_empty()
    }

    /// SystemInfo says what the registers and the code mean.
    pub(crate) fn of(
        exception: &MinidumpException<'_>,
        system: Option<&MinidumpSystemInfo>,
        misc: Option<&MinidumpMiscInfo>,
    ) -> Exception {
        let record = &exception.raw.exception_record;
        let parameters = record.exception_information.iter().take(record.number_parameters as usize);
        let other = system.filter(|system| system.os != Os::Windows);
        Exception {
            thread_id: exception.raw.thread_id,
            code: record.exception_code,
            flags: record.exception_flags,
            record: record.exception_record,
            address: record.exception_address,
            parameters: parameters.copied().collect(),
            context: system
                .and_then(|system| exception.context(system, misc))
                .map(|context| Context::of(&context)),
            signal: other.and_then(|system| signal(exception, system)),
        }
    }
}

/// The name of what ended a program on another system than Windows.
fn signal(exception: &MinidumpException<'_>, system: &MinidumpSystemInfo) -> Option<String> {
    /// `EXC_CRASH` and `EXC_CORPSE_NOTIFY` of mach/exception_types.h, and what Crashpad writes for an NSException.
    const MACH: [(u32, &str); 3] =
        [(10, "EXC_CRASH"), (13, "EXC_CORPSE_NOTIFY"), (0xdead_c0de, "uncaught NSException")];
    let code = exception.raw.exception_record.exception_code;
    let known =
        MACH.iter().find(|(known, _)| *known == code).filter(|_| matches!(system.os, Os::MacOs | Os::Ios));
    match exception.get_crash_reason(system.os, system.cpu) {
        CrashReason::Unknown(..) => known.map(|(_, name)| (*name).to_owned()),
        reason => Some(reason.to_string()),
    }
}

/// Copies the record with its context; a count of parameters that cannot be is clipped.
pub(crate) fn copy(
    at: &StreamLocation,
    width: Width,
    out: &mut Extract<'_, '_>,
    damage: &mut Vec<Damage>,
) -> Result<(), Damage> {
    let mut raw: MINIDUMP_EXCEPTION_STREAM = table::structure(out.meta, at)?;
    let parameters = raw.number_parameters.get();
    if parameters > MAXIMUM_PARAMETERS {
        raw.number_parameters = MAXIMUM_PARAMETERS.into();
        let (found, most) = (u64::from(parameters), u64::from(MAXIMUM_PARAMETERS));
        damage.push(Damage::FieldClipped { stream: at.kind, what: "NumberParameters", found, most });
    }
    raw.exception_address = width.truncate(raw.exception_address.get()).into();
    raw.exception_record = width.truncate(raw.exception_record.get()).into();
    for parameter in &mut raw.exception_information {
        *parameter = width.truncate(parameter.get()).into();
    }
    let mut losses = Losses::default();
    raw.thread_context = out.record(raw.thread_context, limits::CONTEXT_BYTES, "context", 0, &mut losses);
    out.change(raw.thread_context, |context| context::clear_notes(context, width));
    losses.report(at.kind, damage);
    out.stream(at.kind, &[raw.as_bytes()])
}
