//! Numbers of the MASM evaluator.

/// What a word is, if it looks like a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// A number, and how many characters of the word it has.
    Is(u64, usize),
    Overflow,
    /// It begins like a number and is none.
    Bad,
    /// It may be a name.
    No,
}

/// Reads a word as a number in the radix given, where it has no prefix.
pub(super) fn parse(word: &str, radix: u32) -> Number {
    let lower = word.to_ascii_lowercase();
    let Some(first) = lower.bytes().next() else { return Number::No };
    for (prefix, radix) in [("0x", 16), ("0n", 10), ("0t", 8), ("0y", 2)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            // A backtick belongs to hexadecimal numbers only.
            let (digits, length) = match digits.find('`').filter(|_| radix != 16) {
                Some(at) => (&digits[..at], at + 2),
                None => (digits, word.len()),
            };
            return digits_of(digits, radix, length, Number::Bad);
        }
    }
    if !first.is_ascii_hexdigit() {
        return Number::No;
    }
    let begins = first.is_ascii_digit();
    let otherwise = if begins { Number::Bad } else { Number::No };
    if let Some(hex) = lower.strip_suffix('h') {
        let number = digits_of(hex, 16, word.len(), Number::No);
        if number != Number::No && !hex.is_empty() {
            return number;
        }
    }
    if radix != 16 && !begins {
        return Number::No;
    }
    digits_of(&lower, radix, word.len(), otherwise)
}

fn digits_of(digits: &str, radix: u32, length: usize, otherwise: Number) -> Number {
    let mut value = 0u64;
    for c in digits.chars().filter(|c| *c != '`') {
        let Some(digit) = c.to_digit(radix) else { return otherwise };
        value = match radix {
            // High digits fall off.
            16 => value << 4 | u64::from(digit),
            _ => match value.checked_mul(u64::from(radix)).and_then(|v| v.checked_add(u64::from(digit))) {
                Some(value) => value,
                None => return Number::Overflow,
            },
        };
    }
    Number::Is(value, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_suffixes_and_backticks() {
        let is = |word: &str| match parse(word, 16) {
            Number::Is(value, _) => Some(value),
            _ => None,
        };
        assert_eq!(is("10"), Some(16));
        assert_eq!(is("0n10"), Some(10));
        assert_eq!([is("0t17"), is("0y101"), is("0x"), is("0n")], [Some(15), Some(5), Some(0), Some(0)]);
        assert_eq!(
            [is("10h"), is("0FFh"), is("ffh"), is("0b1")],
            [Some(16), Some(255), Some(255), Some(0xb1)]
        );
        assert_eq!(is("7ff6`12345678"), Some(0x7ff6_1234_5678));
        assert_eq!(is("12345678123456789"), Some(0x2345_6781_2345_6789));
        assert_eq!(parse("0n1`0", 16), Number::Is(1, 3));
        assert_eq!(parse("0n18446744073709551616", 16), Number::Overflow);
        assert_eq!([parse("0nff", 16), parse("0xg", 16), parse("1f", 10), parse("9", 8)], [Number::Bad; 4]);
        assert_eq!([parse("abcg", 16), parse("a", 10), parse("xyz", 16)], [Number::No; 3]);
    }
}
