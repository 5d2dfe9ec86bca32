//! Which text does V8's `Date.parse` take for a date?
//!
//! First the form that the language defines (ISO 8601), and where that fails, a reader of old that passes over words and takes
//! almost any numbers for month, day and year. Kibana runs on V8, so what passes there passes here.

mod tokens;

use tokens::{Token, tokens};

/// How the text was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parsed {
    /// As ISO 8601.
    Iso,
    /// By the reader of old.
    Legacy,
    /// Not at all.
    Not,
}

/// Whether the text is a date to V8.
pub(super) fn parse(text: &str) -> Parsed {
    let mut date = Date {
        tokens: tokens(text),
        ..Date::default()
    };
    match date.iso() {
        Iso::Whole => Parsed::of(date.is_real(true), Parsed::Iso),
        Iso::Wrong => Parsed::Not,
        Iso::Part => {
            let is_date = date.legacy().is_some() && date.is_real(false);
            Parsed::of(is_date, Parsed::Legacy)
        }
    }
}

impl Parsed {
    fn of(is_date: bool, how: Self) -> Self {
        if is_date { how } else { Self::Not }
    }
}

/// What the reader of ISO 8601 found.
enum Iso {
    Whole,
    /// Something else; the reader of old goes on from here.
    Part,
    Wrong,
}

/// What was read so far.
#[derive(Debug, Default)]
struct Date {
    tokens: Vec<Token>,
    at: usize,
    day: Vec<i64>,
    month: Option<i64>,
    time: Vec<i64>,
    half: Option<i64>,
    zone: Zone,
}

#[derive(Debug, Default)]
struct Zone {
    hour: Option<i64>,
    minute: Option<i64>,
}

impl Date {
    fn peek(&self) -> Token {
        self.tokens.get(self.at).copied().unwrap_or(Token::End)
    }

    fn skip(&mut self, symbol: char) -> bool {
        let is_it = self.peek() == Token::Symbol(symbol);
        self.at += usize::from(is_it);
        is_it
    }

    /// The next token, if it is a number of this many digits within the range.
    fn fixed(&mut self, digits: usize, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let Token::Number(n, len) = self.peek() else {
            return None;
        };
        let fits = len == digits && range.contains(&n);
        self.at += usize::from(fits);
        fits.then_some(n)
    }

    fn iso(&mut self) -> Iso {
        if let Token::Symbol(sign @ ('+' | '-')) = self.peek() {
            self.at += 1;
            let before = self.at;
            match self.fixed(6, 0..=i64::MAX) {
                // V8 passes over the number and hands the sign on.
                Some(0) if sign == '-' => {}
                Some(year) => self.day.push(if sign == '-' { -year } else { year }),
                None => self.at = before - 1,
            }
            if self.day.is_empty() {
                return Iso::Part;
            }
        } else {
            match self.fixed(4, 0..=9999) {
                Some(year) => self.day.push(year),
                None => return Iso::Part,
            }
        }
        for range in [1..=12, 1..=31] {
            if !self.skip('-') {
                break;
            }
            match self.fixed(2, range) {
                Some(n) => self.day.push(n),
                None => return Iso::Part,
            }
        }
        match self.peek() {
            Token::End => Iso::Whole,
            Token::Time => match self.iso_time() {
                Some(()) => Iso::Whole,
                None => Iso::Wrong,
            },
            _ => Iso::Part,
        }
    }

    fn iso_time(&mut self) -> Option<()> {
        self.at += 1;
        let hour = self.fixed(2, 0..=24)?;
        let most = if hour == 24 { 0 } else { 59 };
        self.time.push(hour);
        self.skip(':').then_some(())?;
        let minute = self.fixed(2, 0..=most)?;
        self.time.push(minute);
        if self.skip(':') {
            let second = self.fixed(2, 0..=most)?;
            self.time.push(second);
            if self.skip('.') {
                let Token::Number(n, _) = self.peek() else {
                    return None;
                };
                self.at += 1;
                (hour < 24 || n == 0).then_some(())?;
            }
        }
        match self.peek() {
            Token::Zone(_, true) => self.at += 1,
            Token::Symbol('+' | '-') => {
                self.at += 1;
                if let Some(n) = self.fixed(4, 0..=2359) {
                    (n % 100 < 60).then_some(())?;
                } else {
                    self.fixed(2, 0..=23)?;
                    self.skip(':').then_some(())?;
                    self.fixed(2, 0..=59)?;
                }
            }
            _ => {}
        }
        (self.peek() == Token::End).then_some(())
    }

    /// Reads on from where ISO 8601 ended; none where even this reader gives up.
    fn legacy(&mut self) -> Option<()> {
        let mut has_number = !self.day.is_empty();
        loop {
            let token = self.peek();
            self.at += 1;
            match token {
                Token::End => return Some(()),
                Token::Number(n, _) => {
                    has_number = true;
                    self.number(n)?;
                }
                Token::Half(half) if !self.time.is_empty() => self.half = Some(half),
                Token::Month(month) => {
                    self.month = Some(month);
                    self.skip('-');
                }
                Token::Zone(hours, _) if has_number => {
                    self.zone = Zone {
                        hour: Some(hours),
                        minute: Some(0),
                    };
                }
                Token::Half(_) | Token::Zone(..) | Token::Time | Token::Word => {
                    // A word after a number is garbage, and one right before a number too.
                    if has_number || matches!(self.peek(), Token::Number(..)) {
                        return None;
                    }
                }
                Token::Symbol('+' | '-') if self.is_utc() || !self.time.is_empty() => {
                    has_number = true;
                    self.offset()?;
                }
                Token::Symbol('+' | '-' | ')') if has_number => return None,
                Token::Symbol(_) | Token::Blank | Token::Other => {}
            }
        }
    }

