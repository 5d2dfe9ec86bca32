//! What goes wrong on the way, and when? A schedule that tests write, or that a seed makes.

use std::time::Duration;

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// The server is late: before it does the work, and after.
    Delay { before: Duration, after: Duration },
    /// An error instead of the answer.
    Status {
        status: u16,
        /// Seconds in `Retry-After`.
        retry_after: Option<u32>,
        /// Whether it is a proxy's page, not JSON.
        is_html: bool,
        work: Work,
    },
    /// The connection is reset.
    Reset(At),
    /// The answer's length is told in full; of its body come so many bytes, then the connection ends in order.
    Truncated(usize),
    /// Status 200, and a body that is nothing.
    Garbled(Work),
    /// The request is done twice, as when a proxy sends it again.
    Twice {
        /// At the same time, or the second after the first.
        is_concurrent: bool,
        /// Whose answer comes back.
        is_second_answer: bool,
    },
    /// The answer is an error at once, or nothing at all, and the work is done afterwards.
    Late { after: Duration, hangs_up: bool },
}

/// Whether the work is done though the answer is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// It is not, and the answer comes before the body is read.
    NotEvenRead,
    /// It is not.
    NotDone,
    /// It is.
    Done,
}

/// Where a connection is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    BeforeBody,
    /// After so many bytes of the body.
    MidBody(usize),
    /// After the work, before the answer.
    AfterWork,
    /// After so many bytes of the answer's body.
    MidAnswer(usize),
}

/// Which requests a fault is for.
#[derive(Debug, Clone)]
pub(crate) struct On {
    /// The method; empty for any.
    pub(crate) method: &'static str,
    /// The path without the space, with `*` for any text.
    pub(crate) path: &'static str,
    /// Which of the requests that fit, from 1; empty for all.
    pub(crate) nth: Vec<u64>,
    /// How likely it is, from 0 to 1.
    pub(crate) chance: f64,
    /// How often at most.
    pub(crate) most: u64,
}

impl On {
    /// Every request of this method and path.
    pub(crate) fn each(method: &'static str, path: &'static str) -> Self {
        Self {
            method,
            path,
            nth: Vec::new(),
            chance: 1.0,
            most: u64::MAX,
        }
    }

    /// The n-th request of this method and path, from 1.
    pub(crate) fn nth(method: &'static str, path: &'static str, nth: u64) -> Self {
        Self {
            nth: vec![nth],
            ..Self::each(method, path)
        }
    }
}

/// Faults, of which the first that fits takes a request.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    faults: Vec<Entry>,
    dice: Dice,
    /// How many faults may still fire.
    left: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    on: On,
    fault: Fault,
    seen: u64,
    fired: u64,
}

impl Default for Schedule {
    fn default() -> Self {
        Self::of([])
    }
}

impl Schedule {
    /// These faults.
    pub(crate) fn of(faults: impl IntoIterator<Item = (On, Fault)>) -> Self {
        let entry = |(on, fault)| Entry {
            on,
            fault,
            seen: 0,
            fired: 0,
        };
        Self {
            faults: faults.into_iter().map(entry).collect(),
            dice: Dice(1),
            left: u64::MAX,
        }
    }

    /// Weather of this seed: a few faults, most of them for what writes, each short, and not more than a dozen in all.
    pub(crate) fn random(seed: u64) -> Self {
        Self::random_on(seed, &ROUTES)
    }

    /// The same for these routes, each a method and a path.
    pub(crate) fn random_on(seed: u64, routes: &[(&'static str, &'static str)]) -> Self {
        let mut dice = Dice(seed);
        let many = 1 + dice.below(6);
        let faults: Vec<(On, Fault)> = (0..many)
            .map(|_| (random_on(&mut dice, routes), random_fault(&mut dice)))
            .collect();
        let left = 1 + dice.below(12);
        Self {
            dice,
            left,
            ..Self::of(faults)
        }
    }

