//! What can be wrong with a value: the finding's code, words and hint.

use super::at::{At, dotted};
use super::wording::Wording;
use super::{Level, Problem};
use crate::error::nearest;
use crate::json::{Raw, ValueKind};
use crate::schema::{Choice, Format, Since, Spec, Target, Types};

/// What is wrong with a value, or with a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault<'f> {
    /// A key with this value must be there.
    Missing(&'f Spec),
    /// The value has none of the types it may have.
    Type(&'f Spec, Raw<'f>),
    /// The number has a fraction, or is none.
    Fraction(Raw<'f>),
    /// `true` where only `false` will do.
    OnlyFalse,
    /// The string is none of these.
    Choice(&'f [Choice], &'f str),
    /// The value tells which shape an object has, and is absent or none of these.
    Variant(&'f [&'f str], Option<Raw<'f>>),
    /// The string is spelt wrong.
    Format(Format, &'f str),
    Blank,
    Shorter(usize),
    Longer(usize, usize),
    Below(f64, Raw<'f>),
    Above(f64, Raw<'f>),
    Fewer(usize, usize),
    More(usize, usize),
    /// The key is refused; the nearest one that is known.
    Refused(Option<&'f str>),
}

impl Fault<'_> {
    /// The finding, about the value at `at`.
    pub(super) fn problem(self, at: At<'_>, wording: Wording) -> Problem {
        let pointer = at.pointer();
        let name = dotted(&pointer);
        Problem {
            kibana: wording.of(self, &pointer),
            code: self.code(),
            level: Level::Error,
            message: format!("`{name}` {}", self.message()),
            hint: self.hint(&name),
            pointer,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Missing(_) | Self::Variant(_, None) => "missing-field",
            Self::Variant(_, Some(found)) if found.kind() != ValueKind::String => "wrong-type",
            Self::Type(..) | Self::Fraction(_) => "wrong-type",
            Self::OnlyFalse | Self::Choice(..) | Self::Variant(..) => "unknown-value",
            Self::Format(..) => "wrong-format",
            Self::Blank => "blank",
            Self::Shorter(_) => "too-short",
            Self::Longer(..) => "too-long",
            Self::Below(..) => "below-minimum",
            Self::Above(..) => "above-maximum",
            Self::Fewer(..) => "too-few-items",
            Self::More(..) => "too-many-items",
            Self::Refused(_) => "unknown-key",
        }
    }

    fn message(self) -> String {
        match self {
            Self::Missing(spec) => format!("must be there and be {}", wanted(spec)),
            Self::Type(spec, found) => {
                format!("must be {}, found {}", wanted(spec), found.kind().article())
            }
            Self::Fraction(found) => format!("must be a whole number, found `{}`", found.text()),
            Self::OnlyFalse => "must be `false`, found `true`".into(),
            Self::Choice(choices, found) => {
                let names: Vec<_> = choices.iter().map(|choice| choice.value).collect();
                format!("must be {}, found {}", one_of(&names), shown(found))
            }
            Self::Variant(names, None) => format!("must be there and be {}", one_of(names)),
            Self::Variant(names, Some(found)) => {
                let found = match found.as_str() {
                    Some(text) => shown(&text),
                    None => found.kind().article().into(),
                };
                format!("must be {}, found {found}", one_of(names))
            }
            Self::Format(format, found) => {
                format!("must be {}, found {}", spelling(format), shown(found))
            }
            Self::Blank => "must not be empty or blank".into(),
            Self::Shorter(1) => "must not be empty".into(),
            Self::Shorter(least) => format!("must have at least {least} characters"),
            Self::Longer(most, found) => {
                format!("must have at most {most} characters, found {found}")
            }
            Self::Below(least, found) => {
                format!("must be at least {least}, found {}", found.text())
            }
            Self::Above(most, found) => format!("must be at most {most}, found {}", found.text()),
            Self::Fewer(least, found) => {
                format!("must have at least {}, found {found}", elements(least))
            }
            Self::More(most, found) => {
                format!("must have at most {}, found {found}", elements(most))
            }
            Self::Refused(_) => {
                "is no key of such a record, and Kibana refuses the record for it".into()
            }
        }
    }

    fn hint(self, name: &str) -> Option<String> {
        let did_you_mean = |near: Option<&str>| near.map(|near| format!("did you mean `{near}`?"));
        match self {
            Self::Type(_, found) if found.kind() == ValueKind::Null => Some(format!(
                "null is not the same as absent; give `{name}` a value, or leave the key out if it is optional"
            )),
            Self::Type(spec, found)
                if found.kind() == ValueKind::String
                    && spec.types.has(Types::ARRAY)
                    && !spec.types.has(Types::STRING) =>
            {
                Some("wrap the value in an array".into())
            }
            Self::Type(spec, found)
                if found.kind() == ValueKind::String && !spec.types.has(Types::STRING) =>
            {
                Some("Kibana converts nothing; write the value without quotes".into())
            }
            Self::Choice(choices, found) => {
                did_you_mean(nearest(found, choices.iter().map(|choice| choice.value)))
            }
            Self::Variant(names, Some(found)) => found
                .as_str()
                .and_then(|found| did_you_mean(nearest(&found, names.iter().copied()))),
            Self::Refused(near) => did_you_mean(near).or_else(|| Some("remove the key".into())),
            Self::Format(Format::Uuid, _) => {
                Some("leave the key out; the import makes an id of its own".into())
            }
            _ => None,
        }
    }
}

/// What a value must be, as in "a string" or "one of `low` or `high`".
fn wanted(spec: &Spec) -> String {
    if spec.values.is_empty() || spec.types != Types::STRING {
        return spec.types.article().into();
    }
    let names: Vec<_> = spec.values.iter().map(|choice| choice.value).collect();
    one_of(&names)
}

fn elements(count: usize) -> String {
    if count == 1 {
        "1 element".into()
    } else {
        format!("{count} elements")
    }
}

/// Names in backticks, as in "one of `a`, `b` or `c`".
pub(super) fn one_of(names: &[&str]) -> String {
    match names {
        [] => "nothing".into(),
        [one] => format!("`{one}`"),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(|name| format!("`{name}`")).collect();
            format!("one of {} or `{last}`", first.join(", "))
        }
    }
}

/// A string as messages show it: not too long, on one line.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let clean: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let more = if text.chars().nth(LONGEST).is_some() {
        "…"
    } else {
        ""
    };
    if text.is_empty() {
        "an empty string".into()
    } else {
        format!("`{clean}{more}`")
    }
}

fn spelling(format: Format) -> &'static str {
    match format {
        Format::Uuid => "a UUID",
        Format::DateTime => "a date and time in UTC, as in `2025-01-31T12:00:00.000Z`",
        Format::IsoMillis => "a date and time spelt exactly as in `2025-01-31T12:00:00.000Z`",
        Format::DateMath => "date math, as in `now-6m`",
        Format::Duration => "a whole number above 0 and one of the units s, m, h and d, as in `5m`",
        Format::Throttle => "`no_actions`, `rule`, or a duration as in `1h`",
    }
}

/// Something that the target does not know yet.
pub(super) fn newer(
    at: At<'_>,
    what: &str,
    since: Since,
    target: Target,
    level: Level,
    hint: String,
) -> Problem {
    let pointer = at.pointer();
    Problem {
        message: format!("{what} is known since {since}, the target is {target}"),
        code: "newer-than-target",
        level,
        hint: Some(hint),
        kibana: None,
        pointer,
    }
}
