//! MINIDUMP_SYSTEM_INFO and MINIDUMP_MISC_INFO_5.

use crate::arch::Arch;
use crate::bytes::{Fields, utf16};

/// Stream 7, 0x38 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemInfo {
    /// ProcessorLevel.
    pub level: u16,
    /// ProcessorRevision.
    pub revision: u16,
    /// NumberOfProcessors.
    pub processors: u8,
    /// 1 workstation, 2 domain controller, 3 server.
    pub product_type: u8,
    /// MajorVersion.
    pub major: u32,
    /// MinorVersion.
    pub minor: u32,
    /// BuildNumber.
    pub build: u32,
    /// 2 Windows NT; 0x8201 Linux, 0x8101 macOS (Breakpad's numbers).
    pub platform_id: u32,
    /// CSDVersion, "Service Pack 1".
    pub csd_version: String,
    /// SuiteMask.
    pub suite_mask: u16,
}

impl Default for SystemInfo {
    /// Windows 10 22H2 workstation with 8 processors.
    fn default() -> Self {
        SystemInfo {
            level: 6,
            revision: 0x9E0A,
            processors: 8,
            product_type: 1,
            major: 10,
            minor: 0,
            build: 19045,
            platform_id: 2,
            csd_version: String::new(),
            suite_mask: 0x100,
        }
    }
}

impl SystemInfo {
    pub(crate) fn stream(&self, arch: Arch, csd_rva: u32) -> Vec<u8> {
        let mut s = Fields::flat(0x38);
        s.u16(0x00, arch.number());
        s.u16(0x02, self.level);
        s.u16(0x04, self.revision);
        s.u8(0x06, self.processors);
        s.u8(0x07, self.product_type);
        s.u32(0x08, self.major);
        s.u32(0x0C, self.minor);
        s.u32(0x10, self.build);
        s.u32(0x14, self.platform_id);
        s.u32(0x18, csd_rva);
        s.u16(0x1C, self.suite_mask);
        s.put(0x20, if arch == Arch::X86 { b"GenuineIntel" } else { &[0xFF, 0xFB, 0x8B, 0x1F, 0, 0, 0, 0] });
        s.bytes
    }
}

/// Stream 15.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misc {
    /// SizeOfInfo: 24, 44, 232, 832 or 1364 (0x18, 0x2C, 0xE8, 0x340, 0x554) for versions 1 to 5; any other size
    /// cuts or extends the last version.
    pub size: u32,
    /// Flags1; `None` means everything that the size has room for.
    pub flags: Option<u32>,
    /// ProcessId.
    pub pid: u32,
    /// ProcessCreateTime, seconds since 1970.
    pub create_time: u32,
    /// ProcessUserTime, seconds.
    pub user_time: u32,
    /// ProcessKernelTime, seconds.
    pub kernel_time: u32,
    /// ProcessorMaxMhz, also written as CurrentMhz and MhzLimit.
    pub mhz: u32,
    /// ProcessIntegrityLevel; 0x2000 medium.
    pub integrity: u32,
    /// ProcessExecuteFlags.
    pub execute_flags: u32,
    /// TIME_ZONE_INFORMATION.Bias, minutes.
    pub time_zone_bias: i32,
    /// BuildString, at most 259 characters.
    pub build_string: String,
    /// DbgBldStr, at most 39 characters.
    pub debug_build_string: String,
    /// ProcessCookie.
    pub process_cookie: u32,
}

impl Default for Misc {
    fn default() -> Self {
        Misc {
            size: 0x554,
            flags: None,
            pid: 4242,
            create_time: 1_700_000_000,
            user_time: 120,
            kernel_time: 30,
            mhz: 3600,
            integrity: 0x2000,
            execute_flags: 0x4D,
            time_zone_bias: -60,
            build_string: "19041.1.amd64fre.vb_release.191206-1406".into(),
            debug_build_string: "dbgcore.amd64,10.0.19041.1".into(),
            process_cookie: 0x1234_5678,
        }
    }
}

impl Misc {
    fn flags1(&self) -> u32 {
        let by_size = [(0x18, 0x3), (0x2C, 0x4), (0xE8, 0xF0), (0x340, 0x100), (0x554, 0x200)];
        let all = by_size.iter().filter(|(size, _)| self.size >= *size).map(|(_, bits)| bits).sum();
        self.flags.unwrap_or(all)
    }

    pub(crate) fn stream(&self) -> Vec<u8> {
        let mut m = Fields::flat(0x554);
        m.u32(0x00, self.size);
        m.u32(0x04, self.flags1());
        m.u32(0x08, self.pid);
        m.u32(0x0C, self.create_time);
        m.u32(0x10, self.user_time);
        m.u32(0x14, self.kernel_time);
        for at in [0x18, 0x1C, 0x20] {
            m.u32(at, self.mhz);
        }
        m.u32(0x24, 2);
        m.u32(0x2C, self.integrity);
        m.u32(0x30, self.execute_flags);
        m.u32(0x38, 1);
        m.put(0x3C, &self.time_zone_bias.to_le_bytes());
        m.put(0xE8, &utf16(&self.build_string));
        m.put(0x2F0, &utf16(&self.debug_build_string));
        m.u32(0x340, 0x210);
        m.u32(0x550, self.process_cookie);
        m.bytes.resize(self.size as usize, 0);
        m.bytes
    }
}
