//! Variables of a frame: where they are, and their values as `kp`, `dv`, `dt` and `x` show them.

use dumplens_analyzer::stack::{FP, Frame, Stack};
use dumplens_analyzer::symbols::{Place, Shape, TypeOf, Variable};
use dumplens_core::CpuState;

use crate::numbers::general;
use crate::registers;
use crate::session::{Session, ticked};

/// Digits with which a number with a point is read back as the same number.
const DOUBLE: usize = 17;
const FLOAT: usize = 9;

/// What is known of the registers in a frame.
#[derive(Debug)]
pub(crate) struct InFrame {
    frame: Frame,
    /// ChildEBP: of a function with a frame its EBP.
    child: Option<u64>,
    /// Of the youngest frame all of them.
    all: Option<CpuState>,
}

impl InFrame {
    /// Where in the function the frame is.
    pub(crate) fn lookup(&self) -> u64 {
        self.frame.lookup()
    }

    fn register(&self, number: u8) -> Option<u64> {
        let all = self.all.as_ref().and_then(|state| state.general.get(usize::from(number)).copied());
        let known = all.or_else(|| self.frame.registers.get(number));
        known.or_else(|| self.child.filter(|_| number == FP))
    }

    /// A register by CodeView's number, cut to its size.
    fn value(&self, register: u16) -> Option<u64> {
        if let Some(number) = sse(register) {
            let all = self.all.as_ref()?;
            return all.xmm.get(number).map(|value| *value as u64);
        }
        let (number, bytes) = of_codeview(register)?;
        let value = self.register(number)?;
        Some(if bytes < 8 { value & ((1 << (8 * bytes)) - 1) } else { value })
    }
}

/// A general register's number and bytes by that of CodeView (`CV_HREG_e`): RAX is 328, EAX 17.
fn of_codeview(register: u16) -> Option<(u8, u32)> {
    const QUADS: [u8; 8] = [0, 3, 1, 2, 6, 7, 5, 4];
    let within = |first: u16, count: u16| register.checked_sub(first).filter(|n| *n < count).map(|n| n as u8);
    let low = within(328, 8).and_then(|n| QUADS.get(usize::from(n)).map(|number| (*number, 8)));
    low.or_else(|| within(336, 8).map(|n| (8 + n, 8)))
        .or_else(|| within(17, 8).map(|n| (n, 4)))
        .or_else(|| within(9, 8).map(|n| (n, 2)))
        .or_else(|| within(1, 4).map(|n| (n, 1)))
        .or_else(|| within(360, 8).map(|n| (8 + n, 4)))
        .or_else(|| within(352, 8).map(|n| (8 + n, 2)))
        .or_else(|| within(344, 8).map(|n| (8 + n, 1)))
}

/// XMM0 to XMM7 are 154, XMM8 to XMM15 252.
fn sse(register: u16) -> Option<usize> {
    let within = |first: u16| register.checked_sub(first).filter(|n| *n < 8).map(usize::from);
    within(154).or_else(|| within(252).map(|n| n + 8))
}

impl Session<'_, '_> {
    /// The registers of a physical frame.
    pub(crate) fn in_frame(&mut self, stack: &Stack, physical: usize) -> Option<InFrame> {
        let frame = *stack.frames.get(physical)?;
        let all = if frame.exact { self.state() } else { None };
        let child = self.x86.then(|| self.child(&frame, stack.frames.get(physical + 1)));
        Some(InFrame { frame, child, all })
    }

    /// The value of a variable; `None` where it is not known.
    pub(crate) fn variable(&self, at: &InFrame, variable: &Variable) -> Option<String> {
        let bits = match variable.place? {
            Place::Register(register) => at.value(register)?,
            Place::Memory(..) | Place::Static(_) => {
                let address = self.variable_address(at, variable)?;
                return self.value_at(address, &variable.of);
            }
        };
        Some(value(&variable.of, bits))
    }

    /// Where a variable lies in memory.
    pub(crate) fn variable_address(&self, at: &InFrame, variable: &Variable) -> Option<u64> {
        match variable.place? {
            Place::Register(_) => None,
            Place::Memory(base, offset) => {
                Some(self.normal(at.value(base)?.wrapping_add_signed(offset.into())))
            }
            Place::Static(rva) => {
                let module = self.module_at(at.lookup())?;
                Some(self.process.modules[module].base.wrapping_add(rva.into()))
            }
        }
    }

