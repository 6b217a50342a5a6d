//! MiscInfoStream (15): `MINIDUMP_MISC_INFO` in five lengths (0x18, 0x2c, 0xe8, 0x340, 0x554).

use minidump::MinidumpMiscInfo;

use super::malformed;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::extract::Extract;
use crate::limits;

/// MiscInfo (15), `MINIDUMP_MISC_INFO` to `MINIDUMP_MISC_INFO_5`. A field is `None` where the stream is too short for
/// it, or `Flags1` says that it was not filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MiscInfo {
    /// `ProcessId`.
    pub process_id: Option<u32>,
    /// `ProcessCreateTime`: seconds since 1970, UTC.
    pub process_create_time: Option<u32>,
    /// `ProcessUserTime`: seconds.
    pub process_user_time: Option<u32>,
    /// `ProcessKernelTime`: seconds.
    pub process_kernel_time: Option<u32>,
    /// `ProcessorMaxMhz`.
    pub processor_max_mhz: Option<u32>,
    /// `ProcessorCurrentMhz`.
    pub processor_current_mhz: Option<u32>,
    /// `ProcessIntegrityLevel`: the RID of the integrity level (winnt.h `SECURITY_MANDATORY_*_RID`).
    pub process_integrity_level: Option<u32>,
    /// `TimeZone.Bias`: minutes to add to local time for UTC.
    pub time_zone_bias: Option<i32>,
    /// `BuildString`: the system's build, up to the first NUL.
    pub build_string: Option<String>,
    /// `DbgBldStr`: the build of the writer's dbghelp.dll, up to the first NUL.
    pub dbghelp_build: Option<String>,
    /// `ProcessCookie`.
    pub process_cookie: Option<u32>,
}

impl MiscInfo {
    pub(crate) fn of(info: &MinidumpMiscInfo) -> MiscInfo {
        let raw = &info.raw;
        MiscInfo {
            process_id: raw.process_id().copied(),
            process_create_time: raw.process_create_time().copied(),
            process_user_time: raw.process_user_time().copied(),
            process_kernel_time: raw.process_kernel_time().copied(),
            processor_max_mhz: raw.processor_max_mhz().copied(),
            processor_current_mhz: raw.processor_current_mhz().copied(),
            process_integrity_level: raw.process_integrity_level().copied(),
            time_zone_bias: raw.time_zone().map(|zone| zone.bias),
            build_string: raw.build_string().map(|units| until_nul(units)),
            dbghelp_build: raw.dbg_bld_str().map(|units| until_nul(units)),
            process_cookie: raw.process_cookie().copied(),
        }
    }
}

fn until_nul(units: &[u16]) -> String {
    String::from_utf16_lossy(units.split(|unit| *unit == 0).next().unwrap_or_default())
}

const LEAST: u64 = 0x18;

/// Copies as much as there is: the crate takes the longest version that fits.
pub(crate) fn copy(at: &StreamLocation, out: &mut Extract<'_, '_>) -> Result<(), Damage> {
    if at.present < LEAST {
        return Err(malformed(at.kind, format!("{} bytes, at least {LEAST} expected", at.present)));
    }
    let bytes = out.meta.bytes(at.rva, at.present.min(limits::SMALL_STREAM_BYTES))?.unwrap_or_default();
    out.stream(at.kind, &[&bytes])
}
