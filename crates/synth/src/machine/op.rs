//! Instructions, as far as the images of this crate use them. Registers and addresses have the width of the program
//! unless an instruction says otherwise.

/// A general register by the number that the processor encodes: 0 ax, 1 cx, 2 dx, 3 bx, 4 sp, 5 bp, 6 si, 7 di, 8..15.
pub(crate) type Reg = u8;
pub(crate) const AX: Reg = 0;
pub(crate) const CX: Reg = 1;
pub(crate) const DX: Reg = 2;
pub(crate) const BX: Reg = 3;
pub(crate) const SP: Reg = 4;
pub(crate) const BP: Reg = 5;
pub(crate) const SI: Reg = 6;
pub(crate) const DI: Reg = 7;
pub(crate) const R8: Reg = 8;
pub(crate) const R9: Reg = 9;
pub(crate) const R10: Reg = 10;
pub(crate) const R12: Reg = 12;
pub(crate) const R13: Reg = 13;
pub(crate) const R14: Reg = 14;
pub(crate) const R15: Reg = 15;

/// `[base + index * scale + displacement]`, or a data item of the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mem {
    /// By registers.
    At {
        base: Option<Reg>,
        /// Register and scale (1, 2, 4, 8).
        index: Option<(Reg, u8)>,
        displacement: i32,
    },
    /// An item of the unit's `.rdata`.
    Item(&'static str),
}

/// `[base + displacement]`.
pub(crate) const fn at(base: Reg, displacement: i32) -> Mem {
    Mem::At { base: Some(base), index: None, displacement }
}

/// `[base + index * scale + displacement]`.
pub(crate) const fn indexed(base: Reg, index: Reg, scale: u8, displacement: i32) -> Mem {
    Mem::At { base: Some(base), index: Some((index, scale)), displacement }
}

/// An item of the unit's `.rdata`.
pub(crate) const fn data_item(name: &'static str) -> Mem {
    Mem::Item(name)
}

/// The eight operations of opcodes 00..3F, numbered as they are encoded; without those that need the carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alu {
    Add = 0,
    Or = 1,
    And = 4,
    Sub = 5,
    Xor = 6,
    Cmp = 7,
}

/// Shifts by a constant, numbered as they are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shift {
    Left = 4,
    Right = 5,
    Signed = 7,
}

/// Conditions of jumps and moves, numbered as they are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cond {
    Below = 2,
    NotBelow = 3,
    Equal = 4,
    NotEqual = 5,
    NotAbove = 6,
    Above = 7,
}

/// One instruction, or a mark between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// A place to jump to.
    Label(&'static str),
    /// What stands before belongs to the prologue, and is described by the unwind data.
    EndProlog,
    Push(Reg),
    PushImm(i32),
    PushMem(Mem),
    /// The address of an item, x86.
    PushOffset(&'static str),
    /// The address of an item, x86.
    MovOffset(Reg, &'static str),
    Pop(Reg),
    Mov(Reg, Reg),
    MovImm(Reg, u64),
    Load(Reg, Mem),
    Store(Mem, Reg),
    StoreImm(Mem, i32),
    /// 32 bits.
    Store32(Mem, Reg),
    Lea(Reg, Mem),
    Alu(Alu, Reg, Reg),
    AluImm(Alu, Reg, i32),
    AluMem(Alu, Reg, Mem),
    AluMemImm(Alu, Mem, i32),
    Test(Reg, Reg),
    Shift(Shift, Reg, u8),
    /// Destination, factor.
    Imul(Reg, Reg),
    /// Destination, source, factor.
    ImulImm(Reg, Reg, i32),
    Cmov(Cond, Reg, Reg),
    Jcc(Cond, &'static str),
    Jmp(&'static str),
    /// A function of the same unit.
    Call(&'static str),
    /// An imported function, through the import table.
    CallImport(&'static str),
    CallReg(Reg),
    /// On to a function of the same unit, in place of a call and a return.
    JmpTo(&'static str),
    /// An imported function, as the thunk of one.
    JmpImport(&'static str),
    Ret,
    /// `ret n`.
    RetN(u16),
    Nop,
    Int3,
    /// `int 29h`: a fast failure, whose code is in cx.
    Int29,
    /// A system call, whose number is in ax: `syscall`, or on x86 the call that leads out of 32-bit code.
    Syscall,
    /// A `nop` in the image: here Windows decides what becomes of an exception, whose record is in cx and whose CONTEXT
    /// goes to dx.
    Dispatch,
}
