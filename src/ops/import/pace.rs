//! How much goes into one request? As much as the server does in the time that a request may take.

use std::time::Duration;

use super::super::model::Server;
use crate::kibana::envelope;
use crate::schema::Target;

/// The name under which parts are sent; its length counts.
pub(in crate::ops) const FILE_NAME: &str = "import.ndjson";

/// What a request may hold now. It follows the server: after each answer as much as it does in the time, four times more at
/// most; half of it after a request that took too long or got no answer.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The most rules.
    pub rules: usize,
    /// The most lists and items.
    pub exceptions: usize,
    /// The most bytes of lines, each with its line end.
    pub bytes: u64,
    most: Most,
    time: Duration,
}

/// What no request may hold more of.
#[derive(Debug, Clone, Copy)]
struct Most {
    count: usize,
    bytes: u64,
}

/// What the first requests hold. Maintainers count with 60 to 90 ms a rule on slow paths (import-export.md §3.1).
const FIRST_RULES: usize = 250;
const FIRST_EXCEPTIONS: usize = 2000;
/// The most bytes of a body that the import of exceptions takes (import-export.md §5.1).
const EXCEPTIONS_ALONE: u64 = 9_000_000;

/// What a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Load {
    Rules,
    Exceptions,
}

impl Pace {
    /// The pace of a first request, for requests of about this time to a server of this version, to the route that rules or that
    /// exceptions alone go through.
    pub fn new(target: Target, is_exceptions_alone: bool, time: Duration) -> Self {
        let mut pace = Self::unhurried(target, is_exceptions_alone);
        (pace.rules, pace.exceptions, pace.time) = (FIRST_RULES, FIRST_EXCEPTIONS, time);
        pace
    }

    /// All that a request may hold, however long it takes.
    pub fn unhurried(target: Target, is_exceptions_alone: bool) -> Self {
        let server = Server::new(target);
        let max_bytes = if is_exceptions_alone {
            EXCEPTIONS_ALONE
        } else {
            server.max_bytes
        };
        let most = Most {
            count: server.max_rules - 1,
            bytes: max_bytes - envelope(FILE_NAME.len()) as u64,
        };
        Self {
            rules: most.count,
            exceptions: most.count,
            bytes: most.bytes,
            most,
            time: Duration::MAX,
        }
    }

    /// The most that a request can ever hold: records of a kind, and bytes.
    pub(super) fn limits(&self) -> (usize, u64) {
        (self.most.count, self.most.bytes)
    }

    /// The server did so many in this time.
    pub(super) fn took(&mut self, load: Load, count: usize, elapsed: Duration) {
        if count == 0 || self.time == Duration::MAX {
            return;
        }
        let (limit, time) = (self.most.count, self.time);
        let now = self.of(load);
        let before = *now;
        let fitting = share(count, time.mul_f64(0.75), elapsed);
        let now = self.of(load);
        // A small request says little of what a large one would take.
        let grown = fitting.min(count.saturating_mul(4)).max(before);
        let is_telling = 2 * count >= before || elapsed > time;
        *now = if fitting < before && is_telling {
            fitting.max(1)
        } else {
            grown
        }
        .min(limit);
    }

    /// The server did not do so many; the next request holds half of them.
    pub(super) fn slow_down(&mut self, load: Load, count: usize) {
        let half = (count / 2).max(1);
        let now = self.of(load);
        *now = half.min(*now);
    }

    /// A request of so many bytes was too large.
    pub(super) fn shrink(&mut self, bytes: u64) {
        self.most.bytes = (bytes / 2).max(1);
        self.bytes = self.bytes.min(self.most.bytes);
    }

    fn of(&mut self, load: Load) -> &mut usize {
        match load {
            Load::Rules => &mut self.rules,
            Load::Exceptions => &mut self.exceptions,
        }
    }
}

/// How many are done in a time, if so many are in the other.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a count of records, and casts saturate"
)]
fn share(count: usize, time: Duration, elapsed: Duration) -> usize {
    (count as f64 * time.as_secs_f64() / elapsed.as_secs_f64().max(1e-3)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn follows_the_server() {
        let mut pace = Pace::new(Target::version(9, 1), false, 30 * SECOND);
        assert_eq!(pace.rules, 250);
        pace.took(Load::Rules, 250, SECOND);
        assert_eq!(pace.rules, 1000);
        pace.took(Load::Rules, 1000, SECOND);
        assert_eq!(pace.rules, 4000);
        pace.took(Load::Rules, 4000, 60 * SECOND);
        assert_eq!(pace.rules, 1500);
        pace.slow_down(Load::Rules, 1500);
        assert_eq!(pace.rules, 750);
        // The last few of a bundle are no reason to go slower.
        pace.took(Load::Rules, 3, SECOND);
        assert_eq!(pace.rules, 750);
        pace.took(Load::Rules, 750, SECOND / 1000);
        pace.took(Load::Rules, 3000, SECOND / 1000);
        assert_eq!(pace.rules, 9999);
        pace.slow_down(Load::Exceptions, 1);
        assert_eq!(pace.exceptions, 1);
    }

    #[test]
    fn what_was_too_large_is_never_sent_again() {
        let mut pace = Pace::unhurried(Target::version(9, 1), false);
        pace.shrink(10_000_000);
        assert_eq!((pace.bytes, pace.limits().1), (5_000_000, 5_000_000));
    }
}
