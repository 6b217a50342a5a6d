//! Which limit a status or a Win32 error names that a refused request for memory leaves in the TEB.

/// `STATUS_CONFLICTING_ADDRESSES`, and `ERROR_INVALID_ADDRESS`, which Windows makes of it.
const ADDRESS_TAKEN: [u64; 2] = [0xc000_0018, 487];
/// `STATUS_COMMITMENT_LIMIT`, `STATUS_COMMITMENT_MINIMUM`; `ERROR_COMMITMENT_LIMIT`, `ERROR_COMMITMENT_MINIMUM`.
const COMMIT: [u64; 4] = [0xc000_012d, 0xc000_02c8, 1455, 635];
/// `STATUS_PAGEFILE_QUOTA`, `_QUOTA_EXCEEDED`, `_PAGEFILE_QUOTA_EXCEEDED`, `_WORKING_SET_QUOTA`; their Win32 errors.
const QUOTA: [u64; 7] = [0xc000_0007, 0xc000_0044, 0xc000_012c, 0xc000_00a1, 1453, 1454, 1816];
/// `STATUS_INSUFFICIENT_RESOURCES`, and `ERROR_NO_SYSTEM_RESOURCES`.
const RESOURCES: [u64; 2] = [0xc000_009a, 1450];
/// `STATUS_NO_MEMORY`, `_FATAL_MEMORY_EXHAUSTION`; `ERROR_NOT_ENOUGH_MEMORY`, `ERROR_OUTOFMEMORY`.
const OPEN: [u64; 4] = [0xc000_0017, 0xc000_01ad, 8, 14];

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

/// The limit that a status or an error names; `None` for all that is not about memory. The two share no value: statuses
/// that are errors have their highest bits set.
pub(crate) fn named_by(code: u64) -> Option<Limit> {
    let table: [(&[u64], Limit); 5] = [
        (&COMMIT, Limit::Commit),
        (&QUOTA, Limit::Quota),
        (&RESOURCES, Limit::Resources),
        (&ADDRESS_TAKEN, Limit::AddressTaken),
        (&OPEN, Limit::Open),
    ];
    table.into_iter().find(|(codes, _)| codes.contains(&code)).map(|(_, limit)| limit)
}
