//! Which snapshots stay? A pure function of when they were begun and what they hold.

use std::collections::BTreeMap;
use std::fmt;

use super::listing::Entry;
use super::manifest::Manifest;
use super::moment::Moment;

/// How many snapshots stay, of each space.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keep {
    /// The newest ones.
    pub last: usize,
    /// The newest one of each of so many days that have one.
    pub daily: usize,
    /// The newest one of each of so many weeks that have one; weeks begin on Monday.
    pub weekly: usize,
    /// The newest one of each of so many months that have one.
    pub monthly: usize,
}

/// Why a snapshot stays.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It is one of the newest.
    Last,
    /// It is the newest of its day.
    Daily,
    /// It is the newest of its week.
    Weekly,
    /// It is the newest of its month.
    Monthly,
    /// It is the newest one in which this space is whole.
    LastWhole(Box<str>),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last => f.write_str("last"),
            Self::Daily => f.write_str("daily"),
            Self::Weekly => f.write_str("weekly"),
            Self::Monthly => f.write_str("monthly"),
            Self::LastWhole(space) => write!(f, "the last whole one of `{space}`"),
        }
    }
}

/// What the decision about a snapshot rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) entry: Entry,
    pub(super) url: Box<str>,
    /// The spaces it holds, and whether something of each is not in it that should be.
    pub(super) spaces: Vec<(Box<str>, bool)>,
}

impl Facts {
    pub(super) fn of(entry: Entry, manifest: &Manifest) -> Self {
        let spaces = manifest
            .spaces
            .iter()
            .map(|it| (it.space.clone(), it.partial));
        Self {
            entry,
            url: manifest.source.url.clone(),
            spaces: spaces.collect(),
        }
    }
}

/// The day, the week or the month of a moment, as a number.
type Period = fn(Moment) -> u64;
/// The snapshots of one space, newest first: which it is, when it was begun, whether the space is partial in it.
type Series = Vec<(usize, Moment, bool)>;

impl Keep {
    /// Whether it keeps nothing by itself.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Why each snapshot stays; those without a reason go. They are given oldest first.
    ///
    /// It is decided for each space of each source by itself, and a snapshot stays if it stays for one of them: so a run over few
    /// spaces never displaces one over all. Of a day, a week or a month that one stays in which the space is whole, if there is one.
    /// The newest one in which a space is whole always stays.
    pub(super) fn reasons(&self, snapshots: &[Facts]) -> Vec<Vec<Reason>> {
        let mut series: BTreeMap<(&str, &str), Series> = BTreeMap::new();
        for (index, facts) in snapshots.iter().enumerate().rev() {
            for (space, partial) in &facts.spaces {
                let one = (index, facts.entry.began, *partial);
                series.entry((&facts.url, space)).or_default().push(one);
            }
        }
        let mut reasons = vec![Vec::new(); snapshots.len()];
        let mut keep = |index: usize, reason: Reason| reasons[index].push(reason);
        for ((_, space), series) in &series {
            for (index, ..) in series.iter().take(self.last) {
                keep(*index, Reason::Last);
            }
            let periods: [(usize, Reason, Period); 3] = [
                (self.daily, Reason::Daily, Moment::day),
                (self.weekly, Reason::Weekly, Moment::week),
                (self.monthly, Reason::Monthly, Moment::month),
            ];
            for (many, reason, period) in periods {
                let newest = newest_of_each(series, period);
                newest
                    .take(many)
                    .for_each(|index| keep(index, reason.clone()));
            }
            if let Some((index, ..)) = series.iter().find(|(_, _, partial)| !partial) {
                keep(*index, Reason::LastWhole((*space).into()));
            }
        }
        for reasons in &mut reasons {
            reasons.sort();
            reasons.dedup();
            // Why it would stay anyway need not be told.
            if reasons
                .iter()
                .any(|reason| !matches!(reason, Reason::LastWhole(_)))
            {
                reasons.retain(|reason| !matches!(reason, Reason::LastWhole(_)));
            }
        }
        reasons
    }
}

/// The one of each period: the newest whole one, else the newest.
fn newest_of_each(series: &Series, period: Period) -> impl Iterator<Item = usize> {
    let same =
        move |a: &(usize, Moment, bool), b: &(usize, Moment, bool)| period(a.1) == period(b.1);
    let one = |of_period: &[(usize, Moment, bool)]| {
        let whole = of_period.iter().find(|(_, _, partial)| !partial);
        whole.or(of_period.first()).map(|(index, ..)| *index)
    };
    series.chunk_by(same).filter_map(one)
}

#[cfg(test)]
mod tests {
    use super::super::digest::Digest;
    use super::*;

