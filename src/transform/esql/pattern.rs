//! One index pattern of a source list: its parts, and how it is written back.
//!
//! A pattern holds no `"`, no `\` and no control character, as no index may, so its text is the same in and out of quotes.

use std::fmt;
use std::ops::Range;

use super::tokens::{self, Cursor};
use crate::error::{Error, Result};

/// One index pattern that a query reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source<'q> {
    /// Where it stands in the query, in bytes, without the quotes around it.
    pub range: Range<usize>,
    /// The quotes around it, which it may share with other patterns.
    pub quotes: Quotes,
    /// Its parts.
    pub pattern: Pattern<'q>,
}

/// How a pattern is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quotes {
    /// Not at all.
    None,
    /// In `"`.
    Single,
    /// In `"""`.
    Triple,
}

/// The parts of an index pattern, as in `cluster:-index::selector`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern<'q> {
    /// The remote cluster, which may hold wildcards; it begins with `-` where the cluster is excluded.
    pub cluster: Option<&'q str>,
    /// Whether the pattern takes indices away from those before it.
    pub excluded: bool,
    /// The index, with its wildcards or date math.
    pub index: &'q str,
    /// The part of a data stream: `data`, `failures` or `*`.
    pub selector: Option<&'q str>,
}

impl<'q> Pattern<'q> {
    /// Takes a pattern apart, or says what is wrong with it.
    pub(super) fn parse(text: &'q str) -> Result<Self, &'static str> {
        if text.contains(|c: char| matches!(c, '"' | '\\' | '?' | '#' | ',') || c.is_control()) {
            return Err("holds a character that no index may have");
        }
        // A cluster cannot begin with `<`; the colons of date math belong to its format.
        let dated = text.starts_with('<') || text.starts_with("-<");
        let (cluster, rest) = match text.find(':') {
            Some(colon) if !dated && !text[colon..].starts_with("::") => {
                (Some(&text[..colon]), &text[colon + 1..])
            }
            _ => (None, text),
        };
        let (excluded, rest) = rest
            .strip_prefix('-')
            .map_or((false, rest), |rest| (true, rest));
        let (index, selector) = match rest.rfind('>') {
            Some(end) if rest.starts_with('<') => (&rest[..=end], &rest[end + 1..]),
            _ => rest.split_at(rest.find("::").unwrap_or(rest.len())),
        };
        let selector = match selector.strip_prefix("::") {
            None if selector.is_empty() => None,
            None => return Err("goes on after its date math"),
            Some(name) => Some(name),
        };
        if cluster.is_some() && selector.is_some() {
            return Err("has both a cluster and a selector");
        }
        if ![cluster, Some(index), selector]
            .into_iter()
            .flatten()
            .all(is_name)
        {
            return Err("has a part that is no name");
        }
        Ok(Self {
            cluster,
            excluded,
            index,
            selector,
        })
    }

    /// This pattern with another in the place of its index.
    fn put(self, other: Self) -> Result<Self, &'static str> {
        if self.cluster.and(other.cluster).is_some() {
            return Err("both name a cluster");
        }
        if self.excluded && other.excluded {
            return Err("both exclude");
        }
        if self.selector.and(other.selector).is_some() {
            return Err("both have a selector");
        }
        let cluster = self.cluster.or(other.cluster);
        let selector = self.selector.or(other.selector);
        if cluster.and(selector).is_some() {
            return Err("a remote index has no selector");
        }
        Ok(Self {
            cluster,
            excluded: self.excluded || other.excluded,
            index: other.index,
            selector,
        })
    }
}

/// Whether a part can be a name: date math, or text without what only date math may hold.
fn is_name(part: &str) -> bool {
    let dated = part.starts_with('<') && part.ends_with('>') && part.len() > 2;
    let plain = !part.contains([':', '<', '>', '|', '/']);
    part.trim() == part && !matches!(part, "" | "-") && (dated || plain)
}

impl fmt::Display for Pattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(cluster) = self.cluster {
            write!(f, "{cluster}:")?;
        }
        if self.excluded {
            f.write_str("-")?;
        }
        f.write_str(self.index)?;
        self.selector
            .map_or(Ok(()), |selector| write!(f, "::{selector}"))
    }
}

