//! The MASM evaluator: 64 bits that wrap, from left to right within a level.

use super::number::{self, Number};
use super::{DEEPEST, token};
use crate::error::Result;
use crate::line::Line;
use crate::registers::register;
use crate::session::Session;

pub(super) const NUMERIC: &str = "Numeric expression missing from";
pub(super) const ADDRESS: &str = "Address expression missing from";
pub(super) const RESOLVE: &str = "Couldn't resolve error at";
pub(super) const BAD_SYNTAX: &str = "Syntax error at";
pub(super) const UNREADABLE: &str = "Memory access error at";
pub(super) const OPERAND: &str = "Operand error at";

pub(super) struct Masm<'e, 'p, 'd> {
    pub(super) session: &'e mut Session<'p, 'd>,
    pub(super) line: &'e mut Line,
    /// What is said where the expression is missing.
    pub(super) missing: &'static str,
    pub(super) depth: usize,
}

/// Operators from the weakest level to the strongest.
const LEVELS: [&[&str]; 5] = [
    &["&", "|", "^", "and", "or", "xor"],
    &["==", "!=", "<=", ">=", "=", "<", ">"],
    &[">>>", "<<", ">>"],
    &["+", "-"],
    &["*", "/", "%", "mod"],
];

impl Masm<'_, '_, '_> {
    /// One operand.
    pub(super) fn unary_value(mut self) -> Result<u64> {
        self.unary()
    }

    pub(super) fn expression(&mut self) -> Result<u64> {
        self.level(0)
    }

    fn level(&mut self, level: usize) -> Result<u64> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            self.line.blanks();
            let at = self.line.pos;
            let right = self.level(level + 1)?;
            let Some(value) = apply(operator, left, right) else { return token(self.line, OPERAND, at) };
            left = value;
        }
        Ok(left)
    }

    /// Takes the next operator, if it is one of these.
    fn operator(&mut self, operators: &[&'static str]) -> Option<&'static str> {
        let behind = self.line.pos;
        self.line.blanks();
        let operator = operators.iter().find(|o| self.stands(o));
        // `<` is not the begin of `<<`, nor `>` that of `>>` and `>>>`.
        let single = |o: &&&str| !(matches!(**o, "<" | ">") && self.line.at(1) == o.as_bytes()[0]);
        let Some(operator) = operator.filter(single) else {
            // Blanks behind an expression are not part of it.
            self.line.pos = behind;
            return None;
        };
        self.line.pos += operator.len();
        Some(operator)
    }

    /// Whether a word or sign stands here.
    fn stands(&self, word: &str) -> bool {
        let same = word.bytes().enumerate().all(|(n, c)| self.line.at(n).to_ascii_lowercase() == c);
        let is_word = word.as_bytes()[0].is_ascii_alphabetic();
        same && !(is_word && is_name(self.line.at(word.len())))
    }

    pub(super) fn unary(&mut self) -> Result<u64> {
        self.line.blanks();
        self.depth += 1;
        if self.depth > DEEPEST {
            return token(self.line, BAD_SYNTAX, self.line.pos);
        }
        let value = match self.line.peek() {
            b'-' => self.after(1)?.wrapping_neg(),
            b'+' => self.after(1)?,
            b'~' => u64::from(self.after(1)? == 0),
            _ if self.stands("not") => u64::from(self.after(3)? == 0),
            _ => self.primary()?,
        };
        self.depth -= 1;
        Ok(value)
    }

    fn after(&mut self, characters: usize) -> Result<u64> {
        self.line.pos += characters;
        self.unary()
    }

    fn primary(&mut self) -> Result<u64> {
        match self.line.peek() {
            b'(' => self.bracket(b')'),
            b'[' => self.bracket(b']'),
            b'\'' => self.characters(),
            b'@' if self.line.at(1) == b'@' => self.other_evaluator(),
            b'@' => self.register(),
            b'.' if !is_name(self.line.at(1)) => {
                self.line.pos += 1;
                Ok(self.session.state().map_or(0, |state| state.ip))
            }
            b'"' => token(self.line, BAD_SYNTAX, self.line.pos),
            b'{' => token(self.line, BAD_SYNTAX, self.line.pos),
            c if is_name(c) || matches!(c, b'!' | b'.') => self.word(),
            _ => token(self.line, self.missing, self.line.pos),
        }
    }

    /// A bracket, with its end.
    pub(super) fn bracket(&mut self, close: u8) -> Result<u64> {
        self.line.pos += 1;
        let value = self.expression()?;
        self.line.blanks();
        if self.line.take(close) { Ok(value) } else { token(self.line, BAD_SYNTAX, self.line.pos) }
    }

    /// `'abcd'`: the first character is the highest.
    fn characters(&mut self) -> Result<u64> {
        let at = self.line.pos;
        self.line.pos += 1;
        let mut value = 0u64;
        while self.line.peek() != b'\'' {
            if self.line.pos >= self.line.end {
                return token(self.line, BAD_SYNTAX, at);
            }
            value = value << 8 | u64::from(self.line.next());
        }
        self.line.pos += 1;
        Ok(value)
    }

    /// `@@(…)`, `@@c++(…)`, `@@masm(…)`.
    fn other_evaluator(&mut self) -> Result<u64> {
        let at = self.line.pos;
        self.line.pos += 2;
        let masm = self.stands("masm");
        self.line.pos += if masm {
            4
        } else if self.line.peek() == b'(' {
            0
        } else {
            3
        };
        if self.line.peek() != b'(' {
            return token(self.line, BAD_SYNTAX, at);
        }
        if masm {
            return self.bracket(b')');
        }
        self.line.pos += 1;
        let value = super::cplus::typed(self.session, self.line)?;
        self.line.blanks();
        if self.line.take(b')') { Ok(value.bits()) } else { token(self.line, BAD_SYNTAX, self.line.pos) }
    }

    /// `@rax`, `@$ip`, `@!"name"`.
    fn register(&mut self) -> Result<u64> {
        let at = self.line.pos;
        self.line.pos += 1;
        if self.line.peek() == b'!' && self.line.at(1) == b'"' {
            self.line.pos += 1;
            let name = self.line.string().unwrap_or_default();
            return match self.session.symbol(&name) {
                Some(value) => Ok(value),
                None => token(self.line, RESOLVE, at),
            };
        }
        let pseudo = self.line.take(b'$');
        let begin = self.line.pos;
        while matches!(self.line.peek(), c if c.is_ascii_alphanumeric() || c == b'_' || c == b'.') {
            self.line.pos += 1;
        }
        let name = self.line.from(begin);
        let value = if pseudo { self.session.pseudo(&name) } else { self.session.register(&name) };
        match value {
            Some(value) => Ok(value),
            None => token(self.line, "Bad register error at", at),
        }
    }

    /// A number, a function, a register, a module or a symbol.
    fn word(&mut self) -> Result<u64> {
        let at = self.line.pos;
        let word = self.take_name();
        match number::parse(&word, self.session.radix) {
            Number::Is(value, length) => {
                self.line.pos = at + length;
                return Ok(value);
            }
            Number::Overflow => return token(self.line, "Overflow error at", at),
            Number::Bad => return token(self.line, BAD_SYNTAX, at),
            Number::No => {}
        }
        if let Some(value) = self.call(&word, at) {
            return value;
        }
        if let Some(value) = word.strip_prefix('$').and_then(|name| self.session.pseudo(name)) {
            return Ok(value);
        }
        match self.session.register(&word).or_else(|| self.session.symbol(&word)) {
            Some(value) => Ok(value),
            None => token(self.line, RESOLVE, at),
        }
    }

    /// Characters of a name; brackets of a template belong to it.
    fn take_name(&mut self) -> String {
        let begin = self.line.pos;
        self.line.pos += 1;
        while is_name(self.line.peek())
            || self.line.peek() == b'~'
            || self.line.peek() == b'!' && self.line.at(1) != b'='
        {
            self.line.pos += 1;
        }
        self.line.from(begin)
    }
}

/// A character of names and numbers.
pub(super) fn is_name(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'_' | b'$' | b'?' | b':' | b'`') || c >= 0x80
}

