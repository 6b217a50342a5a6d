//! SystemInfoStream (7): `MINIDUMP_SYSTEM_INFO`, 0x38 bytes, `CSDVersionRva` at 0x18.

use std::fmt;

use minidump::MinidumpSystemInfo;
use minidump::system_info::Os as CrateOs;
use zerocopy::little_endian::{U16, U32};

use super::{malformed, table};
use crate::arch::Arch;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::extract::{Extract, Losses};

/// SystemInfo (7), `MINIDUMP_SYSTEM_INFO`: the machine and the system that the process ran on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SystemInfo {
    /// `ProcessorArchitecture`.
    pub arch: Arch,
    /// The system, by `PlatformId`.
    pub os: Os,
    /// `MajorVersion`, `MinorVersion` and `BuildNumber` with dots between; of Linux what its build string says.
    pub version: String,
    /// `MajorVersion`.
    pub major: u32,
    /// `MinorVersion`.
    pub minor: u32,
    /// `BuildNumber`.
    pub build: u32,
    /// `CSDVersion`: the service pack, or another system's build string; `None` if there is none.
    pub service_pack: Option<String>,
    /// `NumberOfProcessors`; zero where the writer left it out.
    pub processors: u8,
    /// `ProductType` (winnt.h `VER_NT_*`): 1 workstation, 2 domain controller, 3 server.
    pub product_type: u8,
    /// `SuiteMask` (winnt.h `VER_SUITE_*`).
    pub suite_mask: u16,
}

impl SystemInfo {
    pub(crate) fn of(info: &MinidumpSystemInfo) -> SystemInfo {
        SystemInfo {
            arch: Arch::from_raw(info.raw.processor_architecture),
            os: Os::of(info.os),
            version: info.os_parts().0,
            major: info.raw.major_version,
            minor: info.raw.minor_version,
            build: info.raw.build_number,
            service_pack: info.csd_version().map(Into::into).filter(|text: &String| !text.is_empty()),
            processors: info.raw.number_of_processors,
            product_type: info.raw.product_type,
            suite_mask: info.raw.suite_mask,
        }
    }
}

/// The system that a dump is of: `PlatformId` of `MINIDUMP_SYSTEM_INFO`. Windows' values are winnt.h's
/// `VER_PLATFORM_*`, the others Breakpad's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Os {
    /// 1 and 2.
    Windows,
    /// 0x8101.
    MacOs,
    /// 0x8102.
    Ios,
    /// 0x8201.
    Linux,
    /// 0x8202.
    Solaris,
    /// 0x8203.
    Android,
    /// 0x8204, the PlayStation 3.
    Ps3,
    /// 0x8205, Native Client.
    NaCl,
    /// 0x8206.
    Fuchsia,
    /// Any other value, kept as it was found.
    Other(u32),
}

impl Os {
    fn of(os: CrateOs) -> Os {
        match os {
            CrateOs::Windows => Os::Windows,
            CrateOs::MacOs => Os::MacOs,
            CrateOs::Ios => Os::Ios,
            CrateOs::Linux => Os::Linux,
            CrateOs::Solaris => Os::Solaris,
            CrateOs::Android => Os::Android,
            CrateOs::Ps3 => Os::Ps3,
            CrateOs::NaCl => Os::NaCl,
            CrateOs::Unknown(FUCHSIA) => Os::Fuchsia,
            CrateOs::Unknown(id) => Os::Other(id),
        }
    }
}

/// The name as people know it; `Windows NT` for Windows.
impl fmt::Display for Os {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Os::Windows => "Windows NT",
            Os::MacOs => "Mac OS X",
            Os::Ios => "iOS",
            Os::Linux => "Linux",
            Os::Solaris => "Solaris",
            Os::Android => "Android",
            Os::Ps3 => "PS3",
            Os::NaCl => "NaCl",
            Os::Fuchsia => "Fuchsia",
            Os::Other(id) => return write!(f, "{id:#x}"),
        })
    }
}

/// `MD_OS_FUCHSIA`, which the crate does not know.
const FUCHSIA: u32 = 0x8206;
const SIZE: u64 = 0x38;
const CSD_VERSION_RVA: usize = 0x18;

/// Copies the stream, and says which processor it names.
pub(crate) fn copy(
    at: &StreamLocation,
    out: &mut Extract<'_, '_>,
    damage: &mut Vec<Damage>,
) -> Result<Arch, Damage> {
    let arch = Arch::from_raw(table::structure::<U16>(out.meta, at)?.get());
    if at.present < SIZE {
        return Err(malformed(at.kind, format!("{} bytes, {SIZE} expected", at.present)));
    }
    let mut bytes = out.meta.bytes(at.rva, SIZE)?.unwrap_or_default();
    let mut losses = Losses::default();
    if let Some(rva) = bytes.get_mut(CSD_VERSION_RVA..CSD_VERSION_RVA.saturating_add(4)) {
        let csd = u32::from_le_bytes(<[u8; 4]>::try_from(&*rva).unwrap_or_default());
        // Zero is how several writers say that there is no service pack.
        let mut ignored = Losses::default();
        let text = out.string(u64::from(csd), 0, if csd == 0 { &mut ignored } else { &mut losses });
        rva.copy_from_slice(&U32::get(text).to_le_bytes());
    }
    losses.report(at.kind, damage);
    out.stream(at.kind, &[&bytes])?;
    Ok(arch)
}
