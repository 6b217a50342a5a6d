//! Which limit a status or a Win32 error names that a refused request for memory leaves in the TEB.

use super::refusal::{Refusal, of_result, of_win32};

/// A limit that refused memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// RAM and page files of the machine, or a job's commit limit.
    Commit,
    /// A quota of the user or the process.
    Quota,
    /// A lack of kernel resources: pool, contiguous or large pages.
    Resources,
    /// The requested addresses are in use.
    AddressTaken,
    /// The value leaves open which it was.
    Open,
}

/// The limit that a status or an error names, also one in the form of an HRESULT; `None` for all that is not about the
/// process's memory. The three share no value: statuses and HRESULTs that are errors have their highest bit set.
pub(crate) fn named_by(code: u64) -> Option<Limit> {
    let code = u32::try_from(code).ok()?;
    of(of_win32(code).or_else(|| of_result(code))?)
}

/// The limit that a refusal names; `None` for memory that is not the process's.
pub(crate) fn of(refusal: Refusal) -> Option<Limit> {
    Some(match refusal {
        Refusal::Memory => Limit::Open,
        Refusal::Commit => Limit::Commit,
        Refusal::Quota => Limit::Quota,
        Refusal::Resources => Limit::Resources,
        Refusal::AddressTaken => Limit::AddressTaken,
        Refusal::Video => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_limit_in_every_form() {
        let named = [
            (Limit::Commit, [0xc000_012d, 1455, 0x8007_05af]),
            (Limit::Quota, [0xc000_0044, 1816, 0x8007_0718]),
            (Limit::Resources, [0xc000_009a, 1450, 0x8007_05aa]),
            (Limit::AddressTaken, [0xc000_0018, 487, 0x8007_01e7]),
            // STATUS_SECTION_TOO_BIG, which becomes ERROR_NOT_ENOUGH_MEMORY.
            (Limit::Open, [0xc000_0040, 8, 0x8007_000e]),
        ];
        for (limit, codes) in named {
            assert_eq!(codes.map(named_by), [Some(limit); 3], "{codes:x?}");
        }
        // STATUS_OBJECT_NAME_NOT_FOUND, ERROR_FILE_NOT_FOUND, E_FAIL, D3DERR_OUTOFVIDEOMEMORY.
        for code in [0, 0xc000_0034, 2, 0x8000_4005, 0x8876_017c, u64::MAX] {
            assert_eq!(named_by(code), None, "{code:#x}");
        }
    }
}
