//! Why a walk ended.

use std::fmt;

use dumplens_core::Unreadable;
use dumplens_core::pe::ImageError;

/// Why a step of a walk found nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The stack cannot be read.
    Unreadable(Unreadable),
    /// The unwind data cannot be read, or is damaged.
    Image(ImageError),
    /// The address lies in no image.
    NoImage,
    /// A register that the function's unwind data refers to is not known; numbered as in [`super::Registers`].
    Register(u8),
    /// The unwind data sets a frame register, and names none.
    NoFrameRegister,
}

/// Why a walk ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stopped {
    /// The return address is 0: the thread's first function.
    End,
    /// The dump has no registers of the thread.
    NoContext,
    /// The dump has no 32-bit registers of a WOW64 thread.
    NoContext32,
    /// The dump does not say what processor it is, or one whose stacks are not walked.
    Processor,
    /// More frames than a walk follows.
    Frames(usize),
    /// More frames in all threads together than a walk follows.
    FramesInAll(usize),
    /// A possible return address leads to code that the dump does not contain, so that it cannot be checked.
    CodeNotKept {
        /// The address.
        ip: u64,
    },
    /// The search for return addresses took more work than it may.
    Work,
    /// A return address in memory that holds no code.
    NoCode {
        /// The address.
        ip: u64,
    },
    /// The stack pointer left the thread's stack.
    StackLeft {
        /// Where it led.
        sp: u64,
        /// The stack: first address, and the first behind it.
        stack: (u64, u64),
    },
    /// The caller's stack pointer is not above its callee's.
    NotGrowing {
        /// Where it led.
        sp: u64,
    },
    /// Code that belongs to no image: its unwind data, if it has any, was registered when the process ran.
    NoModule {
        /// The address.
        ip: u64,
    },
    /// 32-bit code of a WOW64 process, which a 64-bit walk does not follow.
    Code32 {
        /// The address.
        ip: u64,
    },
    /// A function that made a call, and has no unwind data.
    NoUnwindData {
        /// The address.
        ip: u64,
    },
    /// The headers of the image, or its unwind data, cannot be used.
    Image {
        /// The address in the image.
        ip: u64,
        /// Why.
        why: ImageError,
    },
    /// The stack cannot be read.
    Unreadable(Unreadable),
    /// The unwind data needs a register that is not known.
    Register(u8),
    /// No frame pointer leads on, and no return address was found on the stack.
    NothingFound,
}

impl Stopped {
    /// Whether the walk came to the end of the stack, or gave up before.
    pub fn is_end(&self) -> bool {
        *self == Stopped::End
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stopped::End => f.write_str("end of the stack"),
            Stopped::NoContext => f.write_str("the dump has no registers of the thread"),
            Stopped::NoContext32 => f.write_str("the dump has no 32-bit registers of the thread"),
            Stopped::Processor => f.write_str("stacks of this processor are not walked"),
            Stopped::Frames(most) => write!(f, "more than {most} frames"),
            Stopped::FramesInAll(most) => write!(f, "more than {most} frames in all threads"),
            Stopped::CodeNotKept { ip } => write!(
                f,
                "no frame pointer leads further, and the dump does not contain the code at {ip:#x}, which may be the caller"
            ),
            Stopped::Work => f.write_str("the search for return addresses in all threads took too long"),
            Stopped::NoCode { ip } => write!(f, "{ip:#x} is not in executable memory"),
            Stopped::StackLeft { sp, stack: (from, to) } => {
                write!(f, "the stack pointer, {sp:#x}, is outside the thread's stack ({from:#x} to {to:#x})")
            }
            Stopped::NotGrowing { sp } => {
                write!(f, "the caller's stack pointer, {sp:#x}, is not above its callee's")
            }
            Stopped::NoModule { ip } => {
                write!(f, "{ip:#x} is in no module, so there is no unwind data for it")
            }
            Stopped::Code32 { ip } => {
                write!(f, "{ip:#x} is 32-bit code of a WOW64 process, which a 64-bit walk does not follow")
            }
            Stopped::NoUnwindData { ip } => {
                write!(f, "the function at {ip:#x} made a call, but its image has no unwind data for it")
            }
            Stopped::Image { ip, why } => write!(f, "unwind data for {ip:#x}: {why}"),
            Stopped::Unreadable(why) => write!(f, "the stack at {why}"),
            Stopped::Register(number) => {
                write!(f, "the function's frame register (number {number}) is not known")
            }
            Stopped::NothingFound => {
                f.write_str("no frame pointer leads further, and no return address was found on the stack")
            }
        }
    }
}
