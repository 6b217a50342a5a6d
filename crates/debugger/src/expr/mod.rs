//! Expressions of the two evaluators: MASM, the default, and C++.

mod atoms;
mod calls;
mod casts;
mod cplus;
mod masm;
mod number;
mod operators;
mod range;
mod symbol;
mod value;

pub(crate) use self::cplus::typed;
pub(crate) use self::range::{Range, ranged};

use crate::error::{Error, Result, Stop};
use crate::line::Line;
use crate::session::{Evaluator, Session};

/// Nested brackets and functions that one expression may have.
const DEEPEST: usize = 64;

/// An error that quotes the list from `at` on.
pub(crate) fn token<T>(line: &Line, text: &'static str, at: usize) -> Result<T> {
    let until = (line.end < line.text.len()).then_some(line.end);
    Err(Stop::Error(Error::Token { text, at, until }))
}

/// A number, such as the argument of `?`.
pub(crate) fn number(session: &mut Session<'_, '_>, line: &mut Line) -> Result<u64> {
    evaluate(session, line, masm::NUMERIC)
}

/// An address: the same, with another text where it is missing.
pub(crate) fn address(session: &mut Session<'_, '_>, line: &mut Line) -> Result<u64> {
    evaluate(session, line, masm::ADDRESS).map(|value| session.normal(value))
}

fn evaluate(session: &mut Session<'_, '_>, line: &mut Line, missing: &'static str) -> Result<u64> {
    line.blanks();
    match session.evaluator {
        Evaluator::Masm => masm::Masm { session, line, missing, depth: 0 }.expression(),
        Evaluator::CPlusPlus => typed(session, line).map(|value| value.bits()),
    }
}
