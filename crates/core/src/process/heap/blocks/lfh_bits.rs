//! Bits of a map.

/// Bit `n`, from the lowest of the first byte on.
#[inline]
pub(super) fn bit(bytes: &[u8], n: u64) -> bool {
    let byte = usize::try_from(n / 8).ok().and_then(|at| bytes.get(at));
    byte.is_some_and(|byte| byte >> (n % 8) & 1 == 1)
}
