//! What C++ expressions are made of: literals, registers, names, and calls of the evaluator's functions.

use super::cplus::Cpp;
use super::value::{INT, INT64, Type, UNSIGNED, UNSIGNED64, Value};
use super::{masm, token};
use crate::error::Result;

impl Cpp<'_, '_, '_> {
    pub(super) fn primary(&mut self) -> Result<Value> {
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
