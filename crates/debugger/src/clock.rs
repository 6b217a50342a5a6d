//! Times as the debugger prints them: UTC.

use std::time::{SystemTime, UNIX_EPOCH};

use time::{Date, OffsetDateTime};

/// 100 ns between 1601 and 1970.
const EPOCH: u64 = 116_444_736_000_000_000;

/// The clock as a FILETIME.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EPOCH + u64::try_from(since.as_nanos() / 100).unwrap_or(0)
}

/// A FILETIME for a time_t.
pub(crate) fn filetime(seconds: u32) -> u64 {
    EPOCH + u64::from(seconds) * 10_000_000
}

/// `Thu Dec  2 16:51:37 1971`.
pub(crate) fn time_t(seconds: u32) -> String {
    let time = OffsetDateTime::from_unix_timestamp(i64::from(seconds)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, clock) = (time.date(), time.time());
    let (h, m, s) = (clock.hour(), clock.minute(), clock.second());
    format!("{} {} {:2} {h:02}:{m:02}:{s:02} {}", day(date), month(date), date.day(), date.year())
}

/// `Sun Oct 24 16:17:28.489 2021 (UTC + 0:00)`; `None` behind the year 30827, where Windows ends too.
pub(crate) fn file_time(ticks: u64, hours: u64) -> Option<String> {
    if ticks > i64::MAX as u64 {
        return None;
    }
    let ticks = ticks.checked_add(hours.checked_mul(36_000_000_000)?)?;
    let (days, rest) = (ticks / 864_000_000_000, ticks % 864_000_000_000);
    let (year, month, dom) = civil(days);
    let ms = rest / 10_000;
    let (h, m, s, ms) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
    let weekday = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][(days % 7) as usize];
    let name = month_name(month);
    Some(format!("{weekday} {name} {dom:2} {h:02}:{m:02}:{s:02}.{ms:03} {year} (UTC + {hours}:00)"))
}

/// Year, month and day of so many days behind 1 January 1601, a Monday.
fn civil(days: u64) -> (u64, u64, u64) {
    let (cycle, mut left) = (days / 146_097, days % 146_097);
    let century = (left / 36_524).min(3);
    left -= century * 36_524;
    let (four, mut left) = (left / 1461, left % 1461);
    let year = (left / 365).min(3);
    left -= year * 365;
    let year = 1601 + cycle * 400 + century * 100 + four * 4 + year;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    (year, month, left + 1)
}

fn month_name(number: u64) -> &'static str {
    let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    names.get(usize::try_from(number).unwrap_or(1).wrapping_sub(1)).copied().unwrap_or("Jan")
}

fn day(date: Date) -> &'static str {
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][usize::from(date.weekday().number_days_from_monday())]
}

fn month(date: Date) -> &'static str {
    month_name(u64::from(u8::from(date.month())))
}

/// `0 days 1:57:48.503`.
pub(crate) fn span(ticks: u64) -> String {
    let ms = ticks / 10_000;
    let (days, h) = (ms / 86_400_000, ms / 3_600_000 % 24);
    format!("{days} days {h}:{:02}:{:02}.{:03}", ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

#[cfg(test)]
mod tests {
    use time::{Month, Time};

    use super::*;

    #[test]
    fn times_of_both_kinds() {
        assert_eq!(time_t(0x039b_c719), "Thu Dec  2 16:51:37 1971");
        let file = file_time(0x01d7_c8f2_a3b4_c5d6, 0).unwrap();
        assert_eq!(file, "Sun Oct 24 16:17:28.489 2021 (UTC + 0:00)");
        assert_eq!(
            file_time(0x3ff0_0000_0000_0000, 0).unwrap(),
            "Fri Aug  1 01:24:40.001 16200 (UTC + 0:00)"
        );
        assert_eq!(file_time(u64::MAX, 0), None);
        assert_eq!(span(70_685_030_000), "0 days 1:57:48.503");
        let midnight = Date::from_calendar_date(1601, Month::January, 1).unwrap().with_time(Time::MIDNIGHT);
        assert_eq!(midnight.assume_utc().unix_timestamp(), -11_644_473_600);
    }
}
