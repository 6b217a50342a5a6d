//! KUSER_SHARED_DATA, the page that the kernel shares with every process.

use crate::bytes::{Fields, low32, utf16};

/// Address of the page in every process.
pub const KUSER_SHARED_DATA: u64 = 0x7FFE_0000;

/// Fields of the page; every other byte is zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kuser {
    /// TickCountMultiplier; milliseconds since boot = (TickCount * TickCountMultiplier) >> 24.
    pub tick_count_multiplier: u32,
    /// TickCount.
    pub tick_count: u64,
    /// InterruptTime, 100 ns since boot.
    pub interrupt_time: u64,
    /// SystemTime, FILETIME in UTC.
    pub system_time: u64,
    /// TimeZoneBias, 100 ns.
    pub time_zone_bias: i64,
    /// NtSystemRoot.
    pub system_root: String,
    /// NtBuildNumber.
    pub build: u32,
    /// NtProductType: 1 workstation, 2 domain controller, 3 server.
    pub product_type: u32,
    /// NativeProcessorArchitecture, also written as the image number.
    pub native_architecture: u16,
    /// NtMajorVersion.
    pub major: u32,
    /// NtMinorVersion.
    pub minor: u32,
    /// BootId.
    pub boot_id: u32,
    /// KdDebuggerEnabled.
    pub kernel_debugger: u8,
    /// ActiveConsoleId.
    pub active_console_id: u32,
    /// NumberOfPhysicalPages, pages of 4 KiB.
    pub physical_pages: u32,
    /// SafeBootMode.
    pub safe_boot_mode: u8,
    /// QpcFrequency, Hz.
    pub qpc_frequency: u64,
    /// FullNumberOfPhysicalPages; 0 on systems that do not fill it.
    pub full_physical_pages: u64,
    /// Cookie.
    pub cookie: u32,
    /// ActiveProcessorCount.
    pub processors: u32,
}

impl Default for Kuser {
    /// Windows 10 22H2 on x64 with 32 GiB, up for 3 days less 600 seconds, at 2023-11-14 22:23:20 UTC.
    fn default() -> Self {
        Kuser {
            tick_count_multiplier: 0x0FA0_0000,
            tick_count: 16_550_400,
            interrupt_time: 2_586_000_000_000,
            system_time: 133_444_742_000_000_000,
            time_zone_bias: -36_000_000_000,
            system_root: "C:\\Windows".into(),
            build: 19045,
            product_type: 1,
            native_architecture: 9,
            major: 10,
            minor: 0,
            boot_id: 77,
            kernel_debugger: 0,
            active_console_id: 1,
            physical_pages: 0x80_0000,
            safe_boot_mode: 0,
            qpc_frequency: 10_000_000,
            full_physical_pages: 0,
            cookie: 0xC0FF_EE01,
            processors: 8,
        }
    }
}

impl Kuser {
    /// The first 0x720 bytes of the page.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut k = Fields::flat(0x720);
        k.u32(0x004, self.tick_count_multiplier);
        system_time(&mut k, 0x008, self.interrupt_time);
        system_time(&mut k, 0x014, self.system_time);
        system_time(&mut k, 0x020, self.time_zone_bias.cast_unsigned());
        let image_number = if self.native_architecture == 0 { 0x14C } else { 0x8664 };
        k.u16(0x02C, image_number);
        k.u16(0x02E, image_number);
        k.put(0x030, &utf16(&self.system_root));
        k.u32(0x244, 0x20_0000);
        k.u32(0x260, self.build);
        k.u32(0x264, self.product_type);
        k.u8(0x268, 1);
        k.u16(0x26A, self.native_architecture);
        k.u32(0x26C, self.major);
        k.u32(0x270, self.minor);
        k.u32(0x2C4, self.boot_id);
        k.u32(0x2D0, 0x110);
        k.u8(0x2D4, self.kernel_debugger);
        k.u32(0x2D8, self.active_console_id);
        k.u32(0x2E8, self.physical_pages);
        k.u8(0x2EC, self.safe_boot_mode);
        k.u64(0x300, self.qpc_frequency);
        k.u64(0x310, self.full_physical_pages);
        system_time(&mut k, 0x320, self.tick_count);
        k.u32(0x330, self.cookie);
        k.u32(0x3C0, self.processors);
        k.u8(0x3C4, 1);
        k.bytes
    }
}

/// KSYSTEM_TIME: LowPart, High1Time, High2Time.
fn system_time(k: &mut Fields, at: usize, value: u64) {
    let high = low32(value >> 32);
    k.u32(at, low32(value));
    k.u32(at + 4, high);
    k.u32(at + 8, high);
}
