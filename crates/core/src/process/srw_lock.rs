//! The word of an SRWLOCK, which is an EX_PUSH_LOCK of user mode: no owner is stored in it.
//!
//! Bits (ntdll's own names in public symbols of Windows 7): 0 Locked, 1 Waiting, 2 Waking, 3 MultipleShared. Without waiters
//! the rest, shifted by 4, is how many hold it shared; with waiters, the address of the last wait block, on the stack of
//! a thread that waits.

/// What the word of an SRWLOCK says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SrwLock {
    /// Whether a thread holds it, or several share it.
    pub owned: bool,
    /// How many share it; 0 if one holds it alone. `None` with waiters: the count is then in a wait block.
    pub shared: Option<u64>,
    /// The address of the last wait block; `None` if no thread waits.
    pub wait_block: Option<u64>,
}

impl SrwLock {
    /// Reads the word.
    pub fn of(word: u64) -> SrwLock {
        let rest = word & !0xf;
        let waiting = word & 2 != 0;
        SrwLock {
            owned: word & 1 != 0,
            shared: (!waiting).then_some(rest >> 4),
            wait_block: Some(rest).filter(|_| waiting && rest != 0),
        }
    }
}