/// `None` where the right side cannot be: a division by zero.
fn apply(operator: &str, left: u64, right: u64) -> Option<u64> {
    let shift = |by: u64| u32::try_from(by).ok().filter(|by| *by < 64);
    let (signed_left, signed_right) = (left.cast_signed(), right.cast_signed());
    Some(match operator {
        "&" | "and" => left & right,
        "|" | "or" => left | right,
        "^" | "xor" => left ^ right,
        "==" | "=" => u64::from(left == right),
        "!=" => u64::from(left != right),
        "<" => u64::from(signed_left < signed_right),
        ">" => u64::from(signed_left > signed_right),
        "<=" => u64::from(signed_left <= signed_right),
        ">=" => u64::from(signed_left >= signed_right),
        "<<" => shift(right).map_or(0, |by| left << by),
        ">>" => shift(right).map_or(0, |by| left >> by),
        ">>>" => (signed_left >> shift(right).unwrap_or(63)).cast_unsigned(),
        "+" => left.wrapping_add(right),
        "-" => left.wrapping_sub(right),
        "*" => left.wrapping_mul(right),
        "/" => left.checked_div(right)?,
        _ => left.checked_rem(right)?,
    })
}

impl Session<'_, '_> {
    /// A register of the current context, by its name without `@`.
    pub(crate) fn register(&mut self, name: &str) -> Option<u64> {
        let known = register(name, self.x86)?;
        Some(self.state().map_or(0, |state| known.in_expression(&state)))
    }
}