    /// What goes wrong with this request, if anything does.
    pub(super) fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        for entry in &mut self.faults {
            let on = &entry.on;
            if !(on.method.is_empty() || on.method == method) || !fits(on.path, path) {
                continue;
            }
            entry.seen += 1;
            let is_nth = on.nth.is_empty() || on.nth.contains(&entry.seen);
            if is_nth && entry.fired < on.most && self.left > 0 && self.dice.is_within(on.chance) {
                entry.fired += 1;
                self.left -= 1;
                return Some(entry.fault);
            }
        }
        None
    }
}

/// Whether a path is as a pattern with `*` says.
fn fits(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((before, after)) => path.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.is_char_boundary(at) && fits(after, &rest[at..]))
        }),
    }
}

/// What imports go through, and what they ask.
const ROUTES: [(&str, &str); 14] = [
    ("POST", "*/_import"),
    ("POST", "*/_import"),
    ("POST", "*/rules/_import"),
    ("POST", "*/rules/_import"),
    ("POST", "/api/exception_lists/items"),
    ("PUT", "/api/exception_lists/items"),
    ("", "/api/exception_lists/items*"),
    ("", "/api/exception_lists*"),
    ("GET", "*/rules/_find"),
    ("GET", "*/_find"),
    ("GET", "*"),
    ("POST", "/api/saved_objects/_export"),
    ("", "*/connectors"),
    ("", "*"),
];

fn random_on(dice: &mut Dice, routes: &[(&'static str, &'static str)]) -> On {
    let (method, path) = *dice.one(routes);
    On {
        nth: if dice.below(3) == 0 {
            vec![1 + dice.below(4)]
        } else {
            Vec::new()
        },
        chance: *dice.one(&[0.2, 0.5, 1.0]),
        most: 1 + dice.below(4),
        ..On::each(method, path)
    }
}

fn random_fault(dice: &mut Dice) -> Fault {
    match dice.below(16) {
        0 => Fault::Delay {
            before: dice.moment(),
            after: dice.moment(),
        },
        1..=4 => Fault::Status {
            status: *dice.one(&[408, 413, 429, 429, 500, 502, 503, 503, 504]),
            retry_after: (dice.below(3) == 0).then_some(0),
            is_html: dice.below(2) == 0,
            work: *dice.one(&[Work::NotEvenRead, Work::NotDone, Work::NotDone, Work::Done]),
        }
        .sane(),
        5 => Fault::Reset(At::BeforeBody),
        6 => Fault::Reset(At::MidBody(*dice.one(&[1, 100, 2000]))),
        7..=8 => Fault::Reset(At::AfterWork),
        9 => Fault::Reset(At::MidAnswer(*dice.one(&[0, 1, 40]))),
        10 => Fault::Truncated(*dice.one(&[0, 1, 40])),
        11 => Fault::Garbled(*dice.one(&[Work::NotDone, Work::Done])),
        12..=13 => Fault::Twice {
            is_concurrent: dice.below(2) == 0,
            is_second_answer: dice.below(2) == 0,
        },
        _ => Fault::Late {
            after: dice.moment(),
            hangs_up: dice.below(2) == 0,
        },
    }
}

impl Fault {
    /// The same, where nobody does the work and then says that there was too much of it.
    fn sane(self) -> Self {
        match self {
            Self::Status {
                status: status @ (413 | 429),
                retry_after,
                is_html,
                work: Work::Done,
            } => Self::Status {
                status,
                retry_after,
                is_html,
                work: Work::NotDone,
            },
            other => other,
        }
    }
}

/// Chance, by the `SplitMix64` generator.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % bound
    }

    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    fn is_within(&mut self, chance: f64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a chance need not be exact")]
        let point = self.below(1_000_000) as f64 / 1e6;
        point < chance
    }

    /// Some milliseconds.
    fn moment(&mut self) -> Duration {
        Duration::from_millis(1 + self.below(30))
    }
}
