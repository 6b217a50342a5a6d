//! Operators of the C++ evaluator, with the types of their results.

use super::value::{INT, INT64, Type, UNSIGNED, UNSIGNED64, Value};

/// The value of `left operator right`; `None` for a division by zero.
pub(super) fn apply(operator: &str, left: &Value, right: &Value, x86: bool) -> Option<Value> {
    let boolean = |is: bool| Some(Value::new(Type::Bool, u64::from(is)));
    let (a, b) = (left.bits().cast_signed(), right.bits().cast_signed());
    let real = left.kind.is_float() || right.kind.is_float();
    let (x, y) = (left.as_real(), right.as_real());
    match operator {
        "||" => return boolean(a != 0 || b != 0),
        "&&" => return boolean(a != 0 && b != 0),
        "==" => return boolean(if real { x.total_cmp(&y).is_eq() } else { a == b }),
        "!=" => return boolean(if real { x.total_cmp(&y).is_ne() } else { a != b }),
        "<" => return boolean(if real { x < y } else { a < b }),
        ">" => return boolean(if real { x > y } else { a > b }),
        "<=" => return boolean(if real { x <= y } else { a <= b }),
        ">=" => return boolean(if real { x >= y } else { a >= b }),
        _ => {}
    }
    if real && matches!(operator, "+" | "-" | "*" | "/") {
        let value = match operator {
            "+" => x + y,
            "-" => x - y,
            "*" => x * y,
            _ => x / y,
        };
        return Some(Value::real(Type::Double, value));
    }
    let kind = common(left, right, x86);
    let unit = match &left.kind {
        Type::Pointer(to) => to.bytes(x86).max(1).cast_signed(),
        _ => 1,
    };
    let shift = |by: i64| u32::try_from(by).unwrap_or(63).min(63);
    let bits = match operator {
        "|" => a | b,
        "^" => a ^ b,
        "&" => a & b,
        "<<" => a << shift(b),
        ">>" => a >> shift(b),
        "+" => a.wrapping_add(b.wrapping_mul(unit)),
        "-" => a.wrapping_sub(b.wrapping_mul(unit)),
        "*" => a.wrapping_mul(b),
        "/" => a.checked_div(b)?,
        _ => a.checked_rem(b)?,
    };
    Some(Value::new(INT64, bits.cast_unsigned()).cast(kind, x86))
}

/// The type of a sum of two.
fn common(left: &Value, right: &Value, x86: bool) -> Type {
    if let Type::Pointer(_) = left.kind {
        return left.kind.clone();
    }
    let wide = left.kind.bytes(x86) == 8 || right.kind.bytes(x86) == 8;
    let unsigned = [left, right].iter().any(|v| matches!(v.kind, Type::Integer(4.., false)));
    match (wide, unsigned) {
        (true, true) => UNSIGNED64,
        (true, false) => INT64,
        (false, true) => UNSIGNED,
        (false, false) => INT,
    }
}
