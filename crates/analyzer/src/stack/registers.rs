//! General registers, each with the knowledge whether its value is right.

/// The registers of a frame. They are numbered as the processor encodes them: x64 0 rax, 1 rcx, 2 rdx, 3 rbx, 4 rsp,
/// 5 rbp, 6 rsi, 7 rdi, 8 to 15 r8 to r15; x86 the same with 32 bits, up to 7; ARM64 x0 to x30, and 31 sp.
///
/// A register whose value is not known is not zero: it is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registers {
    values: [u64; 32],
    valid: u32,
}

/// rsp and esp.
pub const SP: u8 = 4;
/// rbp and ebp.
pub const FP: u8 = 5;
/// x29 of ARM64.
pub const ARM64_FP: u8 = 29;
/// x30 of ARM64, the link register.
pub(super) const ARM64_LR: u8 = 30;
/// sp of ARM64.
pub(super) const ARM64_SP: u8 = 31;

/// rbx, rsp, rbp, rsi, rdi, r12 to r15: what a function of the x64 convention gives back as it found it.
const X64_NON_VOLATILE: u32 = 0b1111_0000_1111_1000;

/// x19 to x29 and sp: the same of ARM64.
const ARM64_NON_VOLATILE: u32 = 0b1011_1111_1111_1000_0000_0000_0000_0000;

impl Default for Registers {
    /// None is known.
    fn default() -> Registers {
        Registers { values: [0; 32], valid: 0 }
    }
}

impl Registers {
    /// The value of a register, if it is known.
    pub fn get(&self, number: u8) -> Option<u64> {
        let value = self.values.get(usize::from(number))?;
        (self.valid >> number & 1 == 1).then_some(*value)
    }

    /// Makes a value known. A number that no register has is ignored.
    pub fn set(&mut self, number: u8, value: u64) {
        if let Some(place) = self.values.get_mut(usize::from(number)) {
            *place = value;
            self.valid |= 1 << number;
        }
    }

    /// As [`Registers::set`] and [`Registers::forget`], for what may not be known.
    pub fn put(&mut self, number: u8, value: Option<u64>) {
        match value {
            Some(value) => self.set(number, value),
            None => self.forget(number),
        }
    }

    /// Makes a value unknown.
    pub fn forget(&mut self, number: u8) {
        if number < 32 {
            self.valid &= !(1 << number);
        }
    }

    /// Keeps only what an ARM64 function leaves as it was.
    pub(super) fn keep_arm64_non_volatile(&mut self) {
        self.valid &= ARM64_NON_VOLATILE;
    }

    /// Keeps only what an x64 function leaves as it was.
    pub(super) fn keep_x64_non_volatile(&mut self) {
        self.valid &= X64_NON_VOLATILE;
    }
}
