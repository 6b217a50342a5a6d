//! The C++ evaluator: literals as in C, registers, casts, `sizeof`, and reading through pointers.

use super::casts::{is_type_word, named};
use super::value::{Type, Value};
use super::{DEEPEST, masm, operators, token};
use crate::error::Result;
use crate::line::Line;
use crate::session::Session;

/// What evaluates one expression.
pub(super) struct Cpp<'e, 'p, 'd> {
    pub(super) session: &'e mut Session<'p, 'd>,
    pub(super) line: &'e mut Line,
    depth: usize,
}

const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

/// An expression with its type.
pub(crate) fn typed(session: &mut Session<'_, '_>, line: &mut Line) -> Result<Value> {
    Cpp { session, line, depth: 0 }.level(0)
}

impl Cpp<'_, '_, '_> {
    pub(super) fn level(&mut self, level: usize) -> Result<Value> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            let right = self.level(level + 1)?;
            match operators::apply(operator, &left, &right, self.session.x86) {
                Some(value) => left = value,
                None => return token(self.line, masm::OPERAND, self.line.pos),
            }
        }
        Ok(left)
    }

    fn operator(&mut self, operators: &[&'static str]) -> Option<&'static str> {
        self.line.blanks();
        let stands = |o: &&&str| o.bytes().enumerate().all(|(n, c)| self.line.at(n) == c);
        let operator = *operators.iter().find(stands)?;
        let next = self.line.at(operator.len());
        let longer = match operator {
            "|" | "&" | "<" | ">" => next == operator.as_bytes()[0],
            "-" => next == b'>',
            _ => false,
        };
        if longer {
            return None;
        }
        self.line.pos += operator.len();
        Some(operator)
    }

    fn unary(&mut self) -> Result<Value> {
        self.line.blanks();
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.bad();
        }
        let value = match self.line.peek() {
            b'-' => {
                let value = self.after()?;
                if value.kind.is_float() {
                    Value::real(value.kind.clone(), -value.as_real())
                } else {
                    Value::new(value.kind.clone(), value.bits().wrapping_neg())
                        .cast(value.kind, self.session.x86)
                }
            }
            b'+' => self.after()?,
            b'!' => Value::new(Type::Bool, u64::from(self.after()?.bits() == 0)),
            b'~' => {
                let value = self.after()?;
                Value::new(value.kind.clone(), !value.bits()).cast(value.kind, self.session.x86)
            }
            b'*' => self.through()?,
            b'(' => self.bracket()?,
            _ => self.primary()?,
        };
        self.depth -= 1;
        Ok(value)
    }

    fn after(&mut self) -> Result<Value> {
        self.line.pos += 1;
        self.unary()
    }

    pub(super) fn bad<T>(&self) -> Result<T> {
        token(self.line, masm::BAD_SYNTAX, self.line.pos)
    }

    /// What a pointer leads to.
    fn through(&mut self) -> Result<Value> {
        let pointer = self.after()?;
        self.line.blanks();
        let Type::Pointer(to) = pointer.kind.clone() else { return self.bad() };
        let address = self.session.normal(pointer.bits());
        let Ok(bytes) = self.session.memory.bytes(address, to.bytes(self.session.x86)) else {
            return token(self.line, masm::UNREADABLE, self.line.pos);
        };
        let bits = bytes.iter().rev().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        Ok(match *to {
            Type::Float => Value::real(Type::Float, f64::from(f32::from_bits(bits as u32))),
            Type::Double => Value::real(Type::Double, f64::from_bits(bits)),
            kind => Value::new(kind, bits),
        })
    }

    /// A cast or a bracket.
    pub(super) fn bracket(&mut self) -> Result<Value> {
        let at = self.line.pos;
        self.line.pos += 1;
        if let Some(kind) = self.kind() {
            self.line.blanks();
            if self.line.take(b')') {
                let value = self.unary()?;
                return Ok(value.cast(kind, self.session.x86));
            }
            self.line.pos = at + 1;
        }
        let value = self.level(0)?;
        self.line.blanks();
        if self.line.take(b')') { Ok(value) } else { self.bad() }
    }

    /// A type, if one stands here.
    pub(super) fn kind(&mut self) -> Option<Type> {
        let begin = self.line.pos;
        let mut words = Vec::new();
        loop {
            self.line.blanks();
            let at = self.line.pos;
            while self.line.peek().is_ascii_alphanumeric() || self.line.peek() == b'_' {
                self.line.pos += 1;
            }
            let word = self.line.from(at);
            if word.is_empty() || !is_type_word(&word) {
                self.line.pos = at;
                break;
            }
            words.push(word);
        }
        let Some(mut kind) = named(&words, self.session.x86) else {
            self.line.pos = begin;
            return None;
        };
        loop {
            self.line.blanks();
            if !self.line.take(b'*') {
                return Some(kind);
            }
            kind = Type::Pointer(Box::new(kind));
        }
    }
}
