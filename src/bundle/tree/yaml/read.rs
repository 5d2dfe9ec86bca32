//! From YAML to JSON: one document of mappings with string names, sequences, and scalars of the core schema.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::super::escape::{decimal, unescape};
use super::super::format::Fault;
use crate::json::quoted;

/// What aliases may make of a file: more is an attack, or a mistake.
const LONGEST: usize = 256 << 20;

/// The document as compact JSON.
///
/// A name that stands twice is a fault, as YAML says. Anchors and aliases are resolved; merge keys are not taken. What has the
/// tag `!!str` is a string.
pub(in super::super) fn json(text: &str) -> Result<String, Fault> {
    let mut builder = Builder {
        out: String::with_capacity(text.len()),
        ..Builder::default()
    };
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| fault(error.marker(), error.info()))?;
        let at = &span.start;
        match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(fault(at, "a file must hold one document, found another"));
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            event => builder.take(event).map_err(|problem| fault(at, &problem))?,
        }
        if builder.out.len() > LONGEST {
            return Err(fault(at, "aliases make more than 256 MiB of the file"));
        }
    }
    if documents == 0 {
        return Err(fault(
            &Marker::default(),
            "a file must hold a mapping, found nothing",
        ));
    }
    Ok(builder.out)
}

fn fault(at: &Marker, problem: &str) -> Fault {
    Fault::at_line(at.line() as u64, at.col(), problem)
}

#[derive(Default)]
struct Builder {
    out: String,
    open: Vec<Open>,
    /// Where in `out` the value of an anchor stands.
    anchors: HashMap<usize, Range<usize>>,
}

/// A collection that has not ended.
struct Open {
    start: usize,
    anchor: usize,
    /// The names so far, of a mapping.
    names: Option<HashSet<String>>,
    /// Whether a name comes next.
    name_next: bool,
    is_empty: bool,
}

impl Builder {
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        let name_next = self.open.last().is_some_and(|open| open.name_next);
        match event {
            Event::Scalar(text, style, anchor, tag) if name_next => {
                if anchor > 0 || tag.is_some_and(|tag| !is_core(&tag, "str")) {
                    return Err("a name must be a plain text, without anchor or tag".into());
                }
                self.name(&text, style)
            }
            Event::MappingEnd => self.close('}'),
            Event::SequenceEnd => self.close(']'),
            _ if name_next => Err("a name must be a text, found a collection or an alias".into()),
            Event::Scalar(text, style, anchor, tag) => {
                let start = self.begin();
                let value = scalar(&text, style, tag.as_deref())?;
                self.out.push_str(&value);
                self.end(start, anchor);
                Ok(())
            }
            Event::Alias(id) => {
                let range = self.anchors.get(&id).cloned();
                let range = range
                    .ok_or("an alias must name an anchor that stands before it and has ended")?;
                self.begin();
                self.out.extend_from_within(range);
                self.end(0, 0);
                Ok(())
            }
            Event::MappingStart(anchor, tag) => self.open('{', anchor, tag.as_deref(), "map"),
            Event::SequenceStart(anchor, tag) => self.open('[', anchor, tag.as_deref(), "seq"),
            _ => Ok(()),
        }
    }

    fn name(&mut self, name: &str, style: ScalarStyle) -> Result<(), String> {
        if name == "<<" && style == ScalarStyle::Plain {
            return Err("merge keys (`<<`) are not taken; write the members out".into());
        }
        let Some(open) = self.open.last_mut() else {
            return Ok(());
        };
        if !open.names.get_or_insert_default().insert(name.to_owned()) {
            return Err(format!("the name `{name}` stands twice in one mapping"));
        }
        if !open.is_empty {
            self.out.push(',');
        }
        open.is_empty = false;
        open.name_next = false;
        self.out.push_str(&quoted(name));
        self.out.push(':');
        Ok(())
    }

    /// Makes ready for a value, and says where it begins.
    fn begin(&mut self) -> usize {
        if let Some(open) = self.open.last_mut().filter(|open| open.names.is_none()) {
            if !open.is_empty {
                self.out.push(',');
            }
            open.is_empty = false;
        }
        self.out.len()
    }

    fn end(&mut self, start: usize, anchor: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, start..self.out.len());
        }
        if let Some(open) = self.open.last_mut() {
            open.name_next = open.names.is_some();
        }
    }

    fn open(
        &mut self,
        sign: char,
        anchor: usize,
        tag: Option<&Tag>,
        kind: &str,
    ) -> Result<(), String> {
        if let Some(tag) = tag.filter(|tag| !is_core(tag, kind)) {
            return Err(format!("the tag `{tag}` is not taken"));
        }
        let start = self.begin();
        self.out.push(sign);
        self.open.push(Open {
            start,
            anchor,
            names: (sign == '{').then(HashSet::new),
            name_next: sign == '{',
            is_empty: true,
        });
        Ok(())
    }

    fn close(&mut self, sign: char) -> Result<(), String> {
        self.out.push(sign);
        if let Some(open) = self.open.pop() {
            if sign == '}' {
                unescape(&mut self.out, open.start)?;
            }
            self.end(open.start, open.anchor);
        }
        Ok(())
    }
}

fn is_core(tag: &Tag, suffix: &str) -> bool {
    tag.is_yaml_core_schema() && tag.suffix == suffix
}

/// A scalar as JSON.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Box<str>, String> {
    let is_text = match tag {
        None => style != ScalarStyle::Plain,
        Some(tag) if is_core(tag, "str") || tag.handle.is_empty() && tag.suffix == "!" => true,
        Some(tag)
            if ["null", "bool", "int", "float"]
                .iter()
                .any(|kind| is_core(tag, kind)) =>
        {
            false
        }
        Some(tag) => return Err(format!("the tag `{tag}` is not taken")),
    };
    if is_text {
        return Ok(quoted(text));
    }
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => "null".into(),
        "true" | "True" | "TRUE" => "true".into(),
        "false" | "False" | "FALSE" => "false".into(),
        _ => match number(text)? {
            Some(number) => number.into(),
            None => quoted(text),
        },
    })
}

/// A number of the core schema as JSON; none for what is a text.
fn number(text: &str) -> Result<Option<String>, String> {
    let of_radix = |digits: &str, radix| {
        u128::from_str_radix(digits, radix)
            .ok()
            .map(|number| number.to_string())
    };
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    if [".inf", ".Inf", ".INF"].contains(&bare) || [".nan", ".NaN", ".NAN"].contains(&text) {
        return Err(format!(
            "JSON has no number for `{text}`; put it in quotes if it is a text"
        ));
    }
    Ok(match text.get(..2) {
        Some("0x") => of_radix(&text[2..], 16),
        Some("0o") => of_radix(&text[2..], 8),
        _ => decimal(text),
    })
}