    /// A value of a type in memory, or what the type is where it is more than a number.
    pub(crate) fn value_at(&self, address: u64, of: &TypeOf) -> Option<String> {
        if of.shape == Shape::Other {
            return Some(of.text.clone());
        }
        let bits = if self.options.no_memory { None } else { self.unit(address, of.size.clamp(1, 8)) };
        bits.map(|bits| value(of, bits))
    }

    /// `@rsi`, or `@rsp+0x0038`.
    pub(crate) fn place_text(&self, place: Place) -> Option<String> {
        let name = |register| {
            let (number, _) = of_codeview(register)?;
            registers::general_name(number, self.x86)
        };
        Some(match place {
            Place::Register(register) => match sse(register) {
                Some(number) => format!("@xmm{number}"),
                None => format!("@{}", name(register)?),
            },
            Place::Memory(base, offset) => {
                let sign = if offset < 0 { '-' } else { '+' };
                format!("@{}{sign}0x{:04x}", name(base)?, offset.unsigned_abs())
            }
            Place::Static(_) => return None,
        })
    }
}

/// A value by its bits.
pub(crate) fn value(of: &TypeOf, bits: u64) -> String {
    let signed = |bytes: u8| {
        let unused = 64 - 8 * u32::from(bytes.clamp(1, 8));
        (bits << unused).cast_signed() >> unused
    };
    match of.shape {
        Shape::Integer(bytes, true) => format!("0n{}", signed(bytes)),
        Shape::Integer(8, false) if bits >> 32 != 0 => format!("0x{}", ticked(bits)),
        Shape::Integer(..) => format!("{bits:#x}"),
        Shape::Character(1, true) => format!("0n{}{}", signed(1), character(bits)),
        Shape::Character(1, false) => format!("0x{:02x}{}", bits & 0xff, character(bits)),
        Shape::Character(..) => format!("{:#x}{}", bits & 0xffff, character(bits)),
        Shape::Bool => (bits & 0xff != 0).to_string(),
        Shape::Float(4) => general(f64::from(f32::from_bits(bits as u32)), 0, FLOAT),
        Shape::Float(_) => general(f64::from_bits(bits), 0, DOUBLE),
        Shape::Pointer(4) => format!("0x{:08x}", bits & 0xffff_ffff),
        Shape::Pointer(_) => format!("0x{}", ticked(bits)),
        Shape::Other => of.text.clone(),
    }
}

fn character(bits: u64) -> String {
    match u8::try_from(bits & 0xffff) {
        Ok(c @ 0x20..=0x7e) => format!(" '{}'", char::from(c)),
        _ => " ''".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_the_engine_shows_them() {
        let of = |shape| TypeOf { text: "struct X".to_owned(), shape, size: 8 };
        for (shape, bits, text) in [
            (Shape::Integer(8, false), 0x0240_b5e7, "0x240b5e7"),
            (Shape::Integer(8, false), 0x9000_0000_0027, "0x00009000`00000027"),
            (Shape::Integer(4, true), 0xffff_ffff, "0n-1"),
            (Shape::Float(8), 262_467.25_f64.to_bits(), "262467.25"),
            (Shape::Pointer(8), 0x7fff_fe22_5860, "0x00007fff`fe225860"),
            (Shape::Pointer(4), 0x0050_ff1c, "0x0050ff1c"),
            (Shape::Character(1, true), 65, "0n65 'A'"),
            (Shape::Other, 0, "struct X"),
        ] {
            assert_eq!(value(&of(shape), bits), text);
        }
    }

    #[test]
    fn registers_by_their_numbers() {
        assert_eq!(of_codeview(332), Some((6, 8)), "RSI");
        assert_eq!(of_codeview(335), Some((4, 8)), "RSP");
        assert_eq!(of_codeview(22), Some((5, 4)), "EBP");
        assert_eq!(of_codeview(343), Some((15, 8)), "R15");
        assert_eq!(of_codeview(30_006), None, "a frame that is none");
        assert_eq!((sse(154), sse(253)), (Some(0), Some(9)));
    }
}
