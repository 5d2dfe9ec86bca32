//! Can Kibana read this date, and does it read what was meant?
//!
//! `from` passes if JavaScript's `Date.parse` takes it or if it is date math. V8's `Date.parse` takes odd things, as in `now-5`,
//! which it reads as May 2001.

use super::js_date;

/// What Kibana makes of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// What it says.
    Meant,
    /// Something else than it says, or something that fails later.
    Odd,
    /// Nothing.
    Unreadable,
}

/// How the line check reads a date.
pub(super) fn reading(text: &str) -> Reading {
    match date_math(text) {
        Some(true) => Reading::Meant,
        Some(false) => Reading::Odd,
        None => match js_date::parse(text) {
            js_date::Parsed::Iso => Reading::Meant,
            js_date::Parsed::Legacy => Reading::Odd,
            js_date::Parsed::Not => Reading::Unreadable,
        },
    }
}

const UNITS: [&str; 8] = ["ms", "s", "m", "h", "d", "w", "M", "y"];

/// One step of date math.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step<'t> {
    sign: char,
    number: &'t str,
    unit: &'t str,
}

/// The steps after `now`; none if the text is no date math.
fn steps(text: &str) -> Option<Vec<Step<'_>>> {
    let mut rest = text.strip_prefix("now")?;
    let mut steps = Vec::new();
    while let Some(sign) = rest.chars().next() {
        if !matches!(sign, '+' | '-' | '/') {
            return None;
        }
        rest = &rest[1..];
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && !is_blank(c))
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let end = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        if !UNITS.contains(&unit) {
            return None;
        }
        if sign == '/' && number.trim_matches(is_blank).parse() != Ok(1) && !number.is_empty() {
            return None;
        }
        steps.push(Step { sign, number, unit });
        rest = after;
    }
    Some(steps)
}

/// Whether the text is date math that means what it says; none if Kibana does not take it for any.
fn date_math(text: &str) -> Option<bool> {
    // A blank counts as a digit there, and Elasticsearch then refuses the query.
    steps(text).map(|steps| steps.iter().all(|step| !step.number.contains(is_blank)))
}

/// White space as JavaScript's `trim` and regular expressions know it.
pub(super) fn is_blank(c: char) -> bool {
    c == '\u{feff}' || c != '\u{85}' && c.is_whitespace()
}

/// How far a date lies from now, in seconds; or from 1970.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Moment {
    /// At least and at most so far from now.
    Now(f64, f64),
    /// So far from 1970.
    Fixed(f64),
}

impl Moment {
    /// When the date math or ISO date is; none if it is neither.
    pub(super) fn of(text: &str) -> Option<Self> {
        if date_math(text) != Some(true) {
            return date_time(text, false).map(Self::Fixed);
        }
        let (mut least, mut most) = (0.0, 0.0);
        for step in steps(text)? {
            let (short, long) = seconds(step.unit);
            if step.sign == '/' {
                least -= long;
                continue;
            }
            let count: f64 = if step.number.is_empty() {
                1.0
            } else {
                step.number.parse().ok()?
            };
            if step.sign == '+' {
                least += count * short;
                most += count * long;
            } else {
                least -= count * long;
                most -= count * short;
            }
        }
        Some(Self::Now(least, most))
    }

    /// Whether it is certainly not earlier than another.
    pub(super) fn is_not_before(self, other: Self) -> bool {
        match (self, other) {
            (Self::Now(least, _), Self::Now(_, most)) => least >= most,
            (Self::Fixed(mine), Self::Fixed(other)) => mine >= other,
            _ => false,
        }
    }
}

/// The least and greatest length of a unit, in seconds.
fn seconds(unit: &str) -> (f64, f64) {
    const DAY: f64 = 86400.0;
    match unit {
        "ms" => (0.001, 0.001),
        "s" => (1.0, 1.0),
        "m" => (60.0, 60.0),
        "h" => (3600.0, 3600.0),
        "d" => (DAY, DAY),
        "w" => (7.0 * DAY, 7.0 * DAY),
        "M" => (28.0 * DAY, 31.0 * DAY),
        _ => (365.0 * DAY, 366.0 * DAY),
    }
}

/// A duration as in `5m`, in seconds.
pub(super) fn duration(text: &str) -> Option<f64> {
    let unit = text
        .len()
        .checked_sub(1)
        .filter(|&at| text.is_char_boundary(at))?;
    let (number, unit) = text.split_at(unit);
    let is_number = !number.starts_with('0')
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit());
    let seconds = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => return None,
    };
    number
        .parse::<f64>()
        .ok()
        .filter(|_| is_number)
        .map(|number| number * seconds)
}