impl Source<'_> {
    /// The text that has `names` in the place of this pattern's index, for the same place in the query.
    pub(super) fn written(&self, names: &[String]) -> Result<String> {
        if names.is_empty() {
            return Err(Error::refused(format!(
                "nothing takes the place of `{}` in the ES|QL query",
                self.pattern
            )));
        }
        // Inside quotes a blank would be part of the text.
        let comma = if self.quotes == Quotes::None {
            ", "
        } else {
            ","
        };
        let mut text = String::new();
        for name in names {
            let put = Pattern::parse(name)
                .and_then(|pattern| self.pattern.put(pattern))
                .map_err(|problem| {
                    let place = &self.pattern;
                    Error::refused(format!(
                        "`{name}` cannot take the place of `{place}` in the ES|QL query: {problem}"
                    ))
                })?;
            if !text.is_empty() {
                text.push_str(comma);
            }
            let put = put.to_string();
            let quote = if self.quotes == Quotes::None && !stands_bare(&put) {
                "\""
            } else {
                ""
            };
            text.extend([quote, &put, quote]);
        }
        Ok(text)
    }
}

/// Whether a pattern is read back as it is without quotes.
fn stands_bare(text: &str) -> bool {
    !tokens::is_keyword(text, "metadata") && Cursor::new(text).bare().is_ok_and(|bare| bare == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Option<&str>, bool, &str, Option<&str>) {
        let Pattern {
            cluster,
            excluded,
            index,
            selector,
        } = Pattern::parse(text).unwrap();
        assert_eq!(Pattern::parse(text).unwrap().to_string(), text);
        (cluster, excluded, index, selector)
    }

    #[test]
    fn takes_patterns_apart() {
        assert_eq!(parts("logs-*"), (None, false, "logs-*", None));
        assert_eq!(
            parts("cluster*:logs-*"),
            (Some("cluster*"), false, "logs-*", None)
        );
        assert_eq!(parts("-logs-x"), (None, true, "logs-x", None));
        assert_eq!(parts("eu:-logs-x"), (Some("eu"), true, "logs-x", None));
        assert_eq!(parts("-eu:*"), (Some("-eu"), false, "*", None));
        assert_eq!(
            parts("logs-x::failures"),
            (None, false, "logs-x", Some("failures"))
        );
    }

    #[test]
    fn keeps_date_math_whole() {
        assert_eq!(
            parts("<logs-{now/d}>"),
            (None, false, "<logs-{now/d}>", None)
        );
        assert_eq!(
            parts("-<logs-{now/d}>"),
            (None, true, "<logs-{now/d}>", None)
        );
        assert_eq!(
            parts("eu:<logs-{now/d}>"),
            (Some("eu"), false, "<logs-{now/d}>", None)
        );
        let zoned = "<logs-{now/M{yyyy.MM|+12:00}}>";
        assert_eq!(parts(zoned), (None, false, zoned, None));
        assert_eq!(
            parts("<a-{now/d}>::data"),
            (None, false, "<a-{now/d}>", Some("data"))
        );
    }

    #[test]
    fn knows_what_is_no_pattern() {
        for text in [
            "",
            "-",
            ":a",
            "a:",
            "a:b:c",
            "a::",
            "a:b::data",
            "a::b::c",
            "<a",
            "<a>b",
            "a>",
            "a/b",
            "a|b",
            " a",
            "a ",
        ] {
            assert!(Pattern::parse(text).is_err(), "{text:?}");
        }
        for text in ["a\"b", "a\\b", "a?", "a#b", "a,b", "a\nb"] {
            assert!(Pattern::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn quotes_only_where_a_bare_pattern_ends_early() {
        for text in [
            "logs-*",
            "eu:logs-*",
            "a::data",
            "<a-{now/d}>",
            "metadata-x",
            "-a",
            "é",
        ] {
            assert!(stands_bare(text), "{text:?}");
        }
        for text in [
            "a b", "a=b", "a(b)", "[a]", "a|b", "a;b", "a'b", "`a`", "metadata", "METADATA",
            "a\u{a0}b", "a,b", "?a",
        ] {
            assert!(!stands_bare(text), "{text:?}");
        }
    }
}