    fn is_utc(&self) -> bool {
        self.zone.hour == Some(0) && self.zone.minute == Some(0)
    }

    /// Whether the number may be the next part of a time that was begun.
    fn expects(&self, n: i64) -> bool {
        match self.time.len() {
            1 | 2 => (0..60).contains(&n),
            3 => (0..1000).contains(&n),
            _ => false,
        }
    }

    fn end_time(&mut self) {
        self.time.resize(4, 0);
    }

    fn number(&mut self, n: i64) -> Option<()> {
        if self.skip(':') {
            if self.skip(':') {
                self.time.is_empty().then_some(())?;
                self.time.extend([n, 0]);
            } else {
                (self.time.len() < 4).then(|| self.time.push(n))?;
                self.skip('.');
            }
        } else if self.skip('.') && self.expects(n) {
            self.time.push(n);
            let Token::Number(n, len) = self.peek() else {
                return None;
            };
            self.at += 1;
            // The next part of the time, be it the seconds.
            self.time.push(thousandths(n, len));
            self.end_time();
        } else if self.zone.hour.is_some() && self.zone.minute.is_none() && (0..60).contains(&n) {
            self.zone.minute = Some(n);
        } else if self.expects(n) {
            self.time.push(n);
            self.end_time();
            let ends = matches!(
                self.peek(),
                Token::End | Token::Blank | Token::Zone(_, true) | Token::Symbol('+' | '-')
            );
            ends.then_some(())?;
        } else {
            (self.day.len() < 3).then(|| self.day.push(n))?;
            self.skip('-');
        }
        Some(())
    }

    /// The offset from UTC after its sign.
    fn offset(&mut self) -> Option<()> {
        let (n, len) = match self.peek() {
            Token::Number(n, len) => {
                self.at += 1;
                (n, len)
            }
            _ => (0, 0),
        };
        self.zone = if self.peek() == Token::Symbol(':') {
            Zone {
                hour: Some(n),
                minute: None,
            }
        } else {
            match len {
                1 | 2 => Zone {
                    hour: Some(n),
                    minute: Some(0),
                },
                3 | 4 => Zone {
                    hour: Some(n / 100),
                    minute: Some(n % 100),
                },
                _ => return None,
            }
        };
        Some(())
    }

    /// Whether what was read is a day and a time that JavaScript's dates reach.
    fn is_real(&self, iso: bool) -> bool {
        let is_day = |n: i64| (1..=31).contains(&n);
        if self.day.is_empty() {
            return false;
        }
        let part = |index: usize| self.day.get(index).copied().unwrap_or(1);
        let (year, month, day) = match self.month {
            None if iso || !is_day(part(0)) => (part(0), part(1), part(2)),
            None => (part(2), part(0), part(1)),
            Some(month) if !is_day(part(0)) => (part(0), month, part(1)),
            Some(month) => (part(1), month, part(0)),
        };
        let clock = |index: usize| self.time.get(index).copied().unwrap_or(0);
        let hour = match self.half {
            Some(_) if clock(0) > 12 => return false,
            Some(half) => clock(0) % 12 + half,
            None => clock(0),
        };
        let on_clock = hour < 24 && clock(1) < 60 && clock(2) < 60 && clock(3) < 1000;
        let midnight = hour == 24 && [1, 2, 3].map(clock) == [0; 3];
        let reached = ((-271_821, 4, 20)..=(275_760, 9, 13)).contains(&(year, month, day));
        (1..=12).contains(&month) && is_day(day) && (on_clock || midnight) && reached
    }
}

/// What stands after a decimal point, in thousandths.
fn thousandths(n: i64, len: usize) -> i64 {
    match len {
        1 => n * 100,
        2 => n * 10,
        3 => n,
        // Nine digits of a number count.
        _ => (3..len.min(9)).fold(n, |n, _| n / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Node.js 20 says of each.
    #[test]
    fn takes_what_v8_takes() {
        for text in [
            "2025",
            "2025-01",
            "2025-01-31",
            "2025-02-31",
            "2025-01-31T12:00",
            "2025-01-31T12:00:00.1Z",
            "2025-01-31T24:00:00+02:00",
            "+002025-01-01",
        ] {
            assert_eq!(parse(text), Parsed::Iso, "{text}");
        }
        for text in [
            "now-5",
            "now-60",
            "hello 1",
            "1",
            "0",
            "Jan 1 2020",
            "1 January 2020 10:00 PM",
            "2020/01/31",
            "Thu, 01 Jan 1970 00:00:00 GMT+0200",
            "2025-1-1",
            "2025-01-31 12:00",
            "now(5)-7",
            "12/31/99 23:59:59.5",
            "-000000-01-01",
            "Jan 2020",
            "dec99",
            "1/31/99 12:30.05",
            "275760",
        ] {
            assert_eq!(parse(text), Parsed::Legacy, "{text}");
        }
        for text in [
            "",
            "now",
            "now-5m",
            "now-20",
            "hello",
            "hello1",
            "2025-13-01",
            "2025-01-32",
            "2025-01-31T25:00",
            "1 2 3 4",
            "5m",
            "Jan",
            "13:00",
            "2025-01-31T12",
            "1 hello",
            "-000000",
            "275761",
            "1/31/99 12:30.5",
            "\u{2028}12",
        ] {
            assert_eq!(parse(text), Parsed::Not, "{text}");
        }
    }
}
