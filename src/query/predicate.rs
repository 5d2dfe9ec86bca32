//! Does one value of a rule satisfy one condition?
//!
//! Conditions are compiled when the query is read; testing a plain value against one allocates nothing.

use std::cmp::Ordering;

use super::fields::Kind;
use super::glob::Glob;
use super::lexer::{Comparison, Literal};
use super::words::{self, words};
use crate::json::{Raw, ValueKind};

/// What is asked of a value.
#[derive(Debug, Clone)]
pub(super) enum Predicate {
    /// It is there: neither null nor empty.
    Exists,
    /// It is one of these, sorted by their text.
    OneOf(Vec<Plain>),
    /// Its text matches.
    Like(Glob),
    /// It compares so with this.
    Range(Comparison, Plain),
    /// As a time, the part of it that is given compares so with this.
    Time(Option<Comparison>, Box<str>),
    /// It has one of these words.
    AnyWord(Vec<Box<str>>),
    /// It has these words one after another.
    Phrase(Vec<Box<str>>),
    /// It has a word for each of these.
    AllWords(Vec<Word>),
    /// It has this text in it, whatever the case.
    Contains(Box<str>),
}

/// A value that is given in a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plain {
    text: Box<str>,
    number: Option<f64>,
}

/// A word or a pattern for words, in lower case.
#[derive(Debug, Clone)]
pub(super) enum Word {
    Is(Box<str>),
    Like(Glob),
}

/// Why a literal cannot be asked of a field: what is wrong, and what mends it.
pub(super) type Unfit = (&'static str, &'static str);

impl Plain {
    fn new(text: &str) -> Self {
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        Self {
            text: text.into(),
            number,
        }
    }

    /// The value as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl Predicate {
    /// What `field: literal` asks of a field of this kind.
    pub(super) fn equal(kind: Kind, literal: &Literal) -> Result<Self, Unfit> {
        let Literal {
            text,
            stars,
            quoted,
            ..
        } = literal;
        if !text.is_empty() && stars.len() == text.len() {
            return Ok(Self::Exists);
        }
        if text == "null" && !quoted {
            return Err(NULL);
        }
        let glob = Glob::new(text, stars);
        Ok(match kind {
            Kind::Text => text_predicate(literal),
            Kind::Date if glob.is_none() => Self::Time(None, time(text)?),
            Kind::ObjectId => match glob {
                Some(glob) => Self::Like(glob.without_prefix(OBJECT).unwrap_or(glob)),
                None => Self::OneOf(vec![Plain::new(text.strip_prefix(OBJECT).unwrap_or(text))]),
            },
            Kind::Value | Kind::Date | Kind::TypeId | Kind::Object | Kind::Open | Kind::Unknown => {
                match glob {
                    Some(glob) => Self::Like(glob),
                    None => Self::OneOf(vec![Plain::new(text)]),
                }
            }
        })
    }

    /// What `field >= literal` asks of a field of this kind.
    pub(super) fn range(
        kind: Kind,
        comparison: Comparison,
        literal: &Literal,
    ) -> Result<Self, Unfit> {
        if !literal.stars.is_empty() {
            return Err((
                "a range cannot end at a wildcard",
                "give the whole value, as in `risk_score >= 50`",
            ));
        }
        if kind == Kind::Date {
            return Ok(Self::Time(Some(comparison), time(&literal.text)?));
        }
        Ok(Self::Range(comparison, Plain::new(&literal.text)))
    }

    /// Takes in what the other asks for, if one predicate can ask for either.
    pub(super) fn or(&mut self, other: Self) -> Result<(), Self> {
        match (self, other) {
            (Self::OneOf(values), Self::OneOf(more)) => {
                values.extend(more);
                Ok(())
            }
            (_, other) => Err(other),
        }
    }

    /// Prepares for [`Self::matches`], once all is taken in.
    pub(super) fn finish(&mut self) {
        if let Self::OneOf(values) = self {
            values.sort_by(|a, b| a.text.cmp(&b.text));
            values.dedup();
        }
    }

    /// Whether a value that is no array satisfies it.
    pub(super) fn matches(&self, kind: Kind, value: Raw<'_>) -> bool {
        match (value.kind(), self) {
            (ValueKind::Null | ValueKind::Array | ValueKind::Object, _)
            | (ValueKind::Boolean, Self::Range(..)) => false,
            (_, Self::Exists) => true,
            (ValueKind::Number, Self::OneOf(values)) => {
                let number = value.as_f64();
                values
                    .iter()
                    .any(|plain| plain.number.is_some() && plain.number == number)
            }
            (ValueKind::Number, Self::Range(comparison, plain)) => {
                let order = value
                    .as_f64()
                    .zip(plain.number)
                    .and_then(|(a, b)| a.partial_cmp(&b));
                order.is_some_and(|order| comparison.holds(order))
            }
            (ValueKind::Number | ValueKind::Boolean, _) => self.matches_text(value.text()),
            (ValueKind::String, _) => value.as_str().is_some_and(|text| {
                let text = if kind == Kind::TypeId {
                    type_id(&text)
                } else {
                    Some(&*text)
                };
                text.is_some_and(|text| self.matches_text(text))
            }),
        }
    }

