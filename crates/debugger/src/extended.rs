//! Numbers of the x87 unit as text: more digits than an `f64` has, and exponents beyond its range.

/// Bits of the mantissa behind its first.
const FRACTION: i32 = 63;
/// What the exponent of 1.0 is.
const BIAS: i32 = 16_383;
/// Digits behind the point that the engine works out.
const DIGITS: i32 = 20;
/// One step of the long division, and how many digits it takes.
const STEP: (u64, i32) = (1_000_000_000, 9);

/// `0.25` as digits `25` and exponent: digit, point, 20 digits more, and the exponent of ten.
///
/// The engine takes the exponent of ten from the exponent alone: a mantissa that is not normalised has zeros in front.
pub(crate) fn digits(exponent: u16, mantissa: u64) -> (String, i32) {
    if mantissa == 0 {
        return (format!("0.{}", "0".repeat(DIGITS as usize)), 0);
    }
    let two = i32::from(exponent) - BIAS;
    let mut ten = (f64::from(two - 1) * std::f64::consts::LOG10_2).floor() as i32;
    // A denormal number has the exponent of the smallest that is not.
    let two = two.max(1 - BIAS) - FRACTION;
    let mut number = Long::rounded(mantissa, two, DIGITS - ten);
    // One digit too many: the exponent was one too low.
    if number.len() > DIGITS as usize + 1 {
        ten += 1;
        number = Long::rounded(mantissa, two, DIGITS - ten);
    }
    let number = format!("{number:0>width$}", width = DIGITS as usize + 1);
    let (first, rest) = number.split_at(1);
    (format!("{first}.{rest}"), ten)
}

/// A whole number of any length, its lowest 32 bits first.
struct Long(Vec<u32>);

impl Long {
    /// `mantissa * 2^two * 10^ten`, cut to a whole number.
    fn scaled(mantissa: u64, two: i32, mut ten: i32) -> Long {
        let mut long = Long(vec![mantissa as u32, (mantissa >> 32) as u32]);
        if two > 0 {
            long.up(two.unsigned_abs());
        }
        while ten > 0 {
            let digits = ten.min(STEP.1);
            long.times(10_u64.pow(digits.unsigned_abs()));
            ten -= digits;
        }
        while ten < 0 {
            let digits = (-ten).min(STEP.1);
            long.divide(10_u64.pow(digits.unsigned_abs()));
            ten += digits;
        }
        if two < 0 {
            long.down(two.unsigned_abs());
        }
        long
    }

    /// The digits of `mantissa * 2^two * 10^ten`, rounded to a whole number.
    fn rounded(mantissa: u64, two: i32, ten: i32) -> String {
        // Twice as much and a half more, cut.
        let mut long = Long::scaled(mantissa, two + 1, ten);
        long.0.push(0);
        for digit in &mut long.0 {
            let (sum, carry) = digit.overflowing_add(1);
            *digit = sum;
            if !carry {
                break;
            }
        }
        long.divide(2);
        long.decimal()
    }

    fn times(&mut self, by: u64) {
        let mut carry = 0;
        for digit in &mut self.0 {
            let product = u64::from(*digit) * by + carry;
            (*digit, carry) = (product as u32, product >> 32);
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    /// The remainder.
    fn divide(&mut self, by: u64) -> u64 {
        let mut rest = 0;
        for digit in self.0.iter_mut().rev() {
            let part = rest << 32 | u64::from(*digit);
            (*digit, rest) = ((part / by) as u32, part % by);
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        rest
    }

    fn up(&mut self, bits: u32) {
        for _ in 0..bits / 31 {
            self.times(1 << 31);
        }
        self.times(1 << (bits % 31));
    }

    fn down(&mut self, bits: u32) {
        self.0.drain(..self.0.len().min(bits as usize / 32));
        self.divide(1 << (bits % 32));
    }

    fn decimal(mut self) -> String {
        let mut groups = Vec::new();
        while !self.0.is_empty() {
            groups.push(format!("{:09}", self.divide(STEP.0)));
        }
        groups.reverse();
        groups.concat().trim_start_matches('0').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::digits;

    /// What the engine showed of registers that no program had put a number in.
    #[test]
    fn numbers_beyond_a_double() {
        let of = |exponent, mantissa| digits(exponent, mantissa);
        assert_eq!(of(0x2aaa, 0xaaaa_aaaa_aaaa_aaaa), ("1.58537649722266472594".to_owned(), -1644));
        assert_eq!(of(0x2990, 0x69_592c_ab00), ("0.00000075064176404981".to_owned(), -1730));
        assert_eq!(of(0x0100, 0x0022_b718_0000_0000), ("0.02062195278918146502".to_owned(), -4856));
    }

    #[test]
    fn numbers_within() {
        assert_eq!(digits(0x3fff, 1 << 63), ("1.00000000000000000000".to_owned(), 0));
        assert_eq!(digits(0x4002, 10 << 60), ("1.00000000000000000000".to_owned(), 1));
        assert_eq!(digits(0x3ffd, 1 << 63), ("2.50000000000000000000".to_owned(), -1));
        assert_eq!(digits(0, 0).1, 0);
        // The largest of all: 1.18973149535723176502e4932.
        assert_eq!(digits(0x7ffe, u64::MAX), ("1.18973149535723176502".to_owned(), 4932));
    }
}
