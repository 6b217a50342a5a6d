//! Facilities of HRESULTs: who a code belongs to that has no name of its own.
//!
//! winerror.h; 0x876 to 0x878 are those of d3d9.h, dshow's and dsound.h. `minidump-common` has one of them.

/// In the order of their numbers.
const FACILITIES: [(u32, &str); 63] = [
    (0x1, "FACILITY_RPC"),
    (0x2, "FACILITY_DISPATCH"),
    (0x3, "FACILITY_STORAGE"),
    (0x4, "FACILITY_ITF"),
    (0x7, "FACILITY_WIN32"),
    (0x8, "FACILITY_WINDOWS"),
    (0x9, "FACILITY_SSPI"),
    (0xa, "FACILITY_CONTROL"),
    (0xb, "FACILITY_CERT"),
    (0xc, "FACILITY_INTERNET"),
    (0xd, "FACILITY_MEDIASERVER"),
    (0xe, "FACILITY_MSMQ"),
    (0xf, "FACILITY_SETUPAPI"),
    (0x10, "FACILITY_SCARD"),
    (0x11, "FACILITY_COMPLUS"),
    (0x13, "FACILITY_URT, .NET"),
    (0x15, "FACILITY_DPLAY"),
    (0x17, "FACILITY_SXS"),
    (0x19, "FACILITY_HTTP"),
    (0x1a, "FACILITY_USERMODE_COMMONLOG"),
    (0x1b, "FACILITY_WER"),
    (0x1f, "FACILITY_USERMODE_FILTER_MANAGER"),
    (0x20, "FACILITY_BACKGROUNDCOPY"),
    (0x21, "FACILITY_WIA"),
    (0x22, "FACILITY_STATE_MANAGEMENT"),
    (0x24, "FACILITY_WINDOWSUPDATE"),
    (0x25, "FACILITY_DIRECTORYSERVICE"),
    (0x26, "FACILITY_GRAPHICS"),
    (0x27, "FACILITY_SHELL"),
    (0x28, "FACILITY_TPM_SERVICES"),
    (0x29, "FACILITY_TPM_SOFTWARE"),
    (0x2a, "FACILITY_UI"),
    (0x2b, "FACILITY_XAML"),
    (0x30, "FACILITY_PLA"),
    (0x31, "FACILITY_FVE"),
    (0x32, "FACILITY_FWP"),
    (0x33, "FACILITY_WINRM"),
    (0x34, "FACILITY_NDIS"),
    (0x35, "FACILITY_USERMODE_HYPERVISOR"),
    (0x37, "FACILITY_USERMODE_VIRTUALIZATION"),
    (0x39, "FACILITY_BCD"),
    (0x3d, "FACILITY_WEBSERVICES"),
    (0x3e, "FACILITY_WPN"),
    (0x3f, "FACILITY_WINDOWS_STORE"),
    (0x50, "FACILITY_WINDOWS_DEFENDER"),
    (0x51, "FACILITY_OPC"),
    (0x52, "FACILITY_XPS"),
    (0x54, "FACILITY_POWERSHELL"),
    (0x66, "FACILITY_AUDIO"),
    (0x876, "Direct3D 9"),
    (0x877, "DirectShow"),
    (0x878, "DirectSound"),
    (0x879, "FACILITY_DIRECT3D10"),
    (0x87a, "FACILITY_DXGI"),
    (0x87b, "FACILITY_DXGI_DDI"),
    (0x87c, "FACILITY_DIRECT3D11"),
    (0x87d, "FACILITY_DIRECT3D11_DEBUG"),
    (0x87e, "FACILITY_DIRECT3D12"),
    (0x87f, "FACILITY_DIRECT3D12_DEBUG"),
    (0x880, "FACILITY_DXCORE"),
    (0x889, "FACILITY_AUDCLNT"),
    (0x898, "FACILITY_WINCODEC_DWRITE_DWM, WPF"),
    (0x899, "FACILITY_DIRECT2D"),
];

/// The name of a facility.
pub(super) fn name(number: u32) -> Option<&'static str> {
    let index = FACILITIES.binary_search_by_key(&number, |(facility, _)| *facility).ok()?;
    FACILITIES.get(index).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched() {
        assert!(FACILITIES.is_sorted_by_key(|(number, _)| *number));
        assert_eq!((name(0x87b), name(0), name(5)), (Some("FACILITY_DXGI_DDI"), None, None));
    }
}
