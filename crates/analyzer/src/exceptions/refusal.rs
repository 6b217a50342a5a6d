//! Codes that say that memory was refused, of every kind: one list for exception codes, for the results that runtimes pass as
//! parameters, and for the last error and status of a thread.
//!
//! The values are those of winerror.h, ntstatus.h, corerror.h and d3d9.h. Statuses become Win32 errors as by
//! `RtlNtStatusToDosError`.

use super::{EarlierReport, code};

/// C++ types that are thrown when memory is refused, and Delphi's class.
pub(crate) const TYPES: [&str; 5] = [
    "std::bad_alloc",
    "std::bad_array_new_length",
    "CMemoryException *",
    "winrt::hresult_out_of_memory",
    "EOutOfMemory",
];

/// What refused it, as far as the code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Memory or addresses; which limit, the code leaves open.
    Memory,
    /// The commit limit of the machine or of a job.
    Commit,
    /// A quota of the process or of its user.
    Quota,
    /// Resources of the kernel, such as its pools, or large pages.
    Resources,
    /// The requested addresses are in use. This is a refusal only if memory is known to have been requested.
    AddressTaken,
    /// Memory of the graphics adapter.
    Video,
}

/// NTSTATUS.
const STATUS: [(u32, Refusal); 15] = [
    (0xc000_0007, Refusal::Quota),        // PAGEFILE_QUOTA
    (0xc000_0017, Refusal::Memory),       // NO_MEMORY
    (0xc000_0018, Refusal::AddressTaken), // CONFLICTING_ADDRESSES
    (0xc000_0040, Refusal::Memory),       // SECTION_TOO_BIG
    (0xc000_0044, Refusal::Quota),        // QUOTA_EXCEEDED
    (0xc000_009a, Refusal::Resources),    // INSUFFICIENT_RESOURCES
    (0xc000_00a1, Refusal::Quota),        // WORKING_SET_QUOTA
    (0xc000_012c, Refusal::Quota),        // PAGEFILE_QUOTA_EXCEEDED
    (0xc000_012d, Refusal::Commit),       // COMMITMENT_LIMIT
    (0xc000_01ad, Refusal::Memory),       // FATAL_MEMORY_EXHAUSTION
    (0xc000_0205, Refusal::Resources),    // INSUFF_SERVER_RESOURCES
    (0xc000_02c8, Refusal::Commit),       // COMMITMENT_MINIMUM
    (0xc000_04c2, Refusal::Memory),       // INSUFFICIENT_VIRTUAL_ADDR_RESOURCES
    (0xc002_0016, Refusal::Resources),    // RPC_NT_OUT_OF_RESOURCES
    (0xc01e_0100, Refusal::Video),        // GRAPHICS_NO_VIDEO_MEMORY
];

/// Win32 errors.
const WIN32: [(u32, Refusal); 14] = [
    (8, Refusal::Memory),         // NOT_ENOUGH_MEMORY
    (14, Refusal::Memory),        // OUTOFMEMORY
    (473, Refusal::Memory),       // INSUFFICIENT_VIRTUAL_ADDR_RESOURCES
    (487, Refusal::AddressTaken), // INVALID_ADDRESS
    (567, Refusal::Quota),        // PAGEFILE_QUOTA_EXCEEDED
    (635, Refusal::Commit),       // COMMITMENT_MINIMUM
    (1450, Refusal::Resources),   // NO_SYSTEM_RESOURCES
    (1451, Refusal::Resources),   // NONPAGED_SYSTEM_RESOURCES
    (1452, Refusal::Resources),   // PAGED_SYSTEM_RESOURCES
    (1453, Refusal::Quota),       // WORKING_SET_QUOTA
    (1454, Refusal::Quota),       // PAGEFILE_QUOTA
    (1455, Refusal::Commit),      // COMMITMENT_LIMIT
    (1721, Refusal::Resources),   // RPC_S_OUT_OF_RESOURCES
    (1816, Refusal::Quota),       // NOT_ENOUGH_QUOTA
];

/// HRESULTs that are made of neither.
const RESULTS: [(u32, Refusal); 10] = [
    (0x8001_0101, Refusal::Resources), // RPC_E_OUT_OF_RESOURCES
    (0x8003_0008, Refusal::Memory),    // STG_E_INSUFFICIENTMEMORY
    (0x8009_000e, Refusal::Memory),    // NTE_NO_MEMORY
    (0x8009_0300, Refusal::Memory),    // SEC_E_INSUFFICIENT_MEMORY
    (0x800a_0007, Refusal::Memory),    // CTL_E_OUTOFMEMORY
    (0x8010_0006, Refusal::Memory),    // SCARD_E_NO_MEMORY
    (0x8013_153d, Refusal::Memory),    // COR_E_INSUFFICIENTMEMORY
    (0x8876_017c, Refusal::Video),     // D3DERR_OUTOFVIDEOMEMORY
    (0x887a_0024, Refusal::Video),     // DXGI_ERROR_REMOTE_OUTOFMEMORY
    (0xc026_2100, Refusal::Video),     // ERROR_GRAPHICS_NO_VIDEO_MEMORY
];

/// Codes of makers that say it by themselves: Chromium's allocators, V8 and PDFium; Unreal Engine.
const MAKERS: [u64; 2] = [code::CHROMIUM_OUT_OF_MEMORY, code::UNREAL_OUT_OF_MEMORY];