    fn matches_text(&self, text: &str) -> bool {
        match self {
            Self::Exists => true,
            Self::OneOf(values) => values
                .binary_search_by(|plain| (*plain.text).cmp(text))
                .is_ok(),
            Self::Like(glob) => glob.matches(text),
            Self::Range(comparison, plain) => comparison.holds(text.cmp(&plain.text)),
            Self::Time(comparison, given) => {
                // The given part is compared, so a day equals each time on it, as in Elasticsearch.
                let order = text.get(..given.len()).unwrap_or(text).cmp(given);
                comparison.map_or(order.is_eq(), |comparison| comparison.holds(order))
            }
            Self::AnyWord(wanted) => {
                words(text).any(|word| wanted.iter().any(|lowered| words::is(word, lowered)))
            }
            Self::Phrase(wanted) => has_phrase(text, wanted),
            Self::AllWords(wanted) => wanted
                .iter()
                .all(|wanted| words(text).any(|word| wanted.matches(word))),
            Self::Contains(lowered) => text.to_lowercase().contains(&**lowered),
        }
    }
}

impl Comparison {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Word {
    fn matches(&self, word: &str) -> bool {
        match self {
            Self::Is(lowered) => words::is(word, lowered),
            Self::Like(glob) => glob.matches(&word.to_lowercase()),
        }
    }
}

/// The prefix of a rule's id as a saved object.
const OBJECT: &str = "alert:";

const NULL: Unfit = (
    "`null` is no value",
    "write `not field:*` for rules without the field, or quote the word",
);

/// What is asked of a text that is matched by its words.
///
/// Measured on Kibana 9.6: `"*a b*"` finds the text anywhere in any case; words with wildcards are all needed, in any
/// order. The rest is what its match queries do: one of several words is enough, and quoted words form a phrase.
fn text_predicate(literal: &Literal) -> Predicate {
    let text = literal.text.to_lowercase();
    if literal.quoted {
        let inner = text
            .strip_prefix('*')
            .and_then(|text| text.strip_suffix('*'))
            .filter(|inner| !inner.is_empty());
        return match inner {
            Some(inner) => Predicate::Contains(inner.into()),
            None => Predicate::Phrase(words(&text).map(Into::into).collect()),
        };
    }
    if literal.stars.is_empty() {
        return Predicate::AnyWord(words(&text).map(Into::into).collect());
    }
    let mut wanted = Vec::new();
    let mut at = 0;
    for part in literal.text.split_inclusive(char::is_whitespace) {
        let here = at..at + part.len();
        let stars: Vec<_> = literal
            .stars
            .iter()
            .filter(|star| here.contains(star))
            .map(|star| star - at)
            .collect();
        match Glob::new(part.trim_end(), &stars) {
            Some(glob) => wanted.push(Word::Like(glob.map(str::to_lowercase))),
            None => wanted.extend(words(&part.to_lowercase()).map(|word| Word::Is(word.into()))),
        }
        at = here.end;
    }
    Predicate::AllWords(wanted)
}

fn has_phrase(text: &str, wanted: &[Box<str>]) -> bool {
    let mut from = words(text);
    loop {
        let mut next = from.clone();
        if !wanted.is_empty()
            && wanted
                .iter()
                .all(|lowered| next.next().is_some_and(|word| words::is(word, lowered)))
        {
            return true;
        }
        if from.next().is_none() {
            return false;
        }
    }
}

/// The time that `text` gives, as far as it gives one, without the `Z`.
fn time(text: &str) -> Result<Box<str>, Unfit> {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00.000";
    let given = text.strip_suffix('Z').unwrap_or(text);
    let fits = given.bytes().zip(SHAPE).all(|(byte, shape)| {
        if *shape == b'0' {
            byte.is_ascii_digit()
        } else {
            byte == *shape
        }
    });
    if fits && matches!(given.len(), 4 | 7 | 10 | 13 | 16 | 19 | 21..=23) {
        Ok(given.into())
    } else if text.starts_with("now") {
        Err((
            "a time relative to `now` would select other rules tomorrow",
            "write the time itself, as in `2026-01-31`",
        ))
    } else {
        Err((
            "this is no time",
            "write it in UTC, as in `2026-01-31` or `\"2026-01-31T08:00:00Z\"`",
        ))
    }
}

/// The name that Kibana's alerting gives a type of rules.
fn type_id(name: &str) -> Option<&'static str> {
    Some(match name {
        "eql" => "siem.eqlRule",
        "esql" => "siem.esqlRule",
        "machine_learning" => "siem.mlRule",
        "new_terms" => "siem.newTermsRule",
        "query" => "siem.queryRule",
        "saved_query" => "siem.savedQueryRule",
        "threat_match" => "siem.indicatorRule",
        "threshold" => "siem.thresholdRule",
        _ => return None,
    })
}
