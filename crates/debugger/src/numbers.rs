//! Floating point numbers as Microsoft's C library prints them: exponents of three digits, and its own words for NaN
//! and infinity.

/// `%WIDTH.PRECISIONg`.
pub(crate) fn general(value: f64, width: usize, precision: usize) -> String {
    format!("{:>width$}", significant(value, precision.max(1)))
}

fn significant(value: f64, digits: usize) -> String {
    if let Some(word) = no_number(value) {
        return word.to_owned();
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    let scientific = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= i32::try_from(digits).unwrap_or(i32::MAX) {
        return format!("{}e{}", without_zeros(mantissa), signed(exponent));
    }
    let places = usize::try_from(i64::try_from(digits).unwrap_or(0) - 1 - i64::from(exponent)).unwrap_or(0);
    without_zeros(&format!("{value:.places$}")).to_owned()
}

/// `%.PRECISIONe`.
pub(crate) fn scientific(value: f64, precision: usize) -> String {
    if let Some(word) = no_number(value) {
        return word.to_owned();
    }
    let text = format!("{value:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{mantissa}e{}", signed(exponent.parse().unwrap_or(0)))
}

fn signed(exponent: i32) -> String {
    format!("{}{:03}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// `1.#QNAN`, `-1.#IND`, `1.#INF`: the library's words.
fn no_number(value: f64) -> Option<&'static str> {
    let negative = value.is_sign_negative();
    if value.is_infinite() {
        return Some(if negative { "-1.#INF" } else { "1.#INF" });
    }
    value.is_nan().then_some(if negative { "-1.#IND" } else { "1.#QNAN" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_c_library_of_visual_c_has_them() {
        assert_eq!(general(f64::from(f32::from_bits(0x039b_c719)), 0, 6), "9.15579e-037");
        assert_eq!(general(f64::from_bits(0x039b_c719), 0, 6), "2.99111e-316");
        assert_eq!(general(12.1414, 0, 6), "12.1414");
        assert_eq!(general(1.5, 6, 6), "   1.5");
        assert_eq!(general(0.000_359_428, 0, 6), "0.000359428");
        assert_eq!(general(f64::from_bits(u64::MAX), 0, 6), "-1.#IND");
        assert_eq!(general(1_000_000.0, 0, 6), "1e+006");
        assert_eq!(general(100_000.0, 0, 6), "100000");
        assert_eq!(scientific(5e-324, 6), "4.940656e-324");
    }
}
