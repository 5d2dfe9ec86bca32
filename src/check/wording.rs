//! What does Kibana itself say of a fault? Its words, as far as they are known.
//!
//! Rules are checked with Zod, whose messages changed with version 4 (Kibana from about 9.4); exceptions with io-ts. Where a fault
//! makes Kibana try several shapes, its texts depend on all of them and are left out.

use super::at::{dotted, keys};
use super::fault::Fault;
use crate::error::PathStep;
use crate::json::{Raw, ValueKind};
use crate::record::Kind;
use crate::schema::{Choice, Format, Spec, Target, Types};

/// Whose words they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wording {
    /// Rules before 9.4.
    Zod3,
    /// Rules since 9.4.
    Zod4,
    /// Exception lists and items.
    IoTs,
    /// Nothing is known.
    Unknown,
}

impl Wording {
    /// Who speaks of such a record.
    pub(super) fn for_records(kind: Kind, target: Target) -> Self {
        match kind {
            Kind::Rule if target < Target::ZOD_4 => Self::Zod3,
            Kind::Rule => Self::Zod4,
            Kind::ExceptionList | Kind::ExceptionItem => Self::IoTs,
            Kind::Connector | Kind::Details | Kind::Other => Self::Unknown,
        }
    }

    /// What Kibana says of this fault of the value at `pointer`.
    pub(super) fn of(self, fault: Fault<'_>, pointer: &[PathStep]) -> Option<String> {
        let text = match self {
            Self::Zod3 if is_of_two(pointer) => return None,
            Self::Zod3 => zod3(fault)?,
            Self::Zod4 => zod4(fault)?,
            Self::IoTs => return io_ts(fault, pointer),
            Self::Unknown => return None,
        };
        let text = format!("{}: {text}", dotted(pointer));
        // These are checked with both halves of the schema.
        let is_twice = pointer.first() == Some(&PathStep::from("required_fields"));
        Some(if is_twice {
            format!("{text}, {text}")
        } else {
            text
        })
    }
}

/// Whether the value, or one that it is in, may be a string or an array: Zod 3 tries both, and each has its say.
fn is_of_two(pointer: &[PathStep]) -> bool {
    let key = |at: usize, name: &str| pointer.get(at) == Some(&PathStep::from(name));
    key(0, "machine_learning_job_id")
        || key(0, "threshold") && key(1, "field")
        || pointer.contains(&PathStep::from("ecs_mapping"))
}

/// Whether it is an object of any keys, for which Zod 4 has two ways, told apart by their words.
fn is_open(spec: &Spec) -> bool {
    spec.types == Types::OBJECT && spec.within.is_none()
}

/// The type's name in JavaScript; none where several will do.
fn want(spec: &Spec) -> Option<&'static str> {
    match spec.types {
        Types::STRING => Some("string"),
        Types::INTEGER | Types::NUMBER => Some("number"),
        Types::BOOLEAN => Some("boolean"),
        Types::ARRAY => Some("array"),
        Types::OBJECT => Some("object"),
        _ => None,
    }
}

fn got(found: Raw<'_>) -> &'static str {
    match found.kind() {
        ValueKind::Null => "null",
        ValueKind::Boolean => "boolean",
        ValueKind::Number => "number",
        ValueKind::String => "string",
        ValueKind::Array => "array",
        ValueKind::Object => "object",
    }
}

/// Values with this between them and around each.
fn joined<'v>(values: impl Iterator<Item = &'v str>, quote: char, between: &str) -> String {
    let quoted: Vec<_> = values
        .map(|value| format!("{quote}{value}{quote}"))
        .collect();
    quoted.join(between)
}

fn names(spec: &Spec) -> impl Iterator<Item = &'static str> {
    spec.values.iter().map(|choice| choice.value)
}

/// Whether older versions have fewer choices, whose messages name all.
fn has_grown(choices: &[Choice]) -> bool {
    choices.iter().any(|choice| choice.since.is_some())
}

fn zod3(fault: Fault<'_>) -> Option<String> {
    Some(match fault {
        Fault::Missing(spec) if spec.values.len() == 1 => return None,
        Fault::Missing(_) => "Required".into(),
        Fault::Type(spec, _) if has_grown(&spec.values) => return None,
        Fault::Choice(choices, _) if has_grown(choices) => return None,
        Fault::Type(spec, found) if spec.values.len() > 1 => {
            format!(
                "Expected {}, received {}",
                joined(names(spec), '\'', " | "),
                got(found)
            )
        }
        Fault::Type(spec, _) if spec.format == Some(Format::Throttle) => return None,
        Fault::Type(spec, _) if spec.values.len() == 1 => literal3(spec.values[0].value),
        Fault::Type(spec, found) => format!("Expected {}, received {}", want(spec)?, got(found)),
        Fault::Fraction(_) => "Expected integer, received float".into(),
        Fault::Choice([one], _) => literal3(one.value),
        Fault::Choice(choices, found) => format!(
            "Invalid enum value. Expected {}, received '{found}'",
            joined(choices.iter().map(|choice| choice.value), '\'', " | ")
        ),
        Fault::Variant(names, _) => format!(
            "Invalid discriminator value. Expected {}",
            joined(names.iter().copied(), '\'', " | ")
        ),
        Fault::Format(Format::Uuid, _) => "Invalid uuid".into(),
        Fault::Format(Format::DateTime, _) => "Invalid datetime".into(),
        Fault::Format(Format::DateMath, _) => DATE_MATH.into(),
        Fault::Format(..) | Fault::OnlyFalse | Fault::Refused(_) | Fault::Longer(..) => {
            return None;
        }
        Fault::Blank => BLANK.into(),
        Fault::Shorter(least) => format!("String must contain at least {least} character(s)"),
        Fault::Below(least, _) => format!("Number must be greater than or equal to {least}"),
        Fault::Above(most, _) => format!("Number must be less than or equal to {most}"),
        Fault::Fewer(least, _) => format!("Array must contain at least {least} element(s)"),
        Fault::More(most, _) => format!("Array must contain at most {most} element(s)"),
    })
}

