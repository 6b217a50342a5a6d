//! Functions of the MASM evaluator.

use super::masm::{BAD_SYNTAX, Masm, UNREADABLE};
use super::token;
use crate::error::{Result, caret};
use crate::pattern;

impl Masm<'_, '_, '_> {
    /// The value of a function of this name; `None` if there is none.
    pub(super) fn call(&mut self, name: &str, at: usize) -> Option<Result<u64>> {
        let pointer = if self.session.x86 { 4 } else { 8 };
        let size = match name.to_ascii_lowercase().as_str() {
            "poi" => pointer,
            "qwo" => 8,
            "dwo" => 4,
            "wo" => 2,
            "by" => 1,
            "low" => return Some(self.argument().map(|v| v & 0xffff)),
            "hi" => return Some(self.argument().map(|v| v >> 16 & 0xffff)),
            "$iment" => return Some(self.entry(at)),
            "$vvalid" => return Some(self.valid()),
            "$scmp" => return Some(self.strings(order)),
            "$sicmp" => {
                return Some(self.strings(|a, b| order(&a.to_ascii_lowercase(), &b.to_ascii_lowercase())));
            }
            "$spat" => return Some(self.strings(|a, b| u64::from(pattern::matches(b, a)))),
            "$fnsucc" => return Some(caret("Unknown or unsupported return type in", at)),
            _ => return None,
        };
        let value = self.read(size);
        // A pointer of 32 bits has its sign extended.
        let pointer = name.eq_ignore_ascii_case("poi") && size == 4;
        Some(value.map(|v| if pointer { i64::from((v as u32).cast_signed()).cast_unsigned() } else { v }))
    }

    /// What is read has its error before the bracket's end.
    fn read(&mut self, size: u64) -> Result<u64> {
        self.line.blanks();
        let bracket = self.line.take(b'(');
        let address = if bracket { self.expression()? } else { self.argument()? };
        self.line.blanks();
        let address = self.session.normal(address);
        let read = self.session.memory.bytes(address, size);
        let Ok(bytes) = read else { return token(self.line, UNREADABLE, self.line.pos) };
        if bracket && !self.line.take(b')') {
            return token(self.line, BAD_SYNTAX, self.line.pos);
        }
        Ok(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn argument(&mut self) -> Result<u64> {
        self.line.blanks();
        self.unary()
    }

    fn entry(&mut self, at: usize) -> Result<u64> {
        let base = self.argument()?;
        let module = self.session.process.modules.iter().find(|m| m.base == base);
        let image =
            module.and_then(|m| dumplens_core::pe::Image::read(self.session.memory, m.base, m.size).ok());
        match image {
            Some(image) => Ok(base.wrapping_add(u64::from(image.entry_point()))),
            None => caret(crate::error::MEMORY, at),
        }
    }

    fn valid(&mut self) -> Result<u64> {
        let (address, length) = self.two()?;
        let address = self.session.normal(address);
        Ok(u64::from(self.session.memory.available(address, length) >= length))
    }

    fn two(&mut self) -> Result<(u64, u64)> {
        self.open()?;
        let first = self.expression()?;
        self.comma()?;
        let second = self.expression()?;
        self.close()?;
        Ok((first, second))
    }

    fn strings(&mut self, compare: impl Fn(&str, &str) -> u64) -> Result<u64> {
        self.open()?;
        let first = self.text()?;
        self.comma()?;
        let second = self.text()?;
        self.close()?;
        Ok(compare(&first, &second))
    }

    fn text(&mut self) -> Result<String> {
        self.line.blanks();
        let at = self.line.pos;
        match self.line.string() {
            Some(text) => Ok(text),
            None => token(self.line, BAD_SYNTAX, at),
        }
    }

    fn open(&mut self) -> Result<()> {
        self.sign(b'(')
    }

    fn comma(&mut self) -> Result<()> {
        self.sign(b',')
    }

    fn close(&mut self) -> Result<()> {
        self.sign(b')')
    }

    fn sign(&mut self, c: u8) -> Result<()> {
        self.line.blanks();
        if self.line.take(c) { Ok(()) } else { token(self.line, BAD_SYNTAX, self.line.pos) }
    }
}

fn order(a: &str, b: &str) -> u64 {
    (a.cmp(b) as i64).cast_unsigned()
}
