//! Values of the C++ evaluator, with their types.

use crate::numbers;
use crate::session::ticked;

/// A type, as far as casts name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Void,
    Bool,
    /// Bytes and whether it has a sign: char to int64.
    Integer(u8, bool),
    Float,
    Double,
    Pointer(Box<Type>),
}

/// A value: the bits of an integer or a pointer, those of an f64 for a number with a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) kind: Type,
    bits: u64,
    /// The result of `sizeof`, which is printed without a base.
    size: bool,
}

pub(crate) const INT: Type = Type::Integer(4, true);
pub(crate) const UNSIGNED: Type = Type::Integer(4, false);
pub(crate) const INT64: Type = Type::Integer(8, true);
pub(crate) const UNSIGNED64: Type = Type::Integer(8, false);

impl Type {
    pub(crate) fn bytes(&self, x86: bool) -> u64 {
        match self {
            Type::Void => 0,
            Type::Bool => 1,
            Type::Integer(bytes, _) => u64::from(*bytes),
            Type::Float => 4,
            Type::Double => 8,
            Type::Pointer(_) => {
                if x86 {
                    4
                } else {
                    8
                }
            }
        }
    }

    fn name(&self) -> String {
        match self {
            Type::Void => "void".into(),
            Type::Bool => "bool".into(),
            Type::Integer(bytes, signed) => {
                let name = match bytes {
                    1 => "char",
                    2 => "short",
                    4 => "int",
                    _ => "int64",
                };
                if *signed { name.into() } else { format!("unsigned {name}") }
            }
            Type::Float => "float".into(),
            Type::Double => "double".into(),
            Type::Pointer(to) => format!("{} *", to.name()),
        }
    }

    pub(crate) fn is_float(&self) -> bool {
        matches!(self, Type::Float | Type::Double)
    }
}

impl Value {
    pub(crate) fn new(kind: Type, bits: u64) -> Value {
        Value { kind, bits, size: false }
    }

    /// The same, as the result of `sizeof`.
    pub(crate) fn into_size(self) -> Value {
        Value { size: true, ..self }
    }

    pub(crate) fn real(kind: Type, value: f64) -> Value {
        Value { kind, bits: value.to_bits(), size: false }
    }

    /// The value as a number with a point.
    pub(crate) fn as_real(&self) -> f64 {
        match &self.kind {
            kind if kind.is_float() => f64::from_bits(self.bits),
            Type::Integer(_, true) => self.extended() as f64,
            _ => self.bits as f64,
        }
    }

    /// 64 bits, with the sign of a smaller integer extended.
    pub(crate) fn bits(&self) -> u64 {
        match &self.kind {
            Type::Integer(_, true) => self.extended().cast_unsigned(),
            kind if kind.is_float() => (f64::from_bits(self.bits) as i64).cast_unsigned(),
            _ => self.bits,
        }
    }

    /// The address, of a pointer to bytes.
    pub(crate) fn to_bytes(&self) -> Option<u64> {
        let Type::Pointer(to) = &self.kind else { return None };
        matches!(**to, Type::Integer(1, _)).then_some(self.bits)
    }

    fn extended(&self) -> i64 {
        let Type::Integer(bytes, _) = self.kind else { return self.bits.cast_signed() };
        let unused = 64 - 8 * u32::from(bytes.clamp(1, 8));
        (self.bits << unused).cast_signed() >> unused
    }

    /// The same value as another type.
    pub(crate) fn cast(&self, kind: Type, x86: bool) -> Value {
        if kind.is_float() {
            let value = self.as_real();
            let value = if kind == Type::Float { f64::from(value as f32) } else { value };
            return Value::real(kind, value);
        }
        let bits = self.bits();
        let bits = match &kind {
            Type::Bool => u64::from(bits != 0),
            kind => match kind.bytes(x86) {
                0 | 8.. => bits,
                bytes => bits & ((1 << (8 * bytes)) - 1),
            },
        };
        Value::new(kind, bits)
    }

    /// The value alone, as `dx` prints it.
    pub(crate) fn bare(&self, x86: bool) -> String {
        match &self.kind {
            Type::Integer(_, true) => self.extended().to_string(),
            kind => {
                let shown = self.shown(x86);
                let name = kind.name();
                shown.strip_prefix(name.as_str()).unwrap_or(&shown).trim_start().to_owned()
            }
        }
    }

    /// Type and value, as `??` prints them.
    pub(crate) fn shown(&self, x86: bool) -> String {
        let name = self.kind.name();
        if self.size {
            return format!("{name} {}", self.bits);
        }
        let character = || match u8::try_from(self.bits & 0xff).unwrap_or(0) {
            c @ 0x20..=0x7e => format!(" '{}'", char::from(c)),
            _ => " ''".to_owned(),
        };
        match &self.kind {
            Type::Void => name,
            Type::Bool => format!("{name} {}", self.bits != 0),
            Type::Integer(1, true) => format!("{name} 0n{}{}", self.extended(), character()),
            Type::Integer(1, false) => format!("{name} 0x{:02x}{}", self.bits, character()),
            Type::Integer(_, true) => format!("{name} 0n{}", self.extended()),
            Type::Integer(8, false) if self.bits >> 32 != 0 => format!("{name} 0x{}", ticked(self.bits)),
            Type::Integer(_, false) => format!("{name} {:#x}", self.bits),
            Type::Float | Type::Double => format!("{name} {}", numbers::general(self.as_real(), 0, 6)),
            Type::Pointer(_) if x86 => format!("{name} 0x{:08x}", self.bits & 0xffff_ffff),
            Type::Pointer(_) => format!("{name} 0x{}", ticked(self.bits)),
        }
    }
}
