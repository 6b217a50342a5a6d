//! Processes that ended in a known way, with what is true of each: for tests of the verdict.
//!
//! The code in their images is real, and it was run: stacks, registers and numbers are those that it left behind (see
//! `machine`). What is true of a case comes from what was put in, never from what a reader says.

mod absurd;
pub mod commit;
mod containers;
mod crt64;
mod dispatch;
mod ends32;
mod growth32;
mod growth64;
pub mod handled;
mod new64;
mod others64;
mod program32;
mod program64;
mod runtime32;
mod runtime64;
mod runtimes;
pub mod space32;
pub mod story;
mod truth;
mod unchecked;
mod violations;
mod world;

pub use truth::{Level, Sure, Truth, Wanted};

use crate::process::Process;

/// A process and what is true of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Unique, for messages and folders of fixtures.
    pub name: &'static str,
    /// The process.
    pub process: Process,
    /// What a verdict should say.
    pub truth: Truth,
}

/// Makes a case.
pub type Maker = fn() -> Case;

/// Every case.
pub fn all() -> Vec<Maker> {
    [
        story::CASES,
        containers::CASES,
        others64::CASES,
        commit::CASES,
        absurd::CASES,
        space32::CASES,
        ends32::CASES,
        handled::CASES,
        runtimes::CASES,
        violations::CASES,
        unchecked::CASES,
    ]
    .concat()
}
