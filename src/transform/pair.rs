//! `OLD=NEW` as a setting: a text, and the one that takes its place.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A text that is not empty, and the one that takes its place. Written `OLD=NEW`; a `=` within OLD is written `\=`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Pair {
    pub(super) old: String,
    pub(super) new: String,
}

/// Fails if one text is to become two others.
pub(super) fn refuse_contradictions(replacements: &[Pair]) -> Result<()> {
    for (index, first) in replacements.iter().enumerate() {
        if let Some(second) = replacements[index + 1..]
            .iter()
            .find(|second| second.old == first.old && second.new != first.new)
        {
            return Err(Error::usage(format!(
                "`{}` must become one text, found `{}` and `{}`",
                first.old, first.new, second.new
            )));
        }
    }
    Ok(())
}

impl FromStr for Pair {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let split = text
            .match_indices('=')
            .map(|(at, _)| at)
            .find(|&at| at > 0 && !text[..at].ends_with('\\'))
            .ok_or_else(|| Error::usage(format!("expected `OLD=NEW`, found `{text}`")))?;
        Ok(Self {
            old: text[..split].replace("\\=", "="),
            new: text[split + 1..].to_owned(),
        })
    }
}

impl TryFrom<String> for Pair {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Pair> for String {
    fn from(pair: Pair) -> Self {
        pair.to_string()
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.old.replace('=', "\\="), self.new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_the_first_bare_equals_sign() {
        let cases = [
            ("a=b", "a", "b"),
            ("a=b=c", "a", "b=c"),
            ("a=", "a", ""),
            ("env\\=dev=env=prod", "env=dev", "env=prod"),
            ("a\\b=c", "a\\b", "c"),
            ("ä = ö", "ä ", " ö"),
        ];
        for (text, old, new) in cases {
            let replacement: Pair = text.parse().unwrap();
            assert_eq!((&*replacement.old, &*replacement.new), (old, new));
            assert_eq!(String::from(replacement), text);
        }
    }

    #[test]
    fn refuses_what_has_no_old_text() {
        for text in ["", "a", "a\\=b"] {
            let error = text.parse::<Pair>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("expected `OLD=NEW`, found `{text}`")
            );
        }
        assert!("=b".parse::<Pair>().is_err());
    }
}