fn of(table: &[(u32, Refusal)], code: u32) -> Option<Refusal> {
    table.iter().find(|(known, _)| *known == code).map(|(_, refusal)| *refusal)
}

/// What a thread's last status says.
pub(crate) fn of_status(status: u32) -> Option<Refusal> {
    of(&STATUS, status)
}

/// What a thread's last error says.
pub(crate) fn of_win32(error: u32) -> Option<Refusal> {
    of(&WIN32, error)
}

/// What an HRESULT says, be it one of its own, of a Win32 error, or of an NTSTATUS; or an NTSTATUS itself, also one that
/// `NTSTATUS_FROM_WIN32` made.
pub(crate) fn of_result(result: u32) -> Option<Refusal> {
    /// `FACILITY_NT_BIT`.
    const NT: u32 = 1 << 28;
    match result >> 16 {
        0x8007 | 0xc007 => of_win32(result & 0xffff),
        0xd000.. if result >> 28 == 0xd => of_status(result & !NT),
        _ => of(&RESULTS, result).or_else(|| of_status(result)),
    }
}

/// What an exception says by its code, or by the result that it carries. An address that was taken is none: programs try
/// others.
pub(crate) fn of_exception(code: u64, parameters: impl IntoIterator<Item = u64>) -> Option<Refusal> {
    let by_code = u32::try_from(code).ok().and_then(of_result);
    let maker = MAKERS.contains(&code).then_some(Refusal::Memory);
    let carried = carried(code, parameters).and_then(of_result);
    by_code.or(maker).or(carried).filter(|refusal| *refusal != Refusal::AddressTaken)
}

/// The HRESULT that an exception's code defines as one of its parameters: of the CLR the first, of Direct3D and DXGI, whose
/// code is their facility, the last.
pub(crate) fn carried(code: u64, parameters: impl IntoIterator<Item = u64>) -> Option<u32> {
    /// `FACILITY_DIRECT3D` (876) to `FACILITY_DIRECT3D12` (87e).
    const GRAPHICS: std::ops::RangeInclusive<u64> = 0x876..=0x87e;
    let mut parameters = parameters.into_iter();
    let result = match code {
        code::CLR | code::CLR_2 | code::EXECUTION_ENGINE => parameters.next()?,
        _ if GRAPHICS.contains(&code) => parameters.last()?,
        _ => return None,
    };
    let low = u32::try_from(result & u64::from(u32::MAX)).ok()?;
    // Sign-extended, or as it is.
    let is_result = matches!(result >> 32, 0 | 0xffff_ffff) && low >> 31 == 1;
    is_result.then_some(low)
}

impl EarlierReport {
    /// Whether the record says that memory was refused, by the type thrown or by its code.
    pub(crate) fn says_refused(&self) -> bool {
        let by_type = self.cpp_type.as_deref().is_some_and(|name| TYPES.contains(&name));
        by_type || of_exception(self.code.0, self.parameters.iter().map(|p| p.0)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_refusal_in_every_dress() {
        for code in [0xc000_012d, 0xd000_012d, 0x8007_05af, 0xc007_05af] {
            assert_eq!(of_result(code), Some(Refusal::Commit), "{code:#x}");
        }
        for code in
            [0xc000_0017, 0xd000_0017, 0x8007_000e, 0x8007_0008, 0xc007_000e, 0x8013_153d, 0x800a_0007]
        {
            assert_eq!(of_result(code), Some(Refusal::Memory), "{code:#x}");
        }
        for code in [0x8007_05aa, 0xc000_009a, 0x8001_0101, 0x8007_05ab, 0x8007_06b9, 0xd000_0205] {
            assert_eq!(of_result(code), Some(Refusal::Resources), "{code:#x}");
        }
        // STATUS_DATATYPE_MISALIGNMENT, which was E_OUTOFMEMORY in 16-bit OLE.
        assert_eq!(of_result(0x8000_0002), None);
        // E_FAIL, E_INVALIDARG, COR_E_INVALIDOPERATION, not found; and errors that no HRESULT wraps.
        for code in [0x8000_4005, 0x8007_0057, 0x8013_1509, 0x8007_0490, 8, 1455] {
            assert_eq!(of_result(code), None, "{code:#x}");
        }
        assert_eq!([of_win32(8), of_win32(1455)], [Some(Refusal::Memory), Some(Refusal::Commit)]);
    }

    #[test]
    fn exceptions_that_carry_a_result() {
        let clr = |result| of_exception(code::CLR, [result, 0, 0, 0, 0x7ffb_4e90_0000]);
        assert_eq!(clr(0x8007_000e), Some(Refusal::Memory));
        assert_eq!(clr(0xffff_ffff_8007_05af), Some(Refusal::Commit));
        assert_eq!(clr(0x8013_1509), None);
        assert_eq!(of_exception(0x879, [0xffff_ffff_887a_0020, 0xffff_ffff_8876_017c]), Some(Refusal::Video));
        assert_eq!(of_exception(code::UNREAL_OUT_OF_MEMORY, [0]), Some(Refusal::Memory));
        // A program's own codes, whatever they are as Win32 errors; and an address that was taken.
        for code in [8, 0x5af, 0xc000_0018] {
            assert_eq!(of_exception(code, []), None, "{code:#x}");
        }
    }
}
