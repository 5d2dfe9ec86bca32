//! Is a request sent again, and after which pause? A pure function of what happened.

use std::time::Duration;

/// What became of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It cannot have reached the server: there was no connection.
    Unsent,
    /// It may have reached the server, and no whole answer came back.
    Lost,
    /// The server, or a proxy before it, answered with this status.
    Status(u16),
}

/// Whether a request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// Doing it twice is doing it once: everything that only reads.
    Safe,
    /// Doing it twice may do it twice, so it is sent again only where the server surely did not do it.
    Unsafe,
}

/// How often and how patiently a request is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The most attempts, the first one counted.
    pub attempts: u32,
    /// The pause after the first attempt; each further one is twice as long.
    pub pause: Duration,
    /// The longest pause that is made, and the longest that a server may ask for.
    pub longest: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 6,
            pause: Duration::from_millis(500),
            longest: Duration::from_secs(60),
        }
    }
}

impl Retry {
    /// The pause before the next attempt, or none to give up; `attempt` counts from 1, `asked` is the server's `Retry-After`.
    ///
    /// 429 is Kibana's answer before it does anything: too many requests in flight. A 503 comes from a server that is starting or
    /// from a proxy that may have handed the request on, so it counts as lost.
    pub fn next(
        &self,
        attempt: u32,
        outcome: Outcome,
        replay: Replay,
        asked: Option<Duration>,
    ) -> Option<Duration> {
        let again = match outcome {
            Outcome::Unsent | Outcome::Status(429) => true,
            Outcome::Lost | Outcome::Status(408 | 502..=504) => replay == Replay::Safe,
            Outcome::Status(_) => false,
        };
        if !again || attempt >= self.attempts {
            return None;
        }
        let doubled = self
            .pause
            .saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        Some(asked.unwrap_or(doubled).min(self.longest))
    }
}

/// The pause with a little more, so that clients that were turned away together do not come back together.
///
/// `chance` is a number from 0 to 1; the pause grows by up to a quarter.
pub(super) fn jittered(pause: Duration, chance: f64) -> Duration {
    pause.mul_f64(1.0 + chance.clamp(0.0, 1.0) / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry {
        attempts: 3,
        pause: Duration::from_secs(1),
        longest: Duration::from_secs(10),
    };

    #[test]
    fn statuses_are_sent_again_or_not() {
        for status in 100..600 {
            let safe = RETRY.next(1, Outcome::Status(status), Replay::Safe, None);
            let unsafe_ = RETRY.next(1, Outcome::Status(status), Replay::Unsafe, None);
            assert_eq!(
                safe.is_some(),
                [408, 429, 502, 503, 504].contains(&status),
                "{status}"
            );
            assert_eq!(unsafe_.is_some(), status == 429, "{status}");
        }
    }

    #[test]
    fn what_may_have_arrived_is_sent_again_only_where_that_is_safe() {
        let next = |outcome, replay| RETRY.next(1, outcome, replay, None).is_some();
        assert!(next(Outcome::Unsent, Replay::Safe) && next(Outcome::Unsent, Replay::Unsafe));
        assert!(next(Outcome::Lost, Replay::Safe) && !next(Outcome::Lost, Replay::Unsafe));
    }

    #[test]
    fn pauses_double_and_end() {
        let next = |attempt, asked| RETRY.next(attempt, Outcome::Unsent, Replay::Safe, asked);
        assert_eq!(
            [next(1, None), next(2, None), next(3, None)],
            [
                Some(Duration::from_secs(1)),
                Some(Duration::from_secs(2)),
                None
            ]
        );
        assert_eq!(
            next(1, Some(Duration::from_secs(7))),
            Some(Duration::from_secs(7))
        );
        assert_eq!(
            next(1, Some(Duration::from_secs(7000))),
            Some(RETRY.longest)
        );
        let patient = Retry {
            attempts: u32::MAX,
            ..RETRY
        };
        assert_eq!(
            patient.next(4_000_000_000, Outcome::Unsent, Replay::Safe, None),
            Some(RETRY.longest)
        );
        let second = Duration::from_secs(1);
        assert_eq!(
            (jittered(second, 0.0), jittered(second, 1.0)),
            (second, Duration::from_millis(1250))
        );
    }
}