const DATE_MATH: &str = "Failed to parse date-math expression";
const BLANK: &str = "No empty strings allowed";

fn literal3(value: &str) -> String {
    format!("Invalid literal value, expected \"{value}\"")
}

fn zod4(fault: Fault<'_>) -> Option<String> {
    Some(match fault {
        Fault::Missing(spec) if !spec.values.is_empty() || is_open(spec) => return None,
        Fault::Missing(spec) if spec.format == Some(Format::Throttle) => return None,
        Fault::Missing(spec) => {
            format!(
                "Invalid input: expected {}, received undefined",
                want(spec)?
            )
        }
        Fault::Type(spec, _) if spec.format == Some(Format::Throttle) => return None,
        Fault::Type(spec, _) if is_open(spec) => return None,
        Fault::Type(spec, _) if !spec.values.is_empty() => choice4(names(spec)),
        Fault::Type(spec, found) => {
            format!(
                "Invalid input: expected {}, received {}",
                want(spec)?,
                got(found)
            )
        }
        Fault::Fraction(_) => "Invalid input: expected int, received number".into(),
        Fault::Choice(choices, _) => choice4(choices.iter().map(|choice| choice.value)),
        Fault::Format(Format::Uuid, _) => "Invalid UUID".into(),
        Fault::Format(Format::DateTime, _) => "Invalid ISO datetime".into(),
        Fault::Format(Format::DateMath, _) => DATE_MATH.into(),
        Fault::Variant(..) | Fault::Format(..) | Fault::OnlyFalse | Fault::Refused(_) => {
            return None;
        }
        Fault::Blank => BLANK.into(),
        Fault::Shorter(least) => {
            format!("Too small: expected string to have >={least} characters")
        }
        Fault::Longer(most, _) => format!("Too big: expected string to have <={most} characters"),
        Fault::Below(least, _) => format!("Too small: expected number to be >={least}"),
        Fault::Above(most, _) => format!("Too big: expected number to be <={most}"),
        Fault::Fewer(least, _) => format!("Too small: expected array to have >={least} items"),
        Fault::More(most, _) => format!("Too big: expected array to have <={most} items"),
    })
}

fn choice4<'v>(values: impl Iterator<Item = &'v str>) -> String {
    let values: Vec<_> = values.collect();
    match values.as_slice() {
        [one] => format!("Invalid input: expected \"{one}\""),
        many => format!(
            "Invalid option: expected one of {}",
            joined(many.iter().copied(), '"', "|")
        ),
    }
}

fn io_ts(fault: Fault<'_>, pointer: &[PathStep]) -> Option<String> {
    // Of an entry every type is tried, and each has its say.
    if pointer.len() > 1 && pointer[0] == PathStep::from("entries") {
        return None;
    }
    let value: String = match fault {
        Fault::Refused(_) => {
            return match pointer {
                [PathStep::Key(key)] => Some(format!("invalid keys \"{key}\"")),
                _ => None,
            };
        }
        Fault::Missing(_) => "undefined".into(),
        Fault::Type(_, found)
        | Fault::Fraction(found)
        | Fault::Below(_, found)
        | Fault::Above(_, found) => match found.as_str() {
            Some(text) => text.into(),
            None => printed(found)?,
        },
        Fault::OnlyFalse => "true".into(),
        Fault::Choice(_, found) | Fault::Format(_, found) => found.into(),
        Fault::Fewer(_, 0) => "[]".into(),
        Fault::Shorter(1) => String::new(),
        _ => return None,
    };
    Some(format!(
        "Invalid value \"{value}\" supplied to \"{}\"",
        keys(pointer)
    ))
}

/// A value as `JSON.stringify` prints it; none where that is not plain from its text.
fn printed(found: Raw<'_>) -> Option<String> {
    let is_plain = |number: f64| number.fract() == 0.0 && number.abs() < 1e15;
    match found.as_f64() {
        Some(number) if is_plain(number) => Some(format!("{}", number + 0.0)),
        Some(_) => None,
        None => Some(found.text().into()),
    }
}
