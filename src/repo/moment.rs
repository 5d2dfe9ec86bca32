//! When was a snapshot begun? A second of UTC, and the day, week and month it falls into.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, Result};

/// A second of UTC. Shown as in `2026-01-31T03:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

const DAY: u64 = 24 * 60 * 60;

impl Moment {
    /// This second.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// The second after it.
    #[must_use]
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The moment as a part of a file's name, which may hold no colon everywhere: `2026-01-31T03-00-00Z`.
    pub(super) fn file_text(self) -> String {
        self.to_string().replace(':', "-")
    }

    /// Reads what [`file_text`](Self::file_text) gives.
    pub(super) fn of_file_text(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T')?;
        let time = time.replace('-', ":");
        let moment: Self = format!("{date}T{time}").parse().ok()?;
        (moment.file_text() == text).then_some(moment)
    }

    /// The day, counted from some day.
    pub(super) fn day(self) -> u64 {
        self.0 / DAY
    }

    /// The week, counted from some week; weeks begin on Monday.
    pub(super) fn week(self) -> u64 {
        // 1970 began on a Thursday.
        (self.day() + 3) / 7
    }

    /// The month, as in 202601.
    pub(super) fn month(self) -> u64 {
        let text = self.to_string();
        let digits = text.bytes().filter(u8::is_ascii_digit).take(6);
        digits.fold(0, |month, digit| 10 * month + u64::from(digit - b'0'))
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        // The last second of the year 9999, the last one that has a text.
        const LAST: u64 = 253_402_300_799;
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(since.as_secs().min(LAST))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = UNIX_EPOCH + Duration::from_secs(self.0);
        humantime::format_rfc3339_seconds(time).fmt(f)
    }
}

/// A day, `2026-01-31`, which stands for its first second, or a second, `2026-01-31T03:00:00Z`; both of UTC.
impl FromStr for Moment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let is_day = text.len() == "2026-01-31".len();
        let whole = if is_day {
            format!("{text}T00:00:00Z")
        } else {
            text.to_owned()
        };
        humantime::parse_rfc3339(&whole)
            .map(Self::from)
            .map_err(|_| {
                Error::usage(format!(
                    "a time must be a day or a second of UTC, as in `2026-01-31` or `2026-01-31T03:00:00Z`, found `{text}`"
                ))
            })
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        text.parse().unwrap()
    }

    #[test]
    fn reads_what_it_shows() {
        for text in [
            "2026-01-31T03:00:00Z",
            "1970-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(moment(text).to_string(), text);
            let name = moment(text).file_text();
            assert_eq!(Moment::of_file_text(&name), Some(moment(text)));
        }
        assert_eq!(moment("2026-01-31"), moment("2026-01-31T00:00:00Z"));
        for wrong in [
            "",
            "yesterday",
            "2026-1-31",
            "2026-01-31 03:00:00",
            "2026-13-31",
        ] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
        for wrong in [
            "",
            "2026-01-31",
            "2026-01-31T03:00:00Z",
            "2026-01-31T03-00-00.5Z",
        ] {
            assert_eq!(Moment::of_file_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn knows_its_day_week_and_month() {
        let [sunday, monday] = ["2026-02-01T23:59:59Z", "2026-02-02T00:00:00Z"].map(moment);
        assert_eq!(sunday.day() + 1, monday.day());
        assert_eq!(sunday.week() + 1, monday.week());
        assert_eq!((sunday.month(), monday.month()), (202_602, 202_602));
        assert_eq!(moment("2025-12-29").week(), moment("2026-01-04").week());
        assert_eq!(moment("2026-01-31T23:59:59Z").month(), 202_601);
        assert_eq!(sunday.next(), monday);
    }
}
