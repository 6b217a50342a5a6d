//! Numbers as WinDbg prints them. Sizes follow the output of `!address`, times that of `.time`.

/// A 64-bit number in hex with a back-tick before the low half: `` 7df9`74541000 ``; plain for 32 bits.
pub fn hex(value: u64, pointer_bits: u32) -> String {
    match (pointer_bits, u32::try_from(value)) {
        (32, Ok(low)) => format!("{low:x}"),
        _ => format!("{:x}`{:08x}", value >> 32, value & 0xffff_ffff),
    }
}

/// As [`hex`], with leading zeros up to the pointer's width.
pub(crate) fn padded_hex(value: u64, pointer_bits: u32) -> String {
    match (pointer_bits, u32::try_from(value)) {
        (32, Ok(low)) => format!("{low:08x}"),
        _ => format!("{:08x}`{:08x}", value >> 32, value & 0xffff_ffff),
    }
}

/// A size in the largest unit of kB, MB, GB, TB (powers of 1024) of which it has at least one, with three
/// decimals, rounded half to even: `("125.974", "TB")`.
pub fn size(bytes: u64) -> (String, &'static str) {
    let unit = match bytes {
        0..0x10_0000 => (1u64 << 10, "kB"),
        0x10_0000..0x4000_0000 => (1 << 20, "MB"),
        0x4000_0000..0x100_0000_0000 => (1 << 30, "GB"),
        _ => (1 << 40, "TB"),
    };
    (format!("{:.3}", bytes as f64 / unit.0 as f64), unit.1)
}

/// As [`size`], in one string: `125.974 TB`.
pub fn size_text(bytes: u64) -> String {
    let (number, unit) = size(bytes);
    format!("{number} {unit}")
}

/// A duration as WinDbg's `.time` prints it: `11 days 8:36:03.996`.
pub fn duration(milliseconds: u64) -> String {
    let (seconds, ms) = (milliseconds / 1000, milliseconds % 1000);
    let (minutes, s) = (seconds / 60, seconds % 60);
    let (hours, m) = (minutes / 60, minutes % 60);
    format!("{} days {}:{m:02}:{s:02}.{ms:03}", hours / 24, hours % 24)
}

/// As [`duration`], from seconds to the millisecond, as the report has them.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates, and is never negative
pub(crate) fn duration_of_seconds(seconds: f64) -> String {
    duration((seconds * 1000.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes as `!address` printed them.
    #[test]
    fn sizes_are_windbgs() {
        let shown = |bytes| format!("{:>8} {}", size(bytes).0, size(bytes).1);
        assert_eq!(shown(0x1000), "   4.000 kB");
        assert_eq!(shown(0xfd000), "1012.000 kB");
        assert_eq!(shown(0x53_0000), "   5.188 MB");
        assert_eq!(shown(0x155_0000), "  21.312 MB");
        assert_eq!(shown(0x7df9_7454_1000), " 125.974 TB");
    }

    #[test]
    fn hex_is_windbgs() {
        assert_eq!(hex(0x1000, 64), "0`00001000");
        assert_eq!(hex(0x7df9_7454_1000, 64), "7df9`74541000");
        assert_eq!(hex(0x3c87_6000, 32), "3c876000");
        assert_eq!(padded_hex(0x1f3_ef33_0000, 64), "000001f3`ef330000");
        assert_eq!(padded_hex(0x53_0000, 32), "00530000");
    }

    #[test]
    fn durations_are_windbgs() {
        assert_eq!(duration(981_363_996), "11 days 8:36:03.996");
        assert_eq!(duration(0), "0 days 0:00:00.000");
    }
}