    /// A snapshot of that time; spaces with a `-` behind them are partial.
    fn facts(began: &str, spaces: &str) -> Facts {
        let space = |word: &str| match word.strip_suffix('-') {
            Some(space) => (space.into(), true),
            None => (word.into(), false),
        };
        Facts {
            entry: Entry {
                began: began.parse().unwrap(),
                digest: Digest::of(b""),
            },
            url: "https://kibana.example.com".into(),
            spaces: spaces.split_whitespace().map(space).collect(),
        }
    }

    /// The reasons as words, a snapshot without one being `go`.
    fn decided(keep: Keep, snapshots: &[Facts]) -> Vec<String> {
        let text = |reasons: &Vec<Reason>| {
            let words: Vec<String> = reasons.iter().map(Reason::to_string).collect();
            if words.is_empty() {
                "go".into()
            } else {
                words.join(" ")
            }
        };
        keep.reasons(snapshots).iter().map(text).collect()
    }

    fn days(many: u64) -> Vec<Facts> {
        let first: Moment = "2026-01-01T03:00:00Z".parse().unwrap();
        let second = |day: u64| (0..day * 86400).fold(first, |moment, _| moment.next());
        (0..many)
            .map(|day| Facts {
                entry: Entry {
                    began: second(day),
                    digest: Digest::of(b""),
                },
                ..facts("2026-01-01", "soc")
            })
            .collect()
    }

    #[test]
    fn keeps_the_newest_of_each_period() {
        let days = days(40);
        let none = Keep::default();
        let decided = |keep: Keep| {
            let reasons = keep.reasons(&days);
            let stay = reasons
                .iter()
                .enumerate()
                .filter(|(_, reasons)| !reasons.is_empty());
            stay.map(|(day, _)| day + 1).collect::<Vec<_>>()
        };
        // The 1st of January 2026 is a Thursday, the 40th day a Monday, the 9th of February.
        assert_eq!(decided(none), [40]);
        assert_eq!(decided(Keep { last: 2, ..none }), [39, 40]);
        assert_eq!(decided(Keep { daily: 3, ..none }), [38, 39, 40]);
        assert_eq!(decided(Keep { weekly: 3, ..none }), [32, 39, 40]);
        assert_eq!(decided(Keep { monthly: 9, ..none }), [31, 40]);
        let all = Keep {
            last: 1,
            daily: 7,
            weekly: 4,
            monthly: 12,
        };
        assert_eq!(decided(all), [25, 31, 32, 34, 35, 36, 37, 38, 39, 40]);
    }

    #[test]
    fn days_without_a_snapshot_do_not_count() {
        let snapshots = [
            "2026-01-01",
            "2026-01-01T01:00:00Z",
            "2026-03-01",
            "2026-03-01T02:00:00Z",
        ];
        let snapshots = snapshots.map(|began| facts(began, "soc"));
        let keep = Keep {
            daily: 2,
            ..Keep::default()
        };
        assert_eq!(decided(keep, &snapshots), ["go", "daily", "go", "daily"]);
    }

    #[test]
    fn a_whole_one_stands_for_its_day_and_the_last_whole_one_stays() {
        let snapshots = [
            facts("2026-01-01", "soc"),
            facts("2026-01-02T01:00:00Z", "soc dmz"),
            facts("2026-01-02T02:00:00Z", "soc- dmz-"),
            facts("2026-01-03", "dmz-"),
            facts("2026-01-04", "dmz-"),
        ];
        let keep = |daily, last| Keep {
            last,
            daily,
            ..Keep::default()
        };
        let whole = "the last whole one of `dmz` the last whole one of `soc`";
        assert_eq!(
            decided(keep(3, 0), &snapshots),
            ["daily", "daily", "go", "daily", "daily"]
        );
        assert_eq!(
            decided(keep(1, 0), &snapshots),
            ["go", "daily", "go", "go", "daily"]
        );
        assert_eq!(
            decided(keep(0, 1), &snapshots),
            ["go", whole, "last", "go", "last"]
        );
    }

    #[test]
    fn each_source_and_space_has_its_own() {
        let mut other = facts("2026-01-01", "soc");
        other.url = "https://other.example.com".into();
        let snapshots = [
            other,
            facts("2026-01-02", "soc dmz"),
            facts("2026-01-03", "soc"),
        ];
        let keep = Keep {
            last: 1,
            ..Keep::default()
        };
        assert_eq!(decided(keep, &snapshots), ["last", "last", "last"]);
        assert_eq!(decided(keep, &snapshots[1..]), ["last", "last"]);
    }
}
