//! From TOML to JSON: members in the order in which their names stand in the file.

use toml::Spanned;
use toml::de::{DeFloat, DeInteger, DeTable, DeValue};

use super::super::escape::{decimal, unescape};
use super::super::format::Fault;
use crate::json::quoted;

/// The document as compact JSON. Dates become strings, as they stand in rules.
pub(in super::super) fn json(text: &str) -> Result<String, Fault> {
    let table = DeTable::parse(text).map_err(|error| {
        let problem = error.message().replace('\n', ", ");
        match error.span() {
            Some(span) => Fault::at_byte(text, span.start, &problem),
            None => Fault::at_line(0, 0, &problem),
        }
    })?;
    let mut out = String::with_capacity(text.len());
    self::table(table.get_ref(), &mut out)
        .map_err(|(byte, problem)| Fault::at_byte(text, byte, &problem))?;
    Ok(out)
}

/// Where in the text something is wrong, and what.
type Wrong = (usize, String);

fn table(table: &DeTable<'_>, out: &mut String) -> Result<(), Wrong> {
    let mut members: Vec<_> = table.iter().collect();
    members.sort_by_key(|(name, _)| name.span().start);
    let start = out.len();
    out.push('{');
    for (index, (name, value)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&quoted(name.get_ref()));
        out.push(':');
        self::value(value, out)?;
        if out[start..].starts_with("{\"$json\":") && table.len() == 1 {
            out.push('}');
            return unescape(out, start).map_err(|problem| (value.span().start, problem));
        }
    }
    out.push('}');
    Ok(())
}

fn value(value: &Spanned<DeValue<'_>>, out: &mut String) -> Result<(), Wrong> {
    let wrong = |problem: String| (value.span().start, problem);
    match value.get_ref() {
        DeValue::String(text) => out.push_str(&quoted(text)),
        DeValue::Integer(number) => out.push_str(&integer(number).map_err(wrong)?),
        DeValue::Float(number) => out.push_str(&float(number).map_err(wrong)?),
        DeValue::Boolean(boolean) => out.push_str(if *boolean { "true" } else { "false" }),
        DeValue::Datetime(date) => out.push_str(&quoted(&date.to_string())),
        DeValue::Array(array) => {
            out.push('[');
            for (index, element) in array.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                self::value(element, out)?;
            }
            out.push(']');
        }
        DeValue::Table(table) => self::table(table, out)?,
    }
    Ok(())
}

fn integer(number: &DeInteger<'_>) -> Result<String, String> {
    let digits = number.as_str().replace('_', "");
    let read = if number.radix() == 10 {
        decimal(&digits)
    } else {
        u128::from_str_radix(&digits, number.radix())
            .ok()
            .map(|number| number.to_string())
    };
    read.ok_or_else(|| format!("an integer must fit into 128 bits, found `{number}`"))
}

fn float(number: &DeFloat<'_>) -> Result<String, String> {
    let text = number.as_str().replace('_', "");
    decimal(&text)
        .ok_or_else(|| format!("JSON has no number for `{text}`; put it in quotes if it is a text"))
}
