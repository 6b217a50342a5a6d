//! Times as Windows stores them, turned into RFC 3339 (UTC).

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// 100 ns ticks between 1601 (FILETIME) and 1970.
const UNIX_EPOCH_AS_FILETIME: u64 = 116_444_736_000_000_000;

/// A `time_t` as RFC 3339; `None` for zero, which writers use for 'not known'.
pub(crate) fn from_unix(seconds: u32) -> Option<String> {
    (seconds != 0).then_some(())?;
    OffsetDateTime::from_unix_timestamp(i64::from(seconds)).ok()?.format(&Rfc3339).ok()
}

/// A FILETIME as RFC 3339, to the second; `None` for times before 1970 or after 9999.
pub(crate) fn from_filetime(ticks: u64) -> Option<String> {
    let seconds = ticks.checked_sub(UNIX_EPOCH_AS_FILETIME)? / 10_000_000;
    OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants() {
        assert_eq!(from_unix(1_700_000_000).as_deref(), Some("2023-11-14T22:13:20Z"));
        assert_eq!(from_unix(0), None);
        assert_eq!(from_filetime(133_000_000_000_000_000).as_deref(), Some("2022-06-18T04:26:40Z"));
        assert_eq!(from_filetime(1), None);
        assert_eq!(from_filetime(u64::MAX), None);
    }
}
