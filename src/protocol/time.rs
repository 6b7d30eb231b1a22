//! Time as the protocol sees it: whole seconds since 1970, always handed in by the caller.

use serde::{Deserialize, Serialize};

/// A moment, in whole seconds since 1970-01-01T00:00:00Z (`NumericDate` of RFC 7519 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct UnixTime(pub u64);

/// Seconds in a day.
pub const DAY: u64 = 86_400;

impl UnixTime {
    /// The moment `seconds` later; stops at the end of time rather than wrapping.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to here; 0 if `earlier` is later, as after a step of the clock.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 in UTC, `2026-03-01T09:30:00Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let seconds = self.0 % DAY;
        format!(
            "{}T{:02}:{:02}:{:02}Z",
            self.day(),
            seconds / 3600,
            seconds % 3600 / 60,
            seconds % 60
        )
    }

    /// The UTC day, `YYYY-MM-DD`.
    #[must_use]
    pub fn day(self) -> String {
        let (year, month, day) = civil(self.0 / DAY);
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// For a person to read: `1 March 2026, 09:30 UTC`.
    #[must_use]
    pub fn for_people(self) -> String {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        let (year, month, day) = civil(self.0 / DAY);
        let name = usize::try_from(month)
            .ok()
            .and_then(|month| MONTHS.get(month.wrapping_sub(1)))
            .unwrap_or(&"");
        let seconds = self.0 % DAY;
        format!(
            "{day} {name} {year}, {:02}:{:02} UTC",
            seconds / 3600,
            seconds % 3600 / 60
        )
    }
}

/// Year, month and day of a day counted from 1970-01-01 (H. Hinnant's `civil_from_days`, for
/// days that are never negative).
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

/// Whether `text` is a day of the calendar as [`UnixTime::day`] writes it.
#[must_use]
pub fn is_day(text: &str) -> bool {
    let mut parts = text.split('-').map(|part| {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u64>()
            .ok()
            .filter(|_| digits)
            .map(|number| (part.len(), number))
    });
    let (Some(Some((4, year))), Some(Some((2, month))), Some(Some((2, day))), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_as_the_calendar_has_them() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_210_096, "2024-02-29T12:34:56Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (983_404_799, "2001-02-28T23:59:59Z"),
            (1_769_903_999, "2026-01-31T23:59:59Z"),
            (13_574_563_200, "2400-02-29T00:00:00Z"),
        ] {
            assert_eq!(UnixTime(seconds).rfc3339(), expected);
        }
        assert_eq!(
            UnixTime(1_709_210_096).for_people(),
            "29 February 2024, 12:34 UTC"
        );
    }

    #[test]
    fn a_day_is_one_of_the_calendar() {
        for good in [
            "2026-03-01",
            "2024-02-29",
            "2000-02-29",
            "2400-02-29",
            "2026-02-28",
            "2026-04-30",
            "1999-12-31",
        ] {
            assert!(is_day(good), "{good}");
        }
        for bad in [
            "2026-02-29",
            "1900-02-29",
            "2100-02-29",
            "2024-02-30",
            "2026-06-31",
            "2026-09-31",
            "2026-11-31",
            "2026-01-32",
            "2026-01-00",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-1-1",
            "26-01-01",
            "",
            "2026-01-01-",
            "2026-01-0a",
            "+026-01-01",
        ] {
            assert!(!is_day(bad), "{bad}");
        }
    }

    #[test]
    fn time_neither_wraps_nor_goes_negative() {
        assert_eq!(UnixTime(u64::MAX).plus(5), UnixTime(u64::MAX));
        assert_eq!(UnixTime(3).since(UnixTime(9)), 0);
        let _ = UnixTime(u64::MAX).rfc3339();
    }

    #[test]
    fn moments_are_counted_from_each_other() {
        assert_eq!(UnixTime(9).plus(3), UnixTime(12));
        assert_eq!(UnixTime(9).since(UnixTime(3)), 6);
    }

    #[test]
    fn every_day_of_400_years_is_the_one_after_the_day_before() {
        let mut last = String::new();
        for day in 0..146_097_u64 {
            let text = UnixTime(day * DAY).day();
            assert!(is_day(&text), "{text}");
            assert!(last < text, "{last} before {text}");
            last = text;
        }
        assert_eq!(last, "2369-12-31");
    }
}