/// Seconds since 1970 of `YYYY-MM-DDThh:mm[:ss[.fraction]]Z`; with `exact`, of `YYYY-MM-DDThh:mm:ss.sssZ` alone.
pub(super) fn date_time(text: &str, exact: bool) -> Option<f64> {
    let number = |range: std::ops::Range<usize>| {
        let digits = text
            .get(range)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        digits?.parse::<u32>().ok()
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute) = (number(11..13)?, number(14..16)?);
    let bytes = text.as_bytes();
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':')];
    let set_off = marks.iter().all(|&(at, mark)| bytes[at] == mark);
    let mut rest = text.get(16..)?.strip_suffix('Z')?;
    let mut second = 0;
    let mut fraction = "";
    if let Some(after) = rest.strip_prefix(':') {
        second = after
            .get(..2)
            .filter(|s| s.bytes().all(|b| b.is_ascii_digit()))?
            .parse()
            .ok()?;
        rest = &after[2..];
        if let Some(digits) = rest.strip_prefix('.') {
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            fraction = digits;
            rest = "";
        }
    }
    let real = set_off
        && rest.is_empty()
        && (1..=12).contains(&month)
        && (1..=days(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60
        && (!exact || fraction.len() == 3);
    let day = since_1970(year, month, day);
    let fraction: f64 = format!("0.{fraction}0").parse().ok()?;
    real.then(|| day * 86400.0 + f64::from(hour * 3600 + minute * 60 + second) + fraction)
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970, by counting years that begin in March.
fn since_1970(year: u32, month: u32, day: u32) -> f64 {
    let (year, month) = if month < 3 {
        (f64::from(year) - 1.0, month + 9)
    } else {
        (f64::from(year), month - 3)
    };
    let leaps = (year / 4.0).floor() - (year / 100.0).floor() + (year / 400.0).floor();
    365.0 * year + leaps + f64::from((153 * month + 2) / 5 + day) - 719_469.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_date_math_as_kibana_does() {
        for text in [
            "now",
            "now-6m",
            "now-1d/d",
            "now/d",
            "now-30ms",
            "now-1M",
            "now-y",
            "now+1h-5m",
            "now/1d",
            "2025-01-31",
            "2025-01-31T00:00:00.000Z",
        ] {
            assert_eq!(reading(text), Reading::Meant, "{text}");
        }
        for text in ["now-5 m", "now-5", "now-60", "hello 1", "1", "Jan 1 2020"] {
            assert_eq!(reading(text), Reading::Odd, "{text}");
        }
        for text in [
            "",
            "now-5x",
            "now-5mm",
            "NOW",
            " now-5m",
            "now/2d",
            "now-5M5",
            "yesterday",
            "now-20",
            "5m",
        ] {
            assert_eq!(reading(text), Reading::Unreadable, "{text}");
        }
    }

    #[test]
    fn compares_only_what_is_certain() {
        let not_before = |a, b| Moment::of(a).unwrap().is_not_before(Moment::of(b).unwrap());
        assert!(
            not_before("now-5m", "now-6m")
                && not_before("now-6m", "now-6m")
                && not_before("now", "now-1d/d")
        );
        assert!(
            !not_before("now-14d", "now-6m")
                && !not_before("now-1M", "now-30d")
                && !not_before("now-1d/d", "now-1d")
        );
        assert!(
            not_before("now-27d", "now-1M")
                && not_before("2025-01-02T00:00:00Z", "2025-01-01T23:59Z")
        );
        assert!(!not_before("2025-01-01T00:00:00Z", "now-6m"));
        assert_eq!(Moment::of("last week"), None);
    }

    #[test]
    fn reads_durations() {
        assert_eq!(
            ["5m", "1h", "30s", "2d"].map(duration),
            [Some(300.0), Some(3600.0), Some(30.0), Some(172_800.0)]
        );
        for text in ["", "m", "0m", "05m", "5", "5 m", "5M", "-5m", "1.5h", "5ü"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn knows_the_calendar() {
        assert_eq!(date_time("1970-01-01T00:00:00.000Z", true), Some(0.0));
        assert_eq!(
            date_time("2024-02-29T12:30:01.500Z", true),
            Some(1_709_209_801.5)
        );
        for text in [
            "2024-02-29T12:30Z",
            "2000-02-29T00:00:00Z",
            "2024-12-31T23:59:59.123456Z",
        ] {
            assert!(
                date_time(text, false).is_some() && date_time(text, true).is_none(),
                "{text}"
            );
        }
        for text in [
            "2023-02-29T00:00:00.000Z",
            "1900-02-29T00:00:00.000Z",
            "2024-04-31T00:00:00.000Z",
            "2024-13-01T00:00:00.000Z",
            "2024-01-01T24:00:00.000Z",
            "2024-01-01T00:60:00.000Z",
            "2024-01-01T00:00:00.000",
            "2024-01-01T00:00:00.000+01:00",
            "2024-01-01",
            "2024-01-01T00:00:00.Z",
            "2024-01-01 00:00:00.000Z",
            "ä024-01-01T00:00:00.000Z",
            "",
        ] {
            assert_eq!(date_time(text, false), None, "{text}");
        }
    }
}
