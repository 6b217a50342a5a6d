//! The C++ evaluator: literals as in C, registers, casts, `sizeof`, and reading through pointers.

use super::casts::{is_type_word, named};
use super::value::{INT, INT64, Type, UNSIGNED, UNSIGNED64, Value};
use super::{DEEPEST, masm, operators, token};
use crate::error::Result;
use crate::line::Line;
use crate::session::Session;

struct Cpp<'e, 'p, 'd> {
    session: &'e mut Session<'p, 'd>,
    line: &'e mut Line,
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
    fn level(&mut self, level: usize) -> Result<Value> {
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

    fn bad<T>(&self) -> Result<T> {
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
    fn bracket(&mut self) -> Result<Value> {
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
    fn kind(&mut self) -> Option<Type> {
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

    fn primary(&mut self) -> Result<Value> {
        match self.line.peek() {
            b'\'' => {
                self.line.pos += 1;
                let c = self.line.next();
                if !self.line.take(b'\'') {
                    return self.bad();
                }
                Ok(Value::new(Type::Integer(1, true), u64::from(c)))
            }
            b'@' => self.register(),
            c if c.is_ascii_digit() || c == b'.' => self.literal(),
            c if c.is_ascii_alphabetic() || matches!(c, b'_' | b'$') => self.name(),
            _ => self.bad(),
        }
    }

    fn literal(&mut self) -> Result<Value> {
        let begin = self.line.pos;
        while matches!(self.line.peek(), c if c.is_ascii_alphanumeric() || c == b'.' || c == b'`') {
            self.line.pos += 1;
        }
        let text = self.line.from(begin).to_ascii_lowercase();
        if text.contains('.') && !text.starts_with("0x") {
            return match text.trim_end_matches('f').parse() {
                Ok(value) => Ok(Value::real(Type::Double, value)),
                Err(_) => token(self.line, masm::BAD_SYNTAX, begin),
            };
        }
        let digits: String = text.chars().filter(|c| *c != '`').collect();
        let digits = digits.trim_end_matches(['u', 'l']);
        let (digits, radix) = match digits {
            hex if hex.starts_with("0x") => (&hex[2..], 16),
            decimal if decimal.starts_with("0n") => (&decimal[2..], 10),
            octal if octal.starts_with('0') && octal.len() > 1 => (&octal[1..], 8),
            decimal => (decimal, 10),
        };
        let Ok(value) = u64::from_str_radix(digits, radix) else {
            return token(self.line, masm::BAD_SYNTAX, begin);
        };
        let kind = match value {
            0..=0x7fff_ffff => INT,
            0x8000_0000..=0xffff_ffff if radix != 10 => UNSIGNED,
            0x8000_0000..=0x7fff_ffff_ffff_ffff => INT64,
            _ => UNSIGNED64,
        };
        Ok(Value::new(kind, value))
    }

    fn register(&mut self) -> Result<Value> {
        let at = self.line.pos;
        self.line.pos += 1;
        if self.line.peek() == b'@' {
            self.line.pos = at;
            let value =
                masm::Masm { session: self.session, line: self.line, missing: masm::NUMERIC, depth: 0 };
            return value.unary_value().map(|v| Value::new(UNSIGNED64, v));
        }
        let pseudo = self.line.take(b'$');
        let begin = self.line.pos;
        while self.line.peek().is_ascii_alphanumeric() || self.line.peek() == b'_' {
            self.line.pos += 1;
        }
        let name = self.line.from(begin).to_ascii_lowercase();
        let value = if pseudo { self.session.pseudo(&name) } else { self.session.register(&name) };
        let Some(value) = value else { return token(self.line, "Bad register error at", at) };
        let byte = Type::Pointer(Box::new(Type::Integer(1, false)));
        let kind = match name.as_str() {
            "ip" | "csp" | "ra" | "teb" | "peb" | "exentry" if pseudo => byte,
            "tid" | "tpid" | "ptrsize" | "pagesize" | "frame" if pseudo => UNSIGNED,
            _ if self.session.x86 => UNSIGNED,
            _ => UNSIGNED64,
        };
        Ok(Value::new(kind, value))
    }

    /// `sizeof(…)`, `true`, a symbol.
    fn name(&mut self) -> Result<Value> {
        let begin = self.line.pos;
        while matches!(self.line.peek(), c if c.is_ascii_alphanumeric() || matches!(c, b'_' | b'$' | b'!' | b':'))
        {
            self.line.pos += 1;
        }
        let name = self.line.from(begin);
        match name.as_str() {
            "true" | "false" => return Ok(Value::new(Type::Bool, u64::from(name == "true"))),
            "sizeof" => {
                self.line.blanks();
                let open = self.line.take(b'(');
                let Some(kind) = self.kind().filter(|_| open) else { return self.bad() };
                self.line.blanks();
                if !self.line.take(b')') {
                    return self.bad();
                }
                let size = if self.session.x86 { UNSIGNED } else { UNSIGNED64 };
                let bytes = kind.bytes(self.session.x86);
                return Ok(Value::new(size, bytes).into_size());
            }
            _ => {}
        }
        if let Some(value) = self.session.symbol(&name) {
            Ok(Value::new(UNSIGNED64, value))
        } else {
            self.session.missing_type = Some(name);
            token(self.line, masm::RESOLVE, begin)
        }
    }
}
